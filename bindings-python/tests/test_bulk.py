"""Many sessions in one call."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import signal
import sys
import threading
import time
import uuid
from contextlib import closing
from functools import partial
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any

import numpy
import pytest
import running
from calling import KINDS, Bulk, asynchronous
from patience import PATIENCE, STALL, until
from stand_in import StandIn
from tqdm import tqdm
from wts_session import (
    AsyncClient,
    Client,
    Failed,
    NotFoundError,
    Outcome,
    SessionStatus,
    Succeeded,
    WtsError,
    outcomes_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESET = {"raw": [{"reset": True}]}
REFUSED = {"status": 500, "body_file": "error-refused-as-500.json"}
UNAVAILABLE = {"status": 503, "headers": [["Retry-After", "0"]]}


@pytest.fixture(params=KINDS)
def bulk(request: pytest.FixtureRequest, api: StandIn) -> Bulk:
    return Bulk(request.param, api, api.token_for(request.node.name))


def ids_of(session_id: str, number: int) -> list[str]:
    return [f"{session_id}/{index}" for index in range(number)]


def assert_completed(outcome: Outcome[Any], index: int, session_id: str) -> None:
    assert (outcome.index, outcome.session_id, outcome.ok, outcome.error) == (index, session_id, True, None)
    assert outcome.result is not None
    assert (outcome.result["success"], outcome.result["sessionId"]) == (True, session_id.strip())


def assert_refused(outcome: Outcome[Any], index: int, session_id: str | None, code: str) -> None:
    assert (outcome.index, outcome.session_id, outcome.ok, outcome.result) == (index, session_id, False, None)
    assert isinstance(outcome.error, WtsError)
    assert outcome.error.code == code


# ---- outcomes --------------------------------------------------------------------------------------------------------


def test_outcomes_are_in_the_order_of_the_input(bulk: Bulk, api: StandIn, session_id: str) -> None:
    ids = ids_of(session_id, 30)
    for index, each in enumerate(ids):
        api.script(each, {"pass": True, "delay_ms": 5 * (30 - index)})
    outcomes = bulk.complete_sessions(ids)
    assert len(outcomes) == 30
    for index, outcome in enumerate(outcomes):
        assert_completed(outcome, index, ids[index])


def test_options_and_statuses_are_sent_with_every_item(bulk: Bulk, api: StandIn, session_id: str) -> None:
    first, second = ids_of(session_id, 2)
    updates = [(first, SessionStatus.PENDING), [second, "in progress"]]
    outcomes = bulk.update_session_statuses(updates, stop_bot_in_execution=True)
    assert [outcome.result and outcome.result["status"] for outcome in outcomes] == ["PENDING", "IN_PROGRESS"]
    assert api.requests(first, at_least=1)[0]["body"] == {
        "newStatus": "PENDING",
        "options": {"stopBotInExecution": True},
    }
    bulk.complete_sessions([second], reactivate_on_new_message=True, stop_bot_in_execution=True)
    assert api.requests(second, at_least=2)[1]["body"] == {"reactivateOnNewMessage": True, "stopBotInExecution": True}


def test_failures_are_the_items_own(bulk: Bulk, api: StandIn, session_id: str) -> None:
    api.script(f"{session_id}/refused", REFUSED)
    given = [" ", f"{session_id}/refused", None, f"{session_id}/ok", "..", "\ud800", f"{session_id}/ok", "a\nb"]
    outcomes = bulk.complete_sessions(given)
    codes = [outcome.error.code if outcome.error else "ok" for outcome in outcomes]
    invalid, empty = "invalid_session_id", "empty_session_id"
    assert codes == [empty, "refused", empty, "ok", invalid, invalid, "ok", invalid]
    assert [outcome.index for outcome in outcomes] == list(range(8))
    assert [outcome.session_id for outcome in outcomes] == given
    assert [outcome.error.attempts for outcome in outcomes if outcome.error] == [0, 1, 0, 0, 0, 0]
    assert len(api.requests(f"{session_id}/ok")) == 2
    assert len(api.requests(f"{session_id}/refused")) == 1

    outcomes = bulk.update_session_statuses([(None, "PENDING"), ("s", None), ("s", "no status"), ("\ud800", "HIDDEN")])
    errors = [outcome.error.code for outcome in outcomes if outcome.error]
    assert errors == ["missing_fields", "missing_fields", "invalid_status", "invalid_session_id"]


def test_an_answer_that_is_no_json_costs_no_other_item(bulk: Bulk, api: StandIn, session_id: str) -> None:
    ids = ids_of(session_id, 3)
    for text in ('{"a\x01":1}', '{"\n":1}', '{"a":"\x01"}'):
        api.script(ids[1], {"status": 200, "text": text})
        outcomes = bulk.complete_sessions(ids)
        assert_refused(outcomes[1], 1, ids[1], "unexpected_response")
        assert_completed(outcomes[0], 0, ids[0])
        assert_completed(outcomes[2], 2, ids[2])


def test_without_room_for_recursion_nothing_crashes_or_is_lost(api: StandIn, session_id: str) -> None:
    client = Client(rate_limits=None)
    ids = ids_of(session_id, 2)
    text = '{"a":' + "[" * 60 + '"\\ud800"' + "]" * 60 + "}"

    def below(frames: int) -> list[Outcome[Any]]:
        return below(frames - 1) if frames else client.complete_sessions(ids)

    seen = set()
    for frames in range(sys.getrecursionlimit() - 250, sys.getrecursionlimit(), 3):
        api.script(ids[0], {"status": 200, "text": text})
        try:
            outcomes = below(frames)
        except RecursionError:
            seen.add("no call")
            continue
        assert [outcome.session_id for outcome in outcomes] == ids
        seen.add(outcomes[0].error.code if outcomes[0].error else "ok")
        if outcomes[0].error:
            assert outcomes[0].error.may_have_been_applied
    assert {"ok", "no call"} <= seen <= {"ok", "no call", "internal"}


def test_nothing_in_nothing_out(bulk: Bulk) -> None:
    called: list[Any] = []
    assert bulk.complete_sessions([], on_progress=lambda *progress: called.append(progress)) == []
    assert called == []


def test_an_outcome_pickles_and_shows_no_personal_data() -> None:
    error = NotFoundError("Conversa não encontrada", code="not_found", http_status=404, body="PERSONAL")
    failed = Failed(3, "s", error)
    completed = Succeeded(4, "t", {"title": "PERSONAL"})
    assert repr(completed) == "Succeeded(index=4, session_id='t', ok=True)"
    assert repr(failed) == f"Failed(index=3, session_id='s', error={error!r})"
    assert "PERSONAL" not in repr([failed, completed])
    assert (failed.ok, completed.ok) == (False, True)
    assert not hasattr(completed, "__dict__")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for outcome in (failed, completed):
            other = pickle.loads(pickle.dumps(outcome, protocol))
            assert type(other) is type(outcome)
            assert repr(other) == repr(outcome)
            assert other.result == outcome.result
    assert copy.deepcopy(failed).error.body == "PERSONAL"


def test_a_client_that_is_closed_meanwhile_settles_all(api: StandIn, session_id: str) -> None:
    client = Client(rate_limits=None, max_concurrency=2)
    outcomes = client.complete_sessions(ids_of(session_id, 20), on_progress=lambda done, _: client.close())
    codes = [outcome.error.code if outcome.error else "ok" for outcome in outcomes]
    assert set(codes) == {"ok", "closed"}
    assert sum(len(api.requests(each)) for each in ids_of(session_id, 20)) == codes.count("ok")


def test_both_clients_have_the_same_bulk_calls() -> None:
    def bare(function: Any) -> str:
        signature = inspect.signature(function)
        parameters = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
        return str(signature.replace(parameters=parameters, return_annotation=signature.empty))

    update = "(self, updates, *, stop_bot_in_execution=False"
    complete = "(self, session_ids, *, reactivate_on_new_message=False, stop_bot_in_execution=False"
    for client, stop in ((Client, ", stop_event=None"), (AsyncClient, "")):
        assert bare(client.update_session_statuses) == f"{update}, on_progress=None{stop})"
        assert bare(client.complete_sessions) == f"{complete}, on_progress=None{stop})"
        assert bare(client.iter_update_session_statuses) == f"{update})"
        assert bare(client.iter_complete_sessions) == f"{complete})"
    assert inspect.iscoroutinefunction(AsyncClient.complete_sessions)
    assert inspect.iscoroutinefunction(AsyncClient.update_session_statuses)


# ---- input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
@pytest.mark.parametrize("wrong", ["session_12345", b"session_12345", bytearray(b"s"), 5, None], ids=repr)
def test_what_is_no_iterable_of_items_is_a_type_error(kind: str, wrong: Any, api: StandIn) -> None:
    bulk = Bulk(kind, api, api.token)
    with pytest.raises(TypeError, match="argument 'session_ids': an iterable of session ids is expected, not"):
        bulk.complete_sessions(wrong)
    with pytest.raises(TypeError, match="argument 'updates': an iterable of pairs"):
        bulk.update_session_statuses(wrong)
    for client in (Client(), AsyncClient()):
        # At once, not when the first outcome is asked for.
        with pytest.raises(TypeError, match="argument 'session_ids'"):
            client.iter_complete_sessions(wrong)
        with pytest.raises(TypeError, match="argument 'updates'"):
            client.iter_update_session_statuses(wrong)


WRONG_PAIRS: list[Any] = ["ab", ("s",), ("s", "PENDING", 1), {"s": 1, "PENDING": 2}, {"s", "PENDING"}, 5, None]


@pytest.mark.parametrize("wrong", WRONG_PAIRS, ids=lambda wrong: type(wrong).__name__)
def test_what_is_no_pair_fails_alone_with_a_type_error(bulk: Bulk, wrong: Any, session_id: str) -> None:
    first, outcome, last = bulk.update_session_statuses([("", "PENDING"), wrong, (session_id, "PENDING")])
    assert (outcome.index, outcome.session_id, outcome.ok) == (1, wrong, False)
    assert isinstance(outcome.error, TypeError)
    assert outcome.error.code == "missing_fields"
    found = type(wrong).__name__
    told = f"argument 'updates[1]': a pair of session id and status is expected, not '{found}'"
    assert str(outcome.error) == told
    assert (first.ok, last.ok) == (False, True)


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("on_progress", lambda bulk: bulk.complete_sessions([], on_progress=5)),
        ("on_progress", lambda bulk: bulk.update_session_statuses([], on_progress="x")),
        ("reactivate_on_new_message", lambda bulk: bulk.complete_sessions([], reactivate_on_new_message=1)),
        ("stop_bot_in_execution", lambda bulk: bulk.complete_sessions([], stop_bot_in_execution=None)),
        ("stop_bot_in_execution", lambda bulk: bulk.update_session_statuses([], stop_bot_in_execution="no")),
    ],
)
def test_wrong_arguments_are_named(bulk: Bulk, argument: str, call: Callable[[Bulk], object]) -> None:
    with pytest.raises(TypeError, match=f"argument '{argument}'"):
        call(bulk)


def assert_stopped(outcomes: list[Outcome[Any]], ids: list[Any], api: StandIn) -> int:
    """What had left was awaited, and the rest never left; gives how many had."""
    for index, outcome in enumerate(outcomes):
        if outcome.ok:
            assert_completed(outcome, index, ids[index])
        else:
            assert_refused(outcome, index, ids[index] if isinstance(ids[index], str) else None, "cancelled")
    assert not any(outcome.error.may_have_been_applied for outcome in outcomes if outcome.error)
    done = {outcome.session_id for outcome in outcomes if outcome.ok}
    assert [len(api.requests(each)) for each in ids if isinstance(each, str)] == [
        int(each in done) for each in ids if isinstance(each, str)
    ]
    return len(done)


def test_an_item_of_a_wrong_type_fails_alone(bulk: Bulk, api: StandIn, session_id: str) -> None:
    ids: list[Any] = [*ids_of(session_id, 2), 12345, b"s", 1.5, f"{session_id}/last"]
    outcomes = bulk.complete_sessions(ids)
    assert [outcome.ok for outcome in outcomes] == [True, True, False, False, False, True]
    assert [(outcome.index, outcome.session_id) for outcome in outcomes] == list(enumerate(ids))
    for index, found in [(2, "int"), (3, "bytes"), (4, "float")]:
        told = f"argument 'session_ids[{index}]': a str, a UUID or None is expected, not '{found}'"
        error = outcomes[index].error
        assert isinstance(error, TypeError)
        assert (error.code, error.attempts, str(error)) == ("invalid_session_id", 0, told)
    [wrong_id, wrong_status] = bulk.update_session_statuses([(5, "PENDING"), ("s", b"PENDING")])
    assert [wrong_id.error and wrong_id.error.code, wrong_status.error and wrong_status.error.code] == [
        "invalid_session_id",
        "invalid_status",
    ]
    assert "argument 'updates[0][0]'" in str(wrong_id.error)
    assert "argument 'updates[1][1]'" in str(wrong_status.error)
    seen: list[Outcome[Any]] = []
    bulk.iterate(ids, lambda outcome: not seen.append(outcome))  # type: ignore[func-returns-value]
    assert sorted((outcome.index, outcome.ok) for outcome in seen) == [
        (outcome.index, outcome.ok) for outcome in outcomes
    ]
    assert len(api.requests(ids[0])) == 2


def missing_in_pandas(module: str, name: str) -> Any:
    """Stands for ``pandas.NA`` or ``pandas.NaT``."""
    missing = type(name, (), {})
    missing.__module__ = module
    return missing()


MISSING_IN_PANDAS = [
    missing_in_pandas("pandas._libs.missing", "NAType"),
    missing_in_pandas("pandas._libs.tslibs.nattype", "NaTType"),
    missing_in_pandas("pandas.api.typing", "NAType"),
    missing_in_pandas("pandas.api.typing", "NaTType"),
]


def test_ids_may_be_uuids_and_what_is_missing_in_a_table_is_missing(bulk: Bulk, api: StandIn, session_id: str) -> None:
    """As columns of a CSV or of a data frame have them."""
    id_ = uuid.uuid4()
    missing = [None, float("nan"), numpy.float64("nan"), *MISSING_IN_PANDAS]
    outcomes = bulk.complete_sessions([id_, *missing, numpy.str_(session_id)])
    codes = [outcome.error.code if outcome.error else "ok" for outcome in outcomes]
    assert codes == ["ok", *["empty_session_id"] * len(missing), "ok"]
    assert outcomes[0].session_id is id_
    assert len(api.requests(str(id_))) == 1
    outcomes = bulk.update_session_statuses([(id_, "PENDING"), (id_, float("nan"))])
    assert [getattr(outcome.error, "code", None) for outcome in outcomes] == [None, "missing_fields"]


class DataFrame:
    """Stands for that of pandas and polars, which give their columns' names."""

    def __iter__(self) -> Iterator[str]:
        return iter(["session_id"])


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_what_gives_something_else_than_items_is_refused(kind: str, api: StandIn) -> None:
    bulk = Bulk(kind, api, api.token)
    with pytest.raises(TypeError, match=r"an iterable of session ids is expected, not '.*DataFrame'"):
        bulk.complete_sessions(DataFrame())
    for wrong in (DataFrame(), {"s": "PENDING"}):
        with pytest.raises(TypeError, match="an iterable of pairs of session id and status is expected, not"):
            bulk.update_session_statuses(wrong)


