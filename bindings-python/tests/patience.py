"""For what no event tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds, on the busiest machine: far less than any of the stalled answers takes.
PATIENCE = 10.0

STALL = {"raw": [{"stall": True}]}
"""A step of the stand-in that never answers."""


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
