"""Signals that come in the middle of bulk calls, however many: what was done is told."""

from __future__ import annotations

import random
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from patience import STALL, until
from wts_session import Client, outcomes_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from stand_in import StandIn
    from wts_session import Outcome

NUMBER = 400
STALLED = 12


class Interrupt(BaseException):
    """What the handler raises, as that of Ctrl-C does."""


class Signals:
    """Signals that come one after the other while the main thread is in a bulk call."""

    def __init__(self) -> None:
        self.are_welcome = False
        self.handled = 0
        self._before: Any = signal.signal(signal.SIGUSR1, self._handle)

    def _handle(self, _: int, frame: FrameType | None) -> None:
        if self.are_welcome:
            self.handled += 1
            raise Interrupt

    def send(self, gaps: list[float]) -> None:
        """The first comes at once, each other after a gap; more come where Python could raise none of these.

        It can't in a destructor, for one.
        """
        for gap in [0.0, *gaps, *[0.05] * 1000]:
            threading.Event().wait(gap)
            if not self.are_welcome:
                return
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def end(self) -> None:
        signal.signal(signal.SIGUSR1, self._before)


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Signals]:
    # One that comes in a destructor is told to the hook, and that of pytest is no destructor's match.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    signals = Signals()
    yield signals
    signals.end()


def client_of(stand_in: StandIn) -> Client:
    return Client(
        stand_in.token, base_url=stand_in.api, timeout=60, total_timeout=None, rate_limits=None, max_concurrency=16
    )


def stalled_ids(stand_in: StandIn, session_id: str) -> list[str]:
    """Many sessions, of which some stall."""
    ids = [f"{session_id}/{number}" for number in range(NUMBER)]
    for each in ids[50 : 50 + STALLED]:
        stand_in.script(each, STALL)
    return ids


def assert_told(outcomes: list[Outcome[Any]], ids: list[str], stand_in: StandIn) -> None:
    outcomes = sorted(outcomes, key=lambda outcome: outcome.index)
    assert [(outcome.index, outcome.session_id) for outcome in outcomes] == list(enumerate(ids))
    assert {outcome.error.code for outcome in outcomes if outcome.error} <= {"cancelled"}
    unsent = [outcome for outcome in outcomes if outcome.error and not outcome.error.may_have_been_applied]
    for outcome in (unsent[0], unsent[-1]) if unsent else ():
        assert stand_in.requests(outcome.session_id) == []


GAPS = [
    [0.06],
    [0.0],
    [0.001],
    [0.0001] * 5,
    [0.001] * 20,
    [0.0] * 50,
    *[[random.Random(seed).uniform(0, 0.003) for _ in range(8)] for seed in range(10)],
]


@pytest.mark.parametrize("gaps", GAPS, ids=lambda gaps: f"{len(gaps)}x{gaps[0]:.5f}")
@pytest.mark.parametrize("way", ["list", "tuple", "iterator"])
def test_nothing_is_lost_however_often_it_is_interrupted(
    way: str, gaps: list[float], own_stand_in: StandIn, session_id: str, signals: Signals
) -> None:
    ids = stalled_ids(own_stand_in, session_id)

    def interrupt() -> None:
        for each in ids[50 : 50 + STALLED]:
            own_stand_in.requests(each, at_least=1)
        signals.send(gaps)

    interrupter = threading.Thread(target=interrupt)
    client = client_of(own_stand_in)
    seen: list[Outcome[Any]] = []
    error: BaseException | None = None
    interrupter.start()
    signals.are_welcome = True
    try:
        if way == "iterator":
            # No loop here: an interrupt in its body would not come through the library.
            seen.extend(client.iter_complete_sessions(ids))
        else:
            client.complete_sessions(ids if way == "list" else tuple(ids))
    except Interrupt as interrupt_of_call:
        signals.are_welcome = False
        error = interrupt_of_call
    signals.are_welcome = False
    interrupter.join()
    assert error is not None
    assert signals.handled >= 1
    rest = outcomes_of(error)
    assert rest is not None
    assert_told([*seen, *rest], ids, own_stand_in)
    assert client.complete_session(f"{session_id}/after")["success"]
    client.close()
    assert until(lambda: own_stand_in.connections()["open"] == 0)


def test_an_interrupt_while_sent_requests_are_awaited_aborts_them(
    own_stand_in: StandIn, session_id: str, signals: Signals
) -> None:
    """The input has failed, and Ctrl-C comes while the rest settles."""
    ids = [f"{session_id}/{number}" for number in range(4)]
    for each in ids:
        own_stand_in.script(each, STALL)

    all_are_sent = threading.Event()

    def items() -> Iterator[str]:
        yield from ids
        for each in ids:
            own_stand_in.requests(each, at_least=1)
        all_are_sent.set()
        raise ZeroDivisionError

    def interrupt() -> None:
        assert all_are_sent.wait(60)
        signals.send([0.2])

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    signals.are_welcome = True
    with pytest.raises((Interrupt, ZeroDivisionError)) as caught:
        client_of(own_stand_in).complete_sessions(items())
    signals.are_welcome = False
    interrupter.join()
    outcomes = outcomes_of(caught.value)
    assert outcomes is not None
    told = [(outcome.error.code, outcome.error.may_have_been_applied) for outcome in outcomes if outcome.error]
    assert told == [("cancelled", True)] * 4


def test_what_the_code_of_a_loop_raises_leaves_the_rest_in_remaining(own_stand_in: StandIn, session_id: str) -> None:
    ids = stalled_ids(own_stand_in, session_id)
    seen: list[Outcome[Any]] = []
    outcomes = client_of(own_stand_in).iter_complete_sessions(ids)

    def take() -> None:
        with outcomes:
            for outcome in outcomes:
                seen.append(outcome)
                if len(seen) == 40:
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take()
    taken = sorted([*seen, *outcomes.remaining], key=lambda outcome: outcome.index)
    assert [outcome.index for outcome in taken] == list(range(len(taken)))
    assert len(taken) > 40
    assert all(outcome.ok for outcome in seen)
    for outcome in outcomes.remaining:
        if outcome.error:
            assert outcome.error.code == "cancelled"
            if not outcome.error.may_have_been_applied:
                assert own_stand_in.requests(outcome.session_id) == []
    assert sum(len(own_stand_in.requests(each)) for each in ids[len(taken) :]) == 0
    assert list(outcomes) == []
