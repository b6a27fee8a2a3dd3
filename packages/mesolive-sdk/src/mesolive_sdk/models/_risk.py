"""Risk graph models: projected PnL and greeks of positions, plans and candidates over prices and time (extension)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, Timed, UtcDateTime
from mesolive_sdk.models._data import ComboLeg

MAX_GRAPH_POSITIONS = 200
"""The most positions of one risk graph."""

MAX_GRAPH_CONTRACTS = 100
"""The most candidates of one risk graph."""

MAX_GRAPH_POINTS = 401
"""The most prices of one risk graph."""

MAX_GRAPH_DAYS = 12
"""The most days of one risk graph."""

MAX_GRAPH_DAY = 3660
"""The last day of a risk graph, counted from now."""


class GetRiskGraphArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetRiskGraph`: the graph is that of the sum of what is named, all of one underlying.

    Attributes
    ----------
    PositionIds
        Open positions, up to `MAX_GRAPH_POSITIONS`; null for none.
    StrategyId, BrokerAccountId
        All open positions of this strategy, of this account, or of the strategy on the account; null for none.
    Symbol
        Of that choice only the positions of this underlying; null where all are of one.
    ExecPlanId
        What this plan would still trade, at the marks now, together with the position that it changes; null for none.
    QtyMultiplier
        By what the quantities of an entry are multiplied; null for the plan's own.
    Combo
        Candidates: contracts with signed quantities, as if they were traded at the marks now; null for none.
    Days
        Calendar days from now to look at, 0 to `MAX_GRAPH_DAY`; null for now, one third, two thirds and all of
        the way to the first expiration.
    PriceFrom, PriceTo
        Range of prices of the underlying, above zero; null for 15 percent to both sides of the price now.
    Points
        How many prices, 3 to `MAX_GRAPH_POINTS`; they are evenly spaced.
    VolShift
        Points of volatility that are added to that of every leg, -100 to 200.
    Provider
        Whose quotes value all of it; null for those that value the account of what is held, or that the plan was
        prepared on.
    """

    PositionIds: Annotated[list[Id], msgspec.Meta(max_length=MAX_GRAPH_POSITIONS)] | None = None
    StrategyId: Id | None = None
    BrokerAccountId: str | None = None
    Symbol: str | None = None
    ExecPlanId: Id | None = None
    QtyMultiplier: Decimal | None = None
    Combo: Annotated[list[ComboLeg], msgspec.Meta(max_length=MAX_GRAPH_CONTRACTS)] | None = None
    Days: Annotated[list[Decimal], msgspec.Meta(min_length=1, max_length=MAX_GRAPH_DAYS)] | None = None
    PriceFrom: Decimal | None = None
    PriceTo: Decimal | None = None
    Points: Annotated[int, msgspec.Meta(ge=3, le=MAX_GRAPH_POINTS)] = 121
    VolShift: Decimal = Decimal(0)
    Provider: enums.DataProviderType | None = None


class RiskCurve(Timed, kw_only=True):
    """Values at one moment; each list has an item per price, null where the model has no value.

    Attributes
    ----------
    Days
        Calendar days from now.
    At
        The moment.
    PnL
        In account currency to the cent, what was realised included.
    Delta, Gamma, Theta, Vega
        In the units of `GreekValues`: quantity and multiplier included.
    BreakEvens
        Prices at which the PnL changes its sign.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    Days: Decimal
    At: UtcDateTime
    PnL: list[Decimal | None]
    Delta: list[Decimal | None]
    Gamma: list[Decimal | None]
    Theta: list[Decimal | None]
    Vega: list[Decimal | None]
    BreakEvens: list[Decimal]


class GetRiskGraphResult(Timed, kw_only=True):
    """Result of `GetRiskGraph`.

    Attributes
    ----------
    Symbol
        The underlying.
    Spot
        Its price now.
    At
        The moment of the market that the graph begins at.
    Prices
        Prices of the underlying.
    Curves
        One per day asked for.
    SigmaMove
        One standard deviation of the underlying until the first expiration, in points; null where it is not known.
    MaxProfit, MaxLoss
        The most that can be won and lost at expiration at any price, what was paid and realised included, to the cent.
        A loss is positive; it is negative where something is won at any price. With several expirations the loss is
        that of the risk limits: what is sold is covered by what expires no earlier. Null where it is unlimited or not
        known.
    UnlimitedProfit, UnlimitedLoss
        Whether nothing limits it: more calls are bought, or sold, than are covered.
    MaxProfitEstimated
        Whether legs have several expirations, so that `MaxProfit` is the model's value at the first of them.
    PositionIds
        The positions in the sum.
    MissingLegs
        Names of legs without a quote, for which the graph cannot be drawn; its values are null then. A leg of a plan or
        a candidate needs a mark, too.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    Symbol: str
    Spot: Decimal
    At: UtcDateTime
    Prices: list[Decimal]
    Curves: list[RiskCurve]
    SigmaMove: Decimal | None = None
    MaxProfit: Decimal | None = None
    MaxLoss: Decimal | None = None
    UnlimitedProfit: bool = False
    UnlimitedLoss: bool = False
    MaxProfitEstimated: bool = False
    PositionIds: list[int]
    MissingLegs: list[str]
