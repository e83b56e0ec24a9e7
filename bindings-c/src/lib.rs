//! The C interface of `wts-session`.
//!
//! `include/wts_session.h` is generated from this crate and holds the documentation for C programmers. Every function is
//! four steps: convert in, call core, map the error, convert out. Each runs inside [`boundary`].

#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(clippy::missing_safety_doc, reason = "the header says it, in the words of C")]
#![allow(missing_debug_implementations, reason = "C prints no Rust values, and some of these hold the API key")]

mod boundary;
pub mod bulk;
pub mod call;
pub mod cancellable;
pub mod client;
pub mod code;
pub mod config;
pub mod convert;
pub mod error;
mod growable;
mod inbox;
pub mod options;
#[cfg(feature = "panic-switch")]
pub mod panic_switch;
mod process;
pub mod queue;
mod signal;
pub mod start;
mod thread_end;
pub mod version;
