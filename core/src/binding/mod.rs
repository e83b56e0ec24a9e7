//! What the bindings need beyond the public API. None of it is covered by the promises of semantic versioning.

mod client_cache;
mod setting;
mod wakeup;

pub use client_cache::ClientCache;
pub use setting::{Kind, SETTINGS, Value};
pub use wakeup::Wakeup;

pub use futures_util::future::AbortHandle;

pub use crate::background::Background;
pub use crate::caller::{as_caller, caller, for_caller};
pub use crate::environment::{VARIABLES, ignore_environment, with_variables};
pub use crate::error::ErrorForTests;
#[cfg(feature = "test-util")]
pub use crate::limiter::break_shared_limits;
pub use crate::limiter::settle_shared_limits;
pub use crate::parked::Parked;
pub use crate::per_process::PerProcess;
pub use crate::process::{Process, identify_processes_with};
pub use crate::progress::Progress;
pub use crate::threads::know_ending_threads_by;
