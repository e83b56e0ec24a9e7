//! Calls that are started, and settle while the program does other things.

use std::ffi::{CString, c_char, c_void};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use wts_session::binding::Progress;
use wts_session::{Error, Item, Operation, Session};

use crate::boundary::{self, ForC};
use crate::cancellable::Wish;
use crate::client::Client;
use crate::code::Code;
use crate::error::Failure;
use crate::item;
use crate::options::{CompleteOptions, UpdateOptions};
use crate::queue::{Inbox, Queue};
use crate::text;

/// A call that was started, from `wts_start_complete_session` or `wts_start_update_session_status`.
///
/// It is yours from its start on and whatever becomes of it, and is freed with `wts_call_free`.
pub struct Call {
    inbox: Arc<Inbox>,
    user_data: AtomicPtr<c_void>,
    /// Whether C has the pointer to it, and will free it.
    is_held: AtomicBool,
    outcome: Mutex<State>,
}

enum State {
    UnderWay,
    Settled(Result<Session, Error>),
    Taken,
}

impl Call {
    fn new(inbox: &Arc<Inbox>, user_data: *mut c_void, is_held: bool) -> Self {
        Self {
            inbox: Arc::clone(inbox),
            user_data: AtomicPtr::new(user_data),
            is_held: AtomicBool::new(is_held),
            outcome: Mutex::new(State::UnderWay),
        }
    }

    /// Where it is known; none in a child of the process that started it.
    fn inbox(&self) -> Option<&Inbox> {
        self.inbox.is_of_this_process().then_some(&*self.inbox)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pointer to a call for C, which has to free it from now on, if it had not before.
    pub(crate) fn hand_out(call: Arc<Self>) -> *mut Self {
        if call.is_held.swap(true, Ordering::Relaxed) { Arc::as_ptr(&call).cast_mut() } else { call.into_pointer() }
    }

    fn take(&self) -> Result<CString, Error> {
        if self.inbox().is_none() {
            return Err(Error::invalid_config("The call belongs to the parent of this process."));
        }
        let mut state = self.state();
        if matches!(*state, State::UnderWay) {
            return Err(Error::invalid_config("The call has not settled yet."));
        }
        match mem::replace(&mut *state, State::Taken) {
            State::Settled(result) => result.map(|session| text::for_c(session.into_json())),
            _ => Err(Error::invalid_config("The result of the call has been taken.")),
        }
    }
}

/// Sees to it that a call settles, also when its future is dropped.
struct Settlement {
    call: Arc<Call>,
    progress: Arc<Progress>,
    rings: bool,
}

impl Settlement {
    /// The bell is rung when this is dropped, so that calls which settle until then share it.
    fn settle(&mut self, result: Result<Session, Error>) {
        *self.call.state() = State::Settled(result);
        self.rings = self.call.inbox.settled(&self.call);
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if matches!(*self.call.state(), State::UnderWay) {
            let error = if thread::panicking() { boundary::panicked() } else { Error::cancelled() };
            self.settle(Err(self.progress.conclude(error)));
        }
        if self.rings {
            self.call.inbox.ring();
        }
    }
}

impl Client {
    /// Starts a call, which `queue` will tell of.
    fn start(
        &self,
        operation: Operation,
        item: Item,
        wish: Wish,
        queue: &Queue,
        user_data: *mut c_void,
        is_held: bool,
    ) -> Result<Arc<Call>, Error> {
        let (background, client) = self.background()?;
        let inbox = queue.inbox()?;
        let call = Arc::new(Call::new(inbox, user_data, is_held));
        let mut settlement = Settlement { call: Arc::clone(&call), progress: Arc::default(), rings: false };
        let client = client.clone();
        inbox.begin(&call, || {
            background.spawn(async move {
                #[cfg(feature = "panic-switch")]
                crate::panic_switch::panic_in_background_if_on();
                let result = client.call_unless(operation, item, wish.made(), &settlement.progress).await;
                settlement.settle(result);
                if settlement.rings {
                    tokio::task::yield_now().await;
                }
            })
        });
        Ok(call)
    }
}

/// Starts to set the status of a session, and returns at once.
///
/// Whatever becomes of it, a refused id or status included, comes out of the queue.
///
/// @param client From `wts_client_new`. When it is freed, the call is cancelled.
/// @param session_id As for `wts_update_session_status`. A copy is taken.
/// @param status As for `wts_update_session_status`. A copy is taken.
/// @param options May be null: the defaults. A copy is taken.
/// @param queue The queue that the call comes out of when it has settled.
/// @param user_data What `wts_call_user_data` gives.
/// @param out_call Receives the call, to be freed with `wts_call_free`; null if this fails. It is for `wts_call_cancel`,
///        and may be null: then the queue gives the call. Another thread may take it out before this returns.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK` when the call has begun; `WTS_INVALID_CONFIG` for a null client or queue, and for options with a wrong
///         size; `WTS_INTERNAL`.
///
/// Threads: any. A thread of the client's drives its calls; it is started with the first of them or with the first bulk
/// call, ends with the client, and runs no code of yours.
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
    let start = || {
        // SAFETY: what the header asks of the caller.
        let (client, queue) = unsafe { (boundary::required(client, "client")?, boundary::required(queue, "queue")?) };
        // SAFETY: what the header asks of the caller.
        let (operation, wish) = unsafe { UpdateOptions::read(options)? };
        // SAFETY: what the header asks of the caller.
        let item = unsafe { item::to_update(session_id, status) };
        client.start(operation, item, wish, queue, user_data, !out_call.is_null())
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_call, out_error, start) }
}

