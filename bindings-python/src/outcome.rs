//! Outcomes of bulk calls as objects of `wts_session._outcome`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyTuple};
use wts_session::{Error, Session};

use crate::convert;
use crate::error::exception;
use crate::operation::Operation;

static SUCCEEDED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static FAILED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Makes the classes known, which no call must be the first to need: see [`preload`](crate::preload).
pub(crate) fn import_classes(py: Python<'_>) -> PyResult<()> {
    SUCCEEDED.import(py, "wts_session._outcome", "Succeeded")?;
    FAILED.import(py, "wts_session._outcome", "Failed")?;
    Ok(())
}

/// The outcome of the item at `index`.
pub(crate) fn outcome(
    py: Python<'_>,
    index: usize,
    session_id: Option<&Bound<'_, PyAny>>,
    result: &Result<Session, Error>,
) -> PyResult<Py<PyAny>> {
    match result.as_ref().map(|session| convert::session(py, session)) {
        Ok(Ok(dict)) => {
            let class = SUCCEEDED.import(py, "wts_session._outcome", "Succeeded")?;
            made(class, index, session_id, "result", &dict)
        }
        Ok(Err(hindrance)) => failed(py, index, session_id, unusable(py, hindrance)),
        Err(error) => failed(py, index, session_id, exception(py, error)),
    }
}

/// The error of an item that succeeded, but whose dict can't be made: for want of memory, or of room for recursion.
fn unusable(py: Python<'_>, hindrance: PyErr) -> PyErr {
    let error = exception(py, &Error::unusable_result(format!("The answer can't be made a dict: {hindrance}.")));
    error.set_cause(py, Some(hindrance));
    error
}

/// The outcome of an item that was not sent because of `error`.
pub(crate) fn failed(
    py: Python<'_>,
    index: usize,
    session_id: Option<&Bound<'_, PyAny>>,
    error: PyErr,
) -> PyResult<Py<PyAny>> {
    let class = FAILED.import(py, "wts_session._outcome", "Failed")?;
    made(class, index, session_id, "error", error.value(py).as_any())
}

/// The outcomes of the items from `taken` on of a list or tuple, of which none was taken; they share `error`.
pub(crate) fn never_taken(
    items: &Bound<'_, PyAny>,
    taken: usize,
    operation: &Operation,
    error: &Error,
) -> PyResult<Vec<Py<PyAny>>> {
    if !(items.is_instance_of::<PyList>() || items.is_instance_of::<PyTuple>()) {
        return Ok(Vec::new());
    }
    let py = items.py();
    let error = exception(py, error);
    let outcome = |index| {
        let id = id_of_item(operation, items.get_item(index)?)?;
        failed(py, index, id.as_ref(), error.clone_ref(py))
    };
    (taken..items.len()?).map(outcome).collect()
}

/// That of an item that nobody has checked.
fn id_of_item<'py>(operation: &Operation, item: Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let is_pair = item.is_instance_of::<PyList>() || item.is_instance_of::<PyTuple>();
    if operation.of_core.takes_status() && is_pair && item.len()? > 0 {
        return item.get_item(0).map(Some);
    }
    Ok(Some(item))
}

/// Without calling `__init__`, as it is with exceptions.
fn made(
    class: &Bound<'_, PyAny>,
    index: usize,
    session_id: Option<&Bound<'_, PyAny>>,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<Py<PyAny>> {
    let made = class.call_method1("__new__", (class,))?;
    made.setattr("index", index)?;
    made.setattr("session_id", session_id)?;
    made.setattr(name, value)?;
    Ok(made.unbind())
}
