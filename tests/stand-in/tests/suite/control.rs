use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::request;
use crate::stand_in::StandIn;

#[test]
fn the_journal_shows_requests_as_they_came() {
    let stand_in = StandIn::start(&[]);
    let mut line = stand_in.connect();
    let text = stand_in.request_text("/chat/v1/session/a%2fb%20c/complete?x=%31", r#"{"stopBotInExecution": true}"#);
    line.exchange(&text);
    line.exchange(&stand_in.request_text("/chat/v1/session/a#b/status", "no JSON"));
    let journal = stand_in.ask("/requests");
    let [first, second] = journal.as_array().unwrap().as_slice() else { panic!("{journal}") };
    assert_eq!(first["session_id"], "a/b c");
    assert_eq!(first["method"], "PUT");
    assert_eq!(first["path"], "/chat/v1/session/a%2fb%20c/complete?x=%31");
    assert_eq!(first["body"], json!({"stopBotInExecution": true}));
    assert_eq!(first["body_text"], r#"{"stopBotInExecution": true}"#);
    assert_eq!(first["headers"]["content-type"], "application/json");
    assert!(first["at_ms"].is_u64());
    assert_eq!(second["path"], "/chat/v1/session/a#b/status");
    assert_eq!(second["session_id"], "a");
    assert_eq!(second["body"], json!(null));
    assert_eq!(second["body_text"], "no JSON");
    assert_eq!(first["connection"], second["connection"]);
}

#[test]
fn the_journal_can_be_searched_and_forgotten() {
    let stand_in = StandIn::start(&[]);
    for id in ["one", "two%2F", "one"] {
        stand_in.complete(id);
    }
    assert_eq!(stand_in.ask("/requests").as_array().unwrap().len(), 3);
    assert_eq!(stand_in.ask("/requests?session_id=one").as_array().unwrap().len(), 2);
    assert_eq!(stand_in.ask("/requests?session_id=two%2F").as_array().unwrap().len(), 1);
    assert_eq!(stand_in.control("DELETE", "/requests", "").status, 204);
    assert_eq!(stand_in.ask("/requests"), json!([]));
}

#[test]
fn the_journal_keeps_the_latest() {
    let stand_in = StandIn::start(&["--keep", "2"]);
    for id in ["one", "two", "three"] {
        stand_in.complete(id);
    }
    let journal = stand_in.ask("/requests");
    let ids: Vec<_> = journal.as_array().unwrap().iter().map(|record| &record["session_id"]).collect();
    assert_eq!(ids, ["two", "three"]);
}

#[test]
fn requests_can_be_awaited() {
    let stand_in = StandIn::start(&[]);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| stand_in.ask("/requests?session_id=awaited&at_least=2&wait_ms=15000"));
        for id in ["awaited", "other", "awaited"] {
            stand_in.complete(id);
        }
        assert_eq!(waiting.join().unwrap().as_array().unwrap().len(), 2);
    });
}

#[test]
fn waiting_ends_in_time() {
    let stand_in = StandIn::start(&[]);
    let start = Instant::now();
    assert_eq!(stand_in.ask("/requests?session_id=never&at_least=1&wait_ms=50"), json!([]));
    let kept = stand_in.connect();
    assert_eq!(stand_in.ask("/connections?at_most=0&wait_ms=50")["open"], 1);
    assert!(start.elapsed() >= Duration::from_millis(100));
    drop(kept);
}

#[test]
fn connections_are_counted_without_those_of_the_tests() {
    let stand_in = StandIn::start(&[]);
    let text = stand_in.request_text("/chat/v1/session/session_12345/complete", "{}");
    let mut lines: Vec<_> = (0..3).map(|_| stand_in.connect()).collect();
    for line in &mut lines {
        line.exchange(&text);
        line.exchange(&text);
    }
    let busy = json!({"open": 3, "opened": 3, "peak": 3, "redirect_target": 0});
    assert_eq!(stand_in.ask("/connections"), busy);
    drop(lines);
    let over = json!({"open": 0, "opened": 3, "peak": 3, "redirect_target": 0});
    assert_eq!(stand_in.ask("/connections?at_most=0"), over);
}

#[test]
fn connections_that_end_can_be_awaited() {
    let stand_in = StandIn::start(&[]);
    let mut line = stand_in.begin_completing("session_12345");
    line.answer();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| stand_in.ask("/connections?at_most=0&wait_ms=15000"));
        drop(line);
        assert_eq!(waiting.join().unwrap()["open"], 0);
    });
}

#[test]
fn a_request_whose_client_left_arrives_all_the_same() {
    let stand_in = StandIn::start(&["--arrival-delay", "100..150"]);
    let line = stand_in.begin_completing("session_12345");
    // What asks later is answered later: the request has been read by then.
    assert_eq!(stand_in.ask("/connections")["open"], 1);
    drop(line);
    let journal = stand_in.ask("/requests?session_id=session_12345&at_least=1");
    assert_eq!(journal.as_array().unwrap().len(), 1);
}

#[test]
fn answers_take_the_latency_that_was_asked_for() {
    let stand_in = StandIn::start(&["--latency", "120..150"]);
    let start = Instant::now();
    assert_eq!(stand_in.complete("session_12345").status, 200);
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[test]
fn the_surface_needs_no_token_and_is_not_counted() {
    let stand_in = StandIn::start(&[]);
    assert_eq!(stand_in.control("GET", "/nothing", "").status, 404);
    assert_eq!(stand_in.control("PUT", "/requests", "").status, 405);
    assert_eq!(stand_in.control("GET", "/requests?colour=red", "").status, 400);
    assert_eq!(stand_in.ask("/requests"), json!([]));
    assert_eq!(stand_in.ask("/windows")[0]["peak"], 0);
}

#[test]
fn a_request_that_does_not_end_does_not_arrive() {
    let stand_in = StandIn::start(&[]);
    let head =
        request("PUT", "/chat/v1/session/session_12345/complete", &[("Authorization", &*stand_in.bearer())], "{}");
    let mut line = stand_in.connect();
    line.send(head.strip_suffix('}').unwrap());
    assert_eq!(stand_in.ask("/connections")["open"], 1);
    drop(line);
    assert_eq!(stand_in.ask("/connections?at_most=0")["open"], 0);
    assert_eq!(stand_in.ask("/requests"), json!([]));
}
