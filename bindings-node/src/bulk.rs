//! Bulk calls: items go in as there is room for them, outcomes come out many at a time.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::Utf16String;
use napi::{Either, Env, Result};
use napi_derive::napi;
use wts_session::binding::Background;
use wts_session::{Error, Item, Operation, Outcome, Session};

use crate::convert::Json;
use crate::error::Failure;
use crate::promise::{Channel, locked};

/// So many outcomes at most are handed over at a time, so that JavaScript's other work gets its turn.
const MOST: usize = 256;

/// A bulk call under way. It ends with the object.
#[napi]
pub struct Bulk {
    operation: Operation,
    call: Arc<Mutex<wts_session::Bulk>>,
    background: Arc<Background>,
    channel: Channel,
}

impl Bulk {
    pub(crate) fn start(
        background: &Arc<Background>,
        channel: Channel,
        client: wts_session::Client,
        operation: Operation,
    ) -> Self {
        let call = client.bulk_on(background, operation);
        Self { operation, call: Arc::new(Mutex::new(call)), background: Arc::clone(background), channel }
    }
}

#[napi]
impl Bulk {
    /// Puts an item in; false where there is no room before outcomes are taken out.
    #[napi(catch_unwind)]
    pub fn push(&self, session_id: Option<Utf16String>, status: Option<String>) -> bool {
        let item =
            item(self.operation, &session_id.unwrap_or_else(|| String::new().into()), status.unwrap_or_default());
        locked(&self.call).push(item).is_ok()
    }

    /// Says that no more items come.
    #[napi(catch_unwind)]
    pub fn finish(&self) {
        locked(&self.call).finish();
    }

    /// Sends nothing more.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        locked(&self.call).stop();
    }

    /// As `stop`, and ends the requests under way.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        locked(&self.call).cancel();
    }

    /// Begins the call `id`, whose result is a [`Batch`].
    #[napi(catch_unwind)]
    pub fn next(&self, env: Env, id: u32) -> Result<()> {
        let call = Arc::clone(&self.call);
        self.channel.begin(env, id, &self.background, async move {
            Ok(Batch::from(poll_fn(|context| locked(&call).poll_many(context, MOST)).await))
        })
    }
}

/// What becomes of an item that is not sent because the call ends before.
#[napi(catch_unwind)]
pub fn cancelled() -> Failure {
    Failure::from(&Error::cancelled())
}

/// An item of the input; half a surrogate pair is in no text that can be sent.
fn item(operation: Operation, session_id: &[u16], status: String) -> Item {
    match String::from_utf16(session_id) {
        Ok(session_id) => operation.item(session_id, status),
        Err(_) => Item::Refused {
            session_id: String::new(),
            error: Error::invalid_session_id("It has half a surrogate pair."),
        },
    }
}

/// Outcomes that have settled, at least one; none where all have been taken.
#[napi(object, object_from_js = false)]
pub struct Batch {
    /// Of each the place in the input.
    pub indexes: Vec<f64>,
    /// Of each the JSON of its result, or its failure.
    pub outcomes: Vec<Either<Json, Failure>>,
}

impl From<Vec<Outcome>> for Batch {
    fn from(settled: Vec<Outcome>) -> Self {
        let (indexes, outcomes) = settled.into_iter().map(|it| (it.index as f64, json_or_failure(it.result))).unzip();
        Self { indexes, outcomes }
    }
}

fn json_or_failure(result: std::result::Result<Session, Error>) -> Either<Json, Failure> {
    match result {
        Ok(session) => Either::A(session.into_json().into()),
        Err(error) => Either::B(Failure::from(&error)),
    }
}
