from __future__ import annotations

from contextvars import copy_context

from wts_session import _async_bulk
from wts_session import _wts_session as native
from wts_session._bulk import check_progress
from wts_session._logging import logs_attempts
from wts_session._mailbox import mailbox_of, running_loop
from wts_session._settings import BaseClient
from wts_session._typing import cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncIterable, Callable, Iterable
    from types import TracebackType
    from typing import Any
    from uuid import UUID

    from typing_extensions import Self

    from wts_session._async_bulk import AsyncOutcomeIterator
    from wts_session._outcomes import Outcome
    from wts_session._types import CompletedSession, Session


class AsyncClient(BaseClient["native.AsyncCalls"]):
    """A client of the WTS Chat API for asyncio.

    The arguments are those of :class:`Client`. A client may be used by many tasks at once, and in one event loop after
    the other. Cancelling a task, ``asyncio.wait_for`` and anyio's scopes included, aborts its request and closes the
    connection.

    It works on asyncio's event loops and on those that stand in for them, such as uvloop; not on trio.

    >>> async def close_chat(session_id):
    ...     async with AsyncClient() as client:
    ...         return await client.complete_session(session_id)
    >>> asyncio.run(close_chat("session_12345"))["success"]
    True
    """

    _native = native.AsyncCalls

    async def update_session_status(
        self, session_id: str | UUID | None, status: str | None, *, stop_bot_in_execution: bool = False
    ) -> Session:
        """Set the status of a session, as :meth:`Client.update_session_status` does."""
        operation = native.update_session_status(stop_bot_in_execution)
        return cast("Session", await _result(self._calls, operation, session_id, status))

    async def complete_session(
        self,
        session_id: str | UUID | None,
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> CompletedSession:
        """Complete a session, as :meth:`Client.complete_session` does."""
        operation = native.complete_session(reactivate_on_new_message, stop_bot_in_execution)
        return cast("CompletedSession", await _result(self._calls, operation, session_id, None))

    async def update_session_statuses(
        self,
        updates: Iterable[tuple[str | UUID | None, str | None]] | AsyncIterable[tuple[str | UUID | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> list[Outcome[Session]]:
        """Set the status of many sessions, as :meth:`Client.update_session_statuses` does."""
        source = _async_bulk.iterator("updates", updates)
        check_progress(on_progress)
        operation = native.update_session_status(stop_bot_in_execution)
        run: native.BulkRun[Session] = self._calls.bulk(operation, logs_attempts())
        return await _async_bulk.collect(run, updates, source, on_progress)

    async def complete_sessions(
        self,
        session_ids: Iterable[str | UUID | None] | AsyncIterable[str | UUID | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> list[Outcome[CompletedSession]]:
        """Complete many sessions, as :meth:`Client.complete_sessions` does.

        Where the task is cancelled, requests in flight are aborted, and :func:`outcomes_of` finds the outcomes: of the
        ``CancelledError``, and of what asyncio makes of it.

        >>> async def close_chats(session_ids):
        ...     try:
        ...         return await asyncio.wait_for(AsyncClient().complete_sessions(session_ids), timeout=60)
        ...     except asyncio.TimeoutError as error:
        ...         return outcomes_of(error)
        >>> [outcome.ok for outcome in asyncio.run(close_chats(["session_12345"]))]
        [True]
        """
        source = _async_bulk.iterator("session_ids", session_ids)
        check_progress(on_progress)
        operation = native.complete_session(reactivate_on_new_message, stop_bot_in_execution)
        run: native.BulkRun[CompletedSession] = self._calls.bulk(operation, logs_attempts())
        return await _async_bulk.collect(run, session_ids, source, on_progress)

    def iter_update_session_statuses(
        self,
        updates: Iterable[tuple[str | UUID | None, str | None]] | AsyncIterable[tuple[str | UUID | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
    ) -> AsyncOutcomeIterator[Session]:
        """Set the status of many sessions, as :meth:`Client.iter_update_session_statuses` does."""
        source = _async_bulk.iterator("updates", updates)
        operation = native.update_session_status(stop_bot_in_execution)
        return _async_bulk.AsyncOutcomeIterator(self._calls.bulk(operation, logs_attempts()), updates, source)

    def iter_complete_sessions(
        self,
        session_ids: Iterable[str | UUID | None] | AsyncIterable[str | UUID | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> AsyncOutcomeIterator[CompletedSession]:
        """Complete many sessions, as :meth:`Client.iter_complete_sessions` does.

        The end of ``async with`` aborts the requests in flight.

        >>> async def close_chats(session_ids):
        ...     async with AsyncClient() as client, client.iter_complete_sessions(session_ids) as outcomes:
        ...         return [outcome.ok async for outcome in outcomes]
        >>> asyncio.run(close_chats(["session_12345", "session_12345"]))
        [True, True]
        """
        source = _async_bulk.iterator("session_ids", session_ids)
        operation = native.complete_session(reactivate_on_new_message, stop_bot_in_execution)
        return _async_bulk.AsyncOutcomeIterator(self._calls.bulk(operation, logs_attempts()), session_ids, source)

    async def close(self) -> None:
        """Close the client: calls that are not sent yet, and all later ones, raise ``ClientClosedError``.

        Requests in flight are awaited by their calls. Idle connections are closed.
        """
        self._calls.close()

    async def aclose(self) -> None:
        """As :meth:`close`; for ``contextlib.aclosing``."""
        self._calls.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._calls.close()


async def _result(
    calls: native.AsyncCalls, operation: native.Operation, session_id: str | UUID | None, status: str | None
) -> dict[str, Any]:
    loop = running_loop()
    future: Future[dict[str, Any]] = loop.create_future()
    call = calls.start(operation, session_id, status, logs_attempts(), copy_context(), mailbox_of(loop), future)
    try:
        return await future
    except BaseException:
        call.abort()
        raise
