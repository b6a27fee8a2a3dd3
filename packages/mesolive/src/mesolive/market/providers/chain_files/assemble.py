"""Builds a chain export from a file's rows: corrects or rejects contradictions, and reports anomalies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.contracts import ExerciseStyle, Expiration, Right, Underlying, UnderlyingKind
from mesolive.market.listing import Listing
from mesolive.market.option_classes import MarginRate, is_index, option_class
from mesolive.market.providers.chain_files.builder import (
    Contract,
    Identified,
    RawChain,
    expiries,
    identify,
    plural,
    symbol_of,
)
from mesolive.market.providers.chain_files.implied import ImpliedSpot, forwards, implied_spot, time_gap
from mesolive.market.providers.chain_files.model import ChainExport, ChainFileError, ChainFormat, Oddity, Treatment
from mesolive.market.view import FloatArray
from mesolive.records import replace

FUTURES_BASIS: Final = 0.5
"""By so much of its level a volatility index may lie off its futures."""
MIN_PAIRS: Final = 3
"""So many pairs of calls and puts must agree before a print is taken to be wrong."""
SWAPPED_SHARE: Final = 0.9
MAX_CROSSED_SHARE: Final = 0.5
MAX_YEARS_AHEAD: Final = 15.0
"""No exchange lists options further ahead."""
FEW_QUOTES_SHARE: Final = 0.1
MAX_PERCENT_MISFIT: Final = 0.01
INTRINSIC_SLACK: Final = 0.005
MAX_IMPOSSIBLE_SHARE: Final = 0.2
LOCKED_SHARE: Final = 0.9
MAX_AFTER_CLOSE: Final = timedelta(hours=1)
"""The exchange's quotes are delayed by a quarter of an hour, and index options trade so long after the close."""
MAX_RATE: Final = 0.06

_Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Quotes:
    """The quotes of a chain, beside its listing."""

    bid: FloatArray
    ask: FloatArray
    last: FloatArray
    volume: FloatArray
    open_interest: FloatArray
    volatility: FloatArray


def assemble(chain: RawChain, format_: ChainFormat, file_stem: str) -> ChainExport:
    """Return the chain export that a file's rows make.

    Parameters
    ----------
    chain
        The rows.
    format_
        Of the file.
    file_stem
        The file's name without its ending: a last hint.

    Raises
    ------
    ChainFileError
        When the rows make no chain, or contradict each other.
    """
    if not chain.quotes:
        raise ChainFileError("the file lists no contract")
    identified = identify(chain, file_stem)
    oddities = [*chain.oddities, *identified.oddities]
    if chain.first_repeated is not None:
        text, line = chain.first_repeated
        oddities.append(
            Oddity(
                "repeated_row",
                Treatment.LEFT_OUT,
                "contracts are listed again with the same values",
                chain.repeated,
                text,
                line,
            )
        )
    contracts = list(chain.quotes)
    standard = [contracts[place] for place in identified.standard]
    listing, order = _listing(standard, identified)
    table = chain.table()[np.asarray(identified.standard, dtype=np.intp)][order]
    quotes, noted = _quotes(table, [standard[place] for place in order], chain)
    oddities += noted
    _refuse_exchanged_rights(listing, quotes)
    _refuse_another_scale(listing, quotes)
    at, noted = _moment(chain, listing, quotes, standard)
    oddities += noted
    oddities += _time_oddities(at, listing)
    known = forwards(listing, at, quotes.bid, quotes.ask, quotes.volatility)
    gap = time_gap(known)
    if gap is not None and not gap.fits:
        text = (
            f"by the quotes the expirations are {abs(gap.years) * 365:.0f} days "
            f"{'closer' if gap.years > 0 else 'further'} than by the file's date {at:%Y-%m-%d}"
        )
        oddities.append(Oddity("date_doubtful", Treatment.NOTED, text))
    implied = implied_spot(known, dividends_in_steps=not identified.is_index)
    # Options on a volatility index are priced on its futures, which the index does not have to be near to.
    on_futures = option_class(standard[0].root).margin is MarginRate.VOLATILITY_INDEX
    if implied is not None and on_futures:
        implied = replace(implied, uncertainty=FUTURES_BASIS * implied.value)
    spot, change, noted = _spot(chain, implied, identified)
    oddities += noted
    under_bid, under_ask, noted = _underlying_market(chain, spot, implied, identified.is_index)
    oddities += noted
    bound = np.inf if on_futures else spot
    oddities += _impossible_prices(listing, quotes, bound)
    oddities += _price_oddities(listing, quotes, None if on_futures else spot, at)
    return ChainExport(
        name=chain.underlier.name or identified.symbol,
        exported_at=at,
        underlying_last=spot,
        underlying_change=change,
        underlying_bid=under_bid,
        underlying_ask=under_ask,
        listing=listing,
        bid=quotes.bid,
        ask=quotes.ask,
        last=quotes.last,
        volume=quotes.volume,
        open_interest=quotes.open_interest,
        format=format_,
        underlying_print=None if chain.underlier.estimated else chain.underlier.price,
        oddities=tuple(oddities),
    )


