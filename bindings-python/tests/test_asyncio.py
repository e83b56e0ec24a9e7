"""``AsyncClient`` in event loops."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec

import pytest
from patience import STALL
from stand_in import StandIn
from wts_session import AsyncClient, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """As the loop that is usual on Windows."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError


LOOPS = ["asyncio", "uvloop", "without readers"]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine in a loop of its own."""
    if request.param == "without readers":
        new_event_loop: Callable[[], asyncio.AbstractEventLoop] = LoopWithoutReaders
    else:
        new_event_loop = pytest.importorskip(request.param).new_event_loop

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        loop = new_event_loop()
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    return run


async def in_thread(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, lambda: function(*arguments, **options))


def client_of(stand_in: StandIn, **settings: Any) -> AsyncClient:
    return AsyncClient(stand_in.token, base_url=stand_in.api, rate_limits=None, **settings)


async def closed_connections(stand_in: StandIn) -> bool:
    """Whether all connections are closed in 0.2 s; no event tells."""
    deadline = time.monotonic() + 0.2
    while stand_in.connections()["open"]:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.005)
    return True


def test_calls_at_once_come_back_to_those_who_made_them(run: Any, api: StandIn, session_id: str) -> None:
    async def main() -> None:
        async with AsyncClient(rate_limits=None) as client:
            ids = [f"{session_id}-{number}" for number in range(200)]
            results = await asyncio.gather(*map(client.complete_session, ids))
            assert [result["sessionId"] for result in results] == ids
            assert [result["id"] for result in results] == ids

    run(main())


def test_cancelling_a_task_stops_the_request(run: Any, own_stand_in: StandIn, session_id: str) -> None:
    own_stand_in.script(session_id, STALL)

    async def main() -> None:
        async with client_of(own_stand_in, total_timeout=None, timeout=60) as client:
            task = asyncio.ensure_future(client.complete_session(session_id))
            await in_thread(own_stand_in.requests, session_id, at_least=1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await closed_connections(own_stand_in)
            assert (await client.complete_session(session_id))["success"]

    run(main())
    assert len(own_stand_in.requests(session_id)) == 2


def test_wait_for_stops_the_request(run: Any, own_stand_in: StandIn, session_id: str) -> None:
    own_stand_in.script(session_id, STALL)

    async def main() -> None:
        async with client_of(own_stand_in, total_timeout=None, timeout=60) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.complete_session(session_id), 0.3)
            assert await closed_connections(own_stand_in)

    run(main())
    assert len(own_stand_in.requests(session_id)) == 1


def test_a_coroutine_that_is_closed_stops_the_request(own_stand_in: StandIn, session_id: str) -> None:
    own_stand_in.script(session_id, STALL)

    async def main() -> None:
        client = client_of(own_stand_in, total_timeout=None, timeout=60)
        call = client.complete_session(session_id)
        call.send(None)
        await in_thread(own_stand_in.requests, session_id, at_least=1)
        call.close()
        assert await closed_connections(own_stand_in)

    asyncio.run(main())


def test_a_cancelled_call_that_waits_its_turn_is_never_sent(own_stand_in: StandIn, session_id: str) -> None:
    own_stand_in.script(session_id, {"status": 200, "held": True})

    async def main() -> None:
        async with client_of(own_stand_in, max_concurrency=1) as client:
            first = asyncio.ensure_future(client.complete_session(session_id))
            await in_thread(own_stand_in.requests, session_id, at_least=1)
            second = asyncio.ensure_future(client.complete_session(f"{session_id}-2"))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.wait([second])
            own_stand_in.release(session_id)
            assert (await first)["success"]
            assert second.cancelled()
            assert (await client.complete_session(session_id))["success"]

    asyncio.run(main())
    assert own_stand_in.requests(f"{session_id}-2") == []


def test_nothing_is_sent_before_a_call_is_awaited(api: StandIn, session_id: str) -> None:
    call = AsyncClient().complete_session(session_id)
    assert inspect.iscoroutine(call)
    call.close()
    assert api.requests(session_id) == []


def test_loops_one_after_the_other_share_a_client(run: Any, api: StandIn, session_id: str) -> None:
    client = AsyncClient(rate_limits=None)

    async def main() -> None:
        await asyncio.gather(*(client.complete_session(session_id) for _ in range(5)))

    for _ in range(10):
        run(main())
    assert len(api.requests(session_id, at_least=50)) == 50


def test_loops_at_the_same_time_share_a_client(run: Any, api: StandIn, session_id: str) -> None:
    client = AsyncClient(rate_limits=None)

    async def several() -> int:
        results = [await client.complete_session(session_id) for _ in range(50)]
        return sum(result["success"] for result in results)

    async def main() -> None:
        assert await asyncio.gather(*(in_thread(run, several()) for _ in range(4))) == [50] * 4

    asyncio.run(main())


def test_a_loop_that_is_closed_with_calls_under_way_is_no_trouble(
    stand_in: StandIn, session_id: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    stand_in.script(session_id, *[{"status": 200, "held": True}] * 20)
    client = client_of(stand_in)
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(client.complete_session(session_id)) for _ in range(20)]
    loop.run_until_complete(in_thread(stand_in.requests, session_id, at_least=20))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    # This releases the 20. When the call is done, their outcomes have come as well.
    stand_in.script(session_id, {"status": 200, "delay_ms": 500})
    assert asyncio.run(client.complete_session(session_id))["success"]
    assert not any(task.done() for task in tasks)
    # The last words of a task that is dropped while it waits are asyncio's own.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    del tasks
    gc.collect()
    logging.getLogger("asyncio").setLevel(logging.NOTSET)
    printed = capfd.readouterr()
    assert (printed.out, printed.err, [r for r in caplog.records if r.levelno > logging.DEBUG]) == ("", "", [])


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors as Linux shows them")
def test_a_loop_that_many_threads_run_in_turn_has_one_mailbox(api: StandIn, session_id: str) -> None:
    client = AsyncClient(rate_limits=None)
    loop = asyncio.new_event_loop()

    def call() -> None:
        assert loop.run_until_complete(client.complete_session(session_id))["success"]

    call()
    before = open_descriptors()
    for _ in range(20):
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    assert open_descriptors() <= before + 4
    loop.close()


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors as Linux shows them")
def test_loops_that_threads_close_with_calls_under_way_are_freed(own_stand_in: StandIn, session_id: str) -> None:
    client = AsyncClient(own_stand_in.token, base_url=own_stand_in.api, rate_limits=None)
    own_stand_in.script(session_id, *[{"status": 200, "delay_ms": 500}] * 100)
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    def run() -> None:
        loop = asyncio.new_event_loop()
        loops.append(weakref.ref(loop))
        # The loop knows its tasks by weak references alone.
        tasks = [loop.create_task(client.complete_session(session_id)) for _ in range(3)]
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
        del tasks

    for _ in range(20):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    # The next loop anywhere sees to the others.
    asyncio.run(client.complete_session(f"{session_id}/after"))
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    gc.collect()
    logging.getLogger("asyncio").setLevel(logging.NOTSET)
    assert sum(loop() is not None for loop in loops) == 0


def test_a_thousand_calls_leave_the_loop_responsive(run: Any, api: StandIn, session_id: str) -> None:
    async def main() -> float:
        async with AsyncClient(rate_limits=None, total_timeout=None) as client:
            await client.complete_session(session_id)
            calls = asyncio.gather(*(client.complete_session(session_id) for _ in range(1000)))
            await asyncio.sleep(0)
            longest, before = 0.0, time.monotonic()
            while not calls.done():
                await asyncio.sleep(0.001)
                longest, before = max(longest, time.monotonic() - before), time.monotonic()
            assert len(await calls) == 1000
            return longest

    # A loop that waits for the calls stands still for seconds.
    assert min(run(main()) for _ in range(3)) < 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells the threads of a process otherwise")
def test_calls_have_no_threads_of_their_own(stand_in: StandIn, session_id: str) -> None:
    stand_in.script(session_id, *[{"status": 200, "held": True}] * 60)

    async def main() -> int:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        async with client_of(stand_in) as client:
            await client.complete_session(f"{session_id}-first")
            assert await in_thread(stand_in.requests, session_id) == []
            before = len(os.listdir("/proc/self/task"))
            calls = [asyncio.ensure_future(client.complete_session(session_id)) for _ in range(60)]
            await asyncio.sleep(0)
            await in_thread(stand_in.requests, session_id, at_least=60)
            during = len(os.listdir("/proc/self/task"))
            stand_in.release(session_id)
            await asyncio.gather(*calls)
            return during - before

    assert asyncio.run(main()) == 0


def test_without_a_loop_of_asyncio_it_says_what_is_missing(stand_in: StandIn) -> None:
    call = client_of(stand_in).complete_session("s")
    with pytest.raises(RuntimeError, match="AsyncClient needs a running event loop of asyncio"):
        call.send(None)


def test_refusals_are_raised_where_a_call_is_awaited() -> None:
    async def main() -> None:
        call = AsyncClient("pn_1").complete_session(" ")
        with pytest.raises(ValidationError):
            await call

    asyncio.run(main())


def test_it_can_be_mocked_as_what_it_is() -> None:
    mock = create_autospec(AsyncClient, instance=True)
    mock.complete_session.return_value = {"success": True}
    assert asyncio.run(mock.complete_session("s")) == {"success": True}
    mock.complete_session.assert_awaited_once_with("s")
