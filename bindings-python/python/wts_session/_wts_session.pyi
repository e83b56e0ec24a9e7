from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar, final

from typing_extensions import Self, disjoint_base

from wts_session._outcome import Outcome
from wts_session._types import CompletedSession, Session
from wts_session.errors import WtsError

_ResultT = TypeVar("_ResultT")

__all__ = [
    "AsyncCalls",
    "BulkRun",
    "Call",
    "Client",
    "Settled",
    "__version__",
    "complete_session",
    "error_classes",
    "update_session_status",
]

__version__: str

error_classes: dict[str, str]
"""The name of the class in `wts_session.errors` for each code of an error."""

@disjoint_base
class Client:
    """A client of the WTS Chat API; a call waits until it is done.

    `api_key` is a permanent token of the web app (Ajustes > Integrações > Integração via API), as it was copied from
    there; without it the environment's `WTS_API_KEY` is taken. `base_url` is the address of the API without `/chat`;
    without it the environment's `WTS_BASE_URL`, or else `https://api.wts.chat`.

    `timeout` bounds one attempt and `total_timeout` a whole call with its waiting and retries, both in seconds;
    `total_timeout=None` is no bound. A request is sent again at most `max_retries` times, and only where that can help.
    At most `max_concurrency` requests are under way at once. `rate_limits` are the account's limits, pairs of requests
    and seconds; `None` switches them off. `reserve` is the share of each limit, 0 to 0.5, that a call which holds many
    slots leaves to other calls.

    `shared_limits` is where the ledger is that processes share: `'machine'`, `'redis://host'` and others, as
    `docs/several-processes.md` lists them; without it the environment's `WTS_SHARED_LIMITS`, or else `'off'`.
    `shared_limits_account` is a name that joins several keys of one account. `shared_limits_fallback` is `'wait'`, or
    the share of the limits that is used while the ledger can't be reached.

    `auth_scheme` is `'bearer'`, or `'raw'` for tenants that want the key alone. `allow_insecure_http` allows a base
    URL of plain http, which shows the key to everyone on the way.

    Many threads may share a client. A child made by `os.fork` can go on with the client of its parent; it has
    connections of its own, and rate limits of its own unless `shared_limits` are set.

    Raises `ConfigError` where a client can't be made of these settings.

    >>> with Client() as client:
    ...     session = client.complete_session("session_12345")
    >>> session["success"], session["sessionId"]
    (True, 'session_12345')
    """

    def __new__(
        cls,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 15.0,
        total_timeout: float | None = 60.0,
        max_retries: int = 3,
        max_concurrency: int = 64,
        rate_limits: Iterable[tuple[int, float]] | None = ((200, 5.0), (1000, 300.0)),
        reserve: float = 0.05,
        shared_limits: str | None = None,
        shared_limits_account: str | None = None,
        shared_limits_fallback: Literal["wait"] | float = "wait",
        auth_scheme: Literal["bearer", "raw"] = "bearer",
        allow_insecure_http: bool = False,
    ) -> Self: ...
    def update_session_status(
        self, session_id: str | None, status: str | None, *, stop_bot_in_execution: bool = False
    ) -> Session:
        """Set the status of a session, and return the session as the API has it then.

        `status` is a `SessionStatus` or its name, `'IN_PROGRESS'` or `'In Progress'`, in any case.
        `stop_bot_in_execution` stops a chatbot that is running in the session. The dict holds what the API answered,
        every field of it; `id` and `status` are always there.

        Raises a `WtsError`: `ValidationError` before anything is sent, `ApiError` where the API says no,
        `ConnectionFailedError` and `RequestTimeoutError` where there is no answer.
        """

    def complete_session(
        self,
        session_id: str | None,
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> CompletedSession:
        """Complete a session, and return the session as the API has it then.

        `reactivate_on_new_message` has a new message of the contact reopen the session; `stop_bot_in_execution` stops
        a chatbot that is running in it. The dict holds what the API answered, every field of it; `success` and
        `sessionId` are always there.

        Raises a `WtsError`: `ValidationError` before anything is sent, `ApiError` where the API says no,
        `ConnectionFailedError` and `RequestTimeoutError` where there is no answer.
        """

    def _update_session_statuses(self, stop_bot_in_execution: bool) -> BulkRun[Session]: ...
    def _complete_sessions(
        self, reactivate_on_new_message: bool, stop_bot_in_execution: bool
    ) -> BulkRun[CompletedSession]: ...
    def close(self) -> None:
        """Close the client: calls that wait to be sent, and all later ones, raise `ClientClosedError`.

        Requests under way end as they would.
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...

def update_session_status(
    session_id: str | None,
    status: str | None,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    stop_bot_in_execution: bool = False,
) -> Session:
    """Set the status of a session, as `Client.update_session_status` does, without a client of your own.

    The client is kept for the next call with the same `api_key` and `base_url`, which are those of `Client`.

    >>> update_session_status("session_12345", "PENDING")["status"]
    'PENDING'
    """

def complete_session(
    session_id: str | None,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    reactivate_on_new_message: bool = False,
    stop_bot_in_execution: bool = False,
) -> CompletedSession:
    """Complete a session, as `Client.complete_session` does, without a client of your own.

    The client is kept for the next call with the same `api_key` and `base_url`, which are those of `Client`.

    >>> complete_session("session_12345", reactivate_on_new_message=True)["success"]
    True
    """

@disjoint_base
class AsyncCalls:
    """The native half of `AsyncClient`."""

    def __new__(
        cls,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 15.0,
        total_timeout: float | None = 60.0,
        max_retries: int = 3,
        max_concurrency: int = 64,
        rate_limits: Iterable[tuple[int, float]] | None = ((200, 5.0), (1000, 300.0)),
        reserve: float = 0.05,
        shared_limits: str | None = None,
        shared_limits_account: str | None = None,
        shared_limits_fallback: Literal["wait"] | float = "wait",
        auth_scheme: Literal["bearer", "raw"] = "bearer",
        allow_insecure_http: bool = False,
    ) -> Self: ...
    def _update_session_status(
        self, future: Future[Session], session_id: str | None, status: str | None, stop_bot_in_execution: bool
    ) -> Call: ...
    def _complete_session(
        self,
        future: Future[CompletedSession],
        session_id: str | None,
        reactivate_on_new_message: bool,
        stop_bot_in_execution: bool,
    ) -> Call: ...
    def _update_session_statuses(self, stop_bot_in_execution: bool) -> BulkRun[Session]: ...
    def _complete_sessions(
        self, reactivate_on_new_message: bool, stop_bot_in_execution: bool
    ) -> BulkRun[CompletedSession]: ...
    def _close(self) -> None: ...

@final
class Call:
    """A call that is under way."""

    def abort(self) -> None:
        """Stop the call and close its connection."""

@final
class BulkRun(Generic[_ResultT]):
    """A bulk call under way: items are added one by one, outcomes are taken as they settle."""

    @property
    def has_room(self) -> bool:
        """Whether another item may be added now."""

    @property
    def ends_early(self) -> bool:
        """Whether it was stopped or cancelled."""

    @property
    def ended(self) -> bool:
        """Whether all outcomes have been taken and no more items come."""

    def check_process(self) -> None:
        """Raise an error in a forked child of the process to which the call belongs."""

    def add(self, item: object) -> None:
        """Put in the next item; only while there is room."""

    def finish(self) -> None:
        """Say that no more items come."""

    def stop(self) -> None:
        """Send nothing more: what has left gets its answer, and all the rest is cancelled."""

    def cancel(self) -> None:
        """Break off the requests under way: what has not settled is cancelled, and so is what is added later."""

    def abort(self) -> None:
        """Drop the requests under way, and all that nobody has taken yet."""

    def wait(self, client: Client) -> None:
        """Wait until there are outcomes to take, or none will come. What a signal handler raises cancels the call."""

    def notify(self, calls: AsyncCalls, future: Future[None]) -> None:
        """Have the loop settle `future` once there are outcomes to take, or none will come."""

    def take(self, sink: list[Outcome[_ResultT]] | deque[Outcome[_ResultT]]) -> None:
        """Append the outcomes that have settled to `sink`, without waiting. None is lost where this raises."""

    @property
    def taken(self) -> int:
        """How many items have been added."""

    @staticmethod
    def cancellation() -> WtsError:
        """The error of an item that was cancelled before it was added."""

@final
class Settled:
    """The outcomes that wait in a mailbox, for the code in Python that settles the futures.

    It is not done here, since it may run more code in Python: see `exception`.
    """

    def __new__(cls, event_loop: AbstractEventLoop, has_bell: bool) -> Self: ...
    def fileno(self) -> int:
        """What becomes readable when there is something to take."""

    def abandon(self) -> None:
        """Nobody is going to take anything any more."""

    def take(self) -> tuple[list[tuple[Future[Any], Any, WtsError | None]], bool]:
        """The next futures, each with its result or its error, and whether there are more."""
