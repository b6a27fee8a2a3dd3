"""Option chains from IB's answers: which classes and expirations to ask for, and the listing of the answers. Pure.

`reqSecDefOptParams` gives expirations and strikes per class; their product is not what is listed. So the contracts of
each class, expiration and right are asked for, and those make the listing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Final

import structlog

from mesolive.connectors.ibkr.contract_mapping import (
    FUTURES_EXCHANGE,
    FUTURES_OPTION,
    OPTION,
    SMART,
    date_of,
    is_future_option,
    option_of,
)
from mesolive.connectors.ibkr.tws_messages import Contract, ContractDetails, OptionParameters
from mesolive.market.calendar import NEW_YORK, ExchangeCalendar, settlement_instant
from mesolive.market.contracts import Expiration, OptionContract, Right, Settlement, Underlying
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class, why_adjusted
from mesolive.records import replace

_log = structlog.get_logger(__name__)

INDEX_EXCHANGES: Final[Mapping[str, str]] = {
    "NDX": "NASDAQ",
    "XND": "NASDAQ",
    "RUT": "RUSSELL",
    "MRUT": "RUSSELL",
}
"""Where IB lists an index that is not Cboe's."""
CBOE: Final = "CBOE"
FUTURES_END: Final = time(9, 30)
"""In New York, on a last day without a session of the exchange."""


@dataclass(frozen=True, slots=True, order=True)
class SliceKey:
    """One request for contracts: a class, an expiration and a right.

    Attributes
    ----------
    last_trade
        `YYYYMMDD` as TWS states it: the last trading day, for an AM-settled class the day before its expiration.
    """

    last_trade: str
    root: str
    right: str
    multiplier: str


@dataclass(frozen=True, slots=True)
class ListedContract:
    """A contract with its conId."""

    con_id: int
    contract: OptionContract


def underlying_query(underlying: Underlying) -> Contract:
    """Return what to ask TWS for to find an underlying; of a future, all its months."""
    if underlying.is_index:
        exchange = INDEX_EXCHANGES.get(underlying.symbol, CBOE)
        return Contract(symbol=underlying.symbol, sec_type="IND", exchange=exchange, currency=underlying.currency)
    if underlying.is_future:
        return Contract(
            symbol=underlying.symbol, sec_type="FUT", exchange=FUTURES_EXCHANGE, currency=underlying.currency
        )
    return Contract(symbol=underlying.symbol, sec_type="STK", exchange=SMART, currency=underlying.currency)


def futures_that_trade(
    details: Iterable[ContractDetails], now: datetime, calendar: ExchangeCalendar
) -> list[ContractDetails]:
    """Return the futures that have not ended, the nearest first; what has no date that can be read is left out."""
    ends = [(end, item) for item in details if (end := future_ends_at(item, calendar)) is not None]
    return [item for end, item in sorted(ends, key=lambda pair: pair[0]) if end > now]


def future_ends_at(details: ContractDetails, calendar: ExchangeCalendar) -> datetime | None:
    """Return when trading in a future ends: futures on indexes settle at the opening of their last day."""
    day = date_of(details.real_expiration or details.contract.last_trade)
    if day is None:
        return None
    session = calendar.session(day)
    return session[0] if session is not None else datetime.combine(day, FUTURES_END, NEW_YORK)


def slices_to_ask(underlying: Underlying, rows: Iterable[OptionParameters]) -> list[SliceKey]:
    """Return what to ask for, the nearest expirations first.

    Only classes of the underlying by the table of option classes: adjusted ones and those of another multiplier are
    left out. Of several exchanges one is taken: SMART, or the exchange of options on futures.
    """
    preferred = (FUTURES_EXCHANGE,) if underlying.is_future else (SMART, CBOE)
    by_class: dict[str, list[OptionParameters]] = {}
    for row in rows:
        if not _is_standard(underlying, row) or row.exchange not in preferred:
            continue
        known = by_class.setdefault(row.trading_class, [])
        # Options of one class on several futures come as several rows of one exchange.
        if known and preferred.index(row.exchange) < preferred.index(known[0].exchange):
            known.clear()
        if not known or row.exchange == known[0].exchange:
            known.append(row)
    return sorted(
        {
            SliceKey(day, row.trading_class, right.value, row.multiplier)
            for same in by_class.values()
            for row in same
            for day in row.expirations
            for right in Right
        }
    )


