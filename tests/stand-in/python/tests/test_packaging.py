"""The wheel, in clean environments under the oldest and the newest Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2]
REPOSITORY = FOLDER.parents[1]
OLDEST = (3, 9)
WITHOUT_PYTEST = """
import urllib.request
from wts_stand_in import StandIn

with StandIn("--token", "pn_own") as stand_in:
    stand_in.script("s", {"status": 204})
    headers = {"Authorization": f"Bearer {stand_in.token}"}
    request = urllib.request.Request(f"{stand_in.url}/chat/v1/session/s/complete", b"{}", headers, method="PUT")
    print(urllib.request.urlopen(request).status, len(stand_in.requests("s")))
"""


def command(*words: str | Path, cwd: Path = FOLDER) -> str:
    """What a command prints; the program is to be found without help."""
    environment = {name: value for name, value in os.environ.items() if name not in ("WTS_STAND_IN", "VIRTUAL_ENV")}
    environment["CARGO_TARGET_DIR"] = str(REPOSITORY / "target")
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def version_of(python: Path) -> tuple[int, ...]:
    try:
        return tuple(map(int, command(python, "-c", "import sys; print(*sys.version_info[:2])").split()))
    except (AssertionError, OSError):
        return (0,)


def pythons() -> list[Path]:
    """The oldest and the newest Python here that can have the package."""
    folders = [*Path.home().glob(".pyenv/versions/*/bin"), *map(Path, os.get_exec_path())]
    names = [python for folder in folders for python in sorted(folder.glob("python3.*")) if python.name[8:].isdigit()]
    found = {version_of(python): python for python in names}
    found[sys.version_info[:2]] = Path(sys.executable)
    versions = sorted(version for version in found if version >= OLDEST)
    return list(dict.fromkeys([found[versions[0]], found[versions[-1]]]))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command(sys.executable, "-m", "maturin", "build", "--locked", "--out", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.mark.packaging
def test_the_wheel_has_what_it_needs_and_no_more(wheel: Path) -> None:
    assert re.fullmatch(r"wts_stand_in-[\d.]+-py3-none-(?!any)\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        read = {name.rsplit("/", 1)[1]: archive.read(name).decode("utf-8") for name in names if ".dist-info/" in name}
    modules = {f"wts_stand_in/{path.name}" for path in (FOLDER / "python/wts_stand_in").iterdir() if path.is_file()}
    programs = {name for name in names if ".data/scripts/" in name}
    assert {name for name in names if ".dist-info/" not in name} == modules | programs
    assert {Path(name).stem for name in programs} == {"wts-stand-in"}
    licences = {Path(name).name for name in names if "/licenses/" in name}
    assert licences == {"LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-NOTICES.txt"}
    assert [Path(name).name for name in names if "/sboms/" in name] == ["sbom.cdx.json"]
    assert read["entry_points.txt"].split() == ["[pytest11]", "wts_stand_in=wts_stand_in.pytest_plugin"]
    metadata = Parser().parsestr(read["METADATA"])
    assert (metadata["Requires-Python"], metadata["License-Expression"]) == (">=3.9", "MIT OR Apache-2.0")
    assert metadata.get_all("Requires-Dist") is None
    assert "def test_an_outage_is_survived(wts_stand_in: StandIn)" in metadata.get_payload()


@pytest.mark.packaging
@pytest.mark.parametrize("python", pythons(), ids=lambda python: f"python{'.'.join(map(str, version_of(python)))}")
def test_the_wheel_works_without_and_with_pytest(python: Path, wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    command(python, "-m", "venv", environment)
    clean = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    command(clean, "-m", "pip", "install", "--quiet", wheel)
    assert command(clean, "-c", WITHOUT_PYTEST, cwd=tmp_path) == "204 1\n"
    assert command(clean.parent / "wts-stand-in", "--version").startswith("wts-stand-in ")
    command(clean, "-m", "pip", "install", "--quiet", "pytest")
    test = tmp_path / "test_fixture.py"
    test.write_text("def test_it(wts_stand_in):\n    assert wts_stand_in.requests() == []\n", "utf-8")
    assert "1 passed" in command(clean, "-m", "pytest", "-q", "-p", "no:cacheprovider", test, cwd=tmp_path)
