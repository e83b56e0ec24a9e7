//! Connections that die, hang, refuse or run out, each against a server made for it.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{StandIn, ask};
use serde_json::json;
use socket2::SockRef;
use tokio::task::JoinSet;
use wts_session::{Client, ClientBuilder, CompleteOptions, Error, ErrorKind, Observer};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

fn complete() -> CompleteOptions {
    CompleteOptions::new()
}

/// A server whose connections each meet with `fate`, which is told the number of the connection, from 0.
struct Server {
    base_url: String,
    /// How many requests were read.
    requests: Arc<AtomicUsize>,
    open: Arc<Open>,
}

#[derive(Default)]
struct Open {
    now: AtomicUsize,
    peak: AtomicUsize,
}

struct Peer {
    stream: BufReader<TcpStream>,
    requests: Arc<AtomicUsize>,
    open: Arc<Open>,
    has_left: bool,
}

impl Server {
    fn start(fate: impl Fn(usize, &mut Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, open, fate) = (Arc::<AtomicUsize>::default(), Arc::<Open>::default(), Arc::new(fate));
        let server = Self { base_url, requests: Arc::clone(&requests), open: Arc::clone(&open) };
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let stream = BufReader::new(stream.unwrap());
                let (requests, open, fate) = (Arc::clone(&requests), Arc::clone(&open), Arc::clone(&fate));
                let now = open.now.fetch_add(1, Ordering::SeqCst) + 1;
                open.peak.fetch_max(now, Ordering::SeqCst);
                thread::spawn(move || fate(number, &mut Peer { stream, requests, open, has_left: false }));
            }
        });
        server
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder().api_key("pn_test").base_url(&self.base_url).no_rate_limits().max_retries(0)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Peer {
    /// Reads a request to its end; false when the client has gone.
    fn read(&mut self) -> bool {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if !matches!(self.stream.read_line(&mut line), Ok(1..)) {
                return false;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let whole = self.stream.read_exact(&mut vec![0; length]).is_ok();
        self.requests.fetch_add(usize::from(whole), Ordering::SeqCst);
        whole
    }

    fn answer(&mut self) {
        // A client that has gone is no fault of the server.
        let _ = self.stream.get_mut().write_all(ANSWER);
    }

    /// Answers, and is about to close: it no longer counts as open.
    fn answer_and_leave(&mut self) {
        self.leave();
        self.answer();
    }

    fn leave(&mut self) {
        if !std::mem::replace(&mut self.has_left, true) {
            self.open.now.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn answer_all(&mut self) {
        while self.read() {
            self.answer();
        }
    }

    /// Lets the close be a reset.
    fn reset(&mut self) {
        SockRef::from(self.stream.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn stay_silent(&mut self) {
        let _ = self.stream.read_to_end(&mut Vec::new());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.leave();
    }
}

async fn at_once(client: &Client, count: usize) -> Vec<Error> {
    let mut calls = JoinSet::new();
    for number in 0..count {
        let client = client.clone();
        calls.spawn(async move { client.complete_session(number.to_string(), complete()).await });
    }
    calls.join_all().await.into_iter().filter_map(Result::err).collect()
}

/// Waits until `count` requests have been read at once, so that as many connections are open.
fn meet(count: usize) -> impl Fn() {
    let barrier = std::sync::Barrier::new(count);
    move || {
        barrier.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_read_twice_at_most_where_all_warm_connections_are_reset() {
    let all_warm = meet(64);
    let server = Server::start(move |number, peer| {
        if number < 64 && peer.read() {
            all_warm();
            peer.answer();
        }
        peer.read();
        peer.reset();
    });
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&attempts);
    let observer = Observer::new(move |event| events.lock().unwrap().push(event.to_string()));
    let client = server.builder().observer(observer).build().unwrap();
    assert!(at_once(&client, 64).await.is_empty());
    attempts.lock().unwrap().clear();
    let error = client.complete_session("s", complete()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.may_have_been_applied()), (ErrorKind::Connection, 2, true));
    assert_eq!(server.requests(), 66);
    assert_eq!(attempts.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_replaced_request_may_have_done_is_not_forgotten() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        let (requests, open) = (Arc::<AtomicUsize>::default(), Arc::<Open>::default());
        open.now.fetch_add(1, Ordering::SeqCst);
        let mut peer = Peer { stream: BufReader::new(stream), requests, open, has_left: false };
        assert!(peer.read());
        peer.answer();
        assert!(peer.read());
        drop(listener);
        peer.reset();
    });
    let client = Client::builder().api_key("pn_test").base_url(base_url).max_retries(0).build().unwrap();
    client.complete_session("first", complete()).await.unwrap();
    let error = client.complete_session("second", complete()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.may_have_been_applied()), (ErrorKind::Connection, 2, true));
    server.join().unwrap();
}

#[tokio::test]
async fn a_server_that_resets_each_second_request_is_soon_asked_over_new_connections() {
    let server = Server::start(|_, peer| {
        if peer.read() {
            peer.answer();
            peer.read();
            peer.reset();
        }
    });
    let client = server.builder().build().unwrap();
    for number in 0..200 {
        client.complete_session(number.to_string(), complete()).await.unwrap();
    }
    assert!((210..=240).contains(&server.requests()), "{} requests", server.requests());
}

async fn closing_after_each_answer(calls_at_once: usize) {
    let server = Server::start(|_, peer| {
        if peer.read() {
            peer.answer_and_leave();
        }
    });
    let client = server.builder().build().unwrap();
    let mut workers = JoinSet::new();
    for _ in 0..calls_at_once {
        let client = client.clone();
        workers.spawn(async move {
            for number in 0..200 {
                client.complete_session(number.to_string(), complete()).await.unwrap();
            }
        });
    }
    workers.join_all().await;
    let peak = server.open.peak.load(Ordering::SeqCst);
    assert!(peak <= calls_at_once, "{peak} connections for {calls_at_once} calls");
    assert_eq!(server.requests(), calls_at_once * 200);
}

#[tokio::test]
async fn no_call_fails_where_the_server_closes_after_each_answer() {
    closing_after_each_answer(8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_are_used_again_on_many_threads() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    let client = builder(&stand_in).max_concurrency(8).total_timeout(None).build().unwrap();
    assert!(at_once(&client, 2000).await.is_empty());
    let connections = ask(stand_in.api(), "connections").await;
    assert!(connections["opened"].as_u64().unwrap() < 200, "{connections}");
}

#[tokio::test]
async fn after_a_time_out_on_a_used_connection_the_next_attempt_takes_a_new_one() {
    let all_warm = meet(64);
    let server = Server::start(move |number, peer| {
        if number < 64 {
            peer.read();
            all_warm();
            peer.answer();
            peer.stay_silent();
        } else {
            peer.answer_all();
        }
    });
    let client = server.builder().max_retries(1).timeout(Duration::from_secs(2)).build().unwrap();
    assert!(at_once(&client, 64).await.is_empty());
    client.complete_session("s", complete()).await.unwrap();
    client.complete_session("t", complete()).await.unwrap();
    assert_eq!(server.requests(), 66, "silent connections read nothing more");
}

#[test]
fn a_client_is_used_on_many_runtimes_one_after_another_and_at_once() {
    let server = Server::start(|_, peer| peer.answer_all());
    let client = server.builder().build().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        for number in 0..3 {
                            client.complete_session(number.to_string(), complete()).await.unwrap();
                        }
                    });
                }
            });
        }
    });
    assert_eq!(server.requests(), 600);
}

