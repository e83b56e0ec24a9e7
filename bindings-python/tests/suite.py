"""The suite that all languages share: its cases, as Python reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stand_in import SUITE, StandIn
from wts_session import WtsError

Case = dict[str, Any]

OPERATIONS = {
    "update_session_status": ("session_id", "status"),
    "complete_session": ("session_id",),
    "client": (),
}


def cases() -> list[Case]:
    files = sorted([*SUITE.glob("vectors/*.json"), *SUITE.glob("http/*.json")])
    return [case for file in files for case in json.loads(file.read_text(encoding="utf-8"))]


def unrolled(value: Any) -> Any:
    """A string that is written as what is repeated, and how often."""
    return value["repeat"] * value["times"] if isinstance(value, dict) else value


def filled_in(text: str, stand_in: StandIn) -> str:
    for name, address in stand_in.addresses.items():
        if isinstance(address, str):
            text = text.replace("{" + name + "}", address)
    return text


def settings(case: Case, stand_in: StandIn) -> dict[str, Any]:
    """The arguments of the case's client."""
    given: dict[str, Any] = {"base_url": "{api}", "api_key": "{token}", "max_retries": 0, **case.get("client", {})}
    arguments: dict[str, Any] = {}
    for name, raw in given.items():
        value = unrolled(raw)
        if isinstance(value, str):
            value = filled_in(value, stand_in)
        if name.endswith("_ms"):
            name, value = name[: -len("_ms")], None if value is None else value / 1000
        if name == "rate_limits" and value is not None:
            value = [(requests, period_ms / 1000) for requests, period_ms in value]
        arguments[name] = value
    return arguments


def arguments(case: Case) -> list[Any]:
    return [unrolled(case.get(name)) for name in OPERATIONS[case["operation"]]]


def assert_error(error: WtsError, expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if name == "description_contains":
            assert value in error.description
        elif name == "text":
            assert str(error) == value
        elif name == "retry_after" and value is not None:
            # Part of a wait may have passed already.
            assert error.retry_after == pytest.approx(value, abs=max(1.5, value / 4))
        else:
            assert getattr(error, name) == value, name


def assert_result(result: Any, expect: dict[str, Any]) -> None:
    assert type(result) is dict
    if "result" in expect:
        # As text, true is not 1 and 1 is not 1.0.
        assert json.dumps(result, sort_keys=True) == json.dumps(expect["result"], sort_keys=True)
    if "result_keys" in expect:
        assert list(result) == expect["result_keys"]


def assert_requests(stand_in: StandIn, case: Case) -> None:
    expect = case["expect"]
    if "requests" not in expect and "request" not in expect:
        return
    requests = stand_in.requests(unrolled(case["session_id"]).strip(), at_least=expect.get("requests", 1))
    assert len(requests) == expect.get("requests", len(requests))
    for name, value in expect.get("request", {}).items():
        if name == "headers":
            assert {header: requests[-1]["headers"].get(header) for header in value} == value
        else:
            assert requests[-1][name] == value
