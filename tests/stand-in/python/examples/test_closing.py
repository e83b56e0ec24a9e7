"""Tests of a program that uses wts_session. Run them with pytest."""

from __future__ import annotations

# [readme]
from wts_session import Client, NotFoundError
from wts_stand_in import StandIn


def close(session_id: str) -> bool:
    """The code that is tested."""
    try:
        return Client().complete_session(session_id)["success"]
    except NotFoundError:
        return False


def test_an_outage_is_survived(wts_stand_in: StandIn) -> None:  # the fixture sets WTS_BASE_URL and WTS_API_KEY
    wts_stand_in.script("session_12345", {"status": 503}, {"pass": True})
    assert close("session_12345")
    assert len(wts_stand_in.requests("session_12345")) == 2


def test_a_session_that_is_gone(wts_stand_in: StandIn) -> None:
    assert not close("nobody")


# [/readme]
