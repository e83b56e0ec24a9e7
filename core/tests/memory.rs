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

#[test]
fn a_large_error_costs_little_more_than_its_body() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    let (head, tail) = ("{\"key\":\"FORM_ERROR\",\"text\":\"Não\",\"a\":[", "0]}");
    let zeros = BODY_MB * 1024 * 1024 / 2 - 100;
    let length = head.len() + 2 * zeros + tail.len();
    let answer =
        format!("HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{head}");
    let steps = json!([{"raw": [{"send": answer}, {"repeat": "0,", "times": zeros}, {"send": tail}, {"close": true}]}]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(stand_in.script("large", steps));
    let client = blocking::Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).build().unwrap();
    client.complete_session("small", CompleteOptions::new()).unwrap();

    let before = peak_kb();
    let error = client.complete_session("large", CompleteOptions::new()).unwrap_err();
    let cost = (peak_kb() - before) / 1024;
    assert_eq!((error.code(), error.key(), error.message()), ("refused", Some("FORM_ERROR"), "Não"));
    assert!(cost < BODY_MB + REST_MB, "{cost} MB for a body of {BODY_MB} MB");
}
