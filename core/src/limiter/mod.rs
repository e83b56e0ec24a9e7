//! The account's budget: so many requests in any sliding window, counted as the server may count them.
//!
//! A slot is taken before a request is sent and comes free one window after its answer. Because the request arrives between
//! the two, the server never sees more requests in a window than there are slots: `docs/design/limiter.md` has the proof.
//! [`ledger`] decides who gets a slot when; this file lets tasks wait for that.

mod accounts;
mod clock;
mod ends;
mod flow;
mod ledger;
mod limit;
mod party;
mod shared;
mod sharing;
mod slowdown;
mod supply;
mod waiting;

pub(crate) use accounts::of_account;
pub use accounts::settle_shared_limits;
#[cfg(feature = "test-util")]
pub use shared::break_shared_limits;
pub(crate) use sharing::News;
pub(crate) use waiting::{Acquire, Refused};

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::RateLimit;
use clock::{Micros, micros};
use flow::{FlowId, MemberId};
use ledger::End;
use party::Driver;
use waiting::State;

/// A wait for the account's limits that is worth telling of.
pub(crate) const NOTABLE_WAIT: Duration = Duration::from_secs(1);

/// The time when a limiter is made: 0 is no time.
const FIRST: Micros = 1;

/// The budget that all clients of an account in this process share.
pub(crate) struct Limiter {
    origin: Instant,
    state: Mutex<State>,
    /// Speaks to the ledger that processes share, if they do.
    driver: Option<Driver>,
}

/// What a client brings to its account.
pub(crate) struct Terms<'a> {
    pub(crate) limits: &'a [RateLimit],
    /// The share of each limit that it leaves to others.
    pub(crate) reserve: f64,
    pub(crate) max_in_flight: usize,
    /// The time limit of an attempt.
    pub(crate) timeout: Duration,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), state: Mutex::default(), driver: None }
    }

    /// A client joins.
    pub(crate) fn join(self: &Arc<Self>, terms: &Terms<'_>) -> Arc<Member> {
        let mut state = self.state();
        let id = state.ledger.join(terms.limits, terms.reserve, terms.max_in_flight);
        let seen = state.sharing.as_mut().map_or(0, |sharing| {
            sharing.note_terms(terms);
            sharing.last_news()
        });
        drop(state);
        Arc::new(Member { limiter: Arc::clone(self), id, seen: AtomicU64::new(seen) })
    }

    /// Nobody of the account sends before `wait` is over, or a time of our own choice if the server named none.
    /// Returns the time that is left of the pause.
    pub(crate) fn pause(self: &Arc<Self>, sent_at: Instant, wait: Option<Duration>) -> Duration {
        let (sent_at, now) = (self.micros(sent_at), self.now());
        let mut state = self.state();
        let state_now = &mut *state;
        let until = match &mut state_now.sharing {
            Some(sharing) => sharing.pause(&mut state_now.ledger, sent_at, wait, now),
            None => state_now.ledger.pause(sent_at, wait, now),
        };
        state.dispatch(now).wake(state);
        self.see_to_driver();
        Duration::from_micros(until.saturating_sub(now))
    }

    /// The server took a request that was sent at `sent_at`: no reason to go slower any more.
    pub(crate) fn recovered(&self, sent_at: Instant) {
        let sent_at = self.micros(sent_at);
        let mut state = self.state();
        state.ledger.recovered(sent_at);
        if let Some(sharing) = &mut state.sharing {
            sharing.participant.accepted(sent_at);
        }
    }

    /// Whether nothing in it counts any more.
    fn is_blank(&self) -> bool {
        let now = self.now();
        let mut state = self.state();
        let is_told = state.sharing.as_mut().is_none_or(|sharing| sharing.participant.is_blank(now));
        is_told && state.ledger.is_blank(now)
    }

    fn now(&self) -> Micros {
        self.micros(Instant::now())
    }

    fn micros(&self, time: Instant) -> Micros {
        FIRST + micros(time.saturating_duration_since(self.origin))
    }

    fn instant(&self, time: Micros) -> Instant {
        self.origin + Duration::from_micros(time.saturating_sub(FIRST))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

/// A client in the account's budget. It leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    limiter: Arc<Limiter>,
    id: MemberId,
    /// The number of the last news that it was told.
    seen: AtomicU64,
}

impl Member {
    pub(crate) fn limiter(&self) -> &Arc<Limiter> {
        &self.limiter
    }

