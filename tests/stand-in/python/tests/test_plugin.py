"""The fixtures, in a pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from test_stand_in import child_of, ends

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_each_test_has_a_stand_in_of_its_own_and_the_environment(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os

        seen = []

        def test_one(wts_stand_in):
            seen.append(wts_stand_in)
            wts_stand_in.script("s")
            assert os.environ["WTS_BASE_URL"] == wts_stand_in.url
            assert os.environ["WTS_API_KEY"] == wts_stand_in.token

        def test_another(wts_stand_in):
            assert wts_stand_in is not seen[0]
            assert not os.path.exists(seen[0].ca_file)
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_options_can_be_overridden_and_parametrized(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def wts_stand_in_options():
            return ["--token", "pn_own"]
        """
    )
    pytester.makepyfile(
        """
        import pytest

        def test_overridden(wts_stand_in):
            assert wts_stand_in.token == "pn_own"

        @pytest.mark.parametrize("wts_stand_in_options", [["--token", "pn_other"]])
        def test_parametrized(wts_stand_in):
            assert wts_stand_in.token == "pn_other"
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_a_program_that_is_missing_is_one_message(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WTS_STAND_IN", "/nonexistent")
    pytester.makepyfile("def test_it(wts_stand_in): pass")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["There is no program at '/nonexistent', which the variable WTS_STAND_IN names."])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_pytest_that_is_killed_leaves_no_stand_in(tmp_path: Path) -> None:
    source = tmp_path / "test_waiting.py"
    source.write_text("def test_it(wts_stand_in):\n    print('ready', flush=True)\n    input()\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(source)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        program = child_of(process.pid)
        process.kill()
        assert ends(program)
