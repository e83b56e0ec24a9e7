//! From JavaScript's values to core's, and back.

use napi::bindgen_prelude::{Null, ToNapiValue, TypeName};
use napi::{Either, Env, JsValue, Result as NapiResult, ValueType, sys};
use napi_derive::napi;
use wts_session::binding::{count, milliseconds};
use wts_session::{AuthScheme, ClientBuilder, Error, RateLimit, SessionStatus, SharedLimitsFallback};

/// The settings of a client; what is left out is core's default.
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

/// At most so many requests in any period of that length.
#[napi(object, object_to_js = false)]
pub struct Window {
    pub requests: f64,
    pub period_ms: f64,
}

pub(crate) fn builder(settings: Settings) -> Result<ClientBuilder, Error> {
    let mut builder = wts_session::Client::builder().language("node");
    if let Some(key) = settings.api_key {
        builder = builder.api_key(key);
    }
    if let Some(url) = settings.base_url {
        builder = builder.base_url(url);
    }
    if let Some(timeout) = settings.timeout_ms {
        builder = builder.timeout(milliseconds("timeout", timeout)?);
    }
    builder = match settings.total_timeout_ms {
        Some(Either::A(timeout)) => builder.total_timeout(milliseconds("total timeout", timeout)?),
        Some(Either::B(Null)) => builder.total_timeout(None),
        None => builder,
    };
    if let Some(retries) = settings.max_retries {
        builder = builder.max_retries(count("number of retries", retries)?);
    }
    if let Some(requests) = settings.max_concurrency {
        builder = builder.max_concurrency(count("concurrency", requests)?);
    }
    builder = match settings.rate_limits {
        Some(Either::A(windows)) => builder.rate_limits(windows.iter().map(rate_limit).collect::<Result<Vec<_>, _>>()?),
        Some(Either::B(Null)) => builder.no_rate_limits(),
        None => builder,
    };
    if let Some(share) = settings.reserve {
        builder = builder.reserve(share);
    }
    if let Some(ledger) = settings.shared_limits {
        builder = builder.shared_limits(ledger);
    }
    if let Some(name) = settings.shared_limits_account {
        builder = builder.shared_limits_account(name);
    }
    builder = match settings.shared_limits_fallback {
        Some(Either::A(text)) => builder.shared_limits_fallback(SharedLimitsFallback::from_text(&text)?),
        Some(Either::B(share)) => builder.shared_limits_fallback(SharedLimitsFallback::Share(share)),
        None => builder,
    };
    if let Some(scheme) = settings.auth_scheme {
        builder = builder.auth_scheme(AuthScheme::from_name(&scheme)?);
    }
    if let Some(allow) = settings.allow_insecure_http {
        builder = builder.allow_insecure_http(allow);
    }
    Ok(builder)
}

fn rate_limit(window: &Window) -> Result<RateLimit, Error> {
    Ok(RateLimit {
        requests: count("number of requests of a rate limit", window.requests)?,
        period: milliseconds("period of a rate limit", window.period_ms)?,
    })
}

/// The members of JavaScript's `SessionStatus`: names such as `InProgress`, and what they stand for on the wire.
#[napi(catch_unwind)]
pub fn session_statuses() -> Vec<(String, &'static str)> {
    SessionStatus::ALL.iter().map(|status| (status.display_name().replace(' ', ""), status.as_str())).collect()
}

/// The JSON text of a result, for JavaScript to parse: in Latin-1, of which V8 makes a string, and parses it, fastest.
pub struct Json(Vec<u8>);

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self(if text.is_ascii() { text.into_bytes() } else { latin1(&text) })
    }
}

/// `json` with its characters beyond Latin-1 escaped, which JSON has in strings only.
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
