"""Margin of open positions for display: holdings, current market and the margin rules of their strategies.

Strategy statements calculate margin by themselves (`mesolive.language.margin`); this module serves queries. A
calculation takes milliseconds, for huge positions seconds, and runs in a thread. Market views are taken before, in the
event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache

from mesolive.language.legs import BoundLeg
from mesolive.language.margin import margin_of
from mesolive.language.margin_settings import margin_rules
from mesolive.language.problems import DefinitionError, MissingValueError
from mesolive.market.view import MarketView
from mesolive.pricing.margin import MarginRules
from mesolive.store.database import Transaction
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.position_queries import definitions_of, strategy_of_positions
from mesolive.trading.portfolio.positions import Leg

ACCOUNT_RULES = MarginRules()
"""Margin rules of an account for positions whose strategies have none: Reg-T, vanilla, times one."""

MAX_KNOWN_DEFINITIONS = 256
"""Definitions whose margin rules are kept: those of open positions are read at every evaluation."""


@lru_cache(maxsize=MAX_KNOWN_DEFINITIONS)
def rules_of(definition: str) -> MarginRules | None:
    """Return the margin rules of a strategy's stored definition; `None` when it has none."""
    try:
        return margin_rules(definition)
    except DefinitionError:
        # It was checked when it was stored, by an earlier version maybe: an account is shown all the same.
        return None


async def rules_by_position(tx: Transaction, position_ids: Iterable[int]) -> dict[int, MarginRules]:
    """Return margin rules by position id; positions of strategies without margin rules are left out."""
    strategy_of = await strategy_of_positions(tx, position_ids)
    definitions = await definitions_of(tx, strategy_of.values())
    rules = {strategy_id: rules_of(definition) for strategy_id, definition in definitions.items()}
    result = ((position_id, rules[strategy_id]) for position_id, strategy_id in strategy_of.items())
    return {position_id: of for position_id, of in result if of is not None}


class PositionMargin:
    """Calculates a position's margin on the market as it was when this was made.

    Parameters
    ----------
    legs
        The position's legs; those of which nothing is held count for nothing.
    rules
        How it is calculated.
    marks
        Where the market's views come from.
    """

    def __init__(self, legs: Iterable[Leg], rules: MarginRules, marks: Marks) -> None:
        by_symbol: dict[str, list[Leg]] = {}
        for leg in legs:
            if leg.holding.qty != 0:
                by_symbol.setdefault(leg.traded.contract.underlying, []).append(leg)
        self._rules = rules
        self._legs_and_views = [(of_symbol, marks.view(symbol)) for symbol, of_symbol in by_symbol.items()]

    def amount(self) -> Decimal | None:
        """Return the margin in account currency; `None` while the underlying or a leg has no value that it needs."""
        total = Decimal(0)
        for legs, view in self._legs_and_views:
            if view is None:
                return None
            try:
                total += margin_of([bound_leg(leg, view) for leg in legs], self._rules, view)
            except MissingValueError:
                return None
        return total


def bound_leg(leg: Leg, view: MarketView) -> BoundLeg:
    """Return an open leg bound to a view; also on old quotes, as other values of a position."""
    contract, holding = leg.traded.contract, leg.holding
    chain, index = view.find(contract) or (None, 0)
    entry = float(holding.average_price)
    return BoundLeg(leg.name, contract, float(holding.qty), view.now, chain, index, entry_price=entry)


async def margins_now(margins: Mapping[int, PositionMargin]) -> dict[int, Decimal | None]:
    """Return the margins of several positions by position id, computed in one visit to a thread."""

    def amounts() -> dict[int, Decimal | None]:
        return {position_id: margin.amount() for position_id, margin in margins.items()}

    return await asyncio.to_thread(amounts) if margins else {}


async def margin_of_account(legs: Iterable[Leg], rules: Mapping[int, MarginRules], marks: Marks) -> Decimal | None:
    """Return the sum over an account's positions; `None` while one of them is not known.

    Parameters
    ----------
    legs
        What is held on the account.
    rules
        By position id; `ACCOUNT_RULES` for the others.
    marks
        Where the market's views come from.
    """
    by_position: dict[int, list[Leg]] = {}
    for leg in legs:
        by_position.setdefault(leg.position_id, []).append(leg)
    margins = [PositionMargin(own_legs, rules.get(of, ACCOUNT_RULES), marks) for of, own_legs in by_position.items()]

    def total() -> Decimal | None:
        amounts = [margin.amount() for margin in margins]
        known = [amount for amount in amounts if amount is not None]
        return sum(known, Decimal(0)) if len(known) == len(amounts) else None

    return await asyncio.to_thread(total)
