"""Bulk calls for asyncio; as ``_bulk``, but an input that is asynchronous goes on while outcomes settle."""

from __future__ import annotations

from asyncio import CancelledError, Event, get_running_loop, sleep, wait
from collections import deque

from wts_session._bulk import attach, in_order, iterator, length, report, rest, wrong_iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator
    from typing import Any, TypeVar

    from wts_session._bulk import Progress
    from wts_session._outcome import Outcome
    from wts_session._types import Session
    from wts_session._wts_session import AsyncCalls, BulkRun

    ResultT = TypeVar("ResultT", bound=Session)

TAKEN_AT_ONCE = 16


def async_iterator(argument: str, items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    """The items one by one; a ``TypeError`` that names the argument where they are none."""
    if not hasattr(type(items), "__aiter__"):
        return _in_portions(iterator(argument, items))  # type: ignore[arg-type]
    try:
        return items.__aiter__()  # type: ignore[union-attr]
    except TypeError as error:
        raise wrong_iterable(argument, items) from error


async def _in_portions(source: Iterator[Any]) -> AsyncIterator[Any]:
    """The loop has its turn now and then."""
    for number, item in enumerate(source, 1):
        yield item
        if number % TAKEN_AT_ONCE == 0:
            await sleep(0)


async def collect(
    calls: AsyncCalls,
    run: BulkRun[ResultT],
    items: Iterable[Any] | AsyncIterable[Any],
    source: AsyncIterator[Any],
    on_progress: Progress | None,
) -> list[Outcome[ResultT]]:
    """As that of ``_bulk``."""
    outcomes: list[Outcome[ResultT]] = []
    call = _Call(calls, run, source)
    try:
        try:
            told, total = 0, length(items)
            async for _ in call.settle(outcomes):
                pass
        finally:
            pass
        return in_order(outcomes)
    finally:
        call.end()
