//! The operations: each validates its input and builds the request.

pub(crate) mod complete_session;
pub(crate) mod update_session_status;

use bytes::Bytes;

use crate::error::Error;
use crate::model::{CompleteOptions, UpdateOptions};

/// What a bulk call does with each of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `update_session_status`
    UpdateSessionStatus(UpdateOptions),
    /// `complete_session`
    CompleteSession(CompleteOptions),
}

/// One item of a bulk call.
#[derive(Debug, Default)]
pub struct Item {
    /// The session.
    pub session_id: String,
    /// The status to set, by any of its names; of no meaning where sessions are completed.
    pub status: String,
    /// What is wrong with the item already, such as bytes that are no UTF-8: this is its outcome, and nothing is sent.
    pub refused: Option<Error>,
}

impl Item {
    /// An item for [`Operation::CompleteSession`].
    pub fn to_complete(session_id: String) -> Self {
        Self { session_id, ..Self::default() }
    }

    /// An item for [`Operation::UpdateSessionStatus`].
    pub fn to_update(session_id: String, status: String) -> Self {
        Self { session_id, status, refused: None }
    }

    /// An item that can't be sent, because of `error`.
    pub fn refused(session_id: String, error: Error) -> Self {
        Self { session_id, refused: Some(error), ..Self::default() }
    }
}

impl Operation {
    pub(crate) fn request(self, item: &mut Item) -> Result<Request, Error> {
        if let Some(error) = item.refused.take() {
            return Err(error);
        }
        match self {
            Self::UpdateSessionStatus(options) => {
                update_session_status::request(&item.session_id, &item.status, options)
            }
            Self::CompleteSession(options) => complete_session::request(&item.session_id, options),
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
