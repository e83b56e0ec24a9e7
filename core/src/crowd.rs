//! Threads that wait for calls of the same client at the same time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A crowd counts as one for so long after the last of its moments: it must not come and go with every call.
const MIN_TIME: Duration = Duration::from_secs(10);

/// How many threads wait, and whether there were many lately.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// So many make no crowd yet.
    few: usize,
    origin: Instant,
    threads: AtomicUsize,
    /// The end of the crowd, in milliseconds after the origin. 0: there was none.
    until: AtomicU64,
}

/// The place of a thread that waits.
pub(crate) struct Place<'a> {
    crowd: &'a Crowd,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AmongFew,
    FirstInCrowd,
    InCrowd,
}

impl Crowd {
    pub(crate) fn new(few: usize) -> Self {
        Self { few, origin: Instant::now(), threads: AtomicUsize::new(0), until: AtomicU64::new(0) }
    }

    /// A thread begins to wait, until what this returns is dropped.
    pub(crate) fn join(&self) -> Place<'_> {
        let others = self.threads.fetch_add(1, Ordering::Relaxed);
        let was_crowd = self.is_crowd();
        let are_many = others >= self.few;
        if are_many {
            let until = self.now() + MIN_TIME.as_millis() as u64;
            self.until.store(until, Ordering::Relaxed);
        }
        let kind = match (was_crowd, are_many) {
            (true, _) => Kind::InCrowd,
            (false, true) => Kind::FirstInCrowd,
            (false, false) => Kind::AmongFew,
        };
        Place { crowd: self, kind }
    }

    fn is_crowd(&self) -> bool {
        self.now() < self.until.load(Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        self.origin.elapsed().as_millis() as u64
    }
}

impl Place<'_> {
    pub(crate) fn is_in_crowd(&self) -> bool {
        self.kind != Kind::AmongFew
    }

    /// Whether there was no crowd before.
    pub(crate) fn is_first_in_crowd(&self) -> bool {
        self.kind == Kind::FirstInCrowd
    }

    /// Whether there is a crowd now.
    pub(crate) fn has_become_crowd(&self) -> bool {
        self.crowd.is_crowd()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.crowd.threads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Crowd;

    #[test]
    fn a_crowd_begins_with_many_and_lasts() {
        let crowd = Crowd::new(2);
        let (first, second) = (crowd.join(), crowd.join());
        assert!(!first.is_in_crowd() && !second.is_in_crowd() && !second.has_become_crowd());
        let third = crowd.join();
        assert!(third.is_in_crowd() && third.is_first_in_crowd() && first.has_become_crowd());
        assert!(!crowd.join().is_first_in_crowd());
        drop((first, second, third));
        let alone = crowd.join();
        assert!(alone.is_in_crowd() && !alone.is_first_in_crowd());
    }

    #[test]
    fn few_are_no_crowd_however_often_they_come() {
        let crowd = Crowd::new(2);
        let first = crowd.join();
        for _ in 0..10 {
            assert!(!crowd.join().is_in_crowd());
        }
        drop(first);
        assert!(!crowd.join().is_in_crowd());
    }
}
