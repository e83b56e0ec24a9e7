from __future__ import annotations

import sys
from typing import Any, Optional

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    # pydantic, and so FastAPI, wants that of typing_extensions there, which it brings with it.
    try:
        from typing_extensions import TypedDict
    except ImportError:
        from typing import TypedDict

Json = dict[str, Any]


class _Fields(TypedDict, total=False):
    createdAt: Optional[str]
    updatedAt: Optional[str]
    startAt: Optional[str]
    endAt: Optional[str]
    companyId: Optional[str]
    contactId: Optional[str]
    channelId: Optional[str]
    departmentId: Optional[str]
    userId: Optional[str]
    previewUrl: Optional[str]
    title: Optional[str]
    number: Optional[str]
    origin: Optional[str]
    utm: Optional[Json]
    contactDetails: Optional[Json]
    agentDetails: Optional[Json]
    channelDetails: Optional[Json]
    departmentDetails: Optional[Json]
    classification: Optional[Json]
    statusDescription: Optional[str]
    timeService: Optional[str]
    timeWait: Optional[str]
    firstResponseAt: Optional[str]
    botId: Optional[str]
    unreadCount: Optional[int]
    lastMessageText: Optional[str]
    lastInteractionDate: Optional[str]
    lastMessageOut: Optional[str]
    lastMessageIn: Optional[str]
    windowStatus: Optional[str]
    metadata: Optional[Json]
    channelType: Optional[str]


class _Updated(TypedDict):
    id: str
    status: str


class _Completed(TypedDict):
    success: bool
    sessionId: str


class Session(_Updated, _Fields, total=False):
    """A session.

    ``id`` and ``status`` are always there. Every other field may be missing or ``None``, and the API adds fields and
    values without notice: what is not listed here is in the dict all the same. Dates are ISO 8601, in UTC.
    """


class CompletedSession(Session, _Completed, total=False):
    """A session after it was completed.

    ``success`` and ``sessionId``, the id that was asked for, are always there; the rest is as in :class:`Session`.
    Where the API answers with an empty body, nothing else is.
    """
