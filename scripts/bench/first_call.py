#!/usr/bin/env python3
"""Measures the first call over TLS: how much longer a whole program takes that makes one call, and ends, than one that
does nothing, which is the start of the interpreter. `first_call.py CALLS`, the program of core/benches; `make
bench-first-call` has built the others.

Programs take turns. Of each, the least and the median of all runs count: of time, and of the CPU time of the process.

A program trusts what a user's does, and besides the authority of the stand-in: the system's authorities in one file, as
Debian has them, which SSL_CERT_FILE names; for undici those that are built into Node, and NODE_EXTRA_CA_CERTS. The
first of a language is the one that does nothing, the second one what this library is compared with.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any, NamedTuple

import machine
import results
import table
from machine import ROOT

RUNS, SHORT_RUNS = 40, 5
SYSTEM = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
TARGET = ROOT / "target"

PYTHON = str(TARGET / "bench-python/bin/python")
BY_RY = """
import os, ry
url = os.environ["WTS_BASE_URL"] + "/chat/v1/session/session_12345/complete"
headers = {"Authorization": "Bearer " + os.environ["WTS_API_KEY"]}
assert ry.BlockingClient().put(url, json={}, headers=headers).json()["status"] == "COMPLETED"
"""
BY_US_IN_PYTHON = """
from wts_session import Client
assert Client().complete_session("session_12345")["status"] == "COMPLETED"
"""

NODE = ["node", "--input-type=module", "--eval"]
BY_UNDICI = """
import { request } from 'undici';
const url = process.env.WTS_BASE_URL + '/chat/v1/session/session_12345/complete';
const headers = { authorization: 'Bearer ' + process.env.WTS_API_KEY, 'content-type': 'application/json' };
const { body } = await request(url, { method: 'PUT', headers, body: '{}' });
process.exit((await body.json()).status === 'COMPLETED' ? 0 : 1);
"""
BY_US_IN_NODE = """
import { Client } from 'wts-session';
const { status } = await new Client().completeSession('session_12345');
process.exit(status === 'COMPLETED' ? 0 : 1);
"""


class Program(NamedTuple):
    name: str
    command: list[str]
    goal: int | None = None
    """Milliseconds beyond the program that does nothing, of this library's."""


def programs(rust_calls: str) -> dict[str, list[Program]]:
    c = TARGET / "c/release"
    nothing = Program("a program that does nothing", ["/bin/true"])
    return {
        "Rust": [
            nothing,
            Program("reqwest with its defaults", [str(TARGET / "bench-reqwest/release/first-call-by-reqwest")]),
            Program("`blocking::Client`", [rust_calls, "blocking"], goal=10),
        ],
        "C": [
            nothing,
            Program("libcurl easy and json-c", [str(c / "libcurl"), "curl-easy"]),
            Program("`wts_complete_session`", [str(c / "calls"), "blocking"], goal=10),
        ],
        "Python": [
            Program("an empty program", [PYTHON, "-c", ""]),
            Program("ry", [PYTHON, "-c", BY_RY]),
            Program("`Client`", [PYTHON, "-c", BY_US_IN_PYTHON], goal=25),
        ],
        "Node": [
            Program("an empty program", [*NODE, ""]),
            Program("undici", [*NODE, BY_UNDICI]),
            Program("`Client`", [*NODE, BY_US_IN_NODE], goal=25),
        ],
    }


def run(program: Program, environment: dict[str, str]) -> dict[str, float]:
    """Milliseconds of time and of CPU that the whole program takes."""
    with tempfile.TemporaryFile() as one_call:  # the programs in C and Rust are told how many calls to make
        one_call.write(b"1\n")
        one_call.seek(0)
        begun = time.perf_counter()
        process = subprocess.Popen(
            program.command, env=environment, cwd=TARGET / "node-bench", stdin=one_call, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        milliseconds = (time.perf_counter() - begun) * 1000
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{program.command} has ended with exit code {process.returncode}")
    return {"time": milliseconds, "cpu": (usage.ru_utime + usage.ru_stime) * 1000}


def measured(language: str, of_language: list[Program], runs: int, environment: dict[str, str]) -> list[dict[str, Any]]:
    """The results of a language's programs, without the one that does nothing."""
    rounds = [[run(program, environment) for program in of_language] for _ in range(runs + 1)][1:]
    nothing, *others = zip(*rounds)
    lines = []
    for program, figures in zip(of_language[1:], others):
        line: dict[str, Any] = {"language": language, "name": program.name, "goal": program.goal}
        for figure in ("time", "cpu"):
            for name, typical in (("least", min), ("median", median)):
                both = [typical([one[figure] for one in of_one]) for of_one in (figures, nothing)]
                line[f"{name}_{figure}"] = both[0] - both[1]
        lines.append(line)
    return lines


def main() -> None:
    cores = machine.Cores()
    lines: list[dict[str, Any]] = [machine.description("first-call", cores)]
    with cores.for_server():
        stand_in = machine.StandIn("--limit", "off", "--create-unknown", "--keep", "1")
    authority = stand_in.addresses["ca_file"]
    with tempfile.NamedTemporaryFile(suffix=".pem") as trusted, cores.for_client():
        pathlib.Path(trusted.name).write_bytes(SYSTEM.read_bytes() + pathlib.Path(authority).read_bytes())
        environment = machine.environment(stand_in, stand_in.addresses["tls"])
        environment |= {"SSL_CERT_FILE": trusted.name, "NODE_EXTRA_CA_CERTS": authority}
        runs = SHORT_RUNS if machine.IS_SHORT else RUNS
        for language, of_language in programs(sys.argv[1]).items():
            print(f"measuring: the first call, {language}", file=sys.stderr)
            lines += measured(language, of_language, runs, environment)
    stand_in.close()
    results.write("first-call", lines)
    print(table.of_first_calls(lines))


if __name__ == "__main__":
    main()
