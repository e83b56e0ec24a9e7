use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::request;
use crate::stand_in::StandIn;

const ID: &str = "session_12345";

/// Sends requests until one is admitted.
fn admitted_after(stand_in: &StandIn, start: Instant) -> (Duration, usize) {
    let mut refused = 0;
    while stand_in.complete(ID).status == 429 {
        refused += 1;
    }
    (start.elapsed(), refused)
}

#[test]
fn a_full_window_refuses_until_its_oldest_request_is_one_period_old() {
    let stand_in = StandIn::start(&["--limit", "5/0.2"]);
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(stand_in.complete(ID).status, 200);
    }
    let (admitted, refused) = admitted_after(&stand_in, start);
    assert!(admitted >= Duration::from_millis(200), "{admitted:?}");
    let windows = stand_in.ask("/windows");
    assert_eq!(windows[0]["refused"], refused);
    assert_eq!(windows[0]["requests"], 5);
    assert_eq!(windows[0]["period_ms"], 200);
}

#[test]
fn both_windows_count() {
    let stand_in = StandIn::start(&["--limit", "2/0.1", "--limit", "3/3600"]);
    assert_eq!(stand_in.complete(ID).status, 200);
    assert_eq!(stand_in.complete(ID).status, 200);
    let (_, refused) = admitted_after(&stand_in, Instant::now());
    let answer = stand_in.complete(ID);
    assert_eq!(answer.status, 429);
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((3590..=3600).contains(&seconds), "{seconds}");
    let windows = stand_in.ask("/windows");
    assert_eq!(windows[1]["refused"], 1);
    assert_eq!(windows[1]["now"], 3);
    assert_eq!(windows[1]["peak"], 4 + refused);
}

#[test]
fn the_published_limits_hold_where_none_are_given() {
    let stand_in = StandIn::start(&[]);
    let windows = stand_in.ask("/windows");
    assert_eq!(windows[0], json!({"requests": 200, "period_ms": 5000, "peak": 0, "now": 0, "refused": 0}));
    assert_eq!(windows[1], json!({"requests": 1000, "period_ms": 300_000, "peak": 0, "now": 0, "refused": 0}));
    let off = StandIn::start(&["--limit", "off"]);
    assert_eq!(off.ask("/windows"), json!([]));
}

#[test]
fn a_refusal_has_an_envelope_and_says_when_to_come_back() {
    let stand_in = StandIn::start(&["--limit", "1/60"]);
    stand_in.complete(ID);
    let answer = stand_in.complete(ID);
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert_eq!(answer.json()["httpStatusCode"], 429);
    assert_eq!(answer.json()["error"], true);
}

#[test]
fn retry_after_can_be_a_date_or_absent() {
    let dated = StandIn::start(&["--limit", "1/60", "--retry-after", "date"]);
    dated.complete(ID);
    let before = std::time::SystemTime::now();
    let answer = dated.complete(ID);
    let due = httpdate::parse_http_date(answer.header("retry-after").unwrap()).unwrap();
    let wait = due.duration_since(before).unwrap();
    assert!((58..=61).contains(&wait.as_secs()), "{wait:?}");
    let silent = StandIn::start(&["--limit", "1/60", "--retry-after", "none"]);
    silent.complete(ID);
    assert_eq!(silent.complete(ID).header("retry-after"), None);
}

#[test]
fn strangers_use_nothing_up_and_wrong_routes_do() {
    let stand_in = StandIn::start(&["--limit", "2/3600"]);
    let stranger = request("PUT", "/", &[("Authorization", "Bearer pn_stranger")], "");
    assert_eq!(stand_in.connect().exchange(&stranger).status, 401);
    assert_eq!(stand_in.put("/nowhere", "{}").status, 404);
    let windows = stand_in.ask("/windows");
    assert_eq!(windows[0]["peak"], 1);
    assert_eq!(windows[0]["now"], 1);
}

#[test]
fn scripted_answers_pass_the_limits_too() {
    let stand_in = StandIn::start(&["--limit", "1/3600"]);
    stand_in.script("scripted", json!([{"status": 503}, {"status": 504}]));
    assert_eq!(stand_in.complete("scripted").status, 503);
    assert_eq!(stand_in.complete("scripted").status, 429);
    assert_eq!(stand_in.control("DELETE", "/windows", "").status, 204);
    assert_eq!(stand_in.complete("scripted").status, 504, "a refused request takes no step");
}

#[test]
fn windows_can_be_cleared() {
    let stand_in = StandIn::start(&["--limit", "1/3600"]);
    assert_eq!(stand_in.complete(ID).status, 200);
    assert_eq!(stand_in.complete(ID).status, 429);
    assert_eq!(stand_in.control("DELETE", "/windows", "").status, 204);
    assert_eq!(stand_in.complete(ID).status, 200);
    assert_eq!(stand_in.ask("/windows")[0]["peak"], 1);
}
