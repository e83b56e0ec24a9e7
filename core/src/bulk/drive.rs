//! The task that drives a bulk call.

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::announcer::Announcer;
use super::state::{EndOfDriver, Reason, Shared, Source, Started, StopMode};
use crate::engine::Engine;
use crate::error::Error;
use crate::limiter::Flow;
use crate::model::Session;
use crate::ops::{Item, Operation};
use crate::progress::Progress;

/// Sends the items, as many at once as there is room for. `end` is dropped also where this is never polled.
pub(super) async fn drive(engine: Engine, operation: Operation, mut source: Source, mut end: EndOfDriver) {
    let shared = Arc::clone(&end.shared);
    let flow = engine.open_flow(true);
    let request_of = |item, progress, stop_mode| send(&engine, &flow, operation, item, progress, stop_mode);
    let mut lanes = Lanes::new(&shared, &request_of);
    let mut announcer = Announcer::default();
    poll_fn(|context| {
        let is_done = loop {
            lanes.stop(shared.stop_mode());
            lanes.poll(context);
            match shared.poll_start(&mut source, context) {
                Poll::Ready(Some(started)) => lanes.add(started),
                // Once more: only from here on a stop wakes this task.
                _ if lanes.stop(shared.stop_mode()) => {}
                Poll::Ready(None) if lanes.in_use.is_empty() => break Poll::Ready(()),
                _ => break Poll::Pending,
            }
        };
        announcer.poll(&shared, context);
        is_done
    })
    .await;
    end.reason = Reason::Done;
}

/// One item from its request to its result; a panic on the way is a result too.
async fn send(
    engine: &Engine,
    flow: &Flow,
    operation: Operation,
    item: Item,
    progress: Arc<Progress>,
    stop_mode: StopMode,
) -> Result<Session, Error> {
    let sent = AssertUnwindSafe(async {
        let request = operation.request(item)?;
        match stop_mode {
            StopMode::None => engine.execute(flow, &request, None, &progress).await,
            StopMode::AwaitSent | StopMode::AbortSent => Err(progress.conclude(Error::cancelled())),
        }
    });
    let panicked = |_| Err(progress.conclude(Error::internal("The call of this item panicked.")));
    sent.catch_unwind().await.unwrap_or_else(panicked)
}

/// What sends the items: a lane for each that has started and not settled.
struct Lanes<'a, M, F> {
    shared: &'a Shared,
    request_of: &'a M,
    in_use: FuturesUnordered<Lane<'a, M, F>>,
    /// The memory of lanes that have ended.
    vacant: Vec<Place<F>>,
    stop_mode: StopMode,
}

/// Where the future of a request lives. It is large: to allocate one for each item would cost more than all else here.
type Place<F> = Pin<Box<Option<F>>>;

impl<'a, M, F> Lanes<'a, M, F>
where
    M: Fn(Item, Arc<Progress>, StopMode) -> F,
    F: Future<Output = Result<Session, Error>>,
{
    fn new(shared: &'a Shared, request_of: &'a M) -> Self {
        Self { shared, request_of, in_use: FuturesUnordered::new(), vacant: Vec::new(), stop_mode: StopMode::None }
    }

    fn add(&mut self, Started { index, item, progress }: Started) {
        let mut place = self.vacant.pop().unwrap_or_else(|| Box::pin(None));
        place.set(Some((self.request_of)(item, Arc::clone(&progress), self.stop_mode)));
        let Self { shared, request_of, .. } = *self;
        self.in_use.push(Lane { shared, request_of, index, progress, place: Some(place) });
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        while let Poll::Ready(Some(place)) = self.in_use.poll_next_unpin(context) {
            self.vacant.push(place);
        }
    }

    /// Cancels what has to end in this mode; false if nothing is new.
    fn stop(&mut self, mode: StopMode) -> bool {
        if mode == self.stop_mode {
            return false;
        }
        self.stop_mode = mode;
        for lane in mem::take(&mut self.in_use) {
            if lane.may_go_on(mode) {
                self.in_use.push(lane);
            } else {
                let Lane { index, progress, place, .. } = lane;
                drop(place);
                self.shared.settle(index, Err(progress.conclude(Error::cancelled())));
            }
        }
        true
    }
}

/// Sends an item and then, at once, the next one that waits: what the first has freed is what the next needs.
struct Lane<'a, M, F> {
    shared: &'a Shared,
    request_of: &'a M,
    index: usize,
    progress: Arc<Progress>,
    /// None when it has ended.
    place: Option<Place<F>>,
}

impl<M, F> Lane<'_, M, F> {
    /// Whether a request is awaited that has been sent. From then on no other attempt of it is made.
    fn may_go_on(&self, mode: StopMode) -> bool {
        let is_awaited = mode == StopMode::AwaitSent && self.progress.has_left();
        if is_awaited {
            self.progress.allow_no_other_attempt();
        }
        is_awaited
    }
}

impl<M, F> Future for Lane<'_, M, F>
where
    M: Fn(Item, Arc<Progress>, StopMode) -> F,
    F: Future<Output = Result<Session, Error>>,
{
    type Output = Place<F>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Place<F>> {
        let mut place = self.place.take().expect("polled after its end");
        loop {
            let request = place.as_mut().as_pin_mut().expect("a lane that has not ended has a request");
            let Poll::Ready(result) = request.poll(context) else {
                self.place = Some(place);
                return Poll::Pending;
            };
            place.set(None);
            let Some(Started { index, item, progress }) = self.shared.settle_and_start(self.index, result) else {
                return Poll::Ready(place);
            };
            place.set(Some((self.request_of)(item, Arc::clone(&progress), StopMode::None)));
            self.index = index;
            self.progress = progress;
        }
    }
}
