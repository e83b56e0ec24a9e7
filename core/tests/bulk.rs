//! Bulk calls: every item that was taken has an outcome, whatever happens.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use common::{StandIn, ask, requests};
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::json;
use wts_session::{
    Bulk, Client, ClientBuilder, CompleteOptions, Event, Item, Observer, Operation, Outcome, SessionStatus,
    UpdateOptions,
};

const OPTIONS: [&str; 3] = ["--limit", "off", "--create-unknown"];

fn builder(stand_in: &StandIn) -> ClientBuilder {
    Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).no_rate_limits().max_retries(0)
}

fn complete() -> CompleteOptions {
    CompleteOptions::new()
}

fn completing() -> Operation {
    Operation::CompleteSession(complete())
}

fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("session-{number}"))
}

fn code(outcome: &Outcome) -> &'static str {
    outcome.result.as_ref().map_or_else(|error| error.code(), |_| "ok")
}

async fn has_arrived(stand_in: &StandIn, session_id: &str) {
    let query = format!("requests?session_id={session_id}&at_least=1&wait_ms=30000");
    assert_eq!(ask(stand_in.api(), &query).await.as_array().unwrap().len(), 1);
}

async fn all_closed(stand_in: &StandIn) {
    let answer = ask(stand_in.api(), "connections?at_most=0&wait_ms=30000").await;
    assert_eq!(answer["open"], 0, "{answer}");
}

/// All outcomes, on a thread without a runtime.
fn drain(bulk: &mut Bulk) -> Vec<Outcome> {
    let mut outcomes: Vec<_> =
        std::iter::repeat_with(|| bulk.wait_many(64)).take_while(|batch| !batch.is_empty()).flatten().collect();
    outcomes.sort_unstable_by_key(|outcome| outcome.index);
    outcomes
}

async fn stalling_session(stand_in: &StandIn, session_id: &str) {
    stand_in.script(session_id, json!([{"raw": [{"stall": true}]}])).await;
}

#[tokio::test]
async fn an_observer_that_panics_costs_no_outcome() {
    let stand_in = StandIn::start(&OPTIONS);
    let observer = Observer::new(|_| panic!("as the test wants it"));
    let client = builder(&stand_in).observer(observer).build().unwrap();
    let outcomes = client.complete_sessions(ids(20), complete()).in_order().await;
    assert_eq!(outcomes.len(), 20);
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{outcomes:?}");
}

#[test]
fn a_runtime_that_ends_ends_the_call_and_every_item_has_an_outcome() {
    let stand_in = StandIn::start(&OPTIONS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = builder(&stand_in).max_concurrency(2).build().unwrap();
    let mut bulk = runtime.block_on(async {
        stalling_session(&stand_in, "stalls").await;
        let bulk = client.bulk(completing());
        for id in ["stalls", ""] {
            bulk.push(Item::complete(id)).unwrap();
        }
        has_arrived(&stand_in, "stalls").await;
        bulk
    });
    drop(runtime);
    bulk.push(Item::complete("late")).unwrap();
    bulk.finish();
    let told: Vec<_> = drain(&mut bulk)
        .iter()
        .map(|outcome| {
            let error = outcome.result.as_ref().unwrap_err();
            (error.code(), error.attempts(), error.may_have_been_applied())
        })
        .collect();
    assert_eq!(told, [("closed", 1, true), ("empty_session_id", 0, false), ("closed", 0, false)]);
}

#[test]
fn every_item_of_a_list_has_an_outcome_where_the_runtime_ends_before_the_call_begins_or_in_its_middle() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).max_concurrency(1).build().unwrap();
    for has_begun in [false, true] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(stalling_session(&stand_in, "list"));
        let inside = runtime.enter();
        let mut bulk = client.complete_sessions(["list", "second", "third"], complete());
        drop(inside);
        if has_begun {
            runtime.block_on(has_arrived(&stand_in, "list"));
        }
        drop(runtime);
        let told: Vec<_> = drain(&mut bulk).iter().map(|outcome| outcome.result.as_ref().unwrap_err().code()).collect();
        assert_eq!(told, ["closed"; 3]);
    }
}

#[tokio::test]
async fn a_stream_that_panics_ends_the_input_and_the_panic_follows_the_last_outcome() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).build().unwrap();
    let items = stream::iter(0..10).map(|number| {
        assert!(number < 5, "as the test wants it");
        Item::complete(format!("session-{number}"))
    });
    let mut bulk = client.bulk_from(completing(), items);
    for _ in 0..5 {
        assert_eq!(code(&bulk.next().await.unwrap()), "ok");
    }
    let end = AssertUnwindSafe(bulk.next()).catch_unwind().await;
    assert!(end.unwrap_err().downcast_ref::<&str>().unwrap().contains("as the test wants it"));
}

