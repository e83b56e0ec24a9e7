from __future__ import annotations

from wts_session import _bulk
from wts_session import _wts_session as native
from wts_session._logging import logs_attempts
from wts_session._settings import BaseClient
from wts_session._typing import cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from threading import Event
    from types import TracebackType
    from uuid import UUID

    from typing_extensions import Self

    from wts_session._bulk import OutcomeIterator
    from wts_session._outcomes import Outcome
    from wts_session._types import CompletedSession, Session


class Client(BaseClient["native.Calls"]):
    """A client of the WTS Chat API; a call waits until it is done.

    ``api_key`` is a permanent token of the web app (Ajustes > Integrações > Integração via API), as it was copied from
    there; without it the environment's ``WTS_API_KEY`` is taken. ``base_url`` is the address of the API without
    ``/chat``; without it the environment's ``WTS_BASE_URL``, or else ``https://api.wts.chat``.

    ``timeout`` bounds one attempt and ``total_timeout`` a whole call with its waiting and retries, both in seconds;
    ``total_timeout=None`` is no bound. A request is sent again at most ``max_retries`` times, and only where that can
    help. At most ``max_concurrency`` requests are in flight at once, each on a connection of its own; ``None`` is as
    many as ``rate_limits`` can use, from 64 to 200, and no more than half of the descriptors that the process may have
    open. ``rate_limits`` are the account's limits, pairs of requests and seconds; ``None`` switches them off.
    ``reserve`` is the share of each limit, 0 to 0.5, that a call which holds many slots leaves to other calls.

    ``shared_limits`` is where the ledger is that processes share: ``'machine'``, ``'redis://host'`` and others, as
    ``docs/several-processes.md`` lists them; without it the environment's ``WTS_SHARED_LIMITS``, or else ``'off'``.
    ``shared_limits_account`` is a name that joins several keys of one account. ``shared_limits_fallback`` is
    ``'wait'``, or the share of the limits that is used while the ledger can't be reached.

    ``auth_scheme`` is ``'bearer'``, or ``'raw'`` for tenants that want the key alone. ``allow_insecure_http`` allows a
    base URL of plain http, which shows the key to everyone on the way.

    Many threads may share a client. A child made by ``os.fork`` can go on with the client of its parent; it has
    connections of its own, and rate limits of its own unless ``shared_limits`` are set.

    Raises ``ConfigError`` where a client can't be made of these settings.

    >>> with Client() as client:
    ...     session = client.complete_session("session_12345")
    >>> session["success"], session["sessionId"]
    (True, 'session_12345')
    """

    _native = native.Calls

    def update_session_status(
        self, session_id: str | UUID | None, status: str | None, *, stop_bot_in_execution: bool = False
    ) -> Session:
        """Set the status of a session, and return the updated session.

        ``status`` is a ``SessionStatus`` or its name, ``'IN_PROGRESS'`` or ``'In Progress'``, in any case.
        ``stop_bot_in_execution`` stops a chatbot that is running in the session. The dict holds every field of the
        API's response; ``id`` and ``status`` are always there.

        Raises a ``WtsError``: ``ValidationError`` before anything is sent, ``ApiError`` where the API says no,
        ``ConnectionFailedError`` and ``RequestTimeoutError`` where there is no response.
        """
        operation = native.update_session_status(stop_bot_in_execution)
        return cast("Session", self._calls.call(operation, session_id, status, logs_attempts()))

    def complete_session(
        self,
        session_id: str | UUID | None,
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> CompletedSession:
        """Complete a session, and return the updated session.

        ``reactivate_on_new_message`` has a new message of the contact reopen the session; ``stop_bot_in_execution``
        stops a chatbot that is running in it. The dict holds every field of the API's response; ``success`` and
        ``sessionId`` are always there.

        Raises a ``WtsError``: ``ValidationError`` before anything is sent, ``ApiError`` where the API says no,
        ``ConnectionFailedError`` and ``RequestTimeoutError`` where there is no response.
        """
        operation = native.complete_session(reactivate_on_new_message, stop_bot_in_execution)
        return cast("CompletedSession", self._calls.call(operation, session_id, None, logs_attempts()))

    def update_session_statuses(
        self,
        updates: Iterable[tuple[str | UUID | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
        stop_event: Event | None = None,
    ) -> list[Outcome[Session]]:
        """Set the status of many sessions, given as pairs of session id and status.

        The outcomes are in the order of the input; otherwise as :meth:`complete_sessions`.

        >>> updates = [("session_12345", SessionStatus.PENDING), ("session_12345", "no such status")]
        >>> [outcome.ok for outcome in Client().update_session_statuses(updates)]
        [True, False]
        """
        source = _bulk.iterator("updates", updates)
        _bulk.check_progress(on_progress)
        _bulk.check_stop_event(stop_event)
        operation = native.update_session_status(stop_bot_in_execution)
        run: native.BulkRun[Session] = self._calls.bulk(operation, logs_attempts())
        return _bulk.collect(run, updates, source, on_progress, stop_event)

    def complete_sessions(
        self,
        session_ids: Iterable[str | UUID | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
        on_progress: Callable[[int, int | None], object] | None = None,
        stop_event: Event | None = None,
    ) -> list[Outcome[CompletedSession]]:
        """Complete many sessions, as many at once as the rate limits and ``max_concurrency`` allow.

        There is one outcome for each item of the input, in its order. No item's failure stops the others: an id that
        is not valid fails alone, and so does an item of a wrong type, with a ``WrongTypeError``, which is a
        ``TypeError``; nothing is sent for them. There is no total time limit.

        ``on_progress`` is called with how many are done and how many there are (``None`` where the input has no
        length), which is all that a progress bar needs:

        >>> from tqdm import tqdm
        >>> with tqdm(total=1) as bar:
        ...     outcomes = Client().complete_sessions(
        ...         ["session_12345"], on_progress=lambda done, total: bar.update(done - bar.n)
        ...     )
        >>> [outcome.ok for outcome in outcomes]
        [True]

        Another thread stops the call by ``stop_event``, a ``threading.Event``: once it is set, nothing more is sent,
        the requests in flight are awaited, and all other items have the error ``cancelled``. An input that blocks
        delays it, and items that it has not given have no outcome, except those of a list or tuple.

        Where the input or ``on_progress`` raises, nothing more is sent, and the requests in flight are awaited. Ctrl-C
        aborts them. In both cases the exception has what was done as its attribute ``outcomes``: one for each item that
        was taken, and for all the others of a list or tuple. Those that were not done have the error ``cancelled``,
        which tells whether they may have been applied.
        """
        source = _bulk.iterator("session_ids", session_ids)
        _bulk.check_progress(on_progress)
        _bulk.check_stop_event(stop_event)
        operation = native.complete_session(reactivate_on_new_message, stop_bot_in_execution)
        run: native.BulkRun[CompletedSession] = self._calls.bulk(operation, logs_attempts())
        return _bulk.collect(run, session_ids, source, on_progress, stop_event)

    def iter_update_session_statuses(
        self,
        updates: Iterable[tuple[str | UUID | None, str | None]],
        *,
        stop_bot_in_execution: bool = False,
    ) -> OutcomeIterator[Session]:
        """As :meth:`update_session_statuses`, but as :meth:`iter_complete_sessions` gives them."""
        source = _bulk.iterator("updates", updates)
        operation = native.update_session_status(stop_bot_in_execution)
        return _bulk.OutcomeIterator(self._calls.bulk(operation, logs_attempts()), updates, source)

    def iter_complete_sessions(
        self,
        session_ids: Iterable[str | UUID | None],
        *,
        reactivate_on_new_message: bool = False,
        stop_bot_in_execution: bool = False,
    ) -> OutcomeIterator[CompletedSession]:
        """As :meth:`complete_sessions`, but the outcomes come as they settle, whatever their order.

        Items are taken as there is room for them, and nothing is kept: the input may be endless. Requests go on while
        you deal with an outcome. The end of ``with`` aborts the requests in flight; ``remaining`` then has the outcomes
        that you were not given, also after an exception:

        >>> from itertools import count
        >>> with Client().iter_complete_sessions(f"session_{number}" for number in count()) as outcomes:
        ...     for outcome in outcomes:
        ...         break
        >>> outcome.session_id.startswith("session_"), {other.ok for other in outcomes.remaining} <= {True, False}
        (True, True)

        Where the input raises, nothing more is sent, and the outcomes of the items that were taken come before the
        exception.
        """
        source = _bulk.iterator("session_ids", session_ids)
        operation = native.complete_session(reactivate_on_new_message, stop_bot_in_execution)
        return _bulk.OutcomeIterator(self._calls.bulk(operation, logs_attempts()), session_ids, source)

    def close(self) -> None:
        """Close the client: calls that are not sent yet, and all later ones, raise ``ClientClosedError``.

        Requests in flight are awaited by their calls. Idle connections are closed.
        """
        self._calls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def update_session_status(
    session_id: str | UUID | None,
    status: str | None,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    stop_bot_in_execution: bool = False,
) -> Session:
    """Set the status of a session, as ``Client.update_session_status`` does, without a client of your own.

    The client is kept for the next call with the same ``api_key`` and ``base_url``, which are those of ``Client``.

    >>> update_session_status("session_12345", "PENDING")["status"]
    'PENDING'
    """
    settings = {"api_key": api_key, "base_url": base_url}
    try:
        operation = native.update_session_status(stop_bot_in_execution)
        return cast("Session", native.shared_call(settings, operation, session_id, status, logs_attempts()))
    finally:
        # A traceback may show the variables of this frame.
        del api_key, base_url, settings


def complete_session(
    session_id: str | UUID | None,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    reactivate_on_new_message: bool = False,
    stop_bot_in_execution: bool = False,
) -> CompletedSession:
    """Complete a session, as ``Client.complete_session`` does, without a client of your own.

    The client is kept for the next call with the same ``api_key`` and ``base_url``, which are those of ``Client``.

    >>> complete_session("session_12345", reactivate_on_new_message=True)["success"]
    True
    """
    settings = {"api_key": api_key, "base_url": base_url}
    try:
        operation = native.complete_session(reactivate_on_new_message, stop_bot_in_execution)
        return cast("CompletedSession", native.shared_call(settings, operation, session_id, None, logs_attempts()))
    finally:
        # As above.
        del api_key, base_url, settings
