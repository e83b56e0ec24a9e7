//! The one error of this library: a closed list of kinds, and what is known about the failure.

use std::error::Error as StdError;
use std::fmt::{self, Write};
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use crate::error_kind::ErrorKind;
use crate::text::beginning;

/// The length that every text of an error is cut to.
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

    /// An error made by hand, for the tests of your own code.
    #[cfg(feature = "test-util")]
    pub fn for_tests(kind: ErrorKind, message: impl Into<String>) -> ErrorForTests {
        ErrorForTests::new(kind, message)
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
    #[doc(hidden)]
    pub fn invalid_session_id(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidSessionId, "SessionID is not valid!", description)
    }

    /// An item of a type that can't be right, which a binding met before core could.
    #[doc(hidden)]
    pub fn wrong_type(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message, "")
    }

    pub(crate) fn missing_api_key() -> Self {
        Self::no_api_key("Give an API key, or set the environment variable WTS_API_KEY.")
    }

    /// A key was given, but it is empty or blank: the environment is not asked for another.
    pub(crate) fn blank_api_key() -> Self {
        Self::no_api_key("The API key that was given is blank.")
    }

    fn no_api_key(description: &str) -> Self {
        let source = "Keys are made in the web app under Ajustes > Integrações > Integração via API.";
        Self::new(ErrorKind::MissingApiKey, "No API key!", format!("{description} {source}"))
    }

    /// A setting of a client that is out of its range; also for bindings that meet one before core can.
    #[doc(hidden)]
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
    #[doc(hidden)]
    pub fn no_resources(what: &str, error: io::Error) -> Self {
        let description = format!("The system gives no {what}: {error}.");
        Self::new(ErrorKind::Connection, "No connection to the API.", description)
            .with_retryable(true)
            .with_source(error)
    }

    /// The caller's wish to stop.
    #[doc(hidden)]
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "The call was cancelled.", "").with_retryable(true)
    }

    /// A bug of this library, met at the border to another language.
    #[doc(hidden)]
    pub fn internal(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "A bug in wts-session!", description)
    }

    /// A result of which another language could make no object.
    #[doc(hidden)]
    pub fn unusable_result(description: impl Into<String>) -> Self {
        Self::internal(description).with_may_have_been_applied(true)
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.http_status = Some(status);
        self
    }

    pub(crate) fn with_envelope(mut self, key: Option<String>, error_id: Option<String>) -> Self {
        self.0.key = key.map(cut);
        self.0.error_id = error_id.map(cut);
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

    /// The error below this one, for example an [`io::Error`] with the number of the system.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_deref()
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

    /// How many attempts there were, also those that failed or got no connection.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// True if a request was sent and no response says whether it was applied.
    pub fn may_have_been_applied(&self) -> bool {
        self.0.may_have_been_applied
    }
}

/// An error that is made by hand; see `Error::for_tests`.
#[derive(Clone, Debug)]
#[must_use]
pub struct ErrorForTests(Error);

impl ErrorForTests {
    /// For bindings, which have it without the feature.
    #[doc(hidden)]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Error::new(kind, message, ""))
    }

    /// Sets [`Error::description`].
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.0.0.description = cut(description.into());
        self
    }

    /// Sets [`Error::http_status`].
    pub fn http_status(self, status: u16) -> Self {
        Self(self.0.with_status(status))
    }

    /// Sets [`Error::key`] and [`Error::error_id`].
    pub fn envelope(self, key: impl Into<String>, error_id: impl Into<String>) -> Self {
        Self(self.0.with_envelope(Some(key.into()), Some(error_id.into())))
    }

    /// As [`envelope`](Self::envelope), for an envelope that may lack something.
    #[doc(hidden)]
    pub fn envelope_if_any(self, key: Option<String>, error_id: Option<String>) -> Self {
        Self(self.0.with_envelope(key, error_id))
    }

    /// Sets [`Error::body`].
    pub fn body(self, body: impl Into<String>) -> Self {
        Self(self.0.with_body(Some(cut(body.into()))))
    }

    /// Sets [`Error::retry_after`].
    pub fn retry_after(self, wait: Duration) -> Self {
        Self(self.0.with_retry_after(Some(wait)))
    }

    /// Sets [`Error::attempts`].
    pub fn attempts(self, attempts: u32) -> Self {
        Self(self.0.with_attempts(attempts))
    }

    /// Sets [`Error::retryable`].
    pub fn retryable(self, retryable: bool) -> Self {
        Self(self.0.with_retryable(retryable))
    }

    /// Sets [`Error::may_have_been_applied`].
    pub fn may_have_been_applied(self, may_have_been_applied: bool) -> Self {
        Self(self.0.with_may_have_been_applied(may_have_been_applied))
    }

    /// The error.
    pub fn build(self) -> Error {
        self.0
    }
}

/// `text` without what is beyond the longest length.
pub(crate) fn cut(mut text: String) -> String {
    text.truncate(beginning(&text, MAX_TEXT_BYTES).len());
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

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
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

/// The text form says what the cause is already, so `source` gives nothing that would be printed a second time:
/// [`Error::cause`] has it.
impl StdError for Error {}

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
    fn the_cause_is_said_once() {
        let error = Error::no_resources("descriptors", std::io::Error::from_raw_os_error(24));
        assert_eq!(error.to_string().matches("os error 24").count(), 1);
        let cause = error.cause().unwrap().downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(cause.raw_os_error(), Some(24));
        assert!(std::error::Error::source(&error).is_none());
    }
}
