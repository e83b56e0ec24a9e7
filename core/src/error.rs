//! The one error of this library: a closed list of kinds, and what is known about the failure.

use std::error::Error as StdError;
use std::fmt::{self, Write};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What kind of failure an [`Error`] is.
///
/// The list is closed, so that a `match` without a catch-all arm fails to compile when a kind is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Session id or status is absent, empty or blank. Nothing was sent.
    MissingFields,
    /// The status is `UNDEFINED` or none that the API knows. Nothing was sent.
    InvalidStatus,
    /// The id of the session to complete is absent, empty or blank. Nothing was sent.
    EmptySessionId,
    /// The session id is `.` or `..`, has a control character, or is over 512 bytes. Nothing was sent.
    InvalidSessionId,
    /// No API key was given, and `WTS_API_KEY` is unset or blank.
    MissingApiKey,
    /// A setting of the client is out of its range.
    InvalidConfig,
    /// The API did not accept the key: HTTP 401, or the envelope's key `ERROR_UNAUTHORIZED`.
    Unauthorized,
    /// HTTP 403.
    Forbidden,
    /// HTTP 404, or the envelope's key `ENTITY_NOT_FOUND`, whatever the HTTP status.
    NotFound,
    /// The API understood and said no: another 4xx, a 5xx whose envelope has a `key`, or a 2xx with `error: true`.
    Refused,
    /// Still HTTP 429 after the retries, or a wait longer than the call may take.
    RateLimited,
    /// HTTP 408, 425, or a 5xx without an envelope, after the retries.
    ServerError,
    /// No connection, or it broke: refused, DNS, TLS, reset, cut short, after the retries.
    Connection,
    /// A time limit passed, after the retries.
    Timeout,
    /// A redirect, a 2xx that is no JSON object, or an answer over 8 MiB.
    UnexpectedResponse,
    /// The caller cancelled.
    Cancelled,
    /// The client was closed.
    Closed,
    /// A bug of this library.
    Internal,
}

impl ErrorKind {
    /// Every kind there is.
    pub const ALL: [Self; 18] = [
        Self::MissingFields,
        Self::InvalidStatus,
        Self::EmptySessionId,
        Self::InvalidSessionId,
        Self::MissingApiKey,
        Self::InvalidConfig,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Refused,
        Self::RateLimited,
        Self::ServerError,
        Self::Connection,
        Self::Timeout,
        Self::UnexpectedResponse,
        Self::Cancelled,
        Self::Closed,
        Self::Internal,
    ];

    /// The code that stands for this kind in every language, such as `missing_fields`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingFields => "missing_fields",
            Self::InvalidStatus => "invalid_status",
            Self::EmptySessionId => "empty_session_id",
            Self::InvalidSessionId => "invalid_session_id",
            Self::MissingApiKey => "missing_api_key",
            Self::InvalidConfig => "invalid_config",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::UnexpectedResponse => "unexpected_response",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::Internal => "internal",
        }
    }
}

/// The length that message, description and body are cut to.
pub(crate) const MAX_TEXT_BYTES: usize = 4096;

