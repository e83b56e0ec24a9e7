//! The error object, and the functions that make and read it.

use std::ffi::{CStr, CString, c_char};
use std::mem::offset_of;
use std::ptr;
use std::time::Duration;

use wts_session::binding::ErrorForTests;
use wts_session::{Error, ErrorKind};

use crate::boundary::{self, used_by_many_threads};
use crate::code::{Code, WTS_OK};
use crate::convert::{self, Flag};
use crate::growable::Growable;

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

const _: () = used_by_many_threads::<Failure>();

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            message: convert::for_c(error.message()),
            description: convert::for_c(error.description()),
            text: convert::for_c(error.to_string()),
            key: error.key().map(convert::for_c),
            id: error.error_id().map(convert::for_c),
            body: error.body().map(convert::for_c),
            error,
        }
    }
}

/// What an error that you make yourself has, for `wts_error_new`. Begin with `WTS_ERROR_DETAILS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErrorDetails {
    /// `sizeof(wts_error_details)`: tells the library which members your program knows.
    pub struct_size: usize,
    /// What `wts_error_code` returns. Default: `WTS_INTERNAL`.
    pub code: Code,
    /// What `wts_error_attempts` returns. Default: 0.
    pub attempts: u32,
    /// What `wts_error_retry_after_ms` returns. Default: -1, not known.
    pub retry_after_ms: i64,
    /// What `wts_error_message` returns. Default: null, which is "".
    pub message: *const c_char,
    /// What `wts_error_description` returns. Default: null, which is "".
    pub description: *const c_char,
    /// What `wts_error_key` returns. Default: null.
    pub key: *const c_char,
    /// What `wts_error_id` returns. Default: null.
    pub id: *const c_char,
    /// What `wts_error_body` returns. Default: null.
    pub body: *const c_char,
    /// What `wts_error_http_status` returns. Default: 0.
    pub http_status: u16,
    /// What `wts_error_retryable` returns. Default: false.
    pub retryable: Flag,
    /// What `wts_error_may_have_been_applied` returns. Default: false.
    pub may_have_been_applied: Flag,
    /// Never read. New members come behind it.
    pub reserved: [u8; 4],
}

impl ErrorDetails {
    /// The error that the struct at `details` describes; none for null, a wrong size, and a code that is no error.
    ///
    /// # Safety
    /// `details` is null or points to as many readable bytes as its first member says, and its strings are null or
    /// NUL-terminated.
    unsafe fn read(details: *const Self) -> Option<Error> {
        // SAFETY: the caller vouches for it.
        let given = unsafe { Growable::at(details.cast()) }.ok()?;
        // SAFETY: any bytes are a number.
        let code: Code = unsafe { given.member(offset_of!(Self, code)) }?;
        let kind = ErrorKind::ALL.iter().find(|kind| kind.number() == code)?;
        // SAFETY: the caller vouches for the strings.
        let text = |offset| unsafe { convert::given_text(given.pointer(offset)) };
        // SAFETY: any bytes are a number.
        let (attempts, wait, status) = unsafe {
            (
                given.member(offset_of!(Self, attempts)).unwrap_or(0),
                given.member(offset_of!(Self, retry_after_ms)).unwrap_or(-1_i64),
                given.member(offset_of!(Self, http_status)).filter(|status: &u16| *status != 0),
            )
        };
        let error = ErrorForTests::new(*kind, text(offset_of!(Self, message)).unwrap_or_default())
            .description(text(offset_of!(Self, description)).unwrap_or_default())
            .envelope_if_any(text(offset_of!(Self, key)), text(offset_of!(Self, id)))
            .attempts(attempts)
            .retryable(given.flag(offset_of!(Self, retryable)))
            .may_have_been_applied(given.flag(offset_of!(Self, may_have_been_applied)));
        let error = text(offset_of!(Self, body)).into_iter().fold(error, ErrorForTests::body);
        let error = status.into_iter().fold(error, ErrorForTests::http_status);
        let wait = u64::try_from(wait).map(Duration::from_millis);
        Some(wait.into_iter().fold(error, ErrorForTests::retry_after).build())
    }
}

/// Makes an error by hand, for the tests of your own code: the library's own errors come out of its calls.
///
/// Texts are cut at 4 KiB, and bytes that are not UTF-8 are replaced.
///
/// @param details What the error has; copies are taken.
/// @return An error to be freed with `wts_error_free`; null for null, for a struct with a wrong size, and if `code` is
///         `WTS_OK` or no code.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_new(details: *const ErrorDetails) -> *mut Failure {
    let make = || {
        // SAFETY: what the header asks of the caller.
        let error = unsafe { ErrorDetails::read(details) }?;
        Some(Box::into_raw(Box::new(Failure::from(error))))
    };
    boundary::value(None, make).unwrap_or(ptr::null_mut())
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
    text.map_or(ptr::null(), CStr::as_ptr)
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
/// @return UTF-8, never null. It belongs to the error and lives as long as the error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_message(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, c"".as_ptr(), |failure| failure.message.as_ptr()) }
}

/// More about it: what was expected, and what to do. May be empty, or the message again.
///
/// @param error May be null: then "".
/// @return UTF-8, never null. It belongs to the error and lives as long as the error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_description(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, c"".as_ptr(), |failure| failure.description.as_ptr()) }
}

/// Message and description in one line, once if both are the same: the text to show or to log.
///
/// @param error May be null: then "".
/// @return UTF-8, never null. It belongs to the error and lives as long as the error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_text(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, c"".as_ptr(), |failure| failure.text.as_ptr()) }
}

/// The HTTP status of the response.
///
/// @param error May be null: then 0.
/// @return 0 if there was no response.
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
/// @return UTF-8, or null if there is none. It belongs to the error and lives as long as the error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_key(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, or_null(None), |failure| or_null(failure.key.as_deref())) }
}

/// The short id that the API gave to the failure. The vendor's support asks for it.
///
/// @param error May be null: then null.
/// @return UTF-8, or null if there is none. It belongs to the error and lives as long as the error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_id(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, or_null(None), |failure| or_null(failure.id.as_deref())) }
}

/// What the API sent, cut at 4 KiB. It may hold personal data: keep it out of logs.
///
/// Bytes that are not UTF-8, and NULs, are replaced by U+FFFD, the replacement character.
///
/// @param error May be null: then null.
/// @return UTF-8, or null if the API sent nothing. It belongs to the error and lives as long as the error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_body(error: *const Failure) -> *const c_char {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, or_null(None), |failure| or_null(failure.body.as_deref())) }
}

/// How long to wait before you try again, if that is known.
///
/// @param error May be null: then -1.
/// @return Milliseconds, 0 or more; -1 if it is not known.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_error_retry_after_ms(error: *const Failure) -> i64 {
    // SAFETY: what the header asks of the caller.
    unsafe { read(error, -1, |failure| failure.error.retry_after().map_or(-1, milliseconds)) }
}

/// How many attempts there were, also those that failed or got no connection.
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

/// True if a request was sent and no response says whether it was applied.
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
