"""Options on futures at tastytrade: symbols, chains and quotes, orders, sessions, settlements, at the double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.connectors.tastytrade.provider import TastytradeProvider
from mesolive.connectors.tastytrade.symbols import contract_of, future_of, order_symbol, streamer_symbol
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.fees import SETTLEMENT_FEE
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.option_classes import roots_of
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.tastytrade_client import RestApi
from mesolive.venues.base import Accepted, Ended, ExerciseNotice, Settled, VenueLeg
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.tastytrade.bench import QUICK_SETTINGS, TastytradeBench, client_of
from mesolive_testkit.tastytrade.rig import QUICK
from mesolive_testkit.tastytrade.sockets import until
from mesolive_testkit.venues.benches import ACCOUNT

pytestmark = pytest.mark.slow  # a connection, its double and a market for each: a third of a second

MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""In the session of the shares."""
EVENING = datetime(2026, 1, 6, 1, 0, tzinfo=UTC)
"""20:00 of the same Monday in New York: in the session of Tuesday."""
PAUSE = datetime(2026, 1, 5, 22, 30, tzinfo=UTC)
"""17:30 in New York: between two sessions."""


# --- symbols ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ordered", "streamed"),
    [
        ("./ESU3 EW4N3 230728C3990", "./EW4N23C3990:XCME"),
        ("./ESZ9 EW4U9 190927P2975", "./EW4U19P2975:XCME"),
        ("./ESU6 E1AN6 260706C6260", "./E1AN26C6260:XCME"),
        ("./ESZ6 ESZ6  261218C6300", "./ESZ26C6300:XCME"),
        ("./MESH7 EXZ6  261231P7012.5", "./EXZ26P7012.5:XCME"),
    ],
)
def test_symbols_are_those_that_the_broker_has_shown(ordered: str, streamed: str) -> None:
    contract = contract_of(ordered)
    assert contract is not None
    assert (order_symbol(contract), streamer_symbol(contract)) == (ordered, streamed)
    assert contract.multiplier == (5 if contract.underlying == "MES" else 50)


@given(
    product=st.sampled_from(["ES", "MES"]),
    at=st.integers(0, 100),
    day=st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    right=st.sampled_from(Right),
    quarters=st.integers(1, 80_000),
)
def test_a_contract_on_a_future_is_read_back_from_its_symbol(
    product: str, at: int, day: date, right: Right, quarters: int
) -> None:
    roots = roots_of(product)
    multiplier = Decimal(5 if product == "MES" else 50)
    strike = Decimal(quarters) / 4
    contract = OptionContract(product, roots[at % len(roots)], day, right, strike, multiplier)
    assert contract_of(order_symbol(contract)) == contract


@pytest.mark.parametrize(
    "symbol",
    [
        "./CLZ6 LOZ6  261117C70",
        "./ESZ6 EW4N6 260724C6300",
        "./ESU6 XYZN6 260706C6260",
        "/ESZ6",
        "./ESU6 E1AN6 261306C6260",
        "./ESU6 E1AN6 260706C06260",
    ],
)
def test_other_classes_and_other_futures_than_that_of_a_class_are_no_contract(symbol: str) -> None:
    assert contract_of(symbol) is None


def test_an_option_is_on_the_first_future_that_expires_with_it_or_later() -> None:
    def of(day: date) -> str:
        return future_of(OptionContract("ES", "EW", day, Right.PUT, Decimal(6000), Decimal(50)))

    assert [of(date(2026, 3, day)) for day in (19, 20, 23)] == ["/ESH6", "/ESH6", "/ESM6"]
    assert of(date(2026, 12, 31)) == "/ESH7"
    # Juneteenth of 2026 is the third Friday: the future expires on the Thursday before.
    assert [of(date(2026, 6, day)) for day in (18, 22)] == ["/ESM6", "/ESU6"]


