//! A bulk call under the API's real limits, beside the least time that they allow: `make bench-bulk`.
//!
//! Prints a line of JSON for each of the latencies that it is given, in milliseconds.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at

#[path = "../tests/common/mod.rs"]
mod common;

use std::env;
use std::time::Instant;

use common::{StandIn, ask};
use serde_json::json;
use wts_session::{Client, CompleteOptions};

const SESSIONS: usize = 1000;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    for latency in env::args().filter_map(|argument| argument.parse::<u32>().ok()) {
        let stand_in = StandIn::start(&["--create-unknown", "--latency", &format!("{latency}..{latency}")]);
        let client = Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).reserve(0.0).build().unwrap();
        let start = Instant::now();
        let ids = (0..SESSIONS).map(|number| format!("session-{number}"));
        let outcomes = client.complete_sessions(ids, CompleteOptions::new()).in_order().await;
        let elapsed = start.elapsed().as_secs_f64();
        assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
        let refused = ask(stand_in.api(), "windows").await[0]["refused"].clone();
        let least = least(f64::from(latency) / 1000.0);
        println!("{}", json!({"latency": latency, "seconds": elapsed, "least": least, "refused": refused}));
    }
}

/// The least time in seconds in which the limits can be kept whatever the network delays: a slot of the short window, of
/// which there are 200, serves again 5 s after the answer to its request. The long window has room for 1,000.
fn least(latency: f64) -> f64 {
    let rounds = SESSIONS.div_ceil(200) as f64;
    (rounds - 1.0) * (5.0 + latency) + latency
}
