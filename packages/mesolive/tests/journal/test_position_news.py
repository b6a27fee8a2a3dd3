from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mesolive.clock import ManualClock
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.store.database import Database
from mesolive_sdk import models
from mesolive_testkit.store.samples import add_user, position_update


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture
def journal(database: Database, bus: LocalBus) -> Journal:
    return Journal(database, bus, ManualClock(datetime(2026, 1, 5, 15, tzinfo=UTC)))


async def append(database: Database, journal: Journal, user_id: int, *new: models.MesoLiveEvent) -> None:
    async with database.write(user_id) as tx:
        await journal.append(tx, user_id, new)


def order_update(filled: str | None) -> models.OrderUpdateEvent:
    return models.OrderUpdateEvent(
        EventTime=UNSTAMPED,
        OrderId=1,
        StrategyId=1,
        StrategyName="condor",
        State=models.OrderState.Submitted,
        FilledQty=None if filled is None else Decimal(filled),
        RemainingQty=Decimal(2),
        FillPrice=None,
        AvgFillPrice=None,
    )


@pytest.mark.parametrize("filled", [None, "0"])
async def test_an_order_that_rests_is_no_news_of_positions(
    database: Database, journal: Journal, bus: LocalBus, filled: str | None
) -> None:
    ann, bob = await add_user(database, "ann"), await add_user(database, "bob")
    listener = bus.subscribe(positions_only=True)
    await append(database, journal, ann, order_update(filled))
    await append(database, journal, bob, position_update())
    assert await listener.changed() == {bob: 1}


@pytest.mark.parametrize("filled", ["1", "-1"])
async def test_an_order_that_is_filled_in_part_is_news_of_positions(
    database: Database, journal: Journal, bus: LocalBus, filled: str
) -> None:
    ann = await add_user(database, "ann")
    listener = bus.subscribe(positions_only=True)
    await append(database, journal, ann, order_update("0"), order_update(filled))
    assert await listener.changed() == {ann: 2}
