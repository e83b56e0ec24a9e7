//! What a grant costs while 10,000 requests wait, beside one while 10 wait: `make bench-limiter`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at

/// What the ledger knows of the crate.
mod config {
    pub(crate) use wts_session::RateLimit;
}

#[allow(dead_code)]
#[path = "../src/limiter/clock.rs"]
mod clock;
#[path = "../src/limiter/ends.rs"]
mod ends;
#[path = "../src/limiter/flow.rs"]
mod flow;
#[allow(dead_code)]
#[path = "../src/limiter/ledger.rs"]
mod ledger;
#[path = "../src/limiter/limit.rs"]
mod limit;
#[allow(dead_code)]
#[path = "../src/limiter/slowdown.rs"]
mod slowdown;
#[allow(dead_code)]
#[path = "../src/limiter/supply.rs"]
mod supply;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use config::RateLimit;
use ledger::{End, Ledger};

const GRANTS: u64 = 200_000;

fn main() {
    for (waiters, flows) in [(10, 10), (10_000, 1), (10_000, 100), (10_000, 10_000)] {
        let mut costs: Vec<_> = (0..5).map(|_| grant_ns(waiters, flows)).collect();
        costs.sort_by(f64::total_cmp);
        println!("{waiters} waiters in {flows} flows: {:.0} ns for an ask, a grant and an end", costs[2]);
    }
}

/// Nanoseconds for an ask, a grant and the end of its request, while `waiters` wait in `flows` flows.
fn grant_ns(waiters: usize, flows: usize) -> f64 {
    let mut ledger = Ledger::default();
    // The window is as long as 1,000 grants take here, so that it is always full.
    let limits = [RateLimit { requests: 1000, period: Duration::from_millis(1) }];
    let member = ledger.join(&limits, 0.0, waiters);
    let flows: Vec<_> = (0..flows).map(|_| ledger.open_flow(member)).collect();
    let asks = (0..waiters).map(|number| flows[number % flows.len()]);
    let mut flow_of: HashMap<_, _> = asks.map(|flow| (ledger.ask(flow, 0), flow)).collect();
    let start = Instant::now();
    for now in 1..=GRANTS {
        let grant = ledger.grant(now).unwrap();
        let flow = flow_of.remove(&grant.waiter).unwrap();
        ledger.end(member, flow, End::Known, now);
        flow_of.insert(ledger.ask(flow, now), flow);
    }
    start.elapsed().as_nanos() as f64 / GRANTS as f64
}