#[tokio::test]
async fn a_call_is_driven_whether_or_not_its_outcomes_are_taken() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).max_concurrency(4).build().unwrap();
    let bulk = client.complete_sessions(ids(4), complete());
    for id in ids(4) {
        has_arrived(&stand_in, &id).await;
    }
    assert_eq!(bulk.in_order().await.len(), 4);
}

#[tokio::test]
async fn memory_is_bounded_when_outcomes_are_not_taken() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).max_concurrency(4).build().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let items = stream::iter(ids(1000)).inspect(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let bulk = client.bulk_from(completing(), items.map(Item::complete));
    has_arrived(&stand_in, "session-3").await;
    // Another call goes through meanwhile, so the first one has had its turns.
    assert_eq!(client.complete_sessions(["other"], complete()).in_order().await.len(), 1);
    assert!(taken.load(Ordering::Relaxed) <= 8, "{taken:?} items were taken");
    assert_eq!(bulk.in_order().await.len(), 1000);
}

#[tokio::test]
async fn dropping_a_call_aborts_its_requests() {
    let stand_in = StandIn::start(&OPTIONS);
    stalling_session(&stand_in, "stalls").await;
    let client = builder(&stand_in).build().unwrap();
    let bulk = client.complete_sessions(["stalls"], complete());
    has_arrived(&stand_in, "stalls").await;
    drop(bulk);
    all_closed(&stand_in).await;
}

#[tokio::test]
async fn a_handle_stops_the_call_from_elsewhere() {
    let stand_in = StandIn::start(&OPTIONS);
    stalling_session(&stand_in, "stalls").await;
    let client = builder(&stand_in).max_concurrency(1).build().unwrap();
    let bulk = client.complete_sessions(["stalls", "never"], complete());
    let handle = bulk.handle();
    let outcomes = tokio::spawn(bulk.in_order());
    has_arrived(&stand_in, "stalls").await;
    handle.stop();
    handle.clone().cancel();
    handle.stop();
    let outcomes = outcomes.await.unwrap();
    let told: Vec<_> = outcomes
        .iter()
        .map(|outcome| (code(outcome), outcome.result.as_ref().unwrap_err().may_have_been_applied()))
        .collect();
    assert_eq!(told, [("cancelled", true), ("cancelled", false)]);
    assert!(requests(stand_in.api(), "never").await.is_empty());
}

#[test]
fn outside_a_runtime_a_call_has_a_thread_of_its_own() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).build().unwrap();
    let outcomes = drain(&mut client.complete_sessions(ids(10), complete()));
    assert_eq!(outcomes.iter().map(code).collect::<Vec<_>>(), ["ok"; 10]);
}

#[tokio::test]
async fn a_call_is_a_stream_and_takes_borrowed_ids() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).build().unwrap();
    let owned: Vec<String> = ids(5).collect();
    let borrowed = owned.iter().map(String::as_str);
    let bulk = client.update_session_statuses(borrowed.map(|id| (id, SessionStatus::Hidden)), UpdateOptions::new());
    let mut indexes: Vec<_> = bulk.map(|outcome| outcome.index).collect().await;
    indexes.sort_unstable();
    assert_eq!(indexes, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn an_item_of_the_other_operation_fails_by_itself() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).build().unwrap();
    let items = [Item::complete("a"), Item::update("b", "HIDDEN")];
    let outcomes = client.bulk_from(completing(), stream::iter(items)).in_order().await;
    assert_eq!(outcomes.iter().map(code).collect::<Vec<_>>(), ["ok", "invalid_config"]);
    let error = client.call(completing(), Item::update("b", "HIDDEN")).await.unwrap_err();
    assert_eq!(error.code(), "invalid_config");
    assert!(client.call(completing(), Item::complete("a")).await.is_ok());
}

/// The source gives an item only after the answer of the one before, as a slow source does.
#[test]
fn outcomes_of_a_slow_source_come_between_its_items() {
    let stand_in = StandIn::start(&OPTIONS);
    let (answered, answers) = mpsc::channel();
    let observer = Observer::new(move |event| {
        if matches!(event, Event::Attempt { .. }) {
            answered.send(()).unwrap();
        }
    });
    let client = builder(&stand_in).observer(observer).build_blocking().unwrap();
    let taken = std::cell::Cell::new(0);
    let slow = ids(200).inspect(|_| {
        if taken.replace(taken.get() + 1) > 0 {
            answers.recv_timeout(Duration::from_secs(30)).unwrap();
        }
    });
    let mut outcomes = client.bulk_from(completing(), slow.map(Item::complete));
    outcomes.next().unwrap();
    assert!(taken.get() < 20, "{} items were taken before the first outcome came", taken.get());
    assert_eq!(outcomes.count(), 199);
}

