from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from wts_stand_in import ProgramMissingError, StandIn, StandInError, Step, _program, find_program

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_MS = 60_000


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


def complete(stand_in: StandIn, session_id: str) -> tuple[int, Any]:
    """Status and body of the answer to a request of a client."""
    headers = {"Authorization": f"Bearer {stand_in.token}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection(urlsplit(stand_in.url).netloc, timeout=30)) as connection:
        connection.request("PUT", f"/chat/v1/session/{session_id}/complete", "{}", headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or "null")


def ends(pid: int) -> bool:
    """Wait for the end of a process that need not be a child of this one."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(PATIENCE_MS))
    finally:
        os.close(descriptor)


def child_of(pid: int) -> int:
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return int(child)


def test_it_answers_as_the_api_does(stand_in: StandIn) -> None:
    status, session = complete(stand_in, "session_12345")
    assert (status, session["id"], session["status"]) == (200, "session_12345", "COMPLETED")
    status, refusal = complete(stand_in, "nobody")
    assert (status, refusal["key"]) == (500, "ENTITY_NOT_FOUND")
    assert "session_12345" in stand_in.sessions["STARTED"]


def test_it_plays_scripts(stand_in: StandIn) -> None:
    stand_in.script("late", {"status": 503, "headers": [("Retry-After", "1")], "body": {"key": "X"}}, {"pass": True})
    assert complete(stand_in, "late") == (503, {"key": "X"})
    assert complete(stand_in, "late")[0] == 200
    stand_in.script("gone", {"raw": [{"send": "HTTP/1.1 20"}, {"reset": True}]})
    with pytest.raises(ConnectionResetError):
        complete(stand_in, "gone")


def test_it_holds_answers_until_they_are_released(stand_in: StandIn) -> None:
    stand_in.script("hel d", {"status": 200, "body": [1], "held": True})
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(complete, stand_in, "hel%20d")
        stand_in.requests("hel d", at_least=1)
        assert not call.done()
        stand_in.release("hel d")
        assert call.result() == (200, [1])
    with pytest.raises(ValueError, match=r'^session "session_12345" has no script$'):
        stand_in.release("session_12345")


def test_a_step_that_is_not_understood_is_refused(stand_in: StandIn) -> None:
    misspelt: Any = {"statsu": 503}
    with pytest.raises(ValueError, match="unknown field `statsu`"):
        stand_in.script("s", misspelt)
    both: Step = {"status": 503, "raw": [{"close": True}]}
    with pytest.raises(ValueError, match=r"^step 2: a step is one of pass \(true\), status and raw$"):
        stand_in.script("s", {"pass": True}, both)


def test_it_shows_what_it_received(stand_in: StandIn) -> None:
    assert stand_in.requests() == []
    complete(stand_in, "session_12345")
    complete(stand_in, "nobody")
    (request,) = stand_in.requests("session_12345", at_least=1)
    assert (request.method, request.path) == ("PUT", "/chat/v1/session/session_12345/complete")
    assert (request.session_id, request.body, request.body_text) == ("session_12345", {}, "{}")
    assert request.headers["authorization"] == "Bearer ***"
    assert [each.session_id for each in stand_in.requests()] == ["session_12345", "nobody"]
    assert stand_in.token not in repr(stand_in.requests())


def test_requests_that_do_not_come_are_told(stand_in: StandIn) -> None:
    complete(stand_in, "session_12345")
    with pytest.raises(TimeoutError, match=r"1 requests for 'session_12345' arrived within 0.01 seconds, not 2"):
        stand_in.requests("session_12345", at_least=2, timeout=0.01)


def test_it_takes_the_options_of_the_program() -> None:
    with StandIn("--limit", "1/60", "--token", "pn_own") as stand_in:
        assert stand_in.environment == {"WTS_BASE_URL": stand_in.url, "WTS_API_KEY": "pn_own"}
        assert [complete(stand_in, "session_12345")[0] for _ in range(2)] == [200, 429]


def test_it_has_the_addresses_of_the_faults(stand_in: StandIn) -> None:
    assert {"api", "tls", "refused", "silent", "redirect_target"} <= stand_in.addresses.keys()
    assert "BEGIN CERTIFICATE" in Path(stand_in.ca_file).read_text("ascii")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(stand_in.addresses["refused"]).port or 0))


def test_it_ends_and_leaves_nothing_behind() -> None:
    with StandIn() as stand_in:
        child = child_of(os.getpid())
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not Path(stand_in.ca_file).exists()
    stand_in.close()


def test_it_ends_also_where_a_forked_process_holds_its_pipe() -> None:
    with StandIn() as stand_in:
        child = os.fork()
        if child == 0:
            signal.pause()
            os._exit(0)
    assert not Path(stand_in.ca_file).exists()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


ENDINGS = {"it is killed": signal.SIGKILL, "it ends by itself": None}


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_ends_with_the_process_that_started_it_if(ending: str) -> None:
    source = "from wts_stand_in import StandIn; held = StandIn(); print('ready', flush=True); input()"
    command = [sys.executable, "-W", "ignore::ResourceWarning", "-c", source]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        program = child_of(process.pid)
        if ENDINGS[ending] is None:
            process.communicate("\n")
        else:
            process.kill()
        assert ends(program)


def test_a_taken_port_is_named_with_what_to_do(stand_in: StandIn) -> None:
    port = str(urlsplit(stand_in.url).port)
    advice = "choose another one with --port, or leave --port out to get a free one"
    with pytest.raises(StandInError, match=f"^wts-stand-in: port {port} is in use: {advice}$"):
        StandIn("--port", port)


def test_an_option_that_is_wrong_is_told() -> None:
    with pytest.raises(StandInError, match="a limit is REQUESTS/SECONDS"):
        StandIn("--limit", "5")


def test_a_program_that_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WTS_STAND_IN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_program, "files", lambda name: None)
    with pytest.raises(ProgramMissingError, match="pip install --force-reinstall wts-stand-in"):
        StandIn()
    monkeypatch.setenv("WTS_STAND_IN", str(tmp_path / "nothing"))
    with pytest.raises(ProgramMissingError, match=r"nothing.*WTS_STAND_IN"):
        StandIn()


def test_a_program_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "wts-stand-in"
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    monkeypatch.setenv("WTS_STAND_IN", str(program))
    with pytest.raises(StandInError, match="can not be started: "):
        StandIn()
    program.write_text("#!/bin/sh\n")
    with pytest.raises(StandInError, match="ended at once"):
        StandIn()


def test_the_program_is_found_where_pip_puts_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WTS_STAND_IN", raising=False)
    monkeypatch.setattr(_program, "files", lambda name: None)
    program = tmp_path / "bin" / "wts-stand-in"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(_program, "__file__", str(tmp_path / "wts_stand_in" / "_program.py"))
    assert find_program() == str(program)
    monkeypatch.setattr(_program, "__file__", str(tmp_path / "elsewhere" / "wts_stand_in" / "_program.py"))
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_program() == str(program)
