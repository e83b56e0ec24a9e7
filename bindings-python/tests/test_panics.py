"""A panic inside of the native half, by a switch that only builds for tests have."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

import pytest
from wts_session import AsyncClient, Client, WtsError
from wts_session._mailbox import mailbox_of

if TYPE_CHECKING:
    from stand_in import StandIn


def test_it_is_an_internal_error_and_the_client_still_works(api: StandIn, session_id: str) -> None:
    client = Client()
    with pytest.raises(WtsError) as caught:
        cast("Any", client)._calls.panic()
    assert (caught.value.code, caught.value.attempts) == ("internal", 0)
    assert client.complete_session(session_id)["success"] is True


def test_in_asyncio_too(api: StandIn, session_id: str) -> None:
    async def main() -> None:
        async with AsyncClient() as client:
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            cast("Any", client)._calls.panic(copy_context(), mailbox_of(loop), future)
            with pytest.raises(WtsError) as caught:
                await future
            assert (caught.value.code, caught.value.attempts) == ("internal", 0)
            assert (await client.complete_session(session_id))["success"] is True

    asyncio.run(main())
