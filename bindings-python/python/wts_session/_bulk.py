"""Bulk calls that wait. What is native takes items and gives outcomes; here are the loops around it."""

from __future__ import annotations

from collections import deque
from operator import attrgetter
from typing import cast

from wts_session._outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from typing import Any, TypeVar

    from wts_session._wts_session import BulkRun
    from wts_session._wts_session import Client as Calls

    _ResultT = TypeVar("_ResultT")
    _Progress = Callable[[int, "int | None"], object]

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


def check_progress(on_progress: _Progress | None) -> None:
    if on_progress is not None and not callable(on_progress):
        found = type(on_progress).__name__
        raise TypeError(f"argument 'on_progress': a callable or None is expected, not '{found}'")


def length(items: object) -> int | None:
    """How many items there are, where that can be known before they are taken."""
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None


def report(on_progress: _Progress | None, told: int, done: int, total: int | None) -> int:
    """Tells of the outcomes that have settled since, one by one, and gives how many have been told now."""
    if on_progress is not None:
        for number in range(told + 1, done + 1):
            on_progress(number, total)
    return done


def in_order(outcomes: Iterable[Outcome[_ResultT]]) -> list[Outcome[_ResultT]]:
    return sorted(outcomes, key=attrgetter("index"))


def attach(
    error: BaseException, settled: Iterable[Outcome[_ResultT]], never_taken: Iterable[Outcome[_ResultT]] = ()
) -> None:
    """Every exception has a dict, whatever its class thinks of new attributes."""
    error.__dict__["outcomes"] = [*in_order(settled), *never_taken]


def never_taken(run: BulkRun[_ResultT], items: object) -> list[Outcome[_ResultT]]:
    """After an early end, the outcomes of items that were not even taken: of those that are all there already."""
    if not (run.ends_early and isinstance(items, (list, tuple))):
        return []
    # They share one error, as they share one fate: there may be very many of them, and little time.
    error = run.cancellation()
    there = cast("Sequence[Any]", items)
    return [Outcome(index, _session_id(there[index]), None, error) for index in range(run.taken, len(there))]


def _session_id(item: Any) -> str | None:
    """That of an item that nobody has checked."""
    if isinstance(item, (list, tuple)):
        members = cast("Sequence[Any]", item)
        return _session_id(members[0]) if members else None
    return item if isinstance(item, str) else None


def collect(
    client: Calls,
    run: BulkRun[_ResultT],
    items: Iterable[Any],
    source: Iterator[Any],
    on_progress: _Progress | None,
) -> list[Outcome[_ResultT]]:
    """All outcomes, in the order of the items; what went before an exception is its attribute ``outcomes``."""
    outcomes: list[Outcome[_ResultT]] = []
    try:
        told, total = 0, length(items)
        for _ in _all_settle(client, run, source, outcomes):
            told = report(on_progress, told, len(outcomes), total)
    except Exception as error:
        _stop(client, run, items, outcomes)
        attach(error, outcomes, never_taken(run, items))
        raise
    except BaseException as error:
        _cancel(client, run, outcomes)
        attach(error, outcomes, never_taken(run, items))
        raise
    return in_order(outcomes)


def iterate(
    client: Calls, run: BulkRun[_ResultT], items: Iterable[Any], source: Iterator[Any]
) -> Generator[Outcome[_ResultT], None, None]:
    """The outcomes as they settle; those that an exception came before are its attribute ``outcomes``."""
    settled: deque[Outcome[_ResultT]] = deque()
    try:
        try:
            for _ in _all_settle(client, run, source, settled):
                yield from _handed_out(run, settled)
        except Exception as error:
            run.stop()
            for _ in _rest_settles(client, run, settled):
                yield from _handed_out(run, settled)
            attach(error, (), never_taken(run, items))
            raise
    except (Exception, GeneratorExit):
        raise
    except BaseException as error:
        _cancel(client, run, settled)
        attach(error, settled, never_taken(run, items))
        raise
    finally:
        run.abort()


def _handed_out(run: BulkRun[_ResultT], settled: deque[Outcome[_ResultT]]) -> Iterator[Outcome[_ResultT]]:
    while settled:
        yield settled.popleft()
        # An outcome is for one process, though a fork leaves it in two.
        run.check_process()


def _all_settle(
    client: Calls,
    run: BulkRun[_ResultT],
    source: Iterator[Any],
    sink: list[Outcome[_ResultT]] | deque[Outcome[_ResultT]],
) -> Iterator[None]:
    """Puts in the items, and the outcomes into ``sink`` as they settle; it yields whenever there may be new ones."""
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
    client: Calls, run: BulkRun[_ResultT], sink: list[Outcome[_ResultT]] | deque[Outcome[_ResultT]]
) -> Iterator[None]:
    """As :func:`_all_settle`, without more items."""
    run.finish()
    while not run.ended:
        run.wait(client)
        run.take(sink)
        yield


def _stop(client: Calls, run: BulkRun[_ResultT], items: Iterable[Any], sink: list[Outcome[_ResultT]]) -> None:
    try:
        run.stop()
        for _ in _rest_settles(client, run, sink):
            pass
    except BaseException as interruption:
        _cancel(client, run, sink)
        attach(interruption, sink, never_taken(run, items))
        raise


def _cancel(client: Calls, run: BulkRun[_ResultT], sink: list[Outcome[_ResultT]] | deque[Outcome[_ResultT]]) -> None:
    run.cancel()
    for _ in _rest_settles(client, run, sink):
        pass
