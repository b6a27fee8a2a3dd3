"""A server that is paused between the commit and the submission of an order, and taken over meanwhile, sends nothing.

PostgreSQL ends its connections, as at a failover; another server takes the database, and the trader sends the order's
group again there. The venue runs apart from both and is the judge.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from mesolive.clock import ScaledClock, boot_time
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.trading.execution.send_permits import LIMITS, Denial
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.connection import VenueConnection
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_testkit.server import SPX, definition
from mesolive_testkit.store.crash_child import START
from mesolive_testkit.venues import pause_child
from mesolive_testkit.venues.crash import prepare
from mesolive_testkit.venues.desk import SIM, at_venue
from mesolive_testkit.venues.pause_child import Pause
from mesolive_testkit.venues.remote import serve_venue
from mesolive_testkit.venues.server_process import Life, life

SECONDS = 90
"""For what a slow machine may need; nothing waits for it to pass."""

END_CONNECTIONS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class UnfencedConnection(VenueConnection):
    """A connection of two sessions at a time."""

    def cut(self) -> None:
        """Cut no session."""


class UnfencedVenue(SimulatedVenue):
    """A venue that takes orders from the older of two sessions too: nothing but the permit keeps them apart."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.connection = UnfencedConnection(self._clock, self.faults)


class Server(NamedTuple):
    """The server that is paused."""

    url: str
    pid: int
    reports: Any  # a pipe: its type differs between platforms

    async def says(self) -> str | None:
        """Return its next report: that it stops, or what the permit came to."""
        assert await asyncio.to_thread(self.reports.poll, SECONDS), "the server reported nothing"
        result: str | None = self.reports.recv()
        return result


@asynccontextmanager
async def pausing_server(database_url: str, venue_port: int, pause: Pause) -> AsyncGenerator[Server]:
    """Run the server that stops itself."""
    context = multiprocessing.get_context("forkserver")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=pause_child.run, args=(database_url, sender, venue_port, pause), daemon=True)
    await asyncio.to_thread(process.start)
    sender.close()
    try:
        assert await asyncio.to_thread(receiver.poll, SECONDS), "the server did not start"
        assert process.pid is not None
        yield Server(receiver.recv(), process.pid, receiver)
    finally:
        process.kill()
        await asyncio.to_thread(process.join, SECONDS)
        receiver.close()


def started(server: Life | None) -> Life:
    """Return a server that listens."""
    assert server is not None, "the server ended before it listened"
    return server


async def end_connections(database_url: str) -> None:
    """End every connection to the database, as a failover does."""
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(END_CONNECTIONS)
    await engine.dispose()


@asynccontextmanager
async def running_venue(directory: Path) -> AsyncGenerator[tuple[SimulatedVenue, int]]:
    """Run the venue, apart from every server."""
    clock = ScaledClock(START)
    market = Market([SimulatedProvider.generated(clock, seed=7)])
    venue = UnfencedVenue(market, clock, directory / "venue.jsonl", terms=SimulatedVenueConfig(always_open=True))
    await market.start()
    await venue.start()
    server = await serve_venue(venue)
    try:
        yield venue, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await venue.stop()
        await market.stop()


async def entry_plan(control: MesoLiveControlHubClient) -> models.PreparePositionEntryResult:
    """Prepare an entry of the sample strategy."""
    made = await control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[SIM])
    )
    job = await control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="a trade",
            StrategyId=made.Id,
            BrokerAccountId=SIM,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.UniqueInPosition,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    status = await wait_for_job(lambda: control.get_prepare_position_entry_status(args))
    assert status.Result is not None, status.Error
    return status.Result


async def first_order(control: MesoLiveControlHubClient) -> models.Order:
    """Return the order that the paused server has committed."""
    orders = (await control.list_orders(models.ListOrdersArgs(BrokerAccountId=SIM))).Orders
    return min(orders, key=lambda order: order.OrderId)


async def judged(control: MesoLiveControlHubClient) -> models.Order:
    """Wait until the second server knows that the order never arrived."""
    async with asyncio.timeout(SECONDS):
        while (order := await first_order(control)).State is not models.OrderState.Rejected:  # noqa: ASYNC110 - the state of another process
            await asyncio.sleep(0.05)
    return order


@pytest.mark.timeout(600)
@pytest.mark.parametrize("pause", list(Pause))
async def test_a_paused_server_that_was_taken_over_does_not_double_an_order(
    postgres_url: str, tmp_path: Path, pause: Pause
) -> None:
    token = await prepare(postgres_url)
    async with (
        running_venue(tmp_path) as (venue, port),
        pausing_server(postgres_url, port, pause) as first,
        MesoLiveControlHubClient(first.url, token, reconnect=None, timeout=SECONDS) as before,
    ):
        plan = await entry_plan(before)
        sending = asyncio.create_task(before.send_order(at_venue(plan, key="first")))
        assert await first.says() == "stopping"
        stopped = boot_time()
        await end_connections(postgres_url)
        async with (
            life(postgres_url, port, None) as second,
            MesoLiveControlHubClient(started(second).url, token, timeout=SECONDS) as control,
        ):
            if pause is Pause.AFTER_PERMIT:
                # It may be on its way: the group cannot be ordered again until it is known.
                with pytest.raises(MesoLiveApiException, match="order"):
                    await control.send_order(at_venue(plan, key="too-early"))
            else:
                await judged(control)
                await control.send_order(at_venue(plan, key="second"))
            # The pause is longer than a permit stands; no machine takes over quicker than that anyway.
            await asyncio.sleep(max(0.0, LIMITS.permit + 0.2 - (boot_time() - stopped)))
            os.kill(first.pid, signal.SIGCONT)
            permit = await first.says()
            if pause is Pause.WITHOUT_PERMITS:
                async with asyncio.timeout(SECONDS):
                    while len(venue.ledger.orders) < 2:  # noqa: ASYNC110 - a message between other processes
                        await asyncio.sleep(0.05)
                assert permit is None, "the double order: this is what permits are for"
            elif pause is Pause.BEFORE_PERMIT:
                assert permit == Denial.TAKEN_OVER.value
                assert len(venue.ledger.orders) == 1
            else:
                assert permit == Denial.STALE_PERMIT.value
                await judged(control)
                assert len(venue.ledger.orders) == 0
                await control.send_order(at_venue(plan, key="second"))
                assert len(venue.ledger.orders) == 1
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
