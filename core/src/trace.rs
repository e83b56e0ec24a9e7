//! Spans and events for the crate `tracing`, with the feature of that name. Without it this does nothing.

use std::future::Future;

use crate::observer::Event;
use crate::ops::Request;

/// `call` in a span of its own.
#[cfg(feature = "tracing")]
pub(crate) fn in_span<F: Future>(request: &Request, call: F) -> impl Future<Output = F::Output> {
    let span = tracing::info_span!("wts_session", operation = request.operation, session_id = %request.session_id);
    tracing::Instrument::instrument(call, span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn in_span<F: Future>(_: &Request, call: F) -> impl Future<Output = F::Output> {
    call
}

/// `task` with the span and the subscriber of the caller, for a task that another thread may run.
#[cfg(feature = "tracing")]
pub(crate) fn with_context<F: Future>(task: F) -> impl Future<Output = F::Output> {
    tracing::instrument::WithSubscriber::with_current_subscriber(tracing::Instrument::in_current_span(task))
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn with_context<F: Future>(task: F) -> impl Future<Output = F::Output> {
    task
}

/// Retries and pauses are warnings, a long wait for the limits is information, attempts are for debugging.
#[cfg(feature = "tracing")]
pub(crate) fn event(event: &Event<'_>) {
    match event {
        Event::Attempt { attempt, http_status, error, elapsed, .. } => tracing::debug!(
            attempt,
            http_status,
            error = error.map(crate::ErrorKind::code),
            elapsed_ms = elapsed.as_secs_f64() * 1000.0,
            "a request has ended"
        ),
        Event::Retry { attempt, error, wait, .. } => {
            tracing::warn!(attempt, error = error.code(), wait_s = wait.as_secs_f64(), "a request is sent again");
        }
        Event::Pause { wait } => {
            tracing::warn!(wait_s = wait.as_secs_f64(), "the API's rate limit is reached (HTTP 429)");
        }
        Event::SharedLimits(event) if event.is_warning() => tracing::warn!("{event}"),
        Event::SharedLimits(event) => tracing::info!("{event}"),
        Event::Waiting { wait } => tracing::info!(wait_s = wait.as_secs_f64(), "the account's limits are reached"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn event(_: &Event<'_>) {}
