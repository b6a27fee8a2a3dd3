"""Manual position actions (adopt, close, adjust PnL, liquidate), reconciliation, and trading halts.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, IdempotencyKeyStr, ReasonStr, Timed, UtcDateTime
from mesolive_sdk.models._common import LiveContract
from mesolive_sdk.models._orders import SendOrderResult


class SetPositionClosedArgs(msgspec.Struct, kw_only=True):
    """Arguments of `SetPositionClosed`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    PositionId
        The position that is gone.
    """

    IdempotencyKey: IdempotencyKeyStr
    PositionId: Id


class AdjustLegPnLArgs(msgspec.Struct, kw_only=True):
    """Arguments of `AdjustLegPnL`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    LegId
        The leg, open or closed.
    RealizedPnL
        What it has realised so far, in account currency, in place of what was tracked; null goes back to that.
    """

    IdempotencyKey: IdempotencyKeyStr
    LegId: Id
    RealizedPnL: Decimal | None = None


class LiquidatePositionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `LiquidatePosition`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe: nothing is sent twice, and what an interrupted call had left is sent.
    PositionId
        The position to close at the market.
    """

    IdempotencyKey: IdempotencyKeyStr
    PositionId: Id


class UnsentLegGroup(msgspec.Struct, kw_only=True):
    """A leg group for which no order was sent.

    Attributes
    ----------
    LegGroupId
        Which group.
    Status
        How sending it was refused.
    Message
        Why.
    """

    LegGroupId: int
    Status: enums.StatusCode
    Message: str


class LiquidatePositionResult(msgspec.Struct, kw_only=True):
    """Result of `LiquidatePosition`.

    Attributes
    ----------
    PositionId
        The position.
    ExecPlanId
        The execution plan that closes it.
    Orders
        The orders that were sent, one per leg group, each as it was when it was sent.
    Unsent
        The groups that were refused. Liquidate again, with another key, when the orders have ended.
    """

    PositionId: int
    ExecPlanId: int
    Orders: list[SendOrderResult]
    Unsent: list[UnsentLegGroup]


class HaltAndFlattenArgs(msgspec.Struct, kw_only=True):
    """Arguments of `HaltAndFlatten`, an extension.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe: nothing is sent twice, and what an interrupted call had left is done.
    BrokerAccountId
        The account; null for all of the caller's.
    Reason
        Why; refused entries tell it.
    """

    IdempotencyKey: IdempotencyKeyStr
    BrokerAccountId: str | None = None
    Reason: ReasonStr


class FlattenedPosition(msgspec.Struct, kw_only=True):
    """What was done to close a position.

    Attributes
    ----------
    PositionId, BrokerAccountId
        Which position, and its account.
    ExecPlanId
        The execution plan that closes it; null when nothing was sent.
    Orders
        The orders that were sent, one per leg group, each as it was when it was sent.
    Unsent
        The groups that were refused while others were sent.
    Status, Message
        `Success` when something was sent, else how closing it was refused, and why.
    Code
        `Error.Code` of a refusal.
    """

    PositionId: int
    BrokerAccountId: str
    ExecPlanId: int | None = None
    Orders: list[SendOrderResult]
    Unsent: list[UnsentLegGroup]
    Status: enums.StatusCode
    Message: str | None = None
    Code: str | None = None


class HaltAndFlattenResult(msgspec.Struct, kw_only=True):
    """Result of `HaltAndFlatten`.

    Attributes
    ----------
    CancelledOrderIds
        Working orders that were asked to be cancelled.
    Positions
        Every position that held something.
    Complete
        Whether an order was sent for every leg group of every position. Whether they fill, the market decides.
    """

    CancelledOrderIds: list[int]
    Positions: list[FlattenedPosition]
    Complete: bool


