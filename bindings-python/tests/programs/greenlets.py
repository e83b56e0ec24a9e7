"""Calls in the thread pool of gevent's hub let the other greenlets run. What is in flight at the end never settles."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys

from wts_session import Client, ValidationError

client = Client(timeout=60, total_timeout=None)
session_id, *stalled = sys.argv[1:]

# [readme]
from gevent import get_hub

pool = get_hub().threadpool
session = pool.apply(client.complete_session, [session_id], {"stop_bot_in_execution": True})
# [/readme]

print(session["sessionId"], flush=True)
try:
    pool.apply(client.complete_session, [".."])
except ValidationError as error:
    print(error.code, flush=True)
calls = [pool.spawn(client.complete_session, each) for each in stalled]
print(pool.apply(sys.stdin.readline).strip(), [call.ready() for call in calls], flush=True)
