//! Variables of the environment.
//!
//! JavaScript reads them, from `process.env`: a worker may have others than the process, and while another thread sets one, Node
//! alone can read them safely. All are read before the work, because a function that native code calls would swallow the end of a
//! worker that is terminated.

use std::collections::HashMap;
use std::ffi::OsString;

use napi_derive::napi;
use wts_session::binding::VARIABLES;

/// The names of all variables that core reads.
#[napi(catch_unwind)]
pub fn variables() -> Vec<&'static str> {
    VARIABLES.to_vec()
}

/// Variables by their names.
pub(crate) type Variables = HashMap<String, String>;

/// Does `work`, in which core finds these variables and no others.
pub(crate) fn with_variables<T>(variables: Variables, work: impl FnOnce() -> T) -> T {
    wts_session::binding::with_variables(move |name| variables.get(name).map(OsString::from), work)
}
