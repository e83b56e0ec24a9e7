"""The tree of exceptions, and what becomes of one on its way."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest
from stand_in import SUITE
from suite import cases
from wts_session import (
    ApiError,
    AsyncClient,
    AuthenticationError,
    Client,
    ClientClosedError,
    ConfigError,
    ConnectionFailedError,
    LimitsUnavailableError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RefusedError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    ValidationError,
    WrongTypeError,
    WtsError,
    errors,
)
from wts_session._wts_session import error_classes

if TYPE_CHECKING:
    from stand_in import StandIn

TREE: dict[type[WtsError], type[Exception]] = {
    WtsError: Exception,
    ValidationError: ValueError,
    WrongTypeError: TypeError,
    ConfigError: ValueError,
    ApiError: WtsError,
    AuthenticationError: ApiError,
    PermissionDeniedError: ApiError,
    NotFoundError: ApiError,
    RefusedError: ApiError,
    RateLimitError: ApiError,
    ServerError: ApiError,
    ConnectionFailedError: ConnectionError,
    RequestTimeoutError: TimeoutError,
    UnexpectedResponseError: WtsError,
    LimitsUnavailableError: WtsError,
    ClientClosedError: WtsError,
}

ATTRIBUTES = {
    "code": "refused",
    "message": "Não",
    "description": "(HTTP 500)",
    "http_status": 500,
    "key": "FORM_ERROR",
    "error_id": "c44bf0cc",
    "body": "PERSONAL",
    "retry_after": 1.5,
    "attempts": 2,
    "retryable": True,
    "may_have_been_applied": True,
}


def test_the_tree_is_complete() -> None:
    assert {cls.__name__ for cls in TREE} == set(errors.__all__)
    for cls, base in TREE.items():
        assert issubclass(cls, base)
        assert issubclass(cls, WtsError)


def test_every_code_has_the_class_that_all_languages_agree_on() -> None:
    table = {entry["code"]: entry["python_class"] for entry in json.loads((SUITE / "errors.json").read_text("utf-8"))}
    assert error_classes == table
    assert {getattr(errors, name) for name in table.values()} == set(TREE) - {ApiError, WrongTypeError}
    raised = {case["expect"]["error"]["code"] for case in cases() if "error" in case["expect"]}
    assert raised | {"closed", "cancelled", "internal", "limits_unavailable"} == set(table)


@pytest.mark.parametrize("cls", TREE)
def test_errors_pickle_and_copy_with_all_they_know(cls: type[WtsError]) -> None:
    error = cls("Não (HTTP 500)", **ATTRIBUTES)  # type: ignore[arg-type]
    copies = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in [*copies, copy.copy(error), copy.deepcopy(error)]:
        assert type(other) is cls
        assert vars(other) == vars(error) == ATTRIBUTES
        assert str(other) == str(error) == "Não (HTTP 500)"
        assert repr(other) == repr(error)
    # As Celery's results in JSON make it again.
    other = cls(*json.loads(json.dumps(error.args)))
    assert (type(other), str(other), vars(other)) == (cls, str(error), vars(error))


@pytest.mark.parametrize("cls", TREE)
def test_an_error_made_by_hand_fits_its_class(cls: type[WtsError]) -> None:
    error = cls("It did not work")
    assert str(error) == error.message == "It did not work"
    assert (error.description, error.attempts) == ("", 0)
    assert error.code in error_classes
    assert issubclass(cls, getattr(errors, error_classes[error.code])) or cls in {ApiError, WtsError}
    retryable = {"rate_limited", "server_error", "connection", "timeout", "limits_unavailable"}
    assert error.retryable == (error.code in retryable)
    assert cls("x", retryable=not error.retryable).retryable != error.retryable
    assert str(cls()) == ""


def test_an_error_of_a_call_can_be_made_again_from_its_arguments(api: StandIn, session_id: str) -> None:
    api.script(session_id, {"status": 500, "body": {"key": "ENTITY_NOT_FOUND", "text": "Não há."}})
    with pytest.raises(NotFoundError) as caught:
        Client().complete_session(session_id)
    other = NotFoundError(*caught.value.args)
    assert vars(other) == vars(caught.value)
    assert (other.code, other.http_status, other.attempts, str(other)) == ("not_found", 500, 1, str(caught.value))


def complete(session_id: str, base_url: str, key: str) -> None:
    Client(key, base_url=base_url).complete_session(session_id)


def test_errors_cross_processes(api: StandIn, session_id: str) -> None:
    api.script(session_id, {"status": 403, "text": "go away"})
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(complete, session_id, api.api, api.token)
        with pytest.raises(PermissionDeniedError) as caught:
            future.result()
    assert (caught.value.code, caught.value.http_status, caught.value.body) == ("forbidden", 403, "go away")


def test_a_repr_shows_the_facts_and_no_body() -> None:
    error = RefusedError("Não (HTTP 500)", **ATTRIBUTES)  # type: ignore[arg-type]
    assert repr(error) == (
        "RefusedError('Não (HTTP 500)', code='refused', http_status=500, key='FORM_ERROR', error_id='c44bf0cc', "
        "retry_after=1.5, attempts=2, retryable=True, may_have_been_applied=True)"
    )
    assert repr(WtsError("boom", code="closed")) == "WtsError('boom', code='closed')"
    assert WtsError("boom").message == "boom"


def test_the_cause_is_the_error_of_the_system(stand_in: StandIn) -> None:
    refused = stand_in.addresses["refused"]
    with pytest.raises(ConnectionFailedError) as caught:
        Client("pn_1", base_url=refused, max_retries=0).complete_session("s")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    with pytest.raises(ConnectionFailedError) as caught:
        asyncio.run(AsyncClient("pn_1", base_url=refused, max_retries=0).complete_session("s"))
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_where_the_system_has_no_error_there_is_no_cause(api: StandIn, session_id: str) -> None:
    api.script(session_id, {"status": 404})
    with pytest.raises(NotFoundError) as caught:
        Client().complete_session(session_id)
    assert caught.value.__cause__ is None


def test_a_closed_client_says_so(api: StandIn) -> None:
    with Client() as client:
        assert client.complete_session("session_12345")["success"]
    with pytest.raises(ClientClosedError) as caught:
        client.complete_session("session_12345")
    assert caught.value.code == "closed"

    async def use_closed() -> None:
        async with AsyncClient() as client:
            assert (await client.complete_session("session_12345"))["success"]
        with pytest.raises(ClientClosedError):
            await client.complete_session("session_12345")
        again = AsyncClient()
        await again.close()
        with pytest.raises(ClientClosedError):
            await again.update_session_status("session_12345", "PENDING")
        await again.aclose()

    asyncio.run(use_closed())
