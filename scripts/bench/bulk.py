#!/usr/bin/env python3
"""Measures a bulk call of 1,000 sessions under the API's own limits: `bulk.py PROGRAM`."""

from __future__ import annotations

import json
import subprocess
import sys

import machine
import results
import table

# What an answer takes, in ms; a real one takes 700 to 1,000.
LATENCIES, SHORT_LATENCIES = ("0", "700", "2000"), ("0",)


def main() -> None:
    lines = [machine.description("bulk", machine.Cores())]
    command = [sys.argv[1], *(SHORT_LATENCIES if machine.IS_SHORT else LATENCIES)]
    print("measuring: 1,000 sessions under the API's limits", file=sys.stderr)
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines += [json.loads(line) for line in printed.splitlines()]
    results.write("bulk", lines)
    print(table.of_bulk(lines))


if __name__ == "__main__":
    main()
