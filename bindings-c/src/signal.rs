//! Keeps SIGPIPE away from a program that does not expect it.

/// Runs `work`, which writes to sockets, so that a peer who is gone is an error for `work` and no signal for the process.
///
/// A socket raises SIGPIPE in the writing thread, and its default action ends the process. The process's handler is not
/// ours to change; the mask of this thread is, for as long as `work` takes.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(crate) fn without_sigpipe<T>(work: impl FnOnce() -> T) -> T {
    let _blocked = sigpipe::Blocked::new();
    work()
}

/// Here sockets raise no signal.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(crate) fn without_sigpipe<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod mask {
    use std::mem::MaybeUninit;
    use std::ptr;

    use libc::{c_int, sigset_t};

    /// More signals are blocked in this thread until this is dropped.
    pub(super) struct Changed {
        before: sigset_t,
    }

    impl Changed {
        pub(super) fn had_blocked(&self, signal: c_int) -> bool {
            // SAFETY: the set is valid, and so is the signal.
            unsafe { libc::sigismember(&raw const self.before, signal) == 1 }
        }

        pub(super) fn new(blocked: &sigset_t) -> Self {
            // SAFETY: both sets are valid.
            let before = set(|before| unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, blocked, before) });
            Self { before }
        }
    }

    impl Drop for Changed {
        fn drop(&mut self) {
            // SAFETY: the set is valid, and null asks for nothing.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut()) };
        }
    }

    /// A signal set as `fill` makes it.
    pub(super) fn set(fill: impl FnOnce(*mut sigset_t) -> c_int) -> sigset_t {
        let mut set = MaybeUninit::uninit();
        // SAFETY: an empty set is a valid one, whatever `fill` does afterwards.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            fill(set.as_mut_ptr());
            set.assume_init()
        }
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod sigpipe {
    use std::ptr;

    use libc::{sigset_t, timespec};

    use super::mask::{self, set};

    const AT_ONCE: timespec = timespec { tv_sec: 0, tv_nsec: 0 };

    /// SIGPIPE is blocked in this thread until this is dropped.
    pub(super) struct Blocked {
        was_pending: bool,
        /// Dropped last: what is left pending is taken while it is blocked.
        _changed: mask::Changed,
    }

    impl Blocked {
        pub(super) fn new() -> Self {
            let changed = mask::Changed::new(&only_sigpipe());
            // What was not blocked can't have been pending.
            let was_pending = changed.had_blocked(libc::SIGPIPE) && is_pending();
            Self { was_pending, _changed: changed }
        }
    }

    impl Drop for Blocked {
        fn drop(&mut self) {
            if !self.was_pending {
                take_pending();
            }
        }
    }

    fn only_sigpipe() -> sigset_t {
        // SAFETY: the set is valid, and SIGPIPE is a signal.
        set(|set| unsafe { libc::sigaddset(set, libc::SIGPIPE) })
    }

    fn is_pending() -> bool {
        // SAFETY: the set is valid and ours.
        let pending = set(|set| unsafe { libc::sigpending(set) });
        // SAFETY: the set is valid, and SIGPIPE is a signal.
        unsafe { libc::sigismember(&raw const pending, libc::SIGPIPE) == 1 }
    }

    /// Takes the signal that a write of ours may have left.
    fn take_pending() {
        // SAFETY: set and time are valid, and null asks for no details.
        while unsafe { libc::sigtimedwait(&only_sigpipe(), ptr::null_mut(), &AT_ONCE) } == libc::SIGPIPE {}
    }
}
