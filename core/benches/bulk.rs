//! A bulk call under the API's real limits, beside the least time that they allow: `make bench-bulk`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::{StandIn, ask};
use wts_session::{Client, CompleteOptions};

const SESSIONS: usize = 1000;
/// What each answer takes, in milliseconds; a real one takes 700 to 1,000.
const LATENCIES: [u32; 2] = [0, 700];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for latency in LATENCIES {
        let stand_in = StandIn::start(&["--create-unknown", "--latency", &format!("{latency}..{latency}")]);
        let client = Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).build().unwrap();
        let start = Instant::now();
        let ids = (0..SESSIONS).map(|number| format!("session-{number}"));
        let outcomes = client.complete_sessions(ids, CompleteOptions::new()).in_order().await;
        let elapsed = start.elapsed().as_secs_f64();
        let done = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
        let refused = ask(stand_in.api(), "windows").await[0]["refused"].clone();
        let floor = floor();
        println!(
            "{SESSIONS} sessions, {latency} ms an answer: {elapsed:.2} s; the limits take {floor} s ({:.1} % more); \
             {done} done, {refused} answered 429",
            (elapsed / floor - 1.0) * 100.0
        );
    }
}

/// The least time in seconds after which the last request may leave.
fn floor() -> f64 {
    let last = SESSIONS - 1;
    (last / 1000 * 300 + last % 1000 / 200 * 5) as f64
}
