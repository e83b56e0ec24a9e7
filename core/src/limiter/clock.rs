//! The time of the ledger.

use std::time::Duration;

/// Microseconds on a clock that never goes back.
pub(super) type Micros = u64;

/// A slot is used in this time after it was granted, or given back.
pub(super) const GRANT_TIME: Micros = 2_000_000;

pub(super) fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
