//! Where the slots of a process come from: its own count, the shared ledger, or a share of the limits while that is gone.

use std::collections::VecDeque;

use super::clock::Micros;

/// Where slots come from.
#[derive(Debug, Default)]
pub(super) enum Supply {
    /// The process counts alone.
    #[default]
    Own,
    /// The shared ledger grants each slot.
    Shared(Credits),
    /// The shared ledger can't be reached: a share of each limit is left.
    Share(Share),
}

/// Slots that the shared ledger has granted and that no waiter has yet.
#[derive(Debug, Default)]
pub(super) struct Credits {
    sets: Vec<Set>,
    /// When the ledger is asked again, if requests wait.
    pub(super) look_at: Micros,
}

#[derive(Debug, Default)]
struct Set {
    light: VecDeque<u64>,
    heavy: VecDeque<u64>,
    /// No request has a slot before.
    bound: Micros,
}

impl Credits {
    /// A slot of the set of limits with this index.
    pub(super) fn add(&mut self, set: usize, is_light: bool, number: u64) {
        let set = self.set(set);
        if is_light { set.light.push_back(number) } else { set.heavy.push_back(number) }
    }

    /// Whether there is a slot for a call; a light one may have those of heavy ones too.
    pub(super) fn has(&self, set: usize, is_heavy: bool) -> bool {
        self.sets.get(set).is_some_and(|set| !set.heavy.is_empty() || (!is_heavy && !set.light.is_empty()))
    }

    pub(super) fn take(&mut self, set: usize, is_heavy: bool) -> Option<u64> {
        let set = self.set(set);
        let light = if is_heavy { None } else { set.light.pop_front() };
        light.or_else(|| set.heavy.pop_front())
    }

    /// What nobody has taken.
    pub(super) fn drain(&mut self) -> Vec<u64> {
        self.sets.iter_mut().flat_map(|set| set.light.drain(..).chain(set.heavy.drain(..))).collect()
    }

    pub(super) fn set_bound(&mut self, set: usize, bound: Micros) {
        self.set(set).bound = bound;
    }

    pub(super) fn bound(&self, set: usize) -> Micros {
        self.sets.get(set).map_or(0, |set| set.bound)
    }

    fn set(&mut self, set: usize) -> &mut Set {
        if self.sets.len() <= set {
            self.sets.resize_with(set + 1, Set::default);
        }
        &mut self.sets[set]
    }
}

/// A share of the limits.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) share: f64,
    /// What others have sent by then counts no more in the shortest window.
    pub(super) begins_at: Micros,
    /// What others have sent still counts in longer windows.
    pub(super) caps: Vec<Cap>,
}

/// No more than so many requests before a time, under the limits with this period.
#[derive(Clone, Debug)]
pub(super) struct Cap {
    pub(super) period: Micros,
    pub(super) until: Micros,
    pub(super) left: usize,
}

impl Share {
    pub(super) fn of(&self, requests: usize) -> usize {
        (requests as f64 * self.share) as usize
    }

    /// When the next request may leave as far as the caps of a limit are concerned.
    pub(super) fn earliest(&self, period: Micros, now: Micros) -> Micros {
        let caps = self.caps.iter().filter(|cap| cap.period == period && cap.left == 0);
        caps.map(|cap| cap.until).fold(self.begins_at.max(now), Micros::max)
    }

    pub(super) fn count(&mut self) {
        self.caps.iter_mut().for_each(|cap| cap.left = cap.left.saturating_sub(1));
    }
}
