"""Insight: the last evaluations, the outlook, checks of definitions, events backwards.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec

from mesolive_sdk.models._actions import TradingHalt
from mesolive_sdk.models._base import Id, Timed, UtcDateTime
from mesolive_sdk.models._common import ConditionEvaluation, LiveContract
from mesolive_sdk.models._events import EntrySignalsResult, ExitSignalsResult
from mesolive_sdk.models._replay import MesoLiveEventEnvelope


class GetEvaluationsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetEvaluations`: null is any.

    Attributes
    ----------
    StrategyId, BrokerAccountId
        Which strategy, on which account.
    PositionId
        Only this position: the evaluation of its strategy on its account, with no entry and no other position.
    """

    StrategyId: Id | None = None
    BrokerAccountId: str | None = None
    PositionId: Id | None = None


class AdjustmentEvaluated(msgspec.Struct, kw_only=True):
    """One conditional adjustment as it was evaluated.

    Attributes
    ----------
    Condition
        With its outcome, which may be false, and the values that it read.
    ScheduleOk
        Whether its schedule was due.
    Automatic
        Whether the server carries it out by itself: it sets variables only.
    """

    Condition: ConditionEvaluation
    ScheduleOk: bool
    Automatic: bool


class PositionEvaluated(Timed, kw_only=True):
    """A position as it was evaluated last.

    Attributes
    ----------
    PositionId, PositionName
        Which position.
    At
        When, in market time.
    Exit
        Every check of the exit; `ScheduleOk` says whether the exit schedule was due.
    Adjustments
        Every conditional adjustment.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    PositionId: int
    PositionName: str
    At: UtcDateTime
    Exit: ExitSignalsResult
    Adjustments: list[AdjustmentEvaluated]


class StrategyEvaluated(Timed, kw_only=True):
    """A strategy on an account as it was evaluated last, whether anything held or not.

    Attributes
    ----------
    StrategyId, StrategyName, BrokerAccountId
        Which strategy, on which account.
    At
        When, in market time.
    Entry
        Every check of the entry; null where the strategy is not active.
    Positions
        Its positions.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    StrategyId: int
    StrategyName: str
    BrokerAccountId: str
    At: UtcDateTime
    Entry: EntrySignalsResult | None = None
    Positions: list[PositionEvaluated]


class GetEvaluationsResult(msgspec.Struct, kw_only=True):
    """Result of `GetEvaluations`.

    Attributes
    ----------
    Evaluations
        The last ones since the server has started, by strategy and account.
    """

    Evaluations: list[StrategyEvaluated]


class StreamEvaluationsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `StreamEvaluations`: null is any.

    Attributes
    ----------
    StrategyId, BrokerAccountId
        Which strategy, on which account.
    PositionId
        Only this position: the evaluation of its strategy on its account, with no entry and no other position.
    """

    StrategyId: Id | None = None
    BrokerAccountId: str | None = None
    PositionId: Id | None = None


class EvaluationsEntry(msgspec.Struct, kw_only=True):
    """Item of `StreamEvaluations`: at once, and after each evaluation, at most one a second.

    Attributes
    ----------
    Evaluations
        The last ones since the server has started, by strategy and account; `At` says which are new.
    """

    Evaluations: list[StrategyEvaluated]


class GetOutlookArgs(Timed, kw_only=True):
    """Arguments of `GetOutlook`.

    Attributes
    ----------
    From
        From when, in market time, not before now; null for now.
    To
        Until when, in market time, at most 14 days ahead of now; null for a week after `From`, or until then.
    """

    times: ClassVar[tuple[str, ...]] = ("From", "To")

    From: UtcDateTime | None = None
    To: UtcDateTime | None = None


class OutlookSession(Timed, kw_only=True):
    """One exchange session.

    Attributes
    ----------
    Open, Close
        In market time; early closes included.
    """

    times: ClassVar[tuple[str, ...]] = ("Open", "Close")

    Open: UtcDateTime
    Close: UtcDateTime


class OutlookLeg(msgspec.Struct, kw_only=True):
    """A leg that settles at its expiration.

    Attributes
    ----------
    LegId, Name, Contract
        Which leg.
    Qty
        Signed contracts that are held; 0 for a marker leg.
    Settlement
        `AM` for one that settles by the opening prices of its day, else `PM`.
    """

    LegId: int
    Name: str
    Contract: LiveContract
    Qty: Decimal
    Settlement: str


class OutlookGate(Timed, kw_only=True):
    """What must be open before a strategy may enter, besides its conditions.

    Attributes
    ----------
    Gate
        `Schedule`, `MaxPositionsInFlight`, `EntryShiftDays`, `ReentryDays`, `Session` or `Halt`.
    Open
        Whether it is open now.
    Until
        When a closed one opens, in market time; null where no time opens it, but an event: a position that is closed,
        or trading that is resumed.
    Why
        Why it is closed, in words; null while it is open.
    """

    times: ClassVar[tuple[str, ...]] = ("Until",)

    Gate: str
    Open: bool
    Until: UtcDateTime | None = None
    Why: str | None = None


class OutlookItem(Timed, kw_only=True):
    """What the server will do at an instant.

    Attributes
    ----------
    At
        In market time.
    What
        `Entry`, `Exit` or `Adjustment` (a scheduled time), or `Expiration` (options that are held settle).
    StrategyId, StrategyName, BrokerAccountId
        Which strategy, on which account.
    PositionId, PositionName
        The position; null for an entry.
    Closed
        The gates of `OutlookStrategy.Gates` that will be closed then, as far as that is known now: those that wait for
        a day that is later, and those that nothing but an event opens. Empty for what nothing holds up.
    Legs
        Of an expiration: the legs that settle.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    What: str
    StrategyId: int
    StrategyName: str
    BrokerAccountId: str
    PositionId: int | None = None
    PositionName: str | None = None
    Closed: list[str] | None = None
    Legs: list[OutlookLeg] | None = None


