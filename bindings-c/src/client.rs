//! The client and its operations.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};

use wts_session::{ClientBuilder, Error, Item, Operation, Outcome, PerProcess, Session, blocking};

use crate::boundary;
use crate::code::Code;
use crate::config::Config;
use crate::error::Failure;
use crate::options::{CompleteOptions, UpdateOptions};
use crate::signal::without_sigpipe;
use crate::text;

/// A client of the API, from `wts_client_new`. Any number of threads may use it at the same time.
///
/// A client keeps connections open for later calls: make one, and keep it.
pub struct Client {
    builder: ClientBuilder,
    inner: PerProcess<blocking::Client>,
}

impl Client {
    fn new(builder: ClientBuilder) -> Result<Self, Error> {
        // A child must not find another environment than its parent.
        let client = Self { builder: builder.with_environment(), inner: PerProcess::new() };
        client.inner()?;
        Ok(client)
    }

    /// The client of this process; a forked child makes its own at its first call.
    fn inner(&self) -> Result<&blocking::Client, Error> {
        self.inner.get_or_make(|| self.builder.clone().build_blocking())
    }

    fn call(&self, operation: impl FnOnce(&blocking::Client) -> Result<Session, Error>) -> Result<CString, Error> {
        let client = self.inner()?;
        let session = without_sigpipe(|| operation(client))?;
        Ok(text::for_c(session.as_json()))
    }

    /// Makes a bulk call; `hears` is told of each outcome and of how many there have been, and says whether to go on.
    pub(crate) fn bulk(
        &self,
        operation: Operation,
        items: impl Iterator<Item = Item>,
        mut hears: impl FnMut(Outcome, usize) -> bool,
    ) -> Result<(), Error> {
        let client = self.inner()?;
        // The thread that sends inherits the mask.
        let outcomes = without_sigpipe(|| client.outcomes(operation, items))?;
        for (settled_before, outcome) in outcomes.enumerate() {
            if !hears(outcome, settled_before + 1) {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(client) = self.inner.get() {
            client.join_background();
        }
    }
}

/// The id for core, to which a missing one is an empty one.
pub(crate) fn session_id(given: Option<&CStr>) -> Result<&str, Error> {
    given.unwrap_or_default().to_str().map_err(|_| Error::invalid_session_id("It is not UTF-8."))
}

/// The status for core, to which a missing one is an empty one; what is not UTF-8 is no known status.
pub(crate) fn status(given: Option<&CStr>) -> Cow<'_, str> {
    given.unwrap_or_default().to_string_lossy()
}

/// Makes a client. Nothing is sent yet.
///
/// @param config The settings; they are copied.
/// @param out_client Receives the client, to be freed with `wts_client_free`; null if this fails. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`, `WTS_MISSING_API_KEY`, `WTS_INVALID_CONFIG` (a null config included) or `WTS_INTERNAL`.
///
/// Threads: the one that uses the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_client_new(
    config: *const Config,
    out_client: *mut *mut Client,
    out_error: *mut *mut Failure,
) -> Code {
    let make = || {
        // SAFETY: what the header asks of the caller.
        let config = unsafe { boundary::required(config, "config")? };
        Client::new(config.builder()?).map(Box::new)
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_client, out_error, make) }
}

/// Frees a client and closes its connections.
///
/// @param client May be null.
///
/// Threads: any, after all calls on the client have returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_client_free(client: *mut Client) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free(client) }
}

/// Sets the status of a session, and waits until that is done or has failed.
///
/// @param client From `wts_client_new`.
/// @param session_id The session. Blanks around it are taken off.
/// @param status STARTED, PENDING, IN_PROGRESS, COMPLETED or HIDDEN; in any case, and with blanks for underscores.
/// @param options May be null: the defaults.
/// @param out_json Receives the session as the API has it then: a JSON object in UTF-8, to be freed with
///        `wts_string_free`. All of what the API sent is in it, and `id` and `status` in any case. Null if this fails.
///        May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`, or any code but `WTS_EMPTY_SESSION_ID` and `WTS_MISSING_API_KEY`. `WTS_MISSING_FIELDS` for an id or
///         a status that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for options with a wrong
///         size.
///
/// Threads: any; it blocks the calling thread for the total time limit at most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_update_session_status(
    client: *const Client,
    session_id: *const c_char,
    status: *const c_char,
    options: *const UpdateOptions,
    out_json: *mut *mut c_char,
    out_error: *mut *mut Failure,
) -> Code {
    let update = || {
        // SAFETY: what the header asks of the caller.
        let (client, options) = unsafe { (boundary::required(client, "client")?, UpdateOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        let (id, status) = unsafe { (text::given(session_id), self::status(text::given(status))) };
        // What is missing is found before what is invalid.
        let id = if status.trim().is_empty() { "" } else { self::session_id(id)? };
        client.call(|client| client.update_session_status(id, status, options))
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_json, out_error, update) }
}

/// Completes a session, and waits until that is done or has failed.
///
/// @param client From `wts_client_new`.
/// @param session_id The session. Blanks around it are taken off.
/// @param options May be null: the defaults.
/// @param out_json Receives the session as the API has it then: a JSON object in UTF-8, to be freed with
///        `wts_string_free`. All of what the API sent is in it, and `success` and `sessionId` in any case. Null if this
///        fails. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`, or any code but `WTS_MISSING_FIELDS`, `WTS_INVALID_STATUS` and `WTS_MISSING_API_KEY`.
///         `WTS_EMPTY_SESSION_ID` for an id that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for
///         options with a wrong size.
///
/// Threads: any; it blocks the calling thread for the total time limit at most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_complete_session(
    client: *const Client,
    session_id: *const c_char,
    options: *const CompleteOptions,
    out_json: *mut *mut c_char,
    out_error: *mut *mut Failure,
) -> Code {
    let complete = || {
        // SAFETY: what the header asks of the caller.
        let (client, options) = unsafe { (boundary::required(client, "client")?, CompleteOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        let id = self::session_id(unsafe { text::given(session_id) })?;
        client.call(|client| client.complete_session(id, options))
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_json, out_error, complete) }
}

/// Frees a string that a call gave as its result.
///
/// The strings of an error are freed with it, not with this.
///
/// @param string May be null.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_string_free(string: *mut c_char) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free_string(string) }
}
