//! Processes of the example `worker`, and what the stand-in has seen of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::Value;

use super::servers::{Folder, PATIENCE, await_some};
use crate::common::{StandIn, ask};

/// Where workers send, and under which limits.
pub(crate) struct Place<'a> {
    pub(crate) stand_in: &'a StandIn,
    pub(crate) ledger: String,
    pub(crate) arguments: Vec<&'a str>,
    pub(crate) environment: Vec<(&'a str, String)>,
    output: Arc<Folder>,
}

impl<'a> Place<'a> {
    pub(crate) fn new(stand_in: &'a StandIn, ledger: &str, arguments: &[&'a str]) -> Self {
        let (ledger, arguments) = (ledger.to_owned(), arguments.to_vec());
        Self { stand_in, ledger, arguments, environment: Vec::new(), output: Arc::new(Folder::new()) }
    }

    /// Starts one that completes `count` sessions.
    pub(crate) fn start(&self, name: &str, count: u64) -> Worker {
        let program = env::var_os("WTS_WORKER").map_or_else(
            || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("debug").join("examples/worker"),
            PathBuf::from,
        );
        let path = self.output.path().join(name);
        let output = fs::File::create(&path).unwrap();
        let process = Command::new(&program)
            .arg(name)
            .arg(count.to_string())
            .args(&self.arguments)
            .env("WTS_BASE_URL", self.stand_in.api())
            .env("WTS_API_KEY", self.stand_in.token())
            .env("WTS_SHARED_LIMITS", &self.ledger)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::from(output.try_clone().unwrap()))
            .stdout(Stdio::from(output))
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Worker { process, path, _folder: Arc::clone(&self.output) }
    }

    pub(crate) fn start_all(&self, workers: usize, count: u64) -> Vec<Worker> {
        (0..workers).map(|number| self.start(&format!("w{number}"), count)).collect()
    }
}

/// A process that ends with this.
pub(crate) struct Worker {
    process: Child,
    path: PathBuf,
    _folder: Arc<Folder>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Worker {
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    /// Waits for its end; returns what it printed.
    pub(crate) fn await_end(&mut self) -> String {
        assert!(self.process.wait().unwrap().success(), "{}", self.output());
        self.output()
    }

    /// As [`await_end`](Self::await_end); all its sessions must be complete.
    pub(crate) fn await_success(&mut self) -> String {
        let output = self.await_end();
        let last = output.lines().last().unwrap_or_default();
        assert!(last.contains("done in") && last.matches(": ").count() == 2 && last.contains("\"ok\""), "{output}");
        output
    }

    /// Waits until it has printed `text`.
    pub(crate) fn await_output(&self, text: &str) {
        await_some(text, || self.output().contains(text).then_some(()));
    }
}

/// No window at the stand-in ever held more than its limit, and nothing was refused.
pub(crate) async fn check_windows(stand_in: &StandIn) {
    let windows = ask(stand_in.api(), "windows").await;
    for window in windows.as_array().unwrap() {
        assert_eq!(window["refused"], 0, "{windows}");
        assert!(window["peak"].as_u64() <= window["requests"].as_u64(), "{windows}");
    }
}

/// Waits until a window was exceeded.
pub(crate) async fn await_exceeded(stand_in: &StandIn) {
    let deadline = Instant::now() + PATIENCE;
    let is_exceeded = |window: &Value| window["refused"] != 0;
    while !ask(stand_in.api(), "windows").await.as_array().unwrap().iter().any(is_exceeded) {
        assert!(Instant::now() < deadline, "no window was exceeded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many requests have arrived of each worker, and when: seconds since the first.
pub(crate) async fn arrivals(stand_in: &StandIn) -> BTreeMap<String, Vec<f64>> {
    let requests = ask(stand_in.api(), "requests").await;
    let mut arrivals: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for request in requests.as_array().unwrap() {
        let id = request["session_id"].as_str().unwrap();
        let name = id.rsplit_once('-').map_or(id, |(name, _)| name);
        arrivals.entry(name.to_owned()).or_default().push(request["at_ms"].as_f64().unwrap() / 1000.0);
    }
    arrivals
}

pub(crate) fn count(arrivals: &BTreeMap<String, Vec<f64>>) -> usize {
    arrivals.values().map(Vec::len).sum()
}

/// Waits until `count` requests more have arrived than now, `time` at most.
pub(crate) async fn await_arrivals(stand_in: &StandIn, more: usize, time: Duration) -> Duration {
    let start = Instant::now();
    let before = total(stand_in).await;
    while total(stand_in).await < before + more as u64 {
        assert!(start.elapsed() < time, "no {more} requests within {time:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

/// Waits until no request has arrived for `time`; returns how many have.
pub(crate) async fn await_silence(stand_in: &StandIn, time: Duration) -> u64 {
    let deadline = Instant::now() + PATIENCE;
    let (mut last, mut since) = (total(stand_in).await, Instant::now());
    while since.elapsed() < time {
        assert!(Instant::now() < deadline, "requests went on arriving");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = total(stand_in).await;
        if now > last {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

/// How many requests have arrived.
pub(crate) async fn total(stand_in: &StandIn) -> u64 {
    count(&arrivals(stand_in).await) as u64
}
