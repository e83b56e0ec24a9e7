//! What is made when the module is imported, since a call would make it too late.
//!
//! A thread that makes a `PyOnceLock`'s value, or imports a module, lets go of the GIL while others have to wait for it. A
//! child that is forked at this moment waits for ever, for that thread is not in it. So no call is the first to need
//! such a value: ours are listed here, `intern!` is not used, and pyo3's own are asked for once.
//!
//! The first thread that Rust starts reads the environment. That must not happen without the GIL, while another thread
//! changes a variable.

use std::thread;

use pyo3::exceptions::{PyImportError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyNone;

use crate::convert::wrong_type;
use crate::interpreter::know_the_end;
use crate::{json, logging, outcome};

/// Makes all of it.
pub(crate) fn preload(py: Python<'_>) -> PyResult<()> {
    refuse_further_interpreters(py)?;
    py.import("wts_session.errors")?;
    py.import("wts_session._logging")?;
    know_the_end(py)?;
    json::scanner(py)?;
    outcome::import_classes(py)?;
    drop(logging::observer());
    make_an_error(py);
    start_a_thread()
}

/// Has pyo3 make what it needs to name a type, and to fetch an error.
fn make_an_error(py: Python<'_>) {
    wrong_type("argument", "nothing", &PyNone::get(py)).restore(py);
    let fetched = PyErr::take(py);
    debug_assert!(fetched.is_some_and(|error| error.is_instance_of::<PyTypeError>(py)));
}

fn start_a_thread() -> PyResult<()> {
    // There is nothing to hear of a thread that does nothing.
    let _ = thread::Builder::new().spawn(|| ())?.join();
    Ok(())
}

/// What is made here belongs to one interpreter. From Python 3.12 on, subinterpreters ask first; before, nobody does.
fn refuse_further_interpreters(py: Python<'_>) -> PyResult<()> {
    static SYS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let sys = py.import("sys")?;
    if SYS.get_or_init(py, || sys.clone().unbind()).is(&sys) {
        Ok(())
    } else {
        Err(PyImportError::new_err("wts_session does not support subinterpreters: another one has imported it already"))
    }
}
