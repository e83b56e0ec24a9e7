"""Makes as many calls as its standard input says, one number a line, and prints a line each time they are done.

``WTS_BASE_URL=... WTS_API_KEY=... python bench_calls.py CLIENT``; what the calls cost is measured from outside, by
``scripts/bench``: ``make bench-python``. Each client imports what it needs by itself, so that its memory is its own.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Call = Callable[[], Any]
    AsyncCall = Callable[[], Awaitable[Any]]
    Work = Callable[[int], None]

AT_ONCE = 64
SESSION = "session_12345"
URL = f"{os.environ['WTS_BASE_URL']}/chat/v1/session/{SESSION}/complete"
HEADERS = {"Authorization": f"Bearer {os.environ['WTS_API_KEY']}"}
BODY = {"reactivateOnNewMessage": False, "stopBotInExecution": False}
# As many as the account has, but so high that they stop nobody: requests and seconds.
LIMITS = [(1_000_000, 1), (1_000_000, 5)]
# Without retries, so that no error is hidden.
UNLIMITED: dict[str, Any] = {"rate_limits": None, "max_retries": 0}


def check(session: Any) -> None:
    assert session["status"] == "COMPLETED", session


# ---- what makes a call ---------------------------------------------------------------------------------------------


def ours() -> Call:
    from wts_session import Client

    client = Client(**UNLIMITED)
    return lambda: client.complete_session(SESSION)


def ours_async(**settings: Any) -> AsyncCall:
    from wts_session import AsyncClient

    client = AsyncClient(**settings)
    return lambda: client.complete_session(SESSION)


def ry_times() -> dict[str, Any]:
    import datetime

    return {"timeout": datetime.timedelta(seconds=15), "connect_timeout": datetime.timedelta(seconds=5)}


def ry() -> Call:
    from ry import BlockingClient

    client = BlockingClient(**ry_times())
    return lambda: client.put(URL, json=BODY, headers=HEADERS).json()


def ry_async() -> AsyncCall:
    from ry import Client

    client = Client(**ry_times())

    async def call() -> Any:
        return await (await client.put(URL, json=BODY, headers=HEADERS)).json()

    return call


def by_hand() -> AsyncCall:
    """The same job: kept connections, time limits, the account's two limits, and retries of what a retry can help."""
    import httpx
    from aiolimiter import AsyncLimiter
    from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential_jitter

    connections = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=60)
    client = httpx.AsyncClient(timeout=httpx.Timeout(15, connect=5), limits=connections, headers=HEADERS)
    first, second = (AsyncLimiter(*limit) for limit in LIMITS)

    def can_help(error: BaseException) -> bool:
        if isinstance(error, httpx.HTTPStatusError):
            status: int = error.response.status_code
            return status == 429 or status >= 500
        return isinstance(error, httpx.TransportError)

    async def call() -> Any:
        async with first, second:
            response = await client.put(URL, json=BODY)
        response.raise_for_status()
        return response.json()

    retrying: Callable[[AsyncCall], AsyncCall] = retry(
        retry=retry_if_exception(can_help),
        stop=stop_after_attempt(4),
        wait=wait_exponential_jitter(multiplier=0.5),
        reraise=True,
    )
    return retrying(call)


# ---- how calls are made --------------------------------------------------------------------------------------------


def one_after_another(call: Call) -> Work:
    def work(calls: int) -> None:
        for _ in range(calls):
            check(call())

    return work


def in_threads(call: Call) -> Work:
    from concurrent.futures import ThreadPoolExecutor

    pool, share = ThreadPoolExecutor(AT_ONCE), one_after_another(call)

    def work(calls: int) -> None:
        for done in [pool.submit(share, calls // AT_ONCE) for _ in range(AT_ONCE)]:
            done.result()

    return work


def in_loop(make: Callable[[], AsyncCall], at_once: int) -> Work:
    import asyncio

    import uvloop

    loop = uvloop.new_event_loop()

    async def begin() -> AsyncCall:
        return make()

    call = loop.run_until_complete(begin())

    async def share(calls: int) -> None:
        for _ in range(calls):
            check(await call())

    async def all_shares(calls: int) -> None:
        await asyncio.gather(*(share(calls // at_once) for _ in range(at_once)))

    return lambda calls: loop.run_until_complete(all_shares(calls))


def bulk(method: str) -> Work:
    from wts_session import Client

    complete = getattr(Client(**UNLIMITED), method)

    def work(calls: int) -> None:
        for outcome in complete([SESSION] * calls):
            assert outcome.ok, outcome
            check(outcome.result)

    return work


CLIENTS: dict[str, Callable[[], Work]] = {
    "ry": lambda: one_after_another(ry()),
    "sync": lambda: one_after_another(ours()),
    "ry-threads": lambda: in_threads(ry()),
    "threads": lambda: in_threads(ours()),
    "ry-async": lambda: in_loop(ry_async, 1),
    "async": lambda: in_loop(lambda: ours_async(**UNLIMITED), 1),
    "ry-async-at-once": lambda: in_loop(ry_async, AT_ONCE),
    "async-at-once": lambda: in_loop(lambda: ours_async(**UNLIMITED), AT_ONCE),
    "bulk": lambda: bulk("complete_sessions"),
    "bulk-iterated": lambda: bulk("iter_complete_sessions"),
    "by-hand": lambda: in_loop(by_hand, 1),
    "limited": lambda: in_loop(lambda: ours_async(rate_limits=LIMITS), 1),
    "by-hand-at-once": lambda: in_loop(by_hand, AT_ONCE),
    "limited-at-once": lambda: in_loop(lambda: ours_async(rate_limits=LIMITS), AT_ONCE),
}


def main() -> None:
    work = CLIENTS[sys.argv[1]]()
    for line in sys.stdin:
        work(int(line))
        print("done", flush=True)


if __name__ == "__main__":
    main()
