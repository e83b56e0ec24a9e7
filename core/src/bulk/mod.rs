//! Many items, one outcome each.
//!
//! A task drives the call: it takes items, has the engine send them, and puts outcomes into a state that it shares with
//! the [`Bulk`] that the caller holds. Whatever ends the task, a panic or the end of its runtime included, gives each item
//! that was taken its outcome: see [`EndOfDriver`].

mod announcer;
mod drive;
mod outcome;
mod state;

pub use outcome::Outcome;
pub(crate) use state::Source;

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::stream::Stream;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::background::Background;
use crate::caller::{caller, inherit_caller};
use crate::engine::Engine;
use crate::error::Error;
use crate::ops::{Item, Operation};
use crate::parked::Parked;
use crate::trace;
use drive::drive;
use state::{EndOfDriver, Reason, Shared, StopMode, first};

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
        let (shared, source) = Shared::new(engine.max_concurrency(), source);
        let shared = Arc::new(shared);
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
                let end = EndOfDriver { shared: Arc::clone(&shared), reason: Reason::RuntimeEnded };
                let drive = inherit_caller(caller(), drive(engine, operation, source, end));
                let task = runtime.spawn(trace::with_context(drive));
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

    /// Whether it was stopped or cancelled.
    #[doc(hidden)]
    pub fn is_stopped(&self) -> bool {
        self.shared.stop_mode() != StopMode::None
    }

    /// Cancels the call once `cancelled` is done: if it is already, nothing more is sent.
    #[doc(hidden)]
    pub fn cancel_when(&mut self, cancelled: impl Future<Output = ()> + Send + 'static) {
        let mut cancelled = Box::pin(cancelled);
        if cancelled.as_mut().now_or_never().is_some() {
            return self.cancel();
        }
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
        self.shared.poll_settled(context, |settled| first(settled, max))
    }

    /// As [`poll_many`](Self::poll_many), and blocks the thread until then.
    #[doc(hidden)]
    pub fn wait_many(&mut self, max: usize) -> Vec<Outcome> {
        let parked = Arc::new(Parked::default());
        let waker = Waker::from(Arc::clone(&parked));
        let mut context = Context::from_waker(&waker);
        loop {
            match self.poll_many(&mut context, max) {
                Poll::Ready(outcomes) => return outcomes,
                Poll::Pending => parked.until_woken(),
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
        self.shared.poll_settled(context, VecDeque::pop_front)
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
