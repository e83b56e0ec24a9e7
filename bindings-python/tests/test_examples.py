"""The examples, as a user runs them."""

from __future__ import annotations

import codecs
import csv
import errno
import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
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


def test_readme_without_a_key(seeded: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "environment", lambda stand_in, name: dict(os.environ))
    (line,) = finished(start("readme.py", seeded))
    assert line.endswith(" missing_api_key False")


def test_many_sessions(seeded: StandIn) -> None:
    process = start("many_sessions.py", seeded, "session_12345", "nobody", "session_23456")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, "3/3" in errors) == (0, True)
    assert output.startswith("nobody not_found Conversa não encontrada (HTTP ")


def test_interrupted(seeded: StandIn) -> None:
    seeded.script("stalled", {"raw": [{"stall": True}]})
    assert finished(start("interrupted.py", seeded, "60", "session_12345", "nobody")) == ["nobody not_found False"]
    (line,) = finished(start("interrupted.py", seeded, "0.5", "stalled"))
    assert line.startswith("stalled cancelled ")


def test_testing() -> None:
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "testing.py")]
    process = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 0, process.stdout
    assert "1 passed" in process.stdout


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


ROWS = [
    *(["Contato", "Session_ID", "Observação"], ["Ana", "session_12345", 'disse "oi"; e, depois, nada'], []),
    *(["João", " session_23456 ", "duas\nlinhas"], ["", "", ""], ["Bia", "não há", "€ 5"]),
    *(["Ana", "session_12345", "outra vez"], ["curta"]),
]


def sheet(delimiter: str, line_end: str, **options: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, **options).writerows(ROWS)
    return text.getvalue()


AS_FOUND = {
    "commas": sheet(",", "\n").encode(),
    "commas, all quoted": sheet(",", "\r\n", quoting=csv.QUOTE_ALL).encode(),
    "semicolons, Windows-1252": sheet(";", "\r\n").encode("cp1252"),
    "semicolons, byte order mark": codecs.BOM_UTF8 + sheet(";", "\r\n").encode(),
    "a line sep=;": b"sep=;\r\n" + sheet(";", "\r\n").encode("cp1252"),
    "a line sep=; after a byte order mark": codecs.BOM_UTF8 + b'"sep=;"\r\n' + sheet(";", "\r\n").encode(),
    "a line sep=|": b"SEP=|\n" + sheet("|", "\n").encode(),
    "tabs, UTF-16": codecs.BOM_UTF16_LE + sheet("\t", "\r\n").encode("utf-16-le"),
    "tabs, UTF-16 the other way round": codecs.BOM_UTF16_BE + sheet("\t", "\r\n").encode("utf-16-be"),
    "old line ends": sheet(";", "\r", quoting=csv.QUOTE_ALL).encode(),
    "blank lines first": b"\r\n;;\r\n" + sheet(";", "\r\n").encode(),
}


@pytest.mark.parametrize("name", AS_FOUND)
def test_close_stale_sessions_reads_what_people_have(name: str, seeded: StandIn, tmp_path: Path) -> None:
    stale, failures = tmp_path / "sessões.csv", tmp_path / "failures.csv"
    stale.write_bytes(AS_FOUND[name])
    before = len(seeded.requests("session_12345"))
    returncode, output, errors = run_close_stale_sessions(seeded, str(stale), str(failures))
    assert (returncode, output) == (1, "2 of 4 sessions completed\n")
    assert errors.startswith("1 of 5 rows repeat a session; it is completed once\n")
    assert [line.split(":")[0] for line in errors.splitlines()[-2:]] == ["'não há'", "''"]
    assert len(seeded.requests("session_12345")) == before + 1

    assert style(failures.read_bytes()) == style(AS_FOUND[name])
    again = tmp_path / "again.csv"
    returncode, output, errors = run_close_stale_sessions(seeded, str(failures), str(again))
    assert (returncode, output) == (1, "0 of 2 sessions completed\n")
    assert [line.split(":")[0] for line in errors.splitlines()[-2:]] == ["'não há'", "''"]
    assert style(again.read_bytes()) == style(failures.read_bytes())


def style(content: bytes) -> dict[str, object]:
    """How a file is written: what its first bytes, its delimiter and its line ends are."""
    marks = [mark for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) if content.startswith(mark)]
    encoding = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get((marks or [b""])[0], "latin-1")
    text = content[len((marks or [b""])[0]) :].decode(encoding)
    return {
        "marks": marks,
        "is UTF-8": "Ã£".encode("latin-1") in content,
        "separator": re.findall(r'\A"?sep=.*', text, re.IGNORECASE),
        "delimiter": max(",;\t|", key=text.count),
        "ends of lines": "\r\n" if "\r\n" in text else "\r" if "\r" in text else "\n",
    }


