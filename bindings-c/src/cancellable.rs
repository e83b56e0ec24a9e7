//! Cancels calls from another thread.

use std::future;

use tokio::sync::watch;
use wts_session::binding::PerProcess;

use crate::boundary::{self, used_by_many_threads};

/// Cancels calls from another thread, blocking and bulk calls above all. From `wts_cancellable_new`.
///
/// Calls get it in their options. Any number of calls may have it, and it may be freed as soon as they have begun.
pub struct Cancellable {
    is_cancelled: PerProcess<watch::Sender<bool>>,
}

const _: () = used_by_many_threads::<Cancellable>();

impl Cancellable {
    fn new() -> Self {
        let cancellable = Self { is_cancelled: PerProcess::new() };
        cancellable.is_cancelled();
        cancellable
    }

    /// That of this process; in a forked child nothing has been cancelled yet.
    fn is_cancelled(&self) -> &watch::Sender<bool> {
        self.is_cancelled.get_or_default()
    }
}

/// Tells one call when it is cancelled.
pub(crate) struct CancelToken(Option<watch::Receiver<bool>>);

impl CancelToken {
    /// That of `cancellable`; null never cancels.
    ///
    /// # Safety
    /// `cancellable` is null or from `wts_cancellable_new`, and not yet freed.
    pub(crate) unsafe fn of(cancellable: *const Cancellable) -> Self {
        // SAFETY: the caller vouches for it.
        Self(unsafe { cancellable.as_ref() }.map(|cancellable| cancellable.is_cancelled().subscribe()))
    }

    pub(crate) fn can_cancel(&self) -> bool {
        self.0.is_some()
    }

    /// Done once the call is cancelled.
    pub(crate) async fn cancelled(self) {
        if let Some(mut is_cancelled) = self.0
            && is_cancelled.wait_for(|is_cancelled| *is_cancelled).await.is_ok()
        {
            return;
        }
        future::pending::<()>().await;
    }
}

/// Makes a cancellable.
///
/// @return A cancellable to be freed with `wts_cancellable_free`; null only for a bug of this library.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wts_cancellable_new() -> *mut Cancellable {
    boundary::value(std::ptr::null_mut(), || Box::into_raw(Box::new(Cancellable::new())))
}

/// Cancels all calls that have this cancellable, for good: also those that have not begun yet.
///
/// Their requests in flight are aborted and their connections closed. The calls fail with `WTS_CANCELLED`.
///
/// @param cancellable Null is ignored.
///
/// Threads: any, but not in a signal handler; examples/ctrl_c.c shows how a signal cancels. It does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_cancellable_cancel(cancellable: *const Cancellable) {
    let cancel = || {
        // SAFETY: what the header asks of the caller.
        if let Some(cancellable) = unsafe { cancellable.as_ref() } {
            cancellable.is_cancelled().send_replace(true);
        }
    };
    boundary::value((), cancel);
}

/// Frees a cancellable. Calls that have it go on.
///
/// @param cancellable May be null.
///
/// Threads: any, after the last use of the cancellable in all others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_cancellable_free(cancellable: *mut Cancellable) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<Box<Cancellable>>(cancellable) }
}
