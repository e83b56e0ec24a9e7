//! From core's errors to the values that JavaScript makes its `WtsError` from.

use std::error::Error as StdError;
use std::iter::successors;

use napi_derive::napi;
use wts_session::{Error, ErrorKind};

/// The codes of `WtsError`, which `index.d.cts` lists too.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.code()).collect()
}

/// A failure, with everything that is known about it.
#[napi(object, object_from_js = false)]
pub struct Failure {
    pub code: &'static str,
    /// Message and description together.
    pub message: String,
    pub description: String,
    pub http_status: Option<u16>,
    pub key: Option<String>,
    pub error_id: Option<String>,
    pub body: Option<String>,
    pub retry_after: Option<f64>,
    pub attempts: u32,
    pub retryable: bool,
    pub may_have_been_applied: bool,
    /// Its causes, the nearest first.
    pub causes: Vec<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let first = error.cause().map(|cause| cause as &(dyn StdError + 'static));
        Self {
            code: error.code(),
            message: error.to_string(),
            description: error.description().to_owned(),
            http_status: error.http_status(),
            key: error.key().map(str::to_owned),
            error_id: error.error_id().map(str::to_owned),
            body: error.body().map(str::to_owned),
            retry_after: error.retry_after().map(|wait| wait.as_secs_f64()),
            attempts: error.attempts(),
            retryable: error.retryable(),
            may_have_been_applied: error.may_have_been_applied(),
            causes: successors(first, |&cause| cause.source()).map(ToString::to_string).collect(),
        }
    }
}
