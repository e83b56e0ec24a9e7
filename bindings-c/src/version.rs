//! The version of the library that is running.

use std::ffi::{CStr, c_char};

use crate::boundary;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the version has a NUL inside"),
};

/// The version of the library that is running, such as "1.2.3"; `WTS_VERSION` is the one of this header.
///
/// @return A static string, never null. Do not free it.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wts_version() -> *const c_char {
    boundary::value(VERSION, || VERSION).as_ptr()
}
