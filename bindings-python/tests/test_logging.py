"""The logger ``wts_session``."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest
import running
from calling import KINDS, Bulk
from wts_session import AsyncClient, Client, Outcome, RateLimitError, ServerError, _logging, update_session_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stand_in import StandIn

UNAVAILABLE = {"status": 503, "headers": [["Retry-After", "0"]], "body": {"title": "PERSONAL"}}
LIMITED = {"status": 429, "headers": [["Retry-After", "0"]]}
LINE = re.compile(r"(\w+) '(.+)': attempt (\d+), (.+), (\d+) ms")


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("wts_session")
    yield logger
    logger.setLevel(logging.NOTSET)


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    records = [record for record in caplog.records if record.name == "wts_session"]
    assert all(record.levelno in (logging.DEBUG, logging.WARNING) for record in records)
    return [record.getMessage() for record in records if record.levelno == level]


def complete(kind: str, stand_in: StandIn, name: str, ids: list[str], **settings: Any) -> list[Outcome[Any]]:
    return Bulk(kind, stand_in, stand_in.token_for(name)).complete_sessions(ids, settings)


@pytest.mark.parametrize("kind", ["single", *KINDS])
def test_every_attempt_is_a_line(
    kind: str, api: StandIn, session_id: str, caplog: pytest.LogCaptureFixture, logger: logging.Logger
) -> None:
    logger.setLevel(logging.DEBUG)
    api.script(session_id, {**UNAVAILABLE, "delay_ms": 100})
    if kind == "single":
        Client().complete_session(session_id)
    else:
        assert complete(kind, api, session_id, [session_id])[0].ok
    attempts = [LINE.fullmatch(line) for line in lines(caplog, logging.DEBUG)]
    found = [match.groups()[:4] for match in attempts if match]
    assert found == [
        ("complete_session", session_id, "1", "HTTP 503 server_error"),
        ("complete_session", session_id, "2", "HTTP 200"),
    ]
    milliseconds = int(attempts[0][5]) if attempts[0] else 0
    assert 100 <= milliseconds < 1000
    (warning,) = lines(caplog, logging.WARNING)
    assert re.fullmatch(r"complete_session '.*': attempt 1 failed \(server_error\), again in \d+\.\d\d s", warning)


def test_a_request_without_an_answer_has_its_error(
    stand_in: StandIn, caplog: pytest.LogCaptureFixture, logger: logging.Logger
) -> None:
    logger.setLevel(logging.DEBUG)
    refused = stand_in.addresses["refused"]
    with pytest.raises(ConnectionError):
        update_session_status("s", "HIDDEN", api_key="pn_1", base_url=refused)
    debug = lines(caplog, logging.DEBUG)
    assert len(debug) == 4
    match = LINE.fullmatch(debug[3])
    assert match
    assert match.groups()[:4] == ("update_session_status", "s", "4", "connection")
    assert len(lines(caplog, logging.WARNING)) == 3


@pytest.mark.parametrize("kind", ["single", *KINDS])
def test_retries_and_pauses_are_warnings_whatever_the_attempts_are(
    kind: str, api: StandIn, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.script(session_id, LIMITED)
    if kind == "single":
        Client().complete_session(session_id)
    else:
        assert complete(kind, api, session_id, [session_id])[0].ok
    assert lines(caplog, logging.DEBUG) == []
    pause, retry = lines(caplog, logging.WARNING)
    assert re.fullmatch(r"The API's rate limit is reached \(HTTP 429\): nothing is sent for \d+\.\d\d s", pause)
    assert re.fullmatch(r"complete_session '.*': attempt 1 failed \(rate_limited\), again in \d+\.\d\d s", retry)


def test_the_key_and_the_bodies_are_in_no_line(
    api: StandIn, session_id: str, caplog: pytest.LogCaptureFixture, logger: logging.Logger
) -> None:
    logger.setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    key = f"{api.token}_CANARY"
    api.script(session_id, UNAVAILABLE, {"status": 500, "body": {"key": "FORM_ERROR", "text": "PERSONAL"}})
    client = Client(key)
    with pytest.raises(Exception, match="PERSONAL"):
        client.complete_session(session_id)
    client.complete_sessions([session_id, session_id])
    assert len(lines(caplog, logging.DEBUG)) == 4
    for record in caplog.records:
        text = f"{record.getMessage()} {record.args!r} {vars(record)!r}"
        assert "PERSONAL" not in text
        assert key not in text


@pytest.mark.parametrize("kind", ["single", *KINDS])
def test_attempts_cost_nothing_when_nobody_reads_of_them(
    kind: str, api: StandIn, session_id: str, monkeypatch: pytest.MonkeyPatch, logger: logging.Logger
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(_logging, "log_attempt", lambda *arguments: calls.append(arguments))
    client = Client()

    def call() -> None:
        if kind == "single":
            client.complete_session(session_id)
        else:
            complete(kind, api, session_id, [session_id, session_id])

    expected = 0
    for level in (logging.INFO, logging.DEBUG, logging.WARNING, logging.DEBUG):
        logger.setLevel(level)
        call()
        if level == logging.DEBUG:
            expected += 1 if kind == "single" else 2
        assert len(calls) == expected


class FailingHandler(logging.Handler):
    """As a handler that forgets to catch."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def emit(self, _: logging.LogRecord) -> None:
        raise self.error


