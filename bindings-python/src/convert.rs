//! What comes in from Python, and what goes back.

use std::convert::Infallible;
use std::fmt::Display;

use pyo3::Borrowed;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use wts_session::binding::{count, seconds};
use wts_session::{
    AuthScheme, Client, ClientBuilder, CompleteOptions, Error, RateLimit, Session, SharedLimitsFallback, UpdateOptions,
};

use crate::error::exception;
use crate::logging;

/// One more than core takes, so that an endless iterable ends too.
const MOST_RATE_LIMITS: usize = 9;

/// A session id as core takes it: `None` is the empty one.
pub(crate) fn session_id(given: &Bound<'_, PyAny>) -> PyResult<String> {
    id_of_item("session_id", given)?.map_err(|error| exception(given.py(), &error))
}

/// As [`session_id`], for an argument of this name; the inner error is that of an id that can't be sent.
pub(crate) fn id_of_item(argument: impl Display, given: &Bound<'_, PyAny>) -> PyResult<Result<String, Error>> {
    let Some(text) = text_or_none(argument, given)? else { return Ok(Ok(String::new())) };
    let id = text.to_cow().map(Into::into);
    Ok(id.map_err(|_| Error::invalid_session_id("It has half a surrogate pair, which UTF-8 can't carry.")))
}

/// A status as core takes it: `None` is the empty one.
pub(crate) fn status(given: &Bound<'_, PyAny>) -> PyResult<String> {
    status_of_item("status", given)
}

/// As [`status`], for an argument of this name.
pub(crate) fn status_of_item(argument: impl Display, given: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = text_or_none(argument, given)?;
    Ok(text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default())
}

/// An option that is on or off.
#[derive(Debug)]
pub(crate) enum Flag<'a, 'py> {
    /// Not given.
    Off,
    Given(Borrowed<'a, 'py, PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Flag<'a, 'py> {
    type Error = Infallible;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Self::Given(given))
    }
}

impl Flag<'_, '_> {
    fn is_on(&self, argument: &str) -> PyResult<bool> {
        match self {
            Self::Off => Ok(false),
            Self::Given(value) => truth(argument, value),
        }
    }
}

pub(crate) fn update_options(stop_bot_in_execution: &Flag<'_, '_>) -> PyResult<UpdateOptions> {
    Ok(UpdateOptions::new().stop_bot_in_execution(stop_bot_in_execution.is_on("stop_bot_in_execution")?))
}

pub(crate) fn complete_options(
    reactivate_on_new_message: &Flag<'_, '_>,
    stop_bot_in_execution: &Flag<'_, '_>,
) -> PyResult<CompleteOptions> {
    Ok(CompleteOptions::new()
        .reactivate_on_new_message(reactivate_on_new_message.is_on("reactivate_on_new_message")?)
        .stop_bot_in_execution(stop_bot_in_execution.is_on("stop_bot_in_execution")?))
}

