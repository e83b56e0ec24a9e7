//! What the task that drives a bulk call shares with the caller who takes its outcomes.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use futures_util::FutureExt;
use futures_util::stream::{Stream, StreamExt};

use super::outcome::Outcome;
use crate::error::Error;
use crate::model::Session;
use crate::ops::Item;
use crate::process::Process;
use crate::progress::Progress;

/// Which requests of a bulk call go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopMode {
    None = 0,
    /// Nothing more is sent; requests in flight are awaited.
    AwaitSent,
    /// Requests in flight are aborted too.
    AbortSent,
}

/// Where the items come from.
pub(crate) enum Source {
    /// [`Bulk::push`] and [`Bulk::finish`].
    Pushed,
    /// A list, all of which is taken at the start.
    List(Vec<Item>),
    /// A stream, which the driver polls.
    Stream(Pin<Box<dyn Stream<Item = Item> + Send>>),
    /// A stream that has ended.
    Ended,
}

impl Source {
    pub(crate) fn stream(items: impl Stream<Item = Item> + Send + 'static) -> Self {
        Self::Stream(Box::pin(items))
    }
}

/// An item that has started.
pub(super) struct Started {
    pub(super) index: usize,
    pub(super) item: Item,
    pub(super) progress: Arc<Progress>,
}

pub(super) struct Shared {
    process: Process,
    /// How many items are in flight at once, and how many may wait at either end.
    room: usize,
    /// The strictest [`StopMode`] so far. It is known without the lock, for forked children too.
    stop: AtomicU8,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Items that have not started, in order.
    queued: VecDeque<Item>,
    /// Whether no more items come.
    is_finished: bool,
    /// How many items have started.
    started: usize,
    in_flight: BTreeMap<usize, InFlight>,
    settled: VecDeque<Outcome>,
    end: Option<Reason>,
    source_panic: Option<Box<dyn Any + Send>>,
    driver: Option<Waker>,
    consumer: Option<Waker>,
}

/// The outcomes that have settled, for whoever waits for them.
pub(super) enum News {
    /// There are none, or nobody waits.
    None,
    /// More will settle soon, and there is room for them.
    Few,
    Many,
}

/// What is known of an item that has started, whatever becomes of the task that sends it.
struct InFlight {
    session_id: String,
    progress: Arc<Progress>,
}

/// Why no task drives the call any more.
#[derive(Clone, Debug)]
pub(super) enum Reason {
    /// All items have settled.
    Done,
    Panicked,
    RuntimeEnded,
    NotStarted(Error),
}

impl Reason {
    /// The error of an item that has not settled by then.
    fn error(&self) -> Error {
        match self {
            Self::Done => Error::cancelled(),
            Self::Panicked => Error::internal("The task of the bulk call panicked."),
            Self::RuntimeEnded => Error::closed_because("The runtime that drove the bulk call has ended."),
            Self::NotStarted(error) => error.clone(),
        }
    }
}

impl Shared {
    /// The state of a call, and what its driver takes items from. A list is taken now, so that each of its items has an
    /// outcome whatever becomes of the driver.
    pub(super) fn new(room: usize, source: Source) -> (Self, Source) {
        let (state, source) = match source {
            Source::List(items) => {
                (State { queued: items.into(), is_finished: true, ..State::default() }, Source::Pushed)
            }
            source => (State::default(), source),
        };
        (Self { process: Process::current(), room, stop: AtomicU8::default(), state: Mutex::new(state) }, source)
    }

    pub(super) fn check_process(&self) -> Result<(), Error> {
        if self.process == Process::current() {
            Ok(())
        } else {
            Err(Error::closed_because("This bulk call belongs to the parent process."))
        }
    }

