"""Four processes complete 150 sessions each under one budget; a line each second tells what the stand-in has counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from urllib.request import urlopen

PROCESSES = 4
SESSIONS = 150


def main(stand_in: str, ledger: str, worker: str) -> None:
    addresses = json.loads(stand_in)
    environment = os.environ | {
        "WTS_API_KEY": addresses["token"],
        "WTS_BASE_URL": addresses["api"],
        "WTS_SHARED_LIMITS": ledger,
    }
    start = time.monotonic()
    commands = [[worker, f"process {number}", str(SESSIONS), "--reserve", "0"] for number in range(1, PROCESSES + 1)]
    workers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        for command in commands
    ]
    while any(worker.poll() is None for worker in workers):
        time.sleep(1)
        with urlopen(addresses["api"] + "/_stand-in/windows") as answer:
            short, long = json.load(answer)
        print(
            f"{time.monotonic() - start:4.0f} s: {long['now']:3} of {PROCESSES * SESSIONS} requests, "
            f"at most {short['peak']} in any 5 s, {short['refused']} refused"
        )
    for worker in workers:
        assert worker.stdout is not None
        lines = worker.stdout.read().splitlines()
        print(*[line for line in lines if "rest" in line or "nothing is sent" in line][:1], lines[-1], sep="\n")
        if worker.returncode:
            sys.exit(f"a worker ended with {worker.returncode}")


if __name__ == "__main__":
    main(*sys.argv[1:])
