//! Values on their way in and out.

use std::ffi::{CStr, CString, c_char};
use std::slice;

use wts_session::{Error, Item};

/// A `bool` that comes from C or another language: any byte is a valid one, and all but 0 are true.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Flag(u8);

impl Flag {
    pub(crate) fn is_set(self) -> bool {
        self.0 != 0
    }
}

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

/// As [`given`], with U+FFFD in place of what is not UTF-8.
///
/// # Safety
/// As there.
pub(crate) unsafe fn given_text(pointer: *const c_char) -> Option<String> {
    // SAFETY: the caller vouches for it.
    unsafe { given(pointer) }.map(|text| text.to_string_lossy().into_owned())
}

/// `text` for C. A NUL inside would end it there, so each becomes U+FFFD, the replacement character.
pub(crate) fn for_c(text: impl Into<String>) -> CString {
    CString::new(text.into()).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&error.into_vec()).replace('\0', "\u{FFFD}");
        CString::new(text).expect("no NUL is left")
    })
}

/// The array of the caller; null is an empty one.
///
/// # Safety
/// `items` is null or points to `count` items, which nobody changes during `'a`.
pub(crate) unsafe fn array<'a, T>(items: *const T, count: usize, name: &str) -> Result<&'a [T], Error> {
    if count == 0 {
        return Ok(&[]);
    }
    if items.is_null() {
        return Err(Error::invalid_config(format!("The array {name} is null, but its count is {count}.")));
    }
    if count > isize::MAX as usize / size_of::<T>() {
        return Err(Error::invalid_config(format!("No array has {count} items.")));
    }
    // SAFETY: it is not null and no larger than memory can be, and the caller vouches for the rest.
    Ok(unsafe { slice::from_raw_parts(items, count) })
}

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
    let (id, status) = unsafe { (id(session_id), given_text(status).unwrap_or_default()) };
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
    let given: &CStr = unsafe { given(session_id) }.unwrap_or_default();
    given.to_str().map(str::to_owned).map_err(|_| Item::Refused {
        session_id: given.to_string_lossy().into_owned(),
        error: Error::invalid_session_id("It is not UTF-8."),
    })
}
