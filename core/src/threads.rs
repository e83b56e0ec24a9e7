//! The threads of the library.

use std::io;
use std::sync::OnceLock;
use std::thread::Builder;

use tokio::runtime::{self, Handle, Runtime};

use crate::signals::without_signals;

/// As much as the standard library gives. Were it not said, `RUST_MIN_STACK` of the environment would count, also in a program
/// that has more rights than its user.
const STACK_SIZE: usize = 2 * 1024 * 1024;

/// Makes a thread. It is to be started [`without_signals`](crate::signals::without_signals).
pub(crate) fn thread_builder() -> Builder {
    Builder::new().stack_size(STACK_SIZE)
}

static IS_ENDING: OnceLock<fn() -> bool> = OnceLock::new();

/// Has `is_ending` tell whether this thread ends. To be called before anything else of this library: it needs unsafe code, which
/// bindings may have.
pub fn know_ending_threads_by(is_ending: fn() -> bool) {
    // The first one stays, as with processes.
    let _ = IS_ENDING.set(is_ending);
}

/// Whether this thread, which ends or runs exit handlers, has lost thread-local values. Then no runtime can run on it.
pub(crate) fn is_this_thread_ending() -> bool {
    IS_ENDING.get().is_some_and(|is_ending| is_ending())
        || Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed())
}

/// A runtime for the thread that drives it.
pub(crate) fn new_runtime() -> io::Result<Runtime> {
    let build = || runtime::Builder::new_current_thread().enable_all().build();
    if !is_this_thread_ending() {
        return build();
    }
    let built = without_signals(|| thread_builder().spawn(build))?.join();
    built.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
