"""Order and execution models: paper fills, orders, and executions of a plan."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import ZERO, Id, IdempotencyKeyStr, IdList, PageArgs, PageResult, Timed, UtcDateTime
from mesolive_sdk.models._common import LiveContract


class PaperLegFill(Timed, kw_only=True):
    """At what a leg of a plan was filled on paper.

    Attributes
    ----------
    Price
        Per unit of the underlying, commission excluded.
    Commission
        For the whole leg, in account currency.
    FilledAt
        Null for now.
    """

    times: ClassVar[tuple[str, ...]] = ("FilledAt",)

    Price: Decimal
    Commission: Decimal = ZERO
    FilledAt: UtcDateTime | None = None


class ApplyPaperFillsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ApplyPaperFills`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    BrokerAccountId
        The paper account.
    ExecPlanId
        The plan that is executed.
    QtyMultiplier
        Overrides the plan's, on entry; null keeps it.
    PaperLegFills
        By leg name; every leg of the plan with a quantity must be there.
    """

    IdempotencyKey: IdempotencyKeyStr
    BrokerAccountId: str
    ExecPlanId: Id
    QtyMultiplier: Decimal | None = None
    PaperLegFills: dict[str, PaperLegFill]


class ApplyPaperFillsResult(msgspec.Struct, kw_only=True):
    """Result of `ApplyPaperFills`.

    Attributes
    ----------
    ExecPlanId
        The plan that was executed.
    PositionId
        The position that was opened, adjusted or closed.
    LiveOrderIds, ExecutionIds
        What was booked.
    """

    ExecPlanId: int
    PositionId: int
    LiveOrderIds: list[int]
    ExecutionIds: list[int]


class LegGroupOrder(msgspec.Struct, kw_only=True):
    """How a leg group is ordered, as one combo.

    Attributes
    ----------
    OrderType
        How it is priced.
    TimeInForce
        How long it stays at the venue.
    LimitPrice, StopPrice
        Price of one combo per unit of the underlying: positive a debit, negative a credit.
    LegNames
        The legs of the group.
    """

    OrderType: enums.OrderType
    TimeInForce: enums.TimeInForce
    LimitPrice: Decimal | None = None
    StopPrice: Decimal | None = None
    LegNames: list[str]


class SendOrderArgs(msgspec.Struct, kw_only=True):
    """Arguments of `SendOrder`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    ReplacesOrder
        The working order that this one replaces.
    BrokerAccountId
        The account.
    ExecPlanId
        The plan that is executed.
    QtyMultiplier
        Overrides the plan's, on entry; null keeps it.
    LegGroupId
        The group of the plan that is ordered.
    LegGroupOrder
        How it is ordered.
    """

    IdempotencyKey: IdempotencyKeyStr
    ReplacesOrder: Id | None = None
    BrokerAccountId: str
    ExecPlanId: Id
    QtyMultiplier: Decimal | None = None
    LegGroupId: Id
    LegGroupOrder: LegGroupOrder


class SendOrderResult(msgspec.Struct, kw_only=True):
    """Result of `SendOrder`.

    Attributes
    ----------
    LiveOrderId
        The order.
    State
        Where it is; `PendingSubmit` while the venue has not answered.
    """

    LiveOrderId: int
    State: enums.OrderState


class CancelOrderArgs(msgspec.Struct, kw_only=True):
    """Arguments of `CancelOrder`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    LiveOrderId
        The order to cancel.
    """

    IdempotencyKey: IdempotencyKeyStr
    LiveOrderId: Id


class CancelOrderResult(msgspec.Struct, kw_only=True):
    """Result of `CancelOrder`.

    Attributes
    ----------
    LiveOrderId
        The order.
    State
        Where it now is.
    """

    LiveOrderId: int
    State: enums.OrderState


class OrderLeg(msgspec.Struct, kw_only=True):
    """What an order trades of one leg (extension).

    Attributes
    ----------
    Name
        The leg of the plan.
    Ratio
        Signed contracts per combo; 0 for a marker leg.
    Contract
        What is traded.
    LegId
        The leg of the position that an exit or an adjustment changes; null for one that the order opens.
    """

    Name: str
    Ratio: Decimal
    Contract: LiveContract
    LegId: int | None = None


