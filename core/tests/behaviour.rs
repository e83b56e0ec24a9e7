//! What one case with one call can't show: connections, limits, many calls, the ends of clients.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{StandIn, ask, requests};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wts_session::{
    Client, ClientBuilder, CompleteOptions, Error, ErrorKind, Event, Item, Observer, Operation, RateLimit,
    SessionStatus, UpdateOptions, blocking,
};

const OPTIONS: [&str; 3] = ["--limit", "off", "--create-unknown"];

fn builder(stand_in: &StandIn) -> ClientBuilder {
    Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).no_rate_limits().max_retries(0)
}

fn complete() -> CompleteOptions {
    CompleteOptions::new()
}

/// Completes `count` sessions at once.
async fn complete_at_once(client: &Client, count: usize) -> Vec<Result<wts_session::Session, Error>> {
    let mut calls = JoinSet::new();
    for number in 0..count {
        let client = client.clone();
        calls.spawn(async move { client.complete_session(format!("session-{number}"), complete()).await });
    }
    calls.join_all().await
}

async fn all_closed(stand_in: &StandIn) {
    let answer = ask(stand_in.api(), "connections?at_most=0&wait_ms=5000").await;
    assert_eq!(answer["open"], 0, "{answer}");
}

async fn has_arrived(stand_in: &StandIn, session_id: &str) {
    let query = format!("requests?session_id={session_id}&at_least=1&wait_ms=5000");
    assert_eq!(ask(stand_in.api(), &query).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn connections_that_died_idle_cost_no_call() {
    let first = StandIn::start(&OPTIONS);
    let port = first.api().rsplit(':').next().unwrap().to_owned();
    let client = builder(&first).build().unwrap();
    let blocking = thread::spawn({
        let builder = builder(&first);
        move || {
            let client = builder.build_blocking().unwrap();
            client.complete_session("blocking", complete()).unwrap();
            client
        }
    });
    assert!(complete_at_once(&client, 20).await.iter().all(Result::is_ok));
    let blocking = blocking.join().unwrap();
    drop(first);
    let second = StandIn::start(&["--port", &port, "--limit", "off", "--create-unknown"]);
    assert!(complete_at_once(&client, 20).await.iter().all(Result::is_ok));
    thread::spawn(move || blocking.complete_session("blocking", complete()).unwrap()).join().unwrap();
    assert_eq!(ask(second.api(), "requests").await.as_array().unwrap().len(), 21);
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("stalls", json!([{"raw": [{"stall": true}]}])).await;
    let client = builder(&stand_in).build().unwrap();
    let call = tokio::spawn(async move { client.complete_session("stalls", complete()).await });
    has_arrived(&stand_in, "stalls").await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    all_closed(&stand_in).await;
}

#[tokio::test]
async fn an_interrupted_blocking_call_closes_its_connection_at_once() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("stalls", json!([{"raw": [{"stall": true}]}])).await;
    let builder = builder(&stand_in).total_timeout(None);
    let (interrupt, interrupted) = mpsc::channel::<()>();
    let call = thread::spawn(move || {
        let client = builder.build_blocking().unwrap();
        let inner = client.as_async().clone();
        let future = async move { inner.complete_session("stalls", complete()).await };
        let check = move || interrupted.try_recv().map_or(Ok(()), |()| Err("interrupted"));
        let outcome = client.run_unless(future, Duration::from_millis(20), check);
        assert_eq!(outcome.unwrap_err(), "interrupted");
        client
    });
    has_arrived(&stand_in, "stalls").await;
    interrupt.send(()).unwrap();
    let _client = tokio::task::spawn_blocking(|| call.join().unwrap()).await.unwrap();
    all_closed(&stand_in).await;
}

#[tokio::test]
async fn a_blocking_call_is_cancelled_by_a_wish_and_tells_what_may_have_been_applied() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("stalls", json!([{"raw": [{"stall": true}]}])).await;
    let builder = builder(&stand_in).total_timeout(None);
    let (wish, wished) = tokio::sync::oneshot::channel::<()>();
    let call = tokio::task::spawn_blocking(|| {
        let (client, progress) = (builder.build_blocking().unwrap(), Arc::default());
        let (operation, item) = (Operation::CompleteSession(complete()), Item::complete("stalls"));
        let wish = async { wished.await.unwrap() };
        let error = client.wait(client.as_async().call_unless(operation, item, wish, &progress)).unwrap_err();
        assert_eq!((error.code(), error.attempts(), error.may_have_been_applied()), ("cancelled", 1, true));
        client
    });
    has_arrived(&stand_in, "stalls").await;
    wish.send(()).unwrap();
    let _client = call.await.unwrap();
    all_closed(&stand_in).await;
}

