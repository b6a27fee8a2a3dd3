"""Event Hub methods: strategy subscriptions and replay of missed events."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from mesolive_sdk.models._base import Id, IdList, Timed, UtcDateTime

MAX_EVENTS_LIMIT = 1000
"""The most events that one `GetEventsSince` answers."""


class MesoLiveEventEnvelope(Timed, kw_only=True):
    """An event as it is replayed.

    Attributes
    ----------
    EventSeqId, EventId, EventTime
        Those of the event.
    EventType
        The callback's name, a key of `EVENT_MODELS`.
    StrategyId
        The strategy concerned, if any.
    Event
        The callback's model. What arrives is a plain JSON object until `mesolive_sdk.wire.decode_event` makes the model
        of it, which the SDK's client does by itself.
    """

    times: ClassVar[tuple[str, ...]] = ("EventTime",)

    EventSeqId: int
    EventId: UUID
    EventTime: UtcDateTime
    EventType: str
    StrategyId: int | None = None
    Event: Any


class SubscribeToStrategiesArgs(msgspec.Struct, kw_only=True):
    """Arguments of `SubscribeToStrategies`.

    Attributes
    ----------
    Strategies
        Null for all of the user's, those that are created later included; an empty list does nothing.
    """

    Strategies: IdList | None = None


class UnsubscribeFromStrategiesArgs(msgspec.Struct, kw_only=True):
    """Arguments of `UnsubscribeFromStrategies`.

    Attributes
    ----------
    Strategies
        Null for all of the user's; an empty list does nothing.
    """

    Strategies: IdList | None = None


class SubscribeToStrategiesResult(msgspec.Struct, kw_only=True):
    """Result of `SubscribeToStrategies`.

    Attributes
    ----------
    SuccessfulStrategies, FailedStrategies
        The strategies' ids.
    """

    SuccessfulStrategies: list[int]
    FailedStrategies: list[int]


class UnsubscribeFromStrategiesResult(msgspec.Struct, kw_only=True):
    """Result of `UnsubscribeFromStrategies`.

    Attributes
    ----------
    SuccessfulStrategies, FailedStrategies
        The strategies' ids.
    """

    SuccessfulStrategies: list[int]
    FailedStrategies: list[int]


class GetLatestEventSeqIdArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetLatestEventSeqId`: none."""


class GetLatestEventSeqIdResult(Timed, kw_only=True):
    """Result of `GetLatestEventSeqId`.

    Attributes
    ----------
    LatestEventSeqId
        Of the user's last committed event; 0 when there is none.
    SnapshotTime
        When that was so.
    """

    times: ClassVar[tuple[str, ...]] = ("SnapshotTime",)

    LatestEventSeqId: int
    SnapshotTime: UtcDateTime


class GetEventsSinceArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetEventsSince`.

    Attributes
    ----------
    SinceEventSeqId
        Events strictly after it are wanted.
    Limit
        How many one answer may hold, 1 to `MAX_EVENTS_LIMIT`.
    ContinuationToken
        The last answer's token for the next one; null for the first.
    """

    SinceEventSeqId: Id
    Limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_EVENTS_LIMIT)]
    ContinuationToken: str | None = None


class GetEventsSinceResult(msgspec.Struct, kw_only=True):
    """Result of `GetEventsSince`.

    Attributes
    ----------
    Events
        In the order of their `EventSeqId`.
    ContinuationToken
        What to ask the next answer with; null or empty when there is no more.
    """

    Events: list[MesoLiveEventEnvelope]
    ContinuationToken: str | None = None
