//! Strings on their way in and out.

use std::ffi::{CStr, CString, c_char};

/// The string at `pointer`, or `None` for null.
///
/// # Safety
/// `pointer` is null or points to a NUL-terminated string that nobody changes during `'a`.
pub(crate) unsafe fn given<'a>(pointer: *const c_char) -> Option<&'a CStr> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: it is not null, and the caller vouches for the rest.
    Some(unsafe { CStr::from_ptr(pointer) })
}

/// `text` for C. A NUL inside would end it there, so each becomes U+FFFD, the replacement character.
pub(crate) fn for_c(text: impl Into<String>) -> CString {
    CString::new(text.into()).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&error.into_vec()).replace('\0', "\u{FFFD}");
        CString::new(text).expect("no NUL is left")
    })
}
