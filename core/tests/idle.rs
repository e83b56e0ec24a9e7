//! What a client that idles costs in memory: a program of its own, so that nothing else is measured.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use std::ffi::OsString;

use common::StandIn;
use wts_session::binding::with_variables;
use wts_session::{CompleteOptions, blocking};

const CLIENTS: usize = 48;
/// Measured: 47.
const MAX_KB: usize = 256;

/// The memory of this process that is in use.
fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// One with a connection that idles.
fn used_client(stand_in: &StandIn, number: usize) -> blocking::Client {
    let authority = OsString::from(stand_in.addresses["ca_file"].as_str().unwrap());
    // An account, and so a limiter, of its own.
    let builder = blocking::Client::builder().api_key(format!("{}-{number}", stand_in.token()));
    let builder = builder.base_url(stand_in.addresses["tls"].as_str().unwrap());
    let trusted = move |name: &str| (name == "SSL_CERT_FILE").then(|| authority.clone());
    let client = with_variables(trusted, || builder.build()).unwrap();
    let error = client.complete_session("s", CompleteOptions::new()).unwrap_err();
    assert_eq!(error.code(), "not_found");
    client
}

#[test]
fn a_client_that_idles_costs_little_memory() {
    let stand_in = StandIn::start(&[]);
    let _first = used_client(&stand_in, 0);
    let before = resident_kb();
    let clients: Vec<_> = (1..=CLIENTS).map(|number| used_client(&stand_in, number)).collect();
    let cost = (resident_kb() - before) / clients.len();
    assert!(cost < MAX_KB, "{cost} kB");
}
