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
    "WrongTypeError",
    "WtsError",
]


class WtsError(Exception):
    """A call failed, or a client could not be made.

    ``str(error)`` is the message and the description together. Neither it nor ``repr(error)`` shows the API key or the
    body of an answer. ``type(error)(*error.args)`` is an equal error, so that tools which store exceptions keep it all.

    Tests of your own code can make errors by hand; each class has a ``code`` and ``retryable`` that fit:

    >>> error = NotFoundError("No such session", http_status=404)
    >>> error.code, error.http_status, error.retryable
    ('not_found', 404, False)
    """

    code: str = "internal"
    """What went wrong, the same in every language, such as ``rate_limited``."""
    message: str
    """What went wrong in a few words; for a refusal the API's own sentence, in Portuguese."""
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
    """How many attempts there were, also those that failed or got no connection."""
    retryable: bool = False
    """Whether the same call may succeed later."""
    may_have_been_applied: bool
    """True if a request was sent and no response says whether it was applied."""

    def __init__(
        self,
        text: str = "",
        code: str | None = None,
        message: str | None = None,
        description: str = "",
        http_status: int | None = None,
        key: str | None = None,
        error_id: str | None = None,
        body: str | None = None,
        retry_after: float | None = None,
        attempts: int = 0,
        retryable: bool | None = None,
        may_have_been_applied: bool = False,
    ) -> None:
        super().__init__(text)
        self.code = type(self).code if code is None else code
        self.message = text if message is None else message
        self.description = description
        self.http_status = http_status
        self.key = key
        self.error_id = error_id
        self.body = body
        self.retry_after = retry_after
        self.attempts = attempts
        self.retryable = type(self).retryable if retryable is None else retryable
        self.may_have_been_applied = may_have_been_applied
        self.args = (
            text,
            self.code,
            self.message,
            description,
            http_status,
            key,
            error_id,
            body,
            retry_after,
            attempts,
            self.retryable,
            may_have_been_applied,
        )

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

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

    code = "missing_fields"


class WrongTypeError(ValidationError, TypeError):
    """An item of a bulk call has a wrong type. A single call raises a plain ``TypeError`` for that."""

    code = "invalid_session_id"


class ConfigError(WtsError, ValueError):
    """A client can't be made of these settings (``missing_api_key``, ``invalid_config``)."""

    code = "invalid_config"


class ApiError(WtsError):
    """The API answered with an error."""

    code = "refused"


class AuthenticationError(ApiError):
    """The API did not accept the key, or the base URL is wrong (``unauthorized``)."""

    code = "unauthorized"


class PermissionDeniedError(ApiError):
    """The API key may not do this (``forbidden``)."""

    code = "forbidden"


class NotFoundError(ApiError):
    """The API does not know the session, or something that belongs to it (``not_found``)."""

    code = "not_found"


class RefusedError(ApiError):
    """The API understood and said no (``refused``): sending the same again is of no use."""

    code = "refused"


class RateLimitError(ApiError):
    """The account's rate limit is reached (``rate_limited``); ``retry_after`` tells for how long, if that is known.

    For many sessions use a bulk call, which waits as long as it takes."""

    code = "rate_limited"
    retryable = True


class ServerError(ApiError):
    """The API is not working at the moment (``server_error``)."""

    code = "server_error"
    retryable = True


class ConnectionFailedError(WtsError, ConnectionError):
    """No connection, or it broke (``connection``); ``__cause__`` is the system's own error, where there is one."""

    code = "connection"
    retryable = True


class RequestTimeoutError(WtsError, TimeoutError):
    """A time limit passed (``timeout``)."""

    code = "timeout"
    retryable = True


class UnexpectedResponseError(WtsError):
    """An answer that the API would not give: a redirect, no JSON, too large (``unexpected_response``)."""

    code = "unexpected_response"


class LimitsUnavailableError(WtsError):
    """The ledger of the limits that processes share can't be reached, or refuses (``limits_unavailable``)."""

    code = "limits_unavailable"
    retryable = True


class ClientClosedError(WtsError):
    """The client was closed (``closed``)."""

    code = "closed"
