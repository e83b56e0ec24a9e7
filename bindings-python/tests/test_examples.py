"""The examples, as a user runs them."""

from __future__ import annotations

import csv
import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import running
from stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture(scope="module")
def seeded() -> Iterator[StandIn]:
    """A stand-in that knows its own sessions only, as one that is started by hand."""
    stand_in = StandIn("--limit", "off")
    yield stand_in
    stand_in.close()


def start(example: str, stand_in: StandIn, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(EXAMPLES / example), *arguments],
        env=running.environment(stand_in, example),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str], returncode: int = 0) -> list[str]:
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (returncode, "")
    return output.splitlines()


def test_all_examples_are_run_here() -> None:
    here = Path(__file__).read_text("utf-8")
    assert [example.name for example in EXAMPLES.glob("*.py") if f'"{example.name}"' not in here] == []


def test_readme(seeded: StandIn) -> None:
    before = len(seeded.requests("session_12345"))
    (line,) = finished(start("readme.py", seeded))
    assert line.startswith("IN_PROGRESS 20")
    update, complete = seeded.requests("session_12345", at_least=before + 2)[before:]
    assert update["body"] == {"newStatus": "IN_PROGRESS"}
    assert complete["body"] == {"reactivateOnNewMessage": True}


@pytest.mark.parametrize("arguments", [[], ["session_23456"]])
def test_demo(seeded: StandIn, arguments: list[str]) -> None:
    lines = finished(start("demo.py", seeded, *arguments))
    session_id = (arguments or ["session_12345"])[0]
    assert [line.split()[0] for line in lines] == ["sent", "back", "sent", "back", "sent", "error"]
    assert f'"id": "{session_id}", "status": "IN_PROGRESS"' in lines[1]
    assert "success: True, status: COMPLETED" in lines[3]
    assert "NotFoundError('Conversa não encontrada" in lines[5]
    assert [request["method"] for request in seeded.requests(session_id)[-2:]] == ["PUT"] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forking_worker(seeded: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WTS_SHARED_LIMITS", f"file://{tmp_path}/ledger")
    ids = ["session_12345", "session_23456", "nobody", "session_34567", ".."]
    lines = finished(start("forking_worker.py", seeded, *ids), returncode=1)
    assert [line.split()[0] for line in lines] == [
        "session_12345",
        "session_23456",
        "NotFoundError('Conversa",
        "session_34567",
        "ValidationError('SessionID",
    ]


def test_web_handler(seeded: StandIn) -> None:
    server = start("web_handler.py", seeded)
    assert server.stdout is not None
    address = urlsplit(server.stdout.readline().strip()).netloc

    def request(method: str, path: str) -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request(method, path)
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer

    status, body = request("POST", "/sessions/session_12345/complete")
    assert (status, body["completed"]) == (200, "session_12345")
    assert request("POST", "/sessions/nobody/complete")[0] == 404
    assert request("POST", "/sessions/%2e/complete")[0] == 400
    assert request("GET", "/")[0] == 404

    seeded.script("stalled", {"raw": [{"stall": True}]})
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("POST", "/sessions/stalled/complete")
    seeded.requests("stalled", at_least=1)
    connection.close()
    assert request("POST", "/sessions/session_23456/complete")[0] == 200

    server.send_signal(signal.SIGINT)
    assert finished(server, returncode=130) == []


def run_close_stale_sessions(stand_in: StandIn, *arguments: str) -> tuple[int, str, str]:
    process = start("close_stale_sessions.py", stand_in, *arguments)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_close_stale_sessions(seeded: StandIn, tmp_path: Path) -> None:
    stale, failures = tmp_path / "stale.csv", tmp_path / "failures.csv"
    stale.write_text("session_id,contact\nsession_12345,Ana\nnobody,Bia\n,Caio\nsession_23456,\n", "utf-8")
    returncode, output, errors = run_close_stale_sessions(seeded, str(stale), str(failures))
    assert (returncode, output) == (1, "2 of 4 sessions completed\n")
    assert "100%" in errors
    unknown, empty = errors.splitlines()[-2:]
    assert unknown.startswith("'nobody': Conversa não encontrada (HTTP ")
    assert empty == "'': SessionID is empty! Fill in the SessionID field"
    with failures.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["session_id"], row["code"]) for row in rows] == [("nobody", "not_found"), ("", "empty_session_id")]

    stale.write_text("session_id\nsession_12345\n", "utf-8")
    assert run_close_stale_sessions(seeded, str(stale))[:2] == (0, "1 of 1 sessions completed\n")
    stale.write_text("id\nsession_12345\n", "utf-8")
    assert run_close_stale_sessions(seeded, str(stale)) == (1, "", f"{stale} has no column session_id\n")


def test_close_stale_sessions_interrupted(stand_in: StandIn, tmp_path: Path) -> None:
    stale, failures = tmp_path / "stale.csv", tmp_path / "failures.csv"
    ids = [f"stale-{number}" for number in range(500)]
    stand_in.script(ids[0], {"raw": [{"stall": True}]})
    stale.write_text("\n".join(["session_id", *ids]), "utf-8")
    process = start("close_stale_sessions.py", stand_in, str(stale), str(failures))
    stand_in.requests(ids[0], at_least=1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    with failures.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert output == f"{500 - len(rows)} of 500 sessions completed\n"
    applied = {row["session_id"]: row["may_have_been_applied"] for row in rows if row["code"] == "cancelled"}
    assert applied[ids[0]] == "True"
    assert applied[ids[-1]] == "False"
