"""A trader whose server is killed again and again, and what must hold afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any, TypeVar

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.clock import ManualClock
from mesolive.store.database import Database
from mesolive.trading.portfolio.accounts import create_paper_account
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveEventHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_sdk.models import EVENT_MODELS, IdempotencyRecordStatus, LivePositionState, PreparationStatus, StatusCode
from mesolive_testkit.server import ACCOUNT, SPX, definition, fills_args
from mesolive_testkit.store import crash_child

CASH = Decimal(100_000)
START_SECONDS = 120.0
MAX_TRADES = 50

R = TypeVar("R")


def forking() -> ForkServerContext:
    """Return what starts processes as forks of one that has imported the server."""
    context = multiprocessing.get_context("forkserver")
    # Imported once; every server is a fork of that.
    context.set_forkserver_preload(["mesolive.server", "mesolive_sdk", "alembic.command", "asyncpg"])
    return context


class Server:
    """One life of the server's process."""

    def __init__(self, process: ForkServerProcess | asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()

    async def death(self) -> None:
        """Wait until it is gone."""
        if isinstance(self.process, asyncio.subprocess.Process):
            status = await self.process.wait()
        else:
            await asyncio.to_thread(self.process.join, START_SECONDS)
            status = self.process.exitcode
        assert status == -signal.SIGKILL, f"the server ended with {status}"


@asynccontextmanager
async def server(database_url: str, fault: crash_child.Fault | None = None) -> AsyncGenerator[Server]:
    """Run the server in a process while the context lasts; then kill it if nothing else did."""
    context = forking()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=crash_child.run, args=(database_url, sender, fault), daemon=True)
    await asyncio.to_thread(process.start)
    sender.close()
    try:
        if not await asyncio.to_thread(receiver.poll, START_SECONDS):
            raise TimeoutError("the server did not start")
        yield Server(process, receiver.recv())
    finally:
        process.kill()
        await asyncio.to_thread(process.join, START_SECONDS)
        receiver.close()


async def prepare(database_url: str) -> str:
    """Make a user and a paper account; return the user's token."""
    database = await Database.open(database_url)
    access = Access(database, ServerSecret(crash_child.SECRET))
    made = await access.create_key("trader")
    clock = ManualClock(crash_child.START)
    await create_paper_account(database, clock, await access.user("trader"), ACCOUNT, CASH)
    await database.close()
    return made.token


