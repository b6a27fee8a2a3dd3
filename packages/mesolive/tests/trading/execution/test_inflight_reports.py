"""A burst of facts from a venue is booked together, in its order, and nothing that goes wrong with it is lost."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from mesolive.store.tables.trading import order_facts
from mesolive.trading.execution.inflight_reports import InflightReports
from mesolive.trading.execution.reconciliation import ReconciliationConfig
from mesolive.trading.orders.repository import StoredOrder
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.base import Accepted
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive_sdk import models
from mesolive_testkit.server import START
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

FILLS = 24
SILENT = ReconciliationConfig(
    check_interval=600.0, poll_interval=600.0, reconnect_delay=0.01, max_reconnect_delay=0.05, missing_grace=0.0
)
"""The venue is polled at a connection only: what is booked was reported, or listed then."""


async def order_of_many_fills(desk: Desk) -> models.SendOrderResult:
    """Send an order that the venue fills one combo at a time, none of them yet."""
    plan = await desk.prepare_entry((await desk.strategy()).Id)
    sent = await desk.send(at_venue(plan, multiplier=Decimal(FILLS)))
    await desk.order_in(sent.LiveOrderId, models.OrderState.Submitted)
    return sent


def fill_all(desk: Desk) -> None:
    """Fill all that works within one moment: nobody hears of the first fill before the last."""
    while desk.venue.ledger.working:
        desk.venue.work()


async def booked(desk: Desk) -> list[str]:
    async with desk.application.database.read() as tx:
        assert await held_in_books(tx, 1) == desk.venue.ledger.positions_of(SIM)
        rows = await tx.all(
            select(order_facts.c.execution_id).where(order_facts.c.kind == "Executed").order_by(order_facts.c.id)
        )
    return [row.execution_id for row in rows]


def queued_venue() -> SimulatedVenueConfig:
    return SimulatedVenueConfig(displayed=Decimal(1), queue_seconds=60.0)


async def test_a_burst_of_fills_is_booked_in_its_order_with_a_few_commits(tmp_path: Path) -> None:
    async with desk_server(tmp_path, terms=queued_venue(), patience=SILENT) as desk:
        sent = await order_of_many_fills(desk)
        commits: list[object] = []
        event.listen(desk.application.database._engines.writer, "commit", commits.append)
        await desk.advance(61)
        fill_all(desk)
        await desk.order_in(sent.LiveOrderId, models.OrderState.Filled)
        assert await booked(desk) == [execution.execution_id for execution in desk.venue.ledger.executions]
        updates = [item for item in await desk.log() if isinstance(item, models.OrderUpdateEvent) and item.FillPrice]
    assert [update.FilledQty for update in updates] == [Decimal(number + 1) for number in range(FILLS)]
    assert len(commits) <= FILLS / 3


async def test_fills_that_could_not_be_stored_are_asked_for_at_a_new_connection(tmp_path: Path) -> None:
    async with desk_server(tmp_path, terms=queued_venue(), patience=SILENT) as desk:
        sent = await order_of_many_fills(desk)
        engine = desk.application.database._engines.writer
        broken: list[str] = []

        def fail_once(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "INSERT INTO order_facts" in statement and len(broken) < 3:
                broken.append(statement)
                raise OperationalError("the disk is full", None, RuntimeError("for a moment"))

        event.listen(engine, "before_cursor_execute", fail_once)
        with capture_logs() as lines:
            await desk.advance(61)
            fill_all(desk)
            await desk.order_in(sent.LiveOrderId, models.OrderState.Filled)
        assert len(broken) == 3
        assert sorted(await booked(desk)) == sorted(
            execution.execution_id for execution in desk.venue.ledger.executions
        )
    assert "reconciliation_failed" in {line["event"] for line in lines}


async def test_no_more_reports_are_in_flight_than_the_limit() -> None:
    in_flight = InflightReports(limit=2)
    bookings: list[asyncio.Future[StoredOrder | None]] = [asyncio.Future() for _ in range(3)]
    for booking in bookings[:2]:
        await in_flight.wait_for_room()
        in_flight.follow(FACT, booking)
    waiting = asyncio.create_task(in_flight.wait_for_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    bookings[1].set_result(None)
    await waiting
    in_flight.follow(FACT, bookings[2])
    done = asyncio.create_task(in_flight.wait_booked())
    bookings[0].set_result(None)
    await asyncio.sleep(0)
    assert not done.done()
    bookings[2].set_result(None)
    await done
    assert not in_flight.failed.done()


async def test_a_report_that_does_not_fit_the_books_stops_no_other_and_is_logged() -> None:
    in_flight = InflightReports()
    booking: asyncio.Future[StoredOrder | None] = asyncio.Future()
    in_flight.follow(FACT, booking)
    with capture_logs() as lines:
        booking.set_exception(ValueError("no such leg"))
        await in_flight.wait_booked()
    assert not in_flight.failed.done()
    assert [line["event"] for line in lines] == ["venue_report_rejected"]


async def test_the_first_error_of_the_store_is_raised_and_the_others_are_logged() -> None:
    in_flight = InflightReports()
    bookings: list[asyncio.Future[StoredOrder | None]] = [asyncio.Future() for _ in range(2)]
    for booking in bookings:
        in_flight.follow(FACT, booking)
    with capture_logs() as lines:
        bookings[0].set_exception(OSError("first"))
        bookings[1].set_exception(OSError("second"))
        await in_flight.wait_booked()
    with pytest.raises(OSError, match="first"):
        in_flight.failed.result()
    assert [(line["event"], str(line["exc_info"])) for line in lines] == [("venue_report_failed", "second")]


FACT = Accepted(account=SIM, reference="mine", venue_id="V1", at=START)