def _listing(contracts: Sequence[Contract], identified: Identified) -> tuple[Listing, list[int]]:
    """Return the listing, and for each of its contracts its place in `contracts`."""
    in_table = is_index(identified.symbol)
    expirations: dict[tuple[str, date], Expiration] = {}
    strikes: dict[Expiration, dict[Right, list[Decimal]]] = {}
    for root, day, right, strike in contracts:
        expiration = expirations.get((root, day))
        if expiration is None:
            terms = option_class(root)
            # An index that is not in the table: most are European.
            style = ExerciseStyle.EUROPEAN if identified.is_index and not in_table else terms.style
            settles_at = settlement_instant(root, day, terms.settlement)
            expiration = Expiration(root, day, settles_at, terms.settlement, style, Decimal(terms.multiplier))
            expirations[root, day] = expiration
            strikes[expiration] = {Right.CALL: [], Right.PUT: []}
        strikes[expiration][right].append(strike)
    listing = Listing(
        Underlying(identified.symbol, UnderlyingKind.INDEX if identified.is_index else UnderlyingKind.STOCK), strikes
    )
    places = {key: place for place, key in enumerate(contracts)}
    order = [
        places[Contract(expiration.root, expiration.day, right, listing.strike(index))]
        for expiration, (start, middle, end) in zip(listing.expirations, listing.bounds, strict=True)
        for right, first, last in ((Right.CALL, start, middle), (Right.PUT, middle, end))
        for index in range(first, last)
    ]
    return listing, order


def _quotes(table: FloatArray, contracts: Sequence[Contract], chain: RawChain) -> tuple[_Quotes, list[Oddity]]:
    """Return the quotes; exchanged columns are put right, and a chain without any quote is refused."""
    bid, ask, last, volume, interest, volatility = (np.ascontiguousarray(column) for column in table.T)
    oddities: list[Oddity] = []
    calls = np.array([contract.right is Right.CALL for contract in contracts])
    exchanged = np.zeros(len(contracts), dtype=np.bool_)
    for side in (calls, ~calls):  # a file may have exchanged the columns of one of them
        sound, wrong = _crossed(bid, ask, side)
        if np.count_nonzero(wrong) >= MIN_PAIRS and np.count_nonzero(wrong) >= SWAPPED_SHARE * np.count_nonzero(sound):
            exchanged |= side
    if exchanged.any():
        text = "the columns of bids and asks are exchanged: the bid lies above the ask"
        _, wrong = _crossed(bid, ask, exchanged)
        oddities.append(_at(chain, contracts, wrong, "bid_ask_exchanged", Treatment.CORRECTED, text))
        bid, ask = np.where(exchanged, ask, bid), np.where(exchanged, bid, ask)
    sound, wrong = _crossed(bid, ask, ~exchanged)
    count = int(np.count_nonzero(wrong))
    if count > max(MAX_CROSSED_SHARE * np.count_nonzero(sound), 1):
        first = contracts[int(np.flatnonzero(wrong)[0])]
        raise ChainFileError(
            f"the bid lies above the ask for {count} of {np.count_nonzero(sound)} contracts, neither few nor all, such "
            f"as {symbol_of(first)}",
            chain.lines[first],
        )
    if count:
        text = "the bid lies above the ask: no mark is taken from them"
        oddities.append(_at(chain, contracts, wrong, "crossed_market", Treatment.NOTED, text))
    ask_missing = ~(ask > 0.0)
    if bool(np.all(ask_missing & ~(bid > 0.0))):
        raise ChainFileError(
            "no contract has a bid or an ask: every quote is 0 or empty, as before the opening; export the file in the "
            "session"
        )
    quoted = int(np.count_nonzero(~ask_missing))
    if quoted < FEW_QUOTES_SHARE * len(contracts):
        text = f"only {quoted} of {len(contracts)} contracts have an ask"
        oddities.append(Oddity("few_quotes", Treatment.NOTED, text, len(contracts) - quoted))
    with np.errstate(invalid="ignore"):
        percent = np.nanmedian(volatility[volatility > 0.0]) > 3.0 if np.any(volatility > 0.0) else False
    return (
        _Quotes(
            bid=np.where(ask_missing & ~(bid > 0.0), np.nan, np.nan_to_num(bid, nan=0.0)),
            ask=np.where(ask_missing, np.nan, ask),
            last=np.where(last > 0.0, last, np.nan),
            volume=np.nan_to_num(volume, nan=0.0),
            open_interest=np.nan_to_num(interest, nan=0.0),
            volatility=volatility / 100.0 if percent else volatility,
        ),
        oddities,
    )


