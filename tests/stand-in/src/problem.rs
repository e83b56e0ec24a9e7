//! The bodies of the API's errors.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clock;

/// The envelope that most errors come in.
pub(crate) struct Envelope {
    /// A number, or upper case as in `INTERNALSERVERERROR`.
    pub(crate) http_status_code: Value,
    pub(crate) key: &'static str,
    pub(crate) text: &'static str,
}

impl Envelope {
    /// The envelope as a body, with an id and a date of its own.
    pub(crate) fn body(self) -> Value {
        let id = Uuid::new_v4();
        let value = id.to_string();
        json!({
            "id": {"value": value, "shortValue": value[..8]},
            "httpStatusCode": self.http_status_code,
            "version": null,
            "environment": null,
            "error": true,
            "date": clock::iso(OffsetDateTime::now_utc()),
            "key": self.key,
            "text": self.text,
            "isUnsolvableError": false,
        })
    }
}

/// RFC 7807 problem details about the fields of a request: each field, and what is wrong with it.
pub(crate) fn problem_details(errors: &[(String, String)]) -> Value {
    let errors: Map<String, Value> = errors.iter().map(|(field, message)| (field.clone(), json!([message]))).collect();
    let trace = Uuid::new_v4().simple().to_string();
    let span = Uuid::new_v4().simple().to_string();
    json!({
        "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "traceId": format!("00-{trace}-{}-00", &span[..16]),
        "errors": errors,
    })
}
