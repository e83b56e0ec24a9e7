"""What comes back: the API's object, all of it."""

from __future__ import annotations

import asyncio
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from wts_session import AsyncClient, Client

if TYPE_CHECKING:
    from stand_in import StandIn


@pytest.fixture(params=["sync", "async"])
def complete(request: pytest.FixtureRequest, api: StandIn) -> Any:
    if request.param == "sync":
        return Client().complete_session
    return lambda session_id: asyncio.run(AsyncClient().complete_session(session_id))


def answer(api: StandIn, session_id: str, text: str) -> None:
    api.script(session_id, {"status": 200, "text": text})


def test_a_result_is_a_dict_with_nothing_dropped(complete: Any, api: StandIn, session_id: str) -> None:
    text = (
        '{"z":null,"a":[1,2.50,-0.0,true,{"ação":"👍\\u0000\\ud800"}],"big":123456789012345678901234567890,'
        '"float":1e999,"id":"","":{},"sessionId":"theirs"}'
    )
    answer(api, session_id, text)
    result = complete(session_id)
    assert list(result) == ["success", "z", "a", "big", "float", "id", "", "sessionId"]
    assert result["a"] == [1, 2.5, 0.0, True, {"ação": "👍\x00\ud800"}]
    assert math.copysign(1, result["a"][2]) == -1
    assert (type(result["a"][0]), type(result["a"][3])) == (int, bool)
    assert result["big"] == 123456789012345678901234567890
    assert result["float"] == math.inf
    assert result["sessionId"] == "theirs"


def test_digits_beyond_what_python_reads_stay_exact(complete: Any, api: StandIn, session_id: str) -> None:
    digits = "7" * 5000
    answer(api, session_id, f'{{"huge":{digits},"negative":-{digits},"small":42}}')
    result = complete(session_id)
    assert int(result["small"]) == 42
    assert type(result["small"]) is int
    for name, sign in (("huge", ""), ("negative", "-")):
        assert Decimal(result[name]).as_tuple() == Decimal(sign + digits).as_tuple()


def test_every_result_is_an_object_of_its_own(complete: Any, session_id: str) -> None:
    first, second = complete(session_id), complete(session_id)
    assert first is not second
    first.clear()
    assert second["success"] is True
