//! The case files of the shared suite, as far as they can be checked without a client.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stand_in::StandIn;

const CASE: [&str; 9] =
    ["name", "operation", "session_id", "status", "options", "client", "warm_up", "script", "expect"];
const EXPECT: [&str; 5] = ["requests", "request", "result", "result_keys", "error"];
const REQUEST: [&str; 4] = ["method", "path", "body", "headers"];
const ERROR: [&str; 13] = [
    "code",
    "message",
    "description",
    "description_contains",
    "text",
    "http_status",
    "key",
    "error_id",
    "body",
    "retry_after",
    "attempts",
    "retryable",
    "may_have_been_applied",
];
const OPTIONS: [&str; 2] = ["stop_bot_in_execution", "reactivate_on_new_message"];
const CLIENT: [&str; 9] = [
    "api_key",
    "base_url",
    "timeout_ms",
    "total_timeout_ms",
    "max_retries",
    "max_concurrency",
    "rate_limits",
    "auth_scheme",
    "allow_insecure_http",
];

fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All cases of a folder.
fn cases(folder: &str) -> Vec<Value> {
    let files = fs::read_dir(shared(folder)).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .flat_map(|path| read(&path))
        .collect()
}

fn all_cases() -> Vec<Value> {
    [cases("vectors"), cases("http")].concat()
}

fn check_members(name: &str, object: &Value, known: &[&str]) {
    for member in object.as_object().into_iter().flat_map(|members| members.keys()) {
        assert!(known.contains(&member.as_str()), "{name}: nothing is called {member}");
    }
}

#[test]
fn cases_have_only_members_that_the_runners_know() {
    for case in all_cases() {
        let name = case["name"].as_str().unwrap();
        check_members(name, &case, &CASE);
        check_members(name, &case["options"], &OPTIONS);
        check_members(name, &case["client"], &CLIENT);
        check_members(name, &case["expect"], &EXPECT);
        check_members(name, &case["expect"]["request"], &REQUEST);
        check_members(name, &case["expect"]["error"], &ERROR);
    }
}

#[test]
fn every_case_expects_something() {
    for case in all_cases() {
        assert!(!case["expect"].as_object().unwrap().is_empty(), "{case}");
    }
}

#[test]
fn every_expected_code_exists() {
    let codes: HashSet<String> =
        read(&shared("errors.json")).iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect();
    for case in all_cases() {
        let code = &case["expect"]["error"]["code"];
        assert!(code.as_str().is_none_or(|code| codes.contains(code)), "{}: {code}", case["name"]);
    }
}

#[test]
fn names_are_unique_and_so_are_the_ids_of_sessions_that_are_addressed() {
    let (mut names, mut ids) = (HashSet::new(), HashSet::new());
    for case in all_cases() {
        assert!(names.insert(case["name"].to_string()), "two cases are called {}", case["name"]);
        let addressed = !case["script"].is_null() || !case["expect"]["requests"].is_null();
        if addressed && !case["session_id"].is_null() {
            let id = case["session_id"].to_string();
            assert!(ids.insert(id), "{} has the session of another case", case["name"]);
        }
    }
}

#[test]
fn the_stand_in_takes_every_script() {
    let folders = ["vectors", "http"].map(|name| shared(name).display().to_string());
    let stand_in = StandIn::start(&["--scripts", &folders[0], "--scripts", &folders[1]]);
    let answer = stand_in.complete("refusals-a-wrong-route-as-404");
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["id"]["shortValue"], "0d5f4a21");
}
