"""The interpreter ends while calls are under way in daemon threads and in an event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import wts_session
from wts_session import AsyncClient, Client

stalled, calls = sys.argv[1], int(sys.argv[2])
settings: dict[str, Any] = {"total_timeout": None, "timeout": 60, "rate_limits": None}
client, async_client = Client(**settings), AsyncClient(**settings)


def keep_calling() -> None:
    while True:
        client.complete_session(f"{stalled}-busy")


async def wait_for_ever() -> None:
    await asyncio.gather(*(async_client.complete_session(stalled) for _ in range(calls)))


for target in (
    *[lambda: client.complete_session(stalled)] * calls,
    *[keep_calling] * 2,
    lambda: wts_session.complete_session(stalled),
    lambda: asyncio.run(wait_for_ever()),
):
    threading.Thread(target=target, daemon=True).start()
print("started", flush=True)
sys.stdin.readline()
