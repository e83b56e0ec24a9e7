"""Every case of the shared suite, by ``Client`` and by ``AsyncClient``."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from secrets_check import assert_secret
from stand_in import SUITE, StandIn
from suite import Case, arguments, assert_error, assert_requests, assert_result, cases, settings
from wts_session import AsyncClient, Client, WtsError

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = cases()
MODES = ("sync", "async")

run: set[tuple[str, str]] = set()


def run_sync(case: Case, client_settings: dict[str, Any]) -> Any:
    with Client(**client_settings) as client:
        if case["operation"] == "client":
            return None
        operation = getattr(client, case["operation"])
        if case.get("warm_up"):
            operation(*arguments(case), **case.get("options", {}))
        return operation(*arguments(case), **case.get("options", {}))


async def run_async(case: Case, client_settings: dict[str, Any]) -> Any:
    async with AsyncClient(**client_settings) as client:
        if case["operation"] == "client":
            return None
        operation = getattr(client, case["operation"])
        if case.get("warm_up"):
            await operation(*arguments(case), **case.get("options", {}))
        return await operation(*arguments(case), **case.get("options", {}))


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[dict[str, StandIn]]:
    """One for each mode, since a script is played once."""
    folders = ["--scripts", str(SUITE / "vectors"), "--scripts", str(SUITE / "http")]
    stand_ins = {mode: StandIn("--limit", "100000/5", *folders) for mode in MODES}
    yield stand_ins
    for stand_in in stand_ins.values():
        stand_in.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: Case, mode: str, stand_ins: dict[str, StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = stand_ins[mode]
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", stand_in.addresses["ca_file"])
    expect = case["expect"]
    client_settings = settings(case, stand_in)
    try:
        result = run_sync(case, client_settings) if mode == "sync" else asyncio.run(run_async(case, client_settings))
    except WtsError as error:
        assert "error" in expect, repr(error)
        assert_error(error, expect["error"])
        assert_secret(error, client_settings["api_key"])
    else:
        assert "error" not in expect, result
        if case["operation"] != "client":
            assert_result(result, expect)
    assert_requests(stand_in, case)
    run.add((case["name"], mode))


def test_all_cases_ran(request: pytest.FixtureRequest) -> None:
    if sum(item.name.startswith("test_case[") for item in request.session.items) < len(CASES) * len(MODES):
        pytest.skip("only some of the cases were selected")
    names = [case["name"] for case in CASES]
    files = [*SUITE.glob("vectors/*.json"), *SUITE.glob("http/*.json")]
    assert len(set(names)) == len(names) == sum(len(json.loads(file.read_text("utf-8"))) for file in files)
    assert run == {(name, mode) for name in names for mode in MODES}
