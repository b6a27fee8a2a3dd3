"""Tickets: an order checked before it is sent, and exec plans read again.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._administration import AccountLimits
from mesolive_sdk.models._base import Id, IdempotencyKeyStr, Timed, UtcDateTime
from mesolive_sdk.models._orders import LegGroupOrder
from mesolive_sdk.models._prepare import (
    PreparePositionAdjustmentResult,
    PreparePositionEntryResult,
    PreparePositionExitResult,
)


class CheckOrderArgs(msgspec.Struct, kw_only=True):
    """Arguments of `CheckOrder`: those of `SendOrder` without a key.

    Attributes
    ----------
    BrokerAccountId, ExecPlanId, QtyMultiplier, LegGroupId, LegGroupOrder, ReplacesOrder
        As in `SendOrder`.
    """

    ReplacesOrder: Id | None = None
    BrokerAccountId: str
    ExecPlanId: Id
    QtyMultiplier: Decimal | None = None
    LegGroupId: Id
    LegGroupOrder: LegGroupOrder


class OrderRefusal(msgspec.Struct, kw_only=True):
    """Why `SendOrder` would refuse an order.

    Attributes
    ----------
    Status, Code, Message
        As `SendOrder` would answer.
    Fields
        The fields that are wrong, with what was expected.
    """

    Status: enums.StatusCode
    Code: str | None = None
    Message: str
    Fields: dict[str, list[str]] | None = None


class OrderVerdict(msgspec.Struct, kw_only=True):
    """What one check of the risk of an order says.

    Attributes
    ----------
    Check
        `Halt`, `EntriesHalt`, `LiveAllowed`, `OrderRate`, `TradingHours`, `Contracts`, `Quotes`, `Price`, `Premium`,
        `Worth`, `Notional`, `UnlimitedLoss` or `MaxLoss`. Those that do not concern the order are left out: an exit
        may be of any size.
    Passed
        Whether it lets the order leave; null while it cannot be judged, for there is no quote.
    Code, Message
        As `SendOrder` would refuse; null where it passes.
    Value, Limit
        What was compared with what; null where the check compares no amounts.
    """

    Check: str
    Passed: bool | None = None
    Code: str | None = None
    Message: str | None = None
    Value: Decimal | None = None
    Limit: Decimal | None = None


class CheckOrderResult(Timed, kw_only=True):
    """Result of `CheckOrder`. Amounts are in account currency; null is not known.

    Attributes
    ----------
    At
        Of which moment of the market it is.
    Allowed
        Whether `SendOrder` would let the order leave now.
    Refusal
        The first reason why not.

    Warnings
    --------
        What `SendOrder` would let pass and say.
    Qty, Contracts
        Combos that would be ordered, and contracts of all their legs together.
    Bid, Mid, Ask
        What one combo brings at once, its middle, and what it costs at once, per unit of the underlying; a credit is
        negative.
    WorstPrice
        The most that one combo may cost: the limit, else the price at once, or a stop that is higher.
    HighestPrice
        The end of the account's price band.
    Premium, Notional
        Of the whole order, absolute amounts of all legs together.
    MaxLossBefore, MaxLossAfter
        What the position can lose at expiration without the order and once it is filled at its worst price.
    UnlimitedLoss
        Whether calls would be sold that nothing covers.
    MarginBefore, MarginAfter
        Of the account by the margin rules of its strategies, without the order and once it is filled.
    Limits
        What the account may send.
    Verdicts
        What each check of the order's risk says, those that pass included, in the order in which they are made; none
        for an order that does not fit its plan. `Refusal` tells also of what is no risk, such as an outdated plan.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    Allowed: bool
    Refusal: OrderRefusal | None = None
    Warnings: list[str]
    Qty: Decimal | None = None
    Contracts: Decimal | None = None
    Bid: Decimal | None = None
    Mid: Decimal | None = None
    Ask: Decimal | None = None
    WorstPrice: Decimal | None = None
    HighestPrice: Decimal | None = None
    Premium: Decimal | None = None
    Notional: Decimal | None = None
    MaxLossBefore: Decimal | None = None
    MaxLossAfter: Decimal | None = None
    UnlimitedLoss: bool = False
    MarginBefore: Decimal | None = None
    MarginAfter: Decimal | None = None
    Limits: AccountLimits
    Verdicts: list[OrderVerdict] | None = None


class GetExecPlanArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetExecPlan`.

    Attributes
    ----------
    ExecPlanId
        One of the caller's plans.
    """

    ExecPlanId: Id


class ListExecPlansArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListExecPlans`: null is any.

    Attributes
    ----------
    PositionId, StrategyId, BrokerAccountId
        Only plans of these.
    Open
        Whether to leave out plans that were executed.
    Limit
        How many of the newest, 1 to 500.
    """

    PositionId: Id | None = None
    StrategyId: Id | None = None
    BrokerAccountId: str | None = None
    Open: bool = True
    Limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class ExecPlanGroup(msgspec.Struct, kw_only=True):
    """A leg group of a plan, and what its orders have done.

    Attributes
    ----------
    LegGroupId
        Which group.
    LegRatios
        Signed contracts per combo by leg name; 0 for a marker leg.
    Qty, Filled
        Combos of the whole group, and those that are filled.
    WorkingOrderId
        The order of the group that has not ended; null for none.
    """

    LegGroupId: int
    LegRatios: dict[str, Decimal]
    Qty: Decimal
    Filled: Decimal
    WorkingOrderId: int | None = None


class ExecPlanInfo(Timed, kw_only=True):
    """An exec plan as it stands.

    Attributes
    ----------
    ExecPlanId, StrategyId, StrategyName, BrokerAccountId, PositionId, PositionName
        Which plan.
    Kind
        `Entry`, `Exit` or `Adjustment`.
    State
        `Prepared`, `Filled` (its variables are being set) or `Executed`.
    QtyMultiplier
        What the orders so far, else the preparation, multiply its quantities with; null for none.
    CreatedAt, ExecutedAt
        When it was prepared, and when its last fill was booked, in market time; null until then.
    Groups
        Its leg groups.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "ExecutedAt")

    ExecPlanId: int
    Kind: str
    State: str
    StrategyId: int
    StrategyName: str
    BrokerAccountId: str
    PositionId: int | None = None
    PositionName: str
    QtyMultiplier: Decimal | None = None
    CreatedAt: UtcDateTime
    ExecutedAt: UtcDateTime | None = None
    Groups: list[ExecPlanGroup]


class ListExecPlansResult(msgspec.Struct, kw_only=True):
    """Result of `ListExecPlans`.

    Attributes
    ----------
    Plans
        The newest first.
    """

    Plans: list[ExecPlanInfo]


class GetExecPlanResult(msgspec.Struct, kw_only=True):
    """Result of `GetExecPlan`.

    Attributes
    ----------
    Plan
        The plan.
    JobId
        The preparation that made it; null for a liquidation, or when the preparation was deleted for its age.
    Entry, Exit, Adjustment
        What the preparation found; one of them, or none where there is no preparation.
    """

    Plan: ExecPlanInfo
    JobId: str | None = None
    Entry: PreparePositionEntryResult | None = None
    Exit: PreparePositionExitResult | None = None
    Adjustment: PreparePositionAdjustmentResult | None = None


class RegroupExecPlanArgs(msgspec.Struct, kw_only=True):
    """Arguments of `RegroupExecPlan`.

    Attributes
    ----------
    IdempotencyKey
        The client's key of the call.
    ExecPlanId
        One of the caller's plans, of which nothing was ordered or executed.
    Groups
        The names of the legs of each group, as `LegGroups` has them: what is ordered together, as one combo. Each leg
        is in one group; marker legs may be left out. Groups are numbered from 1.
    """

    IdempotencyKey: IdempotencyKeyStr
    ExecPlanId: Id
    Groups: Annotated[list[list[str]], msgspec.Meta(min_length=1, max_length=100)]


class RegroupExecPlanResult(GetExecPlanResult, kw_only=True):
    """Result of `RegroupExecPlan`: the plan that stands in the place of the old one, which is gone.

    Attributes
    ----------
    Plan, Warnings
        The new plan, and groups that are risky to order first: what they sell is covered by another group.
    """

    Warnings: list[str]
