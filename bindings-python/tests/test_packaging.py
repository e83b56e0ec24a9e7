"""What users install: source distribution and wheel, in clean environments, under the oldest and the newest Python."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stand_in import REPOSITORY, StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = REPOSITORY / "bindings-python"
OLDEST = (3, 9)


def command(*words: str | Path, cwd: Path | None = None) -> str:
    """What a command prints; without the settings that speed up builds for tests.

    All builds share the workspace's folder of compiled dependencies: they take long, and are the same for all.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYO3_", "VIRTUAL_ENV"))}
    environment["CARGO_TARGET_DIR"] = str(REPOSITORY / "target")
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def version_of(python: Path) -> tuple[int, ...]:
    try:
        text = command(python, "-c", "import sys; print(*sys.version_info[:2])")
    except (AssertionError, OSError):
        return (0,)
    return tuple(map(int, text.split()))


def pythons() -> list[Path]:
    """The oldest and the newest Python here that can have the package."""
    folders = [*Path.home().glob(".pyenv/versions/*/bin"), *map(Path, os.get_exec_path())]
    names = [python for folder in folders for python in sorted(folder.glob("python3.*")) if python.name[8:].isdigit()]
    found = {version_of(python): python for python in names}
    found[sys.version_info[:2]] = Path(sys.executable)
    versions = sorted(version for version in found if version >= OLDEST)
    return list(dict.fromkeys([found[versions[0]], found[versions[-1]]]))


def clean_environment(python: Path, folder: Path) -> Path:
    command(python, "-m", "venv", folder)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def contents(archive: Path) -> dict[str, str]:
    """The digests of what is in a wheel, without what tells of its platform."""
    with zipfile.ZipFile(archive) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith(("/WHEEL", "/RECORD"))]
        return {name: hashlib.sha256(wheel.read(name)).hexdigest() for name in names}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command(sys.executable, "-m", "maturin", "build", "--release", "--out", folder, cwd=FOLDER)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    command(sys.executable, "-m", "maturin", "sdist", "--out", folder, cwd=FOLDER)
    (sdist,) = folder.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="module")
def stand_in_with_token() -> Iterator[StandIn]:
    stand_in = StandIn("--limit", "off")
    yield stand_in
    stand_in.close()


def test_versions_and_licences_are_those_of_the_workspace() -> None:
    cargo = (REPOSITORY / "Cargo.toml").read_text("utf-8")
    version = re.search(r'^version = "(.+)"$', cargo, re.MULTILINE)
    assert version
    import wts_session

    assert wts_session.__version__ == version[1]
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        assert (FOLDER / name).read_bytes() == (REPOSITORY / name).read_bytes()


@pytest.mark.packaging
def test_the_wheel_has_what_it_needs_and_no_more(wheel: Path) -> None:
    assert re.fullmatch(r"wts_session-[\d.]+-cp39-abi3-(?!any)\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata_name = next(name for name in names if name.endswith("/METADATA"))
        metadata = Parser().parsestr(archive.read(metadata_name).decode("utf-8"))
    files = (FOLDER / "python/wts_session").iterdir()
    sources = {f"wts_session/{path.name}" for path in files if path.is_file() and path.suffix not in (".so", ".pyd")}
    modules = {name for name in names if name.startswith("wts_session/")}
    assert {Path(name).suffix for name in modules - sources} <= {".so", ".pyd"}
    assert len(modules) == len(sources) + 1
    assert "wts_session/py.typed" in modules
    licences = {Path(name).name for name in names if "/licenses/" in name}
    assert licences == {"LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-NOTICES.txt"}
    assert [Path(name).name for name in names if "/sboms/" in name] == ["sbom.cdx.json"]
    assert metadata["Requires-Python"] == ">=3.9"
    assert metadata["License-Expression"] == "MIT OR Apache-2.0"
    assert metadata.get_all("Requires-Dist") is None
    assert "from wts_session import Client" in metadata.get_payload()


@pytest.mark.packaging
def test_the_wheel_keeps_to_the_stable_abi(wheel: Path) -> None:
    command(sys.executable, "-m", "abi3audit", "--strict", "--assume-minimum-abi3", "3.9", wheel)


@pytest.mark.packaging
def test_the_source_distribution_builds_the_same_wheel_in_another_folder(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    assert {"Cargo.lock", "Cargo.toml", "pyproject.toml", "core/src/lib.rs", "bindings-python/src/lib.rs"} <= {*names}
    assert {"LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-NOTICES.txt", "sbom.cdx.json"} <= {*names}
    assert [name for name in names if name.startswith(("bindings-node", "bindings-c", "bindings-python/tests"))] == []
    python = clean_environment(Path(sys.executable), tmp_path / "environment")
    command(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, sdist)
    (from_sdist,) = tmp_path.glob("*.whl")
    assert contents(from_sdist) == contents(wheel)


def each_python() -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "python", pythons(), ids=lambda python: f"python{'.'.join(map(str, version_of(python)))}"
    )


@pytest.mark.packaging
@each_python()
def test_the_wheel_works_under(python: Path, wheel: Path, tmp_path: Path) -> None:
    clean = clean_environment(python, tmp_path / "environment")
    command(clean, "-m", "pip", "install", "--quiet", "pytest", "uvloop", "tqdm", wheel)
    tests = [FOLDER / "tests" / f"test_{name}.py" for name in ("inputs", "results", "errors", "waiting", "asyncio")]
    printed = command(clean, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, cwd=FOLDER)
    assert re.search(r"\d+ passed", printed)
    assert "failed" not in printed


@pytest.mark.packaging
@each_python()
def test_subinterpreters_get_a_clear_refusal(python: Path, wheel: Path, tmp_path: Path) -> None:
    clean = clean_environment(python, tmp_path / "environment")
    command(clean, "-m", "pip", "install", "--quiet", wheel)
    module = "_interpreters" if version_of(python) >= (3, 13) else "_xxsubinterpreters"
    program = f"""
import {module} as interpreters, wts_session
outcome = interpreters.run_string(interpreters.create(), '''
try:
    import wts_session
except ImportError as error:
    assert "subinterpreter" in str(error), error
else:
    raise AssertionError("it was imported")
''')
assert outcome is None, outcome
"""
    command(clean, "-c", program)
