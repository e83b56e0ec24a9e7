//! The operations: each validates its input and builds the request.

pub(crate) mod complete_session;
pub(crate) mod update_session_status;

use bytes::Bytes;
use reqwest::Method;

use crate::error::Error;
use crate::model::{CompleteOptions, UpdateOptions};

/// An operation on sessions, with its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `update_session_status`
    UpdateSessionStatus(UpdateOptions),
    /// `complete_session`
    CompleteSession(CompleteOptions),
}

/// The input of one call, or of one item of a bulk call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Item {
    /// For [`Operation::UpdateSessionStatus`].
    Update {
        /// The session.
        session_id: String,
        /// The status to set, by any of its names.
        status: String,
    },
    /// For [`Operation::CompleteSession`].
    Complete {
        /// The session.
        session_id: String,
    },
    /// An item that can't be sent, such as one with bytes that are not UTF-8. Its outcome is this error.
    #[doc(hidden)]
    Refused {
        /// The session, as far as it can be shown.
        session_id: String,
        /// The outcome.
        error: Error,
    },
}

impl Item {
    /// An item for [`Operation::UpdateSessionStatus`].
    pub fn update(session_id: impl Into<String>, status: impl Into<String>) -> Self {
        Self::Update { session_id: session_id.into(), status: status.into() }
    }

    /// An item for [`Operation::CompleteSession`].
    pub fn complete(session_id: impl Into<String>) -> Self {
        Self::Complete { session_id: session_id.into() }
    }

    /// The session, as it was given.
    pub fn session_id(&self) -> &str {
        match self {
            Self::Update { session_id, .. } | Self::Complete { session_id } | Self::Refused { session_id, .. } => {
                session_id
            }
        }
    }

    /// The session id, and the error of an item that is not sent because of `error`, unless it was refused before.
    pub(crate) fn into_refused(self, error: Error) -> (String, Error) {
        match self {
            Self::Update { session_id, .. } | Self::Complete { session_id } => (session_id, error),
            Self::Refused { session_id, error } => (session_id, error),
        }
    }
}

impl Operation {
    /// True if its items have a status.
    #[doc(hidden)]
    pub fn takes_status(self) -> bool {
        match self {
            Self::UpdateSessionStatus(_) => true,
            Self::CompleteSession(_) => false,
        }
    }

    /// The item of this operation for a session; `status` matters only if it [takes one](Self::takes_status).
    #[doc(hidden)]
    pub fn item(self, session_id: String, status: String) -> Item {
        if self.takes_status() { Item::Update { session_id, status } } else { Item::Complete { session_id } }
    }

    pub(crate) fn request(self, item: Item) -> Result<Request, Error> {
        match (self, item) {
            (_, Item::Refused { error, .. }) => Err(error),
            (Self::UpdateSessionStatus(options), Item::Update { session_id, status }) => {
                update_session_status::request(&session_id, &status, options)
            }
            (Self::CompleteSession(options), Item::Complete { session_id }) => {
                complete_session::request(&session_id, options)
            }
            (Self::UpdateSessionStatus(_), Item::Complete { .. }) | (Self::CompleteSession(_), Item::Update { .. }) => {
                Err(Error::invalid_config("The item belongs to the other operation."))
            }
        }
    }
}

/// A member of a JSON object: its name, and its value as JSON text.
pub(crate) type Member = (&'static str, String);

/// A request that is ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The operation's name.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// True if the API is in the same state after one request and after several: it may be sent again when its effect is
    /// unknown.
    pub(crate) is_idempotent: bool,
    /// As it was given, without blanks around it.
    pub(crate) session_id: String,
    /// Below the base URL, already encoded.
    pub(crate) path: String,
    /// JSON.
    pub(crate) body: Bytes,
    /// Members that the result always has: where the API leaves them out, these take their place.
    pub(crate) defaults: [Member; 2],
}

/// `text` as a JSON string.
fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
