//! A stand-in of the WTS Chat API: its two session operations, its limits and its errors on a port of this machine, with
//! faults on demand. `docs/stand-in.md` tells how to use it.

#![forbid(unsafe_code)]

mod access;
mod addresses;
mod api;
mod body;
mod certificates;
mod clock;
mod connection;
mod control;
mod delay;
mod faults;
mod journal;
mod limits;
mod listener;
mod lock;
mod options;
mod problem;
mod raw;
mod route;
mod script;
mod serve;
mod sessions;
mod stand_in;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::options::Options;

/// What can keep the program from starting.
type StartError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), StartError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve::serve(options))
}

/// Writes a line about `error` to standard error; where even that is closed, there is nobody left to tell.
fn complain(error: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "wts-stand-in: {error}");
}
