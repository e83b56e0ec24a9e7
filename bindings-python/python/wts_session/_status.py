from __future__ import annotations

from enum import Enum


class SessionStatus(str, Enum):
    """The status of a session, as the field ``status`` of the API has it.

    >>> SessionStatus.IN_PROGRESS == "IN_PROGRESS"
    True
    >>> f"{SessionStatus.IN_PROGRESS}"
    'IN_PROGRESS'
    """

    COMPLETED = "COMPLETED"
    HIDDEN = "HIDDEN"
    IN_PROGRESS = "IN_PROGRESS"
    PENDING = "PENDING"
    STARTED = "STARTED"
    UNDEFINED = "UNDEFINED"
    """In the API's type, but never a status that can be set."""

    def __str__(self) -> str:
        return self.value

    def __format__(self, format_spec: str) -> str:
        return format(self.value, format_spec)
