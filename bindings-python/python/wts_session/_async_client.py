from __future__ import annotations

from asyncio import get_running_loop

from wts_session._wts_session import AsyncCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from types import TracebackType
    from typing import TypeVar

    from typing_extensions import Self

    from wts_session._types import CompletedSession, Session
    from wts_session._wts_session import Call, Settled

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


def deliver(settled: Settled) -> None:
    """Settle the futures of calls that are done; runs in the event loop."""
    deliveries, has_more = settled.take()
    if has_more:
        # Other callbacks have their turn in between.
        get_running_loop().call_soon(deliver, settled)
    for future, result, error in deliveries:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
