"""How the outcomes of calls, and their log lines, come from the background thread into an event loop."""

from __future__ import annotations

from asyncio import get_running_loop
from threading import local
from weakref import WeakKeyDictionary, ref

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


class _Mailboxes(local):
    """Those of the loops of this thread: no other thread changes them at the same time."""

    def __init__(self) -> None:
        self.of_loop: WeakKeyDictionary[AbstractEventLoop, Settled] = WeakKeyDictionary()
        self.latest: Callable[[], Settled | None] = lambda: None


_mailboxes = _Mailboxes()


def mailbox_of(loop: AbstractEventLoop) -> Settled:
    """The mailbox of a loop, from which the loop delivers."""
    latest = _mailboxes.latest()
    if latest is not None and latest.is_of(loop):
        return latest
    mailbox = _mailboxes.of_loop.get(loop)
    if mailbox is None:
        _abandon_closed_loops()
        mailbox = _mailboxes.of_loop[loop] = _new_mailbox(loop)
    _mailboxes.latest = ref(mailbox)
    return mailbox


def _new_mailbox(loop: AbstractEventLoop) -> Settled:
    mailbox = Settled(loop, True)
    try:
        loop.add_reader(mailbox.fileno(), deliver, mailbox)
    except NotImplementedError:
        return Settled(loop, False)
    return mailbox


def _abandon_closed_loops() -> None:
    # The futures of calls that were under way hold the loop, and so itself in the dictionary.
    for loop in [loop for loop in _mailboxes.of_loop if loop.is_closed()]:
        _mailboxes.of_loop.pop(loop).abandon()


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
