"""The bulk calls of both clients, as if all of them waited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import uvloop
from wts_session import AsyncClient, Client, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from stand_in import StandIn

KINDS = ["sync", "asyncio", "uvloop", "async input"]


async def asynchronous(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


class Bulk:
    """Bulk calls of one kind, each on a client of its own."""

    def __init__(self, kind: str, stand_in: StandIn, token: str) -> None:
        self.kind = kind
        self._stand_in = stand_in
        self._token = token

    def settings(self, **settings: Any) -> dict[str, Any]:
        return {"api_key": self._token, "base_url": self._stand_in.api, "rate_limits": None, **settings}

    def complete_sessions(self, ids: Any, client: dict[str, Any] | None = None, **options: Any) -> list[Outcome[Any]]:
        return self._call("complete_sessions", ids, client, options)

    def update_session_statuses(
        self, updates: Any, client: dict[str, Any] | None = None, **options: Any
    ) -> list[Outcome[Any]]:
        return self._call("update_session_statuses", updates, client, options)

    def iterate(self, ids: Any, take: Callable[[Outcome[Any]], bool], client: dict[str, Any] | None = None) -> None:
        """Takes outcomes while ``take`` wants more, and closes the iterator then."""
        if self.kind == "sync":
            outcomes = Client(**self.settings(**client or {})).iter_complete_sessions(ids)
            _take_all(outcomes, take)
            outcomes.close()
            return

        async def main() -> None:
            outcomes = AsyncClient(**self.settings(**client or {})).iter_complete_sessions(self._input(ids))
            async for outcome in outcomes:
                if not take(outcome):
                    break
            await outcomes.aclose()

        self._run(main())

    def _call(
        self, name: str, items: Any, client: dict[str, Any] | None, options: dict[str, Any]
    ) -> list[Outcome[Any]]:
        settings = self.settings(**client or {})
        if self.kind == "sync":
            outcomes: list[Outcome[Any]] = getattr(Client(**settings), name)(items, **options)
        else:
            outcomes = self._run(getattr(AsyncClient(**settings), name)(self._input(items), **options))
        return outcomes

    def _input(self, items: Any) -> Any:
        return asynchronous(items) if self.kind == "async input" else items

    def _run(self, coroutine: Any) -> Any:
        loop = uvloop.new_event_loop() if self.kind == "uvloop" else asyncio.new_event_loop()
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


def _take_all(outcomes: Iterator[Outcome[Any]], take: Callable[[Outcome[Any]], bool]) -> None:
    for outcome in outcomes:
        if not take(outcome):
            return