def _crossed(bid: FloatArray, ask: FloatArray, where: _Mask) -> tuple[_Mask, _Mask]:
    """Return which contracts of some have both sides, and which of those have the bid above the ask."""
    sound = where & (bid > 0.0) & (ask > 0.0)
    return sound, sound & (bid > ask)


def _at(
    chain: RawChain, contracts: Sequence[Contract], where: np.ndarray, code: str, treatment: Treatment, text: str
) -> Oddity:
    first = contracts[int(np.flatnonzero(where)[0])]
    return Oddity(code, treatment, text, int(np.count_nonzero(where)), symbol_of(first), chain.lines[first])


def _moment(
    chain: RawChain, listing: Listing, quotes: _Quotes, contracts: Sequence[Contract]
) -> tuple[datetime, list[Oddity]]:
    """Return the time of the quotes: the reading of the file's date that fits its contracts.

    Raises
    ------
    ChainFileError
        When none fits, or more than one does.
    """
    column = "Date"
    first, last = expiries(dict.fromkeys(contracts))
    zone = us_options_calendar().zone
    reasons: list[str] = []
    fitting: list[datetime] = []
    for moment in chain.moments:
        day = moment.astimezone(zone).date()
        if day > last:
            reasons.append(f"on {day} all {len(contracts)} contracts had expired, the last on {last}")
            continue
        if (first - day).days / 365 > MAX_YEARS_AHEAD:
            reasons.append(f"{day} lies {(first - day).days / 365:.0f} years before the first expiration, {first}")
            continue
        gap = time_gap(forwards(listing, moment, quotes.bid, quotes.ask, quotes.volatility))
        if gap is not None and (gap.excludes or (len(chain.moments) > 1 and not gap.fits)):
            reasons.append(
                f"{day} lies {(first - day).days} days before the first expiration, {first}, but by their prices the "
                f"options have {abs(gap.years) * 365:.0f} days {'less' if gap.years > 0 else 'more'} to live"
            )
            continue
        fitting.append(moment)
    if not fitting:
        raise ChainFileError(
            f"the date of the file contradicts its options: {'; '.join(reasons)}; correct the date, perhaps its year",
            chain.moment_line,
            column,
        )
    if len(fitting) > 1:
        days = " or ".join(f"{moment.astimezone(zone):%-d %B %Y}" for moment in fitting)
        raise ChainFileError(
            f"{chain.moment_text[:60]!r} may mean {days}, and the rest of the file fits both; write the date as "
            f"{fitting[0].astimezone(zone):%Y-%m-%d %H:%M}, for example",
            chain.moment_line,
            column,
        )
    if len(chain.moments) == 1:
        return fitting[0], []
    day = fitting[0].astimezone(zone).date()
    text = f"{chain.moment_text[:60]!r} is {day}: the other reading does not fit the expirations"
    return fitting[0], [Oddity("date_order", Treatment.ASSUMED, text)]


