//! A bulk call under the API's real limits, beside the least time that they allow: `make bench-bulk`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::{StandIn, ask};
use wts_session::{Client, CompleteOptions};

const SESSIONS: usize = 1000;
/// What each answer takes, in milliseconds; a real one takes 700 to 1,000.
const LATENCIES: [u32; 3] = [0, 700, 2000];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for latency in LATENCIES {
        let stand_in = StandIn::start(&["--create-unknown", "--latency", &format!("{latency}..{latency}")]);
        let client = Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).reserve(0.0).build().unwrap();
        let start = Instant::now();
        let ids = (0..SESSIONS).map(|number| format!("session-{number}"));
        let outcomes = client.complete_sessions(ids, CompleteOptions::new()).in_order().await;
        let elapsed = start.elapsed().as_secs_f64();
        let done = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
        let refused = ask(stand_in.api(), "windows").await[0]["refused"].clone();
        let least = least(f64::from(latency) / 1000.0);
        println!(
            "{SESSIONS} sessions, {latency} ms an answer: {elapsed:.2} s; the guarantee allows {least:.2} s \
             ({:.1} % more); {done} done, {refused} answered 429",
            (elapsed / least - 1.0) * 100.0
        );
    }
}

/// The least time in seconds in which the limits can be kept whatever the network delays: a slot of the short window, of
/// which there are 200, serves again 5 s after the answer to its request. The long window has room for 1,000.
fn least(latency: f64) -> f64 {
    let rounds = SESSIONS.div_ceil(200) as f64;
    (rounds - 1.0) * (5.0 + latency) + latency
}
