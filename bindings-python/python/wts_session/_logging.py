"""The lines of the logger ``wts_session``. Neither the API key nor a body is ever part of one."""

from __future__ import annotations

import logging
from threading import local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

logger = logging.getLogger("wts_session")
# Programs that set up no logging get no warnings on the standard error.
logger.addHandler(logging.NullHandler())


class _State(local):
    is_logging = False


_state = _State()


def logs_attempts() -> bool:
    """Whether anybody wants lines of the level DEBUG."""
    return logger.isEnabledFor(logging.DEBUG)


def log(name: str, arguments: tuple[Any, ...]) -> None:
    """Logs a line. Calls that a handler makes meanwhile have none: it would be called for them again and again."""
    if _state.is_logging:
        return
    _state.is_logging = True
    try:
        globals()[name](*arguments)
    except Exception as error:  # noqa: BLE001
        # What a handler raises is no fault of the call's.
        from wts_session._wts_session import report_unraisable

        report_unraisable(error)
    finally:
        _state.is_logging = False


def log_attempt(
    operation: str, session_id: str, attempt: int, http_status: int | None, error: str | None, milliseconds: float
) -> None:
    """A request was sent, and has ended."""
    answer = () if http_status is None else (f"HTTP {http_status}",)
    what = " ".join(answer if error is None else (*answer, error))
    logger.debug("%s %r: attempt %d, %s, %.0f ms", operation, session_id, attempt, what, milliseconds)


def log_retry(operation: str, session_id: str, attempt: int, error: str, seconds: float) -> None:
    """The request is going to be sent again."""
    logger.warning("%s %r: attempt %d failed (%s), again in %.2f s", operation, session_id, attempt, error, seconds)


def log_pause(seconds: float) -> None:
    """The API answered 429."""
    logger.warning("The API's rate limit is reached (HTTP 429): nothing is sent for %.2f s", seconds)


def log_waiting(seconds: float) -> None:
    """The account's limits are reached."""
    logger.info("The account's limits are reached: requests wait for %.2f s", seconds)


def log_shared_limits(text: str, is_warning: bool) -> None:
    """Something happened to the ledger that processes share."""
    logger.log(logging.WARNING if is_warning else logging.INFO, "%s", text)
