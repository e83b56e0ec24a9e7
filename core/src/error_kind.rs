//! The kinds of errors. `make generate` writes this file from `tests/errors.json`.

/// What kind of failure an [`Error`](crate::Error) is.
///
/// More kinds may come, so a `match` has a catch-all arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Session id or status is missing, empty or blank. Nothing was sent.
    MissingFields,
    /// The status is `UNDEFINED`, or not one that the API knows. Nothing was sent.
    InvalidStatus,
    /// The id of the session to complete is missing, empty or blank. Nothing was sent.
    EmptySessionId,
    /// The session id is `.` or `..`, has a control character or an invisible one inside, is over 512 bytes, or
    /// is not valid Unicode. Nothing was sent.
    InvalidSessionId,
    /// No API key was given, and `WTS_API_KEY` is unset or blank.
    MissingApiKey,
    /// A setting or an option is out of its range, something that is needed is null, or the key, the base URL
    /// or a variable of the environment can't be used. Nothing was sent.
    InvalidConfig,
    /// HTTP 401, or the API's `ERROR_UNAUTHORIZED`: check the key (the platform deletes one that was unused for
    /// 15 days) and the base URL.
    Unauthorized,
    /// HTTP 403.
    Forbidden,
    /// HTTP 404, or the API's `ENTITY_NOT_FOUND`, whatever the HTTP status.
    NotFound,
    /// The API understood and said no; the message is its own sentence. Often an HTTP 500.
    Refused,
    /// Still HTTP 429 after the retries, or the wait would be longer than the call may take: see `retry_after`.
    /// For many sessions use a bulk call, which waits.
    RateLimited,
    /// HTTP 408, 425, or a 5xx without a message of the API's own, after the retries.
    ServerError,
    /// No connection, or it broke (name look-up, TLS, proxy, refused, reset, cut short, no descriptor or
    /// thread), after the retries.
    Connection,
    /// A time limit passed, after the retries.
    Timeout,
    /// A redirect (never followed), a success that is no JSON object, a response over 8 MiB, or an HTML page
    /// from something in front of the API.
    UnexpectedResponse,
    /// The caller cancelled.
    Cancelled,
    /// The client was closed, or the runtime or process that drove the call has ended.
    Closed,
    /// A bug of this library.
    Internal,
    /// The ledger of the limits that processes share (`shared_limits`) can't be reached, or refuses. Nothing
    /// was sent.
    LimitsUnavailable,
}

impl ErrorKind {
    /// Every kind of this version, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
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
        Self::LimitsUnavailable,
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
            Self::LimitsUnavailable => "limits_unavailable",
        }
    }

    /// The number that stands for this kind in C; numbers are never reused.
    #[doc(hidden)]
    pub const fn number(self) -> i32 {
        match self {
            Self::MissingFields => 1,
            Self::InvalidStatus => 2,
            Self::EmptySessionId => 3,
            Self::InvalidSessionId => 4,
            Self::MissingApiKey => 5,
            Self::InvalidConfig => 6,
            Self::Unauthorized => 7,
            Self::Forbidden => 8,
            Self::NotFound => 9,
            Self::Refused => 10,
            Self::RateLimited => 11,
            Self::ServerError => 12,
            Self::Connection => 13,
            Self::Timeout => 14,
            Self::UnexpectedResponse => 15,
            Self::Cancelled => 16,
            Self::Closed => 17,
            Self::Internal => 18,
            Self::LimitsUnavailable => 19,
        }
    }

    /// The name of the class that stands for this kind in Python.
    #[doc(hidden)]
    pub const fn python_class(self) -> &'static str {
        match self {
            Self::MissingFields => "ValidationError",
            Self::InvalidStatus => "ValidationError",
            Self::EmptySessionId => "ValidationError",
            Self::InvalidSessionId => "ValidationError",
            Self::MissingApiKey => "ConfigError",
            Self::InvalidConfig => "ConfigError",
            Self::Unauthorized => "AuthenticationError",
            Self::Forbidden => "PermissionDeniedError",
            Self::NotFound => "NotFoundError",
            Self::Refused => "RefusedError",
            Self::RateLimited => "RateLimitError",
            Self::ServerError => "ServerError",
            Self::Connection => "ConnectionFailedError",
            Self::Timeout => "RequestTimeoutError",
            Self::UnexpectedResponse => "UnexpectedResponseError",
            Self::Cancelled => "WtsError",
            Self::Closed => "ClientClosedError",
            Self::Internal => "WtsError",
            Self::LimitsUnavailable => "LimitsUnavailableError",
        }
    }
}
