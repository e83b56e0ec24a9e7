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
    match unsafe { id(session_id) } {
        Ok(session_id) => Item::Complete { session_id },
        Err(refused) => refused,
    }
}

/// A session to update, as [`to_complete`]. A status that is no UTF-8 is no known one; what is missing is found before
/// what is invalid.
///
/// # Safety
/// Both strings are null or NUL-terminated.
pub(crate) unsafe fn to_update(session_id: *const c_char, status: *const c_char) -> Item {
    // SAFETY: the caller vouches for both.
    let (id, status) = unsafe { (id(session_id), text::given(status).unwrap_or_default()) };
    let status = status.to_string_lossy().into_owned();
    match id {
        Ok(session_id) => Item::Update { session_id, status },
        Err(refused) if status.trim().is_empty() => Item::update(refused.session_id(), status),
        Err(refused) => refused,
    }
}

/// The id as core takes it, or the item that fails because of it.
///
/// # Safety
/// `session_id` is null or points to a NUL-terminated string.
unsafe fn id(session_id: *const c_char) -> Result<String, Item> {
    // SAFETY: the caller vouches for it.
    let given: &CStr = unsafe { text::given(session_id) }.unwrap_or_default();
    given.to_str().map(str::to_owned).map_err(|_| Item::Refused {
        session_id: given.to_string_lossy().into_owned(),
        error: Error::invalid_session_id("It is not UTF-8."),
    })
}
