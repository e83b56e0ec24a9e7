"""The native half of the package, which is private."""

from asyncio import AbstractEventLoop, Future
from collections.abc import Iterable
from contextvars import Context
from typing import Any, Generic, final

from wts_session._outcome import ResultT
from wts_session._outcomes import Outcome

__all__ = [
    "AsyncCalls",
    "BulkRun",
    "Calls",
    "Canceller",
    "Operation",
    "Settled",
    "StartedCall",
    "__version__",
    "complete_session",
    "error_classes",
    "report_unraisable",
    "shared_call",
    "update_session_status",
]

__version__: str

error_classes: dict[str, str]
"""The name of the class in `wts_session.errors` for each code of an error."""

def report_unraisable(error: BaseException) -> None:
    """Tells of an exception that nobody can catch, as Python does of those in `__del__`."""

@final
class Operation:
    """An operation with its options."""

def update_session_status(stop_bot_in_execution: bool) -> Operation: ...
def complete_session(reactivate_on_new_message: bool, stop_bot_in_execution: bool) -> Operation: ...

@final
class Calls:
    """The native half of `Client`."""

    def __new__(cls, settings: dict[str, Any]) -> Calls: ...
    def call(self, operation: Operation, session_id: object, status: object, logs_attempts: bool) -> dict[str, Any]:
        """One call; `logs_attempts` tells whether lines below warnings are wanted."""

    def bulk(self, operation: Operation, logs_attempts: bool) -> BulkRun[Any]:
        """Begins a bulk call."""

    def close(self) -> None: ...

def shared_call(
    settings: dict[str, Any], operation: Operation, session_id: object, status: object, logs_attempts: bool
) -> dict[str, Any]:
    """One call by the client that all calls with these settings share."""

@final
class AsyncCalls:
    """The native half of `AsyncClient`."""

    def __new__(cls, settings: dict[str, Any]) -> AsyncCalls: ...
    def start(
        self,
        operation: Operation,
        session_id: object,
        status: object,
        logs_attempts: bool,
        context: Context,
        settled: Settled,
        future: Future[dict[str, Any]],
    ) -> StartedCall:
        """Starts the call whose outcome `future` becomes by way of a mailbox. Its lines are logged in `context`."""

    def bulk(self, operation: Operation, logs_attempts: bool) -> BulkRun[Any]:
        """Begins a bulk call."""

    def close(self) -> None: ...

@final
class StartedCall:
    """A call that is under way."""

    def abort(self) -> None:
        """Stop the call and close its connection."""

@final
class BulkRun(Generic[ResultT]):
    """A bulk call under way: items are added one by one, outcomes are taken as they settle."""

    @property
    def has_room(self) -> bool:
        """Whether another item may be added now."""

    @property
    def ends_early(self) -> bool:
        """Whether it was stopped or cancelled."""

    @property
    def ended(self) -> bool:
        """Whether no more items come and all have settled."""

    @property
    def done(self) -> int:
        """How many items have settled."""

    @property
    def has_outcome(self) -> bool:
        """Whether there is an outcome that nobody was handed."""

    @property
    def next_outcome(self) -> Outcome[ResultT]:
        """The next outcome; to read it hands it out. An attribute, since Python looks for signals after each call."""

    def check_process(self) -> None:
        """Raise an error in a forked child of the process to which the call belongs."""

    def canceller(self) -> Canceller | None:
        """What cancels the call from another thread, also while this one waits."""

    def add(self, given: object) -> None:
        """Put in the next item; only while there is room. One of a wrong type fails alone."""

    def finish(self) -> None:
        """Say that no more items come."""

    def stop(self) -> None:
        """Send nothing more: requests in flight are awaited, and all the rest is cancelled."""

    def wait(self, seconds: float | None = None) -> None:
        """Wait until items have settled, or all have, or there are lines to log; or for so many seconds."""

    def notify(self, settled: Settled, future: Future[None]) -> None:
        """Have a mailbox's loop settle `future` once items have settled, or all have, or there are lines to log."""

    def take(self) -> list[tuple[str, tuple[Any, ...]]]:
        """Take over what has settled, without waiting, and give the lines to log: for each function and arguments."""

    def in_order(self, items: Iterable[Any] | object) -> list[Outcome[ResultT]]:
        """All outcomes that nobody was handed, in the order of the items.

        After a stop also those of the items of a list or tuple that were never taken.
        """

    def cancel(self) -> None:
        """Abort what is in flight, and send nothing more; nothing in a forked child."""

    def drain(self) -> None:
        """As `cancel`, take over what comes of it, and log the lines that are left."""

    def fail(self, error: BaseException, items: object) -> None:
        """End the call at once because of `error`, which is raised with `outcomes`: those that nobody was handed.

        It raises the error itself, since Python looks for signals before the next statement.
        """

@final
class Canceller:
    """Cancels a bulk call from any thread."""

    def cancel(self) -> None:
        """Abort what is in flight, and send nothing more."""

@final
class Settled:
    """The outcomes that wait in a mailbox, for the code in Python that settles the futures.

    It is not done here, since it may run more code in Python: see `exception`.
    """

    def __new__(cls, event_loop: AbstractEventLoop, has_wakeup: bool) -> Settled: ...
    def is_of(self, event_loop: AbstractEventLoop) -> bool:
        """Whether this is the mailbox of that loop."""

    def fileno(self) -> int:
        """What becomes readable when there is something to take."""

    def abandon(self) -> None:
        """Nobody is going to take anything any more."""

    def take(
        self,
    ) -> tuple[
        list[tuple[Future[Any], Any, BaseException | None]],
        list[tuple[Context | None, str, tuple[Any, ...]]],
        bool,
    ]:
        """The next futures, the lines to log, and whether there are more futures.

        A future comes with its result or its error; a line with the context of its call, function and arguments.
        """