/// Without threads or with few descriptors, which only Unix can be made to refuse.
#[cfg(unix)]
mod scarcity {
    use std::fs::File;
    use std::process::Command;
    use std::time::Duration;

    use nix::sys::resource::{Resource, setrlimit};
    use nix::unistd::{Uid, setuid};

    use wts_session::RateLimit;

    use super::{Client, ClientBuilder, Item, OPTIONS, StandIn, complete, completing, drain, ids};

    const API: &str = "WTS_TEST_API_OF_SCARCITY";

    /// Runs the test of this name again, in a process of its own that knows the address of the API.
    fn run_again(name: &str, api: &str) {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", name, "--test-threads", "1"]).env(API, api);
        let output = again.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    /// From now on this process gets no thread. The limit does not hold for root.
    fn refuse_threads() {
        const NOBODY: Uid = Uid::from_raw(65534);
        if Uid::effective().is_root() {
            setuid(NOBODY).unwrap();
        }
        setrlimit(Resource::RLIMIT_NPROC, 0, 0).unwrap();
    }

    fn assert_all_are_told(api: &str) {
        let builder = || Client::builder().api_key("k").base_url(api).no_rate_limits().max_retries(0);
        let client = builder().build_blocking().unwrap();
        let outcomes = client.complete_sessions(ids(10), complete()).in_order();
        let pushed = client.bulk(completing());
        pushed.push(Item::complete("pushed")).unwrap();
        pushed.finish();
        let mut bulks = [pushed, builder().build().unwrap().complete_sessions(ids(10), complete())];
        for outcome in outcomes.into_iter().chain(bulks.iter_mut().flat_map(drain)) {
            let error = outcome.result.unwrap_err();
            assert_eq!((error.code(), error.attempts(), error.retryable()), ("connection", 0, true));
            assert!(error.to_string().contains("os error"), "{error}");
        }
    }

    /// Of 100 descriptors the program has 60, so that more requests are to be in flight at once than can have a connection.
    fn assert_all_succeed(test: &str, settings: impl FnOnce(ClientBuilder) -> ClientBuilder) {
        if let Ok(api) = std::env::var(API) {
            setrlimit(Resource::RLIMIT_NOFILE, 100, 100).unwrap();
            let _taken: Vec<_> = (0..60).map(|_| File::open("/dev/null").unwrap()).collect();
            let limit = RateLimit::new(1000, Duration::from_secs(1));
            let builder = Client::builder().api_key("k").base_url(&api).rate_limits([limit]).max_retries(0);
            let client = settings(builder).build_blocking().unwrap();
            let outcomes = client.complete_sessions(ids(300), complete()).in_order();
            let failed = outcomes.into_iter().filter_map(|outcome| outcome.result.err()).next();
            assert!(failed.is_none(), "{failed:?}");
        } else {
            let stand_in = StandIn::start(&["--limit", "off", "--create-unknown", "--token", "k", "--latency", "100"]);
            run_again(&format!("scarcity::{test}"), stand_in.api());
        }
    }

    #[test]
    fn without_a_thread_every_item_has_an_outcome_that_says_so() {
        if let Ok(api) = std::env::var(API) {
            refuse_threads();
            assert_all_are_told(&api);
        } else {
            let stand_in = StandIn::start(&OPTIONS);
            run_again("scarcity::without_a_thread_every_item_has_an_outcome_that_says_so", stand_in.api());
        }
    }

    #[test]
    fn with_few_descriptors_no_item_fails_for_want_of_one() {
        assert_all_succeed("with_few_descriptors_no_item_fails_for_want_of_one", |builder| builder);
    }

    #[test]
    fn with_few_descriptors_a_client_made_for_more_waits_too() {
        assert_all_succeed("with_few_descriptors_a_client_made_for_more_waits_too", |builder| {
            builder.max_concurrency(200)
        });
    }
}

#[test]
fn a_panic_of_the_caller_between_outcomes_loses_nothing() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).build_blocking().unwrap();
    let mut outcomes = client.complete_sessions(ids(50), complete());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        outcomes.next().unwrap();
        panic!("as the test wants it");
    }));
    assert!(panicked.is_err());
    assert_eq!(outcomes.count(), 49);
}
