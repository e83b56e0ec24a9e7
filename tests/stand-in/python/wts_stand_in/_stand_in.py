from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from ._errors import StandInError
from ._program import find_program
from ._types import ReceivedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import IO

    from typing_extensions import Self

    from ._types import Step


class StandIn:
    """A running stand-in of the API, with the options of the program, such as ``StandIn("--limit", "off")``.

    It ends with :meth:`close`, at the end of a ``with`` block, and with this process, however that ends.
    """

    url: str
    """The base URL for clients."""
    token: str
    """The API key for clients."""
    addresses: Mapping[str, str]
    """The addresses by name: ``api`` and those of the fault listeners, such as ``refused``."""
    sessions: Mapping[str, list[str]]
    """The ids of the sessions that are there from the start, by status."""
    ca_file: str
    """The certificate of the authority that the address ``tls`` has its own from."""

    def __init__(self, *options: str) -> None:
        program = find_program()
        with tempfile.TemporaryFile() as complaints:
            self._process = _start([program, "--json", "--stay-with-stdin", *options], complaints)
            line = self._process.stdout.readline() if self._process.stdout else b""
            if not line:
                self.close()
                complaints.seek(0)
                raise StandInError(complaints.read().decode("utf-8", "replace").strip() or f"{program} ended at once.")
        announced: dict[str, Any] = json.loads(line)
        self.token = announced.pop("token")
        self.sessions = announced.pop("sessions")
        self.ca_file = announced.pop("ca_file")
        self.addresses = {name: address for name, address in announced.items() if isinstance(address, str)}
        self.url = self.addresses["api"]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a client of any language use this stand-in."""
        return {"WTS_BASE_URL": self.url, "WTS_API_KEY": self.token}

    def script(self, session_id: str, *steps: Step) -> None:
        """Say what happens to the next requests for a session, one step for each request.

        This replaces what is left of an earlier script. When it has run out, the API answers. The session exists from
        then on. A step that is not understood raises a ``ValueError``.
        """
        self._tell("scripts", {"session_id": session_id, "steps": steps})

    def release(self, session_id: str) -> None:
        """Let the answers begin that the session's script holds back with ``"held": True``.

        Those of later requests are not held either. A session that has no script raises a ``ValueError``.
        """
        self._tell(f"releases?{urlencode({'session_id': session_id})}")

    def requests(
        self, session_id: str | None = None, *, at_least: int = 0, timeout: float = 5.0
    ) -> list[ReceivedRequest]:
        """Return the requests so far, for one session or for all, oldest first.

        With ``at_least``, wait until there are so many of them; a ``TimeoutError`` says that there were not.
        """
        query: dict[str, str | int] = {} if session_id is None else {"session_id": session_id}
        query.update(at_least=at_least, wait_ms=round(timeout * 1000))
        status, content = self._ask("GET", f"requests?{urlencode(query)}", longest=timeout)
        if status != http.HTTPStatus.OK:
            raise StandInError(content.decode("utf-8").strip())
        requests = [ReceivedRequest(**request) for request in json.loads(content)]
        if len(requests) < at_least:
            what = "in all" if session_id is None else f"for {session_id!r}"
            raise TimeoutError(f"{len(requests)} requests {what} arrived within {timeout} seconds, not {at_least}.")
        return requests

    def close(self) -> None:
        """End the stand-in. A second call does nothing."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        # Another process may hold the pipe too, if it was forked from this one. On Windows there are none.
        if os.name != "nt" and process.poll() is None:
            process.terminate()
        process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<StandIn at {self.url}>"

    def _tell(self, path: str, body: object = None) -> None:
        status, content = self._ask("POST", path, body)
        if status != http.HTTPStatus.NO_CONTENT:
            raise ValueError(content.decode("utf-8").strip())

    def _ask(self, method: str, path: str, body: object = None, longest: float = 0.0) -> tuple[int, bytes]:
        """What the control surface answers: status and content."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=longest + 30)
        with contextlib.closing(connection):
            connection.request(method, f"/_stand-in/{path}", None if body is None else json.dumps(body))
            response = connection.getresponse()
            return response.status, response.read()


def _start(command: list[str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints)
    except OSError as error:
        raise StandInError(f"{command[0]} can not be started: {error}.") from error
