//! What follows a 429: a pause, then requests one by one, until they go through again.

use serde::{Deserialize, Serialize};

use super::clock::Micros;

const MILLISECOND: Micros = 1000;
const SECOND: Micros = 1000 * MILLISECOND;

/// The pause after a 429 without a `Retry-After`; it doubles with each one that follows a pause, up to the longest.
const SHORTEST_PAUSE: Micros = SECOND;
const LONGEST_PAUSE: Micros = 60 * SECOND;

/// No server's word holds the account for longer: its longest window is five minutes.
pub(super) const LONGEST_TOLD_PAUSE: Micros = 600 * SECOND;

/// How far apart requests are sent after a pause; it doubles with each 429 that follows a pause, up to the widest.
const CLOSEST_PACE: Micros = 25 * MILLISECOND;
pub(super) const WIDEST_PACE: Micros = 300 * MILLISECOND;
/// How many requests are sent at that pace before all is as it was.
const PACED_REQUESTS: u32 = 200;

/// How many numbers by chance there are: 0 and those below it.
pub(super) const CHANCES: u64 = 65_536;

/// The effect of the 429 answers so far. A time of 0 is none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Slowdown {
    paused_until: Micros,
    /// When the latest pause was set: what was sent before knew nothing of it.
    set_at: Micros,
    /// How many pauses in a row, each of which did not help.
    strikes: u32,
    next: Micros,
    paced_requests: u32,
}

impl Slowdown {
    /// A request that was sent at `sent_at` was answered by 429. `chance` is below [`CHANCES`]. Returns the end of the pause.
    pub(super) fn pause(&mut self, sent_at: Micros, wait: Option<Micros>, chance: u64, now: Micros) -> Micros {
        let is_new = self.set_at == 0 || sent_at > self.set_at;
        if is_new {
            self.strikes = (self.strikes + 1).min(16);
            self.set_at = now;
        }
        self.paced_requests = PACED_REQUESTS;
        if is_new || wait.is_some() || self.paused_until == 0 {
            let wait = wait.map_or_else(|| self.own_pause(chance), |wait| wait.min(LONGEST_TOLD_PAUSE));
            self.hold_until(now + wait);
        }
        self.paused_until
    }

    /// Half of it certain, half of it by chance, so that processes that share the account part.
    fn own_pause(&self, chance: u64) -> Micros {
        let half = doubled(SHORTEST_PAUSE, self.strikes, LONGEST_PAUSE) / 2;
        half + half * chance / CHANCES
    }

    /// Nobody sends before `time`.
    pub(super) fn hold_until(&mut self, time: Micros) {
        self.paused_until = self.paused_until.max(time);
    }

    pub(super) fn recovered(&mut self, sent_at: Micros) {
        if self.set_at > 0 && sent_at > self.set_at {
            self.strikes = 0;
        }
    }

    pub(super) fn earliest(&self, now: Micros) -> Micros {
        now.max(self.paused_until).max(self.next)
    }

    pub(super) fn is_over(&self, now: Micros) -> bool {
        self.earliest(now) <= now && self.strikes == 0
    }

    /// Whether requests leave one by one.
    pub(super) fn is_paced(&self) -> bool {
        self.paced_requests > 0
    }

    /// A request leaves now.
    pub(super) fn count(&mut self, now: Micros) {
        if self.paced_requests > 0 {
            self.paced_requests -= 1;
            self.next = now + doubled(CLOSEST_PACE, self.strikes, WIDEST_PACE);
        }
    }
}

fn doubled(first: Micros, times: u32, most: Micros) -> Micros {
    (first * 2_u64.pow(times.saturating_sub(1))).min(most)
}
