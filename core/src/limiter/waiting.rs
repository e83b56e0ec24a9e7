//! Tasks that wait for slots. Slots are granted to them, so a task that is not polled holds up nobody.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::clock::Micros;
use super::ledger::{End, FlowId, Ledger, MemberId, WaiterId};
use super::{Flow, Slot};

/// A grant that its waiter does not take up in this time goes to the next one.
const GRANT_TIME: Micros = 2_000_000;

/// How much later than the timekeeper all other waiters look, in case its runtime does not run.
const BACKUP_TIME: Micros = 500_000;

/// Why there is no slot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The account's limits leave no room in time. How long it would take at least.
    TooLong(Duration),
    /// The deadline passed, and not because of the limits.
    Expired,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    waiters: BTreeMap<WaiterId, Waiter>,
    /// The waiter whose timer is set to the next look at the ledger, and the time that it is set to.
    timekeeper: Option<(WaiterId, Option<Micros>)>,
    /// Grants in the order of their times, also those that were taken up.
    granted: VecDeque<(Micros, WaiterId)>,
}

struct Waiter {
    member: MemberId,
    flow: FlowId,
    is_granted: bool,
    waker: Option<Waker>,
}

/// Who has to be woken when the lock is free.
#[must_use]
#[derive(Default)]
pub(super) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(super) fn wake(self, state: MutexGuard<'_, State>) {
        drop(state);
        self.0.into_iter().for_each(Waker::wake);
    }
}

impl State {
    /// Grants what can be granted now.
    pub(super) fn dispatch(&mut self, now: Micros) -> Wakers {
        let mut wakers = Wakers::default();
        self.take_back_unused(now);
        while let Some(id) = self.ledger.grant(now) {
            self.granted.push_back((now, id));
            if let Some(waiter) = self.waiters.get_mut(&id) {
                waiter.is_granted = true;
                wakers.0.extend(waiter.waker.take());
            }
            if self.timekeeper.is_some_and(|(keeper, _)| keeper == id) {
                self.timekeeper = None;
            }
        }
        wakers.0.extend(self.call_timekeeper(now));
        wakers
    }

    fn take_back_unused(&mut self, now: Micros) {
        while let Some((granted_at, id)) = self.granted.front().copied() {
            let waiter = self.waiters.get_mut(&id).filter(|waiter| waiter.is_granted);
            match waiter {
                Some(_) if granted_at + GRANT_TIME > now => return,
                Some(waiter) => {
                    waiter.is_granted = false;
                    self.ledger.take_back(waiter.member, waiter.flow, id, now);
                }
                None => {}
            }
            self.granted.pop_front();
        }
    }

    /// The next time at which something may be granted or has to be taken back.
    fn look_at(&self, now: Micros) -> Option<Micros> {
        let unused = self.granted.front().map(|(granted_at, _)| granted_at + GRANT_TIME);
        self.ledger.look_at(now).into_iter().chain(unused).min()
    }

    /// Wakes the timekeeper if its timer is set too late, or the next waiter if there is none.
    fn call_timekeeper(&mut self, now: Micros) -> Option<Waker> {
        let id = match self.timekeeper {
            None => self.ledger.some_waiter()?,
            Some((id, set_to)) => {
                let next = self.look_at(now)?;
                if set_to.is_some_and(|time| time <= next) {
                    return None;
                }
                id
            }
        };
        self.waiters.get_mut(&id)?.waker.take()
    }

    /// When the timer of the waiter `id` has to go off.
    fn time_of_look(&mut self, id: WaiterId, now: Micros) -> Option<Micros> {
        let next = self.look_at(now);
        let keeper = self.timekeeper.map_or(id, |(keeper, _)| keeper);
        if keeper == id {
            self.timekeeper = Some((id, next));
            next
        } else {
            Some(next.unwrap_or(now) + BACKUP_TIME)
        }
    }

    fn remove(&mut self, id: WaiterId) -> Option<Waiter> {
        if self.timekeeper.is_some_and(|(keeper, _)| keeper == id) {
            self.timekeeper = None;
        }
        self.waiters.remove(&id)
    }
}

