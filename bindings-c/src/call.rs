//! Calls that were started.

use std::ffi::{CString, c_char, c_void};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wts_session::{Error, Session};

use crate::boundary::{self, ForC, used_by_many_threads};
use crate::code::Code;
use crate::convert;
use crate::error::Failure;
use crate::inbox::Inbox;

/// A call that was started, from `wts_start_complete_session` or `wts_start_update_session_status`.
///
/// It is yours from its start on, even if it fails, and is freed with `wts_call_free`.
pub struct Call {
    inbox: Arc<Inbox<Call>>,
    number: u64,
    user_data: AtomicPtr<c_void>,
    /// Whether C has the pointer to it, and one count of it, until it frees it.
    is_held: AtomicBool,
    state: Mutex<State>,
}

const _: () = used_by_many_threads::<Call>();

enum State {
    InFlight,
    Settled(Result<Session, Error>),
    Taken,
}

impl Call {
    /// A call that begins.
    pub(crate) fn new(inbox: &Arc<Inbox<Self>>, user_data: *mut c_void) -> Self {
        Self {
            inbox: Arc::clone(inbox),
            number: inbox.begin(),
            user_data: AtomicPtr::new(user_data),
            is_held: AtomicBool::new(false),
            state: Mutex::new(State::InFlight),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Where it is known; none in a child of the process that started it.
    fn inbox(&self) -> Option<&Inbox<Self>> {
        self.inbox.is_of_this_process().then_some(&*self.inbox)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_in_flight(&self) -> bool {
        matches!(*self.state(), State::InFlight)
    }

    /// Whether somebody has to [`wake`](Inbox::wake) the event loop now.
    pub(crate) fn settle(call: &Arc<Self>, result: Result<Session, Error>) -> bool {
        *call.state() = State::Settled(result);
        call.inbox.settle(call.number, call)
    }

    fn take(&self) -> Result<CString, Error> {
        if self.inbox().is_none() {
            return Err(Error::invalid_config("The call belongs to the parent of this process."));
        }
        let mut state = self.state();
        if matches!(*state, State::InFlight) {
            return Err(Error::invalid_config("The call has not settled yet."));
        }
        match mem::replace(&mut *state, State::Taken) {
            State::Settled(result) => result.map(|session| convert::for_c(session.into_json())),
            _ => Err(Error::invalid_config("The result of the call has been taken.")),
        }
    }
}

/// C gets the same pointer from the start of a call and from its queue, and frees it once: whichever is first gives it the
/// count. The other one has a count of its own until then, because C may free the call at any time.
impl ForC for Arc<Call> {
    type Target = Call;

    fn into_pointer(self) -> *mut Call {
        let is_held = self.is_held.swap(true, Ordering::Relaxed);
        if is_held { Self::as_ptr(&self).cast_mut() } else { Self::into_raw(self).cast_mut() }
    }

    unsafe fn from_pointer(pointer: *mut Call) -> Self {
        // SAFETY: the caller vouches for it.
        unsafe { Self::from_raw(pointer) }
    }
}

/// The `user_data` that the call was started with.
///
/// @param call May be null: then null.
/// @return The pointer. The library never reads what it points to.
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

/// Takes the result of a call that has settled: one that came out of its queue. It does not wait.
///
/// @param call From its start, or from `wts_queue_next`. It still has to be freed.
/// @param out_json Receives the updated session, as from `wts_update_session_status` and `wts_complete_session`, to be
///        freed with `wts_string_free`. Null if the call failed. May be null.
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

/// Cancels a call: its request is aborted, its connection is closed, and it comes out of its queue with `WTS_CANCELLED`.
/// Nothing happens to a call that has settled.
///
/// @param call Null is ignored.
///
/// Threads: any, but not in a signal handler. It does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_call_cancel(call: *mut Call) {
    let cancel = || {
        // SAFETY: what the header asks of the caller.
        if let Some(call) = unsafe { call.as_ref() }
            && let Some(inbox) = call.inbox()
        {
            inbox.cancel(call.number);
        }
    };
    boundary::value((), cancel);
}

/// Frees a call at any time. A call in flight is cancelled and does not come out of its queue any more; a result that was
/// not taken is freed too.
///
/// @param call May be null.
///
/// Threads: any, after the last use of the call in all others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_call_free(call: *mut Call) {
    let free = |call: Arc<Call>| {
        if let Some(inbox) = call.inbox() {
            inbox.forget(call.number);
        }
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::take_back(call, free) }
}
