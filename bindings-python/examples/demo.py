"""What is sent, what comes back, and an error: ``python demo.py [SESSION_ID]``.

It reads WTS_API_KEY and WTS_BASE_URL from the environment.
"""

from __future__ import annotations

import asyncio
import json
import sys

from wts_session import AsyncClient, Client, Session, SessionStatus, WtsError

session_id = sys.argv[1] if len(sys.argv) > 1 else "session_12345"


def show(sent: str, session: Session) -> None:
    shown = {name: session.get(name) for name in ("id", "status", "title", "lastMessageIn", "windowStatus")}
    print(f"sent  {sent}")
    print(f"back  {json.dumps(shown, ensure_ascii=False)} and {len(session) - len(shown)} fields more")


async def complete() -> None:
    async with AsyncClient() as client:
        completed = await client.complete_session(session_id, stop_bot_in_execution=True)
    print(f"sent  PUT /chat/v1/session/{session_id}/complete, with AsyncClient")
    print(f"back  success: {completed['success']}, status: {completed.get('status')}")


with Client() as client:
    session = client.update_session_status(session_id, SessionStatus.IN_PROGRESS)
    show(f'PUT /chat/v1/session/{session_id}/status {{"newStatus": "IN_PROGRESS"}}', session)
    asyncio.run(complete())
    try:
        client.complete_session("an-id-nobody-knows")
    except WtsError as error:
        print("sent  PUT /chat/v1/session/an-id-nobody-knows/complete")
        print(f"error {error!r}")
