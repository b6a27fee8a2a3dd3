"""Legs, points and positions of backtests, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from mesolive.backtest.runner import Outcome, Point
from mesolive_sdk import models

MONDAY = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def live_leg(qty: int) -> models.LiveLeg:
    """Return a leg of a put with a quantity."""
    underlying = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")
    contract = models.LiveContract(
        ContractType=models.MesoContractType.Options,
        Underlying=underlying,
        Root="SPXW",
        Expiration=datetime(2026, 2, 20, 21, tzinfo=UTC),
        OptionType=models.MesoOptionType.Put,
        Strike=Decimal(4800),
        Multiplier=Decimal(100),
    )
    return models.LiveLeg(
        Id=1,
        Name="p",
        LiveContract=contract,
        Qty=Decimal(qty),
        AvgEntryPrice=Decimal(0),
        CreatedAt=MONDAY,
        LegGroupId=1,
        LivePositionId=1,
        AccountId="ML1000",
        Underlying="SPX",
    )


def point(at: datetime, value: float | None, *, positions: int = 0) -> Point:
    """Return the account at one moment."""
    known = None if value is None else Decimal(str(value))
    return Point(at, known, Decimal(0), positions, None, None, None, None)


def position(
    number: int, opened: datetime, closed: datetime | None, pnl: float, mark: float | None = None
) -> models.LivePositionDetail:
    """Return a position with what it has realised, and what it would realise now."""
    return models.LivePositionDetail(
        Id=number,
        State=models.LivePositionState.Open if closed is None else models.LivePositionState.Closed,
        CreatedAt=opened,
        ClosedAt=closed,
        Name=f"position {number}",
        BrokerAccountId="ML1000",
        LiveStrategyId=1,
        StrategyName="strategy",
        Legs=[],
        Vars={},
        RealizedPnL=Decimal(str(pnl)),
        PositionPrice=models.LivePrices(),
        PositionGreeks=models.LiveGreeks(),
        PositionPnL=models.LivePnL(Mark=None if mark is None else Decimal(str(mark))),
        LegPrices={},
        LegGreeks={},
        LegPnLs={},
        LegGroups={},
    )


def outcome(points: list[Point], positions: list[models.LivePositionDetail] | None = None) -> Outcome:
    """Return what came of a backtest."""
    return Outcome(points=points, positions=positions or [])
