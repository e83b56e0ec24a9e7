//! Starts calls, which settle while the program does other things.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::thread;

use wts_session::binding::Progress;
use wts_session::{Error, Item, Operation, Session};

use crate::boundary;
use crate::call::Call;
use crate::cancellable::CancelToken;
use crate::client::Client;
use crate::code::Code;
use crate::convert;
use crate::error::Failure;
use crate::inbox::Inbox;
use crate::options::{CompleteOptions, UpdateOptions};
use crate::queue::Queue;

/// Sees to it that a call settles, also when its future is dropped.
struct Settlement {
    inbox: Arc<Inbox<Call>>,
    call: Arc<Call>,
    progress: Arc<Progress>,
    must_wake: bool,
}

impl Settlement {
    /// The event loop is woken when this is dropped: once for all calls that settle until then.
    fn settle(&mut self, result: Result<Session, Error>) {
        self.must_wake = Call::settle(&self.call, result);
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if self.call.is_in_flight() {
            let error = if thread::panicking() { boundary::panicked() } else { Error::cancelled() };
            self.settle(Err(self.progress.conclude(error)));
        }
        if self.must_wake {
            self.inbox.wake();
        }
    }
}

/// Starts a call, which comes out of `queue` when it has settled.
fn start(
    client: &Client,
    (operation, token): (Operation, CancelToken),
    item: Item,
    queue: &Queue,
    user_data: *mut c_void,
) -> Result<Arc<Call>, Error> {
    let (background, client) = client.background()?;
    let inbox = queue.inbox()?;
    let call = Arc::new(Call::new(inbox, user_data));
    let mut settlement =
        Settlement { inbox: Arc::clone(inbox), call: Arc::clone(&call), progress: Arc::default(), must_wake: false };
    let client = client.clone();
    let task = background.spawn(async move {
        #[cfg(feature = "panic-switch")]
        crate::panic_switch::panic_in_background_if_on();
        let result = client.call_unless(operation, item, token.cancelled(), &settlement.progress).await;
        settlement.settle(result);
        if settlement.must_wake && settlement.inbox.has_calls_in_flight() {
            tokio::task::yield_now().await;
        }
    });
    inbox.is_driven_by(call.number(), task);
    Ok(call)
}

/// Starts to set the status of a session, and returns at once.
///
/// The call comes out of the queue when it has settled, also if it is refused because of its id or status.
///
/// @param client From `wts_client_new`. When it is freed, the call is cancelled.
/// @param session_id As for `wts_update_session_status`. A copy is taken.
/// @param status As for `wts_update_session_status`. A copy is taken.
/// @param options May be null: the defaults. A copy is taken.
/// @param queue The queue that the call comes out of when it has settled.
/// @param user_data What `wts_call_user_data` returns.
/// @param out_call Receives the call, to be freed with `wts_call_free`; null if this fails. It is for `wts_call_cancel`,
///        and may be null: then the queue gives the call. Another thread may take it out before this returns.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK` when the call has begun; `WTS_INVALID_CONFIG` for a null client or queue, and for options with a wrong
///         size; `WTS_CONNECTION` if the system gives no thread or descriptors; `WTS_INTERNAL`.
///
/// Threads: any. A thread of the client sends the requests of started calls and bulk calls. It starts with the first of
/// them, ends with the client, and runs no code of yours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_start_update_session_status(
    client: *const Client,
    session_id: *const c_char,
    status: *const c_char,
    options: *const UpdateOptions,
    queue: *const Queue,
    user_data: *mut c_void,
    out_call: *mut *mut Call,
    out_error: *mut *mut Failure,
) -> Code {
    let begin = || {
        // SAFETY: what the header asks of the caller.
        let (client, queue) = unsafe { (boundary::required(client, "client")?, boundary::required(queue, "queue")?) };
        // SAFETY: what the header asks of the caller.
        let call = unsafe { UpdateOptions::read(options)? };
        // SAFETY: what the header asks of the caller.
        let item = unsafe { convert::to_update(session_id, status) };
        start(client, call, item, queue, user_data)
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_call, out_error, begin) }
}

/// Starts to complete a session, and returns at once. Otherwise as `wts_start_update_session_status`.
///
/// @param client From `wts_client_new`. When it is freed, the call is cancelled.
/// @param session_id As for `wts_complete_session`. A copy is taken.
/// @param options May be null: the defaults. A copy is taken.
/// @param queue The queue that the call comes out of when it has settled.
/// @param user_data What `wts_call_user_data` returns.
/// @param out_call Receives the call, as there. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return As `wts_start_update_session_status`.
///
/// Threads: as `wts_start_update_session_status`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_start_complete_session(
    client: *const Client,
    session_id: *const c_char,
    options: *const CompleteOptions,
    queue: *const Queue,
    user_data: *mut c_void,
    out_call: *mut *mut Call,
    out_error: *mut *mut Failure,
) -> Code {
    let begin = || {
        // SAFETY: what the header asks of the caller.
        let (client, queue) = unsafe { (boundary::required(client, "client")?, boundary::required(queue, "queue")?) };
        // SAFETY: what the header asks of the caller.
        let call = unsafe { CompleteOptions::read(options)? };
        // SAFETY: what the header asks of the caller.
        let item = unsafe { convert::to_complete(session_id) };
        start(client, call, item, queue, user_data)
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_call, out_error, begin) }
}