async fn all_closed(stand_in: &StandIn) {
    let answer = ask(stand_in.api(), "connections?at_most=0&wait_ms=5000").await;
    assert_eq!(answer["open"], 0, "{answer}");
}

fn builder(stand_in: &StandIn) -> ClientBuilder {
    Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).no_rate_limits().max_retries(0)
}

#[tokio::test]
async fn close_closes_idle_connections_at_once() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    let client = builder(&stand_in).build().unwrap();
    assert!(at_once(&client, 20).await.is_empty());
    client.close();
    all_closed(&stand_in).await;

    let builder = builder(&stand_in);
    let client = tokio::task::spawn_blocking(move || {
        let client = builder.build_blocking().unwrap();
        client.complete_session("single", complete()).unwrap();
        let ids = (0..100).map(|number| number.to_string());
        assert!(client.complete_sessions(ids, complete()).all(|outcome| outcome.result.is_ok()));
        client.close();
        client
    });
    let _client = client.await.unwrap();
    all_closed(&stand_in).await;
}

#[tokio::test]
async fn the_date_of_retry_after_is_read_against_the_date_of_the_answer() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    for (id, date, retry_after) in [
        ("behind", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"),
        ("ahead", "Fri, 01 Jan 2100 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:01 GMT"),
    ] {
        let headers = json!([["Date", date], ["Retry-After", retry_after]]);
        stand_in.script(id, json!([{"status": 503, "headers": headers}])).await;
        let client = builder(&stand_in).max_retries(1).build().unwrap();
        let start = std::time::Instant::now();
        client.complete_session(id, complete()).await.unwrap();
        assert!((1..30).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    }
}

/// Runs the test `name` of this program in a process of its own, with these variables; true there.
fn in_own_process(name: &str, variables: &[(&str, &str)]) -> bool {
    const INNER: &str = "WTS_TEST_IN_OWN_PROCESS";
    if env::var_os(INNER).is_some() {
        return true;
    }
    let mut inner = Command::new(env::current_exe().unwrap());
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ] {
        inner.env_remove(name);
    }
    let inner = inner.args(["--exact", name, "--nocapture"]).env(INNER, "1").envs(variables.iter().copied());
    assert!(inner.status().unwrap().success(), "{variables:?}");
    false
}

