//! What an item of a bulk call costs in CPU and memory, beside single calls: for `make bench-memory`, which runs one way at a
//! time and reads the figures.
//!
//! `bulk_items WAY COUNT` prints the microseconds of CPU per item, and the largest size of the process in KB.

#![allow(clippy::print_stdout)] // a program to look at

use std::env;
use std::error::Error;
use std::fs;

use futures_util::{StreamExt, future, stream};
use wts_session::{Client, CompleteOptions, Item, Operation, Outcome};

const AT_ONCE: usize = 64;
const TICKS_PER_SECOND: f64 = 100.0;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let way = arguments.next().ok_or("a way is missing")?;
    let count = arguments.next().ok_or("a count is missing")?.parse()?;
    if way != "bare" {
        let before = cpu_time()?;
        run(&way, count)?;
        print!("{:.2} ", (cpu_time()? - before) / count as f64);
    }
    println!("{}", peak_kb()?);
    Ok(())
}

fn run(way: &str, count: usize) -> Result<()> {
    let builder = Client::builder().no_rate_limits();
    let options = CompleteOptions::new();
    if way == "blocking" {
        let client = builder.build_blocking()?;
        let outcomes = client.complete_sessions(ids(count), options);
        return check(outcomes.map(|outcome| outcome.result.is_ok()).filter(|is_ok| *is_ok).count(), count);
    }
    let client = builder.build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match way {
            "single calls" => single_calls(&client, count).await,
            "iterator in, one by one out" => {
                let items = stream::iter(ids(count).map(Item::complete));
                let bulk = client.bulk_from(Operation::CompleteSession(options), items);
                bulk.fold(0, async |done, outcome| done + succeeded(&outcome)).await
            }
            "list in, one by one out" => {
                let bulk = client.complete_sessions(ids(count), options);
                bulk.fold(0, async |done, outcome| done + succeeded(&outcome)).await
            }
            "list in, list out" => {
                let outcomes = client.complete_sessions(ids(count), options).in_order().await;
                outcomes.iter().map(succeeded).sum()
            }
            _ => 0,
        }
    });
    check(done, count)
}

async fn single_calls(client: &Client, count: usize) -> usize {
    let lanes = (0..AT_ONCE).map(async |lane| {
        let mut done = 0;
        for number in (lane..count).step_by(AT_ONCE) {
            done += usize::from(client.complete_session(id(number), CompleteOptions::new()).await.is_ok());
        }
        done
    });
    future::join_all(lanes).await.into_iter().sum()
}

fn succeeded(outcome: &Outcome) -> usize {
    usize::from(outcome.result.is_ok())
}

fn check(done: usize, count: usize) -> Result<()> {
    if done == count { Ok(()) } else { Err(format!("{done} of {count} succeeded").into()) }
}

fn ids(count: usize) -> impl Iterator<Item = String> + Send + 'static {
    (0..count).map(id)
}

/// As the API's ids are: a UUID.
fn id(number: usize) -> String {
    format!("044abf6f-1851-40b6-84ac-{number:012}")
}

/// The CPU time of this process in microseconds, also of threads that have ended.
fn cpu_time() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, behind_the_name) = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    let mut fields = behind_the_name.split_whitespace().skip(11);
    let mut ticks = || Ok::<_, Box<dyn Error>>(fields.next().ok_or("no time in /proc/self/stat")?.parse::<f64>()?);
    Ok((ticks()? + ticks()?) * 1e6 / TICKS_PER_SECOND)
}

fn peak_kb() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).unwrap_or_default().parse()?)
}
