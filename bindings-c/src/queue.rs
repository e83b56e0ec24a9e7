//! Where the calls that were started tell that they have settled.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::mem;
use std::process;
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use wts_session::Error;
use wts_session::binding::{PerProcess, Wakeup};

use crate::boundary;
use crate::call::Call;
use crate::code::Code;
use crate::config::WTS_NO_TIMEOUT;
use crate::error::Failure;

/// Tells which calls have settled, to an event loop or to a thread that waits. From `wts_queue_new`.
///
/// One queue serves any number of calls and clients. An event loop has one of its own, and watches its descriptor.
pub struct Queue {
    inbox: PerProcess<Arc<Inbox>>,
}

impl Queue {
    fn new() -> Result<Self, Error> {
        let queue = Self { inbox: PerProcess::new() };
        queue.inbox()?;
        Ok(queue)
    }

    /// That of this process; a forked child has none of the calls of its parent.
    pub(crate) fn inbox(&self) -> Result<&Arc<Inbox>, Error> {
        let made = self.inbox.get_or_make(|| Inbox::new().map(Arc::new));
        made.map_err(|error| Error::internal(format!("There is no descriptor for a queue: {error}.")))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if let Some(inbox) = self.inbox.get() {
            inbox.close();
        }
    }
}

/// The calls of a queue.
pub(crate) struct Inbox {
    /// In any other process it must not be touched: its lock may be taken there, and nobody would give it back.
    process: u32,
    calls: Mutex<Calls>,
    change: Condvar,
}

#[derive(Default)]
struct Calls {
    /// What stops each call that is under way.
    under_way: HashMap<*const Call, AbortHandle>,
    settled: VecDeque<Arc<Call>>,
    /// Rung as long as a call has settled and was not taken out; none where there are no such descriptors.
    bell: Option<Wakeup>,
    is_rung: bool,
    /// How many threads wait for a call.
    waiting: usize,
}

impl Calls {
    /// Has the bell tell whether there are calls to take out.
    fn ring_or_silence(&mut self) {
        let is_needed = !self.settled.is_empty();
        if let Some(bell) = &self.bell
            && self.is_rung != is_needed
        {
            if is_needed {
                bell.wake();
            } else {
                bell.clear();
            }
            self.is_rung = is_needed;
        }
    }
}

// SAFETY: the pointers are only compared.
unsafe impl Send for Calls {}

impl Inbox {
    fn new() -> io::Result<Self> {
        let calls = Calls { bell: Wakeup::new()?, ..Calls::default() };
        Ok(Self { process: process::id(), calls: Mutex::new(calls), change: Condvar::new() })
    }

    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a call driven by `spawn`. It can't settle before it is known here.
    pub(crate) fn begin(&self, call: &Arc<Call>, spawn: impl FnOnce() -> AbortHandle) {
        let mut calls = self.calls();
        let task = spawn();
        calls.under_way.insert(Arc::as_ptr(call), task);
    }

    /// Takes in a call that has settled, unless nobody wants to know any more. Whether somebody has to
    /// [`ring`](Self::ring).
    pub(crate) fn settled(&self, call: &Arc<Call>) -> bool {
        let mut calls = self.calls();
        if calls.under_way.remove(&Arc::as_ptr(call)).is_none() {
            return false;
        }
        calls.settled.push_back(Arc::clone(call));
        if calls.waiting > 0 {
            // Where it was the last, nobody has anything to wait for.
            if calls.under_way.is_empty() { self.change.notify_all() } else { self.change.notify_one() }
        }
        calls.settled.len() == 1
    }

    /// Tells the event loop that there is something to take out, unless it has been taken.
    pub(crate) fn ring(&self) {
        self.calls().ring_or_silence();
    }

    /// Has a call settle as cancelled, unless it has settled.
    pub(crate) fn cancel(&self, call: &Call) {
        let task = self.calls().under_way.get(&ptr::from_ref(call)).cloned();
        task.inspect(AbortHandle::abort);
    }

    /// Forgets a call, wherever it is.
    pub(crate) fn forget(&self, call: &Call) {
        let mut calls = self.calls();
        let task = calls.under_way.remove(&ptr::from_ref(call));
        calls.settled.retain(|other| !ptr::eq(Arc::as_ptr(other), call));
        calls.ring_or_silence();
        drop(calls);
        self.change.notify_all();
        task.inspect(AbortHandle::abort);
    }

    /// A call that has settled; waits for one for as long as `time`, or until there is nothing to wait for.
    fn next(&self, time: Duration) -> Option<Arc<Call>> {
        let mut calls = self.calls();
        if !time.is_zero() {
            calls.waiting += 1;
            let is_under_way = |calls: &mut Calls| calls.settled.is_empty() && !calls.under_way.is_empty();
            let waited = self.change.wait_timeout_while(calls, time, is_under_way);
            (calls, _) = waited.unwrap_or_else(PoisonError::into_inner);
            calls.waiting -= 1;
        }
        let call = calls.settled.pop_front()?;
        calls.ring_or_silence();
        Some(call)
    }

    fn descriptor(&self) -> Option<i32> {
        self.calls().bell.as_ref().map(Wakeup::descriptor)
    }

    /// Cancels what is under way, and forgets all.
    fn close(&self) {
        let Calls { under_way, .. } = mem::take(&mut *self.calls());
        under_way.values().for_each(AbortHandle::abort);
        self.change.notify_all();
    }
}

/// Makes a queue for calls that are started.
///
/// @param out_queue Receives the queue, to be freed with `wts_queue_free`; null if this fails. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`, or `WTS_INTERNAL` when the system gives no descriptors.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_queue_new(out_queue: *mut *mut Queue, out_error: *mut *mut Failure) -> Code {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_queue, out_error, || Queue::new().map(Box::new)) }
}

/// The descriptor to watch with poll, epoll, kqueue, libuv (`uv_poll_t`) or the like: it is readable as long as a call has
/// settled that `wts_queue_next` has not given out.
///
/// Take calls out until there is none. Do not read, write or close it. It stays the same until the queue is freed; a child
/// after fork() has another.
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

/// Takes the next call out that has settled, whichever it is.
///
/// Its result is read with `wts_call_take`.
///
/// @param queue From `wts_queue_new`. Null has no calls.
/// @param timeout_ms For how long to wait for one, in milliseconds: 0 does not wait, `WTS_NO_TIMEOUT` waits without bound.
///        Where no call of the queue is under way it does not wait.
/// @return The call, to be freed with `wts_call_free`: the same pointer that its start gave. Null when there is none.
///
/// Threads: any, but each call comes out once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_queue_next(queue: *const Queue, timeout_ms: u64) -> *mut Call {
    let time = if timeout_ms == WTS_NO_TIMEOUT { Duration::MAX } else { Duration::from_millis(timeout_ms) };
    let next = || {
        // SAFETY: what the header asks of the caller.
        let call = unsafe { queue.as_ref() }?.inbox().ok()?.next(time)?;
        Some(Call::hand_out(call))
    };
    boundary::value(None, next).unwrap_or(ptr::null_mut())
}

/// Frees a queue and closes its descriptor, which no event loop may watch any more.
///
/// Its calls that are under way are cancelled. They still have to be freed, each by itself, but for those whose start had
/// no place for a pointer to them and that have not come out.
///
/// @param queue May be null.
///
/// Threads: any, after the last use of the queue in all others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_queue_free(queue: *mut Queue) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<Box<Queue>>(queue) }
}
