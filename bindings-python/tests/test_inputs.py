"""What comes in: types, ranges, the environment."""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest
import wts_session
from wts_session import AsyncClient, Client, ConfigError, SessionStatus, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in import StandIn

WRONG_ARGUMENTS = [
    ("session_id", lambda call: call.complete_session(12345)),
    ("session_id", lambda call: call.complete_session(b"session_12345")),
    ("session_id", lambda call: call.complete_session(["session_12345"])),
    ("session_id", lambda call: call.update_session_status(12345, "PENDING")),
    ("status", lambda call: call.update_session_status("session_12345", 3)),
    ("status", lambda call: call.update_session_status("session_12345", b"PENDING")),
    ("status", lambda call: call.update_session_status("session_12345", True)),
    ("stop_bot_in_execution", lambda call: call.update_session_status("s", "PENDING", stop_bot_in_execution=1)),
    ("stop_bot_in_execution", lambda call: call.complete_session("s", stop_bot_in_execution=None)),
    ("reactivate_on_new_message", lambda call: call.complete_session("s", reactivate_on_new_message="yes")),
]

WRONG_SETTINGS = [
    {"api_key": 5},
    {"api_key": b"pn_1"},
    {"base_url": 5},
    {"timeout": "15"},
    {"timeout": True},
    {"timeout": None},
    {"total_timeout": False},
    {"total_timeout": 1j},
    {"max_retries": 1.0},
    {"max_retries": True},
    {"max_concurrency": "64"},
    {"rate_limits": 5},
    {"rate_limits": [5]},
    {"rate_limits": [(1, 2, 3)]},
    {"rate_limits": [(1,)]},
    {"rate_limits": [(1.5, 5)]},
    {"rate_limits": [(200, "5")]},
    {"reserve": "0.1"},
    {"reserve": None},
    {"shared_limits": 5},
    {"shared_limits_account": b"a"},
    {"shared_limits_fallback": None},
    {"shared_limits_fallback": True},
    {"auth_scheme": None},
    {"allow_insecure_http": 1},
]

OUT_OF_RANGE = [
    *({name: value} for name in ("timeout", "total_timeout") for value in (0, -1, 0.0, 86401, 10**400, 1e-9)),
    *({name: value} for name in ("timeout", "total_timeout") for value in (math.nan, math.inf, -math.inf)),
    {"max_retries": -1},
    {"max_retries": 101},
    {"max_retries": 2**64},
    {"max_retries": 10**400},
    {"max_retries": -(10**400)},
    {"max_concurrency": 0},
    {"max_concurrency": 2**32 + 1},
    {"rate_limits": [(0, 5)]},
    {"rate_limits": [(200, math.nan)]},
    {"rate_limits": [(200, -5)]},
    {"rate_limits": repeat((200, 5))},
    {"rate_limits": []},
    *({"reserve": value} for value in (-0.1, 0.51, math.nan, 10**400)),
    {"shared_limits": ""},
    {"shared_limits": "on"},
    {"shared_limits": "http://u:pn_CANARY@host"},
    {"shared_limits": "redis://u:pn_CANARY@host?timeout=1"},
    {"shared_limits": "file:///proc/none"},
    {"shared_limits": "redis://\ud800"},
    {"shared_limits_account": " "},
    {"shared_limits_account": "a" * 257},
    *({"shared_limits_fallback": value} for value in ("go", -0.1, 1.1, math.nan)),
    {"auth_scheme": "basic"},
    {"auth_scheme": "\ud800"},
    {"base_url": "https://\udcff.example"},
    {"api_key": "pn_\ud800"},
]


