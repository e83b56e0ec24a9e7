"""The lines of the logger ``wts_session``. Neither the API key nor a body is ever part of one."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from threading import local
    from typing import Any
else:
    from _thread import _local as local

DEBUG, INFO, WARNING = 10, 20, 30
"""Those of ``logging``, which is not imported here: it takes longer than all the rest of the package."""

_found: Logger | None = None


class _State(local):
    is_logging = False


_state = _State()


def _logger() -> Logger | None:
    """The logger; none as long as the program has not imported ``logging``, for then nobody reads lines."""
    global _found
    if _found is None:
        logging: Any = sys.modules.get("logging")
        # Another thread may be importing it at this moment; this class is one of the last things in it.
        if hasattr(logging, "NullHandler"):
            logger: Logger = logging.getLogger("wts_session")
            # Programs that set up no logging get no warnings on the standard error.
            logger.addHandler(logging.NullHandler())
            _found = logger
    return _found


def logs_attempts() -> bool:
    """Whether anybody wants lines of the level DEBUG."""
    logger = _logger()
    return logger is not None and logger.isEnabledFor(DEBUG)


def log(name: str, arguments: tuple[Any, ...]) -> None:
    """Logs a line. Calls that a handler makes meanwhile have none: it would be called for them again and again."""
    logger = _logger()
    if logger is None or _state.is_logging:
        return
    _state.is_logging = True
    try:
        globals()[name](logger, *arguments)
    except Exception as error:  # noqa: BLE001
        # What a handler raises is no fault of the call's.
        from wts_session._wts_session import report_unraisable

        report_unraisable(error)
    finally:
        _state.is_logging = False


def log_attempt(
    logger: Logger,
    operation: str,
    session_id: str,
    attempt: int,
    http_status: int | None,
    error: str | None,
    milliseconds: float,
) -> None:
    """A request was sent, and has ended."""
    answer = () if http_status is None else (f"HTTP {http_status}",)
    what = " ".join(answer if error is None else (*answer, error))
    logger.debug("%s %r: attempt %d, %s, %.0f ms", operation, session_id, attempt, what, milliseconds)


def log_retry(logger: Logger, operation: str, session_id: str, attempt: int, error: str, seconds: float) -> None:
    """The request is going to be sent again."""
    logger.warning("%s %r: attempt %d failed (%s), again in %.2f s", operation, session_id, attempt, error, seconds)


def log_pause(logger: Logger, seconds: float) -> None:
    """The API answered 429."""
    logger.warning("The API's rate limit is reached (HTTP 429): nothing is sent for %.2f s", seconds)


def log_waiting(logger: Logger, seconds: float) -> None:
    """The account's limits are reached."""
    logger.info("The account's limits are reached: requests wait for %.2f s", seconds)


def log_shared_limits(logger: Logger, text: str, is_warning: bool) -> None:
    """Something happened to the ledger that processes share."""
    logger.log(WARNING if is_warning else INFO, "%s", text)
