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

from wts_session._client import Client
from wts_session._outcome import Outcome
from wts_session._status import SessionStatus
from wts_session._types import CompletedSession, Session
from wts_session._wts_session import __version__, complete_session, update_session_status
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
    WtsError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wts_session._async_client import AsyncClient

__all__ = [
    "ApiError",
    "AsyncClient",
    "AuthenticationError",
    "Client",
    "ClientClosedError",
    "CompletedSession",
    "ConfigError",
    "ConnectionFailedError",
    "LimitsUnavailableError",
    "NotFoundError",
    "Outcome",
    "PermissionDeniedError",
    "RateLimitError",
    "RefusedError",
    "RequestTimeoutError",
    "ServerError",
    "Session",
    "SessionStatus",
    "UnexpectedResponseError",
    "ValidationError",
    "WtsError",
    "__version__",
    "complete_session",
    "update_session_status",
]


def __getattr__(name: str) -> object:
    # Programs that do not use it need not load asyncio.
    if name != "AsyncClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wts_session._async_client import AsyncClient

    globals()[name] = AsyncClient
    return AsyncClient


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