    /// None in a forked child, where a thread that does not exist may hold the lock.
    fn state(&self) -> Option<MutexGuard<'_, State>> {
        self.check_process().ok()?;
        Some(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn push(&self, item: Item) -> Result<(), Item> {
        let Some(mut state) = self.state() else { return Err(item) };
        let has_room = state.queued.len() < self.room || state.end.is_some();
        if state.is_finished || !has_room {
            return Err(item);
        }
        // A driver that has other items waits for something else.
        let is_awaited = state.queued.is_empty();
        state.queued.push_back(item);
        state.settle_after_end();
        wake(state, |state| state.driver.take_if(|_| is_awaited));
        Ok(())
    }

    /// Queues what `source` has ready.
    pub(super) fn take_ready_items(&self, source: Source) {
        if let Source::Stream(mut items) = source {
            while let Some(Some(item)) = items.next().now_or_never() {
                self.driver_state().queued.push_back(item);
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Some(mut state) = self.state() {
            state.is_finished = true;
            wake(state, |state| state.driver.take());
        }
    }

    pub(super) fn stop(&self, mode: StopMode) {
        if let Some(state) = self.state() {
            self.stop.fetch_max(mode as u8, Ordering::Relaxed);
            wake(state, |state| state.driver.take());
        }
    }

    pub(super) fn stop_mode(&self) -> StopMode {
        match self.stop.load(Ordering::Relaxed) {
            0 => StopMode::None,
            1 => StopMode::AwaitSent,
            _ => StopMode::AbortSent,
        }
    }

    /// What `take` takes of the outcomes that have settled, at least one; of none when no more come.
    pub(super) fn poll_settled<T>(
        &self,
        context: &mut Context<'_>,
        take: impl FnOnce(&mut VecDeque<Outcome>) -> T,
    ) -> Poll<T> {
        let Some(mut state) = self.state() else { return Poll::Ready(take(&mut VecDeque::new())) };
        if state.settled.is_empty() && state.end.is_none() {
            state.consumer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let was_full = state.settled.len() >= self.room;
        let panic = if state.settled.is_empty() { state.source_panic.take() } else { None };
        let taken = take(&mut state.settled);
        wake(state, |state| state.driver.take_if(|_| was_full));
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        Poll::Ready(taken)
    }

    pub(super) fn take_settled(&self, max: usize) -> Vec<Outcome> {
        let Some(mut state) = self.state() else { return Vec::new() };
        let was_full = state.settled.len() >= self.room;
        let outcomes = first(&mut state.settled, max);
        wake(state, |state| state.driver.take_if(|_| was_full));
        outcomes
    }

    /// For the driver, which is in its own process always.
    fn driver_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settle(&self, index: usize, result: Result<Session, Error>) {
        self.driver_state().settle(index, result);
    }

    /// Settles an item and starts the next one in its place, if one waits and there is room for its outcome.
    pub(super) fn settle_and_start(&self, index: usize, result: Result<Session, Error>) -> Option<Started> {
        let mut state = self.driver_state();
        state.settle(index, result);
        let may_start = state.settled.len() < self.room && self.stop_mode() == StopMode::None;
        let item = if may_start { state.queued.pop_front() } else { None };
        item.map(|item| state.start(item))
    }

    pub(super) fn news(&self) -> News {
        let state = self.driver_state();
        if state.consumer.is_none() || state.settled.is_empty() {
            News::None
        } else if state.in_flight.is_empty() || state.settled.len() >= self.room / 2 {
            News::Many
        } else {
            News::Few
        }
    }

    pub(super) fn wake_consumer(&self) {
        wake(self.driver_state(), |state| state.consumer.take());
    }

    /// The next item, where there is room for it; none when no more come.
    pub(super) fn poll_start(&self, source: &mut Source, context: &mut Context<'_>) -> Poll<Option<Started>> {
        let mut state = self.driver_state();
        if !state.driver.as_ref().is_some_and(|driver| driver.will_wake(context.waker())) {
            state.driver = Some(context.waker().clone());
        }
        if state.in_flight.len() >= self.room || state.settled.len() >= self.room {
            return Poll::Pending;
        }
        let items = match source {
            Source::Stream(items) => items,
            Source::Ended => return Poll::Ready(None),
            Source::Pushed | Source::List(_) => {
                return match state.queued.pop_front() {
                    Some(item) => Poll::Ready(Some(state.start(item))),
                    None if state.is_finished => Poll::Ready(None),
                    None => Poll::Pending,
                };
            }
        };
        drop(state);
        // The stream is the caller's code: it runs without the lock, and a panic of it ends nothing but the stream.
        let polled = catch_unwind(AssertUnwindSafe(|| items.as_mut().poll_next(context)));
        let item = match polled {
            Ok(item) => ready!(item),
            Err(panic) => {
                self.driver_state().source_panic = Some(panic);
                None
            }
        };
        if item.is_none() {
            *source = Source::Ended;
        }
        Poll::Ready(item.map(|item| self.driver_state().start(item)))
    }
}

/// Takes the outcomes that settled first.
pub(super) fn first(settled: &mut VecDeque<Outcome>, max: usize) -> Vec<Outcome> {
    let count = settled.len().min(max);
    settled.drain(..count).collect()
}

/// Wakes the waker that `choose` takes out, after the lock has been released.
fn wake(mut state: MutexGuard<'_, State>, choose: impl FnOnce(&mut State) -> Option<Waker>) {
    let waker = choose(&mut state);
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl State {
    /// Notes that an item starts, before anything is done with it.
    fn start(&mut self, item: Item) -> Started {
        let index = self.started;
        self.started += 1;
        let progress = Arc::<Progress>::default();
        let in_flight = InFlight { session_id: item.session_id().to_owned(), progress: Arc::clone(&progress) };
        self.in_flight.insert(index, in_flight);
        Started { index, item, progress }
    }

    fn settle(&mut self, index: usize, result: Result<Session, Error>) {
        if let Some(InFlight { session_id, .. }) = self.in_flight.remove(&index) {
            self.settled.push_back(Outcome { index, session_id, result });
        }
    }

    /// Gives every item that was taken its outcome, where no task does so any more.
    fn settle_after_end(&mut self) {
        let Some(reason) = &self.end else { return };
        for (index, InFlight { session_id, progress }) in mem::take(&mut self.in_flight) {
            self.settled.push_back(Outcome { index, session_id, result: Err(progress.conclude(reason.error())) });
        }
        for item in self.queued.drain(..) {
            let (session_id, error) = item.into_refused(reason.error());
            self.settled.push_back(Outcome { index: self.started, session_id, result: Err(error) });
            self.started += 1;
        }
    }
}

/// Held by whoever drives a call: when it is dropped, however that comes about, every item that was taken has an outcome
/// and the call has ended.
pub(super) struct EndOfDriver {
    pub(super) shared: Arc<Shared>,
    pub(super) reason: Reason,
}

impl Drop for EndOfDriver {
    fn drop(&mut self) {
        let reason = if thread::panicking() { Reason::Panicked } else { self.reason.clone() };
        if let Some(mut state) = self.shared.state() {
            state.end = Some(reason);
            state.settle_after_end();
            wake(state, |state| state.consumer.take());
        }
    }
}
