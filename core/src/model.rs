//! What goes in and what comes out: statuses, options, results.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::json::{for_each_member, for_each_wanted_member, string};
use crate::text::{shortened, trimmed};

/// The status of a session, as in the API's field `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
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
    pub const ALL: &'static [Self] =
        &[Self::Undefined, Self::Started, Self::Pending, Self::InProgress, Self::Completed, Self::Hidden];

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
}

impl fmt::Display for SessionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SessionStatus {
    type Err = Error;

    /// The status of this name: `IN_PROGRESS` or `In Progress`, in any case of ASCII letters.
    ///
    /// # Errors
    /// [`InvalidStatus`](crate::ErrorKind::InvalidStatus) for any other name.
    fn from_str(name: &str) -> Result<Self, Error> {
        let name = trimmed(name);
        let is_named = |status: &&Self| {
            name.eq_ignore_ascii_case(status.as_str()) || name.eq_ignore_ascii_case(status.display_name())
        };
        Self::ALL.iter().find(is_named).copied().ok_or_else(|| Error::invalid_status(unknown_status(name)))
    }
}

fn unknown_status(name: &str) -> String {
    let valid = SessionStatus::ALL.iter().filter(|status| **status != SessionStatus::Undefined);
    let names: Vec<_> = valid.map(|status| status.as_str()).collect();
    format!("{} is no status; valid are {}.", shortened(name), names.join(", "))
}

/// Options of `update_session_status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use]
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

    /// A session made by hand, for the tests of your own code.
    ///
    /// # Errors
    /// If `json` is not the text of a JSON object.
    pub fn from_json(json: impl Into<String>) -> serde_json::Result<Self> {
        let json = json.into();
        for_each_member(&json, |_, _| {})?;
        Ok(Self { json })
    }

    /// The JSON text of the object.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The JSON text of the object, owned.
    pub fn into_json(self) -> String {
        self.json
    }

    /// The id of the session: the member `id`, or `sessionId` if there is no such string.
    pub fn id(&self) -> Option<String> {
        self.string("id").or_else(|| self.string("sessionId"))
    }

    /// The status; `None` if it is absent or one that this version does not know. [`get`](Self::get) has the text.
    pub fn status(&self) -> Option<SessionStatus> {
        self.string("status")?.parse().ok()
    }

    /// When the contact wrote last: the member `lastMessageIn`, a date in ISO 8601 in UTC. `None` if the contact never did.
    pub fn last_message_in(&self) -> Option<String> {
        self.string("lastMessageIn")
    }

    /// The JSON text of a member; the last one if there are several of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(RawValue::get)
    }

    /// The object as a value of your own type.
    ///
    /// # Errors
    /// When the object does not fit the type.
    pub fn deserialize<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.json)
    }

    /// The members in the order of the API, each with its name and its value.
    ///
    /// # Errors
    /// When a number is too large for an `f64` or a string holds half a surrogate pair, which JSON text may have and Rust's
    /// types may not; [`as_json`](Self::as_json) has them still.
    pub fn fields(&self) -> serde_json::Result<Vec<(String, Value)>> {
        self.deserialize::<Fields>().map(|fields| fields.0)
    }

    fn string(&self, name: &str) -> Option<String> {
        string(self.raw(name)?)
    }

    fn raw(&self, name: &str) -> Option<&RawValue> {
        let mut found = None;
        // It is an object: that was checked when it was made.
        let _ = for_each_wanted_member(&self.json, |member| member == name.as_bytes(), |_, value| found = Some(value));
        found
    }
}

/// The members of an object in their order; `serde_json::Map` keeps it only with a feature that changes the maps of others.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields: Vec<(String, Value)> = Vec::new();
                let mut places = HashMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    let place = *places.entry(name.clone()).or_insert(fields.len());
                    match fields.get_mut(place) {
                        Some((_, earlier)) => *earlier = value,
                        None => fields.push((name, value)),
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl fmt::Debug for Session {
    /// Shows the length only: the object holds personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} bytes of JSON)", self.json.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{Session, SessionStatus};

    #[test]
    fn every_status_is_read_by_both_names_and_written_by_the_wire_name() {
        for status in SessionStatus::ALL.iter().copied() {
            let names = [status.as_str(), status.display_name(), &status.to_string().to_lowercase()];
            assert!(names.into_iter().all(|name| name.parse::<SessionStatus>().unwrap() == status));
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(json, format!("\"{status}\""));
            assert_eq!(serde_json::from_str::<SessionStatus>(&json).unwrap(), status);
        }
        assert_eq!("DONE".parse::<SessionStatus>().unwrap_err().code(), "invalid_status");
    }

    #[test]
    fn the_usual_members_are_at_hand_and_the_order_is_kept() {
        let json = include_str!("../tests/data/session-completed.json");
        let session = Session::from_json(json).unwrap();
        assert_eq!(session.id().unwrap().len(), 36);
        assert_eq!(session.status(), Some(SessionStatus::Completed));
        assert_eq!(session.get("unreadCount"), Some("0"));
        let completed =
            Session::from_json(r#"{"success":true,"sessionId":"s","status":"NEW","lastMessageIn":null}"#).unwrap();
        assert_eq!((completed.id().as_deref(), completed.status()), (Some("s"), None));
        assert_eq!((completed.last_message_in(), completed.get("status")), (None, Some("\"NEW\"")));
        let names: Vec<_> = completed.fields().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["success", "sessionId", "status", "lastMessageIn"]);
        assert_eq!(Session::from_json(r#"{"a":1,"b":2,"a":3}"#).unwrap().fields().unwrap()[0].1, 3);
        assert!(Session::from_json("[]").is_err() && Session::from_json("{\"a\":1").is_err());
    }

    #[test]
    fn many_members_are_read_in_time() {
        let members: Vec<_> = (0..200_000).map(|number| format!("\"m{number}\":{number}")).collect();
        let session = Session::from_json(format!("{{{}}}", members.join(","))).unwrap();
        let started = Instant::now();
        assert_eq!(session.fields().unwrap().len(), 200_000);
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }
}
