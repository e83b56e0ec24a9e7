//! The settings of a client. Core has their names, what they may be, and their defaults.

use napi::bindgen_prelude::{Either5, JsObjectValue, Null, Object};
use napi::{Error, Result};
use napi_derive::napi;
use wts_session::ClientBuilder;
use wts_session::binding::{Kind, SETTINGS, Value};

use crate::error::Failure;

/// At most so many requests in any period of this length.
#[napi(object, object_to_js = false)]
pub struct Window {
    pub requests: f64,
    pub period_ms: f64,
}

type Given = Either5<Null, bool, f64, String, Vec<Window>>;

/// The names of all settings as JavaScript has them, and what their values are.
#[napi(catch_unwind)]
pub fn settings() -> Vec<(String, &'static str)> {
    SETTINGS.iter().map(|(name, kind)| (name_in_javascript(name, *kind), name_of_kind(*kind))).collect()
}

fn name_of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Word => "string",
        Kind::Duration | Kind::Count | Kind::CountOrDefault | Kind::Share => "number",
        Kind::DurationOrNone => "number or null",
        Kind::RateLimits => "array or null",
        Kind::Fallback => "string or number",
        Kind::Flag => "boolean",
    }
}

/// In camel case, with the unit of durations.
fn name_in_javascript(name: &str, kind: Kind) -> String {
    let mut words = name.split('_');
    let mut made = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        made.push_str(&first.to_ascii_uppercase());
        made.push_str(rest);
    }
    if matches!(kind, Kind::Duration | Kind::DurationOrNone) {
        made.push_str("Ms");
    }
    made
}

/// The builder of a client with these settings, whose types JavaScript has checked.
pub(crate) fn builder(settings: &Object<'_>) -> Result<std::result::Result<ClientBuilder, Failure>> {
    let mut builder = wts_session::Client::builder().language("node");
    for given in Object::keys(settings)? {
        let known = SETTINGS.iter().find(|(name, kind)| name_in_javascript(name, *kind) == given);
        let (name, _) = known.ok_or_else(|| Error::from_reason(format!("There is no setting {given}.")))?;
        builder = match builder.set(name, value(settings.get_named_property::<Given>(&given)?)) {
            Ok(builder) => builder,
            Err(error) => return Ok(Err(Failure::from(&error))),
        };
    }
    Ok(Ok(builder))
}

fn value(given: Given) -> Value {
    match given {
        Either5::A(Null) => Value::Null,
        Either5::B(flag) => Value::Flag(flag),
        Either5::C(number) => Value::Number(number),
        Either5::D(text) => Value::Text(text),
        Either5::E(windows) => {
            Value::RateLimits(windows.iter().map(|window| (window.requests, window.period_ms)).collect())
        }
    }
}
