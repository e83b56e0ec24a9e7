"""What type checkers make of the package; nothing runs this."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from threading import Event
from typing import TYPE_CHECKING, Any, Literal, Optional
from uuid import UUID

import wts_session
from wts_session import (
    AsyncClient,
    Client,
    CompletedSession,
    Failed,
    NotFoundError,
    Outcome,
    Session,
    SessionStatus,
    Succeeded,
    WtsError,
    outcomes_of,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type


def synchronous(client: Client) -> None:
    session = client.update_session_status("s", SessionStatus.PENDING, stop_bot_in_execution=True)
    assert_type(session, Session)
    assert_type(session["id"], str)
    assert_type(session["status"], str)
    assert_type(session.get("unreadCount"), Optional[int])
    completed = client.complete_session("s", reactivate_on_new_message=True, stop_bot_in_execution=False)
    assert_type(completed, CompletedSession)
    assert_type(completed["success"], bool)
    assert_type(completed["sessionId"], str)
    assert_type(completed.get("contactDetails"), Optional[dict[str, Any]])
    everything: dict[str, object] = dict(completed)
    assert_type(everything, dict[str, object])
    updated = client.update_session_statuses([("s", SessionStatus.HIDDEN)], on_progress=lambda done, total: None)
    assert_type(updated, list[Outcome[Session]])
    assert_type(client.complete_sessions(("s", None)), list[Outcome[CompletedSession]])
    for outcome in client.iter_complete_sessions(iter([UUID(int=1), None])):
        assert_type(outcome.result, Optional[CompletedSession])
        assert_type(outcome.error, Optional[WtsError])
        assert_type(outcome.ok, bool)
        if outcome.ok is True:
            assert_type(outcome.result["sessionId"], str)
            assert_type(outcome.error, None)
        else:
            assert_type(outcome.error.code, str)
            assert_type(outcome.result, None)
    with client.iter_update_session_statuses([("s", "PENDING")]) as outcomes:
        assert_type(list(outcomes), list[Outcome[Session]])
        assert_type(outcomes.remaining, list[Outcome[Session]])
    failed = [
        (outcome.session_id, outcome.error) for outcome in client.complete_sessions(["s"]) if outcome.error is not None
    ]
    assert_type(failed, list[tuple[Any, WtsError]])
    title_of(completed)
    client.complete_sessions(["s"], stop_event=Event())
    with client as same:
        assert_type(same, Client)


def title_of(session: Session) -> str | None:
    """A completed session is a session."""
    return session.get("title")


def codes_of(outcomes: list[Outcome]) -> list[str]:
    """Without a type argument it is about sessions."""
    for outcome in outcomes:
        if isinstance(outcome, Succeeded):
            assert_type(outcome.result, Session)
    return [outcome.error.code for outcome in outcomes if not isinstance(outcome, Succeeded)]


def by_hand(session: CompletedSession) -> list[Outcome[CompletedSession]]:
    error = NotFoundError("No such session", http_status=404, description="It was deleted.")
    return [Succeeded(0, "s", session), Failed(1, "t", error)]


def functions() -> None:
    session = wts_session.update_session_status("s", "In Progress", api_key="k", base_url="https://api.wts.chat")
    assert_type(session, Session)
    assert_type(wts_session.complete_session(None), CompletedSession)


async def asynchronous() -> None:
    async with AsyncClient("k", rate_limits=None, total_timeout=None, auth_scheme="raw") as client:
        assert_type(client, AsyncClient)
        assert_type(await client.update_session_status("s", "PENDING"), Session)
        assert_type(await client.complete_session("s"), CompletedSession)
        assert_type(await client.complete_sessions(["s"]), list[Outcome[CompletedSession]])
        async for outcome in client.iter_update_session_statuses([("s", "PENDING")]):
            assert_type(outcome, Outcome[Session])
        coroutine: Callable[[str], Coroutine[Any, Any, CompletedSession]] = client.complete_session
        await coroutine("s")


def errors(error: WtsError) -> None:
    assert_type(outcomes_of(error), Optional[list[Outcome[Any]]])
    assert_type(error.http_status, Optional[int])
    assert_type(error.retry_after, Optional[float])
    assert_type(error.code, str)
    status: Literal[SessionStatus.HIDDEN] = SessionStatus.HIDDEN
    wire_value: str = status
    assert_type(SessionStatus(wire_value), SessionStatus)


def mistakes(client: Client) -> None:
    """Each of these is an error; the checkers complain where one is none."""
    client.complete_session(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.complete_session("s", True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.complete_session("s", stop_bot_in_execution=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client("k", "https://api.wts.chat")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Client(auth_scheme="basic")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client(rate_limits=[(1, 2, 3)])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