#[tokio::test]
async fn a_blocking_bulk_is_cancelled_by_a_wish() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("stalls", json!([{"raw": [{"stall": true}]}])).await;
    let builder = builder(&stand_in).max_concurrency(1);
    let (wish, wished) = tokio::sync::oneshot::channel::<()>();
    let outcomes = tokio::task::spawn_blocking(|| {
        let client = builder.build_blocking().unwrap();
        let mut outcomes = client.complete_sessions(["stalls", "never"], complete());
        outcomes.bulk().cancel_when(async { wished.await.unwrap() });
        let error = |it: wts_session::Outcome| it.result.unwrap_err();
        outcomes.map(error).map(|error| (error.code(), error.may_have_been_applied())).collect::<Vec<_>>()
    });
    has_arrived(&stand_in, "stalls").await;
    wish.send(()).unwrap();
    assert_eq!(outcomes.await.unwrap(), [("cancelled", true), ("cancelled", false)]);
    assert_eq!(requests(stand_in.api(), "never").await.len(), 0);
}

#[tokio::test]
async fn a_timed_out_blocking_call_closes_its_connection_at_once() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("stalls", json!([{"raw": [{"stall": true}]}])).await;
    let builder = builder(&stand_in).timeout(Duration::from_millis(200));
    let call = tokio::task::spawn_blocking(move || {
        let client = builder.build_blocking().unwrap();
        assert_eq!(client.complete_session("stalls", complete()).unwrap_err().kind(), ErrorKind::Timeout);
        client
    });
    let _client = call.await.unwrap();
    all_closed(&stand_in).await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let stand_in = StandIn::start(&OPTIONS);
    let target = stand_in.addresses["redirect_target"].as_str().unwrap();
    let steps: Vec<Value> =
        [301, 302, 303, 307, 308].map(|status| json!({"status": status, "headers": [["Location", target]]})).to_vec();
    stand_in.script("moved", Value::from(steps)).await;
    let client = builder(&stand_in).build().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let error = client.complete_session("moved", complete()).await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::UnexpectedResponse, Some(status)));
    }
    assert_eq!(ask(stand_in.api(), "connections").await["redirect_target"], 0);
}

#[tokio::test]
async fn five_thousand_calls_at_once_settle_over_few_sockets() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).total_timeout(None).max_concurrency(32).build().unwrap();
    assert!(complete_at_once(&client, 5000).await.iter().all(Result::is_ok));
    let connections = ask(stand_in.api(), "connections").await;
    assert!(connections["peak"].as_u64().unwrap() <= 33, "{connections}, one of them our own question");
    drop(client);
    all_closed(&stand_in).await;
}

#[tokio::test]
async fn a_failing_server_gets_no_storm() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("fails", Value::from(vec![json!({"status": 503, "text": "busy"}); 20_000])).await;
    let client = builder(&stand_in).max_retries(3).total_timeout(None).build().unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..5000 {
        let client = client.clone();
        calls.spawn(async move { client.complete_session("fails", complete()).await.unwrap_err().attempts() });
    }
    let attempts = calls.join_all().await;
    let sent = requests(stand_in.api(), "fails").await.len();
    assert_eq!(sent, attempts.iter().sum::<u32>() as usize);
    assert!((5001..=5500).contains(&sent), "{sent} requests");
}

#[tokio::test]
async fn the_server_sees_no_more_than_the_limits_however_the_network_delays() {
    let arguments = ["--limit", "50/0.5", "--limit", "100/2", "--arrival-delay", "0..150", "--latency", "0..50"];
    let stand_in = StandIn::start(&[&arguments[..], &["--create-unknown"]].concat());
    let limits = [(50, 500), (100, 2000)]
        .map(|(requests, millis)| RateLimit { requests, period: Duration::from_millis(millis) });
    let builder = builder(&stand_in).rate_limits(limits).total_timeout(None);
    let (first, second) = (builder.clone().build().unwrap(), builder.build().unwrap());
    let start = Instant::now();
    let (one, other) = tokio::join!(complete_at_once(&first, 150), complete_at_once(&second, 150));
    assert!(one.iter().chain(&other).all(Result::is_ok));
    let windows = ask(stand_in.api(), "windows").await;
    for window in windows.as_array().unwrap() {
        assert_eq!(window["refused"], 0, "{windows}");
        assert!(window["peak"].as_u64() <= window["requests"].as_u64(), "{windows}");
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}, of which the limits take 4.0", start.elapsed());
}

