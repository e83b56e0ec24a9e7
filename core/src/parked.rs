//! A thread that waits until a future may go on.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Wake;
use std::time::Duration;

/// The waker of a thread that waits. [`std::thread::park`] would need a thread-local value, which a thread that ends has no
/// more.
#[derive(Debug, Default)]
pub struct Parked {
    is_woken: Mutex<bool>,
    change: Condvar,
}

impl Parked {
    /// Waits until it is woken, or has been since it last waited.
    pub fn until_woken(&self) {
        let is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = self.change.wait_while(is_woken, |is_woken| !*is_woken);
        *woken.unwrap_or_else(PoisonError::into_inner) = false;
    }

    /// As [`until_woken`](Self::until_woken), but waits for `time` at most. Whether it was woken.
    pub fn for_at_most(&self, time: Duration) -> bool {
        let is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = self.change.wait_timeout_while(is_woken, time, |is_woken| !*is_woken);
        mem::take(&mut *woken.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.change.notify_one();
    }
}