def _time_oddities(at: datetime, listing: Listing) -> list[Oddity]:
    calendar = us_options_calendar()
    oddities: list[Oddity] = []
    alive = listing.first_alive(at)
    dead = len(listing) if alive == len(listing.expirations) else listing.bounds[alive][0]
    if dead:
        example = symbol_of(Contract(*_key(listing, 0)))
        text = "contracts have settled by the time of the file"
        oddities.append(Oddity("expired", Treatment.NOTED, text, dead, example))
    local = calendar.local(at)
    session = calendar.session(local.date())
    if session is None or not session[0] <= at <= session[1] + MAX_AFTER_CLOSE:
        text = f"exported on {local:%A, %-d %B %Y at %H:%M} New York, outside of a session: the quotes are older"
        oddities.append(Oddity("outside_session", Treatment.NOTED, text))
    closed = sorted(
        {expiration.day for expiration in listing.expirations if not calendar.is_trading_day(expiration.day)}
    )
    if closed:
        text = "expirations fall on days without a session: they settle at the close before"
        oddities.append(Oddity("expiration_without_session", Treatment.NOTED, text, len(closed), closed[0].isoformat()))
    return oddities


def _key(listing: Listing, index: int) -> tuple[str, date, Right, Decimal]:
    contract = listing.contract(index)
    return contract.root, contract.day, contract.right, contract.strike


def _spot(
    chain: RawChain, implied: ImpliedSpot | None, identified: Identified
) -> tuple[float, float | None, list[Oddity]]:
    """Return the spot, the change since the close before, and the anomalies of the print."""
    underlier = chain.underlier
    price = underlier.price
    if price is not None and price > 0.0:
        if implied is None or not implied.contradicts(price):
            return price, underlier.change, []
        implied_price = round(implied.value, 2 if identified.is_index else 4)
        apart = f"{price:,.2f} in the file, {implied_price:,.2f} by put-call parity of {plural(implied.pairs, 'pair')}"
        if implied.pairs < MIN_PAIRS:
            text = f"the underlying's price does not fit its options: {apart}"
            return price, underlier.change, [Oddity("spot_doubtful", Treatment.NOTED, text, line=underlier.line)]
        text = f"the underlying's price contradicts its options: {apart}; the latter is used"
        # The change belongs to the print: without it, the previous close is kept. A print of another scale has none.
        change = None
        if underlier.change is not None and abs(price / implied_price - 1.0) < 0.5:
            change = round(implied_price - (price - underlier.change), 4)
        return implied_price, change, [Oddity("spot_contradicted", Treatment.CORRECTED, text, line=underlier.line)]
    if implied is None:
        raise ChainFileError(
            "the file has no price of the underlying, and no call and put of one strike, both with bid and ask, to "
            "compute it from",
            underlier.line,
            "Last",
        )
    implied_price = round(implied.value, 2 if identified.is_index else 4)
    pairs = plural(implied.pairs, "pair")
    text = f"the file has no price of the underlying: {implied_price:,.2f} by put-call parity of {pairs} is used"
    return implied_price, None, [Oddity("spot_implied", Treatment.ASSUMED, text)]


def _underlying_market(
    chain: RawChain, spot: float, implied: ImpliedSpot | None, index: bool
) -> tuple[float | None, float | None, list[Oddity]]:
    """Return the underlying's bid and ask, unless they contradict its price: a stock is marked at their middle."""
    bid, ask = chain.underlier.bid, chain.underlier.ask
    bid = bid if bid is not None and bid > 0.0 else None
    ask = ask if ask is not None and ask > 0.0 else None
    if bid is None or ask is None:
        return (bid, ask, []) if index or (bid is None and ask is None) else (None, None, [])
    middle = 0.5 * (bid + ask)
    wrong = bid > ask or bid > spot * (1 + MAX_PERCENT_MISFIT) or ask < spot * (1 - MAX_PERCENT_MISFIT)
    if not index:
        wrong = wrong or abs(middle - spot) > MAX_PERCENT_MISFIT * spot
        wrong = wrong or (implied is not None and implied.pairs >= MIN_PAIRS and implied.contradicts(middle))
    if not wrong:
        return bid, ask, []
    text = f"the underlying's market {bid:g} / {ask:g} does not fit its price {spot:g}"
    return None, None, [Oddity("underlying_market_contradicted", Treatment.LEFT_OUT, text)]


