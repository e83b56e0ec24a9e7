"""Formats results as Markdown."""

from __future__ import annotations

import itertools
from statistics import median
from typing import Any


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table with its columns in line; all but the first are numbers."""
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = [head, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])], *rows]
    return "\n".join("| " + " | ".join(map(_padded, line, widths, itertools.count())) + " |" for line in lines)


def _padded(text: str, width: int, column: int) -> str:
    return text.rjust(width) if column else text.ljust(width)


def of_language(lines: list[dict[str, Any]]) -> str:
    """All clients of a language, each group with a table of its own."""
    parts = []
    for title, group in itertools.groupby(lines[1:], lambda line: str(line["group"])):
        clients = list(group)
        base = clients[0]
        head = [title, "CPU a call, us", "ratio", "calls/s", "ratio", "peak memory, MB", "connections"]
        rows = [
            [
                client["name"],
                f"{typical(client, 'cpu'):.1f}",
                f"{ratio(client, base, 'cpu'):.2f}",
                f"{typical(client, 'rate'):,.0f}",
                f"{ratio(client, base, 'rate'):.2f}",
                f"{client['memory']:.1f}",
                str(client["connections"]),
            ]
            for client in clients
        ]
        parts.append(markdown(head, rows))
    return "\n\n".join(parts)


def typical(client: dict[str, Any], figure: str) -> float:
    """The median of the rounds."""
    return float(median(one[figure] for one in client["rounds"]))


def ratio(client: dict[str, Any], base: dict[str, Any], figure: str) -> float:
    """The median of the ratios within the rounds."""
    return float(median(one[figure] / other[figure] for one, other in zip(client["rounds"], base["rounds"])))
