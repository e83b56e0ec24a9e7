//! CPU per call of our clients beside a raw hyper client, all against the stand-in: `make bench-rust`.
//!
//! Rounds are interleaved, and only the ratios within a run mean anything.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program to look at

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs;

use bytes::Bytes;
use common::StandIn;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use wts_session::{Client, CompleteOptions, blocking};

const ROUNDS: usize = 8;
const CALLS: usize = 4000;
const AT_ONCE: usize = 64;

fn main() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown", "--keep", "1"]);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let builder = Client::builder().api_key(stand_in.token()).base_url(stand_in.api());
    let client = builder.clone().no_rate_limits().build().unwrap();
    let limited = builder
        .clone()
        .rate_limits([wts_session::RateLimit { requests: 1_000_000, period: std::time::Duration::from_secs(1) }]);
    let limited = limited.build().unwrap();
    let blocking = builder.no_rate_limits().build_blocking().unwrap();
    let mut raw = Raw::new(&runtime, &stand_in, AT_ONCE);
    let mut rows: Vec<(&str, Vec<f64>)> = Vec::new();
    for round in 0..=ROUNDS {
        let figures = [
            ("raw hyper, one after another", cpu(|| runtime.block_on(raw.one_after_another()))),
            ("async, one after another", cpu(|| runtime.block_on(one_after_another(&client)))),
            ("async under a limiter, one after another", cpu(|| runtime.block_on(one_after_another(&limited)))),
            ("blocking, one after another", cpu(|| blocking_one_after_another(&blocking))),
            ("raw hyper, 64 at once", cpu(|| runtime.block_on(raw.at_once()))),
            ("async, 64 at once", cpu(|| runtime.block_on(at_once(&client)))),
            ("bulk, 64 at once", cpu(|| runtime.block_on(bulk(&client)))),
        ];
        if round == 0 {
            rows = figures.iter().map(|(name, _)| (*name, Vec::new())).collect();
        } else {
            rows.iter_mut().zip(figures).for_each(|((_, row), (_, figure))| row.push(figure));
        }
    }
    report(&mut rows);
}

fn report(rows: &mut [(&str, Vec<f64>)]) {
    let mut base = 0.0;
    for (name, figures) in rows {
        figures.sort_unstable_by(f64::total_cmp);
        let median = figures[figures.len() / 2];
        if name.starts_with("raw") {
            base = median;
        }
        println!("{name:42} {median:7.1} us of CPU a call {:6.2} x raw hyper", median / base);
    }
}

/// Microseconds of this process's CPU per call.
fn cpu(work: impl FnOnce()) -> f64 {
    let before = cpu_time();
    work();
    (cpu_time() - before) / CALLS as f64
}

/// The CPU time of this process's threads in microseconds.
fn cpu_time() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let nanoseconds = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    tasks.map(|task| nanoseconds(task.unwrap())).sum::<f64>() / 1000.0
}

struct Raw {
    connections: Vec<SendRequest<Full<Bytes>>>,
    token: String,
    host: String,
}

impl Raw {
    fn new(runtime: &Runtime, stand_in: &StandIn, count: usize) -> Self {
        let host = stand_in.api().trim_start_matches("http://").to_owned();
        let connect = async {
            let mut connections = Vec::new();
            for _ in 0..count {
                let stream = TcpStream::connect(&host).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
                tokio::spawn(connection);
                connections.push(sender);
            }
            connections
        };
        Self { connections: runtime.block_on(connect), token: format!("Bearer {}", stand_in.token()), host }
    }

    fn request(&self) -> hyper::Request<Full<Bytes>> {
        hyper::Request::put("/chat/v1/session/session_12345/complete")
            .header("host", &self.host)
            .header("authorization", &self.token)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from_static(b"{}")))
            .unwrap()
    }

    async fn one_after_another(&mut self) {
        for _ in 0..CALLS {
            let request = self.request();
            call_raw(&mut self.connections[0], request).await;
        }
    }

    async fn at_once(&mut self) {
        let requests: Vec<_> = (0..CALLS).map(|_| self.request()).collect();
        let mut requests = requests.into_iter();
        let lanes = self.connections.iter_mut().map(|connection| {
            let lane: Vec<_> = requests.by_ref().take(CALLS / AT_ONCE).collect();
            async move {
                for request in lane {
                    call_raw(connection, request).await;
                }
            }
        });
        futures_util::future::join_all(lanes).await;
    }
}

async fn call_raw(connection: &mut SendRequest<Full<Bytes>>, request: hyper::Request<Full<Bytes>>) {
    connection.ready().await.unwrap();
    let response = connection.send_request(request).await.unwrap();
    assert!(response.status().is_success());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let fields: Map<String, Value> = serde_json::from_slice(&body).unwrap();
    assert_eq!(fields["status"], "COMPLETED");
}

fn check(session: wts_session::Session) {
    assert_eq!(session.status(), Some(wts_session::SessionStatus::Completed));
}

async fn one_after_another(client: &Client) {
    for _ in 0..CALLS {
        check(client.complete_session("session_12345", CompleteOptions::new()).await.unwrap());
    }
}

fn blocking_one_after_another(client: &blocking::Client) {
    for _ in 0..CALLS {
        check(client.complete_session("session_12345", CompleteOptions::new()).unwrap());
    }
}

async fn at_once(client: &Client) {
    let lanes = (0..AT_ONCE).map(|_| async {
        for _ in 0..CALLS / AT_ONCE {
            check(client.complete_session("session_12345", CompleteOptions::new()).await.unwrap());
        }
    });
    futures_util::future::join_all(lanes).await;
}

async fn bulk(client: &Client) {
    let mut bulk = client.complete_sessions(vec!["session_12345"; CALLS], CompleteOptions::new());
    while let Some(outcome) = bulk.next().await {
        check(outcome.result.unwrap());
    }
}