def _price_oddities(listing: Listing, quotes: _Quotes, spot: float | None, at: datetime) -> list[Oddity]:
    """Return which quotes cannot be traded at: below what exercising brings, or out of the order of the strikes.

    Parameters
    ----------
    spot
        `None` where exercising does not bring the difference to it.
    """
    oddities: list[Oddity] = []
    years = np.repeat(
        [max((expiration.settles_at - at).total_seconds(), 0.0) / 31_536_000.0 for expiration in listing.expirations],
        [end - start for start, _, end in listing.bounds],
    )
    low = np.exp(-MAX_RATE * years)
    level = 0.0 if spot is None else spot
    least = np.where(listing.is_call, level * low - listing.strikes, listing.strikes * low - level)
    with np.errstate(invalid="ignore"):
        cheap = (years > 0.0) & (quotes.ask < least - INTRINSIC_SLACK * level) & (spot is not None)
        following = np.arange(1, len(listing))
        same = np.zeros(max(len(listing) - 1, 0), dtype=np.bool_)
        for start, middle, end in listing.bounds:
            same[start : max(middle - 1, start)] = True
            same[middle : max(end - 1, middle)] = True
        call = listing.is_call[:-1]
        lower, higher = following - 1, following
        out = same & np.where(call, quotes.bid[higher] > quotes.ask[lower], quotes.bid[lower] > quotes.ask[higher])
    if cheap.any():
        example = symbol_of(Contract(*_key(listing, int(np.flatnonzero(cheap)[0]))))
        text = "asks lie below what exercising would bring: stale quotes"
        oddities.append(Oddity("ask_below_intrinsic", Treatment.NOTED, text, int(cheap.sum()), example))
    if out.any():
        example = symbol_of(Contract(*_key(listing, int(np.flatnonzero(out)[0]))))
        text = "quotes are out of the order of their strikes: the worse option is bid above the ask of the better one"
        oddities.append(Oddity("strike_order", Treatment.NOTED, text, int(out.sum()), example))
    return oddities


def _refuse_another_scale(listing: Listing, quotes: _Quotes) -> None:
    """Refuse a chain in which many puts cost more than their strikes, the most that a put can ever bring.

    Raises
    ------
    ChainFileError
        When it is so.
    """
    puts = ~listing.is_call & (quotes.bid > 0.0)
    dear = puts & (quotes.bid > listing.strikes * (1 + MAX_PERCENT_MISFIT))
    count, quoted = int(np.count_nonzero(dear)), int(np.count_nonzero(puts))
    if count > MAX_IMPOSSIBLE_SHARE * quoted:
        example = symbol_of(Contract(*_key(listing, int(np.flatnonzero(dear)[0]))))
        raise ChainFileError(
            f"{count} of {quoted} puts cost more than their strikes, such as {example}: the prices are of another "
            "scale, as after a lost decimal mark"
        )


def _impossible_prices(listing: Listing, quotes: _Quotes, spot: float) -> list[Oddity]:
    """Return which options cost more than they can ever bring, and whether these are marks instead of markets."""
    oddities: list[Oddity] = []
    quoted = quotes.bid > 0.0
    dear = quoted & (quotes.bid > np.where(listing.is_call, spot, listing.strikes) * (1 + MAX_PERCENT_MISFIT))
    if dear.any():
        example = symbol_of(Contract(*_key(listing, int(np.flatnonzero(dear)[0]))))
        text = "bids lie above what the option can ever bring"
        oddities.append(Oddity("bid_above_bound", Treatment.NOTED, text, int(np.count_nonzero(dear)), example))
    both = quoted & (quotes.ask > 0.0)
    locked = both & (quotes.bid == quotes.ask)
    if np.count_nonzero(both) > 1 and np.count_nonzero(locked) >= LOCKED_SHARE * np.count_nonzero(both):
        text = "bid and ask are the same: these are marks or last trades, not markets, so that fills cost no spread"
        oddities.append(Oddity("no_spread", Treatment.NOTED, text, int(np.count_nonzero(locked))))
    return oddities


def _refuse_exchanged_rights(listing: Listing, quotes: _Quotes) -> None:
    """Refuse a chain whose calls have the prices of its puts: there the call grows dearer with the strike.

    Raises
    ------
    ChainFileError
        When it is so.
    """
    slopes: list[float] = []
    for position in range(len(listing.expirations)):
        calls, puts = listing.pairs(position)
        strikes = listing.strikes[calls]
        difference = 0.5 * (quotes.bid[calls] + quotes.ask[calls] - quotes.bid[puts] - quotes.ask[puts])
        known = np.isfinite(difference)
        if int(known.sum()) >= 2:
            slopes.append(float(np.median(np.diff(difference[known]) / np.diff(strikes[known]))))
    if slopes and float(np.median(slopes)) > 0.5:
        raise ChainFileError(
            "the prices of calls and puts are exchanged: calls grow dearer with the strike, puts cheaper; check the "
            "columns"
        )
