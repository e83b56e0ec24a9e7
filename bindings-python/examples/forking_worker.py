"""A worker as Celery's: a parent makes the client, forked children do the tasks.

``WTS_SHARED_LIMITS=machine python forking_worker.py ID...`` completes the sessions, four processes at a time. Each
child has connections of its own, and all of them share the account's limits.
"""

from __future__ import annotations

import os
import sys
from multiprocessing import get_context

from wts_session import Client, WtsError

PROCESSES = 4

client = Client()


def complete(session_id: str) -> str:
    """One task; what it returns or raises goes back to the parent."""
    session = client.complete_session(session_id)
    return f"{session['sessionId']} is {session.get('status')}, says process {os.getpid()}"


def main(session_ids: list[str]) -> int:
    client.complete_session(session_ids[0])
    failed = 0
    with get_context("fork").Pool(PROCESSES) as pool:
        tasks = [pool.apply_async(complete, (session_id,)) for session_id in session_ids]
        for task in tasks:
            try:
                print(task.get())
            except WtsError as error:
                failed += 1
                print(f"{error!r}, to be tried again: {error.retryable}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["session_12345"]))
