//! The account's budget: so many requests in any sliding window, counted as the server may count them.
//!
//! A slot is taken before a request is sent and comes free one window after its answer. Because the request arrives between
//! the two, the server never sees more requests in a window than there are slots: `docs/design/limiter.md` has the proof.
//! [`ledger`] decides who gets a slot when; this file lets tasks wait for that.

mod accounts;
mod clock;
mod ledger;
mod shared;
mod slowdown;
mod waiting;

pub(crate) use accounts::of_account;
pub(crate) use waiting::{Acquire, Refused};

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::RateLimit;
use clock::{Micros, micros};
use ledger::{End, FlowId, MemberId};
use waiting::State;

/// The budget that all clients of an account in this process share.
pub(crate) struct Limiter {
    origin: Instant,
    state: Mutex<State>,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), state: Mutex::default() }
    }

    /// A client joins, with its limits, the share that it leaves to others, and its room for requests in flight.
    pub(crate) fn join(self: &Arc<Self>, limits: &[RateLimit], reserve: f64, max_in_flight: usize) -> Arc<Member> {
        let id = self.state().ledger.join(limits, reserve, max_in_flight);
        Arc::new(Member { limiter: Arc::clone(self), id })
    }

    /// Nobody of the account sends before `wait` is over, or a time of our own choice if the server named none.
    /// Returns the time that is left of the pause.
    pub(crate) fn pause(&self, sent_at: Instant, wait: Option<Duration>) -> Duration {
        let (sent_at, now) = (self.micros(sent_at), self.now());
        let mut state = self.state();
        let until = state.ledger.pause(sent_at, wait, now);
        state.dispatch(now).wake(state);
        Duration::from_micros(until.saturating_sub(now))
    }

    /// The server took a request that was sent at `sent_at`: no reason to go slower any more.
    pub(crate) fn recovered(&self, sent_at: Instant) {
        self.state().ledger.recovered(self.micros(sent_at));
    }

    /// Whether nothing in it counts any more.
    fn is_blank(&self) -> bool {
        let now = self.now();
        self.state().ledger.is_blank(now)
    }

    fn now(&self) -> Micros {
        self.micros(Instant::now())
    }

    fn micros(&self, time: Instant) -> Micros {
        micros(time.saturating_duration_since(self.origin))
    }

    fn instant(&self, time: Micros) -> Instant {
        self.origin + Duration::from_micros(time)
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
}

impl Member {
    pub(crate) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// A call begins, single or bulk. Slots are given to calls in turn.
    pub(crate) fn open_flow(self: &Arc<Self>) -> Flow {
        let id = self.limiter.state().ledger.open_flow(self.id);
        Flow { inner: Arc::new(OpenFlow { member: Arc::clone(self), id }) }
    }

    /// How long the account's limits keep requests of this client waiting; none if a slot is free.
    pub(crate) fn wait_for_limits(&self) -> Option<Duration> {
        let now = self.limiter.now();
        self.limiter.state().ledger.wait_for_limits(self.id, now).map(Duration::from_micros)
    }

    /// How long a request that asks now has to wait at least, whatever the others do.
    pub(crate) fn least_wait(&self) -> Duration {
        let now = self.limiter.now();
        Duration::from_micros(self.limiter.state().ledger.bound(self.id, now) - now)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.limiter.state().ledger.leave(self.id);
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
}

impl Flow {
    /// Waits for a slot, until `deadline` at the latest.
    pub(crate) fn acquire(&self, deadline: Option<Instant>) -> Acquire {
        Acquire::new(self.clone(), deadline)
    }

    fn limiter(&self) -> &Limiter {
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
    taken_at: Instant,
    end: End,
}

impl Slot {
    fn new(flow: Flow) -> Self {
        Self { flow, taken_at: Instant::now(), end: End::Unsent }
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
        state.dispatch(now).wake(state);
    }
}

#[cfg(test)]
mod tests;
