//! What a client tells of its work while it goes on: for logs. Neither the key nor a body is ever part of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened to a call.
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
        /// What is wrong, or none: the error's code.
        error: Option<&'static str>,
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
        /// Why: the error's code.
        error: &'static str,
        /// How long the call waits before that.
        wait: Duration,
    },
    /// The API answered 429: nobody of the account sends for a while.
    Pause {
        /// How long.
        wait: Duration,
    },
}

/// Who is told. It is called on the thread that drives the call, and has to be quick.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Event<'_>) + Send + Sync>);

impl Observer {
    /// Tells `tell`.
    pub fn new(tell: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        (self.0)(event);
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
