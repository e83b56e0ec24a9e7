//! What sharing limits costs: `make bench-shared`.
//!
//! A single call on an idle account beside one with limits of its own; and 1,000 sessions (of 32 processes 992) under 200 in
//! 5 s, beside the least time that the limits allow.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at
#![allow(dead_code)] // it does not use all of the helpers

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/shared/mod.rs"]
mod shared;

use common::{StandIn, ask};
use shared::servers::{Folder, Server};
use shared::workers::{Place, arrivals};

const SESSIONS: usize = 1000;
const LIMIT: &str = "200/5";
/// The first 200 leave at once, the last 200 after four windows.
const LEAST: f64 = 20.0;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start(&[]);
    let folder = Folder::new();
    let file = |name: &str| format!("file://{}/{name}", folder.path().display());
    let redis = |name: &str| format!("{}?prefix={name}:", server.url());

    println!("one call on an idle account, median:");
    let alone = single("off");
    println!("  limits of its own  {alone:6.3} ms");
    for (name, ledger) in [("in Redis", redis("single")), ("in a file", file("single"))] {
        let time = single(&ledger);
        println!("  {name:18} {time:6.3} ms, {:+.3} ms", time - alone);
    }

    println!("{SESSIONS} sessions under {LIMIT}, {LEAST} s is the least:");
    for processes in [1, 8, 32] {
        let name = format!("bulk{processes}");
        let before = server.script_calls();
        many("in Redis", &redis(&name), processes, || Some(server.script_calls() - before)).await;
        many("in a file", &file(&name), processes, || None).await;
    }
}

/// Milliseconds of a call, 150 of them one after the other.
fn single(ledger: &str) -> f64 {
    let stand_in = StandIn::start(&["--create-unknown"]);
    let output = Place::new(&stand_in, ledger, &["--single", "0.002"]).start("single", 150).await_end();
    output.rsplit_once("median ").unwrap().1.trim().trim_end_matches(" ms").parse().unwrap()
}

async fn many(name: &str, ledger: &str, processes: usize, script_calls: impl Fn() -> Option<u64>) {
    let stand_in = StandIn::start(&["--create-unknown", "--limit", LIMIT]);
    let place = Place::new(&stand_in, ledger, &["--limit", LIMIT, "--reserve", "0"]);
    let count = SESSIONS / processes;
    let mut workers = place.start_all(processes, count as u64);
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    let calls = script_calls();
    let by_worker = arrivals(&stand_in).await;
    let mut all: Vec<_> = by_worker.values().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let half = all[all.len() / 5 * 3];
    let served = by_worker.values().map(|times| times.iter().filter(|time| **time < half).count());
    let (most, least) = (served.clone().max().unwrap(), served.min().unwrap());
    let window = ask(stand_in.api(), "windows").await[0].clone();
    let calls =
        calls.map_or(String::new(), |calls| format!(", {:.2} script calls a request", calls as f64 / all.len() as f64));
    println!(
        "  {processes:2} processes {name:9} {:5.2} s, after three windows {least} to {most} each, at most {} in a window, {} refused{calls}",
        all[all.len() - 1] - all[0],
        window["peak"],
        window["refused"],
    );
}