    /// A call begins, single or bulk. Slots are given to calls in turn. A patient one waits for as long as the ledger that
    /// processes share can't be reached.
    pub(crate) fn open_flow(self: &Arc<Self>, is_patient: bool) -> Flow {
        let id = self.limiter.state().ledger.open_flow(self.id);
        Flow { inner: Arc::new(OpenFlow { member: Arc::clone(self), id, is_patient }) }
    }

    /// What has happened to the ledger that processes share, since it was asked last.
    pub(crate) fn take_news(&self) -> Vec<News> {
        let state = self.limiter.state();
        let Some(sharing) = &state.sharing else { return Vec::new() };
        let seen = self.seen.swap(sharing.last_news(), Ordering::Relaxed);
        sharing.news_after(seen)
    }

    /// Waits until there is something to take.
    pub(crate) async fn news(&self) {
        match &self.limiter.driver {
            Some(driver) => driver.news_after(self.seen.load(Ordering::Relaxed)).await,
            None => std::future::pending().await,
        }
    }

    /// How long a request that asks now has to wait at least, whatever the others do.
    pub(crate) fn least_wait(&self) -> Duration {
        let now = self.limiter.now();
        Duration::from_micros(self.limiter.state().ledger.bound(self.id, now) - now)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let now = self.limiter.now();
        let mut state = self.limiter.state();
        state.ledger.leave(self.id);
        if let Some(sharing) = &mut state.sharing {
            sharing.participant.hurry(now);
        }
        drop(state);
        self.limiter.wake_driver();
    }
}

/// One call, single or bulk. All items of a bulk call share it.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    inner: Arc<OpenFlow>,
}

#[derive(Debug)]
struct OpenFlow {
    member: Arc<Member>,
    id: FlowId,
    is_patient: bool,
}

impl Flow {
    /// Waits for a slot, until `deadline` at the latest.
    pub(crate) fn acquire(&self, deadline: Option<Instant>) -> Acquire {
        Acquire::new(self.clone(), deadline)
    }

    /// How long the account's limits keep requests of this call waiting; none if it may have a free slot.
    pub(crate) fn wait_for_limits(&self) -> Option<Duration> {
        let now = self.limiter().now();
        self.limiter().state().ledger.wait_for_limits(self.inner.id, now).map(Duration::from_micros)
    }

    fn limiter(&self) -> &Arc<Limiter> {
        &self.inner.member.limiter
    }
}

impl Drop for OpenFlow {
    fn drop(&mut self) {
        self.member.limiter.state().ledger.close_flow(self.id);
    }
}

/// The right to send one request. Dropping it begins the window at whose end it comes free.
#[derive(Debug)]
pub(crate) struct Slot {
    flow: Flow,
    /// Its number in the ledger that processes share.
    number: Option<u64>,
    taken_at: Instant,
    end: End,
}

impl Slot {
    fn new(flow: Flow, number: Option<u64>) -> Self {
        Self { flow, number, taken_at: Instant::now(), end: End::Unsent }
    }

    pub(crate) fn taken_at(&self) -> Instant {
        self.taken_at
    }

    /// The request is sent. Unless its end becomes known, it may arrive for `lease` after this is dropped.
    pub(crate) fn sent(&mut self, lease: Duration) {
        self.end = End::Unknown(micros(lease));
    }

    /// Nothing was sent after all.
    pub(crate) fn unsent(&mut self) {
        self.end = End::Unsent;
    }

    /// There was no connection for the request, for want of descriptors: whether another request of the client is in flight,
    /// which a later slot then waits for.
    pub(crate) fn found_no_room(&mut self) -> bool {
        self.unsent();
        let limiter = self.flow.limiter();
        let now = limiter.now();
        limiter.state().ledger.narrow(self.flow.inner.member.id, now)
    }

    /// The request was answered, or its connection broke.
    pub(crate) fn settled(&mut self) {
        self.end = End::Known;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let limiter = self.flow.limiter();
        let now = limiter.now();
        let mut state = limiter.state();
        state.ledger.end(self.flow.inner.member.id, self.flow.inner.id, self.end, now);
        if let (Some(sharing), Some(number)) = (&mut state.sharing, self.number) {
            sharing.end(number, self.end, now);
        }
        state.dispatch(now).wake(state);
        limiter.see_to_driver();
    }
}

#[cfg(test)]
mod tests;
