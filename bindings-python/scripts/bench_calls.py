"""CPU time of this process for each call, beside other HTTP clients, against the release build of the stand-in.

Rounds are interleaved, so that a machine whose speed drifts does not favour anyone; the median of the rounds counts.
"""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import requests
import ry
import uvloop
from wts_session import AsyncClient, Client

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROUNDS = 9
CALLS = 1024
AT_ONCE = 64
OURS = "wts_session"
PEER = "ry"

stand_in = StandIn("--limit", "off")
URL = f"{stand_in.api}/chat/v1/session/session_12345/complete"
HEADERS = {"Authorization": f"Bearer {stand_in.token}"}
BODY = {"reactivateOnNewMessage": False, "stopBotInExecution": False}
SETTINGS: dict[str, Any] = {"api_key": stand_in.token, "base_url": stand_in.api, "rate_limits": None}


def synchronous() -> dict[str, Callable[[], Any]]:
    ours, of_ry, of_httpx = Client(**SETTINGS), ry.BlockingClient(), httpx.Client()
    of_requests = requests.Session()
    return {
        OURS: lambda: ours.complete_session("session_12345"),
        PEER: lambda: of_ry.put(URL, json=BODY, headers=HEADERS).json(),
        "httpx": lambda: of_httpx.put(URL, json=BODY, headers=HEADERS).json(),
        "requests": lambda: of_requests.put(URL, json=BODY, headers=HEADERS).json(),
    }


def asynchronous(session: aiohttp.ClientSession) -> dict[str, Callable[[], Awaitable[Any]]]:
    ours, of_ry = AsyncClient(**SETTINGS), ry.Client()
    of_httpx = httpx.AsyncClient(limits=httpx.Limits(max_connections=AT_ONCE))

    async def by_ry() -> Any:
        return await (await of_ry.put(URL, json=BODY, headers=HEADERS)).json()

    async def by_httpx() -> Any:
        return (await of_httpx.put(URL, json=BODY, headers=HEADERS)).json()

    async def by_aiohttp() -> Any:
        async with session.put(URL, json=BODY, headers=HEADERS) as response:
            return await response.json()

    return {
        OURS: lambda: ours.complete_session("session_12345"),
        PEER: by_ry,
        "httpx": by_httpx,
        "aiohttp": by_aiohttp,
    }


class Table:
    """The CPU time of each client in each round, in microseconds a call."""

    def __init__(self, title: str, names: list[str]) -> None:
        self.title = title
        self.rounds: dict[str, list[float]] = {name: [] for name in names}
        self._began = 0.0

    def begin(self) -> None:
        self._began = time.process_time()

    def end(self, name: str) -> None:
        self.rounds[name].append((time.process_time() - self._began) / CALLS * 1e6)

    def show(self) -> None:
        peer = self.rounds[PEER]
        print(f"{self.title}: CPU a call, and as a ratio to {PEER}")
        for name, times in self.rounds.items():
            ratio = median(one / other for one, other in zip(times, peer))
            print(f"  {name:12} {median(times):8.1f} us {ratio:6.2f}")


def one_after_another() -> None:
    clients = synchronous()
    table = Table("one after another, sync", [*clients])
    for _ in range(ROUNDS):
        for name, call in clients.items():
            call()
            table.begin()
            for _ in range(CALLS):
                call()
            table.end(name)
    table.show()


def in_threads() -> None:
    clients = synchronous()
    table = Table(f"{AT_ONCE} threads", [*clients])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(ROUNDS):
            for name, call in clients.items():
                table.begin()
                for answer in [pool.submit(call) for _ in range(CALLS)]:
                    answer.result()
                table.end(name)
    table.show()


async def in_loop(title: str, workers: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        clients = asynchronous(session)
        table = Table(title, [*clients])
        for _ in range(ROUNDS):
            for name, call in clients.items():

                async def work(call: Callable[[], Awaitable[Any]] = call) -> None:
                    for _ in range(CALLS // workers):
                        await call()

                table.begin()
                await asyncio.gather(*(work() for _ in range(workers)))
                table.end(name)
        table.show()


def main() -> None:
    try:
        one_after_another()
        in_threads()
        loop = uvloop.new_event_loop()
        loop.run_until_complete(in_loop("one after another, async", 1))
        loop.run_until_complete(in_loop(f"{AT_ONCE} at once, async", AT_ONCE))
        loop.close()
    finally:
        stand_in.close()


if __name__ == "__main__":
    main()
