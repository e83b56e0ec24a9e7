//! Many items, one outcome each.
//!
//! A task drives the call: it takes items, has the engine send them, and puts outcomes into a state that it shares with
//! the [`Bulk`] that the caller holds. Whatever ends the task, a panic or the end of its runtime included, gives each item
//! that was taken its outcome: see [`EndOfDriver`].

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::background::Background;
use crate::engine::Engine;
use crate::error::Error;
use crate::limiter::Flow;
use crate::model::Session;
use crate::ops::{Item, Operation};
use crate::progress::Progress;

/// The result of one item of a bulk call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The place of the item in the input, from 0.
    pub index: usize,
    /// The session id as it was given.
    pub session_id: String,
    /// The session, or the error of this item.
    pub result: Result<Session, Error>,
}

impl Outcome {
    /// An outcome made by hand, for the tests of your own code.
    pub fn new(index: usize, session_id: impl Into<String>, result: Result<Session, Error>) -> Self {
        Self { index, session_id: session_id.into(), result }
    }
}

/// Which requests of a bulk call go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum StopMode {
    None,
    /// Nothing more is sent; requests in flight are awaited.
    AwaitSent,
    /// Requests in flight are aborted too.
    AbortSent,
}

/// A bulk call. A task of its own drives it, whether or not anybody takes its outcomes.
///
/// Outcomes are taken with [`next`](Self::next), as a [`Stream`], or all together with [`in_order`](Self::in_order). Memory
/// is bounded: while as many outcomes as `max_concurrency` wait to be taken, no further item starts.
///
/// Dropping it aborts the requests in flight. A forked child must not use the bulk call of its parent: there it has no
/// outcomes.
#[must_use = "dropping a bulk call aborts it: take its outcomes"]
pub struct Bulk {
    shared: Arc<Shared>,
    /// None if no task could be started.
    driver: Option<Driver>,
}

/// The tasks of a call, and the thread that runs them where it is the call's own.
struct Driver {
    runtime: Handle,
    tasks: Vec<AbortHandle>,
    _thread: Option<Background>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Stops a bulk call from elsewhere; see [`Bulk::handle`].
#[derive(Clone)]
pub struct BulkHandle {
    shared: Arc<Shared>,
}

impl BulkHandle {
    /// As [`Bulk::cancel`].
    pub fn cancel(&self) {
        self.shared.stop(StopMode::AbortSent);
    }

    /// As [`Bulk::stop`].
    pub fn stop(&self) {
        self.shared.stop(StopMode::AwaitSent);
    }
}

impl fmt::Debug for BulkHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkHandle").finish_non_exhaustive()
    }
}

/// Where the items come from.
pub(crate) enum Source {
    /// [`Bulk::push`] and [`Bulk::finish`].
    Pushed,
    /// A stream, which the driver polls.
    Stream(Pin<Box<dyn Stream<Item = Item> + Send>>),
    /// A stream that has ended.
    Ended,
}

impl Source {
    pub(crate) fn list(items: Vec<Item>) -> Self {
        Self::stream(stream::iter(items))
    }

    pub(crate) fn stream(items: impl Stream<Item = Item> + Send + 'static) -> Self {
        Self::Stream(Box::pin(items))
    }
}

/// Who drives a call.
pub(crate) enum Spawner<'a> {
    /// The runtime that this thread is in; without one, a thread of the call's own.
    Current,
    /// A thread that the caller keeps.
    Background(&'a Background),
    /// Nobody, because of this error.
    Nobody(Error),
}

impl Bulk {
    pub(crate) fn start(engine: Engine, operation: Operation, source: Source, spawner: Spawner<'_>) -> Self {
        let shared = Arc::new(Shared::new(engine.max_concurrency()));
        let driver = match spawner {
            Spawner::Current => Handle::try_current().map_or_else(
                |_| Background::start().map(|thread| (thread.handle().clone(), Some(thread))),
                |runtime| Ok((runtime, None)),
            ),
            Spawner::Background(thread) => Ok((thread.handle().clone(), None)),
            Spawner::Nobody(error) => Err(error),
        };
        let driver = match driver {
            Ok((runtime, thread)) => {
                let task = runtime.spawn(drive(engine, operation, source, Arc::clone(&shared)));
                Some(Driver { runtime, tasks: vec![task.abort_handle()], _thread: thread })
            }
            Err(error) => {
                let _end = EndOfDriver { shared: Arc::clone(&shared), reason: Reason::NotStarted(error) };
                shared.take_ready_items(source);
                None
            }
        };
        Self { shared, driver }
    }

    /// The outcome that settles next; `None` when all items have settled and no more come. It loses nothing when it is
    /// dropped before its end.
    ///
    /// # Panics
    /// If the stream that gives the items panicked, that panic goes on here after the last outcome.
    pub async fn next(&mut self) -> Option<Outcome> {
        poll_fn(|context| self.poll_next_outcome(context)).await
    }

