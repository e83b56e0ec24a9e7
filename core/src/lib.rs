//! Set the status of WTS Chat sessions, and complete them: one at a time or thousands at once.
//!
//! [`Client`] is for programs that run on tokio, [`blocking::Client`] for all others. Both do the same two things:
//! `update_session_status` and `complete_session`.
//!
//! ```no_run
//! # async fn run() -> Result<(), wts_session::Error> {
//! use wts_session::{Client, CompleteOptions, SessionStatus, UpdateOptions};
//!
//! let client = Client::builder().api_key("pn_...").build()?;
//! let session = client
//!     .update_session_status("567ca9b8-eaa9-4a33-8cf9-d2c67060af74", SessionStatus::InProgress, UpdateOptions::new())
//!     .await?;
//! println!("{}", session.as_json());
//! client.complete_session("567ca9b8-eaa9-4a33-8cf9-d2c67060af74", CompleteOptions::new()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Every failure is an [`Error`]; its [`kind`](Error::kind) says what to do about it.
//!
//! # Features
//!
//! `ring` (default): cryptography by *ring*, unless the program has installed a rustls provider for the whole process. A
//! program with a provider of its own uses `default-features = false` and installs its provider before it makes a client;
//! then only that one is compiled in, and `rustls::ClientConfig::builder()` works as before.
//!
//! `redis`: `shared_limits` in Redis and Valkey. In a file they can be shared without it.
//!
//! `tracing`: a span for each call, with events for attempts, retries and waits. Neither the key nor a body is in them.
//!
//! `test-util`: errors made by hand, for the tests of a program.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod answer;
mod background;
#[doc(hidden)]
pub mod binding;
pub mod blocking;
mod builder;
mod bulk;
mod caller;
mod client;
mod config;
mod crowd;
mod engine;
mod envelope;
mod environment;
mod error;
mod error_kind;
mod json;
mod limiter;
mod model;
mod notation;
mod observer;
mod ops;
mod parked;
mod per_process;
mod process;
mod progress;
mod retry;
mod secret;
mod shared_limits;
mod signals;
mod text;
mod threads;
mod trace;
mod transport;
mod validate;

pub use builder::ClientBuilder;
pub use bulk::{Bulk, BulkHandle, Outcome};
pub use client::Client;
pub use config::{AuthScheme, RateLimit};
#[cfg(feature = "test-util")]
pub use error::ErrorForTests;
pub use error::{Error, ErrorKind};
pub use model::{CompleteOptions, Session, SessionStatus, UpdateOptions};
pub use observer::{Event, Observer, SharedLimitsEvent};
pub use ops::{Item, Operation};
pub use shared_limits::SharedLimitsFallback;

/// The version of this library, the same in every language.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
