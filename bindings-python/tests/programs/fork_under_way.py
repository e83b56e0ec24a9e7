"""Forks at any moment, while threads and a loop are in the middle of calls."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

from wts_session import AsyncClient, Client

prefix, forks = sys.argv[1], int(sys.argv[2])
client, async_client = Client(rate_limits=None), AsyncClient(rate_limits=None)
stopping = threading.Event()


def keep_calling(number: int) -> None:
    while not stopping.is_set():
        client.complete_session(f"{prefix}-thread{number}")


async def keep_awaiting() -> None:
    while not stopping.is_set():
        await asyncio.gather(*(async_client.complete_session(f"{prefix}-loop") for _ in range(8)))


async def once() -> None:
    await async_client.complete_session(f"{prefix}-child")


# asyncio makes its policy under a lock of its own. That must not be what a fork is in the way of.
asyncio.run(asyncio.sleep(0))
threads = [threading.Thread(target=keep_calling, args=(number,)) for number in range(4)]
threads.append(threading.Thread(target=lambda: asyncio.run(keep_awaiting())))
for thread in threads:
    thread.start()
for _ in range(forks):
    pid = os.fork()
    if pid == 0:
        client.complete_session(f"{prefix}-child")
        asyncio.run(once())
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stopping.set()
for thread in threads:
    thread.join()