@asynccontextmanager
async def command(database_url: str) -> AsyncGenerator[Server]:
    """Run `mesolive serve` while the context lasts; then kill it if nothing else did."""
    environment = {"MESOLIVE_DATABASE": database_url, "MESOLIVE_SECRET_KEY": crash_child.SECRET, "MESOLIVE_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("mesolive"),
        "serve",
        "--market",
        "simulated",
        "--start",
        crash_child.START.isoformat(),
        env={**os.environ, **environment, "NO_COLOR": "1", "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            while (match := re.search(r"listening on\s+(\S+)", (await process.stdout.readline()).decode())) is None:
                assert process.returncode is None
        yield Server(process, match[1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@dataclass
class Trade:
    """One trade as its trader knows it: what he asked for, under which key, and what he was answered."""

    entry_key: str = field(default_factory=new_idempotency_key)
    entry_fill_key: str = field(default_factory=new_idempotency_key)
    exit_key: str = field(default_factory=new_idempotency_key)
    exit_fill_key: str = field(default_factory=new_idempotency_key)
    entry: models.PreparePositionEntryResult | None = None
    position_id: int | None = None
    exit: models.PreparePositionExitResult | None = None
    closed: bool = False


class Trader:
    """Enters and leaves positions; after a crash he goes on where he was, with the keys that he used.

    Parameters
    ----------
    token
        His API key.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self.strategy_id: int | None = None
        self.trades: list[Trade] = [Trade()]
        self.answered: dict[str, object] = {}
        self.asked: set[str] = set()
        self.heard: dict[int, models.MesoLiveEvent] = {}

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncGenerator[MesoLiveControlHubClient]:
        """Connect to both hubs and keep every event that is heard."""
        async with AsyncExitStack() as stack:
            control = await stack.enter_async_context(
                MesoLiveControlHubClient(url, self._token, reconnect=None, timeout=60)
            )
            if self.strategy_id is None:
                args = models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[ACCOUNT])
                self.strategy_id = (await control.create_strategy(args)).Id
            listener = MesoLiveEventHubClient(url, self._token, reconnect=None, timeout=60)
            for name in EVENT_MODELS:
                listener._on(name, self._hear)
            await stack.enter_async_context(listener)
            await listener.subscribe_to_strategies()
            yield control

    def _hear(self, event: models.MesoLiveEvent) -> None:
        self.heard[event.EventSeqId] = event

    async def trade(self, control: MesoLiveControlHubClient) -> None:
        """Go on with the present trade until it is closed, and begin another."""
        trade = self.trades[-1]
        if trade.entry is None:
            trade.entry = await self._prepare_entry(control, trade)
        if trade.position_id is None:
            fills = fills_args(
                trade.entry.ExecPlanId, trade.entry.SelectedLegs, trade.entry.LegPrices, key=trade.entry_fill_key
            )
            filled = await self._once(trade.entry_fill_key, lambda: control.apply_paper_fills(fills))
            trade.position_id = filled.PositionId
        if trade.exit is None:
            trade.exit = await self._prepare_exit(control, trade, trade.position_id)
        if not trade.closed:
            fills = fills_args(
                trade.exit.ExecPlanId, trade.exit.PositionLegs, trade.exit.LegPrices, key=trade.exit_fill_key
            )
            await self._once(trade.exit_fill_key, lambda: control.apply_paper_fills(fills))
            trade.closed = True
        self.trades.append(Trade())

    async def _prepare_entry(
        self, control: MesoLiveControlHubClient, trade: Trade
    ) -> models.PreparePositionEntryResult:
        while True:
            assert self.strategy_id is not None
            args = models.PreparePositionEntryArgs(
                IdempotencyKey=trade.entry_key,
                PositionName=f"trade {len(self.trades)}",
                StrategyId=self.strategy_id,
                BrokerAccountId=ACCOUNT,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                Underlying=SPX,
            )
            job = await self._once(trade.entry_key, lambda args=args: control.start_prepare_position_entry(args))
            ask = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
            status = await wait_for_job(lambda ask=ask: control.get_prepare_position_entry_status(ask))
            if status.Result is not None:
                return status.Result
            _must_be_cut_off(status.Status, status.Error)
            trade.entry_key = new_idempotency_key()

    async def _prepare_exit(
        self, control: MesoLiveControlHubClient, trade: Trade, position_id: int
    ) -> models.PreparePositionExitResult:
        while True:
            args = models.PreparePositionExitArgs(IdempotencyKey=trade.exit_key, PositionId=position_id)
            job = await self._once(trade.exit_key, lambda args=args: control.start_prepare_position_exit(args))
            ask = models.GetPreparePositionExitStatusArgs(JobId=job.JobId)
            status = await wait_for_job(lambda ask=ask: control.get_prepare_position_exit_status(ask))
            if status.Result is not None:
                return status.Result
            _must_be_cut_off(status.Status, status.Error)
            trade.exit_key = new_idempotency_key()

    async def _once(self, key: str, call: Callable[[], Awaitable[R]]) -> R:
        """Make a call that may have been made before; the answer is the first one's."""
        again = key in self.asked
        self.asked.add(key)
        try:
            answer = await call()
        except MesoLiveApiException as error:
            if error.status is not StatusCode.DuplicateRequest or not again:
                raise  # a refusal, or a call that was never made and is said to be a repetition
            answer: Any = error.data
        else:
            assert key not in self.answered, "a call that was answered ran a second time"
        if key in self.answered:
            assert answer == self.answered[key], "a repetition is answered otherwise than the first call"
        self.answered[key] = answer
        return answer


def _must_be_cut_off(status: PreparationStatus, error: str | None) -> None:
    assert status is PreparationStatus.Failed, status
    assert "server stopped" in (error or ""), error


async def replayed(hub: MesoLiveEventHubClient) -> list[models.MesoLiveEvent]:
    """Return every event of the user, page by page."""
    events: list[models.MesoLiveEvent] = []
    token: str | None = None
    while True:
        args = models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000, ContinuationToken=token)
        page = await hub.get_events_since(args)
        events += [envelope.Event for envelope in page.Events]
        token = page.ContinuationToken
        if not token:
            return events


async def check(url: str, token: str, trader: Trader) -> None:
    """Ask a server that has just started whether what it finds hangs together and keeps what was promised."""
    async with (
        MesoLiveControlHubClient(url, token, reconnect=None) as control,
        MesoLiveEventHubClient(url, token, reconnect=None) as hub,
    ):
        positions = (await control.list_positions(models.ListPositionsArgs(Limit=500))).Positions
        executions = (await control.list_executions(models.ListExecutionsArgs(Limit=500))).Executions
        orders = (await control.list_orders(models.ListOrdersArgs(Limit=500))).Orders
        account = await control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
        latest = (await hub.get_latest_event_seq_id()).LatestEventSeqId
        events = await replayed(hub)

        # Events: without gaps, and all that was ever heard is among them, under the same ids.
        # The server goes on raising signals meanwhile: there may be more by now.
        assert [event.EventSeqId for event in events] == list(range(1, len(events) + 1))
        assert len(events) >= latest
        by_number = {event.EventSeqId: event for event in events}
        for number, received in trader.heard.items():
            assert by_number[number] == received, "an event was announced that is not in the log"

        # Positions: as their events say, with all legs and executions or none.
        announced = {"Created": set[int](), "Closed": set[int]()}
        for event in events:
            if isinstance(event, models.PositionUpdateEvent) and event.Status.name in announced:
                announced[event.Status.name].add(event.PositionId)
        assert announced["Created"] == {position.Id for position in positions}
        assert announced["Closed"] == {p.Id for p in positions if p.State is LivePositionState.Closed}
        for position in positions:
            detail = await control.get_position(models.GetPositionArgs(PositionId=position.Id))
            traded = [execution for execution in executions if execution.PositionId == position.Id]
            legs = [leg for leg in detail.Legs if traded and leg.Name in {each.LegName for each in traded}]
            if position.State is LivePositionState.Open:
                assert {leg.Name: leg.Qty for leg in legs} == {each.LegName: each.Qty for each in traded}
                assert all(leg.ClosedAt is None for leg in detail.Legs)
            else:
                assert position.State is LivePositionState.Closed
                assert position.ClosedAt is not None
                assert all(leg.ClosedAt is not None for leg in detail.Legs)
                assert len(traded) == 2 * len(legs)
                assert sum(each.Qty for each in traded) == 0

        # Cash: what the executions say, to the cent. Orders: none without executions.
        spent = sum(
            (each.Price * each.Qty * (each.Contract.Multiplier or 1) + each.Commission for each in executions),
            Decimal(0),
        )
        assert account.Cash == CASH - spent
        assert {order.OrderId for order in orders} == {each.LiveOrderId for each in executions}
        assert account.ActivePositions == sum(p.State is LivePositionState.Open for p in positions)

        await _check_records(control, trader, {position.Id for position in positions})


async def _check_records(control: MesoLiveControlHubClient, trader: Trader, positions: set[int]) -> None:
    """Look for each call's record: an answered one has it; another has happened as its record says, or not at all."""
    for key in trader.asked:
        try:
            record = await control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))
        except MesoLiveApiException as error:
            if error.status is not StatusCode.NotFound or key in trader.answered:
                raise  # a call that was answered has no record
            continue
        assert record.Status is IdempotencyRecordStatus.Completed
        assert record.ResponseStatus is StatusCode.Success
        if record.JobId is not None:
            assert record.JobStatus is not None
            assert record.JobStatus.is_final
        if record.Operation is models.IdempotencyOperation.ApplyPaperFills:
            trade = next(t for t in trader.trades if key in {t.entry_fill_key, t.exit_fill_key})
            assert trade.position_id is None or trade.position_id in positions
    created = [trade for trade in trader.trades if trade.entry_fill_key in trader.asked]
    assert len(positions) <= len(created), "a position exists without a call that asked for it"


async def until_gone(trader: Trader, running: Server) -> None:
    """Trade until the server is gone."""
    with contextlib.suppress(MesoLiveSignalRError):  # the connection broke, or could not be made
        async with trader.connected(running.url) as control:
            for _ in range(MAX_TRADES):
                await trader.trade(control)
            raise AssertionError(f"the server did not die within {MAX_TRADES} trades")
    await running.death()
