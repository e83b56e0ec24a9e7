"""Bulk calls before a fork, after it in the parent and the child, and one that is in the middle when it forks."""

from __future__ import annotations

import asyncio
import os
import sys

from wts_session import AsyncClient, Client

prefix = sys.argv[1] if len(sys.argv) > 1 else "python-fork-bulk"
client, async_client = Client(rate_limits=None), AsyncClient(rate_limits=None)


def use_all(session_id: str) -> None:
    outcomes = client.complete_sessions([session_id] * 10)
    outcomes += asyncio.run(async_client.complete_sessions([session_id] * 10))
    assert [outcome.ok for outcome in outcomes] == [True] * 20


use_all(f"{prefix}-parent")
half_way = client.iter_complete_sessions(f"{prefix}-half/{number}" for number in range(100))
next(half_way)
pid = os.fork()
if pid == 0:
    try:
        next(half_way)
    except RuntimeError as error:
        assert "belongs to the parent process" in str(error)
    else:
        raise AssertionError("a child took an outcome of its parent's")
    use_all(f"{prefix}-child")
    use_all(f"{prefix}-child")
    sys.exit()
use_all(f"{prefix}-parent")
assert sum(outcome.ok for outcome in half_way) == 99
assert os.waitpid(pid, 0)[1] == 0