#[tokio::test]
async fn a_429_holds_back_every_client_of_the_account() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("limited", json!([{"status": 429, "headers": [["Retry-After", "1"]]}])).await;
    let (first, second) = (builder(&stand_in).build().unwrap(), builder(&stand_in).build().unwrap());
    let start = Instant::now();
    let error = first.complete_session("limited", complete()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(1))));
    second.complete_session("other", complete()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_closed_client_sends_nothing_more() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("slow", json!([{"held": true, "status": 200}])).await;
    let client = builder(&stand_in).max_concurrency(1).build().unwrap();
    let call = |id: &'static str| {
        let client = client.clone();
        tokio::spawn(async move { client.complete_session(id, complete()).await })
    };
    let under_way = call("slow");
    has_arrived(&stand_in, "slow").await;
    let waiting = call("waiting");
    client.close();
    for error in [waiting.await.unwrap().unwrap_err(), client.complete_session("late", complete()).await.unwrap_err()] {
        assert_eq!((error.kind(), error.attempts(), error.may_have_been_applied()), (ErrorKind::Closed, 0, false));
    }
    stand_in.release("slow").await;
    assert!(under_way.await.unwrap().is_ok());
    assert_eq!(ask(stand_in.api(), "requests").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_blocking_client_works_and_ends_inside_a_runtime() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).build_blocking().unwrap();
    let session = client.update_session_status("inside", SessionStatus::Hidden, UpdateOptions::new()).unwrap();
    assert_eq!(session.status(), Some(SessionStatus::Hidden));
    assert_eq!(client.complete_sessions(["a", "b"], complete()).count(), 2);
}

#[tokio::test]
async fn bulk_calls_open_no_more_sockets_than_they_may() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).max_concurrency(8).build().unwrap();
    let outcomes = client.complete_sessions((0..2000).map(|it| it.to_string()), complete()).in_order().await;
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
    let connections = ask(stand_in.api(), "connections").await;
    assert!(connections["peak"].as_u64().unwrap() <= 9, "{connections}, one of them our own question");
}

