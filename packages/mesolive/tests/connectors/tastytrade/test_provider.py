"""The tastytrade provider: chains, windows, one-sided quotes, losses, new strikes, delayed and frozen quotes."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from mesolive.market.contracts import OptionContract, Right
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.tastytrade_client import CallFailedError
from mesolive_sdk.models import AgentStatus
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.quotes import CHAIN, DAY, QUICK, STRIKES, Quoted, quoted
from mesolive_testkit.tastytrade.sockets import until

PUT = OptionContract("SPX", "SPXW", date(2026, 8, 21), Right.PUT, Decimal(5000))
FAR = replace(PUT, strike=Decimal(9000))
CLOSE = datetime(2026, 7, 27, 20, 0, tzinfo=UTC)


def quality(rig: Quoted, contract: OptionContract) -> QuoteQuality:
    location = rig.book.view().find(contract)
    assert location is not None
    return location[0].quote(location[1]).quality


async def test_after_the_start_the_window_is_quoted_and_the_whole_chain_is_listed() -> None:
    async with quoted() as rig:
        assert rig.provider.status.state is AgentStatus.Connected
        listing = rig.book.listing
        assert len(listing) == 2 * 2 * len(STRIKES)
        assert {(item.root, item.settlement.value) for item in listing.expirations} == {("SPX", "AM"), ("SPXW", "PM")}
        assert rig.bid(PUT) == 10.0
        assert quality(rig, PUT) is QuoteQuality.LIVE
        assert math.isnan(rig.bid(FAR))
        subscribed = set(rig.server.added)
        assert ".SPXW260821P5000" in subscribed
        assert ".SPXW260821P9000" not in subscribed, "it lies outside of the window"
        underlying = rig.book.view().underlying
        assert (underlying.quote.last, underlying.today_open, underlying.previous_close) == (5000.0, 4990.0, 4980.0)


async def test_the_start_waits_for_the_first_quote_of_the_window_however_slow_the_machine_is() -> None:
    async with quoted(config=replace(QUICK, still_seconds=0.02), start=False) as rig:
        subscribe = rig.server.subscribe

        async def slow(added: list[dict[str, str]]) -> None:
            if any(item["symbol"] != "SPX" for item in added):
                await asyncio.sleep(0.3)
            await subscribe(added)

        rig.server.subscribe = slow
        await rig.provider.start()
        assert rig.bid(PUT) == 10.0


async def test_one_sided_and_empty_quotes_are_stored_as_they_came() -> None:
    async with quoted() as rig:
        await rig.quote(PUT, "NaN", 0.05, 0, 12)
        location = rig.book.view().find(PUT)
        assert location is not None
        quote = location[0].quote(location[1])
        assert (quote.bid, quote.ask) == (None, 0.05)
        await rig.quote(PUT, None, "NaN", None, None)
        assert math.isnan(rig.bid(PUT))


async def test_what_is_leased_beyond_the_window_is_quoted_with_the_brokers_greeks() -> None:
    async with quoted() as rig:
        rig.server.quotes[".SPXW260821P9000"] = [4000.0, 4001.0, 1, 1]
        market = Market([rig.provider])
        with market.subscribe([FAR]):
            await until(lambda: rig.bid(FAR) == 4000.0)
            await until(lambda: rig.provider.greeks_of(FAR) is not None)
            greeks = rig.provider.greeks_of(FAR)
            assert greeks is not None
            assert (greeks.volatility, greeks.delta) == (0.2, -0.3)
        await until(lambda: {"type": "Quote", "symbol": ".SPXW260821P9000"} in removed(rig))
        index = rig.book.listing.find(FAR)
        assert index is not None
        assert rig.book.view().columns.released[index] != 0, "nobody updates it any more"


def removed(rig: Quoted) -> list[dict[str, str]]:
    return [item for frame in rig.server.of_type("FEED_SUBSCRIPTION") for item in frame.get("remove", ())]


async def test_after_a_loss_quotes_are_old_until_they_come_again() -> None:
    async with quoted() as rig:
        index = rig.book.listing.find(PUT)
        assert index is not None
        rig.server.quotes.pop(".SPXW260821P5000")
        assert rig.server.socket is not None
        await rig.server.socket.close(1011)
        await until(lambda: rig.provider.status.state is AgentStatus.Disconnected)
        assert rig.provider.status.message
        assert (rig.book.view().columns.released != 0).all()
        await until(lambda: rig.provider.status.state is AgentStatus.Connected and rig.server.connections == 2)
        other = rig.book.listing.find(replace(PUT, strike=Decimal(4900)))
        assert other is not None
        await until(lambda: rig.book.view().columns.released[other] == 0)
        assert rig.book.view().columns.released[index] != 0, "it has not come again"


async def test_delayed_quotes_are_called_delayed() -> None:
    async with quoted(level="demo") as rig:
        assert quality(rig, PUT) is QuoteQuality.DELAYED


async def test_quotes_outside_of_the_session_are_frozen_and_silence_is_none() -> None:
    async with quoted(datetime(2026, 7, 26, 15, 0, tzinfo=UTC)) as rig:
        assert quality(rig, PUT) is QuoteQuality.FROZEN
        await rig.clock.advance(3600)
        await until(lambda: not rig.book.stale)
        assert Market([rig.provider]).status().state is AgentStatus.Connected


async def test_silence_in_the_session_makes_the_books_stale_without_a_reconnect() -> None:
    async with quoted() as rig:
        await rig.clock.advance(61)
        await rig.server.send(type="KEEPALIVE")
        assert rig.book.stale
        assert rig.server.connections == 1


async def test_a_contract_that_is_not_listed_lets_the_chain_be_read_again() -> None:
    async with quoted() as rig:
        new = replace(PUT, strike=Decimal(5050))
        chains = [samples.chain("SPXW", "PM", DAY, *STRIKES, "5050.0"), samples.chain("SPX", "AM", DAY, *STRIKES)]
        rig.rest.on("GET", CHAIN, samples.items(*chains))
        rig.server.quotes[".SPXW260821P5050"] = [20.0, 20.5, 1, 1]
        rig.provider.subscribe([new])
        await until(lambda: rig.book.listing.find(new) is not None and rig.bid(new) == 20.0)
        assert rig.bid(PUT) == 10.0, "what stays keeps its quote"


async def test_quotes_that_come_while_another_chain_is_awaited_go_to_their_own_contracts() -> None:
    async with quoted(symbols=("SPX", "SPY"), start=False) as rig:
        spy = "/option-chains/SPY/nested"
        rig.rest.on("GET", spy, samples.items(samples.chain("SPY", "PM", DAY, "500.0")))
        rig.server.trades["SPY"] = 500.0
        rig.server.quotes[".SPY260821C500"] = rig.server.quotes[".SPY260821P500"] = [3.0, 3.1, 1, 1]
        await rig.provider.start()
        # A new strike below the others moves all of them; the other chain is never answered.
        chains = [samples.chain("SPXW", "PM", DAY, "3000.0", *STRIKES), samples.chain("SPX", "AM", DAY, *STRIKES)]
        rig.rest.on("GET", CHAIN, samples.items(*chains))
        rig.rest.hang.add(("GET", spy))
        rig.provider.subscribe([replace(PUT, strike=Decimal(3000))])
        await until(lambda: rig.rest.count("GET", spy) == 2)
        await rig.quote(PUT, 11.0, 11.4, 5, 7)
        assert rig.bid(PUT) == 11.0
        assert rig.bid(replace(PUT, strike=Decimal(4900))) == 10.0


async def test_the_chains_are_read_again_before_each_opening_and_closes_are_stored() -> None:
    async with quoted() as rig:
        reads = rig.rest.count("GET", CHAIN)
        await rig.clock.advance((CLOSE - rig.clock.now()).total_seconds() - 1)
        await rig.server.compact("Trade", ["Trade", "SPX", 5003.0])
        await until(lambda: rig.book.prices.last == 5003.0)
        await rig.clock.advance(2)
        today = date(2026, 7, 27)
        await until(lambda: (day := rig.book.history.of_day(today)) is not None and day.close is not None)
        day = rig.book.history.of_day(today)
        assert day is not None
        assert (day.open, day.close) == (4990.0, 5003.0)
        await rig.clock.advance(17 * 3600)
        await until(lambda: rig.rest.count("GET", CHAIN) == reads + 1)


@pytest.mark.parametrize(("level", "silent_seconds"), [("api", 61), ("demo", 0)])
async def test_a_price_that_is_not_of_the_close_is_not_stored_and_the_next_summary_brings_the_close(
    level: str, silent_seconds: int
) -> None:
    """Quotes that were lost before the close, or that are those of a quarter of an hour before."""
    async with quoted(level=level) as rig:
        await rig.clock.advance((CLOSE - rig.clock.now()).total_seconds() - silent_seconds - 1)
        await rig.server.compact("Trade", ["Trade", "SPX", 5003.0])
        await until(lambda: rig.book.prices.last == 5003.0)
        await rig.clock.advance(silent_seconds + 2)
        # The turn of the close has ended when the chains are read on the next morning.
        reads = rig.rest.count("GET", CHAIN)
        await rig.clock.advance(17 * 3600)
        await until(lambda: rig.rest.count("GET", CHAIN) == reads + 1)
        today = date(2026, 7, 27)
        day = rig.book.history.of_day(today)
        assert day is None or day.close is None
        await rig.server.compact("Summary", ["Summary", "SPX", "NaN", 5010.0, "NaN", "NaN"])
        await until(lambda: (day := rig.book.history.of_day(today)) is not None and day.close == 5010.0)


def day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


async def test_a_stored_close_is_corrected_by_the_official_one_and_by_no_other_days() -> None:
    async with quoted() as rig:
        today, before = date(2026, 7, 27), date(2026, 7, 24)
        await rig.clock.advance((CLOSE - rig.clock.now()).total_seconds() - 1)
        await rig.server.compact("Trade", ["Trade", "SPX", 5003.0])
        await until(lambda: rig.book.prices.last == 5003.0)
        await rig.clock.advance(2)
        await until(lambda: (day := rig.book.history.of_day(today)) is not None and day.close == 5003.0)
        await rig.clock.advance(10 * 3600)
        # After midnight the summary is still that of the day before: its close is Friday's.
        late = ["Summary", "SPX", 4990.0, 4981.0, day_number(today), day_number(before)]
        await rig.server.compact("Summary", late)
        await until(lambda: (day := rig.book.history.of_day(before)) is not None and day.close == 4981.0)
        assert (day := rig.book.history.of_day(today)) is not None
        assert day.close == 5003.0
        assert rig.book.prices.previous_close == 5003.0, "Friday's close is not the one before Tuesday"
        tomorrow = ["Summary", "SPX", 0.0, 5002.5, day_number(date(2026, 7, 28)), day_number(today)]
        await rig.server.compact("Summary", tomorrow)
        await until(lambda: (day := rig.book.history.of_day(today)) is not None and day.close == 5002.5)
        assert rig.book.prices.previous_close == 5002.5


async def test_adjusted_roots_and_roots_of_other_underlyings_are_left_out() -> None:
    async with quoted(start=False) as rig:
        chains = [samples.chain(root, "PM", DAY, *STRIKES) for root in ("SPXW", "SPX1", "VIXW")]
        rig.rest.on("GET", CHAIN, samples.items(*chains))
        await rig.provider.start()
        assert {item.root for item in rig.book.listing.expirations} == {"SPXW"}


async def test_a_chain_that_cannot_be_read_or_a_market_without_a_price_is_no_start(pass_time: PassTime) -> None:
    async with quoted(start=False) as rig:
        rig.rest.on("GET", CHAIN)
        with pytest.raises(CallFailedError, match="the chain of SPX"):
            await rig.provider.start()
    async with quoted(config=replace(QUICK, start_seconds=30.0), start=False) as rig:
        rig.server.trades.clear()
        rig.server.quotes.pop("SPX")
        starting = asyncio.create_task(rig.provider.start())
        await rig.server.subscribed.wait()
        pass_time(30.0)
        with pytest.raises(TimeoutError, match="no price"):
            await starting
        assert rig.provider.status.state is AgentStatus.Disconnected


async def test_in_a_flood_the_last_quote_counts_and_readers_are_woken_once() -> None:
    async with quoted() as rig:
        async with rig.book.changes.subscribe() as changes:
            for price in range(2000):
                await rig.server.compact("Quote", ["Quote", ".SPXW260821P5000", float(price), price + 1.0, 1, 1])
            woken = 0
            async with asyncio.timeout(60):
                async for _ in changes:
                    woken += 1
                    if rig.bid(PUT) == 1999.0:
                        break
        assert woken < 200
        assert np.isfinite(rig.book.view().columns.values["ask"]).sum() == 16
