from __future__ import annotations

from wts_session._typing import Generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from typing_extensions import TypeVar

    from wts_session._types import Session
    from wts_session.errors import WtsError

    ResultT = TypeVar("ResultT", default=Session)
else:
    ResultT = None


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
