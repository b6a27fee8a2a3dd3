"""Listings made of tastytrade's nested chains, with the quotes' symbol of each contract as the chain states it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import numpy as np
import structlog

from mesolive.connectors.tastytrade.symbols import order_symbol
from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.contracts import Expiration, OptionContract, Right, Settlement, Underlying
from mesolive.market.listing import IntArray, Listing
from mesolive.market.option_classes import option_class, unknown_classes, why_adjusted
from mesolive.tastytrade_client import FuturesChains, NestedChain, NestedStrike

_log = structlog.get_logger(__name__)

SETTLEMENTS: Final = frozenset(item.value for item in Settlement)


@dataclass(frozen=True, slots=True)
class ListedChain:
    """The options on one underlying.

    Attributes
    ----------
    symbols
        The quotes' symbols, one per contract of the listing; empty where the broker states none.
    unknown
        The classes whose terms are not known, in words; empty for none.
    """

    listing: Listing
    symbols: Sequence[str]
    unknown: str = ""

    def places(self) -> dict[str, int]:
        """Return the index in the listing of the contract of each quotes' symbol."""
        return {symbol: place for place, symbol in enumerate(self.symbols) if symbol}

    def window(self, now: datetime, spot: float | None, days: int, share: float) -> IntArray:
        """Return the contracts that are quoted without a subscription: near in time and near the money.

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
    listed = _Chain(underlying, now, calendar)
    for chain in chains:
        if listed.takes(chain.root_symbol, chain.shares_per_contract):
            for expiration in chain.expirations:
                listed.add(
                    chain.root_symbol, expiration.expiration_date, expiration.settlement_type, expiration.strikes
                )
    return listed.done()


def listed_futures_chain(
    underlying: Underlying, chains: FuturesChains, now: datetime, calendar: ExchangeCalendar
) -> ListedChain:
    """Return the listing of the options on a product's futures: classes of the table that have not settled.

    Orders name their contracts by rule. A contract that the broker names otherwise is on another future, or of another
    class than its root says: it is left out.
    """
    listed = _Chain(underlying, now, calendar, is_checked=True)
    for chain in chains.option_chains:
        for expiration in chain.expirations:
            root, multiplier = expiration.option_root_symbol or "", expiration.multiplier
            if root and listed.takes(
                root, Decimal(option_class(root).multiplier) if multiplier is None else multiplier
            ):
                listed.add(root, expiration.expiration_date, expiration.settlement_type, expiration.strikes)
    return listed.done()


@dataclass
class _Chain:
    """A chain that is being read."""

    underlying: Underlying
    now: datetime
    calendar: ExchangeCalendar
    is_checked: bool = False
    strikes: dict[Expiration, dict[Right, set[Decimal]]] = field(
        default_factory=dict[Expiration, dict[Right, set[Decimal]]]
    )
    symbols: dict[tuple[str, date, Right, Decimal], str] = field(
        default_factory=dict[tuple[str, date, Right, Decimal], str]
    )
    other_names: int = 0
    roots: set[str] = field(default_factory=set[str])

    def takes(self, root: str, multiplier: Decimal) -> bool:
        """Return whether contracts of a root are standard ones on the underlying."""
        self.roots.add(root)
        adjusted = why_adjusted(self.underlying.symbol, root, multiplier)
        if option_class(root).underlying == self.underlying.symbol and adjusted is None:
            return True
        reason = adjusted or "another underlying"
        _log.info("chain_left_out", underlying=self.underlying.symbol, root=root, reason=reason)
        return False

    def add(self, root: str, day: str, settlement: str | None, listed: Iterable[NestedStrike]) -> None:
        """Take an expiration, unless it has settled."""
        expiration = self._expiration(root, day, settlement)
        if expiration is None or expiration.settles_at <= self.now:
            return
        sides = self.strikes.setdefault(expiration, {Right.CALL: set(), Right.PUT: set()})
        for strike in listed:
            for right, traded, symbol in (
                (Right.CALL, strike.call, strike.call_streamer_symbol),
                (Right.PUT, strike.put, strike.put_streamer_symbol),
            ):
                if not traded or strike.strike_price <= 0:
                    continue
                if self.is_checked and traded != self._named(expiration, right, strike.strike_price):
                    self.other_names += 1
                    continue
                sides[right].add(strike.strike_price)
                self.symbols[root, expiration.day, right, strike.strike_price] = symbol or ""

    def done(self) -> ListedChain:
        """Return the listing."""
        if self.other_names:
            _log.warning("contract_names_differ", underlying=self.underlying.symbol, contracts=self.other_names)
        listing = Listing(self.underlying, self.strikes)
        contracts = (listing.contract(place) for place in range(len(listing)))
        return ListedChain(
            listing,
            [
                self.symbols.get((contract.root, contract.day, contract.right, contract.strike), "")
                for contract in contracts
            ],
            unknown_classes(self.underlying.symbol, self.roots),
        )

    def _named(self, expiration: Expiration, right: Right, strike: Decimal) -> str:
        symbol = self.underlying.symbol
        return order_symbol(
            OptionContract(symbol, expiration.root, expiration.day, right, strike, expiration.multiplier)
        )

    def _expiration(self, root: str, stated_day: str, stated_settlement: str | None) -> Expiration | None:
        try:
            day = date.fromisoformat(stated_day)
        except ValueError:
            _log.warning("expiration_unreadable", root=root)
            return None
        terms = option_class(root)
        settlement = (stated_settlement or "").upper()
        if settlement in SETTLEMENTS and settlement != terms.settlement.value:
            _log.warning("settlement_differs", root=root, day=stated_day, settlement=stated_settlement)
        return Expiration(
            root=root,
            day=day,
            settles_at=settlement_instant(root, day, calendar=self.calendar),
            settlement=terms.settlement,
            style=terms.style,
            multiplier=Decimal(terms.multiplier),
        )