/// Starts to complete a session, and returns at once. Otherwise as `wts_start_update_session_status`.
///
/// @param client From `wts_client_new`. When it is freed, the call is cancelled.
/// @param session_id As for `wts_complete_session`. A copy is taken.
/// @param options May be null: the defaults. A copy is taken.
/// @param queue The queue that the call comes out of when it has settled.
/// @param user_data What `wts_call_user_data` gives.
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
    let start = || {
        // SAFETY: what the header asks of the caller.
        let (client, queue) = unsafe { (boundary::required(client, "client")?, boundary::required(queue, "queue")?) };
        // SAFETY: what the header asks of the caller.
        let (operation, wish) = unsafe { CompleteOptions::read(options)? };
        // SAFETY: what the header asks of the caller.
        let item = unsafe { item::to_complete(session_id) };
        client.start(operation, item, wish, queue, user_data, !out_call.is_null())
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_call, out_error, start) }
}

/// What the start of the call was given as `user_data`.
///
/// @param call May be null: then null.
/// @return The pointer, which the library does not look behind.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_call_user_data(call: *const Call) -> *mut c_void {
    let user_data = || {
        // SAFETY: what the header asks of the caller.
        unsafe { call.as_ref() }.map(|call| call.user_data.load(Ordering::Relaxed))
    };
    boundary::value(None, user_data).unwrap_or(ptr::null_mut())
}

/// Takes the result of a call that has settled, which is to say: that came out of its queue. It does not wait.
///
/// @param call From its start, or from `wts_queue_next`. It still has to be freed.
/// @param out_json Receives the session as the API has it then, as from `wts_update_session_status` and
///        `wts_complete_session`, to be freed with `wts_string_free`. Null if the call failed. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if the call succeeded. May be null.
/// @return What the blocking call would have returned, `WTS_CANCELLED` for a call that was cancelled; or
///         `WTS_INVALID_CONFIG` if there is nothing to take: for null, for a call that has not settled, for one whose
///         result was taken before, and in a child of the process that started it.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_call_take(
    call: *mut Call,
    out_json: *mut *mut c_char,
    out_error: *mut *mut Failure,
) -> Code {
    let take = || {
        // SAFETY: what the header asks of the caller.
        unsafe { boundary::required(call, "call") }?.take()
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_json, out_error, take) }
}

/// Cancels a call: its request is broken off, its connection is closed, and it comes out of its queue with
/// `WTS_CANCELLED`. Nothing happens to a call that has settled.
///
/// @param call Null is ignored.
///
/// Threads: any, but no signal handler. It does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_call_cancel(call: *mut Call) {
    let cancel = || {
        // SAFETY: what the header asks of the caller.
        if let Some(call) = unsafe { call.as_ref() }
            && let Some(inbox) = call.inbox()
        {
            inbox.cancel(call);
        }
    };
    boundary::value((), cancel);
}

/// Frees a call at any time: one under way is cancelled, and does not come out of its queue any more; a result that was
/// not taken is freed with it.
///
/// @param call May be null.
///
/// Threads: any, after the last use of the call in all others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_call_free(call: *mut Call) {
    let free = |call: Arc<Call>| {
        if let Some(inbox) = call.inbox() {
            inbox.forget(&call);
        }
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::take_back(call, free) }
}
