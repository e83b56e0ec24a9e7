//! Bulk calls: items are added while there is room for them, outcomes are taken many at a time.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;

use napi::bindgen_prelude::Utf16String;
use napi::{Env, Result};
use napi_derive::napi;
use wts_session::binding::{Background, as_caller};
use wts_session::{Client, Error, Item, Operation};

use crate::batch::Batch;
use crate::calls::Caller;
use crate::environment::{Ends, end_with_environment};
use crate::error::Failure;
use crate::mutex::locked;

/// At most so many outcomes are handed over at a time, so that JavaScript's other work gets its turn.
const MAX_BATCH: usize = 256;

/// Core's bulk call, until the environment ends.
type Inner = Mutex<Option<wts_session::Bulk>>;

impl Ends for Inner {
    fn end(&self) {
        locked(self).take();
    }
}

/// A bulk call in flight. It ends with the object.
#[napi]
pub struct Bulk {
    operation: Operation,
    call: Arc<Inner>,
    background: Arc<Background>,
    caller: Caller,
}

impl Bulk {
    /// Begins a bulk call, whose lines for the log have this id.
    pub(crate) fn begin(
        env: Env,
        id: u32,
        background: &Arc<Background>,
        caller: &Caller,
        client: &Client,
        operation: Operation,
    ) -> Result<Self> {
        let call = as_caller(id, || client.bulk_on(background, operation));
        let call = Arc::new(Mutex::new(Some(call)));
        let entry: Weak<Inner> = Arc::downgrade(&call);
        end_with_environment(env, entry)?;
        Ok(Self { operation, call, background: Arc::clone(background), caller: caller.clone() })
    }

    fn with_call<T>(&self, work: impl FnOnce(&wts_session::Bulk) -> T) -> Option<T> {
        locked(&self.call).as_ref().map(work)
    }
}

#[napi]
impl Bulk {
    /// Adds an item; false if there is no room before outcomes are taken.
    #[napi(catch_unwind)]
    pub fn push(&self, session_id: Option<Utf16String>, status: Option<String>) -> bool {
        let session_id = session_id.unwrap_or_else(|| String::new().into());
        let item = item(self.operation, &session_id, status.unwrap_or_default());
        self.with_call(|call| call.push(item).is_ok()) == Some(true)
    }

    /// Says that no more items come.
    #[napi(catch_unwind)]
    pub fn finish(&self) {
        self.with_call(wts_session::Bulk::finish);
    }

    /// Sends nothing more; requests in flight are awaited.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        self.with_call(wts_session::Bulk::stop);
    }

    /// Sends nothing more, and aborts the requests in flight.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.with_call(wts_session::Bulk::cancel);
    }

    /// Begins the call `id`, whose result is a [`Batch`].
    #[napi(catch_unwind)]
    pub fn next(&self, env: Env, id: u32) -> Result<()> {
        let call = Arc::clone(&self.call);
        self.caller.begin(env, id, &self.background, async move {
            let batch = poll_fn(|context| match &mut *locked(&call) {
                Some(call) => call.poll_many(context, MAX_BATCH),
                None => Poll::Ready(Vec::new()),
            });
            Ok(Batch::from(batch.await))
        })
    }
}

/// The failure of an item that is not sent because the call ends before.
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
