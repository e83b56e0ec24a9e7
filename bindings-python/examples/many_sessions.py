"""Completes many sessions by one bulk call: ``python many_sessions.py ID...`` shows a progress bar, and what failed."""

from __future__ import annotations

import sys

# [readme]
from tqdm import tqdm
from wts_session import Client


def complete(ids: list[str]) -> None:
    with Client() as client, tqdm(total=len(ids)) as bar:
        outcomes = client.complete_sessions(ids, on_progress=lambda done, total: bar.update(done - bar.n))
    for outcome in outcomes:
        if outcome.error is not None:
            print(outcome.session_id, outcome.error.code, outcome.error)
    # [/readme]


complete(sys.argv[1:])
