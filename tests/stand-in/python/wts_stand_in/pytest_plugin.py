"""The fixtures of pytest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from . import StandIn, StandInError


@pytest.fixture
def wts_stand_in_options() -> Sequence[str]:
    """The options of the stand-in. Override or parametrize this fixture to change them."""
    return ()


@pytest.fixture
def wts_stand_in(wts_stand_in_options: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in of the WTS Chat API for this test alone. ``WTS_BASE_URL`` and ``WTS_API_KEY`` lead to it."""
    try:
        stand_in = StandIn(*wts_stand_in_options)
    except StandInError as error:
        pytest.fail(str(error), pytrace=False)
    with stand_in:
        for name, value in stand_in.environment.items():
            monkeypatch.setenv(name, value)
        yield stand_in
