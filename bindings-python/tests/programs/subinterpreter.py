"""A subinterpreter imports the package, which no other has done before, and ends only with the program."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

interpreters: Any = import_module("_xxsubinterpreters")
kept = interpreters.create()
interpreters.run_string(kept, "import wts_session; wts_session.Client()")
sys.stdout.write("ends\n")
