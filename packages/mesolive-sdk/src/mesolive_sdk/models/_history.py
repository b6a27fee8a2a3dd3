"""History of accounts and positions: samples by minutes of market time.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from mesolive_sdk.models._base import Id, Timed, UtcDateTime


class GetEquityHistoryArgs(Timed, kw_only=True):
    """Arguments of `GetEquityHistory`.

    Attributes
    ----------
    BrokerAccountId
        One of the caller's accounts.
    From, To
        Market times; null for 30 days before `To`, and for now.
    StepSeconds
        Market seconds between two points at least; null for the finest step with at most 1,000 points. A point is the
        last sample of its step.
    """

    times: ClassVar[tuple[str, ...]] = ("From", "To")

    BrokerAccountId: str
    From: UtcDateTime | None = None
    To: UtcDateTime | None = None
    StepSeconds: int | None = None


class EquityPoint(Timed, kw_only=True):
    """An account at a moment, in its currency; null is what was not known.

    Attributes
    ----------
    At
        In market time.
    NetLiquidation, Cash, Margin
        As in `LiveAccount`.
    PnL, DayPnL
        Unrealised, and of the day, as in `LiveAccount`; null too for samples of before these were stored.
    Delta, Gamma, Theta, Vega, DeltaDollars
        Of all that is held, as in `LiveAccount`; likewise.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    NetLiquidation: Decimal | None = None
    Cash: Decimal
    Margin: Decimal | None = None
    PnL: Decimal | None = None
    DayPnL: Decimal | None = None
    Delta: Decimal | None = None
    Gamma: Decimal | None = None
    Theta: Decimal | None = None
    Vega: Decimal | None = None
    DeltaDollars: Decimal | None = None


class GetEquityHistoryResult(msgspec.Struct, kw_only=True):
    """Result of `GetEquityHistory`.

    Attributes
    ----------
    StepSeconds
        The step that was used.
    Points
        Oldest first.
    """

    StepSeconds: int
    Points: list[EquityPoint]


class GetPositionHistoryArgs(Timed, kw_only=True):
    """Arguments of `GetPositionHistory`.

    Attributes
    ----------
    PositionId
        One of the caller's positions, closed ones too.
    From, To
        Market times; null for its whole life.
    StepSeconds
        As in `GetEquityHistory`.
    """

    times: ClassVar[tuple[str, ...]] = ("From", "To")

    PositionId: Id
    From: UtcDateTime | None = None
    To: UtcDateTime | None = None
    StepSeconds: int | None = None


class PositionPoint(Timed, kw_only=True):
    """A position at a moment; null is what was not known.

    Attributes
    ----------
    At
        In market time.
    PnL, RealizedPnL
        In account currency, at the marks; realised is part of the whole.
    Price
        The position's mark, as in `PositionPrice`.
    Underlying
        The mark of its underlying.
    Delta, Gamma, Theta, Vega
        Of the whole position, as in `PositionGreeks`.
    Margin
        As in `LivePosition`; null too for samples of before it was stored.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    PnL: Decimal | None = None
    RealizedPnL: Decimal
    Price: Decimal | None = None
    Underlying: Decimal | None = None
    Delta: Decimal | None = None
    Gamma: Decimal | None = None
    Theta: Decimal | None = None
    Vega: Decimal | None = None
    Margin: Decimal | None = None


class GetPositionHistoryResult(msgspec.Struct, kw_only=True):
    """Result of `GetPositionHistory`.

    Attributes
    ----------
    StepSeconds
        The step that was used.
    Points
        Oldest first.
    """

    StepSeconds: int
    Points: list[PositionPoint]
