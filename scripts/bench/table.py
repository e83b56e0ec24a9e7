"""Formats results as Markdown: those of one command with all clients, and of all commands the table of this library."""

from __future__ import annotations

import itertools
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from results import Lines

NAMES = {"rust": "Rust", "c": "C", "python": "Python", "node": "Node"}
#: A machine is quiet if no more than this share of its processors is busy before the measurements.
QUIET = 0.1


def markdown(head: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A table with its columns in line; all but the first ones are numbers."""
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    rule = ["-" * width if place < left else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return "\n".join(
        "| "
        + " | ".join(f"{text:{'<' if place < left else '>'}{widths[place]}}" for place, text in enumerate(line))
        + " |"
        for line in [head, rule, *rows]
    )


# ---- one command ----------------------------------------------------------------------------------------------------


def of_language(lines: Lines) -> str:
    """All clients of a language, each group with a table of its own."""
    parts = []
    for title, clients in groups(lines):
        head = [title, "CPU a call, us", "ratio", "calls/s", "ratio", "peak memory, MB", "connections"]
        rows = [
            [
                client["name"],
                f"{typical(client, 'cpu'):.1f}",
                f"{ratio(client, clients[0], 'cpu'):.2f}",
                f"{typical(client, 'rate'):,.0f}",
                f"{ratio(client, clients[0], 'rate'):.2f}",
                f"{client['memory']:.1f}",
                str(client["connections"]),
            ]
            for client in clients
        ]
        parts.append(markdown(head, rows))
    return "\n\n".join(parts)


def of_first_calls(lines: Lines) -> str:
    """The first call over TLS in all languages, beyond a program that does nothing."""
    head = ["the first call, beyond an empty program", "least, ms", "median", "CPU, least, ms", "median"]
    figures = ("least_time", "median_time", "least_cpu", "median_cpu")
    rows = [[f"{one['language']}, {one['name']}", *(f"{one[figure]:.1f}" for figure in figures)] for one in lines[1:]]
    return markdown(head, rows)


def of_bulk(lines: Lines) -> str:
    """Bulk calls under the API's limits."""
    head = ["1,000 sessions, an answer takes", "s", "least that the limits allow", "more, %", "answered 429"]
    rows = [
        [
            f"{one['latency']} ms",
            f"{one['seconds']:.2f}",
            f"{one['least']:.2f}",
            f"{excess(one):.1f}",
            str(one["refused"]),
        ]
        for one in lines[1:]
    ]
    return markdown(head, rows)


# ---- all commands ---------------------------------------------------------------------------------------------------


def of_all(files: list[Lines], *, with_goals: bool) -> str:
    """The clients of this library, and how and where they were measured."""
    calls, first_calls, bulk = [], [], []
    for lines in files:
        kind = lines[0]["language"]
        if kind in NAMES:
            calls += list(call_rows(lines))
        elif kind == "bulk":
            bulk += list(bulk_rows(lines))
        else:
            first_calls += list(first_call_rows(lines))
    tables = (
        (["a call", "beside", "CPU a call", "calls/s", "peak memory", "goal: CPU"], 2, calls),
        (
            ["the first call over TLS, of a whole program", "beside", "time", "CPU", "goal: time"],
            2,
            first_calls,
        ),
        (["1,000 sessions under the API's limits", "time", "least that the limits allow", "goal"], 1, bulk),
    )
    parts = [
        markdown(head, rows, left) if with_goals else markdown(head[:-1], [row[:-1] for row in rows], left)
        for head, left, rows in tables
        if rows
    ]
    return "\n\n".join([*parts, conditions(files)])


def call_rows(lines: Lines) -> Iterator[list[str]]:
    for title, (base, *others) in groups(lines):
        for client in others:
            if client["is_ours"]:
                yield [
                    f"{NAMES[lines[0]['language']]}, {client['name']}, {title}",
                    base["name"],
                    f"{typical(client, 'cpu'):.1f} us, {ratio(client, base, 'cpu'):.2f} x",
                    f"{typical(client, 'rate'):,.0f}, {ratio(client, base, 'rate'):.2f} x",
                    f"{client['memory']:.0f} MB, {client['memory'] / base['memory']:.2f} x",
                    f"{client['goal']} x" if client["goal"] else "",
                ]


def first_call_rows(lines: Lines) -> Iterator[list[str]]:
    for language, programs in itertools.groupby(lines[1:], lambda line: str(line["language"])):
        base, *others = programs
        for one in others:
            yield [
                f"{language}, {one['name']}",
                base["name"],
                f"{one['median_time']:.0f} ms, {one['median_time'] / base['median_time']:.2f} x",
                f"{one['median_cpu']:.0f} ms, {one['median_cpu'] / base['median_cpu']:.2f} x",
                f"{one['goal']} ms",
            ]


def bulk_rows(lines: Lines) -> Iterator[list[str]]:
    for one in lines[1:]:
        time = f"{one['seconds']:.2f} s, {excess(one):.1f} % more"
        yield [f"an answer takes {one['latency']} ms", time, f"{one['least']:.2f} s", "3 % more"]


def conditions(files: list[Lines]) -> str:
    """When, on what and beside what was measured."""
    run = files[0][0]
    versions = sorted({(name, version) for lines in files for name, version in lines[0]["versions"].items()})
    apart = "client and server on a core each" if run["are_apart"] else "client and server on the same cores"
    share = max(lines[0]["busy"] for lines in files)
    busy = f", {share:.0%} busy with other things" if share > QUIET else ""
    commands = ", ".join(f"`make bench-{lines[0]['language']}`" for lines in files)
    return (
        f"Measured on {run['date']}: {run['processor']}, {run['cores']} cores{busy}, {run['kernel']}, {apart}. "
        f"{', '.join(' '.join(version) for version in versions)}. `make bench`, which is {commands}."
    )


# ---- figures --------------------------------------------------------------------------------------------------------


def groups(lines: Lines) -> Iterator[tuple[str, Lines]]:
    """The groups of clients that do the same work."""
    for title, clients in itertools.groupby(lines[1:], lambda line: str(line["group"])):
        yield title, list(clients)


def typical(client: dict[str, Any], figure: str) -> float:
    """The median of the rounds."""
    return float(median(one[figure] for one in client["rounds"]))


def ratio(client: dict[str, Any], base: dict[str, Any], figure: str) -> float:
    """The median of the ratios within the rounds."""
    return float(median(one[figure] / other[figure] for one, other in zip(client["rounds"], base["rounds"])))


def excess(bulk: dict[str, Any]) -> float:
    """How much longer than the least time it took, in percent."""
    return float((bulk["seconds"] / bulk["least"] - 1) * 100)
