"""Plans to execute by orders: what a task stores of a plan, and how far the orders of each leg group have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from mesolive_sdk import models
from mesolive_sdk.automation.tasks import Intent, IntentKind, IntentOutcome

ZERO = Decimal(0)


class GroupToOrder(msgspec.Struct, kw_only=True, frozen=True):
    """The fields of a plan's leg group that orders need.

    Attributes
    ----------
    group
        Its id in the plan.
    qty
        How many combos.
    names
        All its legs, marker legs included.
    combo
        The contracts of one combo with their ratios; empty for a group of marker legs.
    """

    group: int
    qty: Decimal
    names: list[str]
    combo: list[models.ComboLeg]

    @property
    def roots(self) -> list[str]:
        """The trading class of each leg."""
        return [leg.Contract.Root or leg.Contract.Underlying.Symbol for leg in self.combo]


class PlanToOrder(msgspec.Struct, kw_only=True, frozen=True):
    """A plan to execute by orders. The task stores it as its request.

    Attributes
    ----------
    fixed_at
        When the execution was decided.
    """

    plan: int
    account: str
    fixed_at: datetime
    groups: list[GroupToOrder]

    @classmethod
    def of(
        cls, prepared: models.PreparedPlan, account: str, legs: Mapping[str, models.LiveLeg], now: datetime
    ) -> PlanToOrder:
        """Return the groups of a plan to order, sorted by id, without groups of marker legs.

        A plan of marker legs only keeps its first group: the order of that group opens the position.
        """
        groups: list[GroupToOrder] = []
        for group, names in sorted(prepared.LegGroups.items()):
            quantity = prepared.LegGroupQtys[group]
            combo = [
                models.ComboLeg(Contract=legs[name].LiveContract, Ratio=ratio)
                for name, ratio in quantity.LegRatios.items()
                if ratio != 0
            ]
            groups.append(GroupToOrder(group=group, qty=quantity.Qty, names=list(names), combo=combo))
        traded = [group for group in groups if group.combo]
        return cls(plan=prepared.ExecPlanId, account=account, fixed_at=now, groups=traded or groups[:1])


@dataclass(frozen=True, slots=True)
class GroupState:
    """The state of a group: the server's orders and the stored intents."""

    todo: GroupToOrder
    orders: Sequence[models.Order]
    intents: Sequence[Intent]

    @property
    def filled(self) -> Decimal:
        """How many combos are filled."""
        return sum((abs(order.CumQty) for order in self.orders), ZERO)

    @property
    def is_filled(self) -> bool:
        """Whether all of it is filled."""
        if not self.todo.combo:
            return any(order.State is models.OrderState.Filled for order in self.orders)
        return self.filled >= self.todo.qty

    @property
    def working(self) -> list[models.Order]:
        """The orders that have not ended."""
        return [order for order in self.orders if not order.State.is_final]

    @property
    def sends(self) -> list[Intent]:
        """The intents of orders, oldest first."""
        return [intent for intent in self.intents if intent.kind is IntentKind.SEND]

    def cancelled_by_us(self, order_id: int) -> bool:
        """Whether the autopilot has asked for the end of an order."""
        return any(
            intent.kind is IntentKind.CANCEL
            and intent.order_id == order_id
            and intent.outcome is not IntentOutcome.REFUSED
            for intent in self.intents
        )