class Row:
    """A row that can't be read any more."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __iter__(self) -> Iterator[str]:
        raise self.error


def test_what_a_pair_raises_ends_the_call(bulk: Bulk, session_id: str) -> None:
    for broken in (KeyboardInterrupt(), LookupError("the row is detached")):
        with pytest.raises(type(broken)) as caught:
            bulk.update_session_statuses([(session_id, "PENDING"), Row(broken), (session_id, "PENDING")])
        assert caught.value is broken
        outcomes = outcomes_of(broken) or []
        assert outcomes[0].session_id == session_id
        assert all(outcome.error and outcome.error.code == "cancelled" for outcome in outcomes[1:])
    (outcome,) = bulk.update_session_statuses([Row(TypeError("no pair"))])
    assert outcome.error
    assert outcome.error.code == "missing_fields"


def test_an_input_that_raises_leaves_what_was_started_settled(bulk: Bulk, api: StandIn, session_id: str) -> None:
    ids = ids_of(session_id, 6)
    broken = ZeroDivisionError("broken")

    def items(number: int) -> Iterator[str]:
        for each in ids[:3]:
            api.script(each, {"pass": True, "delay_ms": 200})
        yield from ids[:3]
        for each in ids[:3]:
            api.requests(each, at_least=number)
        raise broken

    with pytest.raises(ZeroDivisionError) as caught:
        bulk.complete_sessions(items(1))
    assert caught.value is broken
    outcomes: list[Outcome[Any]] = broken.outcomes  # type: ignore[attr-defined]
    assert len(outcomes) == 3
    assert assert_stopped(outcomes, ids, api) == 3

    seen: list[Outcome[Any]] = []
    with pytest.raises(ZeroDivisionError) as caught:
        bulk.iterate(items(2), lambda outcome: not seen.append(outcome))  # type: ignore[func-returns-value]
    assert caught.value is broken
    assert sorted((outcome.index, outcome.ok) for outcome in seen) == [(0, True), (1, True), (2, True)]
    assert broken.outcomes == []  # type: ignore[attr-defined]


def test_exceptions_that_take_no_attributes_have_outcomes_too(bulk: Bulk) -> None:
    class FrozenError(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    def items() -> Iterator[str]:
        yield ""
        raise FrozenError

    with pytest.raises(FrozenError) as caught:
        bulk.complete_sessions(items())
    assert len(caught.value.outcomes) == 1  # type: ignore[attr-defined]


def test_items_are_taken_as_there_is_room(bulk: Bulk, session_id: str) -> None:
    taken = settled = most_ahead = 0

    def items() -> Iterator[str]:
        nonlocal taken
        for number in count():
            taken += 1
            yield f"{session_id}/{number}"

    def take(outcome: Outcome[Any]) -> bool:
        nonlocal settled, most_ahead
        assert outcome.ok
        settled += 1
        most_ahead = max(most_ahead, taken - settled)
        return settled < 200

    bulk.iterate(items(), take, {"max_concurrency": 4})
    assert settled == 200
    # Under way, on the way in, on the way out: four of each; one in the hand, and a batch of 64 that was taken over.
    assert most_ahead <= 3 * 4 + 1 + 64


def test_requests_go_on_while_the_input_is_computed(bulk: Bulk, api: StandIn, session_id: str) -> None:
    first, second = ids_of(session_id, 2)

    def items() -> Iterator[str]:
        yield first
        yield ""
        # The next item comes only after the first one's request.
        api.requests(first, at_least=1)
        yield second

    outcomes = bulk.complete_sessions(items())
    assert [outcome.ok for outcome in outcomes] == [True, False, True]


def test_outcomes_come_while_an_asynchronous_input_waits(api: StandIn, session_id: str) -> None:
    first, second = ids_of(session_id, 2)

    async def main() -> list[bool]:
        has_settled = asyncio.Event()

        async def items() -> Any:
            yield first
            await has_settled.wait()
            yield second

        settled = []
        async for outcome in AsyncClient().iter_complete_sessions(items()):
            settled.append(outcome.ok)
            has_settled.set()
        return settled

    assert asyncio.run(asyncio.wait_for(main(), 10)) == [True, True]


# ---- progress --------------------------------------------------------------------------------------------------------


def test_progress_is_told_of_every_outcome(bulk: Bulk, session_id: str) -> None:
    told: list[Any] = []
    ids = [*ids_of(session_id, 5), "", None]
    bulk.complete_sessions(ids, on_progress=lambda *progress: told.append(progress))
    total = None if bulk.kind == "async input" else 7
    assert told == [(done, total) for done in range(1, 8)]
    told.clear()
    bulk.complete_sessions((each for each in ids), on_progress=lambda *progress: told.append(progress))
    assert told == [(done, None) for done in range(1, 8)]


def test_progress_fits_tqdm_in_one_line(bulk: Bulk, session_id: str, capfd: pytest.CaptureFixture[str]) -> None:
    ids = ids_of(session_id, 50)
    with tqdm(total=len(ids)) as bar:
        bulk.complete_sessions(ids, on_progress=lambda done, total: bar.update(done - bar.n))
        assert bar.n == 50
    assert "100%" in capfd.readouterr().err
    assert len(bulk.complete_sessions(tqdm(iter(ids)))) == 50


def test_progress_that_raises_ends_the_call(bulk: Bulk, api: StandIn, session_id: str) -> None:
    told: list[int] = []
    ids = ids_of(session_id, 300)

    def on_progress(done: int, _: int | None) -> None:
        told.append(done)
        if done == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        bulk.complete_sessions(ids, {"max_concurrency": 4}, on_progress=on_progress)
    assert told == [1, 2, 3]
    outcomes = caught.value.outcomes  # type: ignore[attr-defined]
    if bulk.kind != "async input":
        assert len(outcomes) == 300
    # Three that were told of, four on their way, and as many that wait to be told of.
    assert 3 <= assert_stopped(outcomes, ids, api) <= 16


def test_progress_must_not_be_async(bulk: Bulk, api: StandIn, session_id: str) -> None:
    """It would never run."""

    async def on_progress(done: int, total: int | None) -> None:
        raise AssertionError

    class Reporter:
        async def report(self, done: int, total: int | None) -> None:
            raise AssertionError

        async def __call__(self, done: int, total: int | None) -> None:
            raise AssertionError

    told = "argument 'on_progress': a function that is not async, or None, is expected"
    for wrong in (on_progress, Reporter().report):
        with pytest.raises(TypeError, match=told):
            bulk.complete_sessions([session_id], on_progress=wrong)
    assert api.requests(session_id) == []
    for hidden in (Reporter(), partial(on_progress)):
        with pytest.raises(TypeError, match=told) as caught:
            bulk.complete_sessions([session_id], on_progress=hidden)
        assert [outcome.ok for outcome in outcomes_of(caught.value) or ()] == [True]


class SeenEvent(threading.Event):
    """An event that tells that somebody has found it set."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = threading.Event()

    def is_set(self) -> bool:
        if super().is_set():
            self.seen.set()
        return super().is_set()


