"""The stand-in of the WTS API, as a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

REPOSITORY = Path(__file__).resolve().parents[2]
SUITE = REPOSITORY / "tests"


class StandIn:
    """A running stand-in; it ends with ``close`` or with this process."""

    def __init__(self, *options: str) -> None:
        program = os.environ.get("WTS_STAND_IN", str(REPOSITORY / "target" / "debug" / "wts-stand-in"))
        self._process = subprocess.Popen(
            [program, "--json", "--stay-with-stdin", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{program} ended at once"
        self.addresses: dict[str, Any] = json.loads(line)
        self.api: str = self.addresses["api"]
        self.token: str = self.addresses["token"]

    def close(self) -> None:
        self._process.communicate(timeout=10)

    def token_for(self, name: str) -> str:
        """A token of the same account; clients with other tokens share no budget with those of this one."""
        return f"{self.token}_{''.join(c if c.isascii() and c.isalnum() else '-' for c in name)}"

    def requests(self, session_id: str, *, at_least: int = 0, wait_ms: int = 5000) -> list[dict[str, Any]]:
        """The requests for this session so far; waits until there are so many."""
        query = f"session_id={quote(session_id, safe='')}&at_least={at_least}&wait_ms={wait_ms}"
        requests: list[dict[str, Any]] = self._control("GET", f"requests?{query}")
        assert len(requests) >= at_least, f"{len(requests)} requests for {session_id}, not {at_least}"
        return requests

    def connections(self) -> dict[str, int]:
        connections: dict[str, int] = self._control("GET", "connections")
        return connections

    def windows(self) -> list[dict[str, int]]:
        """For each limit: the most requests that arrived in one window, and how many were refused."""
        windows: list[dict[str, int]] = self._control("GET", "windows")
        return windows

    def script(self, session_id: str, *steps: dict[str, Any]) -> None:
        """What to do with the next requests for this session."""
        self._control("POST", "scripts", {"session_id": session_id, "steps": steps})

    def release(self, session_id: str) -> None:
        """Let the answers begin that the session's script holds."""
        self._control("POST", f"releases?session_id={quote(session_id, safe='')}")

    def _control(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.api).netloc, timeout=15)
        try:
            connection.request(method, f"/_stand-in/{path}", None if body is None else json.dumps(body))
            response = connection.getresponse()
            content = response.read()
            assert response.status < 300, content
            return json.loads(content) if content else None
        finally:
            connection.close()
