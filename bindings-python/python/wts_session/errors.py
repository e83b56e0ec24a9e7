"""The exceptions of this package: ``except WtsError`` catches them all."""

from __future__ import annotations

__all__ = [
    "ApiError",
    "AuthenticationError",
    "ClientClosedError",
    "ConfigError",
    "ConnectionFailedError",
    "LimitsUnavailableError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RefusedError",
    "RequestTimeoutError",
    "ServerError",
    "UnexpectedResponseError",
    "ValidationError",
    "WtsError",
]


class WtsError(Exception):
    """A call failed, or a client could not be made.

    ``str(error)`` is the message and the description together. Neither it nor ``repr(error)`` shows the API key or the
    body of an answer.
    """

    code: str
    """What went wrong, the same in every language, such as ``rate_limited``."""
    message: str
    """The same in a few words; for a refusal the API's own sentence, in Portuguese."""
    description: str
    """More about it: what was expected, what to do. May be empty, or the message again."""
    http_status: int | None
    """The HTTP status of the answer, where there was one."""
    key: str | None
    """The ``key`` of the API's error envelope, such as ``ENTITY_NOT_FOUND``."""
    error_id: str | None
    """The envelope's ``id.shortValue``: what the vendor's support asks for."""
    body: str | None
    """What the API sent, cut at 4 KiB. It may hold personal data: keep it out of logs."""
    retry_after: float | None
    """How many seconds to wait before a later try, where that is known."""
    attempts: int
    """How many requests were sent for this call, the failed ones included."""
    retryable: bool
    """Whether the same call may succeed later."""
    may_have_been_applied: bool
    """Whether a request left for which no answer tells if the API carried it out."""

    def __init__(
        self,
        text: str = "",
        *,
        code: str = "internal",
        message: str | None = None,
        description: str = "",
        http_status: int | None = None,
        key: str | None = None,
        error_id: str | None = None,
        body: str | None = None,
        retry_after: float | None = None,
        attempts: int = 0,
        retryable: bool = False,
        may_have_been_applied: bool = False,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.message = text if message is None else message
        self.description = description
        self.http_status = http_status
        self.key = key
        self.error_id = error_id
        self.body = body
        self.retry_after = retry_after
        self.attempts = attempts
        self.retryable = retryable
        self.may_have_been_applied = may_have_been_applied

    def __repr__(self) -> str:
        facts = {
            "code": self.code,
            "http_status": self.http_status,
            "key": self.key,
            "error_id": self.error_id,
            "retry_after": self.retry_after,
            "attempts": self.attempts or None,
            "retryable": self.retryable or None,
            "may_have_been_applied": self.may_have_been_applied or None,
        }
        shown = [f"{name}={value!r}" for name, value in facts.items() if value is not None]
        return f"{type(self).__name__}({', '.join([repr(str(self)), *shown])})"


class ValidationError(WtsError, ValueError):
    """An argument can't be right (``missing_fields``, ``invalid_status``, ``empty_session_id``,
    ``invalid_session_id``): nothing was sent."""


class ConfigError(WtsError, ValueError):
    """A client can't be made of these settings (``missing_api_key``, ``invalid_config``)."""


class ApiError(WtsError):
    """The API answered with an error."""


class AuthenticationError(ApiError):
    """The API did not accept the key, or the base URL is wrong (``unauthorized``)."""


class PermissionDeniedError(ApiError):
    """The API key may not do this (``forbidden``)."""


class NotFoundError(ApiError):
    """The API does not know the session, or something that belongs to it (``not_found``)."""


class RefusedError(ApiError):
    """The API understood and said no (``refused``): sending the same again is of no use."""


class RateLimitError(ApiError):
    """The account's rate limit is reached (``rate_limited``); ``retry_after`` tells for how long, if that is known."""


class ServerError(ApiError):
    """The API is not working at the moment (``server_error``)."""


class ConnectionFailedError(WtsError, ConnectionError):
    """No connection, or it broke (``connection``); ``__cause__`` is the system's own error, where there is one."""


class RequestTimeoutError(WtsError, TimeoutError):
    """A time limit passed (``timeout``)."""


class UnexpectedResponseError(WtsError):
    """An answer that the API would not give: a redirect, no JSON, too large (``unexpected_response``)."""


class LimitsUnavailableError(WtsError):
    """The ledger of the limits that processes share can't be reached, or refuses (``limits_unavailable``)."""


class ClientClosedError(WtsError):
    """The client was closed (``closed``)."""
