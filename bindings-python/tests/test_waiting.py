"""Calls that wait: the GIL, signals, threads, forks, and the interpreter's end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import running
from patience import PATIENCE, STALL, until
from stand_in import StandIn
from wts_session import Client, complete_session

if TYPE_CHECKING:
    from collections.abc import Callable


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def test_other_threads_run_while_a_call_waits(api: StandIn, session_id: str) -> None:
    api.script(session_id, {"status": 200, "held": True})
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(Client().complete_session, session_id)
        # All of this needs the GIL.
        api.requests(session_id, at_least=1)
        assert not call.done()
        api.release(session_id)
        assert call.result()["success"]


@pytest.mark.parametrize("use_function", [False, True])
def test_a_signal_ends_a_waiting_call_and_its_connection(
    own_stand_in: StandIn, session_id: str, use_function: bool
) -> None:
    own_stand_in.script(session_id, STALL)
    sent_at = 0.0

    def interrupt() -> None:
        nonlocal sent_at
        own_stand_in.requests(session_id, at_least=1)
        sent_at = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    client = Client(own_stand_in.token, base_url=own_stand_in.api, total_timeout=None, timeout=60)
    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    access = {"api_key": own_stand_in.token, "base_url": own_stand_in.api} if use_function else {}
    complete: Callable[..., Any] = complete_session if use_function else client.complete_session
    with pytest.raises(KeyboardInterrupt):
        complete(session_id, **access)
    assert time.monotonic() - sent_at < PATIENCE
    assert until(lambda: own_stand_in.connections()["open"] == 0, PATIENCE)
    interrupter.join()
    assert len(own_stand_in.requests(session_id)) == 1
    assert client.complete_session(session_id)["success"]


def test_a_signal_whose_handler_returns_ends_nothing(api: StandIn, session_id: str) -> None:
    handled = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: handled.set())
    try:
        api.script(session_id, {"status": 200, "held": True})

        def interrupt() -> None:
            api.requests(session_id, at_least=1)
            os.kill(os.getpid(), signal.SIGINT)
            handled.wait(PATIENCE)
            api.release(session_id)

        interrupter = threading.Thread(target=interrupt)
        interrupter.start()
        assert Client().complete_session(session_id)["success"]
        assert handled.is_set()
        interrupter.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_threads_share_a_client(api: StandIn, session_id: str) -> None:
    client = Client(rate_limits=None)
    ids = [f"{session_id}-{number}" for number in range(300)]
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(client.complete_session, ids))
    assert [result["sessionId"] for result in results] == ids
    assert [result["id"] for result in results] == ids
    assert [len(api.requests(each)) for each in ids[::50]] == [1] * 6


def test_a_client_is_closed_while_threads_wait_for_their_turn(api: StandIn, session_id: str) -> None:
    api.script(session_id, {"status": 200, "held": True})
    client = Client(max_concurrency=1)
    with ThreadPoolExecutor(2) as pool:
        sent = pool.submit(client.complete_session, session_id)
        api.requests(session_id, at_least=1)
        waiting = pool.submit(client.complete_session, f"{session_id}-2")
        client.close()
        api.release(session_id)
        assert sent.result()["success"]
        with pytest.raises(Exception, match="closed"):
            waiting.result()
    assert api.requests(f"{session_id}-2") == []


def test_calls_while_python_shuts_down_come_to_their_end(own_stand_in: StandIn, session_id: str) -> None:
    own_stand_in.script(session_id, *[{"status": 200, "delay_ms": 200}] * 4)
    told = running.run("shutdown_calls", own_stand_in, session_id).splitlines()
    assert sorted(told) == ["bulk [True, True]", "ends", "generator True", "single True"]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from then on subinterpreters can not import it")
def test_a_subinterpreter_that_ends_with_the_program_does_not_hold_it_up(own_stand_in: StandIn) -> None:
    assert running.run("subinterpreter", own_stand_in) == "ends\n"


@needs_fork
def test_children_go_on_with_a_client_of_their_parent(api: StandIn) -> None:
    children = 8
    running.run("fork", api, "python-fork", str(children))
    of_parent = {request["connection"] for request in api.requests("python-fork-parent")}
    of_children = [
        {request["connection"] for request in api.requests(f"python-fork-child{number}", at_least=4)}
        for number in range(children)
    ]
    assert sum(map(len, of_children)) == len(set().union(*of_children))
    assert of_parent.isdisjoint(set().union(*of_children))


@needs_fork
def test_forks_at_any_moment_hang_nothing(api: StandIn) -> None:
    # Many short programs: what is needed for the first time is where a fork is in the way.
    for attempt in range(15):
        running.run("fork_under_way", api, f"python-forks{attempt}", "8")
        assert len(api.requests(f"python-forks{attempt}-child")) == 16


def test_the_interpreter_ends_with_calls_under_way(api: StandIn) -> None:
    calls = 4
    for attempt in range(5):
        stalled = f"python-exit-{attempt}"
        api.script(stalled, *[STALL] * (2 * calls + 1))
        process = running.start("exit_under_way", api, stalled, str(calls))
        api.requests(stalled, at_least=2 * calls + 1)
        output, errors = process.communicate("\n", timeout=10)
        assert (process.returncode, output, errors) == (0, "started\n", ""), errors
