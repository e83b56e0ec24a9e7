"""What comes back: the API's object, all of it."""

from __future__ import annotations

import asyncio
import json
import math
import random
import string
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


def any_value(chance: random.Random, depth: int) -> str:
    """The text of a JSON value; its letters, blanks and numbers are such that a reader may stumble over them."""
    blank = chance.choice(["", "", " ", "\n\t "])

    def text() -> str:
        letters = [
            *string.ascii_letters,
            *"çã👍\u2028\x7f{}[],:",
            "\\n",
            '\\"',
            "\\\\",
            "\\/",
            "\\u00e3",
            "\\ud83d\\udc4d",
            "\\udc4d",
        ]
        return f'"{"".join(chance.choices(letters, k=chance.choice((0, 1, 7, 8, 40, 90))))}"'

    kind = chance.randrange(8 if depth else 6)
    if kind == 6:
        elements = f"{blank},".join(any_value(chance, depth - 1) for _ in range(chance.randrange(4)))
        return f"[{blank}{elements}{blank}]"
    if kind == 7:
        names = [text() for _ in range(chance.randrange(4))]
        members = [f"{name}{blank}:{blank}{any_value(chance, depth - 1)}" for name in [*names, *names[:1]]]
        return f"{{{blank}{','.join(members)}{blank}}}"
    numbers = ["0", "-0", "-0.0", "1e2", "1E-7", "0.1", "1249.9", "5e-324", "1.7976931348623157e308", "-1e400"]
    numbers += [str(sign * 2**bits + more) for sign in (1, -1) for bits in (31, 53, 63, 64) for more in (-1, 0, 1)]
    numbers += [repr(chance.uniform(-1e6, 1e6)), f"{chance.getrandbits(70)}.{chance.getrandbits(64)}e-9"]
    return chance.choice([text(), text(), chance.choice(numbers), "true", "false", "null"])


def test_a_result_is_what_the_json_module_reads(complete: Any, api: StandIn, session_id: str) -> None:
    chance = random.Random(20261128)
    bodies = [", ".join(f'"member{number}":{any_value(chance, 4)}' for number in range(6)) for _ in range(100)]
    bodies += ['"deep":' + "[" * depth + '{"a":1,"a":2}' + "]" * depth for depth in (98, 120, 124)]
    bodies += [", ".join(f'"name{number}":{number}' for number in range(300))]
    for body in bodies:
        text = f'{{"success":true,"sessionId":"theirs", {body}}}'
        answer(api, session_id, text)
        assert repr(complete(session_id)) == repr(json.loads(text))


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