class OutlookStrategy(Timed, kw_only=True):
    """The session in which a strategy is evaluated on an account.

    Attributes
    ----------
    StrategyId, StrategyName, BrokerAccountId
        Which strategy, on which account.
    Symbol
        Its underlying.
    SessionOpen, SessionClose
        The session of the underlying in which it is evaluated: the one that runs, else the next, in market time.
    IsOpen
        Whether it runs.
    Active
        Whether it may enter there; one that is not has positions still.
    Gates
        What must be open for an entry besides its conditions; empty where it is not active.
    NextEntryAt, NextExitAt, NextAdjustmentAt
        The first scheduled time of each, `NextEntryAt` once the days that it waits are over; null without a schedule
        (then every evaluation decides), and where no time lies within the next weeks. Of exits and adjustments null
        without a position.
    """

    times: ClassVar[tuple[str, ...]] = (
        "SessionOpen",
        "SessionClose",
        "NextEntryAt",
        "NextExitAt",
        "NextAdjustmentAt",
    )

    StrategyId: int
    StrategyName: str
    BrokerAccountId: str
    Symbol: str
    SessionOpen: UtcDateTime
    SessionClose: UtcDateTime
    IsOpen: bool
    Active: bool = True
    Gates: list[OutlookGate] | None = None
    NextEntryAt: UtcDateTime | None = None
    NextExitAt: UtcDateTime | None = None
    NextAdjustmentAt: UtcDateTime | None = None


class GetOutlookResult(Timed, kw_only=True):
    """Result of `GetOutlook`.

    Attributes
    ----------
    At
        Now, in market time.
    Sessions
        The exchange's sessions, the running one included.
    Items
        In the order of time, the first 1000. Entries and exits without a schedule are watched at every evaluation and
        are not listed.
    Strategies
        Every strategy that is active or has positions, on each account, with its session and its gates.
    Halts
        The halts in force that concern the caller.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    Sessions: list[OutlookSession]
    Items: list[OutlookItem]
    Strategies: list[OutlookStrategy] | None = None
    Halts: list[TradingHalt] | None = None


class CheckStrategyDefinitionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `CheckStrategyDefinition`.

    Attributes
    ----------
    StrategyDefinition
        The definition, of version 3 or 2.
    """

    StrategyDefinition: dict[str, Any]


class DefinitionProblem(msgspec.Struct, kw_only=True):
    """A problem of a definition.

    Attributes
    ----------
    Path
        Where, such as `Entry.Conditions[0]`; empty for the whole definition.
    Message
        What is wrong, and what was expected.
    Severity
        `Error`, or `Warning` for what can be used all the same.
    """

    Path: str
    Message: str
    Severity: str


class CheckStrategyDefinitionResult(msgspec.Struct, kw_only=True):
    """Result of `CheckStrategyDefinition`.

    Attributes
    ----------
    Valid
        Whether it can be imported.
    Problems
        Errors first, then warnings.
    Converted
        The definition of version 3 that one of version 2 becomes, also where it cannot be imported; null for one of
        version 3.

    Notes
    -----
        What the conversion from version 2 did, a line each.
    """

    Valid: bool
    Problems: list[DefinitionProblem]
    Notes: list[str]
    Converted: dict[str, Any] | None = None


class GetStrategySchemaArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetStrategySchema`: none."""


class GetStrategySchemaResult(msgspec.Struct, kw_only=True):
    """Result of `GetStrategySchema`.

    Attributes
    ----------
    Schema
        JSON Schema (draft 2020-12) of a definition, version 3.
    """

    Schema: dict[str, Any]


class GetEventsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetEvents`: null is any.

    Attributes
    ----------
    BeforeEventSeqId
        Only events before this one; null for the newest.
    Types
        Names of events, such as `OnOrderUpdate`.
    StrategyId
        Only events of this strategy.
    PositionId, OrderId
        Only events of this position or order.
    Text
        Only events that contain this, in any case, wherever in them.
    Limit
        How many, 1 to 500.
    """

    BeforeEventSeqId: Id | None = None
    Types: Annotated[list[str], msgspec.Meta(max_length=50)] | None = None
    StrategyId: Id | None = None
    PositionId: Id | None = None
    OrderId: Id | None = None
    Text: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    Limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class GetEventsResult(msgspec.Struct, kw_only=True):
    """Result of `GetEvents`.

    Attributes
    ----------
    Events
        Newest first.
    HasMore
        Whether there are older ones that fit.
    """

    Events: list[MesoLiveEventEnvelope]
    HasMore: bool
