use serde_json::{Value, json};

use crate::http::request;
use crate::stand_in::StandIn;

fn keys(object: &Value) -> Vec<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn an_update_sets_the_status_and_gives_the_whole_session() {
    let stand_in = StandIn::start(&[]);
    let body = r#"{"newStatus": "IN_PROGRESS", "options": {"stopBotInExecution": true}}"#;
    let answer = stand_in.put("/chat/v1/session/session_12345/status", body);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let session = answer.json();
    assert_eq!(session["id"], "session_12345");
    assert_eq!(session["status"], "IN_PROGRESS");
    assert_eq!(session["statusDescription"], "Em atendimento");
    assert_eq!(session["endAt"], Value::Null);
    let sample: Value = serde_json::from_str(include_str!("../../bodies/session-completed.json")).unwrap();
    assert_eq!(keys(&session), keys(&sample));
}

#[test]
fn a_session_can_be_completed_again() {
    let stand_in = StandIn::start(&[]);
    for body in [r#"{"reactivateOnNewMessage": true}"#, r#"{"stopBotInExecution": false}"#, "{}"] {
        let answer = stand_in.put("/chat/v1/session/567ca9b8-eaa9-4a33-8cf9-d2c67060af74/complete", body);
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(answer.json()["status"], "COMPLETED");
        assert_eq!(answer.json()["endAt"], answer.json()["updatedAt"]);
    }
}

#[test]
fn the_announced_sessions_exist() {
    let stand_in = StandIn::start(&[]);
    let sessions = stand_in.announced["sessions"].as_object().unwrap();
    let statuses: Vec<_> = sessions.keys().map(String::as_str).collect();
    assert_eq!(statuses, ["UNDEFINED", "STARTED", "PENDING", "IN_PROGRESS", "COMPLETED", "HIDDEN"]);
    for id in sessions.values().flat_map(|ids| ids.as_array().unwrap()) {
        assert_eq!(stand_in.complete(id.as_str().unwrap()).status, 200, "{id}");
    }
}

#[test]
fn an_unknown_session_is_refused_as_500() {
    let stand_in = StandIn::start(&[]);
    let answer = stand_in.complete("nobody");
    assert_eq!(answer.status, 500);
    let body = answer.json();
    assert_eq!(body["httpStatusCode"], "INTERNALSERVERERROR");
    assert_eq!(body["key"], "ENTITY_NOT_FOUND");
    assert_eq!(body["text"], "Conversa não encontrada");
    assert_eq!(body["error"], true);
}

#[test]
fn unknown_sessions_can_be_made_to_exist() {
    let stand_in = StandIn::start(&["--create-unknown"]);
    let answer = stand_in.complete("sess%C3%A3o%2Fnova");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["id"], "sessão/nova");
}

#[test]
fn faulty_bodies_get_problem_details() {
    let stand_in = StandIn::start(&[]);
    let answer = stand_in.put("/chat/v1/session/session_12345/status", r#"{"newStatus": "UNDEFINED"}"#);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(keys(&problem), ["type", "title", "status", "traceId", "errors"]);
    assert_eq!(problem["errors"], json!({"newStatus": ["The value \"UNDEFINED\" is not valid."]}));
    for (path, body) in [("status", "{}"), ("complete", r#"{"stopBotInExecution": null}"#), ("complete", "{")] {
        let answer = stand_in.put(&format!("/chat/v1/session/session_12345/{path}"), body);
        assert_eq!(answer.status, 400, "{path} {body}");
    }
}

#[test]
fn only_json_is_taken() {
    let stand_in = StandIn::start(&[]);
    let headers = [("Authorization", &*stand_in.bearer()), ("Content-Type", "text/plain")];
    let text = request("PUT", "/chat/v1/session/session_12345/complete", &headers, "{}");
    let answer = stand_in.connect().exchange(&text);
    assert_eq!(answer.status, 400);
    assert!(answer.json()["errors"]["Content-Type"].is_array());
}
