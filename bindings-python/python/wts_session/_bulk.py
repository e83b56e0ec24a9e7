"""Bulk calls that wait. What is native takes items and gives outcomes; here are the loops around it."""

from __future__ import annotations

from collections import deque
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any, TypeVar

    from wts_session._outcome import Outcome
    from wts_session._types import Session
    from wts_session._wts_session import BulkRun
    from wts_session._wts_session import Client as Calls

    ResultT = TypeVar("ResultT", bound=Session)
    Progress = Callable[[int, "int | None"], object]

EXPECTED = {"session_ids": "session ids", "updates": "pairs of session id and status"}


def iterator(argument: str, items: Iterable[Any]) -> Iterator[Any]:
    """The items one by one; a ``TypeError`` that names the argument where they are none."""
    if isinstance(items, (str, bytes, bytearray, memoryview)):
        raise wrong_iterable(argument, items)
    try:
        return iter(items)
    except TypeError as error:
        raise wrong_iterable(argument, items) from error


def wrong_iterable(argument: str, items: object) -> TypeError:
    expected = f"an iterable of {EXPECTED[argument]} is expected"
    return TypeError(f"argument '{argument}': {expected}, not '{type(items).__name__}'")


def check_progress(on_progress: Progress | None) -> None:
    if on_progress is not None and not callable(on_progress):
        found = type(on_progress).__name__
        raise TypeError(f"argument 'on_progress': a callable or None is expected, not '{found}'")


def length(items: object) -> int | None:
    """How many items there are, where that can be known before they are taken."""
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None


def report(on_progress: Progress | None, told: int, done: int, total: int | None) -> int:
    """Tells of the outcomes that have settled since, one by one, and gives how many have been told now."""
    if on_progress is not None:
        for number in range(told + 1, done + 1):
            on_progress(number, total)
    return done


def in_order(outcomes: Iterable[Outcome[ResultT]]) -> list[Outcome[ResultT]]:
    return sorted(outcomes, key=attrgetter("index"))


def attach(error: BaseException, outcomes: Iterable[Outcome[ResultT]]) -> None:
    """Every exception has a dict, whatever its class thinks of new attributes."""
    error.__dict__["outcomes"] = in_order(outcomes)


def rest(run: BulkRun[ResultT], items: object) -> list[Outcome[ResultT]]:
    """After a cancellation, the outcomes of items that were not even taken: of those that are all there already."""
    outcomes: list[Outcome[ResultT]] = []
    if run.cancelled and isinstance(items, (list, tuple)):
        run.cancel_rest(items, outcomes)
    return outcomes


def collect(
    client: Calls,
    run: BulkRun[ResultT],
    items: Iterable[Any],
    source: Iterator[Any],
    on_progress: Progress | None,
) -> list[Outcome[ResultT]]:
    """All outcomes, in the order of the items; what went before an exception is its attribute ``outcomes``."""
    outcomes: list[Outcome[ResultT]] = []
    try:
        told, total = 0, length(items)
        for _ in _all_settle(client, run, source, outcomes):
            told = report(on_progress, told, len(outcomes), total)
    except Exception as error:
        _let_settle(client, run, items, outcomes)
        attach(error, [*outcomes, *rest(run, items)])
        raise
    except BaseException as error:
        _cancel(client, run, outcomes)
        attach(error, [*outcomes, *rest(run, items)])
        raise
    return in_order(outcomes)


def iterate(
    client: Calls, run: BulkRun[ResultT], items: Iterable[Any], source: Iterator[Any]
) -> Generator[Outcome[ResultT], None, None]:
    """The outcomes as they settle; those that an exception came before are its attribute ``outcomes``."""
    settled: deque[Outcome[ResultT]] = deque()
    try:
        try:
            for _ in _all_settle(client, run, source, settled):
                while settled:
                    yield settled.popleft()
        except Exception as error:
            for _ in _rest_settles(client, run, settled):
                while settled:
                    yield settled.popleft()
            attach(error, rest(run, items))
            raise
    except (Exception, GeneratorExit):
        raise
    except BaseException as error:
        _cancel(client, run, settled)
        attach(error, [*settled, *rest(run, items)])
        raise
    finally:
        run.abort()


def _all_settle(
    client: Calls, run: BulkRun[ResultT], source: Iterator[Any], sink: list[Outcome[ResultT]] | deque[Outcome[ResultT]]
) -> Iterator[None]:
    """Puts in the items and puts the outcomes into ``sink`` as they settle; it yields whenever there may be new ones."""
    for item in source:
        run.add(item)
        run.take(sink)
        yield
        while not run.has_room:
            run.wait(client)
            run.take(sink)
            yield
    yield from _rest_settles(client, run, sink)


def _rest_settles(
    client: Calls, run: BulkRun[ResultT], sink: list[Outcome[ResultT]] | deque[Outcome[ResultT]]
) -> Iterator[None]:
    """As :func:`_all_settle`, without more items."""
    run.finish()
    while not run.ended:
        run.wait(client)
        run.take(sink)
        yield


def _let_settle(client: Calls, run: BulkRun[ResultT], items: Iterable[Any], sink: list[Outcome[ResultT]]) -> None:
    try:
        for _ in _rest_settles(client, run, sink):
            pass
    except BaseException as interruption:
        _cancel(client, run, sink)
        attach(interruption, [*sink, *rest(run, items)])
        raise


def _cancel(
    client: Calls, run: BulkRun[ResultT], sink: list[Outcome[ResultT]] | deque[Outcome[ResultT]]
) -> None:
    run.cancel()
    for _ in _rest_settles(client, run, sink):
        pass
