"""Calls of AsyncClient that are cancelled in the ways that asyncio, anyio and web frameworks have."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import uvloop
from calling import asynchronous
from patience import PATIENCE, STALL, until
from stand_in import StandIn
from wts_session import AsyncClient, outcomes_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator

    from wts_session import Outcome


LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Stalled:
    """A call whose first session settles and whose others never do."""

    def __init__(self, kind: str, stand_in: StandIn, session_id: str) -> None:
        self._kind = kind
        self._stand_in = stand_in
        self.ids = [f"{session_id}/{number}" for number in range(8)]
        self.given = [*self.ids, *["never sent"] * 500]
        for each in self.ids[1:]:
            stand_in.script(each, STALL)
        self.settled = asyncio.Event()
        self.first: list[Any] = []
        self._client = AsyncClient(
            stand_in.token, base_url=stand_in.api, timeout=60, total_timeout=None, rate_limits=None, max_concurrency=7
        )

    async def run(self) -> object:
        given: Any = asynchronous(self.given) if self._kind == "async input" else self.given
        if self._kind == "single":
            await self._client.complete_session(self.ids[0])
            self.settled.set()
            return await self._client.complete_session(self.ids[1])
        if self._kind == "iterator":
            async for outcome in self._client.iter_complete_sessions(given):
                self.first.append(outcome)
                self.settled.set()
            return None
        return await self._client.complete_sessions(given, on_progress=lambda *_: self.settled.set())

    async def is_under_way(self) -> None:
        await self.settled.wait()
        last = self.ids[1] if self._kind == "single" else self.ids[-1]
        await asyncio.get_running_loop().run_in_executor(None, lambda: self._stand_in.requests(last, at_least=1))

    def assert_told(self, error: BaseException) -> None:
        """Every item has an outcome: the exception has those that were not given out before."""
        if self._kind == "single":
            return
        rest = outcomes_of(error)
        assert rest is not None
        outcomes = sorted([*self.first, *rest], key=lambda outcome: outcome.index)
        if self._kind != "async input":
            assert len(outcomes) == len(self.given)
        assert outcomes[0].ok
        told = [(outcome.error.code, outcome.error.may_have_been_applied) for outcome in outcomes[1:8]]
        assert told == [("cancelled", True)] * 7
        assert not any(outcome.error.may_have_been_applied for outcome in outcomes[8:])
        assert self._stand_in.requests("never sent") == []


async def by_anyio(call: Stalled) -> BaseException:
    caught: list[BaseException] = []

    async def run() -> None:
        try:
            await call.run()
        except BaseException as error:
            caught.append(error)
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await call.is_under_way()
        group.cancel_scope.cancel()
    return caught[0]


async def by_a_scope_of_anyio(call: Stalled) -> BaseException:
    caught: list[BaseException] = []
    with anyio.CancelScope() as scope:

        async def cancel() -> None:
            await call.is_under_way()
            scope.cancel()

        canceller = asyncio.ensure_future(cancel())
        try:
            await call.run()
        except BaseException as error:
            caught.append(error)
            raise
    await canceller
    return caught[0]


class SiblingError(Exception):
    pass


async def by_a_sibling_that_fails(call: Stalled) -> BaseException:
    caught: list[BaseException] = []

    async def run() -> None:
        try:
            await call.run()
        except BaseException as error:
            caught.append(error)
            raise

    async def fail() -> None:
        await call.is_under_way()
        raise SiblingError

    group: Any
    if sys.version_info >= (3, 11):
        group = asyncio.TaskGroup()
        start = lambda function: group.create_task(function())  # noqa: E731
    else:
        group = anyio.create_task_group()
        start = group.start_soon
    try:
        async with group:
            start(run)
            start(fail)
    except BaseException as error:  # noqa: BLE001
        assert [type(each) for each in getattr(error, "exceptions", [error])] == [SiblingError]
    return caught[0]


async def by_wait_for(call: Stalled) -> BaseException:
    task = asyncio.ensure_future(call.run())
    await call.is_under_way()
    try:
        await asyncio.wait_for(task, 0.01)
    except asyncio.TimeoutError as error:
        return error
    raise AssertionError("it did not time out")


async def by_cancel_of_a_task(call: Stalled) -> BaseException:
    task = asyncio.ensure_future(call.run())
    await call.is_under_way()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as error:
        return error
    raise AssertionError("it was not cancelled")


async def by_cancelling_it_twice(call: Stalled) -> BaseException:
    task = asyncio.ensure_future(call.run())
    await call.is_under_way()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as error:
        return error
    raise AssertionError("it was not cancelled")


WAYS: list[Callable[[Stalled], Awaitable[BaseException]]] = [
    by_anyio,
    by_a_scope_of_anyio,
    by_a_sibling_that_fails,
    by_wait_for,
    by_cancel_of_a_task,
    by_cancelling_it_twice,
]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", ["list", "async input", "iterator", "single"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_cancelled_call_ends_at_once_and_tells_all(
    way: Callable[[Stalled], Awaitable[BaseException]], kind: str, loop: str, own_stand_in: StandIn, session_id: str
) -> None:
    async def main() -> None:
        call = Stalled(kind, own_stand_in, session_id)
        started = time.monotonic()
        error = await asyncio.wait_for(way(call), 60)
        assert time.monotonic() - started < PATIENCE
        call.assert_told(error)
        assert until(lambda: own_stand_in.connections()["open"] <= 1)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    event_loop = LOOPS[loop]()
    try:
        event_loop.run_until_complete(main())
    finally:
        event_loop.run_until_complete(event_loop.shutdown_asyncgens())
        event_loop.run_until_complete(event_loop.shutdown_default_executor())
        event_loop.close()


class Interrupted:
    """Awaits a call, in which ``KeyboardInterrupt`` is raised while it deals with its cancellation."""

    def __init__(self, call: Coroutine[Any, Any, Any]) -> None:
        self.call = call

    def __await__(self) -> Generator[Any, Any, None]:
        future = self.call.send(None)
        while True:
            try:
                yield future
            except asyncio.CancelledError as cancelled:
                self.call.throw(cancelled)
                self.call.throw(KeyboardInterrupt())
            future = self.call.send(None)


def test_ctrl_c_at_the_second_time_loses_no_outcome(own_stand_in: StandIn, session_id: str) -> None:
    own_stand_in.script(session_id, *[STALL] * 2)

    async def main() -> None:
        async with AsyncClient(own_stand_in.token, base_url=own_stand_in.api, max_concurrency=2) as client:
            await Interrupted(client.complete_sessions([session_id] * 10))

    async def interrupted() -> list[Outcome[Any]] | None:
        task = asyncio.get_running_loop().create_task(caught(main()))
        await asyncio.to_thread(own_stand_in.requests, session_id, at_least=2)
        task.cancel()
        return outcomes_of(await task)

    async def caught(call: Coroutine[Any, Any, Any]) -> BaseException:
        with pytest.raises(KeyboardInterrupt) as raised:
            await call
        return raised.value

    outcomes = asyncio.run(interrupted()) or []
    assert [(each.index, each.error.code) for each in outcomes if each.error] == [(n, "cancelled") for n in range(10)]


def test_a_program_that_exits_in_its_input_has_the_outcomes(api: StandIn, session_id: str) -> None:
    def items() -> Iterator[str]:
        yield session_id
        raise SystemExit(3)

    async def main() -> None:
        async with AsyncClient() as client:
            await client.complete_sessions(items())

    with pytest.raises(SystemExit) as raised:
        asyncio.run(main())
    assert [each.session_id for each in outcomes_of(raised.value) or ()] == [session_id]


def test_an_input_that_takes_its_time_to_end_holds_up_no_cancelled_call(api: StandIn, session_id: str) -> None:
    """anyio cancels at every turn of the loop, and the input does not mind."""
    ended = asyncio.Event()

    async def items(is_waiting: asyncio.Event, may_end: asyncio.Event) -> AsyncIterator[str]:
        yield session_id
        is_waiting.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.shield(may_end.wait())
            ended.set()

    async def main() -> None:
        is_waiting, may_end = asyncio.Event(), asyncio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(AsyncClient().complete_sessions, items(is_waiting, may_end))
            await is_waiting.wait()
            group.cancel_scope.cancel()
        may_end.set()

    asyncio.run(main())


def test_a_browser_that_leaves_ends_the_bulk_call_of_a_streaming_response(
    own_stand_in: StandIn, session_id: str
) -> None:
    """Starlette, and so FastAPI, cancels the stream with anyio."""
    from starlette.responses import StreamingResponse

    left = asyncio.Event()
    told: list[Any] = []

    async def main() -> None:
        call = Stalled("iterator", own_stand_in, session_id)

        async def lines() -> AsyncIterator[str]:
            try:
                client = AsyncClient(own_stand_in.token, base_url=own_stand_in.api, timeout=60, rate_limits=None)
                async for outcome in client.iter_complete_sessions(call.ids):
                    yield f"{outcome.session_id}\\n"
            except BaseException as error:
                told.append(outcomes_of(error))
                raise

        async def receive() -> dict[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                left.set()

        response = StreamingResponse(lines())
        scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
        await asyncio.wait_for(response(scope, receive, send), PATIENCE)

    asyncio.run(main())
    assert len(told) <= 1
