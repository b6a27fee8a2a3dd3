"""The tastytrade provider: chains, windows, one-sided quotes, losses, new strikes, delayed and frozen quotes."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from mesolive.market.contracts import OptionContract, Right
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.tastytrade_client import CallFailedError
from mesolive_sdk.models import AgentStatus
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.quotes import CHAIN, DAY, QUICK, STRIKES, Quoted, quoted
from mesolive_testkit.tastytrade.sockets import until

PUT = OptionContract("SPX", "SPXW", date(2026, 8, 21), Right.PUT, Decimal(5000))
FAR = replace(PUT, strike=Decimal(9000))
CLOSE = datetime(2026, 7, 27, 20, 0, tzinfo=UTC)


def quality(one: Quoted, contract: OptionContract) -> QuoteQuality:
    found = one.book.view().find(contract)
    assert found is not None
    return found[0].quote(found[1]).quality


async def test_after_the_start_the_window_is_quoted_and_the_whole_chain_is_listed() -> None:
    async with quoted() as one:
        assert one.provider.status.state is AgentStatus.Connected
        listing = one.book.listing
        assert len(listing) == 2 * 2 * len(STRIKES)
        assert {(item.root, item.settlement.value) for item in listing.expirations} == {("SPX", "AM"), ("SPXW", "PM")}
        assert one.bid(PUT) == 10.0
        assert quality(one, PUT) is QuoteQuality.LIVE
        assert math.isnan(one.bid(FAR))
        subscribed = set(one.server.added)
        assert ".SPXW260821P5000" in subscribed
        assert ".SPXW260821P9000" not in subscribed, "it lies outside of the window"
        underlying = one.book.view().underlying
        assert (underlying.quote.last, underlying.today_open, underlying.previous_close) == (5000.0, 4990.0, 4980.0)


async def test_the_start_waits_for_the_first_quote_of_the_window_however_slow_the_machine_is() -> None:
    async with quoted(config=replace(QUICK, still_seconds=0.02), start=False) as one:
        subscribe = one.server.subscribe

        async def slow(added: list[dict[str, str]]) -> None:
            if any(item["symbol"] != "SPX" for item in added):
                await asyncio.sleep(0.3)
            await subscribe(added)

        one.server.subscribe = slow
        await one.provider.start()
        assert one.bid(PUT) == 10.0


async def test_quotes_with_one_side_and_no_quotes_are_kept_as_such() -> None:
    async with quoted() as one:
        await one.quote(PUT, "NaN", 0.05, 0, 12)
        found = one.book.view().find(PUT)
        assert found is not None
        quote = found[0].quote(found[1])
        assert (quote.bid, quote.ask) == (None, 0.05)
        await one.quote(PUT, None, "NaN", None, None)
        assert math.isnan(one.bid(PUT))


async def test_what_is_leased_beyond_the_window_is_quoted_with_the_brokers_greeks() -> None:
    async with quoted() as one:
        one.server.quotes[".SPXW260821P9000"] = [4000.0, 4001.0, 1, 1]
        market = Market([one.provider])
        with market.subscribe([FAR]):
            await until(lambda: one.bid(FAR) == 4000.0)
            await until(lambda: one.provider.greeks_of(FAR) is not None)
            greeks = one.provider.greeks_of(FAR)
            assert greeks is not None
            assert (greeks.volatility, greeks.delta) == (0.2, -0.3)
        await until(lambda: {"type": "Quote", "symbol": ".SPXW260821P9000"} in removed(one))
        index = one.book.listing.find(FAR)
        assert index is not None
        assert one.book.view().columns.released[index] != 0, "nobody updates it any more"


def removed(one: Quoted) -> list[dict[str, str]]:
    return [item for frame in one.server.of_type("FEED_SUBSCRIPTION") for item in frame.get("remove", ())]


async def test_after_a_loss_quotes_are_old_until_they_come_again() -> None:
    async with quoted() as one:
        index = one.book.listing.find(PUT)
        assert index is not None
        one.server.quotes.pop(".SPXW260821P5000")
        assert one.server.socket is not None
        await one.server.socket.close(1011)
        await until(lambda: one.provider.status.state is AgentStatus.Disconnected)
        assert one.provider.status.message
        assert (one.book.view().columns.released != 0).all()
        await until(lambda: one.provider.status.state is AgentStatus.Connected and one.server.connections == 2)
        other = one.book.listing.find(replace(PUT, strike=Decimal(4900)))
        assert other is not None
        await until(lambda: one.book.view().columns.released[other] == 0)
        assert one.book.view().columns.released[index] != 0, "it has not come again"


async def test_delayed_quotes_are_called_delayed() -> None:
    async with quoted(level="demo") as one:
        assert quality(one, PUT) is QuoteQuality.DELAYED


async def test_quotes_outside_of_the_session_are_frozen_and_silence_is_none() -> None:
    async with quoted(datetime(2026, 7, 26, 15, 0, tzinfo=UTC)) as one:
        assert quality(one, PUT) is QuoteQuality.FROZEN
        await one.clock.advance(3600)
        await until(lambda: not one.book.stale)
        assert Market([one.provider]).status().state is AgentStatus.Connected


async def test_silence_in_the_session_makes_the_books_stale_without_a_reconnect() -> None:
    async with quoted() as one:
        await one.clock.advance(61)
        await one.server.send(type="KEEPALIVE")
        assert one.book.stale
        assert one.server.connections == 1


async def test_a_contract_that_is_not_listed_lets_the_chain_be_read_again() -> None:
    async with quoted() as one:
        new = replace(PUT, strike=Decimal(5050))
        chains = [samples.chain("SPXW", "PM", DAY, *STRIKES, "5050.0"), samples.chain("SPX", "AM", DAY, *STRIKES)]
        one.rest.on("GET", CHAIN, samples.items(*chains))
        one.server.quotes[".SPXW260821P5050"] = [20.0, 20.5, 1, 1]
        one.provider.subscribe([new])
        await until(lambda: one.book.listing.find(new) is not None and one.bid(new) == 20.0)
        assert one.bid(PUT) == 10.0, "what stays keeps its quote"


async def test_quotes_that_come_while_another_chain_is_awaited_go_to_their_own_contracts() -> None:
    async with quoted(symbols=("SPX", "SPY"), start=False) as one:
        spy = "/option-chains/SPY/nested"
        one.rest.on("GET", spy, samples.items(samples.chain("SPY", "PM", DAY, "500.0")))
        one.server.trades["SPY"] = 500.0
        one.server.quotes[".SPY260821C500"] = one.server.quotes[".SPY260821P500"] = [3.0, 3.1, 1, 1]
        await one.provider.start()
        # A new strike below the others moves all of them; the other chain is never answered.
        chains = [samples.chain("SPXW", "PM", DAY, "3000.0", *STRIKES), samples.chain("SPX", "AM", DAY, *STRIKES)]
        one.rest.on("GET", CHAIN, samples.items(*chains))
        one.rest.hang.add(("GET", spy))
        one.provider.subscribe([replace(PUT, strike=Decimal(3000))])
        await until(lambda: one.rest.count("GET", spy) == 2)
        await one.quote(PUT, 11.0, 11.4, 5, 7)
        assert one.bid(PUT) == 11.0
        assert one.bid(replace(PUT, strike=Decimal(4900))) == 10.0


async def test_the_chains_are_read_anew_before_each_opening_and_closes_are_kept() -> None:
    async with quoted() as one:
        reads = one.rest.count("GET", CHAIN)
        await one.clock.advance((CLOSE - one.clock.now()).total_seconds() - 1)
        await one.server.compact("Trade", ["Trade", "SPX", 5003.0])
        await until(lambda: one.book.prices.last == 5003.0)
        await one.clock.advance(2)
        today = date(2026, 7, 27)
        await until(lambda: (day := one.book.history.of_day(today)) is not None and day.close is not None)
        day = one.book.history.of_day(today)
        assert day is not None
        assert (day.open, day.close) == (4990.0, 5003.0)
        await one.clock.advance(17 * 3600)
        await until(lambda: one.rest.count("GET", CHAIN) == reads + 1)


@pytest.mark.parametrize(("level", "silent_seconds"), [("api", 61), ("demo", 0)])
async def test_a_price_that_is_not_of_the_close_is_not_kept_and_the_next_summary_brings_the_close(
    level: str, silent_seconds: int
) -> None:
    """Quotes that were lost before the close, or that are those of a quarter of an hour before."""
    async with quoted(level=level) as one:
        await one.clock.advance((CLOSE - one.clock.now()).total_seconds() - silent_seconds - 1)
        await one.server.compact("Trade", ["Trade", "SPX", 5003.0])
        await until(lambda: one.book.prices.last == 5003.0)
        await one.clock.advance(silent_seconds + 2)
        # The turn of the close has ended when the chains are read on the next morning.
        reads = one.rest.count("GET", CHAIN)
        await one.clock.advance(17 * 3600)
        await until(lambda: one.rest.count("GET", CHAIN) == reads + 1)
        today = date(2026, 7, 27)
        day = one.book.history.of_day(today)
        assert day is None or day.close is None
        await one.server.compact("Summary", ["Summary", "SPX", "NaN", 5010.0, "NaN", "NaN"])
        await until(lambda: (day := one.book.history.of_day(today)) is not None and day.close == 5010.0)


def day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


async def test_a_kept_close_is_corrected_by_the_official_one_and_by_no_other_days() -> None:
    async with quoted() as one:
        today, before = date(2026, 7, 27), date(2026, 7, 24)
        await one.clock.advance((CLOSE - one.clock.now()).total_seconds() - 1)
        await one.server.compact("Trade", ["Trade", "SPX", 5003.0])
        await until(lambda: one.book.prices.last == 5003.0)
        await one.clock.advance(2)
        await until(lambda: (day := one.book.history.of_day(today)) is not None and day.close == 5003.0)
        await one.clock.advance(10 * 3600)
        # After midnight the summary is still that of the day before: its close is Friday's.
        late = ["Summary", "SPX", 4990.0, 4981.0, day_number(today), day_number(before)]
        await one.server.compact("Summary", late)
        await until(lambda: (day := one.book.history.of_day(before)) is not None and day.close == 4981.0)
        assert (day := one.book.history.of_day(today)) is not None
        assert day.close == 5003.0
        assert one.book.prices.previous_close == 5003.0, "Friday's close is not the one before Tuesday"
        tomorrow = ["Summary", "SPX", 0.0, 5002.5, day_number(date(2026, 7, 28)), day_number(today)]
        await one.server.compact("Summary", tomorrow)
        await until(lambda: (day := one.book.history.of_day(today)) is not None and day.close == 5002.5)
        assert one.book.prices.previous_close == 5002.5


async def test_adjusted_roots_and_roots_of_other_underlyings_are_left_out() -> None:
    async with quoted(start=False) as one:
        chains = [samples.chain(root, "PM", DAY, *STRIKES) for root in ("SPXW", "SPX1", "VIXW")]
        one.rest.on("GET", CHAIN, samples.items(*chains))
        await one.provider.start()
        assert {item.root for item in one.book.listing.expirations} == {"SPXW"}


async def test_a_chain_that_cannot_be_read_or_a_market_without_a_price_is_no_start() -> None:
    async with quoted(start=False) as one:
        one.rest.on("GET", CHAIN)
        with pytest.raises(CallFailedError, match="the chain of SPX"):
            await one.provider.start()
    async with quoted(config=replace(QUICK, start_seconds=0.2), start=False) as one:
        one.server.trades.clear()
        one.server.quotes.pop("SPX")
        with pytest.raises(TimeoutError, match="no price"):
            await one.provider.start()
        assert one.provider.status.state is AgentStatus.Disconnected


async def test_in_a_flood_the_last_quote_counts_and_readers_are_woken_once() -> None:
    async with quoted() as one:
        async with one.book.changes.subscribe() as changes:
            for price in range(2000):
                await one.server.compact("Quote", ["Quote", ".SPXW260821P5000", float(price), price + 1.0, 1, 1])
            woken = 0
            async with asyncio.timeout(5):
                async for _ in changes:
                    woken += 1
                    if one.bid(PUT) == 1999.0:
                        break
        assert woken < 200
        assert np.isfinite(one.book.view().columns.values["ask"]).sum() == 16
