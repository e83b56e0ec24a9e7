//! What the two operations take.

use serde_json::{Map, Value};

use crate::route::Operation;
use crate::sessions::Status;

/// A field, and what is wrong with it.
pub(crate) type Fault = (String, String);

/// The status that a request sets, or everything that is wrong with the request.
pub(crate) fn requested_status(
    operation: Operation,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Status, Vec<Fault>> {
    let fields = json_object(content_type, body).map_err(|fault| vec![fault])?;
    let mut check = Check::default();
    let status = match operation {
        Operation::UpdateStatus => check.update(&fields),
        Operation::Complete => check.complete(&fields),
    };
    match status {
        Some(status) if check.0.is_empty() => Ok(status),
        _ => Err(check.0),
    }
}

fn json_object(content_type: Option<&str>, body: &[u8]) -> Result<Map<String, Value>, Fault> {
    let essence = content_type.and_then(|value| value.split(';').next());
    if !essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json")) {
        return Err(fault("Content-Type", "The content type must be application/json."));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(fault("$", "The body must be a JSON object.")),
        Err(error) => Err(fault("$", &format!("The body is no valid JSON: {error}."))),
    }
}

fn fault(field: &str, message: &str) -> Fault {
    (field.to_owned(), message.to_owned())
}

#[derive(Default)]
struct Check(Vec<Fault>);

impl Check {
    fn update(&mut self, fields: &Map<String, Value>) -> Option<Status> {
        self.known(fields, "", &["newStatus", "options"]);
        match fields.get("options") {
            None => {}
            Some(Value::Object(options)) => {
                self.known(options, "options.", &["stopBotInExecution"]);
                self.boolean(options, "options.", "stopBotInExecution");
            }
            Some(_) => self.add("options", "The field must be an object."),
        }
        self.new_status(fields.get("newStatus"))
    }

    fn complete(&mut self, fields: &Map<String, Value>) -> Option<Status> {
        const SWITCHES: [&str; 2] = ["reactivateOnNewMessage", "stopBotInExecution"];
        self.known(fields, "", &SWITCHES);
        for name in SWITCHES {
            self.boolean(fields, "", name);
        }
        Some(Status::Completed)
    }

    fn new_status(&mut self, value: Option<&Value>) -> Option<Status> {
        let Some(value) = value else {
            self.add("newStatus", "The field is required.");
            return None;
        };
        let status = value.as_str().and_then(Status::from_wire).filter(|status| *status != Status::Undefined);
        if status.is_none() {
            self.add("newStatus", &format!("The value {value} is not valid."));
        }
        status
    }

    fn boolean(&mut self, fields: &Map<String, Value>, parent: &str, name: &str) {
        if fields.get(name).is_some_and(|value| !value.is_boolean()) {
            self.add(&format!("{parent}{name}"), "The field must be true or false.");
        }
    }

    fn known(&mut self, fields: &Map<String, Value>, parent: &str, names: &[&str]) {
        for name in fields.keys() {
            if !names.contains(&name.as_str()) {
                self.add(&format!("{parent}{name}"), "The field is not known.");
            }
        }
    }

    fn add(&mut self, field: &str, message: &str) {
        self.0.push(fault(field, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Option<&str> = Some("application/json");

    fn faulty_fields(operation: Operation, body: &str) -> Vec<String> {
        let faults = requested_status(operation, JSON, body.as_bytes()).unwrap_err();
        faults.into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn good_bodies() {
        for (operation, body, status) in [
            (Operation::UpdateStatus, r#"{"newStatus": "IN_PROGRESS"}"#, Status::InProgress),
            (
                Operation::UpdateStatus,
                r#"{"newStatus": "HIDDEN", "options": {"stopBotInExecution": true}}"#,
                Status::Hidden,
            ),
            (Operation::Complete, "{}", Status::Completed),
            (
                Operation::Complete,
                r#"{"reactivateOnNewMessage": false, "stopBotInExecution": true}"#,
                Status::Completed,
            ),
        ] {
            let status_set = requested_status(operation, JSON, body.as_bytes());
            assert_eq!(status_set, Ok(status), "{body}");
        }
    }

    #[test]
    fn bad_updates() {
        for (body, fields) in [
            ("{}", vec!["newStatus"]),
            (r#"{"newStatus": null}"#, vec!["newStatus"]),
            (r#"{"newStatus": "UNDEFINED"}"#, vec!["newStatus"]),
            (r#"{"newStatus": "Completed"}"#, vec!["newStatus"]),
            (r#"{"newStatus": 4}"#, vec!["newStatus"]),
            (r#"{"newStatus": "HIDDEN", "options": null}"#, vec!["options"]),
            (r#"{"newStatus": "HIDDEN", "options": {"stopBotInExecution": null}}"#, vec!["options.stopBotInExecution"]),
            (
                r#"{"newStatus": "x", "other": 1, "options": {"reactivateOnNewMessage": true}}"#,
                vec!["other", "options.reactivateOnNewMessage", "newStatus"],
            ),
        ] {
            assert_eq!(faulty_fields(Operation::UpdateStatus, body), fields, "{body}");
        }
    }

    #[test]
    fn bad_completions() {
        for (body, fields) in [
            (r#"{"reactivateOnNewMessage": null}"#, vec!["reactivateOnNewMessage"]),
            (r#"{"stopBotInExecution": "true"}"#, vec!["stopBotInExecution"]),
            (r#"{"options": {}}"#, vec!["options"]),
            ("[]", vec!["$"]),
            ("", vec!["$"]),
            ("{", vec!["$"]),
        ] {
            assert_eq!(faulty_fields(Operation::Complete, body), fields, "{body}");
        }
    }

    #[test]
    fn only_json_is_read() {
        for content_type in [None, Some("text/plain"), Some("application/json-patch")] {
            let faults = requested_status(Operation::Complete, content_type, b"{}").unwrap_err();
            assert_eq!(faults[0].0, "Content-Type", "{content_type:?}");
        }
        let with_charset = Some("Application/JSON; charset=utf-8");
        assert!(requested_status(Operation::Complete, with_charset, b"{}").is_ok());
    }
}
