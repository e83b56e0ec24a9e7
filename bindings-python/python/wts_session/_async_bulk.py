"""Bulk calls for asyncio; as ``_bulk``, but an input that is asynchronous goes on while outcomes settle.

A cancelled call awaits nothing but the end of its input, and that once: anyio cancels a task again at every turn of the
loop. What is in flight is aborted by one native function, which takes no time to speak of.
"""

from __future__ import annotations

from asyncio import CancelledError, Event, sleep, wait
from contextlib import suppress

from wts_session import _bulk
from wts_session._bulk import length, outcomes_left, report, take, wrong_iterable
from wts_session._mailbox import mailbox_of, running_loop
from wts_session._outcome import ResultT
from wts_session._typing import Generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future, Task
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from wts_session._bulk import Progress
    from wts_session._outcomes import Outcome
    from wts_session._wts_session import BulkRun

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
    run: BulkRun[ResultT],
    items: Iterable[Any] | AsyncIterable[Any],
    source: AsyncIterator[Any],
    on_progress: Progress | None,
) -> list[Outcome[ResultT]]:
    """As that of ``_bulk``."""
    try:
        return await _collect(run, items, source, on_progress)
    except GeneratorExit:
        raise
    except BaseException as error:
        # Once more, for signals that came while the first was dealt with.
        run.fail(error, items)
        raise


async def _collect(
    run: BulkRun[ResultT],
    items: Iterable[Any] | AsyncIterable[Any],
    source: AsyncIterator[Any],
    on_progress: Progress | None,
) -> list[Outcome[ResultT]]:
    feeder = _Feeder(run, items, source)
    try:
        try:
            told, total = 0, length(items)
            while not run.ended:
                await feeder.some_settle()
                told = report(on_progress, told, run.done, total)
            await feeder.task
            return run.in_order(items)
        except Exception as error:
            await feeder.stop()
            while not run.ended:
                await feeder.some_settle()
            run.fail(error, items)
            raise
    except GeneratorExit:
        run.drain()
        feeder.cancel()
        raise
    except BaseException as error:
        await feeder.end()
        run.fail(error, items)
        raise


class AsyncOutcomeIterator(Generic[ResultT]):
    """The outcomes of a bulk call as they settle, whatever their order.

    ``aclose``, which ``async with`` calls, aborts the requests in flight; :attr:`remaining` tells what became of them.
    To cancel the wait for one outcome, as ``asyncio.wait_for`` does, ends the whole call.
    """

    def __init__(
        self, run: BulkRun[ResultT], items: Iterable[Any] | AsyncIterable[Any], source: AsyncIterator[Any]
    ) -> None:
        self._run = run
        self._outcomes = _iterate(run, items, source)

    def __aiter__(self) -> AsyncIterator[Outcome[ResultT]]:
        return self._outcomes

    async def __anext__(self) -> Outcome[ResultT]:
        return await self._outcomes.__anext__()

    async def aclose(self) -> None:
        """Abort the requests in flight, and send nothing more."""
        self._run.cancel()
        # Another task may wait in it: that one is given what is left.
        if not getattr(self._outcomes, "ag_running", False):
            await self._outcomes.aclose()

    @property
    def remaining(self) -> list[Outcome[ResultT]]:
        """The outcomes that the iterator has not given out; as :attr:`OutcomeIterator.remaining`."""
        return outcomes_left(self._run)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


async def _iterate(
    run: BulkRun[ResultT], items: Iterable[Any] | AsyncIterable[Any], source: AsyncIterator[Any]
) -> AsyncGenerator[Outcome[ResultT], None]:
    feeder = _Feeder(run, items, source)
    try:
        try:
            while not run.ended:
                await feeder.some_settle()
                while run.has_outcome:
                    yield run.next_outcome
            await feeder.task
        except Exception as error:
            await feeder.stop()
            while not run.ended:
                await feeder.some_settle()
                while run.has_outcome:
                    yield run.next_outcome
            run.fail(error, items)
            raise
    except GeneratorExit:
        run.drain()
        await feeder.end()
        raise
    except BaseException as error:
        await feeder.end()
        run.fail(error, items)
        raise


class _Feeder:
    """The task that puts in the items of a bulk call, and the wait for what comes out."""

    def __init__(
        self, run: BulkRun[Any], items: Iterable[Any] | AsyncIterable[Any], source: AsyncIterator[Any]
    ) -> None:
        self._run = run
        self._items = items
        self._room = Event()
        self._is_stopping = False
        self._loop = running_loop()
        self.task: Task[None] = self._loop.create_task(self._feed(source))
        self.task.add_done_callback(_retrieve)

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
        except (KeyboardInterrupt, SystemExit) as error:
            # It leaves the loop at once, past whoever waits for the outcomes.
            self._run.fail(error, self._items)
            raise
        except BaseException:
            if not self._is_stopping:
                self._run.cancel()
            raise
        finally:
            self._run.finish()

    async def some_settle(self) -> None:
        """Wait until items have settled, and log what there is to log."""
        future: Future[None] = self._loop.create_future()
        self._run.notify(mailbox_of(self._loop), future)
        await future
        take(self._run)
        self._room.set()

    async def stop(self) -> None:
        """Send nothing more, and take nothing more from the input."""
        self._is_stopping = True
        self._run.stop()
        self.task.cancel()
        await wait([self.task])

    async def end(self) -> None:
        """Cancel the call, and await the end of the input, once."""
        self._run.drain()
        self.task.cancel()
        with suppress(CancelledError):
            await wait([self.task])

    def cancel(self) -> None:
        """Take nothing more from the input, where there is no loop to await it any more."""
        if not self._loop.is_closed():
            self.task.cancel()


def _retrieve(task: Task[None]) -> None:
    """Asyncio tells of exceptions that nobody looks at; where another one ends the call, nobody does."""
    if not task.cancelled():
        task.exception()