@pytest.mark.parametrize(
    "header", ["session_id", "Session_ID", "session id", "SESSION-ID", "sessionId", " Session Id "]
)
def test_close_stale_sessions_finds_the_column(header: str, seeded: StandIn, tmp_path: Path) -> None:
    stale = tmp_path / "stale.csv"
    stale.write_text(f"{header}\nsession_12345\n", "utf-8")
    assert run_close_stale_sessions(seeded, str(stale))[:2] == (0, "1 of 1 sessions completed\n")


UNREADABLE = {
    b"": "is empty",
    b"\xef\xbb\xbfsep=;\r\n\r\n;;\r\n": "is empty",
    b"sep=\r\n": "has no column session_id; its columns are 'sep='",
    b"id;nome\r\nsession_12345;Ana\r\n": "has no column session_id; its columns are 'id', 'nome'",
    b"PK\x03\x04\x14\x00\x06\x00\x08\x00": "is not text: save it as CSV, in UTF-8, UTF-16 with a byte order mark, or "
    "Windows-1252",
    b"\xff\xfes": "is not text: save it as CSV, in UTF-8, UTF-16 with a byte order mark, or Windows-1252",
    b"session_id\n\x81": "is not text: save it as CSV, in UTF-8, UTF-16 with a byte order mark, or Windows-1252",
    b'session_id,note\n1,"no end\n2,x\n': "is not CSV: line 3: unexpected end of data",
    b"x" * 200_000: "is not CSV: line 1: field larger than field limit (131072)",
}


@pytest.mark.parametrize("content", UNREADABLE, ids=lambda content: content[:20])
def test_close_stale_sessions_says_what_it_can_not_read(content: bytes, seeded: StandIn, tmp_path: Path) -> None:
    stale = tmp_path / "stale.csv"
    stale.write_bytes(content)
    assert run_close_stale_sessions(seeded, str(stale)) == (1, "", f"{stale} {UNREADABLE[content]}\n")


def test_close_stale_sessions_says_in_one_line_what_is_missing(
    seeded: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing, stale = tmp_path / "missing.csv", tmp_path / "stale.csv"
    no_such_file = os.strerror(errno.ENOENT)
    assert run_close_stale_sessions(seeded, str(missing)) == (1, "", f"{missing}: {no_such_file}\n")

    stale.write_text("session_id\nnobody\n", "utf-8")
    failures = tmp_path / "no such folder" / "failures.csv"
    returncode, output, errors = run_close_stale_sessions(seeded, str(stale), str(failures))
    assert (returncode, output) == (1, "0 of 1 sessions completed\n")
    told, last = errors.splitlines()[-2:]
    assert (told.split(":")[0], last) == ("'nobody'", f"{failures}: {no_such_file}")

    monkeypatch.setattr(running, "environment", lambda stand_in, name: {**os.environ, "WTS_API_KEY": " "})
    returncode, output, errors = run_close_stale_sessions(seeded, str(stale))
    assert (returncode, output, len(errors.splitlines())) == (1, "", 1)
    assert "API key" in errors


@contextmanager
def interrupted_again_and_again(process: subprocess.Popen[str]) -> Iterator[None]:
    ended = threading.Event()

    def interrupt() -> None:
        while not ended.wait(0.002):
            process.send_signal(signal.SIGINT)

    impatient = threading.Thread(target=interrupt)
    impatient.start()
    try:
        yield
    finally:
        ended.set()
        impatient.join()


@pytest.mark.parametrize("again", [False, True])
def test_close_stale_sessions_interrupted(again: bool, stand_in: StandIn, tmp_path: Path) -> None:
    stale, failures = tmp_path / "stale.csv", tmp_path / "failures.csv"
    ids = [f"stale-{again}-{number}" for number in range(500)]
    stand_in.script(ids[0], {"raw": [{"stall": True}]})
    stale.write_text("\n".join(["session_id", *ids]), "utf-8")
    process = start("close_stale_sessions.py", stand_in, str(stale), str(failures))
    stand_in.requests(ids[0], at_least=1)
    process.send_signal(signal.SIGINT)
    with interrupted_again_and_again(process) if again else nullcontext():
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    with failures.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert output == f"{500 - len(rows)} of 500 sessions completed\n"
    applied = {row["session_id"]: row["may_have_been_applied"] for row in rows if row["code"] == "cancelled"}
    assert applied[ids[0]] == "True"
    assert applied[ids[-1]] == "False"
