"""Long bulk calls whose outcomes nobody keeps: prints by how many KiB the memory has grown from the first part on."""

from __future__ import annotations

import asyncio
import gc
import resource
from pathlib import Path
from typing import TYPE_CHECKING

from wts_session import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID, REAL = 30_000, 4000


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


class Growth:
    """The growth of the memory from the first fifth of the outcomes to the last."""

    def __init__(self, name: str, number: int) -> None:
        self._name, self._number, self._done, self._first = name, number, 0, 0

    def count(self) -> None:
        self._done += 1
        if self._done == self._number // 5:
            self._first = resident()
        if self._done == self._number:
            print(self._name, (resident() - self._first) // 1024)


def ids(prefix: str, number: int) -> Iterator[str]:
    # A session's answer has about 2 KB.
    return (f"{prefix}{each % 10}" if prefix else " " for each in range(number))


def synchronous(name: str, prefix: str, number: int) -> None:
    growth = Growth(f"sync {name}", number)
    for _ in Client(rate_limits=None).iter_complete_sessions(ids(prefix, number)):
        growth.count()


async def asynchronous(name: str, prefix: str, number: int) -> None:
    growth = Growth(f"async {name}", number)
    async for _ in AsyncClient(rate_limits=None).iter_complete_sessions(ids(prefix, number)):
        growth.count()


for name, prefix, number in (("invalid", "", INVALID), ("real", "python-memory-bulk-", REAL)):
    synchronous(name, prefix, number)
    asyncio.run(asynchronous(name, prefix, number))
