//! The native half of the npm package `wts-session`, private to its JavaScript half.
//!
//! JavaScript checks the types of what it is given and builds promises and errors; core does the rest. A call begins
//! in `client::Client`, and its outcome comes out through `calls::Calls`.

#![expect(unreachable_pub, missing_debug_implementations, reason = "JavaScript reaches what is `pub`; no Rust does")]

mod background;
mod batch;
mod bulk;
mod calls;
mod client;
mod convert;
mod environment;
mod error;
mod line;
mod listener;
mod mutex;
mod settings;
mod variables;

use napi_derive::napi;

/// The version of this library.
#[napi]
pub const VERSION: &str = wts_session::VERSION;
