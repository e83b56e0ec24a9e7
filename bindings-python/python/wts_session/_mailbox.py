"""How the outcomes of calls come from the background thread into an event loop."""

from __future__ import annotations

from asyncio import get_running_loop
from weakref import WeakKeyDictionary

from wts_session._wts_session import Settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_mailboxes: WeakKeyDictionary[AbstractEventLoop, Settled] = WeakKeyDictionary()


def mailbox_of(loop: AbstractEventLoop) -> Settled:
    """The mailbox of a loop, from which the loop delivers."""
    mailbox = _mailboxes.get(loop)
    if mailbox is None:
        _abandon_closed_loops()
        mailbox = _mailboxes[loop] = _new_mailbox(loop)
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
    for loop in [loop for loop in _mailboxes if loop.is_closed()]:
        _mailboxes.pop(loop).abandon()


def deliver(settled: Settled) -> None:
    """Settle the futures of calls that are done; runs in the event loop."""
    deliveries, has_more = settled.take()
    if has_more:
        # Other callbacks have their turn in between.
        get_running_loop().call_soon(deliver, settled)
    for future, result, error in deliveries:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
