"""How clients are made: subclasses, settings of other types, the environment, threads with loops of their own."""

from __future__ import annotations

import asyncio
import decimal
import fractions
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_args

import numpy
import pytest
import running
from wts_session import (
    AsyncClient,
    Client,
    ConfigError,
    Failed,
    Outcome,
    OutcomeIterator,
    Succeeded,
    _json,
    complete_session,
)

if TYPE_CHECKING:
    from stand_in import StandIn


class Tenant(Client):
    """As people write subclasses: with arguments of their own."""

    def __init__(self, name: str, token: str) -> None:
        super().__init__(api_key=token, max_retries=1)
        self.name = name


class AsyncTenant(AsyncClient):
    def __init__(self, name: str, token: str) -> None:
        super().__init__(token)
        self.name = name


def test_subclasses_have_arguments_of_their_own(api: StandIn, session_id: str) -> None:
    with Tenant("acme", api.token) as tenant:
        assert tenant.complete_session(session_id)["success"]
        assert tenant.name == "acme"

    async def main() -> None:
        async with AsyncTenant("acme", token=api.token) as tenant:
            assert (await tenant.complete_session(session_id))["success"]

    asyncio.run(main())
    assert len(api.requests(session_id)) == 2


@pytest.mark.parametrize("base", [Client, AsyncClient])
def test_a_subclass_that_makes_no_client_says_so(base: type[Any]) -> None:
    class Forgetful(base):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

    with pytest.raises(AttributeError, match=r"has to call super\(\).__init__"):
        Forgetful().iter_complete_sessions([])


@pytest.mark.parametrize("base", [Client, AsyncClient])
def test_numbers_of_other_types_are_numbers(base: type[Any]) -> None:
    numbers = [numpy.float64(2.5), numpy.float32(2.5), numpy.int64(2), decimal.Decimal("2.5"), fractions.Fraction(5, 2)]
    for number in numbers:
        base("k", timeout=number, total_timeout=number, reserve=0)
    for wrong, found in [(True, "bool"), (numpy.True_, "numpy.bool"), ("2", "str"), (None, "NoneType")]:
        with pytest.raises(TypeError, match=f"argument 'timeout': a number is expected, not '{found}'"):
            base("k", timeout=wrong)
    base("k", max_retries=numpy.int64(2), allow_insecure_http=numpy.True_)
    for wrong, found in [(numpy.float64(2), "numpy.float64"), (2.0, "float"), (True, "bool")]:
        with pytest.raises(TypeError, match=f"argument 'max_retries': an int is expected, not '{found}'"):
            base("k", max_retries=wrong)
    with pytest.raises(TypeError, match="argument 'allow_insecure_http': a bool is expected, not 'int'"):
        base("k", allow_insecure_http=1)


@pytest.mark.parametrize("base", [Client, AsyncClient])
def test_numbers_out_of_range_are_told_with_the_range(base: type[Any]) -> None:
    with pytest.raises(ConfigError, match="a whole number from 1 to 10000, not 1000000000000000000"):
        base("k", max_concurrency=10**18)
    with pytest.raises(ConfigError, match="not inf"):
        base("k", max_concurrency=10**400)
    with pytest.raises(ConfigError, match="to 86400 s, not inf s"):
        base("k", timeout=float("inf"))


@pytest.mark.parametrize("base", [Client, AsyncClient])
def test_only_none_switches_the_limits_off(base: type[Any]) -> None:
    used_up = iter([(200, 5.0)])
    list(used_up)
    empty: list[Any] = [[], (), used_up]
    for none in empty:
        with pytest.raises(ConfigError, match="number of rate limits"):
            base("k", rate_limits=none)
    base("k", rate_limits=iter([(200, 5.0)]))
    base("k", rate_limits=None)


def test_a_setting_that_does_not_exist_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'time_out'"):
        Client("k", time_out=5)  # type: ignore[call-arg]


def test_flags_of_calls_may_be_numpys(api: StandIn, session_id: str) -> None:
    assert complete_session(session_id, reactivate_on_new_message=numpy.True_)["success"]  # type: ignore[arg-type]
    [request] = api.requests(session_id)
    assert "reactivateOnNewMessage" in str(request)


def test_the_environment_may_change_while_clients_are_made(api: StandIn) -> None:
    assert running.run("environment_changes", api) == "no crash\n"


def test_threads_with_event_loops_share_a_client(api: StandIn) -> None:
    assert running.run("threads_with_loops", api) == "0 failures\n"


def test_fastapi_takes_sessions_as_response_models() -> None:
    """Before Python 3.12 pydantic wants the TypedDict of typing_extensions."""
    import fastapi
    import pydantic
    from wts_session import CompletedSession, Session

    app = fastapi.FastAPI()

    @app.get("/session", response_model=Session)
    async def session() -> Any:
        return {"id": "s", "status": "PENDING"}

    adapter = pydantic.TypeAdapter(CompletedSession)
    completed = {"id": "s", "status": "COMPLETED", "success": True, "sessionId": "s", "title": None}
    assert adapter.validate_python(completed) == completed
    assert "/session" in app.openapi()["paths"]


def test_the_import_loads_nothing_that_few_programs_need() -> None:
    program = """
import sys

before = set(sys.modules)
import wts_session

loaded = set(sys.modules) - before - {"__future__", "_json", "atexit"}
print(sorted(name for name in loaded if not name.startswith("wts_session")))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_the_scanner_of_json_is_that_of_the_module_json() -> None:
    text = '{"a": [1, -2.5e3, true, null, NaN, -Infinity], "\\u00e9": {"": "\\ud83d\\ude00"}} rest'
    value, end = _json.scanner()(text, 0)
    assert (repr(value), end) == (repr(json.loads(text[:-5])), len(text) - 5)


def test_types_that_are_loaded_late_take_types_in_brackets() -> None:
    alias: Any = Outcome
    assert get_args(alias[int]) == (Succeeded[int], Failed)
    assert get_args(OutcomeIterator[str]) == (str,)
    assert not hasattr(Succeeded(0, "s", None), "__dict__")
