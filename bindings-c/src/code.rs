//! The result codes: their numbers, their names.

use std::ffi::{CStr, CString, c_char};
use std::sync::LazyLock;

use wts_session::ErrorKind;

use crate::boundary;

/// The result of a call: `WTS_OK`, or one of the codes below. There may be new ones, so have a `default` branch.
pub type Code = i32;

/// The call succeeded.
pub const WTS_OK: Code = 0;
// [codes] `make generate` writes these from tests/errors.json.
/// Session id or status is missing, empty or blank. Nothing was sent.
pub const WTS_MISSING_FIELDS: Code = 1;
/// The status is `UNDEFINED`, or not one that the API knows. Nothing was sent.
pub const WTS_INVALID_STATUS: Code = 2;
/// The id of the session to complete is missing, empty or blank. Nothing was sent.
pub const WTS_EMPTY_SESSION_ID: Code = 3;
/// The session id is `.` or `..`, has a control character or an invisible one inside, is over 512 bytes, or is not
/// valid Unicode. Nothing was sent.
pub const WTS_INVALID_SESSION_ID: Code = 4;
/// No API key was given, and `WTS_API_KEY` is unset or blank.
pub const WTS_MISSING_API_KEY: Code = 5;
/// A setting or an option is out of its range, something that is needed is null, or the key, the base URL or a
/// variable of the environment can't be used. Nothing was sent.
pub const WTS_INVALID_CONFIG: Code = 6;
/// HTTP 401, or the API's `ERROR_UNAUTHORIZED`: check the key (the platform deletes one that was unused for 15
/// days) and the base URL.
pub const WTS_UNAUTHORIZED: Code = 7;
/// HTTP 403.
pub const WTS_FORBIDDEN: Code = 8;
/// HTTP 404, or the API's `ENTITY_NOT_FOUND`, whatever the HTTP status.
pub const WTS_NOT_FOUND: Code = 9;
/// The API understood and said no; the message is its own sentence. Often an HTTP 500.
pub const WTS_REFUSED: Code = 10;
/// Still HTTP 429 after the retries, or the wait would be longer than the call may take: see `retry_after`. For
/// many sessions use a bulk call, which waits.
pub const WTS_RATE_LIMITED: Code = 11;
/// HTTP 408, 425, or a 5xx without a message of the API's own, after the retries.
pub const WTS_SERVER_ERROR: Code = 12;
/// No connection, or it broke (name look-up, TLS, proxy, refused, reset, cut short, no descriptor or thread), after
/// the retries.
pub const WTS_CONNECTION: Code = 13;
/// A time limit passed, after the retries.
pub const WTS_TIMEOUT: Code = 14;
/// A redirect (never followed), a success that is no JSON object, a response over 8 MiB, or an HTML page from
/// something in front of the API.
pub const WTS_UNEXPECTED_RESPONSE: Code = 15;
/// The caller cancelled.
pub const WTS_CANCELLED: Code = 16;
/// The client was closed, or the runtime or process that drove the call has ended.
pub const WTS_CLOSED: Code = 17;
/// A bug of this library.
pub const WTS_INTERNAL: Code = 18;
/// The ledger of the limits that processes share (`shared_limits`) can't be reached, or refuses. Nothing was sent.
pub const WTS_LIMITS_UNAVAILABLE: Code = 19;
// [/codes]

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
