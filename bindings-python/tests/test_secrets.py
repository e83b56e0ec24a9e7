"""The key is in nothing that comes out of the package; ``test_suite`` looks at every error of the suite too."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from secrets_check import assert_secret
from wts_session import AsyncClient, Client, ConfigError, WtsError, complete_session, update_session_status

if TYPE_CHECKING:
    from stand_in import StandIn

CANARY = "pn_CANARY"


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_no_text_of_a_client_shows_the_key(client: Any, stand_in: StandIn) -> None:
    made = client(CANARY, base_url=stand_in.api)
    texts = [repr(made), str(made), f"{made}", repr(getattr(made, "__dict__", None)), repr(dir(made))]
    texts += [repr(referent) for referent in gc.get_referents(made)]
    assert not [text for text in texts if "CANARY" in text]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(made, protocol)
        assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize(
    "key",
    [f"{CANARY}\té", f"{CANARY}\n{CANARY}", f"{CANARY}\ud800", CANARY * 1000],
    ids=["tab", "line break", "surrogate", "long"],
)
def test_a_refused_key_is_not_shown(client: Any, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        client(key)
    assert_secret(caught.value, CANARY)


def test_a_wrong_setting_beside_the_key_does_not_show_it() -> None:
    client: Any = Client
    for settings in ({"timeout": -1}, {"timeout": "x"}, {"foo": 1}, {"base_url": f"https://a:{CANARY}@b"}):
        with pytest.raises((ConfigError, TypeError)) as caught:
            client(CANARY, **settings)
        assert "CANARY" not in "".join(map(str, [caught.value, repr(caught.value), vars(caught.value)]))


def assert_no_frame_holds_the_key(error: BaseException) -> None:
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in shown.stack if Path(frame.filename).parent.name == "wts_session"]
    assert frames
    assert not [frame for frame in frames if "CANARY" in str(frame.locals)]


def test_no_frame_of_the_package_holds_the_key(stand_in: StandIn) -> None:
    async def refused() -> None:
        async with AsyncClient(stand_in.token + "_CANARY", base_url=stand_in.addresses["refused"]) as client:
            await client.complete_session("s")

    with pytest.raises(WtsError) as caught:
        asyncio.run(refused())
    assert_no_frame_holds_the_key(caught.value)
    settings: dict[str, Any] = {"api_key": CANARY, "base_url": f"http://user:{CANARY}@127.0.0.1"}
    wrong: Any = 1
    for call in (
        partial(complete_session, "s", **settings),
        partial(complete_session, "", api_key=CANARY),
        partial(complete_session, wrong, api_key=CANARY),
        partial(update_session_status, "s", "PENDING", **settings),
        partial(update_session_status, "s", "wrong", api_key=CANARY),
        partial(Client, **settings),
        partial(AsyncClient, CANARY, timeout=-1),
        partial(Client, CANARY, shared_limits=f"redis://:{CANARY}@host?wrong=1"),
    ):
        with pytest.raises((WtsError, TypeError)) as raised:
            call()
        assert_no_frame_holds_the_key(raised.value)


def test_nothing_is_logged_that_shows_the_key(
    stand_in: StandIn, session_id: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    key = f"{stand_in.token}_CANARY"
    stand_in.script(session_id, {"status": 503}, {"status": 401, "text": key})
    with pytest.raises(WtsError) as caught:
        complete_session(session_id, api_key=key, base_url=stand_in.api)
    assert_secret(caught.value, key)

    async def refused_async() -> None:
        asyncio.get_running_loop().set_debug(True)
        async with AsyncClient(key, base_url=stand_in.addresses["refused"], max_retries=1) as client:
            await client.complete_session(session_id)

    with pytest.raises(WtsError):
        asyncio.run(refused_async())
    printed = capfd.readouterr()
    assert "CANARY" not in caplog.text + printed.out + printed.err
