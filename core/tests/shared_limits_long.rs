//! Shared limits under the API's own, for longer than the longest window, and a ledger that is gone for a minute:
//! `make test-shared-long`.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test
#![allow(clippy::print_stdout)] // figures to look at
#![allow(dead_code)] // no test program uses all of the helpers

mod common;
mod shared;

use std::time::{Duration, Instant};

use common::StandIn;
use shared::servers::Server;
use shared::workers::{Place, arrivals, await_arrivals, check_windows, total};

/// The first 1,000 are sent within the first rest and 20 s, the next 1,000 as their slots come free.
#[tokio::test]
async fn two_thousand_requests_keep_to_the_api_s_limits() {
    let server = Server::start(&[]);
    let stand_in = StandIn::start(&["--create-unknown", "--latency", "0..100"]);
    let mut workers = Place::new(&stand_in, &server.url(), &["--reserve", "0"]).start_all(8, 250);
    let start = Instant::now();
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    println!("2,000 requests of 8 processes in {:.1} s", start.elapsed().as_secs_f64());
    check_windows(&stand_in).await;
    let served: Vec<_> = arrivals(&stand_in).await.into_values().map(|times| times.len()).collect();
    assert_eq!(served, [250; 8]);
}

#[tokio::test]
async fn an_eighth_of_the_limits_each_works_on_for_a_minute() {
    let mut server = Server::start(&[]);
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "200/5", "--latency", "0..100"]);
    let arguments = ["--limit", "200/5", "--reserve", "0", "--share", "0.125"];
    let mut workers = Place::new(&stand_in, &server.url(), &arguments).start_all(8, 500);
    await_arrivals(&stand_in, 300, Duration::from_secs(60)).await;
    server.kill();
    let before = total(&stand_in).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let sent = total(&stand_in).await - before;
    println!("{sent} requests in a minute without the ledger; 2,200 would be the most");
    assert!(sent > 1000, "{sent}");
    server.start_again();
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
}
