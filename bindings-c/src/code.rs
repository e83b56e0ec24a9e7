//! The result codes: their numbers, their names.

use std::ffi::{CStr, CString, c_char};
use std::sync::LazyLock;

use wts_session::ErrorKind;

use crate::boundary;

/// The result of a call: `WTS_OK`, or one of the codes below. There may be new ones, so have a `default` branch.
pub type Code = i32;

/// The call succeeded.
pub const WTS_OK: Code = 0;
/// Session id or status is missing: null, empty or blank. Nothing was sent.
pub const WTS_MISSING_FIELDS: Code = 1;
/// The status is `UNDEFINED`, no known status, or not UTF-8. Nothing was sent.
pub const WTS_INVALID_STATUS: Code = 2;
/// The id of the session to complete is missing: null, empty or blank. Nothing was sent.
pub const WTS_EMPTY_SESSION_ID: Code = 3;
/// The session id is `.` or `..`, has a control character or an invisible one inside, is over 512 bytes, or is not UTF-8.
/// Nothing was sent.
pub const WTS_INVALID_SESSION_ID: Code = 4;
/// No API key was given, and `WTS_API_KEY` is unset or blank.
pub const WTS_MISSING_API_KEY: Code = 5;
/// A setting or an option is out of its range, an object that is needed is null, or a call has no result to take. Nothing
/// was sent for it.
pub const WTS_INVALID_CONFIG: Code = 6;
/// The API did not accept the API key; or the base URL is wrong, which looks the same.
pub const WTS_UNAUTHORIZED: Code = 7;
/// HTTP 403.
pub const WTS_FORBIDDEN: Code = 8;
/// HTTP 404, or the API did not find what the request names.
pub const WTS_NOT_FOUND: Code = 9;
/// The API understood and said no; the message is the API's own sentence.
pub const WTS_REFUSED: Code = 10;
/// The account's limit: still HTTP 429 after the retries, or a wait longer than the call may take.
pub const WTS_RATE_LIMITED: Code = 11;
/// HTTP 408, 425 or 5xx from a failing server, after the retries.
pub const WTS_SERVER_ERROR: Code = 12;
/// No connection, or it broke: refused, DNS, TLS, reset, cut short; after the retries.
pub const WTS_CONNECTION: Code = 13;
/// A time limit passed, after the retries.
pub const WTS_TIMEOUT: Code = 14;
/// A redirect, a success that is no JSON object, a response over 8 MiB, or an HTML page in place of the API's 401, 403 or
/// 404.
pub const WTS_UNEXPECTED_RESPONSE: Code = 15;
/// The caller cancelled.
pub const WTS_CANCELLED: Code = 16;
/// The client was closed.
pub const WTS_CLOSED: Code = 17;
/// A bug of this library.
pub const WTS_INTERNAL: Code = 18;
/// The ledger of the limits that processes share can't be reached, or refuses. Nothing was sent.
pub const WTS_LIMITS_UNAVAILABLE: Code = 19;

const _: () = assert!(WTS_OK == boundary::OK);

static NAMES: LazyLock<Vec<(Code, CString)>> = LazyLock::new(|| {
    let name = |kind: ErrorKind| CString::new(kind.code()).expect("codes are plain words");
    ErrorKind::ALL.iter().map(|kind| (kind.number(), name(*kind))).collect()
});

fn name(code: Code) -> &'static CStr {
    match code {
        WTS_OK => c"ok",
        _ => NAMES.iter().find(|(number, _)| *number == code).map_or(c"unknown", |(_, name)| name),
    }
}

/// The name of a code, the same in all languages of this library, such as "missing_fields" for `WTS_MISSING_FIELDS`.
///
/// `WTS_OK` is "ok"; a number that is no code is "unknown".
///
/// @param code Any number.
/// @return A static string, never null. Do not free it.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wts_code_name(code: Code) -> *const c_char {
    boundary::value(c"unknown", || name(code)).as_ptr()
}