@pytest.mark.parametrize("kind", ["single", *KINDS])
def test_a_handler_that_raises_breaks_no_call(
    kind: str, api: StandIn, session_id: str, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: reported.append(unraisable.exc_type))
    logger.setLevel(logging.DEBUG)
    handler = FailingHandler(ZeroDivisionError())
    logger.addHandler(handler)
    try:
        if kind == "single":
            assert Client().complete_session(session_id)["success"]
        else:
            assert [outcome.ok for outcome in complete(kind, api, session_id, [session_id] * 3)] == [True] * 3
    finally:
        logger.removeHandler(handler)
    assert reported == [ZeroDivisionError] * (1 if kind == "single" else 3)


def test_ctrl_c_while_a_line_is_written_is_not_lost(api: StandIn, session_id: str, logger: logging.Logger) -> None:
    class Interrupted(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            logger.removeHandler(self)
            signal.raise_signal(signal.SIGINT)
            sum(map(int, "12"))

    logger.setLevel(logging.DEBUG)
    # Kept, so that the signal is not met by the end of the handler.
    handler = Interrupted()
    logger.addHandler(handler)
    api.script(session_id, UNAVAILABLE, *[{"raw": [{"stall": True}]}] * 3)
    with pytest.raises(KeyboardInterrupt):
        Client(timeout=5).complete_session(session_id)
    assert len(api.requests(session_id)) <= 2


def test_a_handler_may_take_its_time(api: StandIn, session_id: str, logger: logging.Logger) -> None:
    """Threads that log and threads that wait for the GIL do not wait for each other."""

    class Busy(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            threading.Event().wait(0.002)
            sum(range(1000))

    logger.setLevel(logging.DEBUG)
    handler = Busy()
    logger.addHandler(handler)
    try:
        client = Client(rate_limits=None)
        ids = [f"{session_id}/{number}" for number in range(40)]
        threads = [threading.Thread(target=client.complete_sessions, args=(ids,)) for _ in range(4)]
        threads += [threading.Thread(target=lambda: [client.complete_session(each) for each in ids])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    finally:
        logger.removeHandler(handler)
    assert len(api.requests(ids[0])) == 5


def test_errors_still_come_out_with_logs_on(
    api: StandIn, session_id: str, caplog: pytest.LogCaptureFixture, logger: logging.Logger
) -> None:
    logger.setLevel(logging.DEBUG)
    api.script(session_id, *[UNAVAILABLE] * 2)
    with pytest.raises(ServerError):
        Client(max_retries=1).complete_session(session_id)
    assert len(lines(caplog, logging.DEBUG)) == 2
    assert len(lines(caplog, logging.WARNING)) == 1
    api.script(f"{session_id}/2", LIMITED)
    with pytest.raises(RateLimitError):
        Client(max_retries=0).complete_session(f"{session_id}/2")
    assert len(lines(caplog, logging.WARNING)) == 2


SILENT = """
import wts_session
wts_session.Client().complete_session("{session_id}")
"""


def test_programs_that_set_up_no_logging_see_nothing(api: StandIn, session_id: str) -> None:
    api.script(session_id, UNAVAILABLE)
    environment = {**running.environment(api, session_id), "PYTHONDEVMODE": "1"}
    program = [sys.executable, "-c", SILENT.format(session_id=session_id)]
    ended = subprocess.run(program, env={**os.environ, **environment}, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert len(api.requests(session_id)) == 2


request_id: ContextVar[str] = ContextVar("request_id", default="none")


class Recorder(logging.Handler):
    """What a handler finds in its surroundings."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def emit(self, _: logging.LogRecord) -> None:
        self.found.append((threading.current_thread().name, request_id.get()))


@pytest.mark.parametrize("kind", ["single", *KINDS, "single async"])
def test_lines_are_logged_in_the_context_of_their_call(
    kind: str, api: StandIn, session_id: str, logger: logging.Logger
) -> None:
    api.script(session_id, UNAVAILABLE)
    logger.setLevel(logging.DEBUG)
    recorder = Recorder()
    logger.addHandler(recorder)
    token = request_id.set("r-1")
    try:
        if kind == "single":
            Client().complete_session(session_id)
        elif kind == "single async":
            asyncio.run(_three_at_once(api, session_id))
        else:
            complete(kind, api, session_id, [session_id, session_id])
    finally:
        request_id.reset(token)
        logger.removeHandler(recorder)
    names = {"r-1"} if kind != "single async" else {"task-0", "task-1", "task-2"}
    assert {found for _, found in recorder.found} == names
    assert {thread for thread, _ in recorder.found} == {threading.current_thread().name}
    assert len(recorder.found) >= 3


async def _three_at_once(api: StandIn, session_id: str) -> None:
    client = AsyncClient(rate_limits=None)

    async def call(number: int) -> None:
        request_id.set(f"task-{number}")
        await client.complete_session(f"{session_id}/{number}")

    api.script(f"{session_id}/1", UNAVAILABLE)
    await asyncio.gather(*(call(number) for number in range(3)))


@pytest.mark.parametrize("kind", ["single", *KINDS, "single async"])
def test_a_handler_may_make_calls_of_the_same_client(
    kind: str, api: StandIn, session_id: str, logger: logging.Logger
) -> None:
    client = Client(rate_limits=None)
    made: list[bool] = []

    class Calling(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            made.append(client.complete_session(f"{session_id}/of the handler")["success"])

    api.script(session_id, UNAVAILABLE)
    logger.setLevel(logging.DEBUG)
    handler = Calling()
    logger.addHandler(handler)
    try:
        if kind == "single":
            assert client.complete_session(session_id)["success"]
        elif kind == "single async":
            asyncio.run(AsyncClient().complete_session(session_id))
        elif kind == "sync":
            assert client.complete_sessions([session_id])[0].ok
        else:
            assert complete(kind, api, session_id, [session_id])[0].ok
    finally:
        logger.removeHandler(handler)
    # Two attempts and a retry; the calls of the handler have no lines, or there would be no end of it.
    assert made == [True] * 3


ENDS = ["close", "interrupt", "aclose", "cancel", "raise"]


@pytest.mark.parametrize("level", [logging.WARNING, logging.DEBUG])
@pytest.mark.parametrize("end", ENDS)
def test_an_early_end_logs_the_lines_that_are_left(
    end: str,
    level: int,
    own_stand_in: StandIn,
    session_id: str,
    logger: logging.Logger,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It neither waits for them to be logged, nor forgets them."""
    ids = [f"{session_id}/{number}" for number in range(12)]
    for each in ids[:3]:
        own_stand_in.script(each, UNAVAILABLE)
    for each in ids[3:]:
        own_stand_in.script(each, UNAVAILABLE, {"raw": [{"stall": True}]})
    logger.setLevel(level)
    settings: dict[str, Any] = {"base_url": own_stand_in.api, "timeout": 60, "rate_limits": None}

    class StopError(Exception):
        pass

    def under_way() -> None:
        for each in ids:
            own_stand_in.requests(each, at_least=2)

    def progress(done: int, total: int | None) -> None:
        under_way()
        if end == "interrupt":
            signal.raise_signal(signal.SIGINT)
        raise StopError

    async def iterate(cancels: bool) -> None:
        async with AsyncClient(own_stand_in.token, **settings).iter_complete_sessions(ids) as outcomes:
            async for _ in outcomes:
                await asyncio.get_running_loop().run_in_executor(None, under_way)
                if cancels:
                    raise asyncio.CancelledError
                break

    if end == "close":
        with Client(own_stand_in.token, **settings).iter_complete_sessions(ids) as outcomes:
            for _ in outcomes:
                under_way()
                break
    elif end in {"interrupt", "raise"}:
        client = Client(own_stand_in.token, **settings, total_timeout=None) if end == "interrupt" else None
        with pytest.raises((KeyboardInterrupt, StopError)):
            (client or Client(own_stand_in.token, **{**settings, "timeout": 1, "max_retries": 1})).complete_sessions(
                ids, on_progress=progress
            )
    else:
        with pytest.raises(asyncio.CancelledError) if end == "cancel" else nullcontext():
            asyncio.run(iterate(end == "cancel"))
    assert len(lines(caplog, logging.WARNING)) >= 12
    if level == logging.DEBUG:
        assert len(lines(caplog, logging.DEBUG)) >= 12
