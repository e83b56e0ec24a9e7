"""Draws docs/bulk.svg: the terminal during a bulk call, from a real run of an example against the stand-in.

``make picture`` runs it. 500 sessions are completed under the limits of the API, which takes 10 seconds; two of them are refused.
The lines of the progress bar are what the program wrote at these moments.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from urllib.request import Request, urlopen

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "bindings-python/examples/close_stale_sessions.py"
SESSIONS = 500
REFUSED = ["session_00131", "session_00388"]
MOMENTS = (1, 4, 6, 9)
COLUMNS = 96


def refuse(api: str, session: str) -> None:
    """Tells the stand-in to refuse a session as the API does."""
    step = {"status": 500, "body_file": "error-refused-as-500.json"}
    body = json.dumps({"session_id": session, "steps": [step]}).encode()
    urlopen(Request(f"{api}/_stand-in/scripts", body, method="POST")).close()


def run(environment: dict[str, str], arguments: list[str]) -> list[tuple[float, str]]:
    """What a program writes to its terminal, with the seconds since its start."""
    start = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS - 8, 0, 0))
        os.execvpe(arguments[0], arguments, environment)
    written = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux says so when the program has ended.
            break
        if not chunk:
            break
        written.append((time.monotonic() - start, chunk.decode()))
    os.waitpid(child, 0)
    return written


def bars(written: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The progress bar each time that it was drawn."""
    parts = [(when, part) for when, text in written for part in re.split(r"[\r\n]+", text)]
    return [(when, part) for when, part in parts if "%|" in part]


def main() -> None:
    python = sys.argv[1]
    stand_in = subprocess.Popen(
        [ROOT / "target/debug/wts-stand-in", "--json", "--stay-with-stdin", "--create-unknown"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stand_in.stdout
    addresses = json.loads(stand_in.stdout.readline())
    for session in REFUSED:
        refuse(addresses["api"], session)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "stale.csv")
        table.write_text("session_id\n" + "".join(f"session_{number:05}\n" for number in range(SESSIONS)))
        environment = os.environ | {
            "WTS_API_KEY": addresses["token"],
            "WTS_BASE_URL": addresses["api"],
        }
        written = run(environment, [python, str(EXAMPLE), str(table)])
    stand_in.communicate()

    drawn = bars(written)
    shown = [max((entry for entry in drawn if entry[0] <= moment), default=drawn[0]) for moment in MOMENTS] + [drawn[-1]]
    rest = "".join(text for _, text in written).rpartition(drawn[-1][1])[2].strip("\r\n").splitlines()
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)
    console.print(Text("$ python close_stale_sessions.py stale.csv", style="bold"))
    for when, bar in shown:
        console.print(Text(f"{when:4.1f} s  {bar}"))
    for line in rest:
        console.print(Text.from_ansi(line))
    picture = console.export_svg(title="500 sessions under the API's limits")
    picture = re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # GitHub loads no fonts
    (ROOT / "docs/bulk.svg").write_text(picture, encoding="utf-8")


main()
