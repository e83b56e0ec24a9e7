//! The stand-in as a library, inside this process.

use std::thread;

use serde_json::json;
use wts_stand_in::StandIn;

use crate::http::{Answer, Line, request};

fn complete(stand_in: &StandIn, session_id: &str) -> Answer {
    let authorization = format!("Bearer {}", stand_in.token());
    let headers = [("Authorization", &*authorization), ("Content-Type", "application/json")];
    let path = format!("/chat/v1/session/{session_id}/complete");
    connect(stand_in.url()).exchange(&request("PUT", &path, &headers, "{}"))
}

fn connect(url: &str) -> Line {
    Line::to(url.split_once("://").unwrap().1.parse().unwrap())
}

#[test]
fn it_answers_as_the_api_does_and_keeps_what_it_received() {
    let stand_in = StandIn::start().unwrap();
    assert_eq!(complete(&stand_in, "session_12345").json()["status"], "COMPLETED");
    assert_eq!(complete(&stand_in, "nobody").json()["key"], "ENTITY_NOT_FOUND");
    let requests = stand_in.requests("session_12345");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, "PUT");
    assert_eq!(requests[0].body, json!({}));
    assert_eq!(requests[0].headers["authorization"], "Bearer ***");
    assert_eq!(stand_in.all_requests().len(), 2);
}

#[test]
fn it_plays_scripts_and_refuses_nonsense() {
    let stand_in = StandIn::start().unwrap();
    stand_in.script("new", json!([{"status": 503, "text": "later"}])).unwrap();
    let scripted = complete(&stand_in, "new");
    assert_eq!((scripted.status, scripted.text().as_str()), (503, "later"));
    assert_eq!(complete(&stand_in, "new").status, 200);
    let error = stand_in.script("new", json!([{"pass": true}, {"statsu": 503}])).unwrap_err();
    assert!(error.to_string().contains("statsu"), "{error}");
    let error = stand_in.script("new", json!([{"status": 500, "body_file": "nothing.json"}])).unwrap_err();
    assert!(error.to_string().contains("error-refused-as-500.json"), "{error}");
}

#[test]
fn it_holds_answers_until_they_are_released() {
    let stand_in = StandIn::start().unwrap();
    stand_in.script("held", json!([{"status": 204, "held": true}])).unwrap();
    thread::scope(|scope| {
        let call = scope.spawn(|| complete(&stand_in, "held").status);
        while stand_in.requests("held").is_empty() {
            thread::yield_now();
        }
        assert!(!call.is_finished());
        stand_in.release("held").unwrap();
        assert_eq!(call.join().unwrap(), 204);
    });
    let error = stand_in.release("session_12345").unwrap_err();
    assert_eq!(error.to_string(), "session \"session_12345\" has no script");
}

#[test]
fn it_takes_the_options_of_the_program() {
    let stand_in = StandIn::with_options(["--limit", "1/60", "--token", "pn_own"]).unwrap();
    assert_eq!(stand_in.token(), "pn_own");
    let statuses = ["session_12345", "session_23456"].map(|id| complete(&stand_in, id).status);
    assert_eq!(statuses, [200, 429]);
    let error = StandIn::with_options(["--limit", "5"]).unwrap_err();
    assert!(error.to_string().contains("a limit is REQUESTS/SECONDS"), "{error}");
}

#[test]
fn it_says_that_its_port_is_taken_and_frees_it_at_its_end() {
    let stand_in = StandIn::start().unwrap();
    let port = stand_in.url().rsplit_once(':').unwrap().1.to_owned();
    let error = StandIn::with_options(["--port", &port]).unwrap_err();
    assert!(error.to_string().starts_with(&format!("port {port} is in use: ")), "{error}");
    drop(stand_in);
    let next = StandIn::with_options(["--port", &port]).unwrap();
    assert!(next.url().ends_with(&port));
}

#[test]
fn it_has_fault_listeners() {
    let stand_in = StandIn::start().unwrap();
    let refused = stand_in.address("refused").unwrap().split_once("://").unwrap().1.to_owned();
    assert!(Line::try_to(refused.parse().unwrap()).is_err());
    assert_eq!(stand_in.address("tls"), None);
}

#[test]
fn many_may_run_side_by_side() {
    let all: Vec<_> = (0..4).map(|_| thread::spawn(|| StandIn::start().unwrap())).collect();
    let all: Vec<_> = all.into_iter().map(|starting| starting.join().unwrap()).collect();
    for (index, stand_in) in all.iter().enumerate() {
        let session_id = format!("session_{index}");
        stand_in.script(&session_id, json!([])).unwrap();
        assert_eq!(complete(stand_in, &session_id).status, 200);
        assert_eq!(stand_in.all_requests().len(), 1);
    }
}
