//! Errors of core as exceptions of `wts_session.errors`.

use std::any::Any;
use std::error::Error as StdError;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use wts_session::{Error, ErrorKind};

/// The name of the class for each code there is.
pub(crate) fn classes(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let classes = PyDict::new(py);
    for kind in ErrorKind::ALL {
        classes.set_item(kind.code(), kind.python_class())?;
    }
    Ok(classes)
}

/// The exception for `error`, or the one that hindered its making.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    made(py, error.kind().python_class(), error).unwrap_or_else(|hindrance| hindrance)
}

/// A `TypeError` as the error of an item, which has a code as all others; other errors as they are.
pub(crate) fn wrong_type_of_item(py: Python<'_>, kind: ErrorKind, error: PyErr) -> PyErr {
    if !error.is_instance_of::<PyTypeError>(py) {
        return error;
    }
    let error = Error::wrong_type(kind, error.value(py).to_string());
    made(py, "WrongTypeError", &error).unwrap_or_else(|hindrance| hindrance)
}

/// Without calling `__init__`: a daemon thread that runs Python code below a function of ours while the interpreter ends
/// takes the process with it.
fn made(py: Python<'_>, class: &str, error: &Error) -> PyResult<PyErr> {
    let class = py.import("wts_session.errors")?.getattr(class)?;
    let made = class.call_method1("__new__", (&class,))?;
    let facts = facts(py, error)?;
    let mut arguments = vec![error.to_string().into_pyobject(py)?.into_any()];
    arguments.extend(facts.values());
    made.setattr("args", PyTuple::new(py, arguments)?)?;
    made.call_method1("__setstate__", (facts,))?;
    let made = PyErr::from_value(made);
    made.set_cause(py, os_error(error));
    Ok(made)
}

/// The attributes, in the order of the arguments of the class.
fn facts<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("code", error.code())?;
    facts.set_item("message", error.message())?;
    facts.set_item("description", error.description())?;
    facts.set_item("http_status", error.http_status())?;
    facts.set_item("key", error.key())?;
    facts.set_item("error_id", error.error_id())?;
    facts.set_item("body", error.body())?;
    facts.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    facts.set_item("attempts", error.attempts())?;
    facts.set_item("retryable", error.retryable())?;
    facts.set_item("may_have_been_applied", error.may_have_been_applied())?;
    Ok(facts)
}

/// The operating system's word on it, as Python would have raised it: a `ConnectionRefusedError`, for one.
fn os_error(error: &Error) -> Option<PyErr> {
    let mut cause = error.cause().map(|cause| cause as &(dyn StdError + 'static));
    while let Some(error) = cause {
        let io_error = error.downcast_ref::<io::Error>();
        if let Some(number) = io_error.and_then(io::Error::raw_os_error) {
            return Some(PyOSError::new_err((number, error.to_string())));
        }
        // An io::Error names not the error it wraps but that one's cause.
        let wrapped = io_error.and_then(io::Error::get_ref).map(|wrapped| wrapped as &(dyn StdError + 'static));
        cause = wrapped.or_else(|| error.source());
    }
    None
}

/// Runs `work`, which must not attach to Python; a panic in it becomes an error of kind `internal`.
pub(crate) fn catching_panics<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panicked(panic.as_ref()))
}

/// The error for a panic.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(text.unwrap_or("It panicked."))
}
