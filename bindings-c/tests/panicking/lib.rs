//! The whole library once more, with a switch that makes every function panic.

#![allow(clippy::missing_safety_doc, reason = "as in the library")]
#![allow(missing_debug_implementations, reason = "as in the library")]

#[path = "../../src/boundary.rs"]
mod boundary;
#[path = "../../src/bulk.rs"]
pub mod bulk;
#[path = "../../src/call.rs"]
pub mod call;
#[path = "../../src/cancellable.rs"]
pub mod cancellable;
#[path = "../../src/client.rs"]
pub mod client;
#[path = "../../src/code.rs"]
pub mod code;
#[path = "../../src/config.rs"]
pub mod config;
#[path = "../../src/convert.rs"]
pub mod convert;
#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/growable.rs"]
mod growable;
#[path = "../../src/inbox.rs"]
mod inbox;
#[path = "../../src/options.rs"]
pub mod options;
#[path = "../../src/panic_switch.rs"]
pub mod panic_switch;
#[path = "../../src/process.rs"]
mod process;
#[path = "../../src/queue.rs"]
pub mod queue;
#[path = "../../src/signal.rs"]
mod signal;
#[path = "../../src/start.rs"]
pub mod start;
#[path = "../../src/thread_end.rs"]
mod thread_end;
#[path = "../../src/version.rs"]
pub mod version;