class Order(Timed, kw_only=True):
    """One order of a leg group.

    Attributes
    ----------
    OrderId
        Its number.
    CreatedAt, FilledAt, LastUpdated
        Its life.
    ExecPlanId, LegGroupId
        What it executes.
    BrokerAccountId
        The account.
    State
        Where it is.
    Side
        `B` or `S`.
    Qty, CumQty
        Signed combos: ordered, and filled so far.
    AvgFillPrice, LastFillPrice, LimitPrice, StopPrice
        Per combo and unit of the underlying.
    OrderType, TimeInForce
        How it was ordered.
    LegRatios
        What is traded: contracts of each leg per combo, by leg name. A field of ours, as those that follow; null from
        other servers.
    Legs
        The same with the contract of each leg.
    PositionId, StrategyId
        Its position, null before an entry's first fill, and its strategy.
    Reason
        Why it was rejected, or ended otherwise; null for none.
    ReplacesOrderId, ReplacedByOrderId
        The orders that it took the place of, and that took its place.
    UnresolvedSince
        Since when it is not known what its venue made of the last request; null while it is known.
    SentBy
        Id of the API key or session that sent it; null for a paper order.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "FilledAt", "LastUpdated", "UnresolvedSince")

    OrderId: int
    CreatedAt: UtcDateTime
    FilledAt: UtcDateTime | None = None
    ExecPlanId: int
    BrokerAccountId: str
    LegGroupId: int
    State: enums.OrderState
    Side: str
    Qty: Decimal
    CumQty: Decimal
    AvgFillPrice: Decimal | None = None
    LastFillPrice: Decimal | None = None
    LimitPrice: Decimal | None = None
    StopPrice: Decimal | None = None
    OrderType: enums.OrderType
    TimeInForce: enums.TimeInForce
    LastUpdated: UtcDateTime
    LegRatios: dict[str, Decimal] | None = None
    Legs: list[OrderLeg] | None = None
    PositionId: int | None = None
    StrategyId: int | None = None
    Reason: str | None = None
    ReplacesOrderId: int | None = None
    ReplacedByOrderId: int | None = None
    UnresolvedSince: UtcDateTime | None = None
    SentBy: str | None = None


class OrderRejectionInfo(msgspec.Struct, kw_only=True):
    """Why an order was rejected.

    Attributes
    ----------
    Code
        The rejecting party's code.
    Reason
        Its words.
    Source
        Who rejected it.
    """

    Code: str | None = None
    Reason: str
    Source: str | None = None


class GetOrderArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetOrder`.

    Attributes
    ----------
    LiveOrderId
        Which order.
    """

    LiveOrderId: Id


class ListOrdersArgs(PageArgs, kw_only=True):
    """Arguments of `ListOrders`; null filters nothing.

    Attributes
    ----------
    ExecPlanId
        Only orders of this plan.
    BrokerAccountId
        Only orders on this account.
    State
        Only orders in this state.
    NewestFirst
        Begin with the newest order and page backwards; an extension. Without it the oldest comes first.
    """

    ExecPlanId: Id | None = None
    BrokerAccountId: str | None = None
    State: enums.OrderState | None = None
    NewestFirst: bool = False


class ListOrdersResult(PageResult, kw_only=True):
    """Result of `ListOrders`.

    Attributes
    ----------
    Orders
        This page's orders.
    """

    Orders: list[Order]


class LiveExecution(Timed, kw_only=True):
    """One fill of one leg.

    Attributes
    ----------
    Id, BrokerExecutionId
        Our number and the venue's.
    LiveOrderId, ExecPlanId
        What it came of; no order for a fill that was booked by hand.
    BrokerAccountId, PositionId, LegId, LegName
        Where it was booked.
    Contract
        What was traded.
    Qty
        Signed contracts.
    Price
        Per unit of the underlying, commission excluded.
    Commission
        In account currency.
    ExecutedAt
        When it happened.
    """

    times: ClassVar[tuple[str, ...]] = ("ExecutedAt",)

    Id: int
    BrokerExecutionId: str | None = None
    LiveOrderId: int | None = None
    ExecPlanId: int
    BrokerAccountId: str
    PositionId: int
    LegId: int
    LegName: str
    Contract: LiveContract
    Qty: Decimal
    Price: Decimal
    Commission: Decimal
    ExecutedAt: UtcDateTime


class ListExecutionsArgs(PageArgs, kw_only=True):
    """Arguments of `ListExecutions`; null filters nothing.

    Attributes
    ----------
    ExecPlanId, LiveOrderId, PositionId
        Only executions of this plan, order or position.
    BrokerAccountId
        Only executions on this account.
    """

    ExecPlanId: Id | None = None
    LiveOrderId: Id | None = None
    PositionId: Id | None = None
    BrokerAccountId: str | None = None


class ListExecutionsResult(PageResult, kw_only=True):
    """Result of `ListExecutions`.

    Attributes
    ----------
    Executions
        This page's executions.
    """

    Executions: list[LiveExecution]


class GetExecutionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetExecution`.

    Attributes
    ----------
    ExecutionId
        Which execution.
    """

    ExecutionId: Id


class GetExecutionsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetExecutions`.

    Attributes
    ----------
    ExecutionIds
        Which executions; at most 1000.
    """

    ExecutionIds: IdList


class GetExecutionsResult(msgspec.Struct, kw_only=True):
    """Result of `GetExecutions`.

    Attributes
    ----------
    Executions
        Those that were found, in the order asked for.
    MissingExecutionIds
        Those that were not.
    """

    Executions: list[LiveExecution]
    MissingExecutionIds: list[int]
