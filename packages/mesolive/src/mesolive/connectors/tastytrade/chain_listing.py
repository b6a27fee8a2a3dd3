"""Listings made of tastytrade's nested chains, with the quotes' symbol of each contract as the chain states it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import structlog

from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.listing import IntArray, Listing
from mesolive.market.option_classes import option_class, why_adjusted
from mesolive.tastytrade_client import NestedChain, NestedExpiration

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ListedChain:
    """The options on one underlying.

    Attributes
    ----------
    symbols
        The quotes' symbols, one per contract of the listing; empty where the broker states none.
    """

    listing: Listing
    symbols: Sequence[str]

    def places(self) -> dict[str, int]:
        """Return where the contract of each quotes' symbol stands in the listing."""
        return {symbol: place for place, symbol in enumerate(self.symbols) if symbol}

    def window(self, now: datetime, spot: float | None, days: int, share: float) -> IntArray:
        """Return the contracts that are quoted without anybody asking: near in time and near the money.

        Parameters
        ----------
        days
            Of expirations, from now.
        share
            Of the spot, to either side. Without a spot all strikes count.
        """
        listing = self.listing
        wanted = np.zeros(len(listing), dtype=np.bool_)
        for (first, _, end), expiration in zip(listing.bounds, listing.expirations, strict=True):
            if expiration.settles_at > now and (expiration.settles_at - now).days <= days:
                wanted[first:end] = True
        if spot is not None and spot > 0:
            wanted &= np.abs(listing.strikes / spot - 1.0) <= share
        return np.flatnonzero(wanted)


def listed_chain(
    underlying: Underlying, chains: Sequence[NestedChain], now: datetime, calendar: ExchangeCalendar
) -> ListedChain:
    """Return the listing of an underlying's chains: standard contracts that have not settled."""
    strikes: dict[Expiration, dict[Right, set[Decimal]]] = {}
    symbols: dict[tuple[str, date, Right, Decimal], str] = {}
    for chain in chains:
        root = chain.root_symbol
        terms = option_class(root)
        adjusted = why_adjusted(underlying.symbol, root, chain.shares_per_contract)
        if terms.underlying != underlying.symbol or adjusted is not None:
            _log.info(
                "chain_left_out", underlying=underlying.symbol, root=root, reason=adjusted or "another underlying"
            )
            continue
        for listed in chain.expirations:
            expiration = _expiration(root, listed, calendar)
            if expiration is None or expiration.settles_at <= now:
                continue
            sides = strikes.setdefault(expiration, {Right.CALL: set(), Right.PUT: set()})
            for strike in listed.strikes:
                for right, traded, symbol in (
                    (Right.CALL, strike.call, strike.call_streamer_symbol),
                    (Right.PUT, strike.put, strike.put_streamer_symbol),
                ):
                    if traded and strike.strike_price > 0:
                        sides[right].add(strike.strike_price)
                        symbols[root, expiration.day, right, strike.strike_price] = symbol or ""
    listing = Listing(underlying, strikes)
    return ListedChain(listing, [_symbol(listing.contract(place), symbols) for place in range(len(listing))])


def _symbol(contract: OptionContract, symbols: dict[tuple[str, date, Right, Decimal], str]) -> str:
    return symbols.get((contract.root, contract.day, contract.right, contract.strike), "")


def _expiration(root: str, listed: NestedExpiration, calendar: ExchangeCalendar) -> Expiration | None:
    try:
        day = date.fromisoformat(listed.expiration_date)
    except ValueError:
        _log.warning("expiration_unreadable", root=root)
        return None
    terms = option_class(root)
    if listed.settlement_type is not None and listed.settlement_type.upper() != terms.settlement.value:
        _log.warning("settlement_differs", root=root, day=listed.expiration_date, told=listed.settlement_type)
    return Expiration(
        root=root,
        day=day,
        settles_at=settlement_instant(root, day, calendar=calendar),
        settlement=terms.settlement,
        style=terms.style,
        multiplier=Decimal(terms.multiplier),
    )
