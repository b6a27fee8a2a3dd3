"""The market service: which provider answers, what it says of itself, and what cannot be found."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from mesolive.market.contracts import OptionContract, Right, Underlying
from mesolive.market.service import (
    Market,
    UnknownContractError,
    UnknownProviderError,
    UnknownUnderlyingError,
)
from mesolive_sdk.models import (
    AgentStatus,
    DataProviderType,
    LiveContract,
    LiveUnderlying,
    MesoContractType,
    MesoOptionType,
)
from mesolive_testkit.market import Chain, ObedientProvider, flat_chain

APRIL = date(2024, 4, 19)


def wire(chain: Chain, strike: int = 4900, day: datetime | None = None, symbol: str = "SPX") -> LiveContract:
    del chain
    return LiveContract(
        ContractType=MesoContractType.Options,
        Underlying=LiveUnderlying(Symbol=symbol, ContractType=MesoContractType.Index, Currency="USD"),
        OptionType=MesoOptionType.Put,
        Expiration=day or datetime(2024, 4, 19, tzinfo=UTC),
        Strike=Decimal(strike),
    )


def test_the_default_provider_answers_unless_another_is_asked() -> None:
    first, second = flat_chain(), flat_chain(volatility=0.3)
    market = Market(
        [ObedientProvider(first.book), ObedientProvider(second.book, name=DataProviderType.Recorded)],
        default=DataProviderType.Recorded,
    )
    assert market.view("SPX") is second.book.view()
    assert market.view("SPX", DataProviderType.Ibkr) is first.book.view()
    assert market.underlying("SPX") == Underlying("SPX")
    assert market.underlyings() == (Underlying("SPX"),)


def test_what_is_unknown_is_a_key_error_that_says_what() -> None:
    market = Market([ObedientProvider(flat_chain().book)])
    with pytest.raises(UnknownUnderlyingError, match="'RUT'"):
        market.view("RUT")
    with pytest.raises(UnknownProviderError, match="TastyTrade"):
        market.view("SPX", DataProviderType.TastyTrade)
    with pytest.raises(KeyError):
        market.underlying("RUT")


def test_a_market_has_no_two_providers_of_a_kind() -> None:
    book = flat_chain().book
    with pytest.raises(ValueError, match="same kind"):
        Market([ObedientProvider(book), ObedientProvider(book)])
    with pytest.raises(UnknownProviderError):
        Market([ObedientProvider(book)], default=DataProviderType.Simulated)


def test_a_market_without_a_provider_says_so() -> None:
    market = Market()
    assert market.default is None
    with pytest.raises(UnknownProviderError, match="has no market data provider: see mesolive connector add"):
        market.view("SPX")
    assert market.last_received_at() is None
    market.subscribe([]).close()


async def test_a_provider_that_is_attached_serves_and_one_that_is_detached_does_not() -> None:
    market = Market()
    await market.start()
    book = flat_chain().book
    changes = market.changed()
    provider = ObedientProvider(book, name=DataProviderType.Ibkr)
    await market.attach(provider)
    assert market.view("SPX") is book.view()
    assert await anext(changes)
    with pytest.raises(ValueError, match="Ibkr provider already"):
        await market.attach(ObedientProvider(book, name=DataProviderType.Ibkr))
    await market.detach(DataProviderType.Ibkr)
    with pytest.raises(UnknownProviderError):
        market.view("SPX")
    before = market.changed()._seen
    book.changes.bump()
    assert market.changed()._seen == before
    await market.stop()


async def test_live_quotes_come_before_synthetic_ones_unless_the_underlying_has_a_provider_of_its_own() -> None:
    simulated, live = flat_chain().book, flat_chain(volatility=0.3).book
    market = Market(by_symbol={"XSP": DataProviderType.Simulated})
    await market.attach(ObedientProvider(simulated, name=DataProviderType.Simulated))
    assert market.view("SPX") is simulated.view()
    await market.attach(ObedientProvider(live, name=DataProviderType.Ibkr))
    assert market.default is DataProviderType.Ibkr
    assert market.view("SPX") is live.view()
    assert market.view("SPX", DataProviderType.Simulated) is simulated.view()
    chosen = Market(by_symbol={"SPX": DataProviderType.Simulated})
    await chosen.attach(ObedientProvider(live, name=DataProviderType.Ibkr))
    await chosen.attach(ObedientProvider(simulated, name=DataProviderType.Simulated))
    assert chosen.view("SPX") is simulated.view()
    await market.stop()
    await chosen.stop()


def test_a_contract_off_the_wire_resolves_to_the_listed_one_and_back() -> None:
    chain = flat_chain()
    market = Market([ObedientProvider(chain.book)])
    contract = market.resolve(wire(chain))
    assert contract == OptionContract("SPX", "SPXW", APRIL, Right.PUT, Decimal(4900))
    sent = market.to_live(contract)
    assert sent.Expiration == datetime(2024, 4, 19, 20, 0, tzinfo=UTC)
    assert market.resolve(sent) == contract
    assert market.to_live_underlying("SPX") == sent.Underlying


@pytest.mark.parametrize(
    ("strike", "day"), [(4901, datetime(2024, 4, 19, tzinfo=UTC)), (4900, datetime(2024, 4, 18, tzinfo=UTC))]
)
def test_a_contract_that_is_not_listed_does_not_resolve(strike: int, day: datetime) -> None:
    chain = flat_chain()
    market = Market([ObedientProvider(chain.book)])
    with pytest.raises(UnknownContractError, match="is not listed"):
        market.resolve(wire(chain, strike, day))
    with pytest.raises(UnknownUnderlyingError):
        market.resolve(wire(chain, symbol="RUT"))
    with pytest.raises(UnknownContractError):
        market.to_live(OptionContract("SPX", "SPXW", day.date() - timedelta(days=9), Right.PUT, Decimal(4900)))


async def test_changes_of_any_book_wake_who_follows_the_market() -> None:
    chain = flat_chain()
    market = Market([ObedientProvider(chain.book)])
    await market.start()
    any_book, one_book = (asyncio.ensure_future(anext(market.changed(symbol))) for symbol in (None, "SPX"))
    await asyncio.sleep(0)
    chain.book.update(chain.clock.now(), 0, {"bid": 1.0})
    assert await one_book == chain.book.version
    assert await any_book == 1
    await market.stop()


async def test_when_one_provider_cannot_start_the_others_are_stopped() -> None:
    good = ObedientProvider(flat_chain().book)
    bad = ObedientProvider(name=DataProviderType.Recorded, failure=OSError("no such recording"))
    market = Market([good, bad])
    with pytest.raises(OSError, match="no such recording"):
        await market.start()
    assert [call for call, _ in good.calls] == ["start", "stop"]
    assert [call for call, _ in bad.calls] == ["start", "stop"]


async def test_stopping_twice_stops_each_provider_once() -> None:
    provider = ObedientProvider(flat_chain().book)
    market = Market([provider])
    await market.start()
    await market.stop()
    await market.stop()
    assert [call for call, _ in provider.calls] == ["start", "stop"]


async def test_a_connected_but_silent_provider_is_in_error_and_reported() -> None:
    chain = flat_chain()
    market = Market([ObedientProvider(chain.book)])
    await market.start()
    async with market.status_changed() as changes:
        assert market.status().state is AgentStatus.Connected
        assert market.last_received_at() == chain.clock.now()
        waiting = asyncio.ensure_future(anext(changes))
        await chain.clock.advance(59)
        assert not waiting.done() or market.status().state is AgentStatus.Connected
        await chain.clock.advance(20)
        await waiting
        status = market.status()
        assert status.state is AgentStatus.Error
        assert status.message == "connected, but no data since 2024-03-11 15:00:00 UTC"
        waiting = asyncio.ensure_future(anext(changes))
        chain.book.mark_received(chain.clock.now())
        await chain.clock.advance(10)
        await waiting
        assert market.status().state is AgentStatus.Connected
    await market.stop()


async def test_the_loss_and_the_return_of_a_provider_are_reported_and_its_subscriptions_restored() -> None:
    chain = flat_chain()
    provider = ObedientProvider(chain.book)
    market = Market([provider])
    await market.start()
    contract = chain.listing.contract(0)
    lease = market.subscribe([contract])
    async with market.status_changed() as changes:
        provider.become(AgentStatus.Disconnected, "the line is cut")
        await anext(changes)
        assert market.status().message == "the line is cut"
        await chain.clock.advance(10)
        provider.calls.clear()
        provider.become(AgentStatus.Connected)
        chain.book.mark_received(chain.clock.now())
        await chain.clock.advance(10)
        assert provider.calls == [("subscribe", (contract,))]
    lease.close()
    assert provider.calls[1:] == [("unsubscribe", (contract,))]
    await market.stop()
