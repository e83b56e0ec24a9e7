//! The account's limits over real sockets, several clients at a time and one after the other.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{StandIn, ask};
use tokio::task::JoinSet;
use wts_session::{Client, ClientBuilder, CompleteOptions, ErrorKind, Event, Observer, Outcome, RateLimit};

fn complete() -> CompleteOptions {
    CompleteOptions::new()
}

fn builder(stand_in: &StandIn, limits: &[RateLimit]) -> ClientBuilder {
    let builder = Client::builder().api_key(stand_in.token()).base_url(stand_in.api());
    let builder = if limits.is_empty() { builder.no_rate_limits() } else { builder.rate_limits(limits) };
    builder.total_timeout(None).max_retries(0)
}

fn limit(requests: u32, millis: u64) -> RateLimit {
    RateLimit { requests, period: Duration::from_millis(millis) }
}

fn ids(name: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{name}-{number}"))
}

fn all_done(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| outcome.result.is_ok())
}

async fn check_windows(stand_in: &StandIn) {
    let windows = ask(stand_in.api(), "windows").await;
    for window in windows.as_array().unwrap() {
        assert_eq!(window["refused"], 0, "{windows}");
        assert!(window["peak"].as_u64() <= window["requests"].as_u64(), "{windows}");
    }
}

#[tokio::test]
async fn four_bulk_calls_with_a_client_each_keep_to_one_budget() {
    let stand_in = StandIn::start(&["--limit", "200/5", "--create-unknown", "--latency", "0..20"]);
    for number in 0..4 {
        let client = builder(&stand_in, &[limit(200, 5000)]).build().unwrap();
        assert!(all_done(&client.complete_sessions(ids(&format!("one-{number}"), 200), complete()).in_order().await));
    }
    check_windows(&stand_in).await;

    let stand_in = StandIn::start(&["--limit", "40/1", "--create-unknown", "--latency", "0..20"]);
    let limits = [limit(40, 1000)];
    let mut at_once = JoinSet::new();
    for number in 0..4 {
        let client = builder(&stand_in, &limits).build().unwrap();
        at_once.spawn(client.complete_sessions(ids(&format!("all-{number}"), 40), complete()).in_order());
    }
    assert!(at_once.join_all().await.iter().all(|outcomes| all_done(outcomes)));
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn clients_that_come_and_go_keep_to_one_budget() {
    let stand_in = StandIn::start(&["--limit", "20/2", "--create-unknown"]);
    for id in ids("short", 60) {
        let client = builder(&stand_in, &[limit(20, 2000)]).build().unwrap();
        client.complete_session(id, complete()).await.unwrap();
    }
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn keys_of_an_account_that_has_a_name_keep_to_one_budget() {
    let stand_in = StandIn::start(&["--limit", "6/2", "--create-unknown"]);
    let of = |key: &str| {
        let builder = builder(&stand_in, &[limit(6, 2000)]).api_key(format!("{}_{key}", stand_in.token()));
        builder.shared_limits_account("two keys").build().unwrap()
    };
    let (one, other) = (of("one"), of("other"));
    for id in ids("named", 12) {
        one.complete_session(&id, complete()).await.unwrap();
        other.complete_session(&id, complete()).await.unwrap();
    }
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn requests_that_arrive_after_their_time_out_are_counted() {
    let stand_in = StandIn::start(&["--limit", "20/2", "--create-unknown", "--arrival-delay", "0..1500"]);
    let builder = builder(&stand_in, &[limit(20, 2000)]).timeout(Duration::from_millis(800));
    let outcomes = builder.build().unwrap().complete_sessions(ids("late", 100), complete()).in_order().await;
    let timed_out = |outcome: &&Outcome| {
        outcome.result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Timeout && error.may_have_been_applied())
    };
    let late = outcomes.iter().filter(timed_out).count();
    assert!(late > 10, "{late} of 100 timed out");
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn a_bulk_call_that_waits_for_the_limits_does_not_lock_out_single_calls_of_its_client() {
    let stand_in = StandIn::start(&["--limit", "40/1", "--create-unknown"]);
    let client = builder(&stand_in, &[limit(40, 1000)]).max_concurrency(8).build().unwrap();
    let bulk = client.complete_sessions(ids("bulk", 100_000), complete());
    for id in ids("single", 20) {
        let begun = Instant::now();
        client.complete_session(id, complete()).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}, of 40 min for all", begun.elapsed());
    }
    drop(bulk);
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn an_observer_hears_once_of_a_long_wait_for_the_limits() {
    // Of 10 slots none is reserved, of 40 two, which a call of many items leaves free while it waits.
    for (requests, items) in [(10, 25), (40, 100)] {
        let stand_in = StandIn::start(&["--limit", &format!("{requests}/2"), "--create-unknown"]);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let observer = Observer::new({
            let heard = Arc::clone(&heard);
            move |event| {
                if let Event::Waiting { wait } = event {
                    heard.lock().unwrap().push(*wait);
                }
            }
        });
        let client = builder(&stand_in, &[limit(requests, 2000)]).observer(observer).build().unwrap();
        assert!(all_done(&client.complete_sessions(ids("waits", items), complete()).in_order().await));
        let heard = heard.lock().unwrap();
        assert!((1..=2).contains(&heard.len()), "{heard:?}, at most one for each of two waits");
        assert!(heard.iter().all(|wait| (1..=2).contains(&wait.as_secs())), "{heard:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_uses_up_nothing() {
    let stand_in = StandIn::start(&["--limit", "off"]);
    let refused = stand_in.addresses["refused"].as_str().unwrap();
    let client = Client::builder().api_key("k").base_url(refused).max_retries(1).build().unwrap();
    let mut calls = JoinSet::new();
    for id in ids("down", 1500) {
        let client = client.clone();
        calls.spawn(async move { client.complete_session(id, complete()).await.unwrap_err() });
    }
    for error in calls.join_all().await {
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    }
}

#[tokio::test]
async fn the_total_limit_is_a_time_out_where_no_limit_of_the_account_is_in_the_way() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown", "--latency", "0..3"]);
    let total = Duration::from_millis(2);
    let client = builder(&stand_in, &[]).total_timeout(total).max_concurrency(2).build().unwrap();
    let mut calls = JoinSet::new();
    for id in ids("short", 500) {
        let client = client.clone();
        calls.spawn(async move { client.complete_session(id, complete()).await });
    }
    let results = calls.join_all().await;
    let errors: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(!errors.is_empty());
    let other = errors.iter().find(|error| error.kind() != ErrorKind::Timeout);
    assert!(other.is_none(), "{other:?}");
}
