//! From JavaScript's values to core's, and back.

use napi::bindgen_prelude::{ToNapiValue, TypeName};
use napi::{Env, JsValue, Result as NapiResult, ValueType, sys};
use napi_derive::napi;
use wts_session::SessionStatus;

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
