//! The shared suite (`tests/README.md`) through the async and the blocking client.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use std::env;
use std::fs;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use common::{StandIn, ask, requests, shared};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value};
use wts_session::{
    AuthScheme, Client, ClientBuilder, CompleteOptions, Error, Item, Operation, RateLimit, Session, UpdateOptions,
    blocking,
};

const ADDRESSES: &str = "WTS_SUITE_ADDRESSES";
const API: &str = "WTS_SUITE_API";

/// Starts a stand-in, then itself again, once for each client: the trusted certificates are settled before a process
/// starts, and a stand-in plays each script once.
fn main() -> ExitCode {
    match (env::var(ADDRESSES), env::var(API)) {
        (Ok(addresses), Ok(api)) => run(serde_json::from_str(&addresses).unwrap(), &api),
        _ if [Api::Async, Api::Blocking].map(start).iter().all(ExitStatus::success) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn start(api: Api) -> ExitStatus {
    let folder = |name| shared(name).display().to_string();
    let (vectors, http) = (folder("vectors"), folder("http"));
    let stand_in = StandIn::start(&["--limit", "off", "--scripts", &vectors, "--scripts", &http]);
    Command::new(env::current_exe().unwrap())
        .args(env::args_os().skip(1))
        .env(API, format!("{api:?}"))
        .env(ADDRESSES, stand_in.addresses.to_string())
        .env("SSL_CERT_FILE", stand_in.addresses["ca_file"].as_str().unwrap())
        .env_remove("WTS_API_KEY")
        .env_remove("WTS_BASE_URL")
        .status()
        .unwrap()
}

fn run(addresses: Value, api: &str) -> ExitCode {
    let addresses = Arc::new(addresses);
    let api = if api == "Async" { Api::Async } else { Api::Blocking };
    let trial = |(file, case): (String, Value)| {
        let name = format!("{api:?}: {file}: {}", case["name"].as_str().unwrap());
        let addresses = Arc::clone(&addresses);
        Trial::test(name, move || Case { case, addresses }.run(api))
    };
    log::set_logger(&LogWithoutKey).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let conclusion = libtest_mimic::run(&Arguments::from_args(), cases().into_iter().map(trial).collect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connections = runtime.block_on(ask(addresses["api"].as_str().unwrap(), "connections"));
    assert_eq!(connections["redirect_target"], 0, "no redirect was followed");
    conclusion.exit_code()
}

/// What is in every key of the suite.
const PART_OF_EVERY_KEY: [&str; 2] = ["5tandInDem0Tok3n", "CANARY"];

fn shows_key(text: &str) -> bool {
    PART_OF_EVERY_KEY.iter().any(|part| text.contains(part))
}

/// Ends the test run when anything that is logged shows a key.
struct LogWithoutKey;

impl log::Log for LogWithoutKey {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        assert!(!shows_key(&record.args().to_string()), "{} logs the key", record.target());
    }

    fn flush(&self) {}
}

fn cases() -> Vec<(String, Value)> {
    let mut cases = Vec::new();
    for folder in ["vectors", "http"] {
        for entry in fs::read_dir(shared(folder)).unwrap() {
            let path = entry.unwrap().path();
            let file = format!("{folder}/{}", path.file_name().unwrap().display());
            let list: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            cases.extend(list.into_iter().map(|case| (file.clone(), case)));
        }
    }
    cases
}

#[derive(Clone, Copy, Debug)]
enum Api {
    Async,
    Blocking,
}

struct Case {
    case: Value,
    addresses: Arc<Value>,
}

impl Case {
    fn run(&self, api: Api) -> Result<(), Failed> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let before = self.seen(&runtime).len();
        let outcome = match api {
            Api::Async => runtime.block_on(self.outcome()),
            Api::Blocking => self.outcome_blocking(),
        };
        if let Err(error) = &outcome {
            let texts = format!("{error} {error:?} {:?} {:?}", error.body(), error.cause());
            assert!(!shows_key(&texts), "{}", error.code());
        }
        self.compare(outcome)?;
        self.compare_requests(&self.seen(&runtime)[before..])
    }

    fn seen(&self, runtime: &tokio::runtime::Runtime) -> Vec<Value> {
        let sent = ["requests", "request"].iter().any(|name| self.case["expect"].get(name).is_some());
        let api = self.addresses["api"].as_str().unwrap();
        if sent { runtime.block_on(requests(api, self.session_id().trim())) } else { Vec::new() }
    }

    async fn outcome(&self) -> Result<Option<Session>, Error> {
        let client = self.builder()?.build()?;
        if self.case["operation"] == "client" {
            return Ok(None);
        }
        if self.case["warm_up"] == true {
            self.call(&client).await?;
        }
        self.call(&client).await.map(Some)
    }

    async fn call(&self, client: &Client) -> Result<Session, Error> {
        match self.case["operation"].as_str().unwrap() {
            "update_session_status" => {
                client.call(self.update(), Item::update(self.session_id(), self.text("status"))).await
            }
            "complete_session" => client.complete_session(self.session_id(), self.complete_options()).await,
            other => panic!("no operation is called {other}"),
        }
    }

    fn outcome_blocking(&self) -> Result<Option<Session>, Error> {
        let client = self.builder()?.build_blocking()?;
        if self.case["operation"] == "client" {
            return Ok(None);
        }
        if self.case["warm_up"] == true {
            self.call_blocking(&client)?;
        }
        self.call_blocking(&client).map(Some)
    }

    fn call_blocking(&self, client: &blocking::Client) -> Result<Session, Error> {
        match self.case["operation"].as_str().unwrap() {
            "update_session_status" => client.call(self.update(), Item::update(self.session_id(), self.text("status"))),
            "complete_session" => client.complete_session(self.session_id(), self.complete_options()),
            other => panic!("no operation is called {other}"),
        }
    }

    fn session_id(&self) -> String {
        self.text("session_id")
    }

    fn text(&self, name: &str) -> String {
        self.expand(&self.case[name])
    }

    fn option(&self, name: &str) -> bool {
        self.case["options"][name].as_bool().unwrap_or(false)
    }

    fn update(&self) -> Operation {
        let options = UpdateOptions::new().stop_bot_in_execution(self.option("stop_bot_in_execution"));
        Operation::UpdateSessionStatus(options)
    }

    fn complete_options(&self) -> CompleteOptions {
        CompleteOptions::new()
            .stop_bot_in_execution(self.option("stop_bot_in_execution"))
            .reactivate_on_new_message(self.option("reactivate_on_new_message"))
    }

    /// A string, a string by repetition, or nothing; with the stand-in's addresses in their places.
    fn expand(&self, value: &Value) -> String {
        let mut text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            value => value["repeat"].as_str().unwrap().repeat(value["times"].as_u64().unwrap() as usize),
        };
        for (name, address) in self.addresses.as_object().unwrap() {
            if let (Value::String(address), true) = (address, text.contains('{')) {
                text = text.replace(&format!("{{{name}}}"), address);
            }
        }
        text
    }

    fn builder(&self) -> Result<ClientBuilder, Error> {
        let own = |name| self.addresses[name].as_str().unwrap();
        let builder = Client::builder().api_key(own("token")).base_url(own("api")).max_retries(0);
        let empty = Map::new();
        let settings = self.case["client"].as_object().unwrap_or(&empty);
        settings.iter().try_fold(builder, |builder, (name, value)| self.set(builder, name, value))
    }

    fn set(&self, builder: ClientBuilder, name: &str, value: &Value) -> Result<ClientBuilder, Error> {
        use wts_session::binding::Value::Number;

        let number = || value.as_f64().unwrap();
        Ok(match name {
            "api_key" => builder.api_key(self.expand(value)),
            "base_url" => builder.base_url(self.expand(value)),
            "timeout_ms" => builder.set("timeout", Number(number() / 1000.0))?,
            "total_timeout_ms" if value.is_null() => builder.total_timeout(None),
            "total_timeout_ms" => builder.set("total_timeout", Number(number() / 1000.0))?,
            "max_retries" | "max_concurrency" => builder.set(name, Number(number()))?,
            "rate_limits" if value.is_null() => builder.no_rate_limits(),
            "rate_limits" => builder.rate_limits(rate_limits(value)),
            "auth_scheme" => builder.auth_scheme(AuthScheme::from_name(&self.expand(value))?),
            "allow_insecure_http" => builder.allow_insecure_http(value.as_bool().unwrap()),
            other => panic!("no setting is called {other}"),
        })
    }

    fn compare(&self, outcome: Result<Option<Session>, Error>) -> Result<(), Failed> {
        let expected = &self.case["expect"];
        match (outcome, expected.get("error")) {
            (Err(error), Some(attributes)) => compare_error(&error, attributes.as_object().unwrap()),
            (Err(error), None) => Err(format!("{error:?}").into()),
            (Ok(session), Some(_)) => {
                Err(format!("succeeded with {:?}", session.as_ref().map(Session::as_json)).into())
            }
            (Ok(session), None) => compare_result(session.as_ref(), expected),
        }
    }

    fn compare_requests(&self, seen: &[Value]) -> Result<(), Failed> {
        let expected = &self.case["expect"];
        if let Some(count) = expected["requests"].as_u64() {
            same("requests", &Value::from(seen.len()), &Value::from(count))?;
        }
        let Some(request) = expected["request"].as_object() else { return Ok(()) };
        let last = seen.last().ok_or("no request reached the stand-in")?;
        for (name, value) in request {
            match value.as_object() {
                Some(headers) if name == "headers" => {
                    headers.iter().try_for_each(|(header, value)| same(header, &last["headers"][header], value))?;
                }
                _ => same(name, &last[name], value)?,
            }
        }
        Ok(())
    }
}

