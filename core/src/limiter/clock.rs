//! The time of the ledger.

use std::time::Duration;

/// Microseconds on a clock that never goes back.
pub(super) type Micros = u64;

pub(super) fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
