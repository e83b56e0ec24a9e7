//! What comes in from Python, and what goes back.

use std::fmt::Display;

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyFrozenSet, PySet, PyString};
use wts_session::{Error, Session};

use crate::error::exception;
use crate::json;

/// What pandas has where there is nothing, besides NaN.
const MISSING: [&str; 4] = [
    "pandas._libs.missing.NAType",
    "pandas._libs.tslibs.nattype.NaTType",
    // From pandas 3 on.
    "pandas.api.typing.NAType",
    "pandas.api.typing.NaTType",
];

/// NumPy's bool, under its names of version 1 and 2.
const NUMPY_BOOLS: [&str; 2] = ["numpy.bool_", "numpy.bool"];

/// A session id as core takes it: one that is missing is empty. The inner error is that of an id that can't be sent.
pub(crate) fn session_id(argument: impl Display, given: &Bound<'_, PyAny>) -> PyResult<Result<String, Error>> {
    if let Ok(text) = given.cast::<PyString>() {
        let id = text.to_cow().map(Into::into);
        return Ok(id.map_err(|_| Error::invalid_session_id("It has half a surrogate pair, which UTF-8 can't carry.")));
    }
    if is_missing(given)? {
        return Ok(Ok(String::new()));
    }
    if is_a(given, &["uuid.UUID"])? {
        return given.str()?.extract().map(Ok);
    }
    Err(wrong_type(argument, "a str, a UUID or None", given))
}

/// A status as core takes it: one that is missing is empty.
pub(crate) fn status(argument: impl Display, given: &Bound<'_, PyAny>) -> PyResult<String> {
    match given.cast::<PyString>() {
        Ok(text) => Ok(text.to_string_lossy().into_owned()),
        Err(_) if is_missing(given)? => Ok(String::new()),
        Err(_) => Err(wrong_type(argument, "a str or None", given)),
    }
}

/// The members of an item of `updates`. What has no order is no pair.
pub(crate) fn pair<'py>(
    argument: impl Display + Copy,
    given: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let wrong = || wrong_type(argument, "a pair of session id and status", given);
    let has_order = !(given.is_instance_of::<PyString>()
        || given.is_instance_of::<PyDict>()
        || given.is_instance_of::<PySet>()
        || given.is_instance_of::<PyFrozenSet>());
    if !has_order {
        return Err(wrong());
    }
    let mut members = given
        .try_iter()
        .map_err(|error| if error.is_instance_of::<PyTypeError>(given.py()) { wrong() } else { error })?;
    match (members.next(), members.next(), members.next()) {
        (Some(session_id), Some(status), None) => Ok((session_id?, status?)),
        _ => Err(wrong()),
    }
}

fn is_missing(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    match given.cast::<PyFloat>() {
        Ok(number) => Ok(number.value().is_nan()),
        Err(_) => Ok(given.is_none() || is_a(given, &MISSING)?),
    }
}

/// Whether the class of `value`, or one of its bases, has one of these names: modules that the program has not imported are
/// not imported for that.
fn is_a(value: &Bound<'_, PyAny>, names: &[&str]) -> PyResult<bool> {
    for class in value.get_type().mro() {
        let name = class.cast::<pyo3::types::PyType>()?.fully_qualified_name()?;
        if names.contains(&&*name.to_cow()?) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn wrong_type(argument: impl Display, expected: &str, value: &Bound<'_, PyAny>) -> PyErr {
    match value.get_type().fully_qualified_name() {
        Ok(found) => PyTypeError::new_err(format!("argument '{argument}': {expected} is expected, not '{found}'")),
        Err(error) => error,
    }
}

pub(crate) fn text<'a, 'py>(argument: &str, value: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyString>> {
    value.cast().map_err(|_| wrong_type(argument, "a str", value))
}

pub(crate) fn flag(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if is_bool(value)? { value.is_truthy() } else { Err(wrong_type(argument, "a bool", value)) }
}

fn is_bool(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(value.is_instance_of::<PyBool>() || is_a(value, &NUMPY_BOOLS)?)
}

/// What is a number to Python: also a Decimal, a Fraction or one of NumPy.
pub(crate) fn number(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(number.value());
    }
    if is_bool(value)? || !value.hasattr("__float__")? {
        return Err(wrong_type(argument, "a number", value));
    }
    // Complex numbers have it up to Python 3.9, only to refuse.
    or_infinite(value.py(), value.extract()).map_err(|_| wrong_type(argument, "a number", value))
}

/// An int, or what stands for one. One beyond every float is infinite.
pub(crate) fn whole_number(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    if is_bool(value)? || !value.hasattr("__index__")? {
        return Err(wrong_type(argument, "an int", value));
    }
    or_infinite(value.py(), value.call_method0("__index__")?.extract())
}

fn or_infinite(py: Python<'_>, number: PyResult<f64>) -> PyResult<f64> {
    match number {
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => Ok(f64::INFINITY),
        number => number,
    }
}

/// The API's object as a dict.
pub(crate) fn result<'py>(py: Python<'py>, outcome: Result<Session, Error>) -> PyResult<Bound<'py, PyAny>> {
    session(py, &outcome.map_err(|error| exception(py, &error))?)
}

/// As [`result`], where there is one.
pub(crate) fn session<'py>(py: Python<'py>, session: &Session) -> PyResult<Bound<'py, PyAny>> {
    json::value(py, session.as_json())
}