/// The wait of one request for a slot. Dropping it gives the place in the queue, or the slot, to the next one.
#[must_use]
pub(crate) struct Acquire {
    flow: Flow,
    deadline: Option<Instant>,
    waiter: Option<WaiterId>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Acquire {
    pub(super) fn new(flow: Flow, deadline: Option<Instant>) -> Self {
        Self { flow, deadline, waiter: None, timer: None }
    }

    /// Joins the queue, or takes a slot at once.
    fn begin(&mut self) -> Poll<Result<Slot, Refused>> {
        let limiter = self.flow.limiter();
        let (member, flow) = (self.flow.inner.member.id, self.flow.inner.id);
        let now = limiter.now();
        let mut state = limiter.state();
        if state.ledger.take(flow, now) {
            drop(state);
            return Poll::Ready(Ok(Slot::new(self.flow.clone())));
        }
        let bound = state.ledger.bound(member, now);
        // A deadline that has passed already is no matter of the limits if they would let the request pass.
        if bound > now && self.deadline.is_some_and(|deadline| limiter.instant(bound) > deadline) {
            return Poll::Ready(Err(Refused::TooLong(Duration::from_micros(bound - now))));
        }
        let id = state.ledger.ask(flow, now);
        state.waiters.insert(id, Waiter { member, flow, is_granted: false, waker: None });
        self.waiter = Some(id);
        state.dispatch(now).wake(state);
        Poll::Pending
    }

    /// The slot if it was granted, or the time of the next look.
    fn look(&mut self, id: WaiterId, waker: &Waker) -> Poll<Result<Slot, Refused>> {
        let limiter = self.flow.limiter();
        let now = limiter.now();
        let mut state = limiter.state();
        let wakers = state.dispatch(now);
        if state.waiters.get(&id).is_some_and(|waiter| waiter.is_granted) {
            let _waiter = state.remove(id);
            self.waiter = None;
            wakers.wake(state);
            return Poll::Ready(Ok(Slot::new(self.flow.clone())));
        }
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            let wait = state.ledger.wait_for_limits(self.flow.inner.member.id, now);
            wakers.wake(state);
            return Poll::Ready(Err(
                wait.map_or(Refused::Expired, |wait| Refused::TooLong(Duration::from_micros(wait)))
            ));
        }
        let time = state.time_of_look(id, now).map(|time| limiter.instant(time));
        let replaced = state.waiters.get_mut(&id).and_then(|waiter| waiter.waker.replace(waker.clone()));
        wakers.wake(state);
        drop(replaced);
        self.set_timer(time);
        Poll::Pending
    }

    fn set_timer(&mut self, look: Option<Instant>) {
        let time = look.into_iter().chain(self.deadline).min();
        match (time, &mut self.timer) {
            (Some(time), Some(timer)) => timer.as_mut().reset(time),
            (Some(time), None) => self.timer = Some(Box::pin(sleep_until(time))),
            (None, _) => self.timer = None,
        }
    }
}

impl Future for Acquire {
    type Output = Result<Slot, Refused>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.waiter.is_none()
            && let Poll::Ready(result) = this.begin()
        {
            return Poll::Ready(result);
        }
        while let Some(id) = this.waiter {
            if let Poll::Ready(result) = this.look(id, context.waker()) {
                return Poll::Ready(result);
            }
            let is_over = this.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready());
            if !is_over {
                break;
            }
        }
        Poll::Pending
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(id) = self.waiter.take() else { return };
        let limiter = self.flow.limiter();
        let now = limiter.now();
        let mut state = limiter.state();
        let waiter = state.remove(id);
        if waiter.as_ref().is_some_and(|waiter| waiter.is_granted) {
            state.ledger.end(self.flow.inner.member.id, self.flow.inner.id, End::Unsent, now);
        } else {
            state.ledger.withdraw(id);
        }
        state.dispatch(now).wake(state);
        drop(waiter);
    }
}
