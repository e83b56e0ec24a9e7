"""Bulk calls that wait. What is native takes items and gives outcomes; here are the loops around it.

Ctrl-C may raise between any two statements here. So whatever ends a call early is one native function, which raises its
error itself: see ``BulkRun.fail``.
"""

from __future__ import annotations

from _thread import get_ident

from wts_session._logging import log
from wts_session._outcome import ResultT
from wts_session._typing import Generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from threading import Event
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from wts_session._outcomes import Outcome
    from wts_session._wts_session import BulkRun

    Progress = Callable[[int, "int | None"], object]

EXPECTED = {"session_ids": "session ids", "updates": "pairs of session id and status"}

COROUTINE = 0x80
"""The flag of code that makes a coroutine."""

STOP_INTERVAL = 0.05
"""How often a call looks whether it is to stop, in seconds."""


def iterator(argument: str, items: Iterable[Any]) -> Iterator[Any]:
    """The items one by one; a ``TypeError`` that names the argument where they are none."""
    check_items(argument, items)
    try:
        return iter(items)
    except TypeError as error:
        raise wrong_iterable(argument, items) from error


def check_items(argument: str, items: object) -> None:
    """Refuses what gives something else than items when it is iterated over: characters, names of columns, keys."""
    is_text = issubclass(type(items), (str, bytes, bytearray, memoryview))
    is_table = type(items).__name__ in {"DataFrame", "LazyFrame"}
    is_mapping = argument == "updates" and hasattr(type(items), "keys")
    if is_text or is_table or is_mapping:
        raise wrong_iterable(argument, items)


def wrong_iterable(argument: str, items: object) -> TypeError:
    expected = f"an iterable of {EXPECTED[argument]} is expected"
    return TypeError(f"argument '{argument}': {expected}, not '{_name_of_type(items)}'")


def _name_of_type(value: object) -> str:
    found = type(value)
    return found.__qualname__ if found.__module__ == "builtins" else f"{found.__module__}.{found.__qualname__}"


def check_progress(on_progress: Progress | None) -> None:
    if on_progress is None:
        return
    if not callable(on_progress):
        raise _wrong_progress(on_progress)
    function = getattr(on_progress, "__func__", on_progress)
    if getattr(getattr(function, "__code__", None), "co_flags", 0) & COROUTINE:
        raise _wrong_progress(on_progress, "an async function")


def check_stop_event(stop_event: Event | None) -> None:
    if stop_event is not None and not callable(getattr(stop_event, "is_set", None)):
        found = _name_of_type(stop_event)
        raise TypeError(f"argument 'stop_event': a threading.Event or None is expected, not '{found}'")


def _wrong_progress(on_progress: object, found: str | None = None) -> TypeError:
    found = f"'{_name_of_type(on_progress)}'" if found is None else found
    return TypeError(f"argument 'on_progress': a function that is not async, or None, is expected, not {found}")


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
            returned = on_progress(number, total)
            if hasattr(type(returned), "__await__"):
                getattr(returned, "close", bool)()
                raise _wrong_progress(on_progress, "one that returns an awaitable")
    return done


def collect(
    run: BulkRun[ResultT],
    items: Iterable[Any],
    source: Iterator[Any],
    on_progress: Progress | None,
    stop_event: Event | None,
) -> list[Outcome[ResultT]]:
    """All outcomes, in the order of the items; what went before an exception is its attribute ``outcomes``."""
    try:
        return _collect(run, items, source, on_progress, stop_event)
    except BaseException as error:
        # Once more, for signals that came while the first was dealt with: before Python 3.11 there is room for them.
        run.fail(error, items)
        raise


def _collect(
    run: BulkRun[ResultT],
    items: Iterable[Any],
    source: Iterator[Any],
    on_progress: Progress | None,
    stop_event: Event | None,
) -> list[Outcome[ResultT]]:
    try:
        try:
            told, total = 0, length(items)
            for _ in _all_settle(run, source, stop_event):
                told = report(on_progress, told, run.done, total)
            return run.in_order(items)
        except Exception as error:
            run.stop()
            for _ in _rest_settles(run):
                pass
            run.fail(error, items)
            raise
    except BaseException as error:
        run.fail(error, items)
        raise