#[test]
fn many_threads_share_a_blocking_client_and_its_few_sockets() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).max_concurrency(8).build_blocking().unwrap();
    thread::scope(|scope| {
        for thread in 0..64 {
            let client = &client;
            scope.spawn(move || {
                for call in 0..25 {
                    let id = format!("thread-{thread}-{call}");
                    let session = client.complete_session(&id, complete()).unwrap();
                    assert_eq!(session.get("sessionId").unwrap(), format!("\"{id}\""));
                }
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connections = runtime.block_on(ask(stand_in.api(), "connections"));
    assert!(connections["peak"].as_u64().unwrap() <= 9, "{connections}, one of them our own question");
}

#[test]
fn an_observer_may_make_a_blocking_call_where_many_threads_wait() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = Arc::new(OnceLock::<blocking::Client>::new());
    let (in_background, observed) = (Arc::new(AtomicBool::new(false)), Arc::clone(&client));
    let (done, is_first) = (Arc::clone(&in_background), AtomicBool::new(true));
    let observer = Observer::new(move |_| {
        if thread::current().name() == Some("wts-session") && is_first.swap(false, Ordering::Relaxed) {
            observed.get().unwrap().complete_session("inner", complete()).unwrap();
            done.store(true, Ordering::Relaxed);
        }
    });
    let made = builder(&stand_in).observer(observer).build_blocking().unwrap();
    client.set(made).unwrap();
    let (ended, all_ended) = mpsc::channel();
    for thread in 0..8 {
        let (client, in_background, ended) = (Arc::clone(&client), Arc::clone(&in_background), ended.clone());
        thread::spawn(move || {
            while !in_background.load(Ordering::Relaxed) {
                client.get().unwrap().complete_session(format!("thread-{thread}"), complete()).unwrap();
            }
            ended.send(()).unwrap();
        });
    }
    for _ in 0..8 {
        all_ended.recv_timeout(Duration::from_secs(30)).expect("no thread waits for itself");
    }
}

/// The first call is driven by its own thread, the second by the client's, the third by another.
#[tokio::test]
async fn an_observer_may_make_calls_that_it_observes_as_well() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = Arc::new(OnceLock::<blocking::Client>::new());
    let observed = Arc::clone(&client);
    let observer = Observer::new(move |event| {
        let Event::Attempt { session_id, .. } = event else { return };
        let next = match *session_id {
            "first" => "second",
            "second" => "third",
            _ => return,
        };
        observed.get().unwrap().complete_session(next, complete()).unwrap();
    });
    client.set(builder(&stand_in).observer(observer).build_blocking().unwrap()).unwrap();
    let (ended, has_ended) = mpsc::channel();
    thread::spawn(move || {
        let client = client.get().unwrap();
        client.complete_session("first", complete()).unwrap();
        client.wait(async { client.complete_session("in wait", complete()) }).unwrap();
        client
            .wait(async { client.wait(async { client.as_async().complete_session("twice", complete()).await }) })
            .unwrap();
        ended.send(()).unwrap();
    });
    has_ended.recv_timeout(Duration::from_secs(30)).expect("no call waits for itself");
    let sent = ask(stand_in.api(), "requests").await;
    let ids: Vec<_> = sent.as_array().unwrap().iter().map(|request| &request["session_id"]).collect();
    assert_eq!(ids, ["first", "second", "third", "in wait", "twice"]);
}

#[tokio::test]
async fn a_name_with_a_dead_address_works_over_the_other() {
    let stand_in = StandIn::start(&OPTIONS);
    let by_name = stand_in.api().replace("127.0.0.1", "localhost");
    let client = builder(&stand_in).base_url(by_name).build().unwrap();
    client.complete_session("by-name", complete()).await.unwrap();
}

/// A port that takes no connection and refuses none: its queue of connections that nobody accepts is full.
fn silent_port() -> (tokio::net::TcpListener, Vec<TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let queue = std::iter::from_fn(|| TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok()).collect();
    (listener, queue)
}

#[tokio::test]
async fn an_address_that_never_answers_is_a_time_out_and_nothing_was_sent() {
    let (listener, _queue) = silent_port();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let builder = Client::builder().api_key("pn_CANARY").base_url(base_url).timeout(Duration::from_millis(400));
    let error = builder.max_retries(1).build().unwrap().complete_session("s", complete()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 2), "{error}");
    assert!(error.retryable() && !error.may_have_been_applied());
}

/// The settings of proxies are the environment's, so this one starts itself again with them.
#[test]
fn https_goes_through_the_proxy_of_the_environment_and_the_key_does_not_show() {
    const INNER: &str = "WTS_TEST_INSIDE_A_PROXY";
    if std::env::var_os(INNER).is_some() {
        let builder = Client::builder().api_key("pn_CANARY").base_url("https://api.example").max_retries(0);
        let error = builder.build_blocking().unwrap().complete_session("s", complete()).unwrap_err();
        assert_eq!((error.kind(), error.may_have_been_applied()), (ErrorKind::Connection, false));
        return;
    }
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut inner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "https_goes_through_the_proxy_of_the_environment_and_the_key_does_not_show"])
        .env(INNER, "1")
        .env("HTTPS_PROXY", format!("http://{}", proxy.local_addr().unwrap()))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .spawn()
        .unwrap();
    let (connection, _) = proxy.accept().unwrap();
    let head: Vec<_> =
        BufReader::new(connection).lines().map_while(Result::ok).take_while(|it| !it.is_empty()).collect();
    assert_eq!(head[0], "CONNECT api.example:443 HTTP/1.1");
    assert!(!head.join("\n").contains("CANARY"), "{head:?}");
    assert!(inner.wait().unwrap().success());
}

