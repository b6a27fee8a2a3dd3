"""The client library as a whole, with its own books, at the double of TWS."""

from __future__ import annotations

import asyncio
from typing import Any

from mesolive_testkit.tws import bag, ib, limit, running_double


async def test_the_librarys_own_start_of_a_session_is_answered_in_full() -> None:
    async with running_double() as kit:
        session: Any = ib.IB()
        session.RaiseRequestErrors = True
        await session.connectAsync("127.0.0.1", kit.double.port, clientId=10, timeout=30)
        assert session.managedAccounts() == ["DU1234567"]
        values = {value.tag: value.value for value in session.accountValues("DU1234567")}
        assert values["NetLiquidation"] == "1000000.00"
        option = kit.option(1.01)
        (details,) = await session.reqContractDetailsAsync(ib.Contract(conId=option.con_id, exchange="SMART"))
        (ticker,) = await session.reqTickersAsync(details.contract)
        assert ticker.ask > ticker.bid > 0
        assert ticker.modelGreeks.impliedVol > 0
        chains = await session.reqSecDefOptParamsAsync("SPX", "", "IND", 416904)
        assert {chain.tradingClass for chain in chains} == {"SPX", "SPXW"}
        combo = bag([(option, 1), (kit.option(1.03), -1)])
        preview = await session.whatIfOrderAsync(combo, limit(1, 60.0))
        assert float(preview.initMarginAfter) >= 0
        trade = session.placeOrder(combo, limit(1, 60.0, "whole"))
        async with asyncio.timeout(30):
            while not trade.isDone():
                await trade.statusEvent
            while len(session.positions()) < 2:
                await session.positionEvent
        assert trade.orderStatus.status == "Filled"
        assert len(trade.fills) == 3
        assert len(await session.reqExecutionsAsync()) == 3
        assert [order.order.orderRef for order in await session.reqCompletedOrdersAsync(False)] == ["whole"]
        session.disconnect()
