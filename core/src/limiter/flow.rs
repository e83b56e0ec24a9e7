//! Who asks for slots: clients, and their calls.

use std::collections::BTreeSet;

use super::clock::Micros;
use super::ends::Ends;
use super::limit::Limit;

pub(super) type MemberId = u64;
pub(super) type FlowId = u64;
/// Later waiters have larger numbers.
pub(super) type WaiterId = u64;

/// How many requests of a client may be in flight.
#[derive(Debug)]
pub(super) struct Room {
    /// What the client was made with.
    most: usize,
    /// What the system bears, as far as is known.
    now: usize,
    narrowed_at: Micros,
}

impl Room {
    /// So long the room stays as narrow as it has become.
    const TIME_TO_WIDEN: Micros = 1_000_000;

    pub(super) fn new(most: usize) -> Self {
        Self { most, now: most, narrowed_at: 0 }
    }

    pub(super) fn get(&self) -> usize {
        self.now
    }

    /// Of `in_flight` requests one got no connection, for want of descriptors.
    pub(super) fn narrow(&mut self, in_flight: usize, now: Micros) {
        self.now = self.now.min(in_flight.saturating_sub(1).max(1));
        self.narrowed_at = now;
    }

    /// A request was answered: after a while there may be room for one more.
    pub(super) fn widen(&mut self, now: Micros) {
        if self.now < self.most && self.narrowed_at + Self::TIME_TO_WIDEN <= now {
            self.now += 1;
        }
    }
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) limits: Vec<Limit>,
    /// The index of its limits among all sets.
    pub(super) set: usize,
    pub(super) room: Room,
    pub(super) in_flight: usize,
    /// Flows with waiters that hold fewer slots than the reserve of every limit, in the order of their tags.
    pub(super) light: BTreeSet<(u64, FlowId)>,
    /// The other flows with waiters. There are few of them, because each holds many slots.
    pub(super) heavy: BTreeSet<(u64, FlowId)>,
}

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) member: MemberId,
    /// The turn of its next request.
    pub(super) tag: u64,
    pub(super) waiters: BTreeSet<WaiterId>,
    pub(super) in_flight: usize,
    pub(super) ended: Ends,
    pub(super) was_heavy: bool,
}

impl Member {
    pub(super) fn is_full(&self) -> bool {
        self.in_flight >= self.room.get()
    }
}

impl Flow {
    pub(super) fn is_heavy_for_any(&self, limits: &[Limit], now: Micros) -> bool {
        limits.iter().any(|limit| self.is_heavy(limit, now))
    }

    /// How many slots it may take before it is heavy.
    pub(super) fn light_room(&self, limits: &[Limit], now: Micros) -> usize {
        let limits = limits.iter().filter(|limit| limit.reserve > 0);
        let room =
            limits.map(|limit| limit.reserve.saturating_sub(self.in_flight + self.ended.count(limit.period, now)));
        room.min().unwrap_or(usize::MAX)
    }

    pub(super) fn is_heavy(&self, limit: &Limit, now: Micros) -> bool {
        limit.reserve > 0 && self.in_flight + self.ended.count(limit.period, now) >= limit.reserve
    }
}
