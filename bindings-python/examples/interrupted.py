"""What a bulk call tells when its time is over: ``python interrupted.py SECONDS ID...``."""

from __future__ import annotations

# [readme]
import asyncio
import sys

from wts_session import AsyncClient, outcomes_of


async def complete_within(seconds: float, ids: list[str]) -> None:
    try:
        outcomes = await asyncio.wait_for(AsyncClient().complete_sessions(ids), seconds)
    except asyncio.TimeoutError as error:
        outcomes = outcomes_of(error) or []
    for outcome in outcomes:
        if outcome.error is not None:
            print(outcome.session_id, outcome.error.code, outcome.error.may_have_been_applied)


asyncio.run(complete_within(float(sys.argv[1]), sys.argv[2:]))
# [/readme]
