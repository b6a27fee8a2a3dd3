"""Reader of the JSON that the exchange's delayed quotes page loads: `{"timestamp": …, "data": {"options": […], …}}`.

`timestamp` is UTC without saying so (the sessions in it begin at 13:30 or 14:30). `data.current_price` is the
underlying's price, `data.symbol` its symbol (`^SPX` for an index), and every option has its OSI symbol, bid, ask, last
trade, volume, open interest and the vendor's volatility.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from mesolive.market.providers.chain_files.builder import Quote, RawChain, Symbols, Underlier
from mesolive.market.providers.chain_files.model import ChainFileError, Oddity, Treatment

_NONE: Final = math.nan


class _Option(msgspec.Struct):
    option: str
    bid: float | None = None
    ask: float | None = None
    last_trade_price: float | None = None
    volume: float | None = None
    open_interest: float | None = None
    iv: float | None = None


class _Data(msgspec.Struct):
    options: list[_Option]
    symbol: str = ""
    security_type: str = ""
    current_price: float | None = None
    close: float | None = None
    price_change: float | None = None
    prev_day_close: float | None = None
    bid: float | None = None
    ask: float | None = None


class _Answer(msgspec.Struct):
    data: _Data
    timestamp: str = ""
    symbol: str = ""


def read(content: bytes) -> RawChain:
    """Return the rows of a response.

    Raises
    ------
    ChainFileError
        When it is malformed; names the field.
    """
    try:
        answer = msgspec.json.decode(content, type=_Answer)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at ")
        raise ChainFileError(
            f"{text}; the answer of the exchange's delayed quotes has 'timestamp' and 'data' with 'options'",
            None,
            path.strip("`").removeprefix("$.") or "data",
        ) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ChainFileError(f"the JSON is cut or damaged: {error}") from None
    data = answer.data
    symbol = data.symbol or answer.symbol
    index = symbol.startswith(("^", "_")) or data.security_type.lower() == "index"
    plain = symbol.lstrip("^_").upper() or None
    price = data.current_price or data.close
    change = data.price_change
    if change is None and data.prev_day_close and price:
        change = price - data.prev_day_close
    known = bool(symbol or data.security_type)
    chain = RawChain(
        underlier=Underlier(
            name=plain or "",
            symbol=plain,
            is_index=index if known else None,
            price=price if price and price > 0.0 else None,
            change=change,
            bid=data.bid,
            ask=data.ask,
        ),
        moments=[_timestamp(answer.timestamp)],
        moment_text=answer.timestamp,
        oddities=[
            Oddity(
                "zone_missing",
                Treatment.ASSUMED,
                f"the timestamp {answer.timestamp!r} is UTC, as the exchange writes it",
            )
        ],
    )
    symbols = Symbols()
    for place, entry in enumerate(data.options):
        column = f"data.options[{place}]"
        for name in ("bid", "ask", "last_trade_price", "volume", "open_interest"):
            value: Any = getattr(entry, name)
            if value is not None and value < 0.0:
                raise ChainFileError(f"{value:g} is not a number of at least 0", None, f"{column}.{name}")
        quote = Quote(*(_NONE if value is None else value for value in _values(entry)))
        chain.add(symbols.contract(entry.option, None, f"{column}.option"), quote, place + 1, f"{column}.option")
    return chain


def _values(entry: _Option) -> tuple[float | None, ...]:
    return entry.bid, entry.ask, entry.last_trade_price, entry.volume, entry.open_interest, entry.iv


def _timestamp(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ChainFileError(
            f"a time such as '2026-03-16 20:30:00' was expected, not {text[:40]!r}", None, "timestamp"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
