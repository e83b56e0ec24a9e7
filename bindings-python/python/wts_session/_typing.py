"""What the package needs of ``typing`` when it runs: the import of that takes longer than all the rest."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, cast
else:

    class Generic:
        """The base of classes that take a type in brackets."""

        __slots__ = ()
        __class_getitem__ = classmethod(type(list[int]))

    def cast(_, value):
        return value


__all__ = ["Generic", "cast"]
