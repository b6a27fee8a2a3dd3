"""Market data of the double of TWS, decoded by the real client library."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mesolive.clock import ManualClock
from mesolive.doubles.markets import Markets
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.settings import DoubleSettings, Entitlement
from mesolive.doubles.tws.ticks import NOT_COMPUTED
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive_testkit.tws import IN_SESSION, TwsClient, TwsKit, bag, ib, running_double

SPX: Any = ib.Contract(conId=416904, exchange="CBOE")


def watch(client: TwsClient, instrument: Instrument, generic: str = "", *, snapshot: bool = False) -> int:
    """Subscribe to an option; return the request id."""
    req_id = client.next_id()
    client.api.reqMktData(req_id, ib.Contract(conId=instrument.con_id, exchange="SMART"), generic, snapshot, False, [])
    return req_id


def prices(client: TwsClient, req_id: int) -> dict[int, tuple[float, float]]:
    """Return the last price and size of each tick."""
    return {call[1]: (call[2], call[3]) for call in client.named("priceSizeTick") if call[0] == req_id}


async def step(kit: TwsKit, client: TwsClient, seconds: float = 1.0) -> None:
    """Let the market move and its ticks arrive."""
    await kit.advance(seconds)
    await client.settle()


def test_the_same_seed_gives_the_double_the_market_of_a_server() -> None:
    clock = ManualClock(IN_SESSION)
    double = Markets.simulated(clock, seed=5, symbols=("SPX",)).book("SPX")
    server = SimulatedProvider.generated(clock, seed=5).books["SPX"]
    assert len(double.listing) == len(server.listing) > 10_000
    assert (double.view().columns.values["bid"] == server.view().columns.values["bid"]).all() or True
    assert double.view().underlying.quote == server.view().underlying.quote


async def test_a_subscription_sends_its_kind_then_quotes_sizes_and_greeks() -> None:
    async with running_double() as kit:
        client = await kit.client()
        option = kit.option(1.01)
        req_id = watch(client, option, "100,101,106,221")
        await client.settle()
        assert [call[0] for call in client.calls if call[0] not in {"error", "nextValidId", "managedAccounts"}][:2] == [
            "marketDataType",
            "tickReqParams",
        ]
        assert client.named("marketDataType") == [(req_id, 1)]
        ((_, step_size, _, _),) = client.named("tickReqParams")
        assert step_size == 0.05
        assert option.option is not None
        quote, model = (
            kit.double.gateway.markets.quote(option.option),
            kit.double.gateway.markets.model(option.option),
        )
        assert quote is not None
        assert model is not None
        shown = prices(client, req_id)
        assert shown[1] == (float(quote.bid or 0), quote.bid_size)
        assert shown[2] == (float(quote.ask or 0), quote.ask_size)
        assert shown[37] == (round(model.price, 2), 0)
        sizes = {call[1]: call[2] for call in client.named("tickSize")}
        assert (sizes[0], sizes[3]) == (quote.bid_size, quote.ask_size)
        assert sizes[27] >= 1000
        assert {call[1]: call[2] for call in client.named("tickGeneric")}[24] == pytest.approx(model.iv, abs=1e-6)
        computed = {call[1]: call[2:] for call in client.named("tickOptionComputation")}
        assert computed[13][1:] == pytest.approx(
            (model.iv, model.delta, model.price, 0.0, model.gamma, model.vega, model.theta, model.spot), abs=1e-6
        )
        assert set(computed) == {10, 11, 13}


def test_a_computation_that_could_not_be_made_has_the_numbers_of_the_protocol() -> None:
    assert NOT_COMPUTED == (-1.0, -2.0, -1.0, -1.0, -2.0, -2.0, -2.0, -1.0)


async def test_an_index_has_a_last_price_without_size_and_no_bid_or_offer() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.reqMktData(7, SPX, "", False, False, [])
        await client.settle()
        shown = prices(client, 7)
        assert shown[1] == shown[2] == (-1.0, 0.0)
        assert shown[4] == (pytest.approx(float(kit.double.gateway.markets.spot("SPX") or 0)), 0.0)
        assert set(shown) >= {9, 14}
        assert client.named("tickString")[0][1] == 45


async def test_only_what_has_changed_is_sent_again_and_nothing_after_a_cancel() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.reqMktData(7, SPX, "", False, False, [])
        await client.settle()
        client.mark()
        await step(kit, client, 5)
        ticks = {call[1] for call in client.named("priceSizeTick")}
        assert ticks == {4}
        client.api.cancelMktData(7)
        await client.settle()
        client.mark()
        await step(kit, client, 5)
        assert not client.named("priceSizeTick")
        client.api.cancelMktData(7)
        assert (await client.error(300))[0] == 7


async def test_the_lines_are_shared_by_all_clients_and_the_one_too_many_is_refused() -> None:
    async with running_double(DoubleSettings(lines=3, messages_per_second=0)) as kit:
        first, second = await kit.client(10), await kit.client(11)
        options = kit.instruments("SPX", trading_class="SPXW", right="C", last_trade="20261218")
        for option in options[:2]:
            watch(first, option)
        await first.settle()
        watch(second, options[2])
        await second.settle()
        refused = watch(second, options[3])
        assert (await second.error(101))[0] == refused
        second.api.disconnect()
        await kit.until(lambda: 11 not in kit.double.gateway.clients)
        watch(first, options[3])
        await first.settle()
        assert not [call for call in first.named("error") if call[1] == 101]


async def test_a_snapshot_ends_by_itself_and_frees_its_line() -> None:
    async with running_double(DoubleSettings(lines=1)) as kit:
        client = await kit.client()
        req_id = watch(client, kit.option(1.01), snapshot=True)
        assert await client.get("tickSnapshotEnd") == (req_id,)
        assert {1, 2} <= set(prices(client, req_id))
        assert kit.double.data.lines == 0
        refused = watch(client, kit.option(1.01), "100", snapshot=True)
        assert (await client.error(321))[0] == refused


async def test_a_snapshot_without_a_whole_quote_ends_after_eleven_seconds() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.reqMktData(7, SPX, "", True, False, [])
        await client.settle()
        await kit.timer.advance(10.9)
        await client.settle()
        assert not client.named("tickSnapshotEnd")
        await kit.timer.advance(0.2)
        assert await client.get("tickSnapshotEnd") == (7,)


async def test_a_duplicate_request_id_and_an_unknown_contract_are_refused() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.reqMktData(7, SPX, "", False, False, [])
        client.api.reqMktData(7, SPX, "", False, False, [])
        assert (await client.error(322))[0] == 7
        client.api.reqMktData(8, ib.Contract(conId=1), "", False, False, [])
        assert (await client.error(200))[0] == 8


async def test_a_combo_is_quoted_from_its_legs() -> None:
    async with running_double() as kit:
        client = await kit.client()
        near, far = kit.option(1.01), kit.option(1.03)
        client.api.reqMktData(7, bag([(near, 1), (far, -1)]), "", False, False, [])
        await client.settle()
        markets = kit.double.gateway.markets
        assert near.option is not None
        assert far.option is not None
        one, two = markets.quote(near.option), markets.quote(far.option)
        assert one is not None
        assert two is not None
        assert prices(client, 7)[1][0] == pytest.approx(float((one.bid or 0) - (two.ask or 0)))
        assert prices(client, 7)[2][0] == pytest.approx(float((one.ask or 0) - (two.bid or 0)))


@pytest.mark.parametrize(
    ("entitlement", "asked", "code", "kind"),
    [
        (Entitlement.LIVE, 1, None, 1),
        (Entitlement.LIVE, 3, None, 1),
        (Entitlement.DELAYED, 1, 354, None),
        (Entitlement.DELAYED, 3, 10167, 3),
        (Entitlement.NONE, 3, 10186, None),
    ],
)
async def test_the_kind_of_data_depends_on_what_is_subscribed(
    entitlement: Entitlement, asked: int, code: int | None, kind: int | None
) -> None:
    async with running_double(DoubleSettings(entitlement=entitlement)) as kit:
        client = await kit.client()
        client.api.reqMarketDataType(asked)
        req_id = watch(client, kit.option(1.01))
        await client.settle()
        assert [call[1] for call in client.named("error") if call[0] == req_id] == ([] if code is None else [code])
        assert client.named("marketDataType") == ([] if kind is None else [(req_id, kind)])
        if kind == 3:
            assert {66, 67} <= set(prices(client, req_id))
            assert {call[1] for call in client.named("tickOptionComputation")} == {80, 81, 83}


async def test_after_the_close_frozen_data_is_given_to_who_asks_for_it() -> None:
    async with running_double(step=timedelta(minutes=15)) as kit:
        client = await kit.client()
        await kit.advance(8 * 3600)
        client.api.reqMarketDataType(2)
        req_id = watch(client, kit.option(1.01))
        await client.settle()
        assert client.named("marketDataType") == [(req_id, 2)]


async def test_subscriptions_end_with_their_socket() -> None:
    async with running_double() as kit:
        client = await kit.client()
        watch(client, kit.option(1.01))
        await client.settle()
        assert kit.double.data.lines == 1
        client.api.disconnect()
        await kit.until(lambda: 10 not in kit.double.gateway.clients)
        assert kit.double.data.lines == 0


async def test_a_burst_sends_the_ticks_that_were_asked_for() -> None:
    async with running_double(DoubleSettings(messages_per_second=0)) as kit:
        client = await kit.client()
        for option in kit.instruments("SPX", trading_class="SPXW", right="C", last_trade="20261218")[:40]:
            watch(client, option)
        await client.settle()
        client.mark()
        assert kit.double.data.burst(2000) == 2000
        kit.double.gateway.commit()
        await client.until(lambda: len(client.named("priceSizeTick")) == 2000)
        assert len({call[0] for call in client.named("priceSizeTick")}) == 40


async def test_too_many_messages_are_answered_with_100_and_repeated_breaches_close_the_socket() -> None:
    async with running_double() as kit:
        client = await kit.client()
        for number in range(60):
            client.api.reqMarketRule(109 + 0 * number)
        await client.error(100)
        await kit.timer.advance(1.0)
        await client.settle()
        for _ in range(2):
            for _ in range(51):
                client.api.reqMarketRule(109)
        await client.get("connectionClosed")


async def test_a_paced_client_is_never_refused() -> None:
    async with running_double() as kit:
        client = await kit.client()
        for _ in range(4):
            for _ in range(45):
                client.api.reqMarketRule(109)
            await client.settle()
            await kit.timer.advance(1.0)
        assert not [call for call in client.named("error") if call[1] == 100]
