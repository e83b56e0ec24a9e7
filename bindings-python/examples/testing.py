"""Tests of a program's own code, without a server: ``pytest testing.py``."""

from __future__ import annotations

# [readme]
from unittest.mock import create_autospec

from wts_session import Client, CompletedSession, Failed, NotFoundError, RequestTimeoutError, Succeeded


def to_be_tried_again(client: Client, ids: list[str]) -> list[str]:
    """The code that is tested."""
    return [
        outcome.session_id for outcome in client.complete_sessions(ids) if outcome.error and outcome.error.retryable
    ]


def test_sessions_that_are_gone_are_not_tried_again() -> None:
    done: CompletedSession = {"success": True, "sessionId": "a", "id": "a", "status": "COMPLETED"}
    gone, late = NotFoundError("No such session", http_status=500), RequestTimeoutError("No answer")
    client = create_autospec(Client, instance=True)
    client.complete_sessions.return_value = [Succeeded(0, "a", done), Failed(1, "b", gone), Failed(2, "c", late)]
    assert to_be_tried_again(client, ["a", "b", "c"]) == ["c"]
    # [/readme]
