//! Ends of requests, in their order.

use std::collections::VecDeque;

use super::clock::Micros;

/// When requests ended whose slots still count, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ends(VecDeque<Micros>);

impl Ends {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Micros> {
        self.0.iter().copied()
    }

    pub(super) fn add(&mut self, end: Micros) {
        let place = self.0.iter().rposition(|other| *other <= end).map_or(0, |place| place + 1);
        self.0.insert(place, end);
    }

    pub(super) fn remove(&mut self, end: Micros) {
        let place = self.0.partition_point(|other| *other < end);
        if self.0.get(place) == Some(&end) {
            self.0.remove(place);
        }
    }

    /// How many are in the window of this length that ends now, or later.
    pub(super) fn count(&self, period: Micros, now: Micros) -> usize {
        self.0.len() - self.0.partition_point(|end| end + period <= now)
    }

    pub(super) fn first(&self, period: Micros, now: Micros) -> Option<Micros> {
        self.0.get(self.0.partition_point(|end| end + period <= now)).copied()
    }

    /// When at most `most` are left in the window; now if that is so already.
    pub(super) fn time_of_most(&self, most: usize, period: Micros, now: Micros) -> Micros {
        match self.0.len().checked_sub(most + 1) {
            Some(last_to_leave) => now.max(self.0[last_to_leave] + period),
            None => now,
        }
    }

    pub(super) fn forget(&mut self, period: Micros, most: usize, now: Micros) {
        let past = self.0.partition_point(|end| end + period <= now);
        let surplus = self.0.len().saturating_sub(most);
        self.0.drain(..past.max(surplus));
    }
}