class AwaitedNow:
    """An AsyncClient, or what else has coroutines, as if its methods were functions."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return asyncio.run(getattr(self._client, name)(*args, **kwargs))

        return call


@pytest.fixture(params=["Client", "AsyncClient", "module"])
def calls(request: pytest.FixtureRequest, api: StandIn) -> Any:
    if request.param == "module":
        return wts_session
    return Client() if request.param == "Client" else AwaitedNow(AsyncClient())


@pytest.mark.parametrize(("argument", "call"), WRONG_ARGUMENTS)
def test_a_wrong_type_is_a_type_error_that_names_the_argument(argument: str, call: Any, calls: Any) -> None:
    with pytest.raises(TypeError, match=f"argument '{argument}'"):
        call(calls)


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("setting", WRONG_SETTINGS, ids=str)
def test_a_setting_of_a_wrong_type_is_a_type_error_that_names_it(client: Any, setting: dict[str, Any]) -> None:
    (name,) = setting
    with pytest.raises(TypeError, match=f"argument '{name}'"):
        client(**{"api_key": "pn_1", **setting})


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("setting", OUT_OF_RANGE, ids=lambda setting: repr(setting)[:60])
def test_a_setting_out_of_range_is_a_config_error(client: Any, setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        client(**{"api_key": "pn_1", **setting})
    assert caught.value.code == "invalid_config"
    assert isinstance(caught.value, ValueError)
    assert "CANARY" not in repr(caught.value)


def test_unknown_and_repeated_settings_are_type_errors() -> None:
    client: Any = Client
    with pytest.raises(TypeError, match="unexpected keyword argument 'retries'"):
        client("pn_1", retries=3)
    with pytest.raises(TypeError, match="api_key"):
        client("pn_1", api_key="pn_2")
    with pytest.raises(TypeError):
        client("pn_1", "https://api.wts.chat")


def test_an_iterable_of_rate_limits_that_raises_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        Client("pn_1", rate_limits=((1 // 0, 5.0) for _ in "x"))


def test_half_a_surrogate_pair_is_an_invalid_id(calls: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        calls.complete_session("\ud800")
    assert caught.value.code == "invalid_session_id"
    assert caught.value.attempts == 0
    with pytest.raises(ValidationError) as caught:
        calls.update_session_status("session_12345", "\ud800")
    assert caught.value.code == "invalid_status"


@pytest.mark.parametrize("status", [status for status in SessionStatus if status is not SessionStatus.UNDEFINED])
def test_a_status_is_taken_as_the_enum_and_by_its_names(status: SessionStatus, calls: Any, api: StandIn) -> None:
    session_id = f"python-status-{status}-{type(calls).__name__}"
    display_name = status.name.replace("_", " ").title()
    for given in (status, status.value, display_name):
        assert calls.update_session_status(session_id, given)["status"] == status.value
    sent = [request["body"]["newStatus"] for request in api.requests(session_id, at_least=3)]
    assert sent == [status.value] * 3


def test_the_statuses_are_those_of_core(api: StandIn) -> None:
    with Client() as client, pytest.raises(ValidationError) as caught:
        client.update_session_status("session_12345", "no such status")
    settable = {status.value for status in SessionStatus} - {"UNDEFINED"}
    assert set(caught.value.description.partition("valid are ")[2].rstrip(".").split(", ")) == settable


def test_a_status_is_its_wire_value_in_every_text_form() -> None:
    status = SessionStatus.IN_PROGRESS
    assert status == "IN_PROGRESS"
    assert (str(status), f"{status}", f"{status:>12}", "{}".format(status)) == (  # noqa: UP032
        "IN_PROGRESS",
        "IN_PROGRESS",
        " IN_PROGRESS",
        "IN_PROGRESS",
    )
    assert SessionStatus("HIDDEN") is SessionStatus.HIDDEN


def test_settings_come_from_the_environment_where_they_are_not_given(
    api: StandIn, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client().complete_session(session_id)
    wts_session.complete_session(session_id)
    assert len(api.requests(session_id, at_least=2)) == 2
    monkeypatch.delenv("WTS_API_KEY")
    for make in (Client, AsyncClient):
        with pytest.raises(ConfigError) as caught:
            make()
        assert caught.value.code == "missing_api_key"
    with pytest.raises(ConfigError):
        wts_session.complete_session(session_id)
    monkeypatch.delenv("WTS_BASE_URL")
    wts_session.complete_session(session_id, api_key=api.token, base_url=api.api)


def test_requests_name_the_language_and_the_version(api: StandIn, session_id: str) -> None:
    Client().complete_session(session_id)
    asyncio.run(AsyncClient().complete_session(session_id))
    agents = {request["headers"]["user-agent"] for request in api.requests(session_id, at_least=2)}
    assert agents == {f"wts-session/{wts_session.__version__} (python)"}


def test_the_functions_keep_their_connection(api: StandIn, session_id: str) -> None:
    for _ in range(3):
        wts_session.complete_session(session_id)
        wts_session.update_session_status(session_id, "PENDING")
    assert len({request["connection"] for request in api.requests(session_id, at_least=6)}) == 1


SETTINGS = (
    "api_key=None, *, base_url=None, timeout=15.0, total_timeout=60.0, max_retries=3, max_concurrency=None, "
    "rate_limits=((200, 5.0), (1000, 300.0)), reserve=0.05, shared_limits=None, shared_limits_account=None, "
    "shared_limits_fallback='wait', auth_scheme='bearer', allow_insecure_http=False"
)


def bare_signature(function: Any) -> str:
    signature = inspect.signature(function)
    parameters = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    text = str(signature.replace(parameters=parameters, return_annotation=signature.empty))
    return text.replace("(self, /, ", "(self, ")


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python 3.9 drops the signatures of types of the stable ABI")
def test_signatures_of_clients() -> None:
    assert bare_signature(Client) == bare_signature(AsyncClient) == f"({SETTINGS})"


def test_signatures() -> None:
    bare = bare_signature
    update = "session_id, status, *, stop_bot_in_execution=False"
    complete = "session_id, *, reactivate_on_new_message=False, stop_bot_in_execution=False"
    for client in (Client, AsyncClient):
        assert bare(client.update_session_status) == f"(self, {update})"
        assert bare(client.complete_session) == f"(self, {complete})"
    access = "*, api_key=None, base_url=None"
    assert bare(wts_session.update_session_status) == f"({update.replace('*', access)})"
    assert bare(wts_session.complete_session) == f"({complete.replace('*', access)})"
    assert inspect.iscoroutinefunction(AsyncClient.complete_session)
