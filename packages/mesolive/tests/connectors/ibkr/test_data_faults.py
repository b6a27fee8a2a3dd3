"""Faults from the field that concern market data, at the double of TWS; the numbers are those of the list of faults."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from mesolive.connectors.ibkr.data_codes import LineOutcome
from mesolive.connectors.ibkr.option_lines import OptionLines
from mesolive.connectors.ibkr.tws_messages import Contract
from mesolive.doubles.tws.settings import DoubleSettings, Entitlement
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract, Right, Settlement
from mesolive.market.lines import LineChanges, LinePriority
from mesolive.market.listing import Listing
from mesolive.market.quality import QuoteQuality
from mesolive.records import replace
from mesolive_sdk.models import AgentStatus
from mesolive_testkit.ibkr_rig import CLIENT_ID, TwsWorld

# A second of CPU each: every second of market time the lines of the connector roll on, message by message.
pytestmark = pytest.mark.slow


@asynccontextmanager
async def quoting(**fields: Any) -> AsyncGenerator[TwsWorld]:
    """Run a provider at a double, with quotes."""
    world = TwsWorld(**fields)
    await world.open()
    try:
        await world.provider.start()
        await world.chains()
        await world.clock.advance(10)
        yield world
    finally:
        if world.provider.status.state is not AgentStatus.Disconnected or world.session.state.connected:
            await world.provider.stop()
        await world.close()


def settings(**fields: Any) -> DoubleSettings:
    return DoubleSettings(messages_per_second=0, **fields)


def near(world: TwsWorld, count: int = 4, symbol: str = "SPX", right: Right = Right.PUT) -> list[OptionContract]:
    """Return contracts near the money of the last expiration."""
    book = world.provider.books[symbol]
    expiration = book.listing.expirations[-1]
    span = book.listing.span(expiration.root, expiration.day, right)
    assert span is not None
    assert book.spot is not None
    order = np.argsort(np.abs(book.listing.strikes[span[0] : span[1]] - book.spot), kind="stable")[:count]
    return [book.listing.contract(span[0] + int(place)) for place in order]


async def pinned(world: TwsWorld, count: int = 4) -> list[OptionContract]:
    contracts = near(world, count)
    world.provider.pin(contracts, LinePriority.HELD)
    await world.clock.advance(5)
    return contracts


def quote_of(world: TwsWorld, contract: OptionContract) -> Any:
    view = world.provider.books[contract.underlying].view()
    location = view.find(contract)
    assert location is not None
    return location[0].quote(location[1])


def age_of(world: TwsWorld, contract: OptionContract) -> timedelta:
    age = quote_of(world, contract).age(world.clock.now())
    assert age is not None
    return age


def requests(world: TwsWorld) -> set[int]:
    return {subscription.req_id for subscription in world.double.data.subscriptions(CLIENT_ID)}


def rows_of(listing: Listing) -> set[tuple[str, str, Settlement, int]]:
    return {
        (item.root, f"{item.day}", item.settlement, end - start)
        for item, (start, _, end) in zip(listing.expirations, listing.bounds, strict=True)
    }


class TestRow06And07Outages:
    async def test_a_broken_farm_makes_the_quotes_old_at_once_and_says_so(self) -> None:
        async with quoting() as world:
            contracts = await pinned(world)
            world.act("break_farm", farm="usopt")
            await world.clock.advance(20)
            status = world.provider.status
            assert status.state is AgentStatus.Error
            assert "usopt is broken (2103)" in status.message
            assert all(age_of(world, contract) >= timedelta(seconds=15) for contract in contracts)
            world.act("mend_farm", farm="usopt")
            await world.clock.advance(25)
            assert world.provider.status.state is AgentStatus.Connected
            assert all(age_of(world, contract) <= timedelta(seconds=1) for contract in contracts)

    async def test_lines_that_stay_silent_after_a_farm_is_mended_are_asked_for_again(self) -> None:
        async with quoting() as world:
            contracts = await pinned(world)
            before = requests(world)
            world.act("break_farm", farm="usopt")
            await world.clock.advance(3)
            world.double.data.fall_silent(("usopt",))
            world.act("mend_farm", farm="usopt")
            await world.clock.advance(25)
            assert not before & {
                subscription.req_id
                for subscription in world.double.data.subscriptions(CLIENT_ID)
                if subscription.farm == "usopt"
            }
            assert all(age_of(world, contract) <= timedelta(seconds=1) for contract in contracts)

    async def test_nothing_is_asked_for_while_the_link_is_lost_and_quotes_are_stale(self) -> None:
        async with quoting() as world:
            contracts = await pinned(world)
            world.act("lose_link")
            await world.clock.advance(1)
            before = requests(world)
            await world.clock.advance(60)
            assert world.provider.status.state is AgentStatus.Disconnected
            assert "1100" in world.provider.status.message
            assert requests(world) == before
            assert all(age_of(world, contract) >= timedelta(seconds=55) for contract in contracts)
            assert world.provider.books["SPX"].stale
            world.act("restore_link", code=1102)
            await world.clock.advance(25)
            assert world.provider.status.state is AgentStatus.Connected
            assert all(age_of(world, contract) <= timedelta(seconds=1) for contract in contracts)

    async def test_all_lines_are_asked_for_again_after_1101(self) -> None:
        async with quoting() as world:
            contracts = await pinned(world)
            before = requests(world)
            world.act("lose_link")
            await world.clock.advance(5)
            world.act("restore_link", code=1101)
            await world.clock.advance(15)
            assert not before & requests(world)
            assert all(age_of(world, contract) <= timedelta(seconds=1) for contract in contracts)

    async def test_a_lost_subscription_is_asked_for_again(self) -> None:
        async with quoting() as world:
            contracts = await pinned(world)
            world.double.gateway.faults.switch_on("subscription_lost", times=3)
            await world.clock.advance(25)
            assert all(age_of(world, contract) <= timedelta(seconds=1) for contract in contracts)


class TestRow09Contracts:
    async def test_the_chain_is_the_same_whatever_zone_tws_is_logged_in_with(self) -> None:
        async with quoting() as world:
            new_york = rows_of(world.provider.books["SPX"].listing)
            contract = near(world, 1)[0]
            con_id = world.provider.con_id(contract)
        async with quoting(settings=settings(zone="Asia/Shanghai", written_zone="Asia/Shanghai")) as world:
            assert rows_of(world.provider.books["SPX"].listing) == new_york
            assert world.provider.con_id(contract) == con_id
            truth = world.markets.book("SPX").listing
            assert rows_of(truth) == new_york

    async def test_spx_and_spxw_of_the_third_friday_are_two_contracts(self) -> None:
        async with quoting() as world:
            listing = world.provider.books["SPX"].listing
            friday = next(item.day for item in listing.expirations if item.root == "SPX")
            classes = {item.root: item for item in listing.expirations if item.day == friday}
            assert classes["SPX"].settlement is Settlement.AM
            assert classes["SPXW"].settlement is Settlement.PM
            contract = next(
                item
                for item in map(listing.contract, range(len(listing)))
                if item.root == "SPX" and item.right is Right.PUT
            )
            other = replace(contract, root="SPXW")
            assert world.provider.con_id(other) not in {None, world.provider.con_id(contract)}

    async def test_a_contract_of_another_class_than_asked_for_is_left_out_of_the_chain(self) -> None:
        async with quoting(symbols=("XSP", "VIX")) as world:
            assert {item.root for item in world.provider.books["XSP"].listing.expirations} == {"XSP"}
            roots = {item.root for item in world.provider.books["VIX"].listing.expirations}
            assert roots <= {"VIX", "VIXW"}
            assert roots


@pytest.mark.parametrize("symbol", ["XSP", "NDX", "RUT", "VIX", "SPY", "AAPL", "ES"])
async def test_each_kind_of_underlying_has_its_chain_its_price_and_quotes(symbol: str) -> None:
    async with quoting(symbols=(symbol,)) as world:
        book = world.provider.books[symbol]
        truth = world.markets.book(symbol)
        alive = truth.listing.first_alive(world.clock.now())
        assert {(expiration.root, expiration.day) for expiration in book.listing.expirations} == {
            (expiration.root, expiration.day) for expiration in truth.listing.expirations[alive:]
        }
        assert book.spot == pytest.approx(truth.spot, rel=0.01)
        live = book.view().columns.quality == QuoteQuality.LIVE
        assert np.isfinite(book.view().columns.values["bid"][live]).sum() >= 20


class TestRow10Expired:
    async def test_a_contract_that_ib_no_longer_knows_breaks_nothing(self) -> None:
        async with quoting() as world:
            contracts = await pinned(world)
            gone = contracts[0]
            for subscription in world.double.data.subscriptions(CLIENT_ID):
                if subscription.legs[0][0].option == gone:
                    world.double.data.cancel(subscription.client, subscription.req_id)
                    subscription.client.error(subscription.req_id, 200)
            world.double.gateway.commit()
            await world.clock.advance(20)
            assert world.provider.status.state is AgentStatus.Connected
            assert all(quote_of(world, contract).quality is QuoteQuality.LIVE for contract in contracts[1:])


class TestPermissionsAndLimits:
    async def test_delayed_data_are_marked_and_the_status_states_that_they_are_not_traded_on(self) -> None:
        async with quoting(settings=settings(entitlement=Entitlement.DELAYED)) as world:
            (contract, *_) = await pinned(world)
            assert quote_of(world, contract).quality is QuoteQuality.DELAYED
            assert "delayed (10167)" in world.provider.status.message

    async def test_an_underlying_without_permission_is_named_in_the_status(self) -> None:
        world = TwsWorld(settings=settings(entitlement=Entitlement.NONE))
        await world.open()
        try:
            await world.provider.start()
            assert "no market data subscription for SPX" in world.provider.status.message
            await world.provider.stop()
        finally:
            await world.close()

    async def test_fewer_lines_than_configured_are_reported_and_pinned_contracts_keep_theirs(self) -> None:
        async with quoting(settings=settings(lines=20)) as world:
            contracts = await pinned(world, 25)
            await world.clock.advance(10)
            assert "IB grants 20 of 40 market data lines (101)" in world.provider.status.message
            assert sum(quote_of(world, contract).quality is QuoteQuality.LIVE for contract in contracts) == 19
            assert len(world.provider.line_use.without) == 6

    async def test_a_competing_session_is_reported_once_and_tried_again_each_minute(self) -> None:
        async with quoting() as world:
            contracts = await pinned(world)
            world.double.gateway.faults.switch_on("competing_session")
            await world.clock.advance(30)
            assert "10197" in world.provider.status.message
            assert len(requests(world)) == 0
            world.double.gateway.faults.switch_off("competing_session")
            await world.clock.advance(90)
            assert "10197" not in world.provider.status.message
            assert all(age_of(world, contract) <= timedelta(seconds=1) for contract in contracts)

    async def test_quotes_come_without_ibs_greeks_where_a_subscription_is_missing_in_part(self) -> None:
        world = TwsWorld()
        await world.open()
        world.double.gateway.faults.switch_on("partly_subscribed")
        try:
            await world.provider.start()
            await world.clock.advance(10)
            assert "missing in part (10090)" in world.provider.status.message
            assert not world.provider.greeks("SPX")
            (contract, *_) = await pinned(world)
            assert quote_of(world, contract).quality is QuoteQuality.LIVE
        finally:
            await world.provider.stop()
            await world.close()


class TestContractCache:
    async def test_a_restart_asks_for_no_contract_that_was_read_today(self, tmp_path: Path) -> None:
        async with quoting(folder=tmp_path) as world:
            listed = rows_of(world.provider.books["SPX"].listing)
            await world.until_true((tmp_path / "chain-SPX.json").exists)
            await world.provider.stop()
            world.double.gateway.faults.switch_on("details_unanswered", skip=1)  # the underlying is asked for
            again = world.new_provider()
            await again.start()
            assert rows_of(again.books["SPX"].listing) == listed
            assert not world.double.gateway.faults.fired.get("details_unanswered")
            await again.stop()

    async def test_a_damaged_file_is_asked_for_again(self, tmp_path: Path) -> None:
        (tmp_path / "chain-SPX.json").write_text('{"version": 1, "symbol": "SPX", "slices": [')
        async with quoting(folder=tmp_path) as world:
            assert len(world.provider.books["SPX"].listing) > 100


class TestNextInLine:
    async def test_a_line_that_is_opened_again_brings_nothing_of_what_was_quoted_before(self) -> None:
        async with quoting(settings=settings()) as world:
            (contract, *_) = await pinned(world)
            before = quote_of(world, contract)
            await world.cut()
            world.act("gap", fraction=0.03)
            world.double.faults.switch_on("delayed_messages", message="tickPrice", seconds=60)
            await world.restore()
            await world.clock.advance(5)
            assert age_of(world, contract) >= timedelta(seconds=5), "an old price looks new"
            assert (quote_of(world, contract).bid, quote_of(world, contract).ask) == (before.bid, before.ask)
            world.double.faults.switch_off("delayed_messages")
            await world._timer.advance(60)
            await world.clock.advance(5)
            assert age_of(world, contract) < timedelta(seconds=5)
            assert quote_of(world, contract).bid != before.bid

    async def test_no_line_is_opened_for_a_combo(self) -> None:
        async with quoting(settings=settings()) as world:
            world.double.faults.switch_on("combo_data_dead")
            await pinned(world)
            asked = world.double.data.subscriptions(CLIENT_ID)
            assert asked
            assert all(len(subscription.legs) == 1 for subscription in asked)
            assert "combo_data_dead" not in world.double.faults.fired


class CountingSession:
    """Counts what is written for lines."""

    def __init__(self) -> None:
        self.messages = 0
        self.lines_wait = False

    def open_line(self, _contract: Contract, _sink: object) -> CountingSession:
        self.messages += 1
        return self

    def close(self) -> None:
        self.messages += 1


async def test_lines_that_are_quoted_at_once_leave_messages_to_the_chains() -> None:
    """At 36 opened and 36 closed lines a second the background reads of the chains would never be sent."""
    async with quoting() as world:
        listing = world.provider.books["SPX"].listing
        book = QuoteBook(listing, world.clock, us_options_calendar())
        session = CountingSession()

        def report(_outcome: LineOutcome, _code: int, _contract: OptionContract) -> None:
            raise AssertionError("no line was refused")

        lines = OptionLines(book, cast("Any", session), world.clock, report, 90)
        lines.relist(listing, range(1, len(listing) + 1), "SMART")
        start = world.clock.now()
        for turn in range(20 * 30):
            now = start + timedelta(seconds=turn / 20)
            changes = lines.advance(now, 90, 1.0, modelling=False)
            lines.close(changes.stop)
            lines.open(changes.start, now)
            for contract in changes.start:
                index = listing.find(contract)
                assert index is not None
                lines.chain.quoted(now, index, 1.0, 1.1, QuoteQuality.LIVE, bid_size=1.0, ask_size=1.0)
            if turn == 20 * 10:
                session.messages = 0  # at first free lines are filled
        assert 20 * 30 <= session.messages <= 20 * 37
        before = session.messages
        session.lines_wait = True
        assert lines.advance(start + timedelta(seconds=40), 90, 1.0, modelling=False) == LineChanges()
        assert session.messages == before
