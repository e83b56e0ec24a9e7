"""Programs that a test runs in a Python of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stand_in import StandIn

PROGRAMS = Path(__file__).parent / "programs"
# Far longer than any of them takes on a busy machine: what is not done by then hangs.
LONGEST = 300


def environment(stand_in: StandIn, name: str) -> dict[str, str]:
    return {**os.environ, "WTS_BASE_URL": stand_in.api, "WTS_API_KEY": stand_in.token_for(name)}


def start(name: str, stand_in: StandIn, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-W", "error", str(PROGRAMS / f"{name}.py"), *arguments],
        env=environment(stand_in, name),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(name: str, stand_in: StandIn, *arguments: str) -> str:
    """What the program prints; it must end well and say nothing on the standard error."""
    process = start(name, stand_in, *arguments)
    try:
        output, errors = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        # Children that were forked hold the pipes too.
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        raise AssertionError(f"{name} hangs\n{output}\n{errors}") from None
    assert (process.returncode, errors) == (0, ""), output + errors
    return output