# --- quotes -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def quoted(begin: datetime) -> AsyncGenerator[tuple[TastytradeProvider, TastytradeDouble, JumpingClock]]:
    clock = JumpingClock(begin)
    markets = Markets.simulated(clock, seed=3, symbols=("ES",), step=timedelta(seconds=10))
    double = TastytradeDouble(markets, clock, QUICK_SETTINGS, step=timedelta(seconds=10))
    await markets.start()
    await double.start()
    try:
        async with client_of(double) as calls:
            config = replace(QUICK, days=20, strikes=0.02)
            provider = TastytradeProvider(RestApi(calls), ["ES"], clock, us_options_calendar(), config)
            await provider.start()
            try:
                yield provider, double, clock
            finally:
                await provider.stop()
    finally:
        await double.stop()
        await markets.stop()


async def test_the_chain_of_a_product_of_futures_is_listed_and_quoted_at_night_too() -> None:
    async with quoted(EVENING) as (provider, double, clock):
        book, market = provider.books["ES"], double.desk.markets.book("ES")
        assert len(book.listing) == len(market.listing)
        assert book.prices.bid is not None
        assert book.spot == pytest.approx(market.spot, abs=1.0)
        await clock.advance(10)
        window = np.flatnonzero(np.isfinite(book.values("ask")))
        assert len(window) > 100
        place = int(window[len(window) // 2])
        contract = book.listing.contract(place)
        there = market.listing.find(contract)
        assert there is not None
        await until(lambda: book.values("ask")[place] == market.values("ask")[there])
        assert {item.multiplier for item in book.listing.expirations} == {Decimal(50)}
        location = Market([provider]).view("ES").find(contract)
        assert location is not None
        assert location[0].quote(location[1]).quality is QuoteQuality.LIVE, "options on futures trade at night"


async def test_the_underlying_is_the_nearest_future_and_the_next_one_from_its_expiration_on() -> None:
    friday = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
    async with quoted(friday) as (provider, double, clock):
        asked: list[tuple[str, str]] = []
        subscribe = provider.feed.subscribe

        def noted(subscriptions: object) -> None:
            asked.extend(subscriptions)  # type: ignore[call-overload]
            subscribe(asked)

        provider.feed.subscribe = noted
        await clock.jump(friday + timedelta(hours=1, minutes=31), lambda: None)
        await until(lambda: ("Quote", "/ESM26:XCME") in asked)
        before = provider.books["ES"].version
        await clock.advance(20)
        await until(lambda: provider.books["ES"].version > before)
        assert provider.books["ES"].spot == pytest.approx(double.desk.markets.book("ES").spot, abs=1.0)


# --- orders -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def trading(directory: Path, begin: datetime = MONDAY) -> AsyncGenerator[TastytradeBench]:
    clock = JumpingClock(begin)
    markets = Markets.simulated(clock, seed=7, symbols=("ES",), step=timedelta(seconds=1))
    market = Market([markets.provider("ES")])
    bench = TastytradeBench(directory, market, clock, "ES", 5, markets=markets)
    await markets.start()
    await bench.open()
    try:
        yield bench
    finally:
        await bench.close()
        await markets.stop()


async def test_a_spread_on_a_future_is_filled_in_the_evening_session_and_is_what_the_broker_holds(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path, EVENING) as bench, bench.venue.session():
        request = bench.order(2)
        assert isinstance(await bench.venue.submit(request), Accepted)
        async with asyncio.timeout(60):
            while len(executions := await bench.venue.executions(ACCOUNT, EVENING)) < 2:
                await bench.tick()
        (order,) = bench.double.desk.orders.values()
        assert {leg.instrument_type for leg in order.legs} == {"Future Option"}
        assert all(leg.commission > 0 for item in executions for leg in item.legs)
        expected = {leg.contract: leg.ratio * 2 for leg in request.legs}
        assert await bench.venue.positions(ACCOUNT) == expected
        back = tuple(VenueLeg(name=leg.name, contract=leg.contract, ratio=-leg.ratio) for leg in request.legs)
        assert isinstance(await bench.venue.submit(bench.order(2, legs=back)), Accepted)
        closing = list(bench.double.desk.orders.values())[-1]
        assert {leg.action for leg in closing.legs} == {"Buy to Close", "Sell to Close"}
        async with asyncio.timeout(60):
            while await bench.venue.positions(ACCOUNT):
                await bench.tick()


async def test_a_day_order_on_a_future_works_until_its_session_ends_and_none_is_taken_between_two(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path, EVENING) as bench, bench.venue.session():
        assert isinstance(await bench.venue.submit(bench.resting()), Accepted)
        (order,) = bench.double.desk.orders.values()
        assert order.expires_at == datetime(2026, 1, 6, 22, 0, tzinfo=UTC)
        index = OptionContract("SPX", "SPXW", date(2026, 1, 9), Right.PUT, Decimal(4900))
        legs = (VenueLeg(name="index", contract=index, ratio=Decimal(1)),)
        refused = await bench.venue.submit(bench.order(1, Decimal(1), legs=legs))
        assert isinstance(refused, Ended)
        assert "SPX is closed" in refused.reason
    async with trading(tmp_path / "pause", PAUSE) as bench, bench.venue.session():
        refused = await bench.venue.submit(bench.resting())
        assert isinstance(refused, Ended)
        assert "ES is closed" in refused.reason
        assert not bench.double.desk.orders


async def test_legs_on_two_futures_are_refused_with_their_names(tmp_path: Path) -> None:
    async with trading(tmp_path) as bench, bench.venue.session():
        view = bench.market.view("ES")
        legs: list[VenueLeg] = []
        for name, root, ratio in (("near", view.expirations[0].root, 1), ("far", "ES", -1)):
            day = next(expiration.day for expiration in reversed(view.expirations) if expiration.root == root)
            puts = view.slice(root, day, Right.PUT)
            assert puts is not None
            legs.append(VenueLeg(name=name, contract=puts.contract(5), ratio=Decimal(ratio)))
        refused = await bench.venue.submit(bench.order(legs=tuple(legs)))
        assert isinstance(refused, Ended)
        assert "one future per order" in refused.reason
        assert "/ESH6" in refused.reason


async def test_an_option_that_delivers_a_future_is_a_notice_and_one_that_ends_with_it_is_cash(tmp_path: Path) -> None:
    begin = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
    async with trading(tmp_path, begin) as bench:
        view = bench.market.view("ES")
        days = {
            "weekly": view.expirations[0],
            "quarterly": next(item for item in view.expirations if item.root == "ES"),
        }
        contracts: dict[str, OptionContract] = {}
        async with bench.venue.session():
            for name, expiration in days.items():
                puts = view.slice(expiration.root, expiration.day, Right.PUT)
                spot = view.underlying.quote.mark
                assert puts is not None
                assert spot is not None
                contracts[name] = puts.contract(int(abs(puts.strikes - spot * 1.03).argmin()))
                legs = (VenueLeg(name=name, contract=contracts[name], ratio=Decimal(1)),)
                assert isinstance(await bench.venue.submit(bench.order(legs=legs)), Accepted)
            async with asyncio.timeout(60):
                while len(await bench.venue.positions(ACCOUNT)) < 2:
                    await bench.tick()
        await bench.to(datetime(2026, 3, 21, 3, 0, tzinfo=UTC))
        await bench.tick()
        async with bench.venue.session():
            facts = {fact.contract: fact for fact in await bench.venue.settlements(ACCOUNT, begin)}
            notice, settled = facts[contracts["weekly"]], facts[contracts["quarterly"]]
            assert isinstance(notice, ExerciseNotice)
            assert isinstance(settled, Settled)
            assert settled.price > 0
            assert settled.cash == settled.price * 50 - SETTLEMENT_FEE
            assert bench.double.desk.account(ACCOUNT).positions["/ESH6"].quantity == -1, "the put has sold a future"
            assert await bench.venue.positions(ACCOUNT) == {}
