//! Makes as many calls as its standard input says, one number a line, and prints a line each time they are done:
//! `WTS_BASE_URL=... WTS_API_KEY=... calls CLIENT`.
//!
//! What the calls cost is measured from outside, by `scripts/bench`: `make bench-rust`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at

use std::env;
use std::io::stdin;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use wts_session::{Client, ClientBuilder, CompleteOptions, RateLimit, Session, SessionStatus, blocking};

const AT_ONCE: usize = 64;
const SESSION: &str = "session_12345";

fn main() {
    let client = env::args().nth(1).unwrap_or_default();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut work = work_of(&client, &runtime);
    for line in stdin().lines() {
        work(line.unwrap().parse().unwrap());
        println!("done");
    }
}

/// Makes so many calls.
type Work<'a> = Box<dyn FnMut(usize) + 'a>;

fn work_of<'a>(client: &str, runtime: &'a Runtime) -> Work<'a> {
    match client {
        "raw" => raw(runtime, 1),
        "raw-at-once" => raw(runtime, AT_ONCE),
        "async" => at_once(runtime, unlimited().build().unwrap(), 1),
        "async-at-once" => at_once(runtime, unlimited().build().unwrap(), AT_ONCE),
        "limited" => at_once(runtime, limited().build().unwrap(), 1),
        "bulk" => bulk(runtime, unlimited().build().unwrap()),
        "blocking" => one_after_another(unlimited().build_blocking().unwrap()),
        "blocking-threads" => in_threads(unlimited().build_blocking().unwrap()),
        other => panic!("no client is called {other}"),
    }
}

// ---- this library ------------------------------------------------------------------------------------------------------

/// Without limits, and without retries: an error is not hidden.
fn unlimited() -> ClientBuilder {
    Client::builder().no_rate_limits().max_retries(0)
}

/// As many limits as the account has, but so high that they stop nobody.
fn limited() -> ClientBuilder {
    let limit = |seconds| RateLimit { requests: 1_000_000, period: Duration::from_secs(seconds) };
    Client::builder().rate_limits([limit(1), limit(5)]).max_retries(0)
}

fn check(session: &Session) {
    assert_eq!(session.status(), Some(SessionStatus::Completed));
}

async fn complete(client: &Client, calls: usize) {
    for _ in 0..calls {
        check(&client.complete_session(SESSION, CompleteOptions::new()).await.unwrap());
    }
}

fn at_once(runtime: &Runtime, client: Client, at_once: usize) -> Work<'_> {
    Box::new(move |calls| {
        runtime.block_on(join_all((0..at_once).map(|_| complete(&client, calls / at_once))));
    })
}

fn bulk(runtime: &Runtime, client: Client) -> Work<'_> {
    Box::new(move |calls| {
        runtime.block_on(async {
            let mut bulk = client.complete_sessions(vec![SESSION; calls], CompleteOptions::new());
            while let Some(outcome) = bulk.next().await {
                check(&outcome.result.unwrap());
            }
        });
    })
}

fn complete_blocking(client: &blocking::Client, calls: usize) {
    for _ in 0..calls {
        check(&client.complete_session(SESSION, CompleteOptions::new()).unwrap());
    }
}

fn one_after_another(client: blocking::Client) -> Work<'static> {
    Box::new(move |calls| complete_blocking(&client, calls))
}

fn in_threads(client: blocking::Client) -> Work<'static> {
    Box::new(move |calls| {
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| complete_blocking(&client, calls / AT_ONCE));
            }
        });
    })
}

// ---- raw hyper ---------------------------------------------------------------------------------------------------------

type Connection = SendRequest<Full<Bytes>>;

/// The stand-in, as hyper has to be told of it.
struct Target {
    host: String,
    authorization: String,
}

impl Target {
    fn of_environment() -> Self {
        let host = env::var("WTS_BASE_URL").unwrap().trim_start_matches("http://").to_owned();
        Self { host, authorization: format!("Bearer {}", env::var("WTS_API_KEY").unwrap()) }
    }

    async fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    fn request(&self) -> Request<Full<Bytes>> {
        Request::put(format!("/chat/v1/session/{SESSION}/complete"))
            .header("host", &self.host)
            .header("authorization", &self.authorization)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from_static(b"{}")))
            .unwrap()
    }

    async fn complete(&self, connection: &mut Connection, calls: usize) {
        for _ in 0..calls {
            connection.ready().await.unwrap();
            let response = connection.send_request(self.request()).await.unwrap();
            assert!(response.status().is_success());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let fields: Map<String, Value> = serde_json::from_slice(&body).unwrap();
            assert_eq!(fields["status"], "COMPLETED");
        }
    }
}

fn raw(runtime: &Runtime, at_once: usize) -> Work<'_> {
    let target = Target::of_environment();
    let mut connections = runtime.block_on(join_all((0..at_once).map(|_| target.connect())));
    Box::new(move |calls| {
        runtime
            .block_on(join_all(connections.iter_mut().map(|connection| target.complete(connection, calls / at_once))));
    })
}
