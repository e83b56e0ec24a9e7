"""Calls of all kinds, before and after a fork, in processes that share their limits."""

from __future__ import annotations

import asyncio
import os
import sys

import wts_session
from wts_session import AsyncClient, Client

prefix = sys.argv[1]
LIMITS = [(20, 1.5)]


async def twice(session_id: str) -> None:
    async with AsyncClient(rate_limits=LIMITS) as client:
        await asyncio.gather(*(client.complete_session(session_id) for _ in range(2)))


def use_all(name: str) -> None:
    client.complete_session(f"{prefix}-{name}")
    asyncio.run(twice(f"{prefix}-{name}"))
    outcomes = client.complete_sessions(f"{prefix}-{name}-{number}" for number in range(15))
    assert all(outcome.ok for outcome in outcomes), [outcome.error for outcome in outcomes if outcome.error]


client = Client(rate_limits=LIMITS)
use_all("parent")
# Its limits are the API's; what it sends counts for all.
wts_session.complete_session(f"{prefix}-parent")
pids = []
for child in range(2):
    pid = os.fork()
    if pid == 0:
        use_all(f"child{child}")
        sys.exit()
    pids.append(pid)
use_all("parent")
assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0]
