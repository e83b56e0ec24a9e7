use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also when another holder panicked: every holder leaves its value whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