class AdoptedLeg(Timed, kw_only=True):
    """One leg of a position that is adopted.

    Attributes
    ----------
    Name
        Its name in the strategy: conditions and adjustments refer to it.
    Contract
        What is held.
    Qty
        Signed contracts.
    EntryPrice
        What one contract cost or brought, per unit of the underlying.
    LegGroupId
        The group in which it is ordered later.
    ExpirationName
        The name of its expiration in the strategy; null for none.
    OpenedAt
        When it was opened, in market time; null for now.
    """

    times: ClassVar[tuple[str, ...]] = ("OpenedAt",)

    Name: str
    Contract: LiveContract
    Qty: Decimal
    EntryPrice: Decimal
    LegGroupId: int = 0
    ExpirationName: str | None = None
    OpenedAt: UtcDateTime | None = None


class AdoptPositionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `AdoptPosition`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    StrategyId
        The strategy that the position belongs to from then on.
    BrokerAccountId
        The account that holds the contracts.
    PositionName
        The name of the new position.
    Legs
        What it holds. At a broker, no more than the broker holds beyond the books.
    QtyMultiplier
        The multiplier that entries of this size would have; conditions read it.
    """

    IdempotencyKey: IdempotencyKeyStr
    StrategyId: Id
    BrokerAccountId: str
    PositionName: str
    Legs: list[AdoptedLeg]
    QtyMultiplier: Decimal = Decimal(1)


class GetReconciliationArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetReconciliation`.

    Attributes
    ----------
    BrokerAccountId
        An account at a broker.
    Refresh
        Whether the broker is asked again first, in place of the last comparison.
    """

    BrokerAccountId: str
    Refresh: bool = False


class ReconciledContract(msgspec.Struct, kw_only=True):
    """One contract as the broker and the books hold it.

    Attributes
    ----------
    Contract
        The contract.
    AtBroker, InBooks
        Signed contracts.
    Difference
        `AtBroker` less `InBooks`: zero where they agree.
    """

    Contract: LiveContract
    AtBroker: Decimal
    InBooks: Decimal
    Difference: Decimal


class BrokerTradeLeg(msgspec.Struct, kw_only=True):
    """One leg of a trade that the server did not send.

    Attributes
    ----------
    Contract
        The contract.
    Qty
        Signed contracts.
    Price
        Per unit of the underlying, commission excluded.
    Commission
        In account currency.
    """

    Contract: LiveContract
    Qty: Decimal
    Price: Decimal
    Commission: Decimal


class BrokerTrade(Timed, kw_only=True):
    """A trade at the broker that no order of the server made, such as one by hand.

    Attributes
    ----------
    ExecutionId
        The broker's id.
    ExecutedAt
        When.
    Legs
        What was traded.
    """

    times: ClassVar[tuple[str, ...]] = ("ExecutedAt",)

    ExecutionId: str
    ExecutedAt: UtcDateTime
    Legs: list[BrokerTradeLeg]


class GetReconciliationResult(Timed, kw_only=True):
    """Result of `GetReconciliation`.

    Attributes
    ----------
    BrokerAccountId
        The account.
    ComparedAt
        When broker and books were compared, in market time; null when they were not yet.
    Contracts
        Every contract that one of both holds.
    Trades
        Trades at the broker that are not the server's, of about the last day.
    """

    times: ClassVar[tuple[str, ...]] = ("ComparedAt",)

    BrokerAccountId: str
    ComparedAt: UtcDateTime | None = None
    Contracts: list[ReconciledContract]
    Trades: list[BrokerTrade]


class ListHaltsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListHalts`: none."""


class TradingHalt(Timed, kw_only=True):
    """A halt in force: what it stops is not sent, and what works of it is cancelled.

    Attributes
    ----------
    BrokerAccountId
        The account that is halted; null for all accounts.
    Reason
        Why, as the operator said.
    CreatedAt
        Since when.
    Scope
        Whether it stops everything, or entries alone.
    ByOperator
        Whether it was made on the server's machine: `mesolive resume` lifts it, `ResumeTrading` does not.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt",)

    BrokerAccountId: str | None = None
    Reason: str
    CreatedAt: UtcDateTime
    Scope: enums.HaltScope = enums.HaltScope.All
    ByOperator: bool = False


class ListHaltsResult(msgspec.Struct, kw_only=True):
    """Result of `ListHalts`.

    Attributes
    ----------
    Halts
        The halts that concern the caller's accounts, oldest first.
    """

    Halts: list[TradingHalt]
