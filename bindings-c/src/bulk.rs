//! Many sessions with one call: each item's outcome goes to a callback.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use crate::boundary;
use crate::client::Client;
use crate::code::{Code, WTS_OK};
use crate::convert::{self, Flag};
use crate::error::Failure;
use crate::options::{CompleteOptions, UpdateOptions};

/// One item for `wts_update_session_statuses`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StatusUpdate {
    /// The session. A null one fails by itself, with `WTS_MISSING_FIELDS`.
    pub session_id: *const c_char,
    /// The status to set, as for `wts_update_session_status`.
    pub status: *const c_char,
}

/// The outcome of one item of a bulk call. It and all that it points to are valid until the callback returns.
///
/// New members may come behind the last one.
#[repr(C)]
#[derive(Debug)]
pub struct Outcome {
    /// The place of the item in the input, from 0.
    pub index: usize,
    /// The session id as it was given; bytes that are not UTF-8 are replaced. Never null.
    pub session_id: *const c_char,
    /// `WTS_OK`, or what went wrong with this item.
    pub code: Code,
    /// The updated session, a JSON object in UTF-8; null if the item failed.
    pub json: *const c_char,
    /// What went wrong; null if the item succeeded. It is freed by the library.
    pub error: *const Failure,
    /// How many items have settled, this one included.
    pub done: usize,
    /// How many items there are.
    pub total: usize,
}

/// Is called for each item as it settles, on the thread that made the bulk call, never two at a time. May be null.
///
/// Returning false cancels the rest: requests in flight are aborted, and no further item is reported. To have these
/// reported too, with what may have been applied, cancel with a `wts_cancellable` and return true. The function may make
/// calls on the same client; it must not free it. It has to return: see WHAT IT NEEDS.
pub type OutcomeFn = Option<unsafe extern "C" fn(user_data: *mut c_void, outcome: *const Outcome) -> Flag>;

/// The callback of a bulk call.
struct Callback {
    function: OutcomeFn,
    user_data: *mut c_void,
    total: usize,
}

impl Callback {
    /// Reports the outcome that settled as number `done`; false cancels the rest.
    fn report(&self, outcome: wts_session::Outcome, done: usize) -> bool {
        let Some(function) = self.function else { return true };
        let session_id = convert::for_c(outcome.session_id);
        let (code, json, error) = match outcome.result {
            Ok(session) => (WTS_OK, Some(convert::for_c(session.into_json())), None),
            Err(error) => (error.kind().number(), None, Some(Failure::from(error))),
        };
        let outcome = Outcome {
            index: outcome.index,
            session_id: session_id.as_ptr(),
            code,
            json: json.as_deref().map_or(ptr::null(), CStr::as_ptr),
            error: error.as_ref().map_or(ptr::null(), ptr::from_ref),
            done,
            total: self.total,
        };
        // SAFETY: the caller of the bulk call vouches for the function, and all that the outcome points to lives here.
        unsafe { function(self.user_data, &raw const outcome) }.is_set()
    }
}

/// Completes many sessions, as many at once as the account's limits and the client's `max_concurrency` allow, and returns
/// when all of them have settled. One item's failure does not stop the others.
///
/// There is no total time limit. The `cancellable` of the options ends the call from another thread: then the items that
/// have not settled are reported with `WTS_CANCELLED`, and each error says whether its request may have been applied.
/// Memory does not grow with the number of items.
///
/// @param client From `wts_client_new`.
/// @param session_ids The sessions, `count` of them. An id that is null, empty, blank or invalid fails by itself, and
///        nothing is sent for it. The same id may stand there more than once. May be null if `count` is 0.
/// @param count How many.
/// @param options May be null: the defaults.
/// @param outcome_fn Is called for each item as it settles, in any order. May be null.
/// @param user_data Is passed to `outcome_fn`.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK` when every item was reported, failed ones included; `WTS_CANCELLED` when `outcome_fn` returned false,
///         and when items were cancelled by `cancellable`;
///         `WTS_INVALID_CONFIG` for a null client, options with a wrong size, or a null array with a count;
///         `WTS_CONNECTION` if the system gives no thread or descriptors; `WTS_CLOSED` in a child that was forked in
///         `outcome_fn`; `WTS_INTERNAL`.
///
/// Threads: any; it blocks the calling thread. A thread of the client sends the requests of started calls and bulk calls.
/// It starts with the first of them, ends with the client, and runs no code of yours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_complete_sessions(
    client: *const Client,
    session_ids: *const *const c_char,
    count: usize,
    options: *const CompleteOptions,
    outcome_fn: OutcomeFn,
    user_data: *mut c_void,
    out_error: *mut *mut Failure,
) -> Code {
    let complete = || {
        // SAFETY: what the header asks of the caller.
        let (client, call) = unsafe { (boundary::required(client, "client")?, CompleteOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        let ids = unsafe { convert::array(session_ids, count, "session_ids")? };
        // SAFETY: what the header asks of the caller.
        let items = ids.iter().map(|id| unsafe { convert::to_complete(*id) });
        let callback = Callback { function: outcome_fn, user_data, total: count };
        client.bulk(call, items, |outcome, done| callback.report(outcome, done))
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(ptr::null_mut(), out_error, complete) }
}

/// Sets the status of many sessions; otherwise as `wts_complete_sessions`.
///
/// @param client From `wts_client_new`.
/// @param updates The sessions with their statuses, `count` of them. One with a missing or invalid member fails by
///        itself, and nothing is sent for it. May be null if `count` is 0.
/// @param count How many.
/// @param options May be null: the defaults.
/// @param outcome_fn Is called for each item as it settles, in any order. May be null.
/// @param user_data Is passed to `outcome_fn`.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return As `wts_complete_sessions`.
///
/// Threads: as `wts_complete_sessions`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wts_update_session_statuses(
    client: *const Client,
    updates: *const StatusUpdate,
    count: usize,
    options: *const UpdateOptions,
    outcome_fn: OutcomeFn,
    user_data: *mut c_void,
    out_error: *mut *mut Failure,
) -> Code {
    let update = || {
        // SAFETY: what the header asks of the caller.
        let (client, call) = unsafe { (boundary::required(client, "client")?, UpdateOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        let updates = unsafe { convert::array(updates, count, "updates")? };
        // SAFETY: what the header asks of the caller.
        let items = updates.iter().map(|update| unsafe { convert::to_update(update.session_id, update.status) });
        let callback = Callback { function: outcome_fn, user_data, total: count };
        client.bulk(call, items, |outcome, done| callback.report(outcome, done))
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(ptr::null_mut(), out_error, update) }
}
