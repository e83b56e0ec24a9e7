//! Keeps SIGPIPE away from the caller.

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
mod sigpipe {
    use std::mem::MaybeUninit;
    use std::ptr;

    use libc::{c_int, sigset_t, timespec};

    const AT_ONCE: timespec = timespec { tv_sec: 0, tv_nsec: 0 };

    /// SIGPIPE is blocked in this thread until this is dropped.
    pub(super) struct Blocked {
        mask_before: sigset_t,
        was_pending: bool,
    }

    impl Blocked {
        pub(super) fn new() -> Self {
            let was_pending = is_pending();
            Self { mask_before: set_mask(libc::SIG_BLOCK, &only_sigpipe()), was_pending }
        }
    }

    impl Drop for Blocked {
        fn drop(&mut self) {
            if !self.was_pending {
                take_pending();
            }
            set_mask(libc::SIG_SETMASK, &self.mask_before);
        }
    }

    /// A signal set as `fill` makes it.
    fn signal_set(fill: impl FnOnce(*mut sigset_t) -> c_int) -> sigset_t {
        let mut set = MaybeUninit::uninit();
        // SAFETY: an empty set is a valid one, whatever `fill` does afterwards.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            fill(set.as_mut_ptr());
            set.assume_init()
        }
    }

    fn only_sigpipe() -> sigset_t {
        // SAFETY: the set is valid, and SIGPIPE is a signal.
        signal_set(|set| unsafe { libc::sigaddset(set, libc::SIGPIPE) })
    }

    fn is_pending() -> bool {
        // SAFETY: the set is valid and ours.
        let pending = signal_set(|set| unsafe { libc::sigpending(set) });
        // SAFETY: the set is valid, and SIGPIPE is a signal.
        unsafe { libc::sigismember(&raw const pending, libc::SIGPIPE) == 1 }
    }

    /// Changes this thread's mask and gives the one before.
    fn set_mask(how: c_int, set: &sigset_t) -> sigset_t {
        // SAFETY: both sets are valid, and `how` is one of the constants.
        signal_set(|before| unsafe { libc::pthread_sigmask(how, set, before) })
    }

    /// Takes the signal that a write of ours may have left.
    fn take_pending() {
        // SAFETY: set and time are valid, and null asks for no details.
        while unsafe { libc::sigtimedwait(&only_sigpipe(), ptr::null_mut(), &AT_ONCE) } == libc::SIGPIPE {}
    }
}
