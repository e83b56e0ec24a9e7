//! Many sessions with one call: each item's outcome goes to a callback.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::slice;

use wts_session::Error;

use crate::boundary;
use crate::client::Client;
use crate::code::{Code, WTS_OK};
use crate::error::Failure;
use crate::item;
use crate::options::{CompleteOptions, UpdateOptions};
use crate::text;

/// One item for `wts_update_session_statuses`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StatusUpdate {
    /// The session. A null one fails by itself, with `WTS_MISSING_FIELDS`.
    pub session_id: *const c_char,
    /// The status to set, as for `wts_update_session_status`.
    pub status: *const c_char,
}

/// What came of one item of a bulk call. It and all that it points to are valid until the callback returns.
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
    /// The session as the API has it then, a JSON object in UTF-8; null if the item failed.
    pub json: *const c_char,
    /// What went wrong; null if the item succeeded. It is freed by the library.
    pub error: *const Failure,
    /// How many items have settled, this one included.
    pub done: usize,
    /// How many items there are.
    pub total: usize,
}

/// Is told of each item as it settles, on the thread that made the bulk call, never two at a time. May be null.
///
/// Returning false cancels the rest: requests under way are broken off, and no further item is reported. To be told of
/// these as well, and of what may have been applied, cancel with a `wts_cancellable` and return true. It may make calls
/// on the same client; it must not free it.
pub type OutcomeFn = Option<unsafe extern "C" fn(user_data: *mut c_void, outcome: *const Outcome) -> bool>;

/// Whom to tell of outcomes.
struct Listener {
    tell: OutcomeFn,
    user_data: *mut c_void,
    total: usize,
}

impl Listener {
    /// Tells of the outcome that settled as number `done`; false is the wish to stop.
    fn hears(&self, outcome: wts_session::Outcome, done: usize) -> bool {
        let Some(tell) = self.tell else { return true };
        let session_id = text::for_c(outcome.session_id);
        let (code, json, error) = match outcome.result {
            Ok(session) => (WTS_OK, Some(text::for_c(session.into_json())), None),
            Err(error) => (error.kind().number(), None, Some(Failure::new(error))),
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
        unsafe { tell(self.user_data, &raw const outcome) }
    }
}

/// The array of the caller; null is an empty one.
///
/// # Safety
/// `items` is null or points to `count` items, which nobody changes during `'a`.
unsafe fn array<'a, T>(items: *const T, count: usize, name: &str) -> Result<&'a [T], Error> {
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

/// Completes many sessions, as many at once as the account's limits and the client's `max_concurrency` allow, and waits
/// until all of them have settled. One item's failure does not stop the others.
///
/// There is no total time limit; the `cancellable` of the options ends it from another thread: then the items that have not
/// settled are reported with `WTS_CANCELLED`, each telling whether it may have been applied. Memory does not grow with the
/// number of items.
///
/// @param client From `wts_client_new`.
/// @param session_ids The sessions, `count` of them. An id that is null, empty, blank or invalid fails by itself, and
///        nothing is sent for it. The same id may stand there more than once. May be null if `count` is 0.
/// @param count How many.
/// @param options May be null: the defaults.
/// @param outcome_fn Is told of each item as it settles, in no certain order. May be null.
/// @param user_data Is handed to `outcome_fn`.
/// @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
/// @return `WTS_OK` when every item was reported, failed ones included; `WTS_CANCELLED` when `outcome_fn` returned false,
///         and when items were cancelled by `cancellable`;
///         `WTS_INVALID_CONFIG` for a null client, options with a wrong size, or a null array with a count;
///         `WTS_INTERNAL`.
///
/// Threads: any; it blocks the calling thread. The first bulk call of a client starts a thread that sends its requests
/// and that ends with the client.
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
        let (client, (operation, wish)) =
            unsafe { (boundary::required(client, "client")?, CompleteOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        let ids = unsafe { array(session_ids, count, "session_ids")? };
        // SAFETY: what the header asks of the caller.
        let items = ids.iter().map(|id| unsafe { item::to_complete(*id) });
        let listener = Listener { tell: outcome_fn, user_data, total: count };
        client.bulk(operation, items, wish, |outcome, done| listener.hears(outcome, done))
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
/// @param outcome_fn Is told of each item as it settles, in no certain order. May be null.
/// @param user_data Is handed to `outcome_fn`.
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
        let (client, (operation, wish)) =
            unsafe { (boundary::required(client, "client")?, UpdateOptions::read(options)?) };
        // SAFETY: what the header asks of the caller.
        let updates = unsafe { array(updates, count, "updates")? };
        // SAFETY: what the header asks of the caller.
        let items = updates.iter().map(|update| unsafe { item::to_update(update.session_id, update.status) });
        let listener = Listener { tell: outcome_fn, user_data, total: count };
        client.bulk(operation, items, wish, |outcome, done| listener.hears(outcome, done))
    };
    // SAFETY: what the header asks of the caller.
    unsafe { boundary::fallible(ptr::null_mut(), out_error, update) }
}
