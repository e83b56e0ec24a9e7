//! From JavaScript's values to core's, and back.

use napi::bindgen_prelude::{Null, ToNapiValue, TypeName};
use napi::{Either, Env, JsValue, Result as NapiResult, ValueType, sys};
use napi_derive::napi;
use wts_session::binding::Value;
use wts_session::{ClientBuilder, Error, SessionStatus};

/// The settings of a client; core has the defaults.
#[napi(object, object_to_js = false)]
pub struct Settings {
    pub api_key: Option<String>,
    pub base_url: Option<String>,
    pub timeout_ms: Option<f64>,
    /// `null`: none.
    pub total_timeout_ms: Option<Either<f64, Null>>,
    pub max_retries: Option<f64>,
    pub max_concurrency: Option<f64>,
    /// `null`: off.
    pub rate_limits: Option<Either<Vec<Window>, Null>>,
    pub reserve: Option<f64>,
    pub shared_limits: Option<String>,
    pub shared_limits_account: Option<String>,
    pub shared_limits_fallback: Option<Either<String, f64>>,
    pub auth_scheme: Option<String>,
    pub allow_insecure_http: Option<bool>,
}

/// At most so many requests in any period of this length.
#[napi(object, object_to_js = false)]
pub struct Window {
    pub requests: f64,
    pub period_ms: f64,
}

pub(crate) fn builder(settings: Settings) -> Result<ClientBuilder, Error> {
    let given = [
        ("api_key", settings.api_key.map(Value::Text)),
        ("base_url", settings.base_url.map(Value::Text)),
        ("timeout", settings.timeout_ms.map(Value::Number)),
        ("total_timeout", settings.total_timeout_ms.map(|time| or_null(time, Value::Number))),
        ("max_retries", settings.max_retries.map(Value::Number)),
        ("max_concurrency", settings.max_concurrency.map(Value::Number)),
        ("rate_limits", settings.rate_limits.map(|limits| or_null(limits, windows))),
        ("reserve", settings.reserve.map(Value::Number)),
        ("shared_limits", settings.shared_limits.map(Value::Text)),
        ("shared_limits_account", settings.shared_limits_account.map(Value::Text)),
        ("shared_limits_fallback", settings.shared_limits_fallback.map(fallback)),
        ("auth_scheme", settings.auth_scheme.map(Value::Text)),
        ("allow_insecure_http", settings.allow_insecure_http.map(Value::Flag)),
    ];
    let builder = wts_session::Client::builder().language("node");
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.into_iter().try_fold(builder, |builder, (name, value)| builder.set(name, value))
}

fn or_null<T>(given: Either<T, Null>, value: impl FnOnce(T) -> Value) -> Value {
    match given {
        Either::A(given) => value(given),
        Either::B(Null) => Value::Null,
    }
}

fn fallback(given: Either<String, f64>) -> Value {
    match given {
        Either::A(word) => Value::Text(word),
        Either::B(share) => Value::Number(share),
    }
}

fn windows(windows: Vec<Window>) -> Value {
    Value::RateLimits(windows.iter().map(|window| (window.requests, window.period_ms)).collect())
}

/// The members of JavaScript's `SessionStatus`: names such as `InProgress`, and their values on the wire.
#[napi(catch_unwind)]
pub fn session_statuses() -> Vec<(String, &'static str)> {
    SessionStatus::ALL.iter().map(|status| (status.display_name().replace(' ', ""), status.as_str())).collect()
}

/// The JSON text of a result, for JavaScript to parse. It is in Latin-1, which V8 reads fastest.
pub struct Json(Vec<u8>);

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self(if text.is_ascii() { text.into_bytes() } else { latin1(&text) })
    }
}

/// `json` with the characters escaped that Latin-1 does not have. In JSON they are in strings only.
fn latin1(json: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.bytes().position(|byte| !byte.is_ascii()) {
        let (ascii, others) = rest.split_at(at);
        bytes.extend_from_slice(ascii.as_bytes());
        let mut others = others.chars();
        others.next().into_iter().for_each(|character| push_latin1(&mut bytes, character));
        rest = others.as_str();
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn push_latin1(bytes: &mut Vec<u8>, character: char) {
    match u8::try_from(character) {
        Ok(byte) => bytes.push(byte),
        Err(_) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                bytes.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
}

impl ToNapiValue for Json {
    unsafe fn to_napi_value(env: sys::napi_env, Json(latin1): Self) -> NapiResult<sys::napi_value> {
        Ok(Env::from_raw(env).create_string_latin1(latin1)?.raw())
    }
}

impl TypeName for Json {
    fn type_name() -> &'static str {
        "Json"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}
