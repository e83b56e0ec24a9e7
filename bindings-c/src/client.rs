//! The client and its operations.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use wts_session::binding::{Background, PerProcess};
use wts_session::{ClientBuilder, Error, ErrorKind, Item, Operation, Outcome, blocking};

use crate::boundary::{self, used_by_many_threads};
use crate::cancellable::CancelToken;
use crate::code::Code;
use crate::config::Config;
use crate::convert;
use crate::error::Failure;
use crate::options::{CompleteOptions, UpdateOptions};
use crate::signal::without_sigpipe;

/// A client of the API, from `wts_client_new`. Any number of threads may use it at the same time.
///
/// A client keeps connections open for later calls: make one, and keep it.
pub struct Client {
    builder: ClientBuilder,
    inner: PerProcess<blocking::Client>,
}

const _: () = used_by_many_threads::<Client>();

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

    /// The thread that sends the requests of started calls and bulk calls, and the client for it.
    pub(crate) fn background(&self) -> Result<&(Background, wts_session::Client), Error> {
        self.inner()?.background()
    }

    fn call(&self, (operation, token): (Operation, CancelToken), item: Item) -> Result<CString, Error> {
        let client = self.inner()?;
        let inner = client.as_async().clone();
        let call = async move { inner.call_unless(operation, item, token.cancelled(), &Arc::default()).await };
        let session = without_sigpipe(|| client.run(call))??;
        Ok(convert::for_c(session.into_json()))
    }

    /// Makes a bulk call. `report` gets each outcome and how many there have been, and says whether to go on.
    pub(crate) fn bulk(
        &self,
        (operation, token): (Operation, CancelToken),
        items: impl Iterator<Item = Item>,
        mut report: impl FnMut(Outcome, usize) -> bool,
    ) -> Result<(), Error> {
        self.background()?;
        let mut outcomes = self.inner()?.bulk_from(operation, items);
        if token.can_cancel() {
            outcomes.bulk().cancel_when(token.cancelled());
        }
        let (mut is_cancelled, mut settled) = (false, 0);
        while let Some(outcome) = outcomes.next() {
            is_cancelled |= matches!(&outcome.result, Err(error) if error.kind() == ErrorKind::Cancelled);
            settled += 1;
            if !report(outcome, settled) {
                return Err(Error::cancelled());
            }
            // The caller may have forked: then the other outcomes are the parent's.
            outcomes.bulk().check_process()?;
        }
        if is_cancelled { Err(Error::cancelled()) } else { Ok(()) }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(client) = self.inner.get() {
            client.join_background();
        }
    }
}

/// Makes a client. Nothing is sent yet.
///
/// @param config The settings; they are copied.
/// @param out_client Receives the client, to be freed with `wts_client_free`; null if this fails. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`, `WTS_MISSING_API_KEY`, `WTS_INVALID_CONFIG` (a null config included), `WTS_CONNECTION` if the
///         system gives no descriptors, or `WTS_INTERNAL`.
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

/// Frees a client and closes its connections. Started calls in flight are cancelled: they come out of their queues with
/// `WTS_CANCELLED`.
///
/// @param client May be null.
///
/// Threads: any, after all blocking and bulk calls on the client have returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_client_free(client: *mut Client) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<Box<Client>>(client) }
}

/// Sets the status of a session, and returns the updated session.
///
/// @param client From `wts_client_new`.
/// @param session_id The session. Blanks around it are removed.
/// @param status STARTED, PENDING, IN_PROGRESS, COMPLETED or HIDDEN; in any case, and with blanks for underscores.
/// @param options May be null: the defaults.
/// @param out_json Receives the updated session: a JSON object in UTF-8, to be freed with `wts_string_free`. It has all
///        that the API sent, and always `id` and `status`; see RESULTS. Null if this fails. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`, or any code but `WTS_EMPTY_SESSION_ID` and `WTS_MISSING_API_KEY`. `WTS_MISSING_FIELDS` for an id or
///         a status that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for options with a wrong
///         size.
///
/// Threads: any; it blocks the calling thread until the call has settled, for the total time limit at most.
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
        let (client, call) = unsafe { (boundary::required(client, "client")?, UpdateOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        client.call(call, unsafe { convert::to_update(session_id, status) })
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_json, out_error, update) }
}

/// Completes a session, and returns the updated session.
///
/// @param client From `wts_client_new`.
/// @param session_id The session. Blanks around it are removed.
/// @param options May be null: the defaults.
/// @param out_json Receives the updated session: a JSON object in UTF-8, to be freed with `wts_string_free`. It has all
///        that the API sent, and always `success` and `sessionId`; see RESULTS. Null if this fails. May be null.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK`, or any code but `WTS_MISSING_FIELDS`, `WTS_INVALID_STATUS` and `WTS_MISSING_API_KEY`.
///         `WTS_EMPTY_SESSION_ID` for an id that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for
///         options with a wrong size.
///
/// Threads: any; it blocks the calling thread until the call has settled, for the total time limit at most.
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
        let (client, call) = unsafe { (boundary::required(client, "client")?, CompleteOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        client.call(call, unsafe { convert::to_complete(session_id) })
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(out_json, out_error, complete) }
}

/// Frees a string that a call returned as its result.
///
/// The strings of an error are freed with it, not with this.
///
/// @param string May be null.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_string_free(string: *mut c_char) {
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::free::<CString>(string) }
}
