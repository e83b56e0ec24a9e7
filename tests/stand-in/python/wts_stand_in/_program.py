from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING

from ._errors import ProgramMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "wts-stand-in.exe" if os.name == "nt" else "wts-stand-in"
VARIABLE = "WTS_STAND_IN"


def find_program() -> str:
    """Return the path of the program: that of ``WTS_STAND_IN``, or else the one that was installed with this module.

    Raises :class:`ProgramMissingError`, which says how to install it.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        if Path(chosen).is_file():
            return chosen
        raise ProgramMissingError(f"There is no program at {chosen!r}, which the variable {VARIABLE} names.")
    places = list(dict.fromkeys(_places()))
    for place in places:
        if place.is_file():
            return str(place)
    raise ProgramMissingError(
        f"The program {NAME} is not here (looked in {', '.join(str(place.parent) for place in places)}). "
        "Install it again with its module: pip install --force-reinstall wts-stand-in. "
        f"Or set the variable {VARIABLE} to its path."
    )


def _places() -> Iterator[Path]:
    try:
        installed = files("wts-stand-in") or []
    except PackageNotFoundError:
        installed = []
    for file in installed:
        if file.name == NAME:
            yield Path(os.path.abspath(file.locate()))
    # pip install --target puts it there.
    yield Path(__file__).parents[1] / "bin" / NAME
    found = shutil.which(NAME)
    if found:
        yield Path(found)
