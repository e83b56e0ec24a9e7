//! The error object, and the functions that read it.

use std::ffi::{CStr, CString, c_char};
use std::time::Duration;

use wts_session::Error;

use crate::boundary;
use crate::code::{Code, WTS_OK};
use crate::text;

/// Why a call failed, with all that is known about it.
///
/// It comes out of a call that failed, belongs to you, and is freed with `wts_error_free`. Many threads may read it at
/// the same time. No text in it shows the API key.
pub struct Failure {
    error: Error,
    message: CString,
    description: CString,
    text: CString,
    key: Option<CString>,
    id: Option<CString>,
    body: Option<CString>,
}

impl Failure {
    pub(crate) fn new(error: Error) -> Self {
        Self {
            message: text::for_c(error.message()),
            description: text::for_c(error.description()),
            text: text::for_c(error.to_string()),
            key: error.key().map(text::for_c),
            id: error.error_id().map(text::for_c),
            body: error.body().map(text::for_c),
            error,
        }
    }
}

/// Reads something off an error; `fallback` is what there is to read off null.
///
/// # Safety
/// `error` is null or from a call that failed, and not yet freed.
unsafe fn read<'a, T>(error: *const Failure, fallback: T, get: impl FnOnce(&'a Failure) -> T) -> T
where
    T: Copy,
{
    boundary::value(fallback, || {
        // SAFETY: the caller vouches for it.
        unsafe { error.as_ref() }.map_or(fallback, get)
    })
}

fn or_null(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// In whole milliseconds, rounded up, so that waiting for so long is enough.
fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

/// The code of the failure, the same that the call returned.
///
/// @param error May be null: then `WTS_OK`.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_code(error: *const Failure) -> Code {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, WTS_OK, |failure| failure.error.kind().number()) }
}

/// What went wrong, in a few words; for a refusal the API's own sentence, in Portuguese.
///
/// @param error May be null: then "".
/// @return UTF-8, never null. It belongs to the error and lives as long as that.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_message(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, c"".as_ptr(), |failure| failure.message.as_ptr()) }
}

/// More about it: what was expected, what to do. May be empty, or the message again.
///
/// @param error May be null: then "".
/// @return UTF-8, never null. It belongs to the error and lives as long as that.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_description(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, c"".as_ptr(), |failure| failure.description.as_ptr()) }
}

/// Message and description together, said once where both are the same: the text to show or to log.
///
/// @param error May be null: then "".
/// @return UTF-8, never null. It belongs to the error and lives as long as that.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_text(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, c"".as_ptr(), |failure| failure.text.as_ptr()) }
}

/// The HTTP status of the answer.
///
/// @param error May be null: then 0.
/// @return 0 where there was no answer.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_http_status(error: *const Failure) -> u16 {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, 0, |failure| failure.error.http_status().unwrap_or(0)) }
}

/// The key of the API's error, such as "ENTITY_NOT_FOUND".
///
/// One key covers several causes, which only the message tells apart.
///
/// @param error May be null: then null.
/// @return UTF-8, or null where there is none. It belongs to the error and lives as long as that.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_key(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, or_null(None), |failure| or_null(failure.key.as_deref())) }
}

/// The short id that the API gave to the failure: what the vendor's support asks for.
///
/// @param error May be null: then null.
/// @return UTF-8, or null where there is none. It belongs to the error and lives as long as that.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_id(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, or_null(None), |failure| or_null(failure.id.as_deref())) }
}

/// What the API sent, cut at 4 KiB. It may hold personal data: keep it out of logs.
///
/// Bytes that are no UTF-8, and NULs, stand in it as U+FFFD, the replacement character.
///
/// @param error May be null: then null.
/// @return UTF-8, or null where the API sent nothing. It belongs to the error and lives as long as that.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_body(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, or_null(None), |failure| or_null(failure.body.as_deref())) }
}

/// How long to wait before a later try, where that is known.
///
/// @param error May be null: then -1.
/// @return Milliseconds, from 0 on; -1 where it is not known.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_retry_after_ms(error: *const Failure) -> i64 {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, -1, |failure| failure.error.retry_after().map_or(-1, milliseconds)) }
}

/// How many requests were sent for the call, the failed ones included.
///
/// @param error May be null: then 0.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_attempts(error: *const Failure) -> u32 {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, 0, |failure| failure.error.attempts()) }
}

/// Whether the same call may succeed later.
///
/// @param error May be null: then false.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_retryable(error: *const Failure) -> bool {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, false, |failure| failure.error.retryable()) }
}

/// Whether a request left for which no answer tells if the API carried it out.
///
/// @param error May be null: then false.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_may_have_been_applied(error: *const Failure) -> bool {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, false, |failure| failure.error.may_have_been_applied()) }
}

/// Frees an error and the strings that belong to it.
///
/// @param error May be null.
///
/// Threads: any, after the last use of the error in all others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_free(error: *mut Failure) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<Box<Failure>>(error) }
}
