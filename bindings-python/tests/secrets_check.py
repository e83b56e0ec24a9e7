"""Looks for an API key where it must not be."""

from __future__ import annotations

import pickle
import traceback


def texts_of(error: BaseException) -> list[str]:
    """All texts that an error becomes on its way into logs and other processes."""
    chain = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    texts = [form for link in chain for form in (str(link), repr(link), repr(link.args), repr(vars(link)))]
    return [
        *texts,
        "".join(traceback.format_exception(type(error), error, error.__traceback__)),
        pickle.dumps(error, protocol=0).decode("latin-1"),
    ]


def assert_secret(error: BaseException, key: str) -> None:
    """The key, as far as it is one, is in none of the error's texts."""
    for word in key.split():
        if word.casefold() != "bearer":
            assert not [text for text in texts_of(error) if word in text]
