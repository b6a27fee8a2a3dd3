"""Ticks of one contract: the values of a subscription at a moment, and the messages of those that have changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from mesolive.doubles.markets import Markets, OptionModel
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.messages import option_computation, tick_generic, tick_price, tick_size, tick_string
from mesolive.doubles.tws.wire import Message

BID, ASK, LAST = 1, 2, 4
HIGH, LOW, VOLUME, CLOSE, OPEN = 6, 7, 8, 9, 14
BID_SIZE, ASK_SIZE, LAST_SIZE = 0, 3, 5
BID_MODEL, ASK_MODEL, LAST_MODEL, MODEL = 10, 11, 12, 13
LAST_TIME, MARK = 45, 37

DELAYED: Final[Mapping[int, int]] = {
    BID: 66,
    ASK: 67,
    LAST: 68,
    BID_SIZE: 69,
    ASK_SIZE: 70,
    LAST_SIZE: 71,
    HIGH: 72,
    LOW: 73,
    VOLUME: 74,
    CLOSE: 75,
    OPEN: 76,
    BID_MODEL: 80,
    ASK_MODEL: 81,
    LAST_MODEL: 82,
    MODEL: 83,
    LAST_TIME: 88,
}
"""The ids of delayed ticks by those of live ones."""

SIZE_OF: Final[Mapping[int, int]] = {BID: BID_SIZE, ASK: ASK_SIZE, LAST: LAST_SIZE}
NO_PRICE: Final = -1.0
NOT_COMPUTED: Final = (-1.0, -2.0, -1.0, -1.0, -2.0, -2.0, -2.0, -1.0)
"""iv, delta, price, dividends, gamma, vega, theta and underlying of a computation that could not be made."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Everything that a subscription shows at a moment.

    Attributes
    ----------
    prices
        Price and size by tick.
    computations
        Option computations by tick, their eight numbers in the order of the message.
    generic, texts
        Values of their own by tick.
    """

    prices: Mapping[int, tuple[float, int]]
    computations: Mapping[int, Sequence[float]]
    generic: Mapping[int, float]
    texts: Mapping[int, str]

    @property
    def is_whole(self) -> bool:
        """Whether both sides of the market are there."""
        return all(self.prices.get(side, (NO_PRICE, 0))[0] != NO_PRICE for side in (BID, ASK))


def option_ticks(markets: Markets, instrument: Instrument, generic: frozenset[int], *, computed: bool) -> Ticks | None:
    """Return the ticks of an option, or `None` when it is not listed any more."""
    contract = instrument.option
    assert contract is not None  # noqa: S101 - callers ask for options only
    quote = markets.quote(contract)
    if quote is None:
        return None
    prices = {BID: _pair(quote.bid, quote.bid_size), ASK: _pair(quote.ask, quote.ask_size)}
    if quote.last is not None:
        prices[LAST] = _pair(quote.last, 1)
    values: dict[int, float] = {}
    if 101 in generic:
        side = 27 if instrument.right == "C" else 28
        values[side] = float(1000 + instrument.con_id % 5000)
    if 100 in generic:
        values[29 if instrument.right == "C" else 30] = float(instrument.con_id % 700)
    model = markets.model(contract) if computed or generic & {106, 221, 232} else None
    computations: dict[int, Sequence[float]] = {}
    if model is not None:
        if generic & {221, 232} and math.isfinite(model.price):
            prices[MARK] = (round(model.price, 2), 0)
        if 106 in generic and math.isfinite(model.iv):
            values[24] = round(model.iv, 6)
        if computed:
            computations = {BID_MODEL: NOT_COMPUTED, ASK_MODEL: NOT_COMPUTED, MODEL: _computation(model)}
    return Ticks(prices, computations, values, {})


def underlying_ticks(markets: Markets, instrument: Instrument, now: datetime) -> Ticks:
    """Return the ticks of an index, a stock or a future; an index has no bid and no offer, and sizes of 0."""
    view = markets.view(instrument.product)
    state, quote = view.underlying, view.underlying.quote
    is_index = instrument.sec_type == "IND"
    prices: dict[int, tuple[float, int]] = {}
    if is_index:
        prices[BID], prices[ASK] = (NO_PRICE, 0), (NO_PRICE, 0)
    else:
        prices[BID], prices[ASK] = _pair(quote.bid, 300), _pair(quote.ask, 400)
    prices[LAST] = _pair(quote.mark, 0 if is_index else 100)
    if state.previous_close is not None:
        prices[CLOSE] = (state.previous_close, 0)
    if state.today_open is not None:
        prices[OPEN] = (state.today_open, 0)
    last_time = quote.last_time or now
    return Ticks(prices, {}, {}, {LAST_TIME: f"{int(last_time.timestamp())}"})


def combo_ticks(markets: Markets, legs: Iterable[tuple[Instrument, int]]) -> Ticks | None:
    """Return the ticks of a combo from those of its legs, each with its signed ratio; `None` while a leg has none."""
    bid = ask = Decimal(0)
    depth: int | None = None
    for instrument, ratio in legs:
        quote = None if instrument.option is None else markets.quote(instrument.option)
        if quote is None or quote.bid is None or quote.ask is None:
            return None
        bid += ratio * (quote.bid if ratio > 0 else quote.ask)
        ask += ratio * (quote.ask if ratio > 0 else quote.bid)
        size = min(quote.bid_size, quote.ask_size) // abs(ratio)
        depth = size if depth is None else min(depth, size)
    return Ticks({BID: (float(bid), depth or 0), ASK: (float(ask), depth or 0)}, {}, {}, {})


def changes(req_id: int, old: Ticks | None, new: Ticks, *, delayed: bool) -> list[Message]:
    """Return the messages of what has changed since `old`; everything when that is `None`.

    Parameters
    ----------
    delayed
        Whether the ids of delayed ticks are written.
    """
    ids = DELAYED if delayed else {}
    messages: list[Message] = []
    for tick, (price, size) in new.prices.items():
        before = None if old is None else old.prices.get(tick)
        if before == (price, size):
            continue
        if before is not None and before[0] == price and tick in SIZE_OF:
            side = SIZE_OF[tick]
            messages.append(tick_size(req_id, ids.get(side, side), size))
            continue
        messages.append(tick_price(req_id, ids.get(tick, tick), price, size, 1 if tick in {BID, ASK} else 0))
        if before is None and tick in SIZE_OF and price != NO_PRICE:
            side = SIZE_OF[tick]
            messages.append(tick_size(req_id, ids.get(side, side), size))
    for tick, value in new.generic.items():
        if old is None or old.generic.get(tick) != value:
            kind = tick_size(req_id, tick, int(value)) if tick in {27, 28, 29, 30} else None
            messages.append(kind or tick_generic(req_id, tick, value))
    for tick, text in new.texts.items():
        if old is None or old.texts.get(tick) != text:
            messages.append(tick_string(req_id, ids.get(tick, tick), text))
    for tick, values in new.computations.items():
        if old is None or old.computations.get(tick) != values:
            messages.append(option_computation(req_id, ids.get(tick, tick), values))
    return messages


def _computation(model: OptionModel) -> Sequence[float]:
    """Return the model's computation; a value that there is not has the protocol's -1 or -2."""
    return (
        _or(model.iv, -1.0),
        _or(model.delta, -2.0),
        _or(model.price, -1.0),
        0.0,
        _or(model.gamma, -2.0),
        _or(model.vega, -2.0),
        _or(model.theta, -2.0),
        _or(model.spot, -1.0),
    )


def _or(value: float, missing: float) -> float:
    return round(value, 8) if math.isfinite(value) else missing


def _pair(price: Decimal | float | None, size: int) -> tuple[float, int]:
    return (NO_PRICE, 0) if price is None else (float(price), size)
