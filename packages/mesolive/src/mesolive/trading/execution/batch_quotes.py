"""Quotes and pre-trade risk of a batch of orders: looked up once per account and combo.

Orders that are sent at once are often of the same legs: the same strategy on many accounts, or many positions of one.
They are all judged by the market of the moment at which the first of them was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from mesolive.language.legs import outdated, quote_problem
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.trading.execution.combo_orders import GroupOrder
from mesolive.trading.execution.order_risk import OrderRisk, order_risk
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.plans import PlanKind
from mesolive.trading.portfolio.positions import Position
from mesolive.venues.base import VenueLeg
from mesolive.venues.combo_quotes import ComboQuote, quote_combo
from mesolive_sdk import models

Terms = tuple[PlanKind, Decimal, models.OrderType, Decimal | None, Decimal | None]
"""What distinguishes two orders of one combo: kind of plan, quantity, type, limit and stop price."""


@dataclass(slots=True)
class Quoted:
    """The market of a combo at the moment of the batch, and what was found of its orders.

    Attributes
    ----------
    quote
        `None` while the price of an order cannot be judged.
    spot
        The underlying's mark, where there is one.
    code, why
        Why there is no quote, as the code and the reason of a refusal.
    risks
        Of orders without a position, by quantity and the most that they may pay.
    in_hours
        Whether orders in the combo's classes are taken now.
    passed
        The terms of orders without a position that have passed all checks of market and risk.
    """

    quote: ComboQuote | None
    spot: Decimal | None = None
    code: str = "NoMarket"
    why: str = "a leg has no two-sided market now, so the order's price cannot be judged"
    risks: dict[tuple[Decimal, Decimal], OrderRisk] = field(default_factory=dict[tuple[Decimal, Decimal], OrderRisk])
    in_hours: bool = False
    passed: set[Terms] = field(default_factory=set[Terms])


class BatchQuotes:
    """The market by which one batch of orders is judged."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._quoted: dict[tuple[int, tuple[VenueLeg, ...]], Quoted] = {}

    def quoted(self, account: Account, legs: tuple[VenueLeg, ...]) -> Quoted:
        """Return the market of a combo, from the account's provider and of the quality that it accepts."""
        key = (account.id, legs)
        result = self._quoted.get(key)
        if result is None:
            result = self._quoted[key] = self._look_up(account, legs)
        return result

    def _look_up(self, account: Account, legs: tuple[VenueLeg, ...]) -> Quoted:
        symbol = legs[0].contract.underlying
        stale = self._stale(symbol, account)
        if stale is not None:
            return Quoted(None, code="StaleQuotes", why=stale)
        unaccepted = self._unaccepted(legs, account)
        if unaccepted is not None:
            return Quoted(None, code="QuotesNotLive", why=unaccepted)
        spot = self._market.view(symbol, account.provider).underlying.quote.mark
        quote = quote_combo(self._market, legs, account.provider)
        return Quoted(quote, None if spot is None else Decimal(repr(spot)))

    def _stale(self, symbol: str, account: Account) -> str | None:
        """Return why prices of an underlying cannot be checked now (stale or missing quotes), or `None`."""
        try:
            provider = self._market.serving(symbol, account.provider).name
            status = self._market.status(provider)
            if status.state is not models.AgentStatus.Connected:
                return f"the data provider is not connected ({status.message}), so the order's price cannot be judged"
            view = self._market.view(symbol, provider)
        except (UnknownUnderlyingError, UnknownProviderError) as error:
            return str(error)
        if not view.stale:
            return None
        return f"no quotes of {symbol} are coming in, so the order's price cannot be judged ({outdated(view)})"

    def _unaccepted(self, legs: Sequence[VenueLeg], account: Account) -> str | None:
        """Return which leg's quote is not live, and how old it is; `None` where the account accepts all of them."""
        view = self._market.view(legs[0].contract.underlying, account.provider)
        view = view.accepting(account.accepted_quality, night=account.night_sessions)
        problems = (quote_problem(view, leg.contract) for leg in legs)
        return next((why for why in problems if why is not None), None)


def risk_of(
    quoted: Quoted, order: GroupOrder, contracts: Sequence[TradedContract], position: Position | None, highest: Decimal
) -> OrderRisk:
    """Return the risk of an order of the quoted combo that may pay `highest` for each; see `order_risk`."""
    if position is not None:
        return order_risk(order, contracts, position, quoted.spot, highest)
    key = (order.qty, highest)
    result = quoted.risks.get(key)
    if result is None:
        result = quoted.risks[key] = order_risk(order, contracts, None, quoted.spot, highest)
    return result
