"""What the package costs before the first call: the size of its wheel, and the time to import it, beside others.

``python bench_import.py WHEEL`` measures in this Python, where all of them have to be installed; best of many.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15
STATEMENTS = {
    "nothing": "pass",
    "wts_session": "import wts_session",
    "wts_session with AsyncClient": "from wts_session import AsyncClient",
    "requests": "import requests",
    "httpx": "import httpx",
}


def seconds(statement: str) -> float:
    before = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - before


def main(wheel: Path) -> None:
    best = dict.fromkeys(STATEMENTS, float("inf"))
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            best[name] = min(best[name], seconds(statement))
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.2f} MB")
    for name in STATEMENTS:
        print(f"import of {name:28} {(best[name] - best['nothing']) * 1000:6.1f} ms")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
