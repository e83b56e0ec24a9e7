"""The scanner of Python's own JSON decoder. The import of ``json`` takes longer than the rest of a call."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Decoder:
    """What the scanner asks a ``json.JSONDecoder()`` for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def scanner() -> Callable[[str, int], tuple[Any, int]]:
    """What gives the value that begins at an index of a text, and the index of its end."""
    try:
        from _json import make_scanner

        decoder: Any = _Decoder
        return make_scanner(decoder)
    except (ImportError, AttributeError, TypeError):
        # Another Python has no such module, or asks for more.
        from json import JSONDecoder

        decoder = JSONDecoder()
        scanner: Callable[[str, int], tuple[Any, int]] = decoder.scan_once
        return scanner
