"""Thousands of calls each way: prints by how many bytes the memory grew meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import wts_session
from wts_session import AsyncClient, Client, WtsError

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 1500

session_id, refused_id = sys.argv[1], ".."
client, async_client = Client(rate_limits=None), AsyncClient(rate_limits=None)


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def synchronous(calls: int) -> None:
    for _ in range(calls):
        client.complete_session(session_id)
        with contextlib.suppress(WtsError):
            client.complete_session(refused_id)
        with contextlib.suppress(WtsError):
            wts_session.complete_session(refused_id)


async def asynchronous(calls: int) -> None:
    for _ in range(calls // 50):
        awaited = [async_client.complete_session(session_id) for _ in range(40)]
        awaited += [async_client.complete_session(refused_id) for _ in range(10)]
        cancelled = asyncio.ensure_future(async_client.complete_session(session_id))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(*awaited, cancelled, return_exceptions=True)


def loops(calls: int) -> None:
    for _ in range(calls // 100):
        asyncio.run(asynchronous(50))


def clients(calls: int) -> None:
    for _ in range(calls // 50):
        with Client(rate_limits=None) as short:
            short.complete_session(session_id)


def growth(work: Callable[[int], None]) -> int:
    before = resident()
    work(CALLS)
    return resident() - before


for work in (synchronous, lambda calls: asyncio.run(asynchronous(calls)), loops, clients):
    work(CALLS)
    # What is kept by chance, such as a larger heap, is kept once.
    print(min(growth(work) for _ in range(2)))
