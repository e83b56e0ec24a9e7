"""Completes the sessions of a CSV file, whose column ``session_id`` names them.

``python close_stale_sessions.py stale.csv [failures.csv]`` shows a progress bar, and writes the sessions that failed to
the standard error and, where it is given, to a second CSV file, which can be the input of the next run. It ends with 1
if there were any. Ctrl-C ends it early: what was not done by then counts as failed.
"""

from __future__ import annotations

import argparse
import csv
import sys
from typing import Any

from tqdm import tqdm
from wts_session import Client, CompletedSession, Outcome, WtsError


def read_ids(path: str) -> list[str]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if "session_id" not in (rows.fieldnames or ()):
            raise SystemExit(f"{path} has no column session_id")
        return [row["session_id"] or "" for row in rows]


def write_failures(path: str, failed: list[tuple[str | None, WtsError]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["session_id", "code", "error", "may_have_been_applied"])
        for session_id, error in failed:
            writer.writerow([session_id, error.code, error, error.may_have_been_applied])


def close(ids: list[str]) -> list[Outcome[CompletedSession]]:
    with Client() as client, tqdm(total=len(ids), unit=" sessions") as bar:
        try:
            return client.complete_sessions(ids, on_progress=lambda done, total: bar.update(done - bar.n))
        except KeyboardInterrupt as interruption:
            outcomes: Any = vars(interruption)["outcomes"]
            return list(outcomes)


def main() -> int:
    parser = argparse.ArgumentParser(description="Completes the sessions of a CSV file.")
    parser.add_argument("sessions", help="a CSV file with a column session_id")
    parser.add_argument("failures", nargs="?", help="where the sessions that failed are written")
    arguments = parser.parse_args()
    outcomes = close(read_ids(arguments.sessions))
    failed = [(outcome.session_id, outcome.error) for outcome in outcomes if outcome.error is not None]
    for session_id, error in failed:
        print(f"{session_id!r}: {error}", file=sys.stderr)
    if arguments.failures is not None:
        write_failures(arguments.failures, failed)
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} sessions completed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
