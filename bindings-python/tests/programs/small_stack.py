"""All that a program may do, in a thread whose stack is as small as the README asks for."""

from __future__ import annotations

import asyncio
import sys
import threading

import wts_session
from wts_session import AsyncClient, Client, WtsError

session_id, stack_kib = sys.argv[1], int(sys.argv[2])


async def call_asynchronously() -> None:
    async with AsyncClient() as client:
        await client.complete_session(session_id)
        assert (await client.complete_sessions([session_id]))[0].ok


def call() -> None:
    with Client() as client:
        client.update_session_status(session_id, "IN_PROGRESS")
        assert [outcome.ok for outcome in client.complete_sessions([session_id, "."])] == [True, False]
        assert [outcome.ok for outcome in client.iter_complete_sessions([session_id])] == [True]
        try:
            client.complete_session("..")
        except WtsError as error:
            assert error.code == "invalid_session_id"
    wts_session.complete_session(session_id)
    asyncio.run(call_asynchronously())
    print("done")


threading.stack_size(stack_kib * 1024)
thread = threading.Thread(target=call)
thread.start()
thread.join()