@pytest.mark.parametrize("kind", ["list", "endless"])
def test_another_thread_stops_a_call(kind: str, own_stand_in: StandIn, session_id: str) -> None:
    ids = [*ids_of(session_id, 3), *["never sent"] * 1000]
    for each in ids[:3]:
        own_stand_in.script(each, {"pass": True, "held": True, "delay_ms": 500})
    stop_event = SeenEvent()

    def stop() -> None:
        for each in ids[:3]:
            own_stand_in.requests(each, at_least=1)
        stop_event.set()
        stop_event.seen.wait(PATIENCE)
        for each in ids[:3]:
            own_stand_in.release(each)

    stopper = threading.Thread(target=stop)
    stopper.start()
    client = Client(own_stand_in.token, base_url=own_stand_in.api, max_concurrency=3, rate_limits=None)
    given = ids if kind == "list" else chain(ids[:3], repeat("never sent"))
    outcomes = client.complete_sessions(given, stop_event=stop_event)
    stopper.join()
    assert [outcome.ok for outcome in outcomes[:3]] == [True] * 3
    assert {outcome.error.code for outcome in outcomes[3:] if outcome.error} == {"cancelled"}
    assert kind != "list" or len(outcomes) == len(ids)
    assert own_stand_in.requests("never sent") == []
    assert client.complete_session(session_id)["success"]


