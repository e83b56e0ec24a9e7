//! `PUT /chat/v1/session/{id}/status`

use reqwest::Method;
use serde::Serialize;

use super::{Request, json_string};
use crate::error::Error;
use crate::model::UpdateOptions;
use crate::validate;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    new_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    stop_bot_in_execution: bool,
}

pub(crate) fn request(session_id: &str, status: &str, options: UpdateOptions) -> Result<Request, Error> {
    let (id, status) = validate::update(session_id, status)?;
    let body = Body {
        new_status: status.as_str(),
        options: options.stop_bot_in_execution.then_some(Options { stop_bot_in_execution: true }),
    };
    Ok(Request {
        operation: "update_session_status",
        method: Method::PUT,
        is_idempotent: true,
        session_id: id.as_str().to_owned(),
        path: format!("/chat/v1/session/{}/status", id.path_segment()),
        body: serde_json::to_vec(&body).expect("plain fields have a JSON form").into(),
        defaults: [("id", json_string(id.as_str())), ("status", json_string(status.as_str()))],
    })
}

#[cfg(test)]
mod tests {
    use super::request;
    use crate::model::UpdateOptions;

    #[test]
    fn the_bot_option_is_sent_only_when_set() {
        let body = |options| request("s", "in progress", options).unwrap().body;
        assert_eq!(body(UpdateOptions::new()), r#"{"newStatus":"IN_PROGRESS"}"#);
        assert_eq!(
            body(UpdateOptions::new().stop_bot_in_execution(true)),
            r#"{"newStatus":"IN_PROGRESS","options":{"stopBotInExecution":true}}"#
        );
    }
}
