//! What is known of a call at any moment, also when it is dropped in the middle.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::error::Error;

/// How far a call has come, also when its future is dropped in the middle.
#[derive(Debug, Default)]
pub struct Progress {
    attempts: AtomicU32,
    /// Whether bytes of the attempt under way have been handed to a connection.
    left: AtomicBool,
    /// Whether an earlier attempt left and no answer settled it.
    unsettled: AtomicBool,
    /// Whether the attempt under way is the last.
    is_last: AtomicBool,
}

impl Progress {
    /// How many requests there have been, the one under way and those that replaced a dead connection included.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn begin_attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.left.store(false, Ordering::Relaxed);
    }

    /// No request could be sent, and the attempt is going to be made later.
    pub(crate) fn take_back_attempt(&self) {
        self.attempts.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn request_leaves(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    /// The attempt under way has ended with `error`.
    pub(crate) fn end_attempt(&self, error: &Error) {
        self.left.store(false, Ordering::Relaxed);
        self.unsettled.fetch_or(error.may_have_been_applied(), Ordering::Relaxed);
    }

    pub(crate) fn allow_no_other_attempt(&self) {
        self.is_last.store(true, Ordering::Relaxed);
    }

    pub(crate) fn allows_another_attempt(&self) -> bool {
        !self.is_last.load(Ordering::Relaxed)
    }

    /// `error` as the outcome of the whole call: with its attempts, and whether it may have been applied.
    pub fn conclude(&self, error: Error) -> Error {
        let may_have_been_applied = error.may_have_been_applied() || self.may_have_been_applied();
        error.with_attempts(self.attempts()).with_may_have_been_applied(may_have_been_applied)
    }

    fn may_have_been_applied(&self) -> bool {
        self.unsettled.load(Ordering::Relaxed) || self.has_left()
    }
}
