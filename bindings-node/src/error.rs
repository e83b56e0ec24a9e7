//! From core's errors to what JavaScript builds its `WtsError` of.

use std::error::Error as _;
use std::iter::successors;

use napi_derive::napi;
use wts_session::{Error, ErrorKind};

/// The codes of `WtsError`, as `index.d.cts` lists them.
#[napi(string_enum = "snake_case")]
pub enum ErrorCode {
    MissingFields,
    InvalidStatus,
    EmptySessionId,
    InvalidSessionId,
    MissingApiKey,
    InvalidConfig,
    Unauthorized,
    Forbidden,
    NotFound,
    Refused,
    RateLimited,
    ServerError,
    Connection,
    Timeout,
    UnexpectedResponse,
    Cancelled,
    Closed,
    Internal,
}

impl From<ErrorKind> for ErrorCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::MissingFields => Self::MissingFields,
            ErrorKind::InvalidStatus => Self::InvalidStatus,
            ErrorKind::EmptySessionId => Self::EmptySessionId,
            ErrorKind::InvalidSessionId => Self::InvalidSessionId,
            ErrorKind::MissingApiKey => Self::MissingApiKey,
            ErrorKind::InvalidConfig => Self::InvalidConfig,
            ErrorKind::Unauthorized => Self::Unauthorized,
            ErrorKind::Forbidden => Self::Forbidden,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Refused => Self::Refused,
            ErrorKind::RateLimited => Self::RateLimited,
            ErrorKind::ServerError => Self::ServerError,
            ErrorKind::Connection => Self::Connection,
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::UnexpectedResponse => Self::UnexpectedResponse,
            ErrorKind::Cancelled => Self::Cancelled,
            ErrorKind::Closed => Self::Closed,
            ErrorKind::Internal => Self::Internal,
        }
    }
}

/// A failure with all that is known about it.
#[napi(object, object_from_js = false)]
pub struct Failure {
    pub code: ErrorCode,
    /// Message and description in one.
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
    /// What led to it, the nearest first.
    pub causes: Vec<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            code: error.kind().into(),
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
            causes: successors(error.source(), |&cause| cause.source()).map(ToString::to_string).collect(),
        }
    }
}
