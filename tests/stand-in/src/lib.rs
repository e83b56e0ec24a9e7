#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod access;
mod addresses;
#[cfg(feature = "program")]
mod announcement;
mod api;
mod bodies;
mod body;
#[cfg(feature = "program")]
mod certificates;
mod clock;
#[cfg(feature = "program")]
mod command;
mod connection;
mod control;
mod delay;
#[cfg(feature = "program")]
mod ending;
mod faults;
mod journal;
mod limits;
mod listener;
mod lock;
mod options;
mod pause;
mod problem;
#[cfg(feature = "program")]
mod program;
mod raw;
mod route;
mod script;
mod serve;
mod service;
mod sessions;
#[cfg(feature = "program")]
mod signals;
mod stand_in;

use std::io::Write;

pub use journal::Request;
#[cfg(feature = "program")]
#[doc(hidden)]
pub use program::program;
pub use script::ScriptError;
pub use stand_in::StandIn;

/// What can keep a stand-in from starting.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// Writes a line about `error` to standard error; where even that is closed, there is nobody left to tell.
fn complain(error: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "wts-stand-in: {error}");
}
