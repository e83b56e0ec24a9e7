//! The API's JSON as Python objects: those that `json.loads` makes, in two thirds of its instructions.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError, TryLockError};

use jiter::{Jiter, NumberAny, NumberInt, Peek};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyNone, PyString};

/// Core refuses answers in which more objects and arrays are within each other.
const MAX_DEPTH: usize = 127;

/// How many names of members are kept, and how long each may be.
const MAX_NAMES: usize = 256;
const MAX_NAME_BYTES: usize = 64;

/// What `text` means, which is valid JSON.
pub(crate) fn value<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let mut reader = Jiter::new(text.as_bytes());
    let read = reader.peek().ok().and_then(|next| next_value(py, &mut reader, next, MAX_DEPTH));
    read.map_or_else(|| as_python_reads(py, text), Ok)
}

/// The value that begins with `next`; none where it has to be read by Python, or where Python failed.
fn next_value<'py>(py: Python<'py>, reader: &mut Jiter<'_>, next: Peek, depth: usize) -> Option<Bound<'py, PyAny>> {
    Some(match next {
        Peek::String => PyString::new(py, reader.known_str().ok()?).into_any(),
        Peek::Null => {
            reader.known_null().ok()?;
            PyNone::get(py).to_owned().into_any()
        }
        Peek::True | Peek::False => PyBool::new(py, reader.known_bool(next).ok()?).to_owned().into_any(),
        Peek::Object => object(py, reader, depth.checked_sub(1)?)?.into_any(),
        Peek::Array => array(py, reader, depth.checked_sub(1)?)?.into_any(),
        number => match reader.known_number(number).ok()? {
            NumberAny::Int(NumberInt::Int(number)) => PyInt::new(py, number).into_any(),
            NumberAny::Float(number) => PyFloat::new(py, number).into_any(),
        },
    })
}

fn object<'py>(py: Python<'py>, reader: &mut Jiter<'_>, depth: usize) -> Option<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let mut name = reader.known_object().ok()?;
    while let Some(text) = name {
        let key = name_of_member(py, text);
        let next = reader.peek().ok()?;
        dict.set_item(key, next_value(py, reader, next, depth)?).ok()?;
        name = reader.next_key().ok()?;
    }
    Some(dict)
}

fn array<'py>(py: Python<'py>, reader: &mut Jiter<'_>, depth: usize) -> Option<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let mut element = reader.known_array().ok()?;
    while let Some(next) = element {
        list.append(next_value(py, reader, next, depth)?).ok()?;
        element = reader.array_step().ok()?;
    }
    Some(list)
}

/// The name as an object that all dicts share. Nothing that is done under the lock runs code of the program.
fn name_of_member<'py>(py: Python<'py>, name: &str) -> Bound<'py, PyString> {
    static NAMES: LazyLock<Mutex<HashMap<Box<str>, Py<PyString>>>> = LazyLock::new(Mutex::default);
    let mut names = match NAMES.try_lock() {
        Ok(names) => names,
        Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
        Err(TryLockError::WouldBlock) => return PyString::new(py, name),
    };
    if let Some(kept) = names.get(name) {
        return kept.bind(py).clone();
    }
    let made = PyString::new(py, name);
    if name.len() <= MAX_NAME_BYTES {
        if names.len() == MAX_NAMES {
            names.clear();
        }
        names.insert(name.into(), made.clone().unbind());
    }
    made
}

/// As Python's own decoder reads it: also half a surrogate pair, and thousands of digits.
fn as_python_reads<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let text = PyString::new(py, text);
    let parsed = scanner(py)?.call1((&text, 0)).or_else(|error| {
        // Python refuses to read integers of very many digits in the usual way.
        if error.is_instance_of::<PyValueError>(py) { exact_scanner(py)?.call1((&text, 0)) } else { Err(error) }
    })?;
    parsed.get_item(0)
}

/// The scanner of Python's own decoder, which no code in Python stands before; made by [`preload`](crate::preload::preload).
pub(crate) fn scanner(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static SCANNER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let scanner =
        SCANNER.get_or_try_init(py, || py.import("wts_session._json")?.call_method0("scanner").map(Bound::unbind))?;
    Ok(scanner.bind(py))
}

/// As [`scanner`], for integers of any length.
fn exact_scanner(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let arguments = PyDict::new(py);
    arguments.set_item("parse_int", py.import("wts_session._numbers")?.getattr("whole_number")?)?;
    let decoder = py.import("json")?.getattr("JSONDecoder")?.call((), Some(&arguments))?;
    decoder.getattr("scan_once")
}
