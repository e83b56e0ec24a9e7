//! What is sent again, and when.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// The bound of the first backoff; each further one is twice as long.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// A call without a time limit of its own sleeps on no longer wait than this.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// How long to wait before the retry number `retry` (from 1) after `error`: what the server asked for, or else a backoff.
pub(crate) fn wait_before(retry: u32, error: &Error) -> Duration {
    error.retry_after().unwrap_or_else(|| backoff(retry))
}

/// Exponential backoff with full jitter.
fn backoff(retry: u32) -> Duration {
    let longest = (FIRST_BACKOFF * 2_u32.saturating_pow(retry.saturating_sub(1)).min(64)).min(LONGEST_BACKOFF);
    longest.mul_f64(fastrand::f64())
}

/// A client's budget of retries, in the manner of the AWS SDKs' token bucket: a failing server drains it, and then calls
/// fail with their first error instead of sending more.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: Mutex<u32>,
}

impl RetryBudget {
    const FULL: u32 = 500;
    const OF_A_SUCCESS: u32 = 1;

    pub(crate) fn new() -> Self {
        Self { tokens: Mutex::new(Self::FULL) }
    }

    /// Takes what a retry after `error` costs; false if the budget does not hold that.
    pub(crate) fn withdraw(&self, error: &Error) -> bool {
        let mut tokens = self.tokens();
        match tokens.checked_sub(cost(error)) {
            Some(rest) => {
                *tokens = rest;
                true
            }
            None => false,
        }
    }

    /// A call succeeded, in a retry after `last_error` where there is one, whose cost comes back.
    pub(crate) fn deposit(&self, last_error: Option<&Error>) {
        let mut tokens = self.tokens();
        *tokens = (*tokens + last_error.map_or(Self::OF_A_SUCCESS, cost)).min(Self::FULL);
    }

    fn tokens(&self) -> MutexGuard<'_, u32> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether connections are worth to be used again. A server that ends used connections at the next request costs a second
/// request each time; where that goes on, each request gets a new connection until enough of them were answered.
///
/// It is apart from the retry budget: a server that restarts ends all idle connections at once, and that must not use up
/// what the retries need a moment later.
#[derive(Debug)]
pub(crate) struct Reuse {
    tokens: AtomicU32,
}

impl Reuse {
    const FULL: u32 = 100;
    const OF_AN_ANSWER: u32 = 1;
    const OF_A_FAILURE: u32 = 10;

    pub(crate) fn new() -> Self {
        Self { tokens: AtomicU32::new(Self::FULL) }
    }

    pub(crate) fn is_allowed(&self) -> bool {
        self.tokens.load(Ordering::Relaxed) >= Self::OF_A_FAILURE
    }

    /// A request was answered.
    pub(crate) fn answered(&self) {
        self.change(|tokens| (tokens + Self::OF_AN_ANSWER).min(Self::FULL));
    }

    /// A used connection ended at the request.
    pub(crate) fn failed(&self) {
        self.change(|tokens| tokens.saturating_sub(Self::OF_A_FAILURE));
    }

    fn change(&self, change: impl Fn(u32) -> u32) {
        // It always changes.
        let _ = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| Some(change(tokens)));
    }
}

fn cost(error: &Error) -> u32 {
    if error.kind() == ErrorKind::Timeout { 10 } else { 5 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{RetryBudget, Reuse, backoff, wait_before};
    use crate::error::{Error, ErrorKind};

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "", "").with_retryable(true)
    }

    #[test]
    fn the_server_s_word_comes_before_our_own_backoff() {
        let told = error(ErrorKind::ServerError).with_retry_after(Some(Duration::from_secs(7)));
        assert_eq!(wait_before(3, &told), Duration::from_secs(7));
        assert!(wait_before(1, &error(ErrorKind::ServerError)) <= Duration::from_millis(250));
    }

    #[test]
    fn backoff_is_fully_jittered_and_bounded() {
        for (retry, bound) in [(1, 250), (2, 500), (3, 1000), (6, 8000), (7, 10_000), (100, 10_000)] {
            let waits: Vec<_> = (0..1000).map(|_| backoff(retry).as_millis()).collect();
            assert!(waits.iter().all(|wait| *wait <= bound));
            assert!(waits.iter().any(|wait| *wait < bound / 4) && waits.iter().any(|wait| *wait > bound * 3 / 4));
        }
    }

    #[test]
    fn connections_are_not_used_again_where_too_many_of_them_fail() {
        let reuse = Reuse::new();
        let failures = std::iter::repeat_with(|| reuse.failed()).take_while(|()| reuse.is_allowed()).count() + 1;
        assert_eq!(failures, 10);
        (0..9).for_each(|_| reuse.answered());
        assert!(!reuse.is_allowed());
        reuse.answered();
        assert!(reuse.is_allowed());
    }

    #[test]
    fn a_failing_server_drains_the_budget_and_successes_fill_it() {
        let budget = RetryBudget::new();
        let failed = error(ErrorKind::ServerError);
        assert_eq!((0..1000).filter(|_| budget.withdraw(&failed)).count(), 100);
        (0..4).for_each(|_| budget.deposit(None));
        assert!(!budget.withdraw(&failed));
        budget.deposit(None);
        assert!(budget.withdraw(&failed));
        budget.deposit(Some(&failed));
        assert!(!budget.withdraw(&error(ErrorKind::Timeout)) && budget.withdraw(&failed));
        (0..10_000).for_each(|_| budget.deposit(None));
        assert_eq!((0..1000).filter(|_| budget.withdraw(&error(ErrorKind::Timeout))).count(), 50);
    }
}
