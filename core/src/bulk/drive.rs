//! The task that drives a bulk call.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

use super::state::{EndOfDriver, Reason, Source, Started, StopMode};
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