fn rate_limits(value: &Value) -> Vec<RateLimit> {
    let limit = |pair: &Value| RateLimit {
        requests: pair[0].as_u64().unwrap().try_into().unwrap(),
        period: Duration::from_millis(pair[1].as_u64().unwrap()),
    };
    value.as_array().map(|pairs| pairs.iter().map(limit).collect()).unwrap_or_default()
}

fn compare_result(session: Option<&Session>, expected: &Value) -> Result<(), Failed> {
    let keys = expected.get("result_keys");
    if let Some(result) = expected.get("result") {
        same("result", &session.ok_or("no call was made")?.deserialize()?, result)?;
    }
    if let Some(keys) = keys {
        same("result_keys", &Value::from(member_names(session.ok_or("no call was made")?)?), keys)?;
    }
    Ok(())
}

/// The names in order, also where a value is nothing that Rust has.
fn member_names(session: &Session) -> Result<Vec<String>, Failed> {
    struct Names(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Names {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Names;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                    let mut names = Vec::new();
                    while let Some((name, serde::de::IgnoredAny)) = map.next_entry::<String, _>()? {
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                    Ok(Names(names))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    Ok(session.deserialize::<Names>()?.0)
}

fn compare_error(error: &Error, expected: &Map<String, Value>) -> Result<(), Failed> {
    for (name, value) in expected {
        let actual = match name.as_str() {
            "code" => error.code().into(),
            "message" => error.message().into(),
            "description" => error.description().into(),
            "text" => error.to_string().into(),
            "http_status" => error.http_status().into(),
            "key" => error.key().into(),
            "error_id" => error.error_id().into(),
            "body" => error.body().into(),
            "retry_after" => error.retry_after().map(|wait| wait.as_secs_f64()).into(),
            "attempts" => error.attempts().into(),
            "retryable" => error.retryable().into(),
            "may_have_been_applied" => error.may_have_been_applied().into(),
            "description_contains" => {
                let part = value.as_str().unwrap();
                if !error.description().contains(part) {
                    return Err(format!("{:?} does not contain {part:?}", error.description()).into());
                }
                continue;
            }
            other => panic!("an error has no attribute {other}"),
        };
        same(name, &actual, value).map_err(|failed| format!("{}; {error:?}", failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

fn same(what: &str, actual: &Value, expected: &Value) -> Result<(), Failed> {
    let equal = match (actual.as_f64(), expected.as_f64()) {
        // Part of a wait may have passed already.
        (Some(actual), Some(expected)) if what == "retry_after" => {
            (actual - expected).abs() < f64::max(1.5, expected / 4.0)
        }
        _ => actual == expected,
    };
    if equal { Ok(()) } else { Err(format!("{what} is {actual}, not {expected}").into()) }
}
