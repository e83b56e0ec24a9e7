from __future__ import annotations


class StandInError(Exception):
    """The stand-in could not be started, or it did not take what it was told."""


class ProgramMissingError(StandInError):
    """The program ``wts-stand-in`` is not on this machine."""
