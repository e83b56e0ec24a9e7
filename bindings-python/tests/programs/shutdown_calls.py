"""Calls that destructors and generators make while Python shuts down, and that take a while."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from wts_session import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

client = Client(rate_limits=None)
session_id = sys.argv[1]


class Single:
    def __del__(self) -> None:
        sys.stdout.write(f"single {client.complete_session(session_id)['success']}\n")


class Bulk:
    def __del__(self) -> None:
        sys.stdout.write(f"bulk {[outcome.ok for outcome in client.complete_sessions([session_id] * 2)]}\n")


def generator(calls: Client = client) -> Iterator[None]:
    try:
        yield
    finally:
        sys.stdout.write(f"generator {calls.complete_session(session_id)['success']}\n")


left: list[Any] = [Single(), Bulk(), generator()]
next(left[-1])
sys.stdout.write("ends\n")
