"""How the outcomes of calls, and their log lines, come from the background thread into an event loop."""

from __future__ import annotations

from asyncio import get_running_loop
from threading import local
from weakref import ref

from wts_session._logging import log
from wts_session._wts_session import Settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterable
    from contextvars import Context
    from typing import Any


def running_loop() -> AbstractEventLoop:
    """The event loop that this thread is in."""
    try:
        return get_running_loop()
    except RuntimeError as error:
        raise RuntimeError(
            "AsyncClient needs a running event loop of asyncio. Under trio, make calls of Client in a thread: "
            "trio.to_thread.run_sync"
        ) from error


_mailboxes: dict[int, tuple[ref[AbstractEventLoop], Settled]] = {}
"""By the ids of their loops. Each step on it is atomic, and only the thread that runs a loop adds that one's."""


class _Latest(local):
    mailbox: Callable[[], Settled | None] = staticmethod(lambda: None)


_latest = _Latest()
"""What this thread used last."""


def mailbox_of(loop: AbstractEventLoop) -> Settled:
    """The mailbox of a loop, from which the loop delivers."""
    latest = _latest.mailbox()
    if latest is not None and latest.is_of(loop):
        return latest
    number = id(loop)
    _, mailbox = _mailboxes.get(number, (None, None))
    if mailbox is None or not mailbox.is_of(loop):
        _abandon_closed_loops()
        mailbox = _new_mailbox(loop)
        _mailboxes[number] = _forgetting(loop, number), mailbox
    _latest.mailbox = ref(mailbox)
    return mailbox


def _forget(
    number: int,
    loop: ref[AbstractEventLoop],
    mailboxes: dict[int, tuple[ref[AbstractEventLoop], Settled]] = _mailboxes,
) -> None:
    known, _ = mailboxes.get(number, (None, None))
    if known is loop:
        mailboxes.pop(number, None)


def _forgetting(
    loop: AbstractEventLoop,
    number: int,
    # Loops also die while the interpreter ends, when the names of modules are gone.
    forget: Callable[[int, ref[AbstractEventLoop]], None] = _forget,
) -> ref[AbstractEventLoop]:
    return ref(loop, lambda dead: forget(number, dead))


def _new_mailbox(loop: AbstractEventLoop) -> Settled:
    mailbox = Settled(loop, True)
    try:
        loop.add_reader(mailbox.fileno(), deliver, mailbox)
    except NotImplementedError:
        return Settled(loop, False)
    return mailbox


def _abandon_closed_loops() -> None:
    # The futures of calls that were under way hold the loop, and the mailbox holds them, whatever became of the thread.
    for number, (known, mailbox) in _mailboxes.copy().items():
        loop = known()
        if loop is not None and loop.is_closed():
            _forget(number, known)
            mailbox.abandon()


def deliver(settled: Settled) -> None:
    """Log the lines of calls, and settle the futures of those that are done; runs in the event loop."""
    deliveries, lines, has_more = settled.take()
    if has_more:
        # Other callbacks have their turn in between.
        get_running_loop().call_soon(deliver, settled)
    try:
        _log(lines)
    finally:
        for future, result, error in deliveries:
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


def _log(lines: Iterable[tuple[Context | None, str, tuple[Any, ...]]]) -> None:
    for context, name, arguments in lines:
        if context is None:
            log(name, arguments)
        else:
            context.run(log, name, arguments)
