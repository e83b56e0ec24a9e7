from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

FOREIGN = (
    *("WTS_API_KEY", "WTS_BASE_URL", "WTS_SHARED_LIMITS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
for name in FOREIGN:
    os.environ.pop(name, None)
    os.environ.pop(name.lower(), None)

# Background jobs of a script begin with interrupts ignored; the tests send some, to this process and to others.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    stand_in = StandIn("--limit", "off", "--create-unknown")
    yield stand_in
    stand_in.close()


@pytest.fixture
def own_stand_in() -> Iterator[StandIn]:
    """One whose connections are this test's alone."""
    stand_in = StandIn("--limit", "off", "--create-unknown")
    yield stand_in
    stand_in.close()


@pytest.fixture
def api(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> StandIn:
    """The stand-in, which clients without settings find in the environment."""
    monkeypatch.setenv("WTS_BASE_URL", stand_in.api)
    monkeypatch.setenv("WTS_API_KEY", stand_in.token_for(request.node.name))
    return stand_in


@pytest.fixture
def session_id(request: pytest.FixtureRequest) -> str:
    """A session that no other test uses."""
    return f"python:{request.node.nodeid}"[-200:]
