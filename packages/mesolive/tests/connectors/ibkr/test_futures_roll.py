"""The underlying of options on futures: the nearest month, and the next one from the moment on at which it ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from mesolive.connectors.ibkr.chain_reading import future_ends_at, futures_that_trade
from mesolive.connectors.ibkr.provider import DataConfig
from mesolive.connectors.ibkr.tws_messages import Contract, ContractDetails
from mesolive.market.calendar import us_options_calendar
from mesolive_testkit.ibkr_rig import CLIENT_ID, TwsWorld

NEW_YORK = ZoneInfo("America/New_York")
LAST_MORNING = datetime(2024, 3, 15, 9, 29, 50, tzinfo=NEW_YORK)
"""Ten seconds before the future of March 2024 ends."""


def future(con_id: int, day: str) -> ContractDetails:
    return ContractDetails(contract=Contract(con_id=con_id, sec_type="FUT", last_trade=day), min_tick=Decimal("0.25"))


def test_a_future_trades_until_the_opening_of_its_last_day() -> None:
    calendar = us_options_calendar()
    months = [future(2, "20240621"), future(1, "20240315"), future(3, "nonsense")]
    before = futures_that_trade(months, LAST_MORNING, calendar)
    assert [item.contract.con_id for item in before] == [1, 2]
    after = futures_that_trade(months, LAST_MORNING + timedelta(seconds=10), calendar)
    assert [item.contract.con_id for item in after] == [2]
    assert future_ends_at(future(1, "20240315"), calendar) == LAST_MORNING + timedelta(seconds=10)
    assert future_ends_at(future(3, "nonsense"), calendar) is None


@pytest.mark.slow
async def test_the_line_of_the_underlying_rolls_to_the_next_month_when_the_nearest_ends() -> None:
    world = TwsWorld(symbols=("ES",), start=LAST_MORNING, config=DataConfig(lines=10, model_every=timedelta(hours=1)))
    await world.open()
    try:
        await world.provider.start()

        def quoted() -> list[date | None]:
            subscriptions = world.double.data.subscriptions(CLIENT_ID)
            return [
                subscription.legs[0][0].last_trade
                for subscription in subscriptions
                if subscription.legs[0][0].sec_type == "FUT"
            ]

        assert quoted() == [date(2024, 3, 15)]
        await world.clock.advance(8)
        assert quoted() == [date(2024, 3, 15)]
        await world.clock.advance(3)
        for _ in range(200):
            if quoted() == [date(2024, 6, 21)]:
                break
            await world.clock.advance(0.1)
        assert quoted() == [date(2024, 6, 21)], "one line, of the next future"
        await world.clock.advance(2)
        book = world.provider.books["ES"]
        assert not book.stale
    finally:
        await world.provider.stop()
        await world.close()