/// A failure, with all that is known about it.
///
/// `Display` gives message and description in one line; neither it nor `Debug` shows the API key or the body of an answer.
#[derive(Clone)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    kind: ErrorKind,
    message: String,
    description: String,
    http_status: Option<u16>,
    key: Option<String>,
    error_id: Option<String>,
    body: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    retryable: bool,
    may_have_been_applied: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>, description: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            message: cut(message.into()),
            description: cut(description.into()),
            http_status: None,
            key: None,
            error_id: None,
            body: None,
            retry_after: None,
            attempts: 0,
            retryable: false,
            may_have_been_applied: false,
            source: None,
        }))
    }

    pub(crate) fn missing_fields() -> Self {
        Self::new(
            ErrorKind::MissingFields,
            "Fill in all fields",
            "Both sessionId and status are required to update the session status.",
        )
    }

    pub(crate) fn invalid_status(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidStatus, "Add a valid status!", description)
    }

    pub(crate) fn empty_session_id() -> Self {
        Self::new(ErrorKind::EmptySessionId, "SessionID is empty!", "Fill in the SessionID field")
    }

    /// A session id that can't be sent; also for bindings that meet one before core can.
    pub fn invalid_session_id(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidSessionId, "SessionID is not valid!", description)
    }

    pub(crate) fn missing_api_key() -> Self {
        Self::new(
            ErrorKind::MissingApiKey,
            "No API key!",
            "Give an API key, or set the environment variable WTS_API_KEY. \
             Keys are made in the web app under Ajustes > Integrações > Integração via API.",
        )
    }

    /// A setting of a client that is out of its range; also for bindings that meet one before core can.
    pub fn invalid_config(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidConfig, "Invalid configuration!", description)
    }

    pub(crate) fn closed() -> Self {
        Self::new(ErrorKind::Closed, "The client is closed.", "Make a new client to send more requests.")
    }

    /// As [`closed`](Self::closed), for a reason that is not the caller's `close`.
    pub(crate) fn closed_because(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::Closed, "The client is closed.", description)
    }

    /// The system gives no thread, descriptor or memory, as `error` says; a later try may get it.
    pub(crate) fn no_resources(what: &str, error: io::Error) -> Self {
        let description = format!("The system gives no {what}: {error}.");
        Self::new(ErrorKind::Connection, "No connection to the API.", description)
            .with_retryable(true)
            .with_source(error)
    }

    /// The caller's wish to stop.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "The call was cancelled.", "").with_retryable(true)
    }

    /// A bug of this library, met at the border to another language.
    pub fn internal(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "A bug in wts-session!", description)
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.http_status = Some(status);
        self
    }

    pub(crate) fn with_envelope(mut self, key: Option<String>, error_id: Option<String>) -> Self {
        self.0.key = key;
        self.0.error_id = error_id;
        self
    }

    pub(crate) fn with_body(mut self, body: Option<String>) -> Self {
        self.0.body = body;
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    pub(crate) fn with_may_have_been_applied(mut self, may_have_been_applied: bool) -> Self {
        self.0.may_have_been_applied = may_have_been_applied;
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The kind's code, the same in every language, such as `rate_limited`.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// What went wrong, in a few words; for a refusal the API's own sentence, in Portuguese.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// More about it: what was expected, what to do. May be empty, or the message again.
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// The HTTP status of the answer, where there was one.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The `key` of the API's error envelope, such as `ENTITY_NOT_FOUND`.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The envelope's `id.shortValue`: what the vendor's support asks for.
    pub fn error_id(&self) -> Option<&str> {
        self.0.error_id.as_deref()
    }

    /// What the API sent, cut at 4 KiB. It may hold personal data: keep it out of logs.
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// How long to wait before a later try, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many requests were sent for this call, the failed ones included.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether a request left for which no answer tells if the API carried it out.
    pub fn may_have_been_applied(&self) -> bool {
        self.0.may_have_been_applied
    }
}

/// `text` without what is beyond the longest length.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        let end = (0..=MAX_TEXT_BYTES).rfind(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
    }
    text
}

/// Text with its control characters escaped, so that it stays one line.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\u{2028}' | '\u{2029}' => write!(f, "{}", character.escape_unicode())?,
                _ if character.is_control() => write!(f, "{}", character.escape_debug())?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { message, description, .. } = &*self.0;
        OneLine(message).fmt(f)?;
        if description.is_empty() || description == message {
            return Ok(());
        }
        // What is in brackets belongs to the sentence before it.
        let goes_on = description.starts_with('(');
        let ends_a_sentence =
            message.ends_with(|last: char| last.is_ascii_punctuation() || matches!(last, '…' | '”' | '»'));
        f.write_str(if ends_a_sentence || goes_on { " " } else { ": " })?;
        OneLine(description).fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { message, description, http_status, key, error_id, attempts, source, .. } = &*self.0;
        f.debug_struct("Error")
            .field("code", &self.code())
            .field("message", message)
            .field("description", description)
            .field("http_status", http_status)
            .field("key", key)
            .field("error_id", error_id)
            .field("retry_after", &self.0.retry_after)
            .field("attempts", attempts)
            .field("retryable", &self.0.retryable)
            .field("may_have_been_applied", &self.0.may_have_been_applied)
            .field("source", source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind, MAX_TEXT_BYTES};

    #[test]
    fn the_text_form_is_one_line_of_sentences() {
        let text = |message: &str, description: &str| Error::new(ErrorKind::Refused, message, description).to_string();
        assert_eq!(text("Fill in all fields", "Both are required."), "Fill in all fields: Both are required.");
        assert_eq!(text("SessionID is empty!", "Fill it in"), "SessionID is empty! Fill it in");
        assert_eq!(text("Não encontrada", "(HTTP 404)"), "Não encontrada (HTTP 404)");
        assert_eq!(text("Same.", "Same."), "Same.");
        assert_eq!(text("Same", ""), "Same");
        assert_eq!(text("a\nb\u{2028}c\x1b[0m", ""), "a\\nb\\u{2028}c\\u{1b}[0m");
    }

    #[test]
    fn long_texts_are_cut() {
        let long = "\u{e3}\n".repeat(1_000_000);
        let error = Error::new(ErrorKind::Refused, long.clone(), long);
        assert!(error.message().len() <= MAX_TEXT_BYTES && error.description().len() <= MAX_TEXT_BYTES);
        assert!(error.to_string().len() < 4 * MAX_TEXT_BYTES && format!("{error:?}").len() < 4 * MAX_TEXT_BYTES);
    }

    #[test]
    fn the_shared_list_has_every_code_and_no_other() {
        let rows: Vec<serde_json::Value> = serde_json::from_str(include_str!("../../tests/errors.json")).unwrap();
        let shared: Vec<_> = rows.iter().map(|row| row["code"].as_str().unwrap()).collect();
        assert_eq!(ErrorKind::ALL.map(ErrorKind::code).as_slice(), shared);
    }
}
