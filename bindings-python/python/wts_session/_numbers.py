"""Numbers that Python's own JSON decoder does not read as they are."""

from __future__ import annotations

from decimal import Decimal


def whole_number(digits: str) -> int | Decimal:
    """The number of these digits; a Decimal where Python makes no int of so many (``sys.set_int_max_str_digits``)."""
    try:
        return int(digits)
    except ValueError:
        return Decimal(digits)
