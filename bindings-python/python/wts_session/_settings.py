"""What both clients have in common: how they are made."""

from __future__ import annotations

from wts_session._typing import Generic, cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar, Literal, NoReturn, TypeVar

    from wts_session import _wts_session as native

    Calls = TypeVar("Calls", "native.Calls", "native.AsyncCalls")
else:
    Calls = None


class NotMade:
    """Stands for the native half of a client whose ``__init__`` was not called."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError("the client was not made: a subclass with an __init__ has to call super().__init__()")


class BaseClient(Generic[Calls]):
    """A client with its settings, whose calls the native half ``_native`` makes."""

    _native: ClassVar[type[Any]]
    _calls: Calls = cast("Any", NotMade())

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 15.0,
        total_timeout: float | None = 60.0,
        max_retries: int = 3,
        max_concurrency: int | None = None,
        rate_limits: Iterable[tuple[int, float]] | None = ((200, 5.0), (1000, 300.0)),
        reserve: float = 0.05,
        shared_limits: str | None = None,
        shared_limits_account: str | None = None,
        shared_limits_fallback: Literal["wait"] | float = "wait",
        auth_scheme: Literal["bearer", "raw"] = "bearer",
        allow_insecure_http: bool = False,
    ) -> None:
        settings = {name: value for name, value in locals().items() if name != "self"}
        try:
            self._calls = self._native(settings)
        finally:
            # A traceback may show the variables of this frame, and passwords are in addresses too.
            del api_key, base_url, shared_limits, settings
