//! What goes in and what comes out: statuses, options, results.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The status of a session, as the API's field `status` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionStatus {
    /// `UNDEFINED`: in the API's type, but never a status that can be set.
    Undefined,
    /// `STARTED`
    Started,
    /// `PENDING`
    Pending,
    /// `IN_PROGRESS`
    InProgress,
    /// `COMPLETED`
    Completed,
    /// `HIDDEN`
    Hidden,
}

impl SessionStatus {
    /// Every status of the API's type.
    pub const ALL: [Self; 6] =
        [Self::Undefined, Self::Started, Self::Pending, Self::InProgress, Self::Completed, Self::Hidden];

    /// The name on the wire, such as `IN_PROGRESS`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Started => "STARTED",
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Hidden => "HIDDEN",
        }
    }

    /// The name for people, such as `In Progress`.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Undefined => "Undefined",
            Self::Started => "Started",
            Self::Pending => "Pending",
            Self::InProgress => "In Progress",
            Self::Completed => "Completed",
            Self::Hidden => "Hidden",
        }
    }

    /// The status of this wire or display name, without regard to ASCII case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| {
            name.eq_ignore_ascii_case(status.as_str()) || name.eq_ignore_ascii_case(status.display_name())
        })
    }
}

impl AsRef<str> for SessionStatus {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SessionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Options of `update_session_status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateOptions {
    /// Whether a chatbot that is running in the session is stopped (`options.stopBotInExecution`). Default: false.
    pub stop_bot_in_execution: bool,
}

impl UpdateOptions {
    /// The defaults: everything off.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`stop_bot_in_execution`](Self::stop_bot_in_execution).
    pub fn stop_bot_in_execution(mut self, stop: bool) -> Self {
        self.stop_bot_in_execution = stop;
        self
    }
}

/// Options of `complete_session`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompleteOptions {
    /// Whether a new message of the contact reopens the session (`reactivateOnNewMessage`). Default: false.
    pub reactivate_on_new_message: bool,
    /// Whether a chatbot that is running in the session is stopped (`stopBotInExecution`). Default: false.
    pub stop_bot_in_execution: bool,
}

impl CompleteOptions {
    /// The defaults: everything off.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`reactivate_on_new_message`](Self::reactivate_on_new_message).
    pub fn reactivate_on_new_message(mut self, reactivate: bool) -> Self {
        self.reactivate_on_new_message = reactivate;
        self
    }

    /// Sets [`stop_bot_in_execution`](Self::stop_bot_in_execution).
    pub fn stop_bot_in_execution(mut self, stop: bool) -> Self {
        self.stop_bot_in_execution = stop;
        self
    }
}

/// The session object that the API answered, every byte of it kept: unknown fields, nulls, order and digits.
///
/// After `update_session_status` the fields `id` and `status` are always there, after `complete_session` the fields
/// `success` and `sessionId`; those that the API did not send come from the request.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    json: String,
}

impl Session {
    pub(crate) fn from_checked_json(json: String) -> Self {
        Self { json }
    }

    /// The JSON text of the object.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The JSON text of the object, owned.
    pub fn into_json(self) -> String {
        self.json
    }

    /// The object as a value of your own type.
    ///
    /// # Errors
    /// When the object does not fit the type.
    pub fn deserialize<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.json)
    }

    /// The object as a map, in the order of the API.
    ///
    /// # Errors
    /// When a number is too large for an `f64` or a string holds half a surrogate pair, which JSON text may have and Rust's types
    /// may not; [`as_json`](Self::as_json) has them still.
    pub fn fields(&self) -> serde_json::Result<Map<String, Value>> {
        self.deserialize()
    }
}

impl fmt::Debug for Session {
    /// Shows the length only: the object holds personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} bytes of JSON)", self.json.len())
    }
}
