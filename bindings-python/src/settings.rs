//! The settings of a client. What they are called and what they may be is core's.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use wts_session::binding::{Kind, SETTINGS, Value};
use wts_session::{Client, ClientBuilder, Error};

use crate::convert::{flag, number, text, whole_number, wrong_type};
use crate::error::exception;
use crate::logging;

/// One more than core takes, so that an endless iterable ends too.
const MAX_RATE_LIMITS: usize = 9;

/// The builder of a client with these settings.
pub(crate) fn builder(settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let builder = Client::builder().language("python").observer(logging::observer());
    settings.iter().try_fold(builder, |builder, (name, value)| {
        let name = name.extract::<String>()?;
        let kind = SETTINGS.iter().find(|(other, _)| *other == name).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| PyTypeError::new_err(format!("there is no setting '{name}'")))?;
        let value = setting(&name, kind, &value)?;
        builder.set(&name, value).map_err(|error| exception(settings.py(), &error))
    })
}

fn setting(name: &str, kind: Kind, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    match kind {
        Kind::Text | Kind::DurationOrNone | Kind::CountOrDefault | Kind::RateLimits if value.is_none() => {
            Ok(Value::Null)
        }
        Kind::Text | Kind::Word => Ok(Value::Text(encodable(name, text(name, value)?)?)),
        Kind::Duration | Kind::DurationOrNone | Kind::Share => Ok(Value::Number(number(name, value)?)),
        Kind::Count | Kind::CountOrDefault => Ok(Value::Number(whole_number(name, value)?)),
        Kind::Flag => Ok(Value::Flag(flag(name, value)?)),
        Kind::RateLimits => rate_limits(name, value).map(Value::RateLimits),
        Kind::Fallback => match value.cast::<PyString>() {
            Ok(word) => Ok(Value::Text(encodable(name, word)?)),
            Err(_) => number(name, value).map(Value::Number).map_err(|_| wrong_type(name, "'wait' or a number", value)),
        },
    }
}

fn encodable(name: &str, text: &Bound<'_, PyString>) -> PyResult<String> {
    text.to_cow().map(Into::into).map_err(|_| {
        let why = format!("The setting {name} has half a surrogate pair, which UTF-8 can't carry.");
        exception(text.py(), &Error::invalid_config(why))
    })
}

fn rate_limits(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<(f64, f64)>> {
    let pairs = value.try_iter().map_err(|_| wrong_type(name, "an iterable of pairs", value))?;
    pairs.take(MAX_RATE_LIMITS).map(|pair| rate_limit(name, &pair?)).collect()
}

fn rate_limit(name: &str, pair: &Bound<'_, PyAny>) -> PyResult<(f64, f64)> {
    const EXPECTED: &str = "a pair of requests and seconds";
    let mut members = pair.try_iter().map_err(|_| wrong_type(name, EXPECTED, pair))?;
    match (members.next(), members.next(), members.next()) {
        (Some(requests), Some(period), None) => Ok((whole_number(name, &requests?)?, number(name, &period?)?)),
        _ => Err(wrong_type(name, EXPECTED, pair)),
    }
}
