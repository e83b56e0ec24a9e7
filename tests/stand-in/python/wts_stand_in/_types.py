from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Optional, TypedDict


class Action(TypedDict, total=False):
    """A part of an answer that is written by hand, in the ``raw`` of a :class:`Step`."""

    send: str
    send_hex: str
    repeat: str
    times: int
    every_ms: int
    wait_ms: int
    close: Literal[True]
    reset: Literal[True]
    stall: Literal[True]


Step = TypedDict(
    "Step",
    {
        "pass": Literal[True],
        "status": int,
        "headers": Sequence[Sequence[str]],
        "body": Any,
        "text": str,
        "hex": str,
        "body_file": str,
        "raw": Sequence[Action],
        "delay_ms": int,
        "held": bool,
    },
    total=False,
)
Step.__doc__ = """What happens to one request: ``pass`` (the API answers), ``status`` or ``raw``.

``status`` goes with ``headers`` and one of ``body`` (JSON), ``text``, ``hex`` and ``body_file``, or none of them;
``held`` and ``delay_ms`` go with all: whether the answer waits for :meth:`StandIn.release`, and how long to wait (then)
before it begins.
"""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that the stand-in has received. No key is in it."""

    session_id: Optional[str]  # noqa: UP045 (get_type_hints() has to work in Python 3.9 too)
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    body_text: str
    at_ms: int
    connection: int
