"""What a venue, a clock or a disk may do to a trader's orders when something is lost or goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import structlog
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from mesolive.records import replace
from mesolive.store.database import Database
from mesolive.store.tables.trading import order_facts
from mesolive.trading.execution.risk_limits import Limits
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import LivePositionState, OrderState, OrderType, TimeInForce
from mesolive_testkit.adjusting import STRIKE, Play, strangle
from mesolive_testkit.server import START, manual_market
from mesolive_testkit.signals import ScriptedMarket
from mesolive_testkit.venues import Desk, at_venue, desk_server
from mesolive_testkit.venues.desk import QUICK

CLOSE = datetime(2024, 3, 15, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _brief_logs() -> Iterator[None]:
    """Have no traceback rendered: with all its variables that takes seconds, and the server's loop waits for it."""
    with structlog.testing.capture_logs():
        yield


async def must_hold_the_same(desk: Desk) -> None:
    """See that the books hold what the venue holds."""
    async with desk.application.database.read() as tx:
        assert await held_in_books(tx, 1) == desk.venue.ledger.positions_of("SIM1000")


async def test_a_fill_is_booked_when_the_venue_has_lost_its_memory_and_counts_anew(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        await desk.enter(strategy.Id)
    (tmp_path / "venue.jsonl").unlink()
    async with desk_server(tmp_path) as desk:
        await desk.listen()
        first = (await desk.positions())[0]
        plan = await desk.prepare_entry(strategy.Id, "another")
        sent = await desk.send(at_venue(plan))
        await desk.order_in(sent.LiveOrderId, OrderState.Filled)
        second = await desk.position_in(LivePositionState.Open)
        assert second.Id != first.Id
        booked = await desk.control.list_executions(models.ListExecutionsArgs(PositionId=second.Id))
        assert len(booked.Executions) == len(plan.SelectedLegs)


async def test_orders_of_a_run_whose_clock_was_ahead_do_not_use_up_what_may_be_sent_now(tmp_path: Path) -> None:
    market = manual_market(START + timedelta(hours=1))
    async with desk_server(tmp_path, market=market) as desk:
        strategy = await desk.strategy()
        position = await desk.enter(strategy.Id)
        await desk.set_limits(Limits(max_orders_per_minute=1))
    async with desk_server(tmp_path, market=manual_market(START)) as desk:
        await desk.listen()
        await desk.send(at_venue(await desk.prepare_exit(position.Id)))
        closed = await desk.position_in(LivePositionState.Closed)
        assert closed.Id == position.Id


class FullDisk:
    """Lets statements that begin with a text fail until there is room again."""

    def __init__(self, database: Database, text: str) -> None:
        self._text = text
        self._full = True
        self._loop = asyncio.get_running_loop()
        self.failed = asyncio.Semaphore(0)
        event.listen(database._engines.writer, "before_cursor_execute", self._look)

    def _look(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if self._full and statement.startswith(self._text):
            self._loop.call_soon_threadsafe(self.failed.release)
            raise OperationalError(statement, None, RuntimeError("database or disk is full"))

    def make_room(self) -> None:
        self._full = False


async def test_a_position_whose_opening_could_not_be_stored_opens_when_there_is_room_again(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        plan = await desk.prepare_entry(strategy.Id)
        disk = FullDisk(desk.application.database, "UPDATE positions SET state=")
        await desk.send(at_venue(plan))
        async with asyncio.timeout(60):
            await disk.failed.acquire()
        await desk.position_in(LivePositionState.Opening)
        disk.make_room()
        opened = await desk.position_in(LivePositionState.Open)
        detail = await desk.control.get_position(models.GetPositionArgs(PositionId=opened.Id))
        assert detail.Vars["credit"] > 0


async def test_a_fill_that_could_not_be_stored_is_booked_once_when_there_is_room_again(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        plan = await desk.prepare_entry(strategy.Id)
        disk = FullDisk(desk.application.database, "INSERT INTO executions")
        await desk.send(at_venue(plan))
        async with asyncio.timeout(60):
            for _ in range(3):
                await disk.failed.acquire()
        assert await desk.positions() == []
        disk.make_room()
        await desk.position_in(LivePositionState.Open)
        await must_hold_the_same(desk)
        async with desk.application.database.read() as tx:
            booked = await tx.scalar(
                select(func.count()).select_from(order_facts).where(order_facts.c.kind == "Executed")
            )
        assert booked == len(desk.venue.ledger.executions)


async def test_an_order_that_the_venue_has_forgotten_ends_when_its_owner_cancels_it(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        position = await desk.enter((await desk.strategy()).Id)
        leave = at_venue(await desk.prepare_exit(position.Id), kind=OrderType.Limit, limit=Decimal(1))
        resting = (await desk.send(leave)).LiveOrderId
        await desk.order_in(resting, OrderState.Submitted)
    (tmp_path / "venue.jsonl").unlink()
    async with desk_server(tmp_path) as desk:
        await desk.listen()
        await desk.until(lambda: len(troubles(desk)) > 0)
        assert (await desk.order(resting)).State is OrderState.Submitted, "only evidence or its owner ends an order"
        closing = models.SetPositionClosedArgs(IdempotencyKey=new_idempotency_key(), PositionId=position.Id)
        with pytest.raises(MesoLiveApiException, match="cancel it first"):
            await desk.control.set_position_closed(closing)
        await desk.control.cancel_order(models.CancelOrderArgs(IdempotencyKey="give-it-up", LiveOrderId=resting))
        await desk.order_in(resting, OrderState.Cancelled)
        record = await desk.control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey="give-it-up"))
        assert record.Status is models.IdempotencyRecordStatus.Completed
        await desk.control.set_position_closed(closing)
        await desk.until(lambda: troubles(desk)[-1].State is models.ErrorState.Resolved)


def troubles(desk: Desk) -> list[models.ErrorEvent]:
    """Return what was told of the account."""
    return [item for item in desk.events if isinstance(item, models.ErrorEvent) and item.BrokerAccountId is not None]


async def test_a_fill_that_was_lost_long_before_the_venue_is_asked_again_is_booked(tmp_path: Path) -> None:
    market = ScriptedMarket()
    seldom = replace(QUICK, poll_interval=1000.0)
    terms = SimulatedVenueConfig(displayed=Decimal(1))
    async with desk_server(tmp_path, market=(market.market, market.clock), terms=terms, patience=seldom) as desk:
        stage = Play(desk, market)
        definition = strangle(MoveLegAdjustment=STRIKE)
        await desk.set_limits(Limits(allow_unlimited_loss=True))
        definition["Structure"]["Expirations"][0]["DTE"] = "4"
        await stage.enter(definition)
        leave = at_venue(await desk.prepare_exit(stage.position_id), time_in_force=TimeInForce.Gtc)
        order_id = (await desk.send(leave)).LiveOrderId
        await stage.part(order_id, 1)
        desk.venue.faults.ask(Fault.FILL_LOST)
        desk.venue.work()
        assert (await desk.order(order_id)).CumQty == 1
        await market.at(CLOSE, spot=4750.0)
        await desk.order_in(order_id, OrderState.Expired)
        await desk.application.desk.supervisors[0].reconcile()
        await desk.position_in(LivePositionState.Closed)
        assert (await desk.order(order_id)).CumQty == 2
        await must_hold_the_same(desk)
        await stage.must_balance()
