#!/usr/bin/env python3
"""CPU per item and peak memory of a bulk call of 100,000 in each language, beside single calls: make bench-memory.

usage: bulk_items.py NAME=COMMAND...

Each way is run ROUNDS times, in turns, with a fresh stand-in: only ratios within one run mean anything. Memory is the
largest size of the process beyond that of one that does nothing. COUNT and ROUNDS may be set in the environment.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys

COUNT = int(os.environ.get("COUNT", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SINGLE = "single calls"
LISTED = ("the input alone", "list in, one by one out")
ALL = (*LISTED, "iterator in, one by one out", "list in, list out")
WAYS = {
    "rust": (*ALL[1:], "blocking"),
    "c": LISTED,
    "python": (*ALL, "asyncio, iterator in, one by one out"),
    "node": ALL,
}


def figures(stand_in: str, command: list[str], way: str) -> list[float]:
    options = ["--limit", "off", "--create-unknown", "--keep", "1"]
    run = [stand_in, *options, "--", *command, way, str(COUNT)]
    return [float(figure) for figure in subprocess.check_output(run, text=True).split()]


def report(stand_in: str, name: str, command: list[str]) -> None:
    bare = figures(stand_in, command, "bare")[-1]
    ways = (SINGLE, *WAYS[name])
    rounds = [{way: figures(stand_in, command, way) for way in ways} for _ in range(ROUNDS)]
    cpu = {way: statistics.median(figures_of[way][0] for figures_of in rounds) for way in ways}
    peak = {way: statistics.median(figures_of[way][1] for figures_of in rounds) for way in ways}
    for way in ways:
        ratio = f"{cpu[way] / cpu[SINGLE]:5.2f} x single calls"
        print(f"{name:7} {way:38} {cpu[way]:7.1f} us of CPU an item, {ratio}, {(peak[way] - bare) / 1024:6.1f} MB")


def main() -> None:
    stand_in = os.environ["WTS_STAND_IN"]
    for program in sys.argv[1:]:
        name, command = program.split("=", 1)
        report(stand_in, name, shlex.split(command))


main()
