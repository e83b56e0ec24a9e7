//! What a call is about, on its way to core.

use std::ffi::{CStr, c_char};

use wts_session::{Error, Item};

use crate::text;

/// A session to complete. A missing id is an empty one to core; an id that is no UTF-8 is an item that fails by itself.
///
/// # Safety
/// `session_id` is null or points to a NUL-terminated string.
pub(crate) unsafe fn to_complete(session_id: *const c_char) -> Item {
    // SAFETY: the caller vouches for it.
    let given: &CStr = unsafe { text::given(session_id) }.unwrap_or_default();
    match given.to_str() {
        Ok(id) => Item::to_complete(id.to_owned()),
        Err(_) => Item::refused(given.to_string_lossy().into_owned(), Error::invalid_session_id("It is not UTF-8.")),
    }
}

/// A session to update, as [`to_complete`]. A status that is no UTF-8 is no known one; what is missing is found before
/// what is invalid.
///
/// # Safety
/// Both strings are null or NUL-terminated.
pub(crate) unsafe fn to_update(session_id: *const c_char, status: *const c_char) -> Item {
    // SAFETY: the caller vouches for both.
    let (item, status) = unsafe { (to_complete(session_id), text::given(status).unwrap_or_default()) };
    let status = status.to_string_lossy().into_owned();
    if status.trim().is_empty() {
        return Item::to_update(item.session_id, status);
    }
    Item { status, ..item }
}
