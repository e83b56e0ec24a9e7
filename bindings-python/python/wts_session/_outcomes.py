"""The type of an outcome, and how the outcomes are found that an exception has."""

from __future__ import annotations

from typing import Any, TypeVar, Union, cast

from wts_session._outcome import Failed, Succeeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wts_session._outcome import ResultT
else:
    ResultT = TypeVar("ResultT")

Outcome = Union[Succeeded[ResultT], Failed]
"""What came of one item of a bulk call: ``ok`` tells which of the two it is.

``outcome.error is None``, ``outcome.ok is True`` and ``isinstance(outcome, Succeeded)`` tell it to every type checker.
"""


def outcomes_of(error: BaseException) -> list[Outcome[Any]] | None:
    """The outcomes of the bulk call that ended with ``error``, in the order of the items; ``None`` if no bulk call did.

    They are the attribute ``outcomes`` of the exception that a bulk call raises; one that came before the call had
    begun has none. Where asyncio puts another exception in its place, a new ``CancelledError`` or a ``TimeoutError``,
    this finds them. It can't where asyncio keeps no connection between the two, as in ``gather`` and after the failure
    of a sibling in a ``TaskGroup``: there ask for the exception of ``task.result()``. Of nested bulk calls, these are
    the outer's.

    >>> def session_ids():
    ...     yield "session_12345"
    ...     raise OSError("the list ends here")
    >>> try:
    ...     outcomes = Client().complete_sessions(session_ids())
    ... except OSError as error:
    ...     outcomes = outcomes_of(error)
    >>> [outcome.index for outcome in outcomes]
    [0]
    """
    seen: list[BaseException] = []
    ahead: list[BaseException | None] = [error]
    while ahead:
        current = ahead.pop()
        if current is None or any(current is other for other in seen):
            continue
        outcomes: object = getattr(current, "outcomes", None)
        if isinstance(outcomes, list):
            return cast("list[Outcome[Any]]", outcomes)
        seen.append(current)
        group: tuple[object, ...] = getattr(current, "exceptions", ())
        ahead += [*(each for each in group if isinstance(each, BaseException)), current.__context__, current.__cause__]
    return None
