from __future__ import annotations

from asyncio import get_running_loop

from wts_session import _async_bulk
from wts_session import _mailbox as _mailbox  # calls find it loaded
from wts_session._bulk import check_progress
from wts_session._wts_session import AsyncCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
    from types import TracebackType
    from typing import TypeVar

    from typing_extensions import Self

    from wts_session._outcome import Outcome
    from wts_session._types import CompletedSession, Session
    from wts_session._wts_session import Call

    _Outcome = TypeVar("_Outcome")


class AsyncClient(AsyncCalls):
    """A client of the WTS Chat API for asyncio.

    The arguments are those of :class:`Client`. A client may be used by many tasks at once, and in one event loop after
    the other. Cancelling a task, ``asyncio.wait_for`` included, cancels its request and closes the connection.

    It works on asyncio's event loops and on those that stand in for them, such as uvloop; not on trio.

    >>> async def close_chat(session_id):
    ...     async with AsyncClient() as client:
    ...         return await client.complete_session(session_id)
    >>> asyncio.run(close_chat("session_12345"))["success"]
    True
    """

    async def update_session_status(
        self, session_id: str | None, status: str | None, *, stop_bot_in_execution: bool = False
    ) -> Session:
        """Set the status of a session, as :meth:`Client.update_session_status` does."""
        future: Future[Session] = get_running_loop().create_future()
        call = self._update_session_status(future, session_id, status, stop_bot_in_execution)
        return await _outcome(call, future)

    async def complete_session(
        self,
        session_id: str | None,
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> CompletedSession:
        """Complete a session, as :meth:`Client.complete_session` does."""
        future: Future[CompletedSession] = get_running_loop().create_future()
        call = self._complete_session(future, session_id, reactivate_on_new_message, stop_bot_in_execution)
        return await _outcome(call, future)

    async def update_session_statuses(
        self,
        updates: Iterable[tuple[str | None, str | None]] | AsyncIterable[tuple[str | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> list[Outcome[Session]]:
        """Set the status of many sessions, as :meth:`Client.update_session_statuses` does."""
        source = _async_bulk.iterator("updates", updates)
        check_progress(on_progress)
        run = self._update_session_statuses(stop_bot_in_execution)
        return await _async_bulk.collect(self, run, updates, source, on_progress)

    async def complete_sessions(
        self,
        session_ids: Iterable[str | None] | AsyncIterable[str | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> list[Outcome[CompletedSession]]:
        """Complete many sessions, as :meth:`Client.complete_sessions` does.

        Where the task is cancelled, the ``CancelledError`` has the list of outcomes as its attribute ``outcomes``.
        """
        source = _async_bulk.iterator("session_ids", session_ids)
        check_progress(on_progress)
        run = self._complete_sessions(reactivate_on_new_message, stop_bot_in_execution)
        return await _async_bulk.collect(self, run, session_ids, source, on_progress)

    def iter_update_session_statuses(
        self,
        updates: Iterable[tuple[str | None, str | None]] | AsyncIterable[tuple[str | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
    ) -> AsyncGenerator[Outcome[Session], None]:
        """Set the status of many sessions, as :meth:`Client.iter_update_session_statuses` does."""
        source = _async_bulk.iterator("updates", updates)
        run = self._update_session_statuses(stop_bot_in_execution)
        return _async_bulk.iterate(self, run, updates, source)

    def iter_complete_sessions(
        self,
        session_ids: Iterable[str | None] | AsyncIterable[str | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> AsyncGenerator[Outcome[CompletedSession], None]:
        """Complete many sessions, as :meth:`Client.iter_complete_sessions` does.

        ``aclose()``, which ``contextlib.aclosing`` calls, breaks off the requests under way.

        >>> async def close_chats(session_ids):
        ...     async with AsyncClient() as client:
        ...         return [outcome.ok async for outcome in client.iter_complete_sessions(session_ids)]
        >>> asyncio.run(close_chats(["session_12345", "session_12345"]))
        [True, True]
        """
        source = _async_bulk.iterator("session_ids", session_ids)
        run = self._complete_sessions(reactivate_on_new_message, stop_bot_in_execution)
        return _async_bulk.iterate(self, run, session_ids, source)

    async def close(self) -> None:
        """Close the client: calls that wait to be sent, and all later ones, raise ``ClientClosedError``.

        Requests under way end as they would.
        """
        self._close()

    async def aclose(self) -> None:
        """As :meth:`close`; for ``contextlib.aclosing``."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()


async def _outcome(call: Call, future: Future[_Outcome]) -> _Outcome:
    try:
        return await future
    except BaseException:
        call.abort()
        raise
