"""Bulk calls for asyncio; as ``_bulk``, but an input that is asynchronous goes on while outcomes settle."""

from __future__ import annotations

from asyncio import CancelledError, Event, get_running_loop, sleep, wait
from collections import deque
from contextlib import suppress

from wts_session import _bulk
from wts_session._bulk import attach, in_order, length, never_taken, report, wrong_iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future, Task
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from wts_session._outcome import Outcome
    from wts_session._wts_session import AsyncCalls, BulkRun

    _ResultT = TypeVar("_ResultT")
    _Progress = Callable[[int, "int | None"], object]

TAKEN_AT_ONCE = 16


def iterator(argument: str, items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    """The items one by one; a ``TypeError`` that names the argument where they are none."""
    if not hasattr(type(items), "__aiter__"):
        return _in_portions(_bulk.iterator(argument, items))  # type: ignore[arg-type]
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
    run: BulkRun[_ResultT],
    items: Iterable[Any] | AsyncIterable[Any],
    source: AsyncIterator[Any],
    on_progress: _Progress | None,
) -> list[Outcome[_ResultT]]:
    """As that of ``_bulk``."""
    outcomes: list[Outcome[_ResultT]] = []
    call = _Call(calls, run, source)
    try:
        told, total = 0, length(items)
        while not run.ended:
            await call.some_settle(outcomes)
            told = report(on_progress, told, len(outcomes), total)
        await call.feeder
    except GeneratorExit:
        raise
    except Exception as error:
        await call.stop(items, outcomes)
        attach(error, outcomes, never_taken(run, items))
        raise
    except BaseException as error:
        await call.cancel(outcomes)
        attach(error, outcomes, never_taken(run, items))
        raise
    finally:
        call.drop()
    return in_order(outcomes)


async def iterate(
    calls: AsyncCalls,
    run: BulkRun[_ResultT],
    items: Iterable[Any] | AsyncIterable[Any],
    source: AsyncIterator[Any],
) -> AsyncGenerator[Outcome[_ResultT], None]:
    """As that of ``_bulk``."""
    settled: deque[Outcome[_ResultT]] = deque()
    call = _Call(calls, run, source)
    try:
        while not run.ended:
            await call.some_settle(settled)
            while settled:
                yield settled.popleft()
        await call.feeder
    except GeneratorExit:
        raise
    except Exception as error:
        attach(error, settled, never_taken(run, items))
        raise
    except BaseException as error:
        await call.cancel(settled)
        attach(error, settled, never_taken(run, items))
        raise
    finally:
        call.drop()


class _Call:
    """A bulk call and the task that puts its items in."""

    def __init__(self, calls: AsyncCalls, run: BulkRun[Any], source: AsyncIterator[Any]) -> None:
        self._calls = calls
        self._run = run
        self._room = Event()
        self._is_stopping = False
        self._loop = get_running_loop()
        self.feeder: Task[None] = self._loop.create_task(self._feed(source))

    async def _feed(self, source: AsyncIterator[Any]) -> None:
        try:
            async for item in source:
                self._run.add(item)
                while not self._run.has_room:
                    self._room.clear()
                    await self._room.wait()
        except Exception:
            self._run.stop()
            raise
        except BaseException:
            if not self._is_stopping:
                self._run.cancel()
            raise
        finally:
            self._run.finish()

    async def some_settle(self, sink: list[Outcome[Any]] | deque[Outcome[Any]]) -> None:
        """Wait for outcomes and put them into ``sink``."""
        future: Future[None] = self._loop.create_future()
        self._run.notify(self._calls, future)
        await future
        self._run.take(sink)
        self._room.set()

    async def stop(self, items: object, sink: list[Outcome[Any]]) -> None:
        """Send nothing more, and wait for the answers to what has left."""
        try:
            self._run.stop()
            await self._stop_feeding()
            while not self._run.ended:
                await self.some_settle(sink)
        except CancelledError as cancellation:
            await self.cancel(sink)
            attach(cancellation, sink, never_taken(self._run, items))
            raise

    async def cancel(self, sink: list[Outcome[Any]] | deque[Outcome[Any]]) -> None:
        """Break off what is under way, and take what that makes of it."""
        self._run.cancel()
        self.feeder.cancel()
        self._run.finish()
        while not self._run.ended:
            # To be told twice makes no difference: it ends at once.
            with suppress(CancelledError):
                await self.some_settle(sink)
        with suppress(CancelledError):
            await self._stop_feeding()

    async def _stop_feeding(self) -> None:
        self._is_stopping = True
        self.feeder.cancel()
        self._run.finish()
        await wait([self.feeder])

    def drop(self) -> None:
        """Leave nothing behind, wherever it was."""
        self._run.abort()
        if not self._loop.is_closed():
            self.feeder.cancel()