#[tokio::test]
async fn bulk_outcomes_are_all_there_in_order() {
    let stand_in = StandIn::start(&OPTIONS);
    let refusal = json!({"status": 500, "body_file": "error-refused-as-500.json"});
    stand_in.script("refused", json!([refusal, refusal])).await;
    stand_in.script("reset", json!([{"raw": [{"reset": true}]}])).await;
    stand_in.script("busy", json!([{"status": 503}, {"status": 503}])).await;
    stand_in.script("blank", json!([{"status": 204}])).await;
    let ids = ["a", "refused", "", "reset", "b", "..", "busy", "a", "blank", "refused"];
    let client = builder(&stand_in).max_retries(3).build().unwrap();
    let outcomes = client.complete_sessions(ids, complete()).in_order().await;
    let told: Vec<_> = outcomes
        .iter()
        .map(|it| (it.index, it.session_id.as_str(), it.result.as_ref().map_or_else(|error| error.code(), |_| "ok")))
        .collect();
    let codes = ["ok", "refused", "empty_session_id", "ok", "ok", "invalid_session_id", "ok", "ok", "ok", "refused"];
    assert_eq!(told, ids.into_iter().zip(codes).enumerate().map(|(at, (id, code))| (at, id, code)).collect::<Vec<_>>());
    assert_eq!(requests(stand_in.api(), "a").await.len(), 2, "duplicates are separate items");
    assert_eq!(requests(stand_in.api(), "busy").await.len(), 3);

    let updates = [Item::update("a", "Hidden"), Item::update("b", "UNDEFINED"), Item::update("c", "")];
    let operation = Operation::UpdateSessionStatus(UpdateOptions::new());
    let outcomes = client.bulk_from(operation, futures_util::stream::iter(updates)).in_order().await;
    let codes: Vec<_> =
        outcomes.iter().map(|it| it.result.as_ref().map_or_else(|error| error.code(), |_| "ok")).collect();
    assert_eq!(codes, ["ok", "invalid_status", "missing_fields"]);
}

#[tokio::test]
async fn a_cancelled_bulk_tells_what_may_have_been_applied() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("stalls", json!([{"raw": [{"stall": true}]}])).await;
    let client = builder(&stand_in).max_concurrency(1).build().unwrap();
    let mut bulk = client.complete_sessions(["done", "stalls", "never", ""], complete());
    assert!(bulk.next().await.unwrap().result.is_ok());
    tokio::select! {
        outcome = bulk.next() => panic!("{outcome:?}"),
        () = has_arrived(&stand_in, "stalls") => bulk.cancel(),
    }
    let rest: Vec<_> = bulk
        .in_order()
        .await
        .into_iter()
        .map(|it| {
            let error = it.result.unwrap_err();
            (it.index, error.code(), error.attempts(), error.may_have_been_applied())
        })
        .collect();
    assert_eq!(rest, [(1, "cancelled", 1, true), (2, "cancelled", 0, false), (3, "empty_session_id", 0, false)]);
    all_closed(&stand_in).await;
    assert_eq!(requests(stand_in.api(), "never").await.len(), 0);
}

#[tokio::test]
async fn a_stopped_bulk_awaits_what_has_left_and_sends_nothing_more() {
    let stand_in = StandIn::start(&OPTIONS);
    stand_in.script("late", json!([{"held": true, "status": 204}])).await;
    stand_in.script("fails late", json!([{"held": true, "status": 503}])).await;
    stand_in.script("waits", json!([{"status": 503, "headers": [["Retry-After", "300"]]}])).await;
    let (sender, mut retries) = tokio::sync::mpsc::unbounded_channel();
    let observer = Observer::new(move |event| {
        if matches!(event, Event::Retry { .. }) {
            sender.send(()).unwrap();
        }
    });
    let client = builder(&stand_in).max_concurrency(3).max_retries(3).observer(observer).build().unwrap();
    let mut bulk = client.complete_sessions(["late", "fails late", "waits", "never"], complete());
    tokio::select! {
        outcome = bulk.next() => panic!("{outcome:?}"),
        () = async {
            has_arrived(&stand_in, "late").await;
            has_arrived(&stand_in, "fails late").await;
            retries.recv().await.unwrap();
        } => bulk.stop(),
    }
    stand_in.release("late").await;
    stand_in.release("fails late").await;
    let outcome = |result: Result<_, Error>| match result {
        Ok(_) => ("ok", 1, false),
        Err(error) => (error.code(), error.attempts(), error.may_have_been_applied()),
    };
    let rest: Vec<_> = bulk.in_order().await.into_iter().map(|it| outcome(it.result)).collect();
    let expected = [("ok", 1, false), ("server_error", 1, true), ("cancelled", 1, true), ("cancelled", 0, false)];
    assert_eq!(rest, expected);
    assert_eq!(requests(stand_in.api(), "fails late").await.len(), 1);
    assert_eq!(requests(stand_in.api(), "never").await.len(), 0);
}

