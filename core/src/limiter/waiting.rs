//! Tasks that wait for slots. Slots are granted to them, so a task that is not polled holds up nobody.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::clock::{GRANT_TIME, Micros};
use super::flow::{FlowId, MemberId, WaiterId};
use super::ledger::{End, Grant, Ledger};
use super::sharing::Sharing;
use super::{Flow, Slot};

/// How much later than the timekeeper all other waiters look, in case its runtime does not run.
const BACKUP_TIME: Micros = 500_000;

/// Why there is no slot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The ledger that processes share can't be reached, or refuses; a later try is of use or not.
    Unavailable { text: String, is_lasting: bool },
    /// The account's limits leave no room in time. How long it would take at least.
    TooLong(Duration),
    /// The deadline passed, and not because of the limits.
    Expired,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    /// This process in the ledger that it shares with others.
    pub(super) sharing: Option<Sharing>,
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
    /// The number of its slot in the shared ledger.
    number: Option<u64>,
    /// It gives up then.
    deadline: Option<Micros>,
    waker: Option<Waker>,
}

/// Who has to be woken when the lock is free.
#[must_use]
#[derive(Default)]
pub(super) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(super) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    pub(super) fn wake(self, state: MutexGuard<'_, State>) {
        drop(state);
        self.0.into_iter().for_each(Waker::wake);
    }
}

impl State {
    /// Grants what can be granted now.
    pub(super) fn dispatch(&mut self, now: Micros) -> Wakers {
        self.dispatch_granted_at(now, now)
    }

    /// As [`dispatch`](Self::dispatch), with slots whose time began at `granted_at`.
    pub(super) fn dispatch_granted_at(&mut self, granted_at: Micros, now: Micros) -> Wakers {
        let mut wakers = Wakers::default();
        self.take_back_unused(now);
        while let Some(Grant { waiter: id, number }) = self.ledger.grant(now) {
            let place = self.granted.partition_point(|(other, _)| *other <= granted_at);
            self.granted.insert(place, (granted_at, id));
            if let Some(waiter) = self.waiters.get_mut(&id) {
                waiter.is_granted = true;
                waiter.number = number.or_else(|| self.sharing.as_mut().map(|sharing| sharing.took(now)));
                wakers.0.extend(waiter.waker.take());
            }
            if self.timekeeper.is_some_and(|(keeper, _)| keeper == id) {
                self.timekeeper = None;
            }
        }
        if let Some(sharing) = &mut self.sharing {
            sharing.after_dispatch(&mut self.ledger, now);
        }
        wakers.0.extend(self.call_timekeeper(now));
        wakers
    }

    /// Wakes those that have to learn something: who gives up before a slot can be had, or all.
    pub(super) fn wake_for_news(&mut self, is_for_all: bool) -> Wakers {
        let ledger = &self.ledger;
        let concerned = self.waiters.values_mut().filter(|waiter| {
            is_for_all || waiter.deadline.is_some_and(|deadline| ledger.bound(waiter.member, 0) > deadline)
        });
        Wakers(concerned.filter_map(|waiter| waiter.waker.take()).collect())
    }

    fn take_back_unused(&mut self, now: Micros) {
        while let Some((granted_at, id)) = self.granted.front().copied() {
            let waiter = self.waiters.get_mut(&id).filter(|waiter| waiter.is_granted);
            match waiter {
                Some(_) if granted_at + GRANT_TIME > now => return,
                Some(waiter) => {
                    waiter.is_granted = false;
                    self.ledger.take_back(waiter.member, waiter.flow, id, now);
                    if let (Some(sharing), Some(number)) = (&mut self.sharing, waiter.number.take()) {
                        sharing.participant.not_used(number, now);
                    }
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
            // Where slots come from a ledger that is shared, its thread tells; it may have to be started.
            next.or_else(|| self.sharing.as_ref().map(|_| now + BACKUP_TIME))
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
            let number = state.sharing.as_mut().map(|sharing| sharing.took(now));
            drop(state);
            return Poll::Ready(Ok(Slot::new(self.flow.clone(), number)));
        }
        let bound = state.ledger.bound(member, now);
        // A deadline that has passed already is no matter of the limits if they would let the request pass.
        if bound > now && self.deadline.is_some_and(|deadline| limiter.instant(bound) > deadline) {
            return Poll::Ready(Err(Refused::TooLong(Duration::from_micros(bound - now))));
        }
        let id = state.ledger.ask(flow, now);
        let deadline = self.deadline.map(|deadline| limiter.micros(deadline));
        state.waiters.insert(id, Waiter { member, flow, is_granted: false, number: None, deadline, waker: None });
        self.waiter = Some(id);
        let is_light = state.ledger.is_light_ask(flow, now);
        if let Some(sharing) = &mut state.sharing {
            sharing.asks(is_light, now);
        }
        state.dispatch(now).wake(state);
        limiter.see_to_driver();
        Poll::Pending
    }

    /// The slot if it was granted, or the time of the next look.
    fn look(&mut self, id: WaiterId, waker: &Waker) -> Poll<Result<Slot, Refused>> {
        let limiter = self.flow.limiter();
        let now = limiter.now();
        let mut state = limiter.state();
        let wakers = state.dispatch(now);
        if state.waiters.get(&id).is_some_and(|waiter| waiter.is_granted) {
            let number = state.remove(id).and_then(|waiter| waiter.number);
            self.waiter = None;
            wakers.wake(state);
            return Poll::Ready(Ok(Slot::new(self.flow.clone(), number)));
        }
        if let Some(refused) = self.refused_by_shared_ledger(&state, now) {
            wakers.wake(state);
            return Poll::Ready(Err(refused));
        }
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            let wait = state.ledger.wait_for_limits(self.flow.inner.id, now);
            wakers.wake(state);
            return Poll::Ready(Err(
                wait.map_or(Refused::Expired, |wait| Refused::TooLong(Duration::from_micros(wait)))
            ));
        }
        let time = state.time_of_look(id, now).map(|time| limiter.instant(time));
        let replaced = state.waiters.get_mut(&id).and_then(|waiter| waiter.waker.replace(waker.clone()));
        wakers.wake(state);
        drop(replaced);
        self.flow.limiter().see_to_driver();
        self.set_timer(time);
        Poll::Pending
    }

    fn refused_by_shared_ledger(&self, state: &State, now: Micros) -> Option<Refused> {
        let sharing = state.sharing.as_ref()?;
        let limiter = self.flow.limiter();
        let deadline = self.deadline.map(|deadline| limiter.micros(deadline));
        if let Some(failure) = sharing.failure(self.flow.inner.is_patient, deadline, now) {
            return Some(Refused::Unavailable { text: failure.text, is_lasting: failure.is_lasting });
        }
        let bound = state.ledger.bound(self.flow.inner.member.id, now);
        (bound > now && deadline.is_some_and(|deadline| bound > deadline))
            .then(|| Refused::TooLong(Duration::from_micros(bound - now)))
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
            let number = waiter.as_ref().and_then(|waiter| waiter.number);
            if let (Some(sharing), Some(number)) = (&mut state.sharing, number) {
                sharing.participant.not_used(number, now);
            }
        } else {
            state.ledger.withdraw(id);
        }
        state.dispatch(now).wake(state);
        drop(waiter);
        limiter.see_to_driver();
    }
}
