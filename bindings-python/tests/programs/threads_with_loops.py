"""Threads that each run event loop after event loop on one client, under a switch interval that finds races."""

import asyncio
import sys
import threading

from wts_session import AsyncClient

THREADS, LOOPS = 8, 60

client = AsyncClient(rate_limits=None)
failures: list[BaseException] = []


async def call(name: str) -> None:
    assert (await client.complete_session(name))["success"]


def run(thread: int) -> None:
    try:
        for loop in range(LOOPS):
            asyncio.run(call(f"{thread}-{loop}"))
    except BaseException as error:
        failures.append(error)
        raise


sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(failures), "failures")
