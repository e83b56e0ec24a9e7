"""What is measured on: the machine, its cores, the stand-in, and the versions of what is compared with."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings-python" / "tests"))

from stand_in import StandIn  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["IS_SHORT", "ONLY", "ROOT", "Cores", "StandIn", "description", "environment"]

IS_SHORT = bool(os.environ.get("SHORT"))
ONLY = os.environ.get("ONLY", "")
#: Of the environment, what would influence a client.
INFLUENCES = re.compile(r"WTS_.*|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE|NODE_.*|PYTHON.*", re.IGNORECASE)


class Cores:
    """One core for the client that is measured, and another one for the stand-in; where there are none, it says so."""

    def __init__(self) -> None:
        self._client: set[int] = set()
        self._server: set[int] = set()
        self.are_apart = False
        try:
            self._all = os.sched_getaffinity(0)
            first, *others = sorted(self._all)
            os.sched_setaffinity(0, self._all)
        except (AttributeError, OSError) as error:
            print(f"client and stand-in share all cores: they can't be pinned ({error})", file=sys.stderr)
            return
        if others:
            self._server, self._client, self.are_apart = {first}, {others[-1]}, True
        else:
            print("client and stand-in share the only core", file=sys.stderr)

    def for_client(self) -> contextlib.AbstractContextManager[None]:
        """Processes that are started meanwhile run on the client's core."""
        return self._pinned(self._client)

    def for_server(self) -> contextlib.AbstractContextManager[None]:
        """Processes that are started meanwhile run on the stand-in's core."""
        return self._pinned(self._server)

    @contextlib.contextmanager
    def _pinned(self, cores: set[int]) -> Iterator[None]:
        if not cores:
            yield
            return
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self._all)


def environment(stand_in: StandIn, address: str) -> dict[str, str]:
    """The environment for a client: where the stand-in is, and nothing else that matters to it."""
    kept = {name: value for name, value in os.environ.items() if not INFLUENCES.fullmatch(name)}
    return {**kept, "WTS_BASE_URL": address, "WTS_API_KEY": stand_in.token}


def description(language: str, cores: Cores) -> dict[str, Any]:
    """The first line of a file of results."""
    return {
        "language": language,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "are_apart": cores.are_apart,
        "kernel": f"{platform.system()} {platform.release()}",
        "busy": _share_of_others(),
        "is_partial": IS_SHORT or bool(ONLY),
        "versions": VERSIONS[language](),
    }


def _share_of_others() -> float:
    """The share of the processors that is not idle in a second in which nothing is measured yet.

    Not the load average: it still has the 64 threads of the clients that were measured a moment ago.
    """
    idle, total = _processor_times()
    time.sleep(1)
    idle_later, total_later = _processor_times()
    return round(1 - (idle_later - idle) / (total_later - total), 2)


def _processor_times() -> tuple[int, int]:
    """The time of all processors, idle and all; where the system does not tell, an idle machine's."""
    with contextlib.suppress(OSError):
        times = [int(part) for part in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return times[3] + times[4], sum(times)
    now = time.monotonic_ns()
    return now, now


def _processor() -> str:
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.machine()


def _printed(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _rust() -> dict[str, str]:
    lock = (ROOT / "Cargo.lock").read_text()
    locked = dict(re.findall(r'^name = "(hyper|tokio)"\nversion = "(.*)"$', lock, re.MULTILINE))
    return {"rustc": _printed("rustc", "--version").split()[1], **locked}


def _c() -> dict[str, str]:
    return {
        "libcurl": _printed("curl-config", "--version").split()[1],
        "json-c": _printed("pkg-config", "--modversion", "json-c"),
    }


def _python() -> dict[str, str]:
    pinned = re.findall(
        r"^([\w-]+)==(.*)$", (ROOT / "bindings-python/requirements-bench.txt").read_text(), re.MULTILINE
    )
    return {"Python": platform.python_version(), **dict(pinned)}


def _node() -> dict[str, str]:
    manifest = (ROOT / "bindings-node/bench/package.json").read_text()
    return {"Node": _printed("node", "--version").lstrip("v"), **json.loads(manifest)["dependencies"]}


def _all() -> dict[str, str]:
    return {**_rust(), **_c(), **_python(), **_node()}


VERSIONS = {"rust": _rust, "c": _c, "python": _python, "node": _node, "first-call": _all, "bulk": dict}
