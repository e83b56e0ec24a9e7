//! Events about the work of a client, for logs. Neither the key nor a body is ever part of one.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::error::ErrorKind;

/// Something that happened to a call, or to all calls of a client.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request was sent, and has ended.
    Attempt {
        /// `update_session_status` or `complete_session`.
        operation: &'static str,
        /// The session.
        session_id: &'a str,
        /// 1 for the first request of the call.
        attempt: u32,
        /// The status of the answer, where there was one.
        http_status: Option<u16>,
        /// The kind of its error, if it failed.
        error: Option<ErrorKind>,
        /// How long it took, from sending to the last byte.
        elapsed: Duration,
    },
    /// The request is going to be sent again.
    Retry {
        /// `update_session_status` or `complete_session`.
        operation: &'static str,
        /// The session.
        session_id: &'a str,
        /// The attempt that failed; 1 for the first.
        attempt: u32,
        /// The kind of the error of that attempt.
        error: ErrorKind,
        /// How long the call waits before that.
        wait: Duration,
    },
    /// The API answered 429: nobody of the account sends for a while.
    Pause {
        /// How long.
        wait: Duration,
    },
    /// The account's limits are reached: requests wait for a second or more. It comes once for each such wait of a client.
    Waiting {
        /// How long, as far as it is known now.
        wait: Duration,
    },
    /// Something happened to the ledger that processes share (`shared_limits`).
    SharedLimits(SharedLimitsEvent<'a>),
}

/// What happened to the ledger that processes share.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum SharedLimitsEvent<'a> {
    /// It answers, for the first time or again.
    Reached,
    /// It knows nothing of what was sent before, so nobody sends for a while, in which all processes tell it.
    Resting {
        /// How long.
        wait: Duration,
        /// `first use`, or how its data was lost.
        reason: &'a str,
    },
    /// It can't be reached, or refuses.
    Lost {
        /// Why, without a password.
        reason: &'a str,
    },
    /// It can't be reached, and a share of the limits is used instead.
    FallbackBegan {
        /// The share, as it was set.
        share: f64,
        /// How long nothing is sent before that, because others' requests still count.
        wait: Duration,
    },
    /// It can be reached again: the share is no longer used.
    FallbackEnded,
    /// The server removes keys when its memory is full: then the ledger rests, and sending stops for a while.
    Evicts {
        /// Its `maxmemory-policy`.
        policy: &'a str,
    },
}

impl SharedLimitsEvent<'_> {
    /// Whether somebody may have to do something about it.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::FallbackBegan { .. } | Self::Evicts { .. })
    }
}

impl fmt::Display for SharedLimitsEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Reached => write!(f, "Shared limits: the ledger answers"),
            Self::Resting { wait, reason } => {
                write!(f, "Shared limits: nothing is sent for {:.2} s ({reason})", wait.as_secs_f64())
            }
            Self::Lost { reason } => write!(f, "Shared limits: the ledger can't be used: {reason}"),
            Self::FallbackBegan { share, wait } => {
                write!(f, "Shared limits: {share} of the limits is used, after {:.2} s", wait.as_secs_f64())
            }
            Self::FallbackEnded => write!(f, "Shared limits: the ledger is used again"),
            Self::Evicts { policy } => write!(
                f,
                "Shared limits: the server may remove the ledger (maxmemory-policy {policy}); noeviction keeps it"
            ),
        }
    }
}

/// The event as a line for a log.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Event::Attempt { operation, session_id, attempt, http_status, error, elapsed } => {
                write!(f, "{operation} {session_id:?}: attempt {attempt},")?;
                if let Some(status) = http_status {
                    write!(f, " HTTP {status}")?;
                }
                if let Some(kind) = error {
                    write!(f, " {}", kind.code())?;
                }
                write!(f, ", {} ms", elapsed.as_millis())
            }
            Event::Retry { operation, session_id, attempt, error, wait } => {
                let (code, seconds) = (error.code(), wait.as_secs_f64());
                write!(f, "{operation} {session_id:?}: attempt {attempt} failed ({code}), again in {seconds:.2} s")
            }
            Event::Pause { wait } => {
                let seconds = wait.as_secs_f64();
                write!(f, "The API's rate limit is reached (HTTP 429): nothing is sent for {seconds:.2} s")
            }
            Event::Waiting { wait } => {
                write!(f, "The account's limits are reached: requests wait for {:.2} s", wait.as_secs_f64())
            }
            Event::SharedLimits(event) => event.fmt(f),
        }
    }
}

/// A function that is called with each event, on the thread that drives the call. It has to be quick.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Event<'_>) + Send + Sync>);

impl Observer {
    /// One that calls `tell`.
    pub fn new(tell: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// A panic of the observer changes nothing for the call: the panic hook has reported it by then.
    pub(crate) fn notify(&self, event: &Event<'_>) {
        let _reported = catch_unwind(AssertUnwindSafe(|| (self.0)(event)));
    }
}

impl PartialEq for Observer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Event;
    use crate::error::ErrorKind;

    #[test]
    fn events_are_lines() {
        let attempt = |http_status, error| Event::Attempt {
            operation: "complete_session",
            session_id: "s\u{2028}1",
            attempt: 2,
            http_status,
            error,
            elapsed: Duration::from_micros(12_900),
        };
        let wait = Duration::from_millis(1250);
        let retry = Event::Retry {
            operation: "update_session_status",
            session_id: "s",
            attempt: 1,
            error: ErrorKind::Connection,
            wait,
        };
        for (event, line) in [
            (attempt(Some(200), None), r#"complete_session "s\u{2028}1": attempt 2, HTTP 200, 12 ms"#),
            (
                attempt(Some(503), Some(ErrorKind::ServerError)),
                r#"complete_session "s\u{2028}1": attempt 2, HTTP 503 server_error, 12 ms"#,
            ),
            (attempt(None, Some(ErrorKind::Timeout)), r#"complete_session "s\u{2028}1": attempt 2, timeout, 12 ms"#),
            (retry, r#"update_session_status "s": attempt 1 failed (connection), again in 1.25 s"#),
            (Event::Waiting { wait }, "The account's limits are reached: requests wait for 1.25 s"),
            (Event::Pause { wait }, "The API's rate limit is reached (HTTP 429): nothing is sent for 1.25 s"),
        ] {
            assert_eq!(event.to_string(), line);
        }
    }
}
