from __future__ import annotations

from wts_session import _bulk
from wts_session import _wts_session as native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from wts_session._outcome import Outcome
    from wts_session._types import CompletedSession, Session


class Client(native.Client):
    __doc__ = native.Client.__doc__

    def update_session_statuses(
        self,
        updates: Iterable[tuple[str | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> list[Outcome[Session]]:
        """Set the status of many sessions, given as pairs of session id and status.

        The outcomes are in the order of the input; otherwise as :meth:`complete_sessions`.

        >>> updates = [("session_12345", SessionStatus.PENDING), ("session_12345", "no such status")]
        >>> [outcome.ok for outcome in Client().update_session_statuses(updates)]
        [True, False]
        """
        source = _bulk.iterator("updates", updates)
        _bulk.check_progress(on_progress)
        run = self._update_session_statuses(stop_bot_in_execution)
        return _bulk.collect(self, run, updates, source, on_progress)

    def complete_sessions(
        self,
        session_ids: Iterable[str | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
    ) -> list[Outcome[CompletedSession]]:
        """Complete many sessions, as many at once as the rate limits and ``max_concurrency`` allow.

        There is one outcome for each item of the input, in its order. No item's failure stops the others; an id that is
        not valid fails by itself without being sent. There is no total time limit.

        ``on_progress`` is called with how many are done and how many there are (``None`` where the input has no
        length), which is all that a progress bar needs:

        >>> from tqdm import tqdm
        >>> with tqdm(total=1) as bar:
        ...     outcomes = Client().complete_sessions(
        ...         ["session_12345"], on_progress=lambda done, total: bar.update(done - bar.n)
        ...     )
        >>> [outcome.ok for outcome in outcomes]
        [True]

        Where an item is of a wrong type, or the input or ``on_progress`` raises, nothing more is sent, but what has
        left is awaited. Ctrl-C breaks that off as well. In both cases the exception has what was done as its attribute
        ``outcomes``: one for each item that was taken, and for all the others of a list or tuple. Those that were not
        done have the error ``cancelled``, which tells whether they may have been applied.
        """
        source = _bulk.iterator("session_ids", session_ids)
        _bulk.check_progress(on_progress)
        run = self._complete_sessions(reactivate_on_new_message, stop_bot_in_execution)
        return _bulk.collect(self, run, session_ids, source, on_progress)

    def iter_update_session_statuses(
        self,
        updates: Iterable[tuple[str | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
    ) -> Generator[Outcome[Session], None, None]:
        """As :meth:`update_session_statuses`, but as :meth:`iter_complete_sessions` gives them."""
        source = _bulk.iterator("updates", updates)
        run = self._update_session_statuses(stop_bot_in_execution)
        return _bulk.iterate(self, run, updates, source)

    def iter_complete_sessions(
        self,
        session_ids: Iterable[str | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> Generator[Outcome[CompletedSession], None, None]:
        """As :meth:`complete_sessions`, but the outcomes come as they settle, whatever their order.

        Items are taken as there is room for them, and nothing is kept: the input may be endless. Requests go on while
        you deal with an outcome. Closing the generator breaks off the requests under way:

        >>> from contextlib import closing
        >>> from itertools import count
        >>> with closing(Client().iter_complete_sessions(f"session_{number}" for number in count())) as outcomes:
        ...     first = next(outcomes)
        >>> first.session_id.startswith("session_")
        True

        Where the input raises, nothing more is sent, and the outcomes of the items that were taken come before the
        exception.
        """
        source = _bulk.iterator("session_ids", session_ids)
        run = self._complete_sessions(reactivate_on_new_message, stop_bot_in_execution)
        return _bulk.iterate(self, run, session_ids, source)
