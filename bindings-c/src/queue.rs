//! Gives out the calls that have settled.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use wts_session::Error;
use wts_session::binding::PerProcess;

use crate::boundary::{self, ForC, used_by_many_threads};
use crate::call::Call;
use crate::code::Code;
use crate::config::WTS_NO_TIMEOUT;
use crate::error::Failure;
use crate::inbox::Inbox;

/// Tells an event loop, or a thread that waits, which calls have settled. From `wts_queue_new`.
///
/// One queue serves any number of calls and clients. An event loop has one of its own, and watches its descriptor.
pub struct Queue {
    inbox: PerProcess<Arc<Inbox<Call>>>,
}

const _: () = used_by_many_threads::<Queue>();

impl Queue {
    fn new() -> Result<Self, Error> {
        let queue = Self { inbox: PerProcess::new() };
        queue.inbox()?;
        Ok(queue)
    }

    /// That of this process; a forked child has none of the calls of its parent.
    pub(crate) fn inbox(&self) -> Result<&Arc<Inbox<Call>>, Error> {
        let made = self.inbox.get_or_make(|| Inbox::new().map(Arc::new));
        made.map_err(|error| Error::no_resources("descriptors for a queue", error))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if let Some(inbox) = self.inbox.get() {
            inbox.close();
        }
    }
}

/// Makes a queue for calls that are started.
///
/// @param out_queue Receives the queue, to be freed with `wts_queue_free`; null if this fails. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`; `WTS_CONNECTION` if the system gives no descriptors; `WTS_INTERNAL`.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_queue_new(out_queue: *mut *mut Queue, out_error: *mut *mut Failure) -> Code {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_queue, out_error, || Queue::new().map(Box::new)) }
}

/// The descriptor to watch with poll, epoll, kqueue, libuv (`uv_poll_t`) or the like. It is readable as long as there is a
/// settled call that `wts_queue_next` has not returned.
///
/// Take calls out until there is none. Do not read, write or close the descriptor. It stays the same until the queue is
/// freed; a child after fork() has another.
///
/// @param queue From `wts_queue_new`.
/// @return -1 for null, on Windows, and in a child to which the system gives no descriptors.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_queue_fd(queue: *const Queue) -> i32 {
    let descriptor = || {
        // SAFETY: what the header asks of the caller.
        unsafe { queue.as_ref() }?.inbox().ok()?.descriptor()
    };
    boundary::value(None, descriptor).unwrap_or(-1)
}

/// Takes the next settled call out, in the order in which they settled.
///
/// Its result is read with `wts_call_take`.
///
/// @param queue From `wts_queue_new`. Null has no calls.
/// @param timeout_ms How long to wait for one, in milliseconds: 0 does not wait, `WTS_NO_TIMEOUT` waits without a bound.
///        If no call of the queue is in flight, it does not wait.
/// @return The call, to be freed with `wts_call_free`: the same pointer that its start gave. Null when there is none.
///
/// Threads: any; each call comes out once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_queue_next(queue: *const Queue, timeout_ms: u64) -> *mut Call {
    let time = if timeout_ms == WTS_NO_TIMEOUT { Duration::MAX } else { Duration::from_millis(timeout_ms) };
    let next = || {
        // SAFETY: what the header asks of the caller.
        unsafe { queue.as_ref() }?.inbox().ok()?.next(time).map(ForC::into_pointer)
    };
    boundary::value(None, next).unwrap_or(ptr::null_mut())
}

/// Frees a queue and closes its descriptor, which no event loop may watch any more.
///
/// Its calls in flight are cancelled. Each call still has to be freed by itself, except those that were started without
/// `out_call` and have not come out.
///
/// @param queue May be null.
///
/// Threads: any, after the last use of the queue in all others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_queue_free(queue: *mut Queue) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<Box<Queue>>(queue) }
}
