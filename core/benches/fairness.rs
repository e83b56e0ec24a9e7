//! Single calls beside a bulk call that has more to do than the limits allow: `make bench-limiter`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{StandIn, ask};
use tokio::task::JoinSet;
use tokio::time::interval;
use wts_session::{Client, CompleteOptions, RateLimit};

const SESSIONS: usize = 2000;
const SHORT: (u32, u64) = (40, 1);
const LONG: (u32, u64) = (120, 6);
const BETWEEN_SINGLE_CALLS: Duration = Duration::from_millis(250);
/// What each answer takes, in seconds.
const ANSWER: f64 = 0.7;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let limits = [SHORT, LONG].map(|(requests, seconds)| format!("{requests}/{seconds}"));
    let arguments = ["--create-unknown", "--latency", "700..700", "--limit", &limits[0], "--limit", &limits[1]];
    let stand_in = StandIn::start(&arguments);
    let limits = [SHORT, LONG].map(|(requests, seconds)| RateLimit { requests, period: Duration::from_secs(seconds) });
    let builder = Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).rate_limits(limits);
    let start = Instant::now();
    let bulk = {
        let client = builder.clone().build().unwrap();
        let outcomes = client.complete_sessions((0..SESSIONS).map(|number| format!("bulk-{number}")), options());
        tokio::spawn(async move { (outcomes.in_order().await, start.elapsed()) })
    };
    let client = builder.build().unwrap();
    let mut ticks = interval(BETWEEN_SINGLE_CALLS);
    let mut singles = JoinSet::new();
    while !bulk.is_finished() {
        ticks.tick().await;
        let (client, id) = (client.clone(), format!("single-{}", singles.len()));
        singles.spawn(async move {
            let began = Instant::now();
            let result = client.complete_session(id, options()).await;
            (began.duration_since(start), began.elapsed(), result.is_ok())
        });
    }
    let (outcomes, took) = bulk.await.unwrap();
    let singles = singles.join_all().await;
    let failed = singles.iter().filter(|(_, _, is_ok)| !is_ok).count();
    let adapted = Duration::from_secs(2 * LONG.1);
    let mut waits: Vec<_> =
        singles.iter().filter(|(began, _, _)| *began >= adapted).map(|(_, wait, _)| wait.as_secs_f64()).collect();
    waits.sort_by(f64::total_cmp);
    let refused = ask(stand_in.api(), "windows").await[0]["refused"].clone();
    println!(
        "{} single calls, {failed} failed; after {} s: median {:.2} s, 95th percentile {:.2} s (an answer takes {ANSWER} s)",
        singles.len(),
        adapted.as_secs(),
        waits[waits.len() / 2],
        waits[waits.len() * 95 / 100],
    );
    let done = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    let floor = floor();
    println!(
        "bulk call: {done} of {SESSIONS} done in {:.1} s, at least {floor:.1} s for what it was left ({:.2} x); {refused} answered 429",
        took.as_secs_f64(),
        took.as_secs_f64() / floor,
    );
}

fn options() -> CompleteOptions {
    CompleteOptions::new()
}

/// The least time in seconds for the bulk call: a slot of the long window serves again a window after its answer, and the
/// single calls use some of them.
fn floor() -> f64 {
    let round = LONG.1 as f64 + ANSWER;
    let of_single_calls = round / BETWEEN_SINGLE_CALLS.as_secs_f64();
    SESSIONS as f64 / (f64::from(LONG.0) - of_single_calls) * round
}