def test_a_stop_is_seen_between_items_of_a_slow_input(own_stand_in: StandIn, session_id: str) -> None:
    client = Client(own_stand_in.token, base_url=own_stand_in.api, rate_limits=None)
    stop_event = threading.Event()

    def items() -> Iterator[str]:
        yield f"{session_id}/0"
        own_stand_in.requests(f"{session_id}/0", at_least=1)
        stop_event.set()
        yield "never sent"
        raise AssertionError

    outcomes = client.complete_sessions(items(), stop_event=stop_event)
    assert [outcome.error.code if outcome.error else "ok" for outcome in outcomes] == ["ok", "cancelled"]
    # It was set before.
    outcomes = client.complete_sessions(["never sent"] * 3, stop_event=stop_event)
    assert [outcome.error.code for outcome in outcomes if outcome.error] == ["cancelled"] * 3
    assert own_stand_in.requests("never sent") == []
    for wrong in (True, "x", lambda: True):
        with pytest.raises(TypeError, match="argument 'stop_event'"):
            client.complete_sessions(["never sent"], stop_event=wrong)  # type: ignore[arg-type]


def test_items_that_were_never_taken_keep_their_ids(api: StandIn) -> None:
    updates = [(uuid.uuid4(), "PENDING") for _ in range(200)]

    def fail(done: int, total: int | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        Client(max_concurrency=2).update_session_statuses(updates, on_progress=fail)
    outcomes = outcomes_of(caught.value)
    assert outcomes is not None
    assert [outcome.session_id for outcome in outcomes] == [id_ for id_, _ in updates]


def test_another_thread_closes_an_iterator(own_stand_in: StandIn, session_id: str) -> None:
    ids = ids_of(session_id, 3)
    for each in ids:
        own_stand_in.script(each, STALL)

    def close() -> None:
        for each in ids:
            own_stand_in.requests(each, at_least=1)
        outcomes.close()

    client = Client(own_stand_in.token, base_url=own_stand_in.api, max_concurrency=3, timeout=60, rate_limits=None)
    outcomes = client.iter_complete_sessions(chain(ids, repeat("never sent")))
    closer = threading.Thread(target=close)
    closer.start()
    seen = sorted(outcomes, key=lambda outcome: outcome.index)
    closer.join()
    told = [(outcome.error.code, outcome.error.may_have_been_applied) for outcome in seen if outcome.error]
    assert told[:3] == [("cancelled", True)] * 3
    assert set(told[3:]) <= {("cancelled", False)}
    assert own_stand_in.requests("never sent") == []
    assert outcomes.remaining == []
    outcomes.close()


# ---- the end before the end ------------------------------------------------------------------------------------------


def stall_all_but_the_first(stand_in: StandIn, session_id: str, number: int) -> list[str]:
    ids = ids_of(session_id, number)
    for each in ids[1:]:
        stand_in.script(each, STALL)
    return ids


@pytest.mark.parametrize("kind", KINDS)
def test_closing_early_frees_the_sockets(kind: str, own_stand_in: StandIn, session_id: str) -> None:
    first, *stalled = stall_all_but_the_first(own_stand_in, session_id, 8)
    # The one that settles comes last: by then the others have been taken, and need this thread no more to be sent.
    ids = [*stalled, first]
    bulk = Bulk(kind, own_stand_in, own_stand_in.token)

    def take(outcome: Outcome[Any]) -> bool:
        assert_completed(outcome, 7, first)
        for each in stalled:
            own_stand_in.requests(each, at_least=1)
        return False

    bulk.iterate(ids, take)
    assert until(lambda: own_stand_in.connections()["open"] <= 1, PATIENCE)
    assert [len(own_stand_in.requests(each)) for each in ids] == [1] * 8


def test_an_iterator_that_is_dropped_is_closed(own_stand_in: StandIn, session_id: str) -> None:
    ids = stall_all_but_the_first(own_stand_in, session_id, 4)
    # The client lives as long as its iterator.
    outcomes = Client(own_stand_in.token, base_url=own_stand_in.api).iter_complete_sessions(ids)
    assert next(outcomes).ok
    own_stand_in.requests(ids[3], at_least=1)
    del outcomes
    gc.collect()
    assert until(lambda: own_stand_in.connections()["open"] == 0, PATIENCE)


def test_an_endless_input_ends_with_its_iterator(api: StandIn, session_id: str) -> None:
    client = Client(rate_limits=None)
    with closing(client.iter_complete_sessions(f"{session_id}/{number}" for number in count())) as outcomes:
        assert [next(outcomes).ok for _ in range(100)] == [True] * 100
    assert next(outcomes, None) is None
    assert client.complete_session(session_id)["success"]


def assert_interrupted(outcomes: list[Outcome[Any]], ids: list[str], sent: int) -> None:
    """The first was done, the others sent were broken off, the rest never left."""
    assert len(outcomes) == len(ids)
    assert_completed(outcomes[0], 0, ids[0])
    for index, outcome in enumerate(outcomes[1:], 1):
        assert_refused(outcome, index, ids[index], "cancelled")
    errors = [outcome.error for outcome in outcomes[1:] if outcome.error]
    assert [error.may_have_been_applied for error in errors] == [True] * (sent - 1) + [False] * (len(ids) - sent)
    assert [error.attempts for error in errors] == [1] * (sent - 1) + [0] * (len(ids) - sent)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("way", ["list", "tuple", "iterator"])
def test_ctrl_c_ends_a_waiting_call(way: str, own_stand_in: StandIn, session_id: str) -> None:
    ids = [*stall_all_but_the_first(own_stand_in, session_id, 8), *["never sent"] * 20_000]
    client = Client(own_stand_in.token, base_url=own_stand_in.api, timeout=60, max_concurrency=7)
    sent_at = 0.0
    settled = threading.Event()

    def interrupt() -> None:
        nonlocal sent_at
        for each in ids[:8]:
            own_stand_in.requests(each, at_least=1)
        assert settled.wait(10)
        sent_at = time.monotonic()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    first: list[Outcome[Any]] = []

    def call() -> None:
        if way == "iterator":
            for outcome in client.iter_complete_sessions(ids):
                first.append(outcome)
                settled.set()
        else:
            given = ids if way == "list" else tuple(ids)
            client.complete_sessions(given, on_progress=lambda *_: settled.set())

    with pytest.raises(KeyboardInterrupt) as caught:
        call()
    took = time.monotonic() - sent_at
    assert until(lambda: own_stand_in.connections()["open"] <= 1, PATIENCE)
    interrupter.join()
    assert_interrupted([*first, *caught.value.outcomes], ids, 8)  # type: ignore[attr-defined]
    assert took < PATIENCE
    assert own_stand_in.requests("never sent") == []
    assert client.complete_session(session_id)["success"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_that_is_interrupted_cancels_the_rest(kind: str, own_stand_in: StandIn, session_id: str) -> None:
    ids = ids_of(session_id, 3)
    for each in ids:
        own_stand_in.script(each, STALL)

    class Stop(BaseException):
        """As KeyboardInterrupt, which asyncio treats in a way of its own."""

    def items() -> Iterator[str]:
        yield from ids
        for each in ids:
            own_stand_in.requests(each, at_least=1)
        raise Stop

    with pytest.raises(Stop) as caught:
        Bulk(kind, own_stand_in, own_stand_in.token).complete_sessions(items())
    outcomes = caught.value.outcomes  # type: ignore[attr-defined]
    assert [(outcome.error.code, outcome.error.may_have_been_applied) for outcome in outcomes] == [
        ("cancelled", True)
    ] * 3
    assert until(lambda: own_stand_in.connections()["open"] == 0, PATIENCE)


def test_a_coroutine_that_is_closed_leaves_nothing_behind(own_stand_in: StandIn, session_id: str) -> None:
    own_stand_in.script(session_id, STALL)

    async def main() -> int:
        call = AsyncClient(own_stand_in.token, base_url=own_stand_in.api).complete_sessions([session_id])
        call.send(None)
        await asyncio.get_running_loop().run_in_executor(None, lambda: own_stand_in.requests(session_id, at_least=1))
        call.close()
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(main()) == 1
    assert until(lambda: own_stand_in.connections()["open"] == 0, PATIENCE)


# ---- threads, forks, memory ------------------------------------------------------------------------------------------


def test_threads_share_a_client(api: StandIn, session_id: str) -> None:
    client = Client(rate_limits=None)
    results: dict[int, list[Outcome[Any]]] = {}

    def work(number: int) -> None:
        results[number] = client.complete_sessions(ids_of(f"{session_id}/{number}", 50))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, outcomes in results.items():
        for index, each in enumerate(ids_of(f"{session_id}/{number}", 50)):
            assert_completed(outcomes[index], index, each)
    assert len(results) == 8


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no fork")
def test_children_go_on_with_bulk_calls(api: StandIn) -> None:
    running.run("fork_bulk", api, "python-fork-bulk")
    of_parent = {request["connection"] for request in api.requests("python-fork-bulk-parent", at_least=40)}
    of_child = {request["connection"] for request in api.requests("python-fork-bulk-child", at_least=40)}
    assert of_parent.isdisjoint(of_child)


def test_the_interpreter_ends_with_bulk_calls_under_way(api: StandIn) -> None:
    for attempt in range(5):
        stalled = f"python-exit-bulk-{attempt}"
        api.script(stalled, *[STALL] * 3)
        process = running.start("exit_under_way_bulk", api, stalled)
        api.requests(stalled, at_least=3)
        output, errors = process.communicate("\n", timeout=10)
        assert (process.returncode, output, errors) == (0, "started\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="the memory is read from /proc")
def test_the_memory_of_long_runs_is_bounded(api: StandIn) -> None:
    growth = {}
    for line in running.run("memory_bulk", api, "python-memory-bulk").splitlines():
        name, kibibytes = line.rsplit(" ", 1)
        growth[name] = int(kibibytes)
    assert len(growth) == 4
    # Kept outcomes would take more than ten times as much.
    assert max(growth.values()) < 2048, growth


# ---- all faults at once, under the real limits -----------------------------------------------------------------------


class Mixed:
    """Sessions with every kind of fault, and what must come of each."""

    def __init__(self, stand_in: StandIn, number: int) -> None:
        self.ids: list[str | None] = []
        self.expected: list[str] = []
        for index in range(number):
            self._add(stand_in, index)

    def _add(self, stand_in: StandIn, index: int) -> None:
        session_id: str | None = f"mixed/{index}"
        code = "ok"
        kind = index % 20
        if kind == 1:
            stand_in.script(f"mixed/{index}", REFUSED)
            code = "refused"
        elif kind in (2, 3):
            stand_in.script(f"mixed/{index}", RESET if kind == 2 else UNAVAILABLE)
        elif kind == 4:
            stand_in.script(f"mixed/{index}", {"status": 200, "text": " "})
        elif kind in (5, 6, 7):
            session_id = (None, " ", "..")[kind - 5]
            code = "invalid_session_id" if kind == 7 else "empty_session_id"
        elif kind == 8:
            session_id = "mixed/twice"
        self.ids.append(session_id)
        self.expected.append(code)

    def check(self, outcomes: list[Outcome[Any]], stand_in: StandIn) -> None:
        assert len(outcomes) == len(self.ids)
        for index, outcome in enumerate(outcomes):
            session_id = self.ids[index]
            if self.expected[index] == "ok":
                assert_completed(outcome, index, session_id or "")
            else:
                assert_refused(outcome, index, session_id, self.expected[index])
        twice = self.ids.count("mixed/twice")
        assert len(stand_in.requests("mixed/twice")) == twice
        again = [len(stand_in.requests(f"mixed/{index}")) for index in range(len(self.ids)) if index % 20 in (2, 3)]
        assert again == [2] * len(again)
        for window in stand_in.windows():
            assert window["refused"] == 0
            assert 0 < window["peak"] <= window["requests"]


def limited(*limits: str) -> StandIn:
    options = [option for limit in limits for option in ("--limit", limit)]
    return StandIn(*options, "--arrival-delay", "0..60", "--latency", "0..40", "--create-unknown")


def test_a_thousand_sessions_with_mixed_faults_under_the_limits_of_the_api() -> None:
    stand_in = limited("200/5", "1000/300")
    mixed = Mixed(stand_in, 1000)
    began = time.monotonic()
    # With more at once a busy machine gives all answers of a window late, and the next windows are as much later.
    client = Client(stand_in.token, base_url=stand_in.api, max_concurrency=64)
    outcomes = client.complete_sessions(mixed.ids)
    took = time.monotonic() - began
    mixed.check(outcomes, stand_in)
    stand_in.close()
    # 950 requests: the last of them may leave after four windows, and none waits for the longer limit.
    assert 20 <= took < 60


@pytest.mark.parametrize("asynchronous_input", [False, True])
def test_a_thousand_sessions_with_mixed_faults_in_asyncio(asynchronous_input: bool) -> None:
    stand_in = limited("200/0.5")
    mixed = Mixed(stand_in, 1000)

    async def main() -> list[Outcome[Any]]:
        client = AsyncClient(stand_in.token, base_url=stand_in.api, rate_limits=[(200, 0.5)])
        return await client.complete_sessions(asynchronous(mixed.ids) if asynchronous_input else mixed.ids)

    mixed.check(asyncio.run(main()), stand_in)
    stand_in.close()


def test_many_invalid_items_are_quick_and_never_sent(own_stand_in: StandIn) -> None:
    client = Client(own_stand_in.token, base_url=own_stand_in.api)
    codes = set()
    done = 0
    for outcome in client.iter_complete_sessions(" " for _ in range(100_000)):
        codes.add(outcome.error.code if outcome.error else "ok")
        done += 1
    assert (codes, done) == ({"empty_session_id"}, 100_000)
    assert own_stand_in.connections()["opened"] == 0
