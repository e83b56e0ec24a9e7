"""What both clients have in common: how they are made."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class NotMade:
    """Stands for the native half of a client whose ``__init__`` was not called."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError("the client was not made: a subclass with an __init__ has to call super().__init__()")


def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """The settings among the local variables of ``__init__``."""
    return {name: value for name, value in arguments.items() if name not in {"self", "__class__"}}
