"""Outages, farms, restarts and logins of the double of TWS, seen by the real client library."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.tws import TwsClient, TwsKit, bag, ib, limit, running_double

SPX: Any = ib.Contract(conId=416904, exchange="CBOE")


def watch(client: TwsClient, kit: TwsKit) -> int:
    """Subscribe to an option near the money; return the request id."""
    req_id = client.next_id()
    client.api.reqMktData(req_id, ib.Contract(conId=kit.option(1.0).con_id, exchange="SMART"), "", False, False, [])
    return req_id


async def ticks(kit: TwsKit, client: TwsClient) -> int:
    """Let the market move for a while; return how many price ticks came."""
    client.mark()
    await kit.advance(20)
    await client.settle()
    return len(client.named("priceSizeTick"))


async def test_in_an_outage_no_tick_comes_and_1102_brings_them_back() -> None:
    async with running_double() as kit:
        client = await kit.client()
        watch(client, kit)
        await client.settle()
        assert await ticks(kit, client) > 0
        kit.double.connectivity.lose_link()
        kit.double.gateway.commit()
        await client.error(1100)
        assert await ticks(kit, client) == 0
        kit.double.connectivity.restore_link(1102)
        kit.double.gateway.commit()
        await client.error(1102)
        assert await ticks(kit, client) > 0


async def test_1101_loses_the_subscriptions() -> None:
    async with running_double() as kit:
        client = await kit.client()
        watch(client, kit)
        await client.settle()
        kit.double.connectivity.lose_link(2110)
        kit.double.connectivity.restore_link(1101)
        kit.double.gateway.commit()
        await client.error(2110)
        await client.error(1101)
        assert await ticks(kit, client) == 0
        watch(client, kit)
        await client.settle()
        assert await ticks(kit, client) > 0


async def test_subscriptions_stay_silent_after_1102_until_they_are_asked_for_again() -> None:
    async with running_double() as kit:
        client = await kit.client()
        req_id = watch(client, kit)
        await client.settle()
        kit.double.faults.switch_on("silent_after_restore", times=1)
        kit.double.connectivity.lose_link()
        kit.double.connectivity.restore_link(1102)
        assert await ticks(kit, client) == 0
        client.api.cancelMktData(req_id)
        watch(client, kit)
        await client.settle()
        assert await ticks(kit, client) > 0


async def test_a_broken_farm_silences_what_it_serves_and_no_order() -> None:
    async with running_double() as kit:
        client = await kit.client()
        watch(client, kit)
        await client.settle()
        kit.double.connectivity.break_farm("usopt")
        kit.double.gateway.commit()
        assert (await client.error(2103))[2].endswith(":usopt")
        assert await ticks(kit, client) == 0
        client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 60.0))
        await client.get("orderStatus", lambda call: call[1] == "Filled")
        other = await kit.client(11)
        assert [call[1] for call in other.named("error")] == [2104, 2103, 2104, 2106, 2158]
        kit.double.connectivity.mend_farm("usopt")
        assert await ticks(kit, client) > 0


async def test_a_farm_flaps_for_some_seconds() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.mark()
        kit.double.connectivity.flap_farm("ushmds", 3.0)
        kit.double.gateway.commit()
        await client.error(2105)
        await kit.timer.advance(3)
        await client.error(2106)


@pytest.mark.parametrize("remember", [True, False])
async def test_a_restart_closes_all_sockets_and_keeps_orders_at_ibs_servers(remember: bool) -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 0.05))
        await client.get("orderStatus", lambda call: call[1] == "Submitted")
        kit.double.connectivity.restart(60, remember=remember)
        await client.get("connectionClosed")
        with suppress(ConnectionResetError):
            reader, writer = await asyncio.open_connection("127.0.0.1", kit.double.port)
            assert await reader.read() == b""
            writer.close()
        await kit.timer.advance(60)
        again = await kit.client()
        assert again.named("nextValidId") == [(order_id + 1 if remember else 1,)]
        again.api.reqOpenOrders()
        await again.get("openOrderEnd")
        assert [call[0] for call in again.named("openOrder")] == [order_id]


async def test_an_order_of_an_outage_is_accepted_after_it_and_lost_by_a_restart_in_between() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.connectivity.lose_link()
        order_id = client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 0.05))
        await client.settle()
        assert not client.named("openOrder")
        kit.double.connectivity.restore_link()
        kit.double.gateway.commit()
        await client.get("openOrder")
        kit.double.connectivity.lose_link()
        client.api.cancelOrder(order_id)
        client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 0.05, "lost"))
        await client.settle()
        kit.double.connectivity.restart(0)
        await client.get("connectionClosed")
        again = await kit.client()
        again.api.reqAllOpenOrders()
        await again.get("openOrderEnd")
        assert [call[2].orderRef for call in again.named("openOrder")] == ["ref-1"]


async def test_the_weekly_login_ends_on_sunday_and_new_sockets_are_silent_until_the_next_login() -> None:
    saturday = datetime(2026, 12, 5, 20, 0, tzinfo=UTC)
    async with running_double(DoubleSettings(weekly_login=True), start=saturday, step=timedelta(minutes=15)) as kit:
        client = await kit.client()
        await kit.advance(11 * 3600)
        await client.get("connectionClosed")
        waiting = await kit.client(ready=False)
        await kit.until(lambda: 10 in kit.double.gateway.clients)
        assert not waiting.calls
        waiting.api.disconnect()
        await kit.until(lambda: 10 not in kit.double.gateway.clients)
        kit.double.connectivity.log_in()
        await kit.client()


async def test_the_night_brings_a_restart_and_a_reset_of_the_servers() -> None:
    settings = DoubleSettings(restart_at=time(23, 45), reset_at=time(0, 15), outage_seconds=90)
    async with running_double(settings, step=timedelta(minutes=5)) as kit:
        client = await kit.client()
        await kit.advance(14 * 3600)
        await client.get("connectionClosed")
        await kit.timer.advance(91)
        client = await kit.client()
        await kit.advance(3600)
        await client.error(1100)
        await kit.timer.advance(91)
        await client.error(1102)


async def test_a_changed_port_is_announced_with_1300_and_sockets_are_closed() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.connectivity.reset_port(7499)
        kit.double.gateway.commit()
        await client.get("connectionClosed")
        assert not kit.double.gateway.clients


async def test_a_competing_session_takes_the_data_and_gives_it_back() -> None:
    async with running_double() as kit:
        client = await kit.client()
        req_id = watch(client, kit)
        await client.settle()
        kit.double.faults.switch_on("competing_session")
        await kit.advance()
        assert (await client.error(10197))[0] == req_id
        assert await ticks(kit, client) == 0
        client.api.reqMktData(99, SPX, "", True, False, [])
        assert await client.get("tickSnapshotEnd") == (99,)
        kit.double.faults.switch_off("competing_session")
        assert await ticks(kit, client) > 0


async def test_data_that_is_not_subscribed_is_refused_or_delayed_for_one_symbol() -> None:
    async with running_double(symbols=("SPX", "SPY")) as kit:
        client = await kit.client()
        kit.double.faults.switch_on("not_subscribed", symbol="SPX")
        req_id = watch(client, kit)
        assert (await client.error(354))[0] == req_id
        client.api.reqMktData(50, ib.Contract(conId=756733, exchange="SMART"), "", False, False, [])
        await client.get("marketDataType", lambda call: call == (50, 1))
        client.api.reqMarketDataType(3)
        client.api.reqMktData(51, SPX, "", False, False, [])
        assert (await client.error(10167))[0] == 51
        await client.get("marketDataType", lambda call: call == (51, 3))


async def test_partly_subscribed_data_continues_without_computations() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("partly_subscribed", code=10091, times=1)
        first = watch(client, kit)
        assert (await client.error(10091))[0] == first
        kit.double.faults.switch_on("no_computations", times=1)
        second = watch(client, kit)
        await client.settle()
        assert {call[0] for call in client.named("priceSizeTick")} == {first, second}
        assert not client.named("tickOptionComputation")


async def test_a_subscription_is_lost_with_10182_and_the_others_continue() -> None:
    async with running_double() as kit:
        client = await kit.client()
        watch(client, kit)
        client.api.reqMktData(60, SPX, "", False, False, [])
        await client.settle()
        kit.double.faults.switch_on("subscription_lost", times=1)
        await kit.advance()
        lost = (await client.error(10182))[0]
        client.mark()
        await kit.advance(20)
        await client.settle()
        received = {call[0] for call in client.named("priceSizeTick")}
        assert received
        assert lost not in received


async def test_the_end_of_a_snapshot_comes_late() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("snapshot_late", times=1)
        client.api.reqMktData(70, ib.Contract(conId=kit.option().con_id), "", True, False, [])
        await client.settle()
        assert client.named("priceSizeTick")
        assert not client.named("tickSnapshotEnd")
        await kit.timer.advance(11)
        assert await client.get("tickSnapshotEnd") == (70,)


async def test_heartbeats_are_answered_with_the_markets_time() -> None:
    async with running_double() as kit:
        client = await kit.client()
        await kit.advance(100)
        client.api.reqCurrentTime()
        assert await client.get("currentTime") == (int(kit.clock.now().timestamp()),)


async def test_cash_and_values_are_sent_by_summary_and_by_account_updates() -> None:
    async with running_double(DoubleSettings(accounts=("DU1", "DU2"), cash=Decimal(50_000))) as kit:
        client = await kit.client()
        client.api.reqAccountSummary(1, "All", "NetLiquidation,TotalCashValue")
        await client.get("accountSummaryEnd")
        rows = {(call[1], call[2]): (call[3], call[4]) for call in client.named("accountSummary")}
        assert rows["DU2", "NetLiquidation"] == ("50000.00", "USD")
        assert len(rows) == 4
        client.api.reqAccountSummary(2, "All", "NetLiquidation")
        client.api.reqAccountSummary(3, "All", "NetLiquidation")
        assert (await client.error(322))[0] == 3
        client.api.reqAccountUpdates(True, "DU1")
        assert await client.get("accountDownloadEnd") == ("DU1",)
        assert ("CashBalance", "50000.00", "USD", "DU1") in client.named("updateAccountValue")
        client.place(ib.Contract(conId=kit.option(1.01).con_id, exchange="SMART"), limit(1, 200.0, account="DU1"))
        contract, quantity, price, value, cost, *_, account = await client.get("updatePortfolio")
        assert (contract.conId, quantity, account) == (kit.option(1.01).con_id, 1.0, "DU1")
        assert value == pytest.approx(price * 100, abs=0.01)
        assert cost > 0
        client.api.reqAccountUpdatesMulti(9, "DU2", "", False)
        assert await client.get("accountUpdateMultiEnd") == (9,)
        client.api.reqAccountUpdates(True, "DU9")
        await client.error(321)


async def test_a_farm_is_inactive_at_the_login() -> None:
    async with running_double() as kit:
        kit.double.faults.switch_on("farm_inactive", times=1)
        client = await kit.client()
        assert [call[1] for call in client.named("error")] == [2104, 2108, 2104, 2106, 2158]


async def test_a_market_around_the_clock_fills_at_night() -> None:
    async with running_double(start=datetime(2026, 12, 5, 3, 0, tzinfo=UTC), around_the_clock=True) as kit:
        client = await kit.client()
        client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 60.0))
        await client.get("orderStatus", lambda call: call[1] == "Filled")
        assert not [call for call in client.named("error") if call[1] == 399]
        client.api.reqMktData(5, SPX, "", False, False, [])
        await client.settle()
        assert await ticks(kit, client) > 0
