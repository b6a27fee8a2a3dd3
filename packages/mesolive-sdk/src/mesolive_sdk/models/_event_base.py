"""Base of the events of the Event Hub."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from mesolive_sdk.models._base import Timed, UtcDateTime

NO_ID = UUID(int=0)


class MesoLiveEvent(Timed, kw_only=True):
    """Base of all events.

    Attributes
    ----------
    EventId
        Unique; clients de-duplicate by it. All zeros until the server journals the event.
    EventSeqId
        Per user, strictly increasing, without gaps. 0 until the server journals the event.
    EventTime
        When it became true; the server gives it when it journals the event.
    """

    times: ClassVar[tuple[str, ...]] = ("EventTime",)
    callback: ClassVar[str] = ""

    EventId: UUID = NO_ID
    EventSeqId: int = 0
    EventTime: UtcDateTime
