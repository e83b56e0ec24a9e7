//! What is made when the module is imported, since a call would make it too late.
//!
//! A thread that makes a `PyOnceLock`'s value, or imports a module, lets go of the GIL while others have to wait for it. A
//! child that is forked at this moment waits for ever, for that thread is not in it. So no call is the first to need
//! such a value: ours are listed here, `intern!` is not used, and pyo3's own are asked for once.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyNone;

use crate::convert::{scanner, wrong_type};
use crate::{bulk, logging};

/// Makes all of it.
pub(crate) fn be_ready(py: Python<'_>) -> PyResult<()> {
    py.import("wts_session.errors")?;
    py.import("wts_session._logging")?;
    scanner(py)?;
    bulk::outcome_class(py)?;
    logging::is_enabled_for(py)?;
    drop(logging::observer());
    make_an_error(py);
    Ok(())
}

/// Has pyo3 make what it needs to name a type, and to fetch an error.
fn make_an_error(py: Python<'_>) {
    wrong_type("argument", "nothing", &PyNone::get(py)).restore(py);
    let fetched = PyErr::take(py);
    debug_assert!(fetched.is_some_and(|error| error.is_instance_of::<PyTypeError>(py)));
}
