"""Pre-trade risk of an order: its notional and its largest loss at expiration. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from mesolive.market.contracts import OptionContract, Right
from mesolive.pricing.payoff import LeastPayoff, PayoffLeg, largest_payoff, least_payoff
from mesolive.trading.execution.combo_orders import GroupOrder
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.positions import Position

ZERO = Decimal(0)


class OrderRisk(Struct, frozen=True):
    """Risk measures of an order, in account currency.

    Attributes
    ----------
    notional
        Price of the underlying times multiplier times contracts, absolute amounts of all legs together.
    largest_loss
        What its position can lose at expiration once the order is filled, at prices from zero to the highest strike:
        what was and will be paid, less the least payoff. Never below zero.
    largest_loss_before
        The same without the order; zero for an entry.
    uncovered_calls, uncovered_calls_before
        Calls sold without cover times multiplier, after and before the order. Where there are any, the loss has no
        limit.
    most_worth
        The most that one combo can be worth at its expiration, per unit of the underlying; `None` without limit.
    """

    notional: Decimal
    largest_loss: Decimal
    largest_loss_before: Decimal
    uncovered_calls: Decimal
    uncovered_calls_before: Decimal
    most_worth: Decimal | None

    @property
    def grows(self) -> bool:
        """Whether the order makes the position's loss larger: one without limit is larger than any other."""
        if self.uncovered_calls != self.uncovered_calls_before:
            return self.uncovered_calls > self.uncovered_calls_before
        return self.largest_loss > self.largest_loss_before


def order_risk(
    order: GroupOrder,
    contracts: Sequence[TradedContract],
    position: Position | None,
    spot: Decimal | None,
    price: Decimal,
) -> OrderRisk:
    """Return the risk of an order.

    Parameters
    ----------
    contracts
        The contract of each leg of the order, in its order.
    position
        What is held already of the position that the order belongs to.
    spot
        Price of the underlying; `None` when unknown: then each leg's strike is used in its place.
    price
        The most that one combo may cost, per unit of the underlying.
    """
    ordered = [_payoff_leg(traded, leg.ratio * order.qty) for leg, traded in zip(order.legs, contracts, strict=True)]
    current: list[PayoffLeg] = []
    cost = ZERO
    if position is not None:
        open_legs = [leg for leg in position.open_legs if leg.holding.qty != 0]
        current = [_payoff_leg(leg.traded, leg.holding.qty) for leg in open_legs]
        cost = sum((leg.holding.cost for leg in open_legs), ZERO)
    multiplier = order.legs[0].contract.multiplier
    before, after = least_payoff(current), least_payoff(_netted(current + ordered))
    one_combo = [
        PayoffLeg(leg.expires, leg.is_call, leg.strike, leg.quantity / order.qty / multiplier) for leg in ordered
    ]
    return OrderRisk(
        notional=sum((_notional(leg.contract, leg.ratio * order.qty, spot) for leg in order.legs), ZERO),
        largest_loss=_loss(cost + price * order.qty * multiplier, after),
        largest_loss_before=_loss(cost, before),
        uncovered_calls=after.uncovered_calls,
        uncovered_calls_before=before.uncovered_calls,
        most_worth=largest_payoff(one_combo),
    )


def _loss(paid: Decimal, least: LeastPayoff) -> Decimal:
    return max(paid - least.value, ZERO)


def _notional(contract: OptionContract, contracts: Decimal, spot: Decimal | None) -> Decimal:
    return abs(contracts) * contract.multiplier * (contract.strike if spot is None else spot)


def _payoff_leg(traded: TradedContract, contracts: Decimal) -> PayoffLeg:
    contract = traded.contract
    return PayoffLeg(traded.settles_at, contract.right is Right.CALL, contract.strike, contracts * contract.multiplier)


def _netted(legs: Sequence[PayoffLeg]) -> list[PayoffLeg]:
    """Return the legs with purchases and sales of one contract netted."""
    result: dict[tuple[object, ...], PayoffLeg] = {}
    for leg in legs:
        key = (leg.expires, leg.is_call, leg.strike)
        before = result.get(key)
        quantity = leg.quantity if before is None else before.quantity + leg.quantity
        result[key] = PayoffLeg(leg.expires, leg.is_call, leg.strike, quantity)
    return list(result.values())
