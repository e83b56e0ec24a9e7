"""What is measured: for each language, groups of clients that do the same work, the first one being what the others are
compared with.
"""

from __future__ import annotations

from typing import NamedTuple

AT_ONCE = 64
ONE_AFTER_ANOTHER = "one after another"
AT_ONCE_TITLE = f"{AT_ONCE} at once"


class Client(NamedTuple):
    """A client, and what it is measured with."""

    key: str
    """What the program of its language knows it by."""
    name: str
    is_ours: bool = False
    goal: float | None = None
    """The CPU per call that is wanted, as a ratio to the first client of the group: docs/design/performance.md."""
    program: str = "calls"
    """Where a language has several programs, so that none has in its memory what only others need."""
    part: float = 1
    """Slow ones make a part of the calls only."""


class Group(NamedTuple):
    """Clients that do the same work, beside the first of them."""

    title: str
    calls: int
    clients: tuple[Client, ...]


def ours(key: str, name: str, goal: float | None = None) -> Client:
    return Client(key, name, is_ours=True, goal=goal)


def libcurl(key: str, name: str) -> Client:
    return Client(key, name, program="libcurl")


SEQUENTIAL, PARALLEL = 12_000, 24_000
BY_HAND = 0.2

GROUPS = {
    "rust": (
        Group(
            ONE_AFTER_ANOTHER,
            SEQUENTIAL,
            (
                Client("raw", "raw hyper"),
                ours("async", "`Client`", 1.5),
                ours("limited", "`Client` under limits"),
                ours("blocking", "`blocking::Client`", 1.5),
            ),
        ),
        Group(
            AT_ONCE_TITLE,
            PARALLEL,
            (
                Client("raw-at-once", "raw hyper"),
                ours("async-at-once", "`Client`", 1.8),
                ours("bulk", "`complete_sessions`, per item"),
                ours("blocking-threads", f"`blocking::Client` in {AT_ONCE} threads"),
            ),
        ),
    ),
    "c": (
        Group(
            ONE_AFTER_ANOTHER,
            SEQUENTIAL,
            (
                libcurl("curl-easy", "libcurl easy and json-c"),
                libcurl("curl-easy-alone", "libcurl easy, answer not parsed"),
                ours("blocking", "`wts_complete_session`", 1.0),
                ours("started", "`wts_start_complete_session`", 1.2),
            ),
        ),
        Group(
            AT_ONCE_TITLE,
            PARALLEL,
            (
                libcurl("curl-multi", "libcurl multi and json-c"),
                libcurl("curl-multi-alone", "libcurl multi, answers not parsed"),
                libcurl("curl-threads", f"libcurl easy and json-c in {AT_ONCE} threads"),
                ours("blocking-threads", f"`wts_complete_session` in {AT_ONCE} threads", 1.3),
                ours("started-at-once", "`wts_start_complete_session`", 1.2),
                ours("bulk", "`wts_complete_sessions`, per item"),
            ),
        ),
    ),
    "python": (
        Group(ONE_AFTER_ANOTHER, SEQUENTIAL, (Client("ry", "ry"), ours("sync", "`Client`", 0.9))),
        Group(f"{AT_ONCE} threads", PARALLEL, (Client("ry-threads", "ry"), ours("threads", "`Client`", 0.9))),
        Group(
            f"{ONE_AFTER_ANOTHER}, asyncio with uvloop",
            SEQUENTIAL,
            (Client("ry-async", "ry"), ours("async", "`AsyncClient`", 0.9)),
        ),
        Group(
            f"{AT_ONCE_TITLE}, asyncio with uvloop",
            PARALLEL,
            (
                Client("ry-async-at-once", "ry"),
                ours("async-at-once", "`AsyncClient`", 0.9),
                ours("bulk", "`complete_sessions`, per item"),
                ours("bulk-iterated", "`iter_complete_sessions`, per item"),
            ),
        ),
        Group(
            f"the same job, {ONE_AFTER_ANOTHER}",
            SEQUENTIAL,
            (
                Client("by-hand", "httpx, aiolimiter and tenacity", part=BY_HAND),
                ours("limited", "`AsyncClient` under limits"),
            ),
        ),
        Group(
            f"the same job, {AT_ONCE_TITLE}",
            PARALLEL,
            (
                Client("by-hand-at-once", "httpx, aiolimiter and tenacity", part=BY_HAND),
                ours("limited-at-once", "`AsyncClient` under limits"),
            ),
        ),
    ),
    "node": (
        Group(
            ONE_AFTER_ANOTHER,
            SEQUENTIAL,
            (Client("undici", "undici"), Client("http", "node:http"), ours("single", "`Client`", 0.7)),
        ),
        Group(
            AT_ONCE_TITLE,
            PARALLEL,
            (
                Client("undici-at-once", "undici"),
                Client("http-at-once", "node:http"),
                ours("single-at-once", "`Client`", 0.45),
                ours("bulk", "`completeSessions`, per item"),
                ours("bulk-iterated", "`iterCompleteSessions`, per item"),
            ),
        ),
        Group(
            f"the same job, {ONE_AFTER_ANOTHER}",
            SEQUENTIAL,
            (
                Client("by-hand", "undici, bottleneck and p-retry", part=BY_HAND),
                ours("limited", "`Client` under limits"),
            ),
        ),
        Group(
            f"the same job, {AT_ONCE_TITLE}",
            PARALLEL,
            (
                Client("by-hand-at-once", "undici, bottleneck and p-retry", part=BY_HAND),
                ours("limited-at-once", "`Client` under limits"),
            ),
        ),
    ),
}
