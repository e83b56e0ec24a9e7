"""The files of results, target/bench/NAME.jsonl: a line that describes the run, and a line for each client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from machine import ROOT

FOLDER = ROOT / "target" / "bench"

if TYPE_CHECKING:
    Lines = list[dict[str, Any]]


def write(name: str, lines: Lines) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def read(name: str) -> Lines:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
