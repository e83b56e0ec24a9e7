"""A client that is used before a fork goes on after it, in the parent and in the children."""

from __future__ import annotations

import asyncio
import os
import sys

import wts_session
from wts_session import AsyncClient, Client, ClientClosedError

prefix, children = sys.argv[1], int(sys.argv[2])


async def twice(client: AsyncClient, session_id: str) -> None:
    await asyncio.gather(*(client.complete_session(session_id) for _ in range(2)))


def use_all(session_id: str) -> None:
    client.complete_session(session_id)
    wts_session.complete_session(session_id)
    asyncio.run(twice(async_client, session_id))


def child(session_id: str) -> None:
    use_all(session_id)
    try:
        closed.complete_session(session_id)
    except ClientClosedError:
        return
    raise AssertionError("a closed client is open in the child")


with Client() as closed:
    closed.complete_session(f"{prefix}-parent")
client, async_client = Client(), AsyncClient()
use_all(f"{prefix}-parent")
# What a client was made of is known for good, whatever becomes of the environment.
key = os.environ.pop("WTS_API_KEY")

pids = []
for number in range(children):
    pid = os.fork()
    if pid == 0:
        os.environ["WTS_API_KEY"] = key
        child(f"{prefix}-child{number}")
        sys.exit()
    pids.append(pid)
os.environ["WTS_API_KEY"] = key
use_all(f"{prefix}-parent")
assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * children
use_all(f"{prefix}-parent")
