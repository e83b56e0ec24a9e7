"""What thousands of calls leave behind: nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import running

if TYPE_CHECKING:
    from stand_in import StandIn

# A fraction of what one answer kept of each call would be.
MAX_GROWTH = 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="the memory is read from /proc")
def test_thousands_of_calls_leave_nothing_behind(api: StandIn) -> None:
    growth = [int(line) for line in running.run("memory", api, "python-memory").splitlines()]
    assert len(growth) == 4
    assert max(growth) < MAX_GROWTH, growth