/// A proxy that answers to each CONNECT with the first line `status`, or never; it counts them.
fn proxy(status: Option<&'static str>) -> Server {
    Server::start(move |_, peer| {
        peer.read();
        match status {
            Some(status) => drop(write!(peer.stream.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")),
            None => peer.stay_silent(),
        }
    })
}

fn through_a_proxy(retries: u32) -> Error {
    let builder = Client::builder().api_key("pn_test").base_url("https://api.example").max_retries(retries);
    let client = builder.timeout(Duration::from_secs(2)).build_blocking().unwrap();
    client.complete_session("s", complete()).unwrap_err()
}

#[test]
fn proxies_that_refuse_are_named_and_asked_once() {
    const NAME: &str = "proxies_that_refuse_are_named_and_asked_once";
    for (status, lasting) in [("407 Who", true), ("403 No", true), ("502 Bad", false), ("503 Busy", false)] {
        let server = proxy(Some(status));
        let variables = [("HTTPS_PROXY", &*server.base_url), ("STATUS", &status[..3])];
        if in_own_process(NAME, &variables) {
            let error = through_a_proxy(1);
            let status = env::var("STATUS").unwrap();
            let is_lasting = status.starts_with('4');
            assert!(error.to_string().contains(&format!("HTTP {status}")), "{error}");
            assert!(error.to_string().contains("proxy 127.0.0.1:"), "{error}");
            let facts = (error.kind(), error.retryable(), error.attempts(), error.may_have_been_applied());
            assert_eq!(facts, (ErrorKind::Connection, !is_lasting, if is_lasting { 1 } else { 2 }, false));
            return;
        }
        assert!(lasting || server.requests() >= 2);
    }
}

#[test]
fn a_proxy_that_hangs_is_a_time_out() {
    let server = proxy(None);
    if in_own_process("a_proxy_that_hangs_is_a_time_out", &[("ALL_PROXY", &server.base_url)]) {
        let error = through_a_proxy(1);
        assert_eq!((error.kind(), error.attempts(), error.may_have_been_applied()), (ErrorKind::Timeout, 2, false));
    }
}

#[test]
fn a_proxy_that_can_t_be_used_is_found_when_the_client_is_made() {
    for value in ["socks5://user:SECRET@127.0.0.1:9", "http://user:SECRET@127.0.0.1:port"] {
        if in_own_process("a_proxy_that_can_t_be_used_is_found_when_the_client_is_made", &[("HTTPS_PROXY", value)]) {
            let error = Client::builder().api_key("pn_test").base_url("https://api.example").build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(error.to_string().contains("HTTPS_PROXY") && !format!("{error:?}").contains("SECRET"), "{error}");
            return;
        }
    }
}

#[test]
fn authorities_that_can_t_be_read_are_found_when_the_client_is_made() {
    let rubbish = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let no_certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    for (name, value) in [
        ("SSL_CERT_FILE", "/no/such/file.pem"),
        ("SSL_CERT_FILE", rubbish),
        ("SSL_CERT_DIR", "/no/such/folder"),
        ("SSL_CERT_DIR", no_certificates),
    ] {
        let variables = [(name, value), ("NAME", name), ("VALUE", value)];
        if in_own_process("authorities_that_can_t_be_read_are_found_when_the_client_is_made", &variables) {
            let client = |base_url| Client::builder().api_key("pn_test").base_url(base_url).build();
            let error = client("https://api.example").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            let text = error.to_string();
            assert!(text.contains(&env::var("NAME").unwrap()) && text.contains(&env::var("VALUE").unwrap()), "{text}");
            assert!(client("http://127.0.0.1:1").is_ok(), "no authorities are read without TLS");
            return;
        }
    }
}

#[test]
fn the_cryptography_that_the_program_has_installed_is_used() {
    if in_own_process("the_cryptography_that_the_program_has_installed_is_used", &[]) {
        let client = || Client::builder().api_key("pn_test").base_url("https://api.example").build();
        assert!(client().is_ok());
        let mut useless = rustls::crypto::ring::default_provider();
        useless.cipher_suites.clear();
        useless.install_default().unwrap();
        assert_eq!(client().unwrap_err().kind(), ErrorKind::InvalidConfig);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn without_descriptors_it_is_the_connection_and_the_system_s_word() {
    if in_own_process("without_descriptors_it_is_the_connection_and_the_system_s_word", &[]) {
        let client = Client::builder().api_key("pn_test").base_url("http://127.0.0.1:1").max_retries(0);
        let blocking = client.clone().build_blocking().unwrap();
        let mut all = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            all.push(file);
        }
        for error in [client.build_blocking().unwrap_err(), blocking.complete_session("s", complete()).unwrap_err()] {
            let facts = (error.kind(), error.retryable(), error.may_have_been_applied());
            assert_eq!(facts, (ErrorKind::Connection, true, false), "{error}");
            assert!(error.to_string().contains("Too many open files"), "{error}");
        }
    }
}
