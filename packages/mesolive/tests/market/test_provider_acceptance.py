"""The acceptance list of data providers: `docs/market.md` lists the same behaviours, numbered the same."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from mesolive.market.book import QuoteBook
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.moments import to_micros
from mesolive.market.option_classes import option_class
from mesolive.market.provider import PartialProvider
from mesolive.market.providers.simulated import spx_listing
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive_sdk.models import AgentStatus
from mesolive_testkit.connectors.supervised import RecordedConnectorRig, SimulatedConnectorRig
from mesolive_testkit.ibkr_rig import IbkrRig
from mesolive_testkit.market.agent_rigs import ThroughAgent
from mesolive_testkit.market.provider_rigs import BEGIN, CLOSE, NEXT_DAY, LimitedRig, RecordedRig, Rig, SimulatedRig
from mesolive_testkit.paths import DOCS
from mesolive_testkit.tastytrade.rig import TastytradeRig

PAGE = DOCS / "market.md"


def tastytrade(directory: Path) -> Rig:
    return TastytradeRig(directory, BEGIN)


def simulated_connector(directory: Path) -> Rig:
    return SimulatedConnectorRig(directory, BEGIN)


def recorded_connector(directory: Path) -> Rig:
    return RecordedConnectorRig(directory, BEGIN)


def agent_simulated(directory: Path) -> Rig:
    return ThroughAgent(SimulatedRig(directory), cuts_link=False)


def agent_cut_off(directory: Path) -> Rig:
    return ThroughAgent(SimulatedRig(directory), cuts_link=True)


def agent_limited(directory: Path) -> Rig:
    return ThroughAgent(LimitedRig(directory), cuts_link=False)


def agent_tastytrade(directory: Path) -> Rig:
    return ThroughAgent(tastytrade(directory), cuts_link=False)


def agent_ibkr(directory: Path) -> Rig:
    return ThroughAgent(IbkrRig(directory), cuts_link=False)


RIGS: dict[str, Callable[[Path], Rig]] = {
    "simulated": SimulatedRig,
    "limited": LimitedRig,
    "recorded": RecordedRig,
    "simulated-connector": simulated_connector,
    "recorded-connector": recorded_connector,
    "tastytrade": tastytrade,
    "ibkr": IbkrRig,
    "agent": agent_simulated,
    "agent, its link cut": agent_cut_off,
    "agent, few lines": agent_limited,
    "agent, tastytrade": agent_tastytrade,
    "agent, ibkr": agent_ibkr,
}


# Up to two seconds a test: every second of market time the lines of a connector roll on, message by message. One of the
# providers behind the link is enough for the fast lane.
SLOW = {"ibkr", "tastytrade", "agent, its link cut", "agent, few lines", "agent, tastytrade", "agent, ibkr"}
# A broker's connector with the link between.
LONG = {"agent, tastytrade", "agent, ibkr"}
# Ten seconds a test: both of the above, and the link. Those in which the link has a part are always run.
LINK_LINES_ONLY = "agent, ibkr"
LINK_LINES = {"03", "06", "08", "10", "14", "16"}


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    """Return the lanes that leave a provider out."""
    return [pytest.mark.slow] * (name in SLOW) + [pytest.mark.long] * (name in LONG)


@pytest.fixture(params=[pytest.param(name, marks=marks_of(name)) for name in RIGS])
async def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Rig]:
    """Return a provider that runs."""
    line = request.function.__name__.split("_")[1]
    if request.param == LINK_LINES_ONLY and line not in LINK_LINES and os.environ.get("MESOLIVE_ACCEPTANCE") != "all":
        pytest.skip("ten seconds a line: MESOLIVE_ACCEPTANCE=all runs all of them")
    # A short chain: the list is about what happens to contracts, not to how many.
    monkeypatch.setattr(spx_listing, "DAILY_DAYS", 2)
    monkeypatch.setattr(spx_listing, "WEEKLY_DAYS", 8)
    monkeypatch.setattr(spx_listing, "MONTHLY_DAYS", 31)
    monkeypatch.setattr(spx_listing, "DECEMBERS", -1)
    made: Rig = RIGS[request.param](tmp_path)
    await made.open()
    try:
        if not isinstance(made, SimulatedConnectorRig | RecordedConnectorRig):  # their supervisor has started it
            await made.provider.start()
        await made.quote_all()
        yield made
    finally:
        await made.provider.stop()
        await made.close()


def book_of(rig: Rig) -> QuoteBook:
    return next(iter(rig.provider.books.values()))


def near(rig: Rig, count: int = 6, right: Right = Right.PUT) -> list[OptionContract]:
    """Return the contracts nearest to the money of the last expiration."""
    view = book_of(rig).view()
    expiration = view.expirations[-1]
    chain = view.slice(expiration.root, expiration.day, right)
    spot = view.underlying.quote.mark
    assert chain is not None
    assert spot is not None
    order = np.argsort(np.abs(chain.strikes - spot), kind="stable")[:count]
    return [chain.contract(int(at)) for at in order]


def quality_of(rig: Rig, contract: OptionContract) -> QuoteQuality:
    location = book_of(rig).view().find(contract)
    assert location is not None
    return location[0].quote(location[1]).quality


def needs_a_connection(rig: Rig) -> None:
    if not rig.is_connected_to_a_broker:
        pytest.skip("a recording has no connection")


class TestEveryProvider:
    async def test_01_after_the_start_each_book_has_contracts_a_price_and_quotes(self, rig: Rig) -> None:
        assert rig.provider.status.state is AgentStatus.Connected
        assert {item.symbol for item in rig.provider.underlyings} == set(rig.provider.books)
        for book in rig.provider.books.values():
            view = book.view()
            assert view.underlying.quote.mark is not None
            assert not view.stale
            assert np.isfinite(view.columns.values["bid"]).sum() > 0.3 * len(book.listing)
            assert any(view.forward(expiration) is not None for expiration in view.expirations)

    async def test_02_every_contract_has_the_terms_of_its_class(self, rig: Rig) -> None:
        for book in rig.provider.books.values():
            for expiration in book.listing.expirations:
                terms = option_class(expiration.root)
                assert terms.underlying == book.listing.underlying.symbol
                assert (expiration.style, expiration.settlement) == (terms.style, terms.settlement)
                assert expiration.multiplier == terms.multiplier

    async def test_03_every_quote_has_its_quality_and_a_modelled_one_is_no_quote(self, rig: Rig) -> None:
        market = Market([rig.provider])
        lease = market.subscribe(near(rig))
        await rig.quote_all()
        view = book_of(rig).view()
        assert {quality_of(rig, contract) for contract in near(rig)} == {QuoteQuality.LIVE}
        modelled = int((view.columns.quality == QuoteQuality.MODELLED).sum())
        assert (modelled > 0) == isinstance(rig.provider, PartialProvider)
        lease.close()

    async def test_04_no_quote_is_of_the_future_whatever_the_brokers_clock_says(self, rig: Rig) -> None:
        for _ in range(3):
            view = book_of(rig).view()
            assert view.last_received_at is not None
            assert view.last_received_at <= rig.clock.now()
            latest = max(int(times.max()) for times in view.columns.times.values())
            assert latest <= to_micros(rig.clock.now())
            await rig.change()

    async def test_05_a_view_does_not_change_after_it_was_taken(self, rig: Rig) -> None:
        view = book_of(rig).view()
        before = view.columns.values["bid"].copy()
        for _ in range(3):
            await rig.change()
        assert np.array_equal(view.columns.values["bid"], before, equal_nan=True)
        assert book_of(rig).version > view.version

    async def test_06_a_lost_connection_shows_in_the_status_and_quotes_stay_and_grow_old(self, rig: Rig) -> None:
        needs_a_connection(rig)
        market = Market([rig.provider])
        (contract, *_) = near(rig)
        lease = market.subscribe([contract])
        await rig.quote_all()
        changes = rig.provider.status_changes.version
        await rig.cut()
        assert rig.provider.status.state is AgentStatus.Disconnected
        assert rig.provider.status.message
        assert rig.provider.status_changes.version > changes
        await rig.clock.advance(61)
        view = book_of(rig).view()
        assert view.stale
        location = view.find(contract)
        assert location is not None
        quote = location[0].quote(location[1])
        assert quote.bid is not None
        age = quote.age(view.now)
        assert age is not None
        assert age >= timedelta(seconds=60)
        lease.close()

    async def test_07_after_a_reconnect_quotes_come_again_and_none_of_before_passes_for_new(self, rig: Rig) -> None:
        needs_a_connection(rig)
        await rig.cut()
        await rig.clock.advance(90)
        await rig.restore()
        assert rig.provider.status.state is AgentStatus.Connected
        view = book_of(rig).view()
        old = (view.columns.quality == QuoteQuality.LIVE) & (view.columns.released == 0)
        if isinstance(rig.provider, PartialProvider):
            assert not old.any(), "a line that was lost has not been quoted yet"
        await rig.quote_all()
        assert not book_of(rig).view().stale

    async def test_08_what_was_subscribed_is_quoted_again_after_a_reconnect(self, rig: Rig) -> None:
        needs_a_connection(rig)
        market = Market([rig.provider])
        contracts = near(rig)
        lease = market.subscribe(contracts)
        await rig.quote_all()
        await rig.cut()
        await rig.clock.advance(30)
        await rig.restore()
        await rig.quote_all()
        view = book_of(rig).view()
        for contract in contracts:
            location = view.find(contract)
            assert location is not None
            quote = location[0].quote(location[1])
            age = quote.age(view.now)
            assert quote.quality is QuoteQuality.LIVE
            assert age is not None
            assert age <= timedelta(seconds=1)
        lease.close()

    async def test_09_an_unknown_contract_is_not_quoted_and_the_others_are(self, rig: Rig) -> None:
        known = near(rig, 1)[0]
        unknown = OptionContract(known.underlying, known.root, known.day, known.right, known.strike + 1)
        rig.provider.subscribe([unknown, known])
        await rig.quote_all()
        assert book_of(rig).view().find(unknown) is None
        assert quality_of(rig, known) is QuoteQuality.LIVE
        rig.provider.unsubscribe([unknown, known])
        assert rig.provider.status.state is AgentStatus.Connected

    async def test_10_a_lost_permission_ends_the_quote_is_reported_and_leaves_the_others_alone(self, rig: Rig) -> None:
        market = Market([rig.provider])
        contracts = near(rig)
        lease = market.subscribe(contracts)
        await rig.quote_all()
        if not rig.revoke(contracts[:1]):
            pytest.skip("there are no permissions for single contracts")
        await rig.clock.advance(30)
        view = book_of(rig).view()
        index = view.listing.find(contracts[0])
        assert index is not None
        quoted_at = view.quoted_at(index)
        assert quoted_at is not None
        assert view.columns.quality[index] == QuoteQuality.MODELLED or view.now - quoted_at >= timedelta(seconds=30)
        assert contracts[0].symbol in rig.provider.status.message
        assert {quality_of(rig, contract) for contract in contracts[1:]} == {QuoteQuality.LIVE}
        lease.close()

    async def test_11_in_a_flood_the_last_value_counts_and_readers_are_woken_once(self, rig: Rig) -> None:
        needs_a_connection(rig)
        market = Market([rig.provider])
        lease = market.subscribe(near(rig))
        await rig.quote_all()
        woken = 0
        async with book_of(rig).changes.subscribe() as changes:
            await rig.flood(2000)
            await rig.change()
            async for _ in changes:
                woken += 1
                break
        assert woken == 1
        view = book_of(rig).view()
        assert not view.stale
        assert view.underlying.quote.last_time is not None
        assert view.now - view.underlying.quote.last_time <= timedelta(seconds=10)
        lease.close()

    async def test_12_silence_while_connected_is_an_error_and_the_quotes_are_stale(self, rig: Rig) -> None:
        market = Market([rig.provider])
        assert market.status().state is AgentStatus.Connected
        await rig.fall_silent()
        await rig.clock.advance(301)
        assert book_of(rig).stale
        assert market.status().state is AgentStatus.Error
        assert "no data since" in market.status().message

    async def test_13_an_expired_contract_leaves_the_views_at_its_settlement_and_the_close_is_stored(
        self, rig: Rig
    ) -> None:
        book = book_of(rig)
        first = book.view().expirations[0]
        assert first.day == BEGIN.date()
        await rig.until(CLOSE - timedelta(seconds=1))
        assert first in book.view().expirations
        await rig.until(CLOSE + timedelta(seconds=1))
        assert all(item.settles_at > CLOSE for item in book.view().expirations)
        await rig.until(NEXT_DAY)
        day = book.history.of_day(BEGIN.date())
        assert day is not None
        assert day.close is not None

    async def test_14_new_strikes_are_listed_and_those_that_stay_keep_their_place(self, rig: Rig) -> None:
        market = Market([rig.provider])
        held = near(rig, 3)
        lease = market.subscribe(held)
        before = set(book_of(rig).listing.strikes.tolist())
        await rig.list_more()
        await rig.quote_all()
        listing = book_of(rig).listing
        assert set(listing.strikes.tolist()) - before
        stored = [contract for contract in held if listing.find(contract) is not None]
        if rig.is_connected_to_a_broker:
            assert stored == held
            assert {quality_of(rig, contract) for contract in stored} == {QuoteQuality.LIVE}
        lease.close()

    async def test_15_a_contract_is_subscribed_as_long_as_anybody_wants_it(self, rig: Rig) -> None:
        market = Market([rig.provider])
        (contract, *_) = near(rig)
        one, two = market.subscribe([contract]), market.subscribe([contract])
        one.close()
        await rig.quote_all()
        assert quality_of(rig, contract) is QuoteQuality.LIVE
        two.close()
        two.close()

    async def test_16_pinned_contracts_beyond_the_lines_are_named_in_the_status(self, rig: Rig) -> None:
        if not isinstance(rig.provider, PartialProvider):
            pytest.skip("the whole chain is quoted")
        market = Market([rig.provider])
        count = rig.provider.line_use.lines + 5
        lease = market.subscribe(near(rig, count))
        await rig.change()
        assert len(rig.provider.line_use.without) == 5
        assert "5 have no quotes" in rig.provider.status.message
        lease.close()
        await rig.change()
        assert not rig.provider.line_use.without

    async def test_17_the_end_is_reported_and_may_be_requested_twice(self, rig: Rig) -> None:
        await rig.provider.stop()
        assert rig.provider.status.state is AgentStatus.Disconnected
        await rig.provider.stop()


def test_the_page_on_the_market_lists_exactly_these_behaviours() -> None:
    tested = {int(name[5:7]) for name in dir(TestEveryProvider) if name.startswith("test_")}
    text = PAGE.read_text().partition("## What every provider must do")[2].partition("\n## ")[0]
    listed = {int(number) for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)}
    assert listed == tested == set(range(1, len(tested) + 1))
