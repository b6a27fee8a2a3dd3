"""Manual position actions (close, adjust PnL, liquidate) and trading halts.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, IdempotencyKeyStr, Timed, UtcDateTime
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


class ListHaltsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListHalts`: none."""


class TradingHalt(Timed, kw_only=True):
    """A halt in force: nothing is sent, and what is open is cancelled.

    Attributes
    ----------
    BrokerAccountId
        The account that is halted; null for all accounts.
    Reason
        Why, as the operator said.
    CreatedAt
        Since when.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt",)

    BrokerAccountId: str | None = None
    Reason: str
    CreatedAt: UtcDateTime


class ListHaltsResult(msgspec.Struct, kw_only=True):
    """Result of `ListHalts`.

    Attributes
    ----------
    Halts
        The halts that concern the caller's accounts, oldest first.
    """

    Halts: list[TradingHalt]
