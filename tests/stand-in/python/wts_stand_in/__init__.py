"""A stand-in of the WTS Chat API, for tests of programs that use ``wts_session``.

It is a program of its own that answers as the API does, on a port of this machine, and can be told to fail:

>>> from wts_stand_in import StandIn
>>> with StandIn() as stand_in:
...     stand_in.script("session_12345", {"status": 503}, {"pass": True})
...     stand_in.requests("session_12345")
[]

In pytest, the fixture ``wts_stand_in`` gives each test one of its own.
"""

from ._errors import ProgramMissingError, StandInError
from ._program import find_program
from ._stand_in import StandIn
from ._types import Action, ReceivedRequest, Step

__all__ = ["Action", "ProgramMissingError", "ReceivedRequest", "StandIn", "StandInError", "Step", "find_program"]
