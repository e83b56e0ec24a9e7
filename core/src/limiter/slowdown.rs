//! What follows a 429: a pause, then requests one by one, until they go through again.

use super::clock::Micros;

const MILLISECOND: Micros = 1000;
const SECOND: Micros = 1000 * MILLISECOND;

/// The pause after a 429 without a `Retry-After`; it doubles with each one that follows a pause, up to the longest.
const SHORTEST_PAUSE: Micros = SECOND;
const LONGEST_PAUSE: Micros = 60 * SECOND;

/// No server's word holds the account for longer: its longest window is five minutes.
const LONGEST_TOLD_PAUSE: Micros = 600 * SECOND;

/// How far apart requests are sent after a pause; it doubles with each 429 that follows a pause, up to the widest.
const CLOSEST_PACE: Micros = 25 * MILLISECOND;
const WIDEST_PACE: Micros = 300 * MILLISECOND;
/// How many requests are sent at that pace before all is as it was.
const PACED_REQUESTS: u32 = 200;

/// The effect of the 429 answers so far.
#[derive(Debug, Default)]
pub(super) struct Slowdown {
    paused_until: Option<Micros>,
    /// When the latest pause was set: what was sent before knew nothing of it.
    set_at: Option<Micros>,
    /// How many pauses in a row, each of which did not help.
    strikes: u32,
    next: Option<Micros>,
    paced_requests: u32,
}

impl Slowdown {
    pub(super) fn pause(&mut self, sent_at: Micros, wait: Option<Micros>, now: Micros) -> Micros {
        let is_new = self.set_at.is_none_or(|set_at| sent_at > set_at);
        if is_new {
            self.strikes = (self.strikes + 1).min(16);
            self.set_at = Some(now);
        }
        self.paced_requests = PACED_REQUESTS;
        let until = now + wait.map_or_else(|| self.own_pause(), |wait| wait.min(LONGEST_TOLD_PAUSE));
        let until = match self.paused_until {
            Some(earlier) if !is_new && wait.is_none() => earlier,
            Some(earlier) => earlier.max(until),
            None => until,
        };
        self.paused_until = Some(until);
        until
    }

    /// Half of it certain, half of it by chance, so that processes that share the account part.
    fn own_pause(&self) -> Micros {
        let longest = doubled(SHORTEST_PAUSE, self.strikes, LONGEST_PAUSE);
        longest / 2 + fastrand::u64(0..=longest / 2)
    }

    pub(super) fn recovered(&mut self, sent_at: Micros) {
        if self.set_at.is_some_and(|set_at| sent_at > set_at) {
            self.strikes = 0;
        }
    }

    pub(super) fn earliest(&self, now: Micros) -> Micros {
        now.max(self.paused_until.unwrap_or(now)).max(self.next.unwrap_or(now))
    }

    pub(super) fn is_over(&self, now: Micros) -> bool {
        self.earliest(now) <= now && self.strikes == 0
    }

    /// A request leaves now.
    pub(super) fn count(&mut self, now: Micros) {
        if self.paced_requests > 0 {
            self.paced_requests -= 1;
            self.next = Some(now + doubled(CLOSEST_PACE, self.strikes, WIDEST_PACE));
        }
    }
}

fn doubled(first: Micros, times: u32, most: Micros) -> Micros {
    (first * 2_u64.pow(times.saturating_sub(1))).min(most)
}
