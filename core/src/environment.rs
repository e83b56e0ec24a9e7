//! The variables of the environment. Nothing else in this library reads them.

use std::env;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::text::trimmed;

static IS_IGNORED: AtomicBool = AtomicBool::new(false);

/// No variable counts any more: whoever set them has fewer rights than this program, which is setuid for example.
pub fn ignore_environment() {
    IS_IGNORED.store(true, Ordering::Relaxed);
}

pub(crate) fn variable(name: &str) -> Option<OsString> {
    if IS_IGNORED.load(Ordering::Relaxed) { None } else { env::var_os(name) }
}

/// The value of a setting; a blank one counts as none.
pub(crate) fn setting(name: &str) -> Option<String> {
    text(name).filter(|value| !trimmed(value).is_empty())
}

/// What is not UTF-8 has to be refused as an invalid value, not taken for absent.
pub(crate) fn text(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned())
}
