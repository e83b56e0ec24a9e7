//! What a large answer costs in memory: a program of its own, so that nothing else is measured.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use common::StandIn;
use serde_json::json;
use wts_session::{CompleteOptions, blocking};

const BODY_MB: usize = 8;
/// What a call may take beside the body of the answer.
const REST_MB: usize = 16;

/// The largest size of this process so far.
fn peak_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The steps of an answer with this status whose body is `head`, then `unit` again and again, then `tail`.
fn large_answer(status: &str, head: &str, unit: &str, tail: &str) -> serde_json::Value {
    let times = (BODY_MB * 1024 * 1024 - 200) / unit.len();
    let length = head.len() + unit.len() * times + tail.len();
    let start =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{head}");
    json!([{"raw": [{"send": start}, {"repeat": unit, "times": times}, {"send": tail}, {"close": true}]}])
}

#[test]
fn a_large_error_costs_little_more_than_its_body() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    let answers = [
        ("values", large_answer("500 Oops", r#"{"key":"FORM_ERROR","text":"Não","a":["#, "0,", "0]}")),
        ("text", large_answer("500 Oops", r#"{"key":"FORM_ERROR","text":"Não"#, r"\ud800", "\"}")),
        ("messages", large_answer("400 No", r#"{"key":"FORM_ERROR","title":"Não","errors":{"a":["#, "0,", "0]}}")),
        ("levels", large_answer("400 No", r#"{"key":"FORM_ERROR","title":"Não","errors":{"a":"#, "[", "")),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (id, steps) in &answers {
        runtime.block_on(stand_in.script(id, steps.clone()));
    }
    let client = blocking::Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).build().unwrap();
    client.complete_session("small", CompleteOptions::new()).unwrap();

    let before = peak_kb();
    for (id, _) in answers {
        let error = client.complete_session(id, CompleteOptions::new()).unwrap_err();
        let cost = (peak_kb() - before) / 1024;
        assert_eq!(error.code(), "refused", "{id}");
        if id != "levels" {
            assert_eq!(error.key(), Some("FORM_ERROR"), "{id}");
            assert!(error.message().starts_with("Não") && error.message().len() <= 4096, "{id}");
        }
        assert!(cost < BODY_MB + REST_MB, "{id}: {cost} MB for a body of {BODY_MB} MB");
    }
}