/// The builder of a client with these keyword arguments; what is not given is left to core.
pub(crate) fn builder(
    api_key: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<ClientBuilder> {
    let mut builder = Client::builder().language("python").observer(logging::observer());
    if let Some(key) = api_key {
        builder = with_setting(builder, "api_key", key)?;
    }
    for (name, value) in settings.into_iter().flatten() {
        builder = with_setting(builder, &name.extract::<String>()?, &value)?;
    }
    Ok(builder)
}

/// As [`builder`], where these are all there is.
pub(crate) fn short_builder(
    api_key: Option<&Bound<'_, PyAny>>,
    base_url: Option<&Bound<'_, PyAny>>,
) -> PyResult<ClientBuilder> {
    let builder = builder(api_key, None)?;
    match base_url {
        Some(url) => with_setting(builder, "base_url", url),
        None => Ok(builder),
    }
}

fn with_setting(builder: ClientBuilder, name: &str, value: &Bound<'_, PyAny>) -> PyResult<ClientBuilder> {
    let py = value.py();
    let refused = |error| exception(py, &error);
    Ok(match name {
        "api_key" => builder.api_key(setting_text("API key", text(name, value)?)?),
        "base_url" if value.is_none() => builder,
        "base_url" => builder.base_url(setting_text("base URL", text(name, value)?)?),
        "timeout" => builder.timeout(seconds("timeout", number(name, value)?).map_err(refused)?),
        "total_timeout" if value.is_none() => builder.total_timeout(None),
        "total_timeout" => builder.total_timeout(seconds("total timeout", number(name, value)?).map_err(refused)?),
        "max_retries" => builder.max_retries(count("number of retries", whole_number(name, value)?).map_err(refused)?),
        "max_concurrency" => {
            builder.max_concurrency(count("concurrency", whole_number(name, value)?).map_err(refused)?)
        }
        "rate_limits" if value.is_none() => builder.no_rate_limits(),
        "rate_limits" => builder.rate_limits(rate_limits(name, value)?),
        "reserve" => builder.reserve(number(name, value)?),
        "shared_limits" | "shared_limits_account" if value.is_none() => builder,
        "shared_limits" => builder.shared_limits(setting_text(name, text(name, value)?)?),
        "shared_limits_account" => builder.shared_limits_account(setting_text(name, text(name, value)?)?),
        "shared_limits_fallback" => builder.shared_limits_fallback(fallback(name, value)?),
        "auth_scheme" => {
            let scheme = text(name, value)?.to_string_lossy();
            builder.auth_scheme(AuthScheme::from_name(&scheme).map_err(refused)?)
        }
        "allow_insecure_http" => builder.allow_insecure_http(truth(name, value)?),
        _ => return Err(PyTypeError::new_err(format!("got an unexpected keyword argument '{name}'"))),
    })
}

fn fallback(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<SharedLimitsFallback> {
    match value.cast::<PyString>() {
        Ok(text) => {
            SharedLimitsFallback::from_text(&text.to_string_lossy()).map_err(|error| exception(value.py(), &error))
        }
        Err(_) => match number(argument, value) {
            Ok(share) => Ok(SharedLimitsFallback::Share(share)),
            Err(_) => Err(wrong_type(argument, "'wait' or a number", value)),
        },
    }
}

fn setting_text(name: &str, text: &Bound<'_, PyString>) -> PyResult<String> {
    encodable(text, || Error::invalid_config(format!("The {name} has half a surrogate pair, which UTF-8 can't carry.")))
}

fn encodable(text: &Bound<'_, PyString>, refusal: impl FnOnce() -> Error) -> PyResult<String> {
    text.to_cow().map(Into::into).map_err(|_| exception(text.py(), &refusal()))
}

pub(crate) fn wrong_type(argument: impl Display, expected: &str, value: &Bound<'_, PyAny>) -> PyErr {
    match value.get_type().name() {
        Ok(found) => PyTypeError::new_err(format!("argument '{argument}': {expected} is expected, not '{found}'")),
        Err(error) => error,
    }
}

fn text<'a, 'py>(argument: &str, value: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyString>> {
    value.cast().map_err(|_| wrong_type(argument, "a str", value))
}

fn text_or_none<'a, 'py>(
    argument: impl Display,
    value: &'a Bound<'py, PyAny>,
) -> PyResult<Option<&'a Bound<'py, PyString>>> {
    if value.is_none() {
        return Ok(None);
    }
    value.cast().map(Some).map_err(|_| wrong_type(argument, "a str or None", value))
}

fn truth(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let truth = value.cast::<PyBool>().map_err(|_| wrong_type(argument, "a bool", value))?;
    Ok(truth.is_true())
}

fn number(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    match value.cast::<PyFloat>() {
        Ok(number) => Ok(number.value()),
        Err(_) => whole_number(argument, value).map_err(|_| wrong_type(argument, "a number", value)),
    }
}

/// As core's `count` takes it: an int beyond every float is infinite.
fn whole_number(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return Err(wrong_type(argument, "an int", value));
    }
    Ok(value.extract().unwrap_or(f64::INFINITY))
}

fn rate_limits(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<RateLimit>> {
    let pairs = value.try_iter().map_err(|_| wrong_type(argument, "an iterable of pairs", value))?;
    pairs.take(MOST_RATE_LIMITS).map(|pair| rate_limit(argument, &pair?)).collect()
}

fn rate_limit(argument: &str, pair: &Bound<'_, PyAny>) -> PyResult<RateLimit> {
    const EXPECTED: &str = "a pair of requests and seconds";
    let mut members = pair.try_iter().map_err(|_| wrong_type(argument, EXPECTED, pair))?;
    let (requests, period) = match (members.next(), members.next(), members.next()) {
        (Some(requests), Some(period), None) => (requests?, period?),
        _ => return Err(wrong_type(argument, EXPECTED, pair)),
    };
    let refused = |error| exception(pair.py(), &error);
    Ok(RateLimit {
        requests: count("number of requests of a rate limit", whole_number(argument, &requests)?).map_err(refused)?,
        period: seconds("period of a rate limit", number(argument, &period)?).map_err(refused)?,
    })
}

/// The API's object as a dict.
pub(crate) fn result<'py>(py: Python<'py>, outcome: Result<Session, Error>) -> PyResult<Bound<'py, PyAny>> {
    session(py, &outcome.map_err(|error| exception(py, &error))?)
}

/// As [`result`], where there is one.
pub(crate) fn session<'py>(py: Python<'py>, session: &Session) -> PyResult<Bound<'py, PyAny>> {
    let text = PyString::new(py, session.as_json());
    let parsed = scanner(py)?.call1((&text, 0)).or_else(|error| {
        // Python refuses to read integers of very many digits in the usual way.
        if error.is_instance_of::<PyValueError>(py) { exact_scanner(py)?.call1((&text, 0)) } else { Err(error) }
    })?;
    parsed.get_item(0)
}

/// The scanner of Python's own decoder, which no code in Python stands before; made by [`be_ready`](crate::ready::be_ready).
pub(crate) fn scanner(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static SCANNER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let scanner = SCANNER.get_or_try_init(py, || {
        let decoder = py.import("json")?.getattr("JSONDecoder")?.call0()?;
        decoder.getattr("scan_once").map(Bound::unbind)
    })?;
    Ok(scanner.bind(py))
}

/// As [`scanner`], for integers of any length.
fn exact_scanner(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let arguments = PyDict::new(py);
    arguments.set_item("parse_int", py.import("wts_session._numbers")?.getattr("whole_number")?)?;
    let decoder = py.import("json")?.getattr("JSONDecoder")?.call((), Some(&arguments))?;
    decoder.getattr("scan_once")
}
