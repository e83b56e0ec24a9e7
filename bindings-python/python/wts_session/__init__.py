"""Set the status of WTS Chat sessions, and complete them.

>>> client = Client()
>>> client.update_session_status("session_12345", SessionStatus.IN_PROGRESS)["status"]
'IN_PROGRESS'
>>> client.complete_session("session_12345")["success"]
True

:class:`Client` waits, :class:`AsyncClient` is for asyncio; :func:`update_session_status` and :func:`complete_session`
do the same without a client of your own. All failures are a :class:`WtsError`.
"""

from __future__ import annotations

from wts_session._bulk import OutcomeIterator
from wts_session._client import Client, complete_session, update_session_status
from wts_session._outcome import Failed, Succeeded
from wts_session._wts_session import __version__
from wts_session.errors import (
    ApiError,
    AuthenticationError,
    ClientClosedError,
    ConfigError,
    ConnectionFailedError,
    LimitsUnavailableError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RefusedError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    ValidationError,
    WrongTypeError,
    WtsError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wts_session._async_bulk import AsyncOutcomeIterator
    from wts_session._async_client import AsyncClient
    from wts_session._outcomes import Outcome, outcomes_of
    from wts_session._status import SessionStatus
    from wts_session._types import CompletedSession, Session

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncOutcomeIterator",
    "AuthenticationError",
    "Client",
    "ClientClosedError",
    "CompletedSession",
    "ConfigError",
    "ConnectionFailedError",
    "Failed",
    "LimitsUnavailableError",
    "NotFoundError",
    "Outcome",
    "OutcomeIterator",
    "PermissionDeniedError",
    "RateLimitError",
    "RefusedError",
    "RequestTimeoutError",
    "ServerError",
    "Session",
    "SessionStatus",
    "Succeeded",
    "UnexpectedResponseError",
    "ValidationError",
    "WrongTypeError",
    "WtsError",
    "__version__",
    "complete_session",
    "outcomes_of",
    "update_session_status",
]


_LAZY = {
    "AsyncClient": "_async_client",
    "AsyncOutcomeIterator": "_async_bulk",
    "CompletedSession": "_types",
    "Outcome": "_outcomes",
    "Session": "_types",
    "SessionStatus": "_status",
    "outcomes_of": "_outcomes",
}


def __getattr__(name: str) -> object:
    # Programs that do not use them need not load asyncio, enum and typing, which take longer than all the rest.
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = getattr(import_module(f"wts_session.{_LAZY[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
