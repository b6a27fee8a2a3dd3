"""Position and leg models, with the arguments of the methods that list them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from mesolive_sdk.models import _common as common
from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, IdList, PageArgs, PageResult, Timed, UtcDateTime
from mesolive_sdk.models._common import LiveGreeks, LivePnL, LivePrices


class LiveLeg(Timed, kw_only=True):
    """A leg of a position, or of one that is prepared.

    Attributes
    ----------
    Id
        Its number; 0 while it is only proposed.
    Name
        The leg's name in the strategy.
    LiveContract
        What is held.
    LegGroupId
        The group with which it is ordered; 0 for none.
    CreatedAt, ClosedAt
        Its life.
    LivePositionId
        The position; 0 while it is only proposed.
    AccountId
        The account.
    Underlying
        Symbol of the underlying.
    Qty
        Signed contracts; 0 is a marker leg.
    AvgEntryPrice
        Per unit of the underlying, commission included.
    UserSetRealizedPnL, TrackedRealizedPnL
        Realised profit and loss as its owner set it and as it was tracked, in account currency.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "ClosedAt")

    Id: int
    Name: str
    LiveContract: common.LiveContract
    LegGroupId: int
    CreatedAt: UtcDateTime
    ClosedAt: UtcDateTime | None = None
    LivePositionId: int
    AccountId: str
    Underlying: str
    Qty: Decimal
    AvgEntryPrice: Decimal
    UserSetRealizedPnL: Decimal | None = None
    TrackedRealizedPnL: Decimal | None = None


class LivePosition(Timed, kw_only=True):
    """A position, without its legs.

    Attributes
    ----------
    Id, Name
        Its number, and what people call it.
    State
        Where it is in its life.
    CreatedAt, ClosedAt
        Its life.
    BrokerAccountId
        The account.
    LiveStrategyId, StrategyName
        The strategy.
    QtyMultiplier
        By what the strategy's quantities were multiplied at entry.
    RealizedPnL, Symbol, AdjustmentCount
        In account currency, the underlying, and how often it was adjusted; null where a server does not say.
    Expirations
        Instants of settlement of its open legs, the nearest first.
    UnrealizedPnL
        Of what it holds, at the mark, in account currency. This and the next two are null in a list that was not asked
        to `IncludeValues`, and while they are not known. Extensions.
    DayPnL
        What it has brought since the close of the session before, realised and unrealised.
    Margin
        In account currency; null where its strategy has no margin settings.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "ClosedAt")

    Id: int
    State: enums.LivePositionState
    CreatedAt: UtcDateTime
    ClosedAt: UtcDateTime | None = None
    Name: str
    BrokerAccountId: str
    LiveStrategyId: int
    StrategyName: str
    QtyMultiplier: Decimal | None = None
    RealizedPnL: Decimal | None = None
    Symbol: str | None = None
    AdjustmentCount: int | None = None
    Expirations: list[UtcDateTime] | None = None
    UnrealizedPnL: Decimal | None = None
    DayPnL: Decimal | None = None
    Margin: Decimal | None = None


class LivePositionDetail(LivePosition, kw_only=True):
    """A position with its legs and what they are worth now.

    Attributes
    ----------
    Legs
        All legs, closed ones too.
    Vars
        The variables that the position keeps.
    RealizedPnL
        In account currency.
    PositionPrice, PositionGreeks, PositionPnL
        Of the whole position.
    LegPrices, LegGreeks, LegPnLs
        By leg id.
    LegGroups
        Group id to the names of its legs.
    """

    Legs: list[LiveLeg]
    Vars: dict[str, Decimal]
    RealizedPnL: Decimal  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]  # never null here
    PositionPrice: LivePrices
    PositionGreeks: LiveGreeks
    PositionPnL: LivePnL
    LegPrices: dict[int, LivePrices]
    LegGreeks: dict[int, LiveGreeks]
    LegPnLs: dict[int, LivePnL]
    LegGroups: dict[int, list[str]]


class ListPositionsArgs(PageArgs, kw_only=True):
    """Arguments of `ListPositions`; null filters nothing.

    Attributes
    ----------
    LiveStrategyId
        Only positions of this strategy.
    LiveExecPlanId
        Only positions that this execution plan concerns.
    BrokerAccountId
        Only positions on this account.
    State
        Only positions in this state.
    ClosedFrom, ClosedTo
        Only positions that were closed between these moments, both included, in market time.
    IncludeValues
        Whether `UnrealizedPnL`, `DayPnL` and `Margin` are wanted: they are computed on the market now.
    """

    LiveStrategyId: Id | None = None
    LiveExecPlanId: Id | None = None
    BrokerAccountId: str | None = None
    State: enums.LivePositionState | None = None
    ClosedFrom: UtcDateTime | None = None
    ClosedTo: UtcDateTime | None = None
    IncludeValues: bool = False


class ListPositionsResult(PageResult, kw_only=True):
    """Result of `ListPositions`.

    Attributes
    ----------
    Positions
        This page's positions.
    """

    Positions: list[LivePosition]


class GetPositionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetPosition`.

    Attributes
    ----------
    PositionId
        Which position.
    """

    PositionId: Id


class ListLegsArgs(PageArgs, kw_only=True):
    """Arguments of `ListLegs`; null filters nothing.

    Attributes
    ----------
    PositionId
        Only legs of this position.
    BrokerAccountId
        Only legs on this account.
    Status
        Only legs in this state.
    """

    PositionId: Id | None = None
    BrokerAccountId: str | None = None
    Status: enums.LegStatus | None = None


class ListLegsResult(PageResult, kw_only=True):
    """Result of `ListLegs`.

    Attributes
    ----------
    Legs
        This page's legs.
    """

    Legs: list[LiveLeg]


class GetLegArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetLeg`.

    Attributes
    ----------
    LegId
        Which leg.
    """

    LegId: Id


class GetLegsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetLegs`.

    Attributes
    ----------
    LegIds
        Which legs; at most 1000.
    """

    LegIds: IdList


class GetLegsResult(msgspec.Struct, kw_only=True):
    """Result of `GetLegs`.

    Attributes
    ----------
    Legs
        Those that were found, in the order asked for.
    MissingLegIds
        Those that were not.
    """

    Legs: list[LiveLeg]
    MissingLegIds: list[int]
