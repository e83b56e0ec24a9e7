"""What an item of a bulk call costs in CPU and memory, beside single calls: for ``make bench-memory``.

It runs one way at a time, ``bench_bulk_items.py WAY COUNT``, and prints the microseconds of CPU per item, and the
largest size of the process in KB.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 64


def ids(count: int) -> Iterator[str]:
    """As the API's ids are: UUIDs."""
    return (f"044abf6f-1851-40b6-84ac-{number:012}" for number in range(count))


def peak_kb() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def wait(way: str, count: int) -> int:
    from wts_session import Client

    with Client(rate_limits=None) as client:
        if way == "iterator in, one by one out":
            return sum(outcome.ok for outcome in client.iter_complete_sessions(ids(count)))
        given = list(ids(count))
        if way == "list in, one by one out":
            return sum(outcome.ok for outcome in client.iter_complete_sessions(given))
        if way == "list in, list out":
            return sum(outcome.ok for outcome in client.complete_sessions(given))
    return len(given)


async def go(way: str, count: int) -> int:
    import asyncio

    from wts_session import AsyncClient

    async def lane(numbers: Iterator[str]) -> int:
        done = 0
        for session_id in numbers:
            await client.complete_session(session_id)
            done += 1
        return done

    async with AsyncClient(rate_limits=None) as client:
        if way == "single calls":
            numbers = ids(count)
            return sum(await asyncio.gather(*(lane(numbers) for _ in range(AT_ONCE))))
        given = ids(count) if way == "asyncio, iterator in, one by one out" else list(ids(count))
        done = 0
        async for outcome in client.iter_complete_sessions(given):
            done += outcome.ok
        return done


def run(way: str, count: int) -> int:
    if way == "single calls" or way.startswith("asyncio"):
        import asyncio

        return asyncio.run(go(way, count))
    return wait(way, count)


def main() -> None:
    way, count = sys.argv[1], int(sys.argv[2])
    if way != "bare":
        before = time.process_time()
        done = run(way, count)
        if done != count:
            raise SystemExit(f"{done} of {count} succeeded")
        print(f"{(time.process_time() - before) * 1e6 / count:.2f}", end=" ")
    print(peak_kb())


main()
