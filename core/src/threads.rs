//! The threads of the library.

use std::thread::Builder;

/// As much as the standard library gives. Were it not said, `RUST_MIN_STACK` of the environment would count, also in a program
/// that has more rights than its user.
const STACK_SIZE: usize = 2 * 1024 * 1024;

/// Makes a thread. It is to be started [`without_signals`](crate::signals::without_signals).
pub(crate) fn thread_builder() -> Builder {
    Builder::new().stack_size(STACK_SIZE)
}