#[test]
fn a_blocking_bulk_takes_an_endless_input_as_it_has_room() {
    let stand_in = StandIn::start(&OPTIONS);
    let client = builder(&stand_in).max_concurrency(4).build_blocking().unwrap();
    let taken = std::cell::Cell::new(0);
    let endless = std::iter::from_fn(|| {
        taken.set(taken.get() + 1);
        Some(Item::complete(format!("session-{}", taken.get())))
    });
    let outcomes = client.bulk_from(Operation::CompleteSession(complete()), endless);
    let seen: HashSet<_> = outcomes.take(100).map(|it| it.result.unwrap().into_json()).collect();
    assert_eq!(seen.len(), 100);
    assert!(taken.get() <= 100 + 4 * 4, "{} were taken", taken.get());
}

#[tokio::test]
async fn requests_go_on_while_the_outcomes_wait_to_be_taken() {
    let stand_in = StandIn::start(&OPTIONS);
    let builder = builder(&stand_in).max_concurrency(3).timeout(Duration::from_secs(2));
    for id in ["0", "1", "2"] {
        stand_in.script(id, json!([{"delay_ms": 100, "status": 200}])).await;
    }
    let outcomes = tokio::task::spawn_blocking(move || {
        let client = builder.build_blocking().unwrap();
        let mut outcomes = client.complete_sessions((0..9).map(|it| it.to_string()), complete());
        let first = outcomes.next().unwrap();
        thread::sleep(Duration::from_secs(3)); // longer than any of the requests under way may take
        [first].into_iter().chain(outcomes).map(|it| it.result.map(|_| ())).collect::<Vec<_>>()
    });
    let outcomes = outcomes.await.unwrap();
    assert_eq!(outcomes.len(), 9);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[tokio::test]
async fn an_observer_hears_of_attempts_retries_and_pauses() {
    let stand_in = StandIn::start(&OPTIONS);
    let limited = json!({"status": 429, "headers": [["Retry-After", "0"]]});
    stand_in.script("told", json!([{"status": 503}, limited, {"status": 502}, {"pass": true}])).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let observer = {
        let heard = Arc::clone(&heard);
        Observer::new(move |event| {
            heard.lock().unwrap().push(match event {
                Event::Attempt { operation, session_id, attempt, http_status, error, .. } => {
                    format!("{operation} {session_id} {attempt} {http_status:?} {:?}", error.map(ErrorKind::code))
                }
                Event::Retry { session_id, attempt, error, .. } => {
                    format!("retry {session_id} {attempt} {}", error.code())
                }
                event => format!("{event:?}"),
            });
        })
    };
    let client = builder(&stand_in).max_retries(3).observer(observer).build().unwrap();
    client.complete_session("told", complete()).await.unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "complete_session told 1 Some(503) Some(\"server_error\")",
            "retry told 1 server_error",
            "Pause { wait: 0ns }",
            "complete_session told 2 Some(429) Some(\"rate_limited\")",
            "retry told 2 rate_limited",
            "complete_session told 3 Some(502) Some(\"server_error\")",
            "retry told 3 server_error",
            "complete_session told 4 Some(200) None",
        ]
    );
}

#[test]
fn the_examples_run() {
    let stand_in = StandIn::start(&[]);
    let run = |name: &str, arguments: &[&str]| {
        let program = std::env::current_exe().unwrap().parent().unwrap().join("../examples").join(name);
        let mut example = Command::new(program);
        example.args(arguments).env("WTS_API_KEY", stand_in.token()).env("WTS_BASE_URL", stand_in.api());
        let output = example.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let told = run("readme", &[]);
    assert!(told.contains("\"status\":\"IN_PROGRESS\"") && told.contains("session_23456: Ok"), "{told}");
    let told = run("demo", &["session_12345", "session_34567"]);
    for part in ["\"sessionId\":\"session_34567\"", "-> empty_session_id: ", "-> invalid_status: ", "-> not_found: "] {
        assert!(told.contains(part), "{told}");
    }
}