    /// All outcomes that are still to come, in the order of the input.
    ///
    /// # Panics
    /// As [`next`](Self::next).
    pub async fn in_order(mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some(outcome) = self.next().await {
            outcomes.push(outcome);
        }
        outcomes.sort_unstable_by_key(|outcome| outcome.index);
        outcomes
    }

    /// Adds an item to a call that [`Client::bulk`](crate::Client::bulk) began.
    ///
    /// # Errors
    /// Gives the item back if there is no room until an outcome has been taken, or after [`finish`](Self::finish).
    pub fn push(&self, item: Item) -> Result<(), Item> {
        self.shared.push(item)
    }

    /// Says that no more items come. A call that [`Client::bulk`](crate::Client::bulk) began ends only after this.
    pub fn finish(&self) {
        self.shared.finish();
    }

    /// Aborts the requests in flight and sends nothing more: every item that has not settled, and all that the input still
    /// gives, have the outcome [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn cancel(&self) {
        self.shared.stop(StopMode::AbortSent);
    }

    /// Sends nothing more. Requests in flight are awaited, because aborting them would leave their effect unknown; all other
    /// items have the outcome [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn stop(&self) {
        self.shared.stop(StopMode::AwaitSent);
    }

    /// A handle that stops or cancels this call from elsewhere, while somebody else takes its outcomes.
    pub fn handle(&self) -> BulkHandle {
        BulkHandle { shared: Arc::clone(&self.shared) }
    }

    /// Cancels the call once `cancelled` is done.
    #[doc(hidden)]
    pub fn cancel_when(&mut self, cancelled: impl Future<Output = ()> + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        if let Some(driver) = &mut self.driver {
            let task = driver.runtime.spawn(async move {
                cancelled.await;
                shared.stop(StopMode::AbortSent);
            });
            driver.tasks.push(task.abort_handle());
        }
    }

    /// The outcomes that have settled, at least one and at most `max`; none when all items have settled and no more come.
    #[doc(hidden)]
    pub fn poll_many(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Vec<Outcome>> {
        self.shared.poll_settled(context, max)
    }

    /// As [`poll_many`](Self::poll_many), and blocks the thread until then.
    #[doc(hidden)]
    pub fn wait_many(&mut self, max: usize) -> Vec<Outcome> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match self.poll_many(&mut context, max) {
                Poll::Ready(outcomes) => return outcomes,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// The outcomes that have settled, at most `max` and without waiting.
    #[doc(hidden)]
    pub fn take_settled(&mut self, max: usize) -> Vec<Outcome> {
        self.shared.take_settled(max)
    }

    /// Whether this process began the call, and no parent of it.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) in a forked child.
    #[doc(hidden)]
    pub fn check_process(&self) -> Result<(), Error> {
        self.shared.check_process()
    }

    fn poll_next_outcome(&mut self, context: &mut Context<'_>) -> Poll<Option<Outcome>> {
        self.poll_many(context, 1).map(|mut outcomes| outcomes.pop())
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        if self.shared.check_process().is_err() {
            // Its tasks and their locks are the parent's.
            mem::forget(self.driver.take());
        }
    }
}

impl Stream for Bulk {
    type Item = Outcome;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Outcome>> {
        self.poll_next_outcome(context)
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").finish_non_exhaustive()
    }
}

/// Wakes a thread that waits for outcomes.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

struct Shared {
    process: u32,
    /// How many items are in flight at once, and how many may wait at either end.
    room: usize,
    stop: watch::Sender<StopMode>,
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

/// What is known of an item that has started, whatever becomes of the task that sends it.
struct InFlight {
    session_id: String,
    progress: Arc<Progress>,
}

/// Why no task drives the call any more.
#[derive(Clone, Debug)]
enum Reason {
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
    fn new(room: usize) -> Self {
        Self { process: process::id(), room, stop: watch::Sender::new(StopMode::None), state: Mutex::default() }
    }

    fn check_process(&self) -> Result<(), Error> {
        if self.process == process::id() {
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

    fn push(&self, item: Item) -> Result<(), Item> {
        let Some(mut state) = self.state() else { return Err(item) };
        let has_room = state.queued.len() < self.room || state.end.is_some();
        if state.is_finished || !has_room {
            return Err(item);
        }
        state.queued.push_back(item);
        state.settle_after_end();
        wake(state, |state| state.driver.take());
        Ok(())
    }

    /// Queues what `source` has ready.
    fn take_ready_items(&self, source: Source) {
        if let Source::Stream(mut items) = source {
            while let Some(Some(item)) = items.next().now_or_never() {
                self.driver_state().queued.push_back(item);
            }
        }
    }

    fn finish(&self) {
        if let Some(mut state) = self.state() {
            state.is_finished = true;
            wake(state, |state| state.driver.take());
        }
    }

    fn stop(&self, mode: StopMode) {
        if self.check_process().is_ok() {
            self.stop.send_if_modified(|current| {
                let is_stricter = *current < mode;
                *current = if is_stricter { mode } else { *current };
                is_stricter
            });
        }
    }

    fn poll_settled(&self, context: &mut Context<'_>, max: usize) -> Poll<Vec<Outcome>> {
        let Some(mut state) = self.state() else { return Poll::Ready(Vec::new()) };
        if state.settled.is_empty() && state.end.is_none() {
            state.consumer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let was_full = state.settled.len() >= self.room;
        let outcomes = state.take_settled(max);
        let panic = if outcomes.is_empty() { state.source_panic.take() } else { None };
        wake(state, |state| state.driver.take_if(|_| was_full));
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        Poll::Ready(outcomes)
    }

    fn take_settled(&self, max: usize) -> Vec<Outcome> {
        let Some(mut state) = self.state() else { return Vec::new() };
        let was_full = state.settled.len() >= self.room;
        let outcomes = state.take_settled(max);
        wake(state, |state| state.driver.take_if(|_| was_full));
        outcomes
    }

    /// For the driver, which is in its own process always.
    fn driver_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, index: usize, result: Result<Session, Error>) {
        let mut state = self.driver_state();
        state.settle(index, result);
        wake(state, |state| state.consumer.take());
    }

    /// The next item, where there is room for it; none when no more come.
    fn poll_start(&self, source: &mut Source, context: &mut Context<'_>) -> Poll<Option<Started>> {
        let mut state = self.driver_state();
        state.driver = Some(context.waker().clone());
        if state.in_flight.len() >= self.room || state.settled.len() >= self.room {
            return Poll::Pending;
        }
        let items = match source {
            Source::Stream(items) => items,
            Source::Ended => return Poll::Ready(None),
            Source::Pushed => {
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

/// Wakes the waker that `choose` takes out, after the lock has been released.
fn wake(mut state: MutexGuard<'_, State>, choose: impl FnOnce(&mut State) -> Option<Waker>) {
    let waker = choose(&mut state);
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl State {
    fn take_settled(&mut self, max: usize) -> Vec<Outcome> {
        let count = self.settled.len().min(max);
        self.settled.drain(..count).collect()
    }

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
struct EndOfDriver {
    shared: Arc<Shared>,
    reason: Reason,
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

/// Sends the items, as many at once as there is room for.
async fn drive(engine: Engine, operation: Operation, mut source: Source, shared: Arc<Shared>) {
    let mut end = EndOfDriver { shared: Arc::clone(&shared), reason: Reason::RuntimeEnded };
    let flow = engine.open_flow();
    let mut in_flight = FuturesUnordered::new();
    poll_fn(|context| {
        loop {
            while let Poll::Ready(Some((index, result))) = in_flight.poll_next_unpin(context) {
                shared.settle(index, result);
            }
            match shared.poll_start(&mut source, context) {
                Poll::Ready(Some(started)) => {
                    in_flight.push(send(engine.clone(), flow.clone(), operation, started, shared.stop.subscribe()));
                }
                Poll::Ready(None) if in_flight.is_empty() => return Poll::Ready(()),
                _ => return Poll::Pending,
            }
        }
    })
    .await;
    end.reason = Reason::Done;
}

/// An item that has started.
struct Started {
    index: usize,
    item: Item,
    progress: Arc<Progress>,
}

/// One item from its request to its result; a panic on the way is a result too.
fn send(
    engine: Engine,
    flow: Flow,
    operation: Operation,
    Started { index, item, progress }: Started,
    stop: watch::Receiver<StopMode>,
) -> BoxFuture<'static, (usize, Result<Session, Error>)> {
    Box::pin(async move {
        let result = AssertUnwindSafe(send_unless_stopped(&engine, &flow, operation, item, stop, &progress))
            .catch_unwind()
            .await;
        let panicked = |_| Err(progress.conclude(Error::internal("The call of this item panicked.")));
        (index, result.unwrap_or_else(panicked))
    })
}

async fn send_unless_stopped(
    engine: &Engine,
    flow: &Flow,
    operation: Operation,
    item: Item,
    stop: watch::Receiver<StopMode>,
    progress: &Arc<Progress>,
) -> Result<Session, Error> {
    let request = operation.request(item)?;
    tokio::select! {
        biased;
        () = must_end(stop, progress) => Err(progress.conclude(Error::cancelled())),
        result = engine.execute(flow, &request, None, progress) => result,
    }
}

/// Waits until the call of `progress` has to end, whose attempt in flight is the last from the moment of a stop on.
async fn must_end(mut stop: watch::Receiver<StopMode>, progress: &Progress) {
    if let Ok(first) = stop.wait_for(|mode| *mode != StopMode::None).await.map(|mode| *mode)
        && first == StopMode::AwaitSent
        && progress.has_left()
    {
        progress.allow_no_other_attempt();
        // If nobody is left who could cancel, the call is aborted by its end.
        let _ = stop.wait_for(|mode| *mode == StopMode::AbortSent).await;
    }
}
