//! Which threads end.
//!
//! Rust's standard library has a key of its own, whose destructor destroys the handle of the thread. From then on it is a panic
//! to ask for the handle, and nothing tells. The key here is made right after that one, so its destructor is the next to run,
//! and notes the end. Threads that do not end do what destructors of other keys want afterwards.

#[cfg(unix)]
pub(crate) use keys::{is_ending, tells_ends};

#[cfg(unix)]
mod keys {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::OnceLock;
    use std::thread;

    #[derive(Clone, Copy)]
    enum Stage {
        /// It has not been asked yet.
        New,
        Alive,
        Ending,
    }

    thread_local! {
        /// Without a destructor, so that it is there to the very end.
        static STAGE: Cell<Stage> = const { Cell::new(Stage::New) };
    }

    /// None where the system has no more keys.
    static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();

    /// Makes the key. Whether there is one.
    pub(crate) fn tells_ends() -> bool {
        KEY.get_or_init(make).is_some()
    }

    pub(crate) fn is_ending() -> bool {
        match STAGE.get() {
            Stage::New => {
                watch();
                false
            }
            Stage::Alive => false,
            Stage::Ending => true,
        }
    }

    fn make() -> Option<libc::pthread_key_t> {
        // Has the standard library make its key. Destructors run in the order in which keys are made.
        drop(thread::current());
        let mut key = 0;
        // SAFETY: it writes the key, and this library, which has the destructor, is never unloaded.
        let made = unsafe { libc::pthread_key_create(&raw mut key, Some(note_end)) };
        (made == 0).then_some(key)
    }

    /// Has the end of this thread noted. Destructors run for values that are not null.
    fn watch() {
        if let Some(&Some(key)) = KEY.get() {
            let anything = ptr::dangling::<u8>().cast::<c_void>();
            // SAFETY: the key is never deleted, and nobody reads what the value points to.
            unsafe { libc::pthread_setspecific(key, anything) };
            STAGE.set(Stage::Alive);
        }
    }

    unsafe extern "C" fn note_end(_: *mut c_void) {
        STAGE.set(Stage::Ending);
    }
}

/// Here such threads run no code of the program.
#[cfg(not(unix))]
pub(crate) fn tells_ends() -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn is_ending() -> bool {
    false
}
