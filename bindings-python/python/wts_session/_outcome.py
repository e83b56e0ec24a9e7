from __future__ import annotations

from typing import Any, Generic, TypeVar

from wts_session.errors import WtsError

ResultT = TypeVar("ResultT")


class Outcome(Generic[ResultT]):
    """What came of one item of a bulk call: a result or an error.

    >>> [outcome] = Client().complete_sessions(["session_12345"])
    >>> outcome.index, outcome.session_id, outcome.ok, outcome.result["success"]
    (0, 'session_12345', True, True)
    """

    __slots__ = ("error", "index", "result", "session_id")

    index: int
    """The place of the item in the input, from 0."""
    session_id: str | None
    """The session id as it was given."""
    result: ResultT | None
    """What the call for this item alone would have returned; none where it failed."""
    error: WtsError | None
    """What the call for this item alone would have raised; none where it succeeded."""

    def __init__(
        self,
        index: int,
        session_id: str | None,
        result: ResultT | None = None,
        error: WtsError | None = None,
    ) -> None:
        self.index = index
        self.session_id = session_id
        self.result = result
        self.error = error

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return self.error is None

    def __repr__(self) -> str:
        fate = "ok=True" if self.error is None else f"error={self.error!r}"
        return f"{type(self).__name__}(index={self.index}, session_id={self.session_id!r}, {fate})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.index, self.session_id, self.result, self.error)
