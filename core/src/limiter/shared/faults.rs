//! What a process would do wrong, so that tests can see whether they would notice.

use std::sync::atomic::{AtomicBool, Ordering};

static NO_REPLAY: AtomicBool = AtomicBool::new(false);
static STAMPED_AT_SENDING: AtomicBool = AtomicBool::new(false);

/// Breaks the sharing of limits in this process: with `no-replay` it tells a new epoch of nothing, with
/// `stamped-at-sending` the window of a slot begins when its request is sent.
pub fn break_shared_limits(how: &str) {
    match how {
        "no-replay" => NO_REPLAY.store(true, Ordering::Relaxed),
        "stamped-at-sending" => STAMPED_AT_SENDING.store(true, Ordering::Relaxed),
        _ => panic!("there is no way {how} to break it"),
    }
}

pub(super) fn has_no_replay() -> bool {
    NO_REPLAY.load(Ordering::Relaxed)
}

pub(super) fn stamps_at_sending() -> bool {
    STAMPED_AT_SENDING.load(Ordering::Relaxed)
}