def outcomes_left(run: BulkRun[ResultT]) -> list[Outcome[ResultT]]:
    """Those that nobody was handed."""
    try:
        return run.in_order(())
    except RuntimeError as error:
        raise RuntimeError("an outcome is waited for at this moment, so that none can be counted") from error


class OutcomeIterator(Generic[ResultT]):
    """The outcomes of a bulk call as they settle, whatever their order.

    ``close``, which ``with`` calls, aborts the requests in flight; :attr:`remaining` tells what became of them.
    """

    def __init__(self, run: BulkRun[ResultT], items: Iterable[Any], source: Iterator[Any]) -> None:
        self._run = run
        self._canceller = run.canceller()
        self._consumer: int | None = None
        self._outcomes = self._iterate(items, source)

    def _iterate(self, items: Iterable[Any], source: Iterator[Any]) -> Generator[Outcome[ResultT], None, None]:
        self._consumer = get_ident()
        try:
            yield from _iterate(self._run, items, source)
        except GeneratorExit:
            raise
        except BaseException as error:
            # Once more, as in `collect`.
            self._run.fail(error, items)
            raise

    def __iter__(self) -> Iterator[Outcome[ResultT]]:
        return self._outcomes

    def __next__(self) -> Outcome[ResultT]:
        return next(self._outcomes)

    def close(self) -> None:
        """Abort the requests in flight, and send nothing more.

        Another thread than the one that iterates may call this, and so may a signal handler: then whoever iterates is
        given what is left.
        """
        if self._canceller is not None:
            self._canceller.cancel()
        if self._consumer in {None, get_ident()}:
            try:
                self._outcomes.close()
                self._run.drain()
            except ValueError:
                # Raised below the iteration, by a handler.
                pass

    @property
    def remaining(self) -> list[Outcome[ResultT]]:
        """The outcomes that the iterator has not given out, in the order of the items.

        After ``close``, and after an exception, there is one for each item that was taken from the input and not given
        out. Those that were not done have the error ``cancelled``, which tells whether they may have been applied.
        """
        return outcomes_left(self._run)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _iterate(
    run: BulkRun[ResultT], items: Iterable[Any], source: Iterator[Any]
) -> Generator[Outcome[ResultT], None, None]:
    try:
        try:
            for _ in _all_settle(run, source, None):
                while run.has_outcome:
                    yield run.next_outcome
                    # An outcome is for one process, though a fork leaves it in two.
                    run.check_process()
        except Exception as error:
            run.stop()
            for _ in _rest_settles(run):
                while run.has_outcome:
                    yield run.next_outcome
            run.fail(error, items)
            raise
    except GeneratorExit:
        run.drain()
        raise
    except BaseException as error:
        run.fail(error, items)
        raise


def _all_settle(run: BulkRun[Any], source: Iterator[Any], stop_event: Event | None) -> Iterator[None]:
    """Puts in the items; it yields whenever some may have settled."""
    for item in () if _stops(run, stop_event) else source:
        # One that the input gives after the stop is cancelled.
        _stops(run, stop_event)
        run.add(item)
        take(run)
        yield
        while not run.has_room:
            yield from _some_settle(run, stop_event)
        if run.ends_early:
            break
    yield from _rest_settles(run, stop_event)


def _rest_settles(run: BulkRun[Any], stop_event: Event | None = None) -> Iterator[None]:
    """As :func:`_all_settle`, without more items."""
    run.finish()
    while not run.ended:
        yield from _some_settle(run, stop_event)
    yield


def _some_settle(run: BulkRun[Any], stop_event: Event | None) -> Iterator[None]:
    run.wait(None if stop_event is None else STOP_INTERVAL)
    take(run)
    _stops(run, stop_event)
    yield


def _stops(run: BulkRun[Any], stop_event: Event | None) -> bool:
    if stop_event is not None and stop_event.is_set():
        run.stop()
        return True
    return False


def take(run: BulkRun[Any]) -> None:
    """Takes over what has settled, and logs what there is to log."""
    for name, arguments in run.take():
        log(name, arguments)
