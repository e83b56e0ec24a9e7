//! `PUT /chat/v1/session/{id}/complete`

use std::ops::Not;

use reqwest::Method;
use serde::Serialize;

use super::{Request, json_string};
use crate::error::Error;
use crate::model::CompleteOptions;
use crate::validate;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(skip_serializing_if = "Not::not")]
    reactivate_on_new_message: bool,
    #[serde(skip_serializing_if = "Not::not")]
    stop_bot_in_execution: bool,
}

pub(crate) fn request(session_id: &str, options: CompleteOptions) -> Result<Request, Error> {
    let id = validate::complete(session_id)?;
    let body = Body {
        reactivate_on_new_message: options.reactivate_on_new_message,
        stop_bot_in_execution: options.stop_bot_in_execution,
    };
    Ok(Request {
        operation: "complete_session",
        method: Method::PUT,
        is_idempotent: true,
        session_id: id.as_str().to_owned(),
        path: format!("/chat/v1/session/{}/complete", id.path_segment()),
        body: serde_json::to_vec(&body).expect("plain fields have a JSON form").into(),
        defaults: [("success", "true".to_owned()), ("sessionId", json_string(id.as_str()))],
    })
}

#[cfg(test)]
mod tests {
    use super::request;
    use crate::model::CompleteOptions;

    #[test]
    fn options_are_sent_only_when_set() {
        let body = |options| request("s", options).unwrap().body;
        assert_eq!(body(CompleteOptions::new()), "{}");
        assert_eq!(
            body(CompleteOptions::new().reactivate_on_new_message(true).stop_bot_in_execution(true)),
            r#"{"reactivateOnNewMessage":true,"stopBotInExecution":true}"#
        );
    }
}
