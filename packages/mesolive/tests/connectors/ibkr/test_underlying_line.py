"""The market data line of an underlying: asked for again when it is silent, of an index not at night."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from mesolive.clock import ManualClock
from mesolive.connectors.ibkr.tws_messages import Contract
from mesolive.connectors.ibkr.underlying_line import UnderlyingLine
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import NEW_YORK, us_options_calendar
from mesolive.market.contracts import Underlying
from mesolive.market.listing import Listing
from mesolive.market.trading_hours import trading_hours


class Lines:
    """A session that counts the lines which were opened and closed."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0

    def open_line(self, _contract: Contract, _sink: object) -> Lines:
        self.opened += 1
        return self

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("symbol", "hour", "asked"),
    [("SPX", 11, 2), ("SPX", 22, 1), ("SPX", 18, 1), ("ES", 22, 2)],
    ids=["in the session", "at night", "while nothing trades", "a future at night"],
)
def test_a_silent_underlying_is_asked_for_again_while_it_has_a_price_of_its_own(
    symbol: str, hour: int, asked: int
) -> None:
    now = datetime(2024, 3, 12, hour, 0, tzinfo=NEW_YORK).astimezone(UTC)
    book = QuoteBook(
        Listing(Underlying(symbol), {}), ManualClock(now), us_options_calendar(), hours=trading_hours(symbol)
    )

    def report(_outcome: object, _code: int) -> None:
        raise AssertionError("no line was refused")

    lines = Lines()
    line = UnderlyingLine(book, cast("Any", lines), report, asyncio.Event())
    for minute in range(2):
        line.follow(Contract(symbol=symbol), now + timedelta(minutes=minute))
    assert (lines.opened, lines.closed) == (asked, asked - 1)
