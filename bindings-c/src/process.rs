//! What core has to know about this process, and only unsafe code can tell.

use wts_session::binding::{identify_processes_with, ignore_environment, know_ending_threads_by};

use crate::thread_end;

/// Tells core, before anything else is done.
pub(crate) fn introduce() {
    // The number of this process is drawn here: later, a fork could come in between.
    forks::this_process();
    identify_processes_with(forks::this_process);
    if thread_end::tells_ends() {
        know_ending_threads_by(thread_end::is_ending);
    }
    if has_more_rights_than_its_user() {
        ignore_environment();
    }
}

/// Whether this program is setuid, setgid or the like: then whoever started it must not say where the API key goes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_more_rights_than_its_user() -> bool {
    // SAFETY: it only reads a value that the kernel has put there.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// As on Linux.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn has_more_rights_than_its_user() -> bool {
    // SAFETY: it only asks the kernel.
    unsafe { libc::issetugid() != 0 }
}

/// There are no such programs here.
#[cfg(not(unix))]
fn has_more_rights_than_its_user() -> bool {
    false
}

#[cfg(unix)]
mod forks {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use wts_session::binding::Process;

    /// How many forks led to this process; children get a copy.
    static FORKS: AtomicU64 = AtomicU64::new(0);

    /// The number of this process, in memory that is zero again in a child, whichever way the child is made. None where the
    /// system has no such memory: then the handler of `pthread_atfork` counts.
    static NUMBER: OnceLock<Option<&'static AtomicU64>> = OnceLock::new();

    /// No system knows it.
    #[cfg(target_os = "linux")]
    const NO_ADVICE: libc::c_int = -1;

    pub(super) fn this_process() -> Process {
        match NUMBER.get_or_init(|| wiped_on_fork().or_else(count_in_handler)) {
            Some(number) => Process::numbered(number_of_this_process(number)),
            None => Process::after_forks(FORKS.load(Ordering::Relaxed)),
        }
    }

    fn number_of_this_process(number: &AtomicU64) -> u64 {
        let known = number.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let next = FORKS.load(Ordering::Relaxed) + 1;
        // Noted before it is used, so that a child which is forked right now does not take it too.
        FORKS.fetch_max(next, Ordering::Relaxed);
        // Where another thread is faster, its number counts.
        number.compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed).map_or_else(|known| known, |_| next)
    }

    #[cfg(target_os = "linux")]
    fn wiped_on_fork() -> Option<&'static AtomicU64> {
        use std::ptr;

        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let size = size_of::<AtomicU64>();
        // SAFETY: it maps new memory, which nobody else has.
        let page = unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) };
        if page == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: that memory is ours.
        let takes = |advice| unsafe { libc::madvise(page, size, advice) } == 0;
        // Emulators of a processor, such as qemu, take any advice and follow none.
        if takes(NO_ADVICE) || !takes(libc::MADV_WIPEONFORK) {
            // SAFETY: as above, and nobody has a reference to it.
            unsafe { libc::munmap(page, size) };
            return None;
        }
        // SAFETY: a page is zeroed, aligned, large enough, and stays until the process ends.
        Some(unsafe { &*page.cast::<AtomicU64>() })
    }

    #[cfg(not(target_os = "linux"))]
    fn wiped_on_fork() -> Option<&'static AtomicU64> {
        None
    }

    fn count_in_handler() -> Option<&'static AtomicU64> {
        extern "C" fn in_child() {
            FORKS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the handler changes an atomic number and nothing else, and this library is never unloaded.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        None
    }
}

/// Here processes do not fork.
#[cfg(not(unix))]
mod forks {
    use wts_session::binding::Process;

    pub(super) fn this_process() -> Process {
        Process::numbered(0)
    }
}
