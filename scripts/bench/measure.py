#!/usr/bin/env python3
"""Measures the clients of one language against the stand-in: `measure.py LANGUAGE PROGRAM [ARGUMENT...]`.

Each client is a process of its own: PROGRAM, where {program} is replaced, with the client's key as its last argument.
It makes as many calls as its standard input says, one number a line, and prints a line each time they are done; an
error ends it. All of them run on one core, and the stand-in on another one. Rounds are interleaved, so that a machine
whose speed drifts favours nobody.

Of each round: the CPU time of the client's process, user and system with all threads, and calls a second. Of the whole
run: the client's peak of resident memory, and the connections that it has opened.

In the environment, SHORT=1 makes few calls, to see whether all works, and ONLY=TEXT leaves out the clients that have
no such text in their keys.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import machine
import results
import table
from clients import AT_ONCE, GROUPS, Client, Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from machine import Cores

ROUNDS, SHORT_ROUNDS = 5, 2
#: Of the calls in a short run.
SHORT_PART = 0.05


class Worker:
    """A client's process."""

    def __init__(self, client: Client, calls: int, program: list[str], environment: dict[str, str]) -> None:
        self.client = client
        self.calls = max(1, int(calls * client.part) // AT_ONCE) * AT_ONCE
        self.rounds: list[dict[str, float]] = []
        self.connections = 0
        command = [part.format(program=client.program) for part in program] + [client.key]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self) -> dict[str, float]:
        """Makes the calls of one round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        cpu, begun = self._cpu(), time.perf_counter()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{self.calls}\n")
            self._process.stdin.flush()
        if not self._process.stdout.readline():
            sys.exit(f"{self.client.key} has failed, with exit code {self._process.wait()}")
        seconds = time.perf_counter() - begun
        return {"cpu": (self._cpu() - cpu) / self.calls * 1e6, "rate": self.calls / seconds}

    def _cpu(self) -> float:
        """The CPU time of the process so far: its clock, as clock_getcpuclockid(3) names it."""
        return time.clock_gettime(~self._process.pid << 3 | 2)

    def end(self) -> float:
        """Ends the process; gives its peak of resident memory in MB."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        peak = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        assert peak, status
        self._process.communicate()
        if self._process.returncode:
            sys.exit(f"{self.client.key} has ended with exit code {self._process.returncode}")
        return int(peak[1]) / 1000

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def started(
    group: Group, cores: Cores, program: list[str], environment: dict[str, str], part: float
) -> Iterator[list[Worker]]:
    with cores.for_client(), contextlib.ExitStack() as stack:
        workers = []
        for client in group.clients:
            workers.append(Worker(client, int(group.calls * part), program, environment))
            stack.callback(workers[-1].kill)
        yield workers


def measured(group: Group, workers: list[Worker], stand_in: Any, rounds: int) -> list[dict[str, Any]]:
    """The results of a group's clients, each as a line of the file of results."""
    for number in range(rounds + 1):
        for worker in workers:
            before = stand_in.connections()["opened"]
            figures = worker.run()
            worker.connections += stand_in.connections()["opened"] - before
            if number > 0:  # the first one warms up
                worker.rounds.append(figures)
    return [
        {
            "group": group.title,
            "client": worker.client.key,
            "name": worker.client.name,
            "is_ours": worker.client.is_ours,
            "goal": worker.client.goal,
            "calls": worker.calls,
            "rounds": worker.rounds,
            "connections": worker.connections,
            "memory": worker.end(),
        }
        for worker in workers
    ]


def chosen(language: str, part_of_name: str) -> list[Group]:
    """The groups with the clients whose keys have this part, and those that they are compared with."""
    groups = []
    for group in GROUPS[language]:
        base, *others = group.clients
        found = [client for client in others if part_of_name in client.key]
        if found:
            groups.append(group._replace(clients=(base, *found)))
    return groups or sys.exit(f"no client of {language} has {part_of_name} in its key")


def warn(clients: list[dict[str, Any]]) -> None:
    """Says so where a client of this library has opened more connections than its max_concurrency, which is AT_ONCE."""
    for client in clients:
        if client["is_ours"] and client["connections"] > AT_ONCE:
            print(f"too many connections: {client['client']}, {client['connections']}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=GROUPS)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    part, rounds = (SHORT_PART, SHORT_ROUNDS) if machine.IS_SHORT else (1, ROUNDS)
    cores = machine.Cores()
    lines: list[dict[str, Any]] = [machine.description(arguments.language, cores)]
    with cores.for_server():
        stand_in = machine.StandIn("--limit", "off", "--create-unknown", "--keep", "1")
    environment = machine.environment(stand_in, stand_in.api)
    for group in chosen(arguments.language, machine.ONLY):
        print(f"measuring: {arguments.language}, {group.title}", file=sys.stderr)
        with started(group, cores, arguments.program, environment, part) as workers:
            lines += measured(group, workers, stand_in, rounds)
    stand_in.close()
    warn(lines[1:])
    results.write(arguments.language, lines)
    print(table.of_language(lines))


if __name__ == "__main__":
    main()
