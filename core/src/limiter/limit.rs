//! A limit as the ledger counts it.

use super::clock::{Micros, micros};
use super::supply::Share;
use crate::config::RateLimit;

/// The share of a limit that is reserved only where the limit is at least this large.
const SMALLEST_LIMIT_WITH_RESERVE: usize = 20;

/// At most so many requests in any window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) requests: usize,
    pub(super) period: Micros,
    /// How many slots a flow may hold before it has to leave some to others; 0 if it never has to.
    pub(super) reserve: usize,
}

impl Limit {
    pub(super) fn new(limit: RateLimit, reserve: f64) -> Self {
        let requests = limit.requests as usize;
        let share = (requests as f64 * reserve) as usize;
        let reserve = if reserve > 0.0 && requests >= SMALLEST_LIMIT_WITH_RESERVE { share.max(1) } else { share };
        Self { requests, period: micros(limit.period), reserve }
    }

    /// That of a process which uses a share of the limits.
    pub(super) fn of(&self, share: &Share) -> Self {
        Self { requests: share.of(self.requests), reserve: share.of(self.reserve), ..*self }
    }
}
