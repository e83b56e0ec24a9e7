//! The wish to cancel calls, which another thread may have.

use std::future;

use tokio::sync::watch;
use wts_session::binding::PerProcess;

use crate::boundary;

/// Cancels calls that wait, blocking and bulk calls above all, from another thread. From `wts_cancellable_new`.
///
/// Calls are given it in their options. It may be given to any number of calls, and freed as soon as they have begun.
pub struct Cancellable {
    wish: PerProcess<watch::Sender<bool>>,
}

impl Cancellable {
    fn new() -> Self {
        let cancellable = Self { wish: PerProcess::new() };
        cancellable.wish();
        cancellable
    }

    /// That of this process; a forked child has not wished anything yet.
    fn wish(&self) -> &watch::Sender<bool> {
        self.wish.get_or_default()
    }
}

/// The wish of somebody who may cancel a call.
pub(crate) struct Wish(Option<watch::Receiver<bool>>);

impl Wish {
    /// That of `cancellable`; null never has one.
    ///
    /// # Safety
    /// `cancellable` is null or from `wts_cancellable_new`, and not yet freed.
    pub(crate) unsafe fn of(cancellable: *const Cancellable) -> Self {
        // SAFETY: the caller vouches for it.
        Self(unsafe { cancellable.as_ref() }.map(|cancellable| cancellable.wish().subscribe()))
    }

    pub(crate) fn is_possible(&self) -> bool {
        self.0.is_some()
    }

    /// Done once it is there.
    pub(crate) async fn made(self) {
        if let Some(mut wish) = self.0
            && wish.wait_for(|is_there| *is_there).await.is_ok()
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

/// Cancels all calls that were given this cancellable, and for good: also those that are yet to begin.
///
/// Requests under way are broken off and their connections are closed. The calls fail with `WTS_CANCELLED`.
///
/// @param cancellable Null is ignored.
///
/// Threads: any, but no signal handler. It does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_cancellable_cancel(cancellable: *const Cancellable) {
    let cancel = || {
        // SAFETY: what the header asks of the caller.
        if let Some(cancellable) = unsafe { cancellable.as_ref() } {
            cancellable.wish().send_replace(true);
        }
    };
    boundary::value((), cancel);
}

/// Frees a cancellable. Calls that it was given go on.
///
/// @param cancellable May be null.
///
/// Threads: any, after the last use of the cancellable in all others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_cancellable_free(cancellable: *mut Cancellable) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<Box<Cancellable>>(cancellable) }
}
