from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar, Union, cast

from wts_session.errors import WtsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    from wts_session._types import Session

    ResultT = TypeVarWithDefault("ResultT", default=Session)
else:
    ResultT = TypeVar("ResultT")


class Succeeded(Generic[ResultT]):
    """What came of one item of a bulk call that succeeded.

    >>> outcome = Succeeded(0, "session_12345", {"id": "session_12345", "status": "COMPLETED"})
    >>> outcome.ok, outcome.result["status"]
    (True, 'COMPLETED')
    """

    __slots__ = ("index", "result", "session_id")

    ok: Literal[True] = True
    """Whether the item succeeded."""
    error: None = None
    """There is none."""
    index: int
    """The place of the item in the input, from 0."""
    session_id: Any
    """The session id as it was given."""
    result: ResultT
    """What a single call returns for this item."""

    def __init__(self, index: int, session_id: object, result: ResultT) -> None:
        self.index = index
        self.session_id = session_id
        self.result = result

    def __repr__(self) -> str:
        return f"{type(self).__name__}(index={self.index}, session_id={self.session_id!r}, ok=True)"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.index, self.session_id, self.result)


class Failed:
    """What came of one item of a bulk call that failed.

    >>> outcome = Failed(0, "session_12345", NotFoundError("No such session"))
    >>> outcome.ok, outcome.error.code
    (False, 'not_found')
    """

    __slots__ = ("error", "index", "session_id")

    ok: Literal[False] = False
    """Whether the item succeeded."""
    result: None = None
    """There is none."""
    index: int
    """The place of the item in the input, from 0."""
    session_id: Any
    """The session id as it was given; for an item of a wrong type, the item."""
    error: WtsError
    """What a single call raises for this item; for one of a wrong type a ``WrongTypeError``."""

    def __init__(self, index: int, session_id: object, error: WtsError) -> None:
        self.index = index
        self.session_id = session_id
        self.error = error

    def __repr__(self) -> str:
        return f"{type(self).__name__}(index={self.index}, session_id={self.session_id!r}, error={self.error!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.index, self.session_id, self.error)


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