def _is_standard(underlying: Underlying, row: OptionParameters) -> bool:
    try:
        multiplier = Decimal(row.multiplier)
    except InvalidOperation:
        _log.warning("chain_left_out", underlying=underlying.symbol, root=row.trading_class, reason="no multiplier")
        return False
    adjusted = why_adjusted(underlying.symbol, row.trading_class, multiplier)
    if adjusted is not None or option_class(row.trading_class).underlying != underlying.symbol:
        _log.debug("chain_left_out", underlying=underlying.symbol, root=row.trading_class, reason=adjusted or "class")
        return False
    return True


def slice_query(underlying: Underlying, key: SliceKey) -> Contract:
    """Return what to ask TWS for to get a slice: always with an exchange, or it answers for each exchange."""
    return Contract(
        symbol=underlying.symbol,
        sec_type=FUTURES_OPTION if underlying.is_future else OPTION,
        exchange=FUTURES_EXCHANGE if underlying.is_future else SMART,
        currency=underlying.currency,
        trading_class=key.root,
        last_trade=key.last_trade,
        right=key.right,
        multiplier=key.multiplier,
    )


def listed_contracts(key: SliceKey, details: Iterable[ContractDetails]) -> list[ListedContract]:
    """Return the contracts of an answer; those that cannot be read, or that belong to another slice, are left out."""
    result: list[ListedContract] = []
    for item in details:
        contract = contract_of_details(item)
        if contract is None or (contract.root, contract.right.value) != (key.root, key.right):
            _log.warning("contract_left_out", con_id=item.contract.con_id, symbol=item.contract.local_symbol)
            continue
        result.append(ListedContract(item.contract.con_id, contract))
    return result


def contract_of_details(details: ContractDetails) -> OptionContract | None:
    """Return the option of some details, with its date of expiration whatever zone TWS is logged in with.

    The date is that of the OCC symbol; options on futures have none, and take the real expiration that TWS states.
    """
    contract = option_of(details.contract)
    stated = date_of(details.real_expiration)
    if contract is None or stated is None or stated == contract.day:
        return contract
    if is_future_option(contract):
        return replace(contract, day=stated)
    _log.warning("expiration_differs", symbol=details.contract.local_symbol, stated=details.real_expiration)
    return contract


def listing_of(
    underlying: Underlying,
    contracts: Iterable[ListedContract],
    now: datetime,
    calendar: ExchangeCalendar,
    unread: Iterable[SliceKey] = (),
) -> tuple[Listing, Sequence[int]]:
    """Return the listing of contracts that have not settled, and their conIds in its order.

    Parameters
    ----------
    unread
        What IB lists, and was never asked for.
    """
    strikes: dict[tuple[str, date], dict[Right, set[Decimal]]] = {}
    ids: dict[OptionContract, int] = {}
    for item in contracts:
        contract = item.contract
        sides = strikes.setdefault((contract.root, contract.day), {Right.CALL: set(), Right.PUT: set()})
        sides[contract.right].add(contract.strike)
        ids[contract] = item.con_id
    terms = {key: _expiration(*key, calendar) for key in strikes}
    listed = {terms[key]: sides for key, sides in strikes.items() if terms[key].settles_at > now}
    listing = Listing(underlying, listed, unread_expirations(underlying, unread, calendar))
    return listing, [ids.get(listing.contract(place), 0) for place in range(len(listing))]


def unread_expirations(
    underlying: Underlying, keys: Iterable[SliceKey], calendar: ExchangeCalendar
) -> list[Expiration]:
    """Return the expirations of slices that are not read yet.

    IB tells the last trading day; of an index's class that settles at the opening it is the one before.
    """
    result: dict[tuple[str, date], Expiration] = {}
    for key in keys:
        day = date_of(key.last_trade)
        if day is None:
            continue
        if option_class(key.root).settlement is Settlement.AM and not underlying.is_future:
            day = calendar.next_trading_day(day)
        if (key.root, day) not in result:
            result[key.root, day] = _expiration(key.root, day, calendar)
    return list(result.values())


def _expiration(root: str, day: date, calendar: ExchangeCalendar) -> Expiration:
    terms = option_class(root)
    return Expiration(
        root=root,
        day=day,
        settles_at=settlement_instant(root, day, calendar=calendar),
        settlement=terms.settlement,
        style=terms.style,
        multiplier=Decimal(terms.multiplier),
    )
