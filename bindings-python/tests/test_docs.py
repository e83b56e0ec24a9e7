"""The docs: at run time, in the stub, in the README."""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import os
import pydoc
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import running
import wts_session
from wts_session import _wts_session as native

if TYPE_CHECKING:
    from stand_in import StandIn

FOLDER = Path(__file__).resolve().parents[1]


def documented() -> dict[str, Any]:
    """All that ``help(wts_session)`` is about, by name."""
    objects: dict[str, Any] = {"wts_session": wts_session}
    for name in wts_session.__all__:
        thing = getattr(wts_session, name)
        if not inspect.isclass(thing) and not inspect.isfunction(thing):
            continue
        objects[name] = thing
        if inspect.isclass(thing):
            members = {member: value for member, value in vars(thing).items() if not member.startswith("_")}
            objects.update({f"{name}.{member}": value for member, value in members.items() if callable(value)})
    return objects


@pytest.mark.parametrize("name", documented())
def test_everything_has_a_docstring(name: str) -> None:
    text = inspect.getdoc(documented()[name])
    assert text is not None
    assert text.strip()
    assert not text.startswith(f"{name}(")


@pytest.mark.parametrize("name", [name for name, thing in documented().items() if ">>>" in (thing.__doc__ or "")])
def test_examples_in_docstrings_run(name: str, api: StandIn) -> None:
    names = {each: getattr(wts_session, each) for each in wts_session.__all__}
    text = inspect.getdoc(documented()[name]) or ""
    test = doctest.DocTestParser().get_doctest(text, {**names, "asyncio": asyncio}, name, None, 0)
    results = doctest.DocTestRunner(verbose=False).run(test)
    assert results.attempted > 0
    assert results.failed == 0


def test_the_main_docstrings_have_examples() -> None:
    with_examples = {name for name, thing in documented().items() if ">>>" in (thing.__doc__ or "")}
    assert with_examples >= {
        "wts_session",
        "Client",
        "AsyncClient",
        "SessionStatus",
        "complete_session",
        "update_session_status",
    }


def test_help_shows_what_there_is() -> None:
    text = pydoc.plain(pydoc.render_doc(wts_session))
    for expected in (
        "total_timeout: 'float | None' = 60.0",
        "Set the status of a session, and return the updated session.",
        "reactivate_on_new_message: 'bool' = False",
        "class RateLimitError",
        "class AsyncClient",
    ):
        assert expected in text


def test_the_stub_documents_what_the_module_does() -> None:
    stub = ast.parse((FOLDER / "python/wts_session/_wts_session.pyi").read_text("utf-8"))
    compared = 0
    for node in ast.walk(stub):
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or ast.get_docstring(node) is None:
            continue
        scope = next((c.name for c in ast.walk(stub) if isinstance(c, ast.ClassDef) and node in c.body), None)
        thing = getattr(getattr(native, scope) if scope else native, node.name)
        assert ast.get_docstring(node) == inspect.getdoc(thing), node.name
        compared += 1
    assert compared >= 10


def region(text: str, begin: str, end: str) -> str:
    return text.split(begin, 1)[1].split(end, 1)[0].strip()


def test_the_readme_has_the_example_that_is_run() -> None:
    example = region((FOLDER / "examples/readme.py").read_text("utf-8"), "# [readme]\n", "# [/readme]")
    assert region((FOLDER / "README.md").read_text("utf-8"), "```python\n", "```") == example
    assert len(example.splitlines()) <= 10


def test_all_code_in_the_readme_is_of_programs_that_are_run() -> None:
    """``scripts/generate.py --check`` compares them."""
    text = (FOLDER / "README.md").read_text("utf-8")
    blocks = re.findall(r"(?:<!-- snippet: (\S+) -->\n)?```python\n", text)
    ours, run_by_the_stand_in = "bindings-python", "tests/stand-in/python/examples/"
    folders = (f"{ours}/examples/", f"{ours}/tests/programs/", run_by_the_stand_in)
    assert [path for path in blocks if not path.startswith(folders)] == []
    run_here = Path(__file__).read_text("utf-8")
    programs = [Path(path).stem for path in blocks if path.startswith(f"{ours}/tests/programs/")]
    assert [program for program in programs if f'"{program}"' not in run_here] == []


def test_calls_in_the_thread_pool_of_gevent_let_greenlets_run(api: StandIn, session_id: str) -> None:
    stalled = [f"{session_id}/stalled/{number}" for number in range(4)]
    for each in stalled:
        api.script(each, {"raw": [{"stall": True}]})
    process = running.start("greenlets", api, session_id, *stalled)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"{session_id}\n"
        assert process.stdout.readline() == "invalid_session_id\n"
        for each in stalled:
            api.requests(each, at_least=1)
        process.stdin.write("still here\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"still here {[False] * 4}\n"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("address", ["api", "tls"])
def test_the_stack_that_the_readme_asks_for_is_enough(
    address: str, stand_in: StandIn, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"WTS_BASE_URL": stand_in.addresses[address], "WTS_API_KEY": stand_in.token}
    settings["SSL_CERT_FILE"] = stand_in.addresses["ca_file"]
    monkeypatch.setattr(running, "environment", lambda stand_in, name: {**os.environ, **settings})
    stack = re.search(r"take (\d+) KiB", (FOLDER / "README.md").read_text("utf-8"))
    assert stack
    assert running.run("small_stack", stand_in, session_id, stack[1]) == "done\n"


def test_single_calls_in_a_loop_end_at_the_limit_as_the_readme_says(api: StandIn, session_id: str) -> None:
    with wts_session.Client(rate_limits=[(3, 300)], reserve=0) as client:
        for _ in range(3):
            client.complete_session(session_id)
        with pytest.raises(wts_session.RateLimitError) as caught:
            client.complete_session(session_id)
    assert (caught.value.attempts, caught.value.retryable) == (0, True)
    assert "bulk call" in str(caught.value)


def test_the_readme_names_no_version_of_python_but_the_oldest_one() -> None:
    required = re.search(r'requires-python = ">=([\d.]+)"', (FOLDER / "pyproject.toml").read_text("utf-8"))
    assert required
    assert f"from Python {required[1]} on" in (FOLDER / "README.md").read_text("utf-8")


def test_the_attributes_of_errors_are_documented() -> None:
    source = ast.parse(inspect.getsource(wts_session.errors))
    base = next(node for node in source.body if isinstance(node, ast.ClassDef) and node.name == "WtsError")
    pairs = zip(base.body, base.body[1:])
    names = {
        before.target.id
        for before, after in pairs
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr)
    }
    assert names == set(vars(wts_session.WtsError("x")))
