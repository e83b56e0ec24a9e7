"""The interpreter ends while bulk calls are under way in daemon threads and in an event loop."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from itertools import repeat
from typing import TYPE_CHECKING

from wts_session import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

stalled = sys.argv[1]
# Lines for nobody, written all the time.
logging.getLogger("wts_session").setLevel(logging.DEBUG)
client, async_client = Client(timeout=60, rate_limits=None), AsyncClient(timeout=60, rate_limits=None)


def busy() -> Iterator[str]:
    for number in repeat(1):
        sum(range(1000 * number))
        yield f"{stalled}-busy"


def keep_going() -> None:
    client.complete_sessions(busy(), on_progress=lambda done, _: sum(range(done % 1000)))


async def wait_for_ever() -> None:
    async for _ in async_client.iter_complete_sessions([stalled]):
        raise AssertionError("that must not end")


for target in (
    lambda: client.complete_sessions([stalled]),
    lambda: list(client.iter_complete_sessions([stalled])),
    keep_going,
    lambda: asyncio.run(wait_for_ever()),
):
    threading.Thread(target=target, daemon=True).start()
print("started", flush=True)
sys.stdin.readline()
