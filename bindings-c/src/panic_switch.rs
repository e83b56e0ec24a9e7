//! A switch that makes every function of the library panic, for the test of the border.

use std::sync::atomic::{AtomicBool, Ordering};

static PANICS: AtomicBool = AtomicBool::new(false);

/// Makes every later call of every function panic inside, or ends that.
#[unsafe(no_mangle)]
pub extern "C" fn wts_test_panics(on: bool) {
    PANICS.store(on, Ordering::SeqCst);
}

pub(crate) fn panic_if_on() {
    assert!(!PANICS.load(Ordering::SeqCst), "the switch is on");
}

static PANICS_IN_BACKGROUND: AtomicBool = AtomicBool::new(false);

/// Makes every later call that is started panic on the thread that drives it, or ends that.
#[unsafe(no_mangle)]
pub extern "C" fn wts_test_panics_in_background(on: bool) {
    PANICS_IN_BACKGROUND.store(on, Ordering::SeqCst);
}

pub(crate) fn panic_in_background_if_on() {
    assert!(!PANICS_IN_BACKGROUND.load(Ordering::SeqCst), "the switch is on");
}
