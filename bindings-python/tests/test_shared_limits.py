"""One budget for several processes."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import running
from stand_in import StandIn
from wts_session import AsyncClient, Client, LimitsUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def limited() -> Iterator[StandIn]:
    stand_in = StandIn("--limit", "20/1.5", "--create-unknown")
    yield stand_in
    stand_in.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_children_and_their_parent_keep_to_one_budget(
    limited: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WTS_SHARED_LIMITS", f"file://{tmp_path}/ledger")
    running.run("shared_limits", limited, "shared")
    (window,) = limited.windows()
    assert (window["peak"] <= 20, window["refused"]) == (True, 0), window


SHORT_RUN = """
from wts_session import Client
with Client(rate_limits=[(20, 1.5)]) as client:
    assert all(outcome.ok for outcome in client.complete_sessions(f"run-{number}" for number in range(8)))
"""


def test_short_runs_one_after_the_other_keep_to_one_budget(
    limited: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WTS_SHARED_LIMITS", f"file://{tmp_path}/ledger")
    for _ in range(6):
        environment = running.environment(limited, "short")
        # What a run does not tell before it ends counts for its time limits, 32 s here: then this would take minutes.
        subprocess.run([sys.executable, "-c", SHORT_RUN], env=environment, check=True, timeout=running.LONGEST)
    (window,) = limited.windows()
    assert (window["peak"] <= 20, window["refused"]) == (True, 0), window


def no_redis() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"redis://:pn_CANARY@127.0.0.1:{listener.getsockname()[1]}"


def test_without_the_ledger_nothing_is_sent(api: StandIn, session_id: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wts_session")
    client = Client(shared_limits=no_redis(), total_timeout=1.5)
    with pytest.raises(LimitsUnavailableError) as caught:
        client.complete_session(session_id)
    error = caught.value
    assert (error.code, error.attempts, error.may_have_been_applied) == ("limits_unavailable", 0, False)
    assert error.retryable
    assert "no connection to 127.0.0.1" in str(error)
    assert "CANARY" not in repr(error) + caplog.text
    assert api.requests(session_id) == []
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "Shared limits: the ledger can't be used" in record.getMessage()


@pytest.mark.usefixtures("api")
def test_a_share_is_used_without_the_ledger(session_id: str) -> None:
    async def complete() -> bool:
        ledger = no_redis()
        limits = [(10, 0.2)]
        async with AsyncClient(shared_limits=ledger, shared_limits_fallback=0.5, rate_limits=limits) as client:
            return (await client.complete_session(session_id))["success"]

    assert asyncio.run(complete())
