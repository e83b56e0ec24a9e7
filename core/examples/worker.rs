//! One of several processes on one account: completes many sessions under limits that all of them share.
//!
//! ```sh
//! export WTS_SHARED_LIMITS=redis://localhost   # or machine
//! worker nightly 1000 &
//! worker hourly 1000 &
//! ```
//!
//! It takes the key and the address from `WTS_API_KEY` and `WTS_BASE_URL`, completes the sessions `NAME-0`, `NAME-1` and so
//! on, and tells on standard output what happens.

#![allow(clippy::print_stdout)] // a program to look at

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::{Duration, Instant};

use wts_session::{Client, CompleteOptions, Event, Observer, RateLimit, SharedLimitsFallback};

/// The arguments: NAME COUNT, and then pairs such as `--limit 200/5`.
struct Arguments {
    name: String,
    count: u64,
    limits: Vec<RateLimit>,
    reserve: f64,
    timeout: Duration,
    total_timeout: Option<Duration>,
    fallback: SharedLimitsFallback,
    /// One call after the other, so far apart.
    single: Option<Duration>,
}

impl Arguments {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut given = env::args().skip(1);
        let mut arguments = Self {
            name: given.next().ok_or("a name is missing")?,
            count: given.next().ok_or("a count is missing")?.parse()?,
            limits: Vec::new(),
            reserve: 0.05,
            timeout: Duration::from_secs(15),
            total_timeout: Some(Duration::from_secs(60)),
            fallback: SharedLimitsFallback::Wait,
            single: None,
        };
        while let (Some(option), Some(value)) = (given.next(), given.next()) {
            match option.as_str() {
                "--limit" => arguments.limits.push(parse_limit(&value)?),
                "--reserve" => arguments.reserve = value.parse()?,
                "--timeout" => arguments.timeout = Duration::from_secs_f64(value.parse()?),
                "--total-timeout" => arguments.total_timeout = Some(Duration::from_secs_f64(value.parse()?)),
                "--share" => arguments.fallback = SharedLimitsFallback::Share(value.parse()?),
                "--fault" => wts_session::binding::break_shared_limits(&value),
                "--single" => arguments.single = Some(Duration::from_secs_f64(value.parse()?)),
                _ => return Err(format!("unknown option {option}").into()),
            }
        }
        Ok(arguments)
    }
}

/// Such as `200/5`: requests and seconds.
fn parse_limit(text: &str) -> Result<RateLimit, Box<dyn Error>> {
    let (requests, seconds) = text.split_once('/').ok_or("a limit is REQUESTS/SECONDS")?;
    Ok(RateLimit::new(requests.parse()?, Duration::from_secs_f64(seconds.parse()?)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse()?;
    let name = arguments.name.clone();
    let observer = Observer::new(move |event| {
        if !matches!(event, Event::Attempt { .. }) {
            println!("{name}: {event}");
        }
    });
    let mut builder = Client::builder()
        .reserve(arguments.reserve)
        .timeout(arguments.timeout)
        .total_timeout(arguments.total_timeout)
        .shared_limits_fallback(arguments.fallback)
        .observer(observer);
    if !arguments.limits.is_empty() {
        builder = builder.rate_limits(arguments.limits.clone());
    }
    let client = builder.build()?;
    match arguments.single {
        Some(apart) => call_one_by_one(&client, &arguments, apart).await,
        None => call_many(&client, &arguments).await,
    }
    Ok(())
}

async fn call_many(client: &Client, Arguments { name, count, .. }: &Arguments) {
    let ids: Vec<_> = (0..*count).map(|number| format!("{name}-{number}")).collect();
    let start = Instant::now();
    let mut calls = client.complete_sessions(ids, CompleteOptions::new());
    let mut results: BTreeMap<&str, u64> = BTreeMap::new();
    let mut next_line = start + Duration::from_secs(1);
    while let Some(outcome) = calls.next().await {
        *results.entry(outcome.result.map_or_else(|error| error.code(), |_| "ok")).or_default() += 1;
        if Instant::now() >= next_line {
            next_line += Duration::from_secs(1);
            println!("{name}: {:.0} s, {results:?} of {count}", start.elapsed().as_secs_f64());
        }
    }
    println!("{name}: done in {:.2} s, {results:?}", start.elapsed().as_secs_f64());
}

async fn call_one_by_one(client: &Client, Arguments { name, count, .. }: &Arguments, apart: Duration) {
    let mut times = Vec::new();
    for number in 0..*count {
        let start = Instant::now();
        let result = client.complete_session(format!("{name}-{number}"), CompleteOptions::new()).await;
        let time = start.elapsed();
        match result {
            Ok(_) => println!("{name}: ok after {:.2} ms", time.as_secs_f64() * 1000.0),
            Err(error) => println!("{name}: {} after {:.2} ms: {error}", error.code(), time.as_secs_f64() * 1000.0),
        }
        times.push(time);
        tokio::time::sleep(apart).await;
    }
    times.sort();
    println!("{name}: median {:.3} ms", times[times.len() / 2].as_secs_f64() * 1000.0);
}
