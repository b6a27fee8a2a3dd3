"""A trader whose server is killed again and again while it trades at a venue with faults; what must hold at the end."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.context import ForkServerContext, ForkServerProcess
from random import Random
from typing import Any

from sqlalchemy import select

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.clock import ManualClock
from mesolive.market.contracts import OptionContract
from mesolive.store.database import Database
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.signals import adjustment_plans
from mesolive.store.tables.trading import accounts, exec_plans, executions, order_facts, orders, positions
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import create_simulated_account, find_account
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.simulated.faults import Fault
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveEventHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_sdk.models import EVENT_MODELS, LivePositionState, OrderState, OrderType, PositionStatus, StatusCode
from mesolive_testkit.server import SPX, definition
from mesolive_testkit.store.crash_child import SECRET, START
from mesolive_testkit.venues import crash_child
from mesolive_testkit.venues.desk import CASH, SIM, at_venue

START_SECONDS = 300.0
"""A start takes three seconds; a long run of kills must not end because the machine was busy for a minute."""
LIFE_SECONDS = 120.0

RATES = {
    Fault.REQUEST_LOST: 0.03,
    Fault.ANSWER_LOST: 0.03,
    Fault.ANSWER_LATE: 0.03,
    Fault.REJECT: 0.03,
    Fault.DISCONNECT_BEFORE: 0.02,
    Fault.DISCONNECT_AFTER: 0.02,
    Fault.DUPLICATE_FILL: 0.1,
    Fault.REORDERED_FILL: 0.1,
    Fault.FILL_LOST: 0.1,
    Fault.DISCONNECT_AT_FILL: 0.03,
}

ENDED = {OrderState.Filled, OrderState.Cancelled, OrderState.Rejected, OrderState.Expired, OrderState.Replaced}
WORKING = (OrderState.PendingSubmit, OrderState.Submitted, OrderState.PartiallyFilled, OrderState.PendingCancel)
HELD = (LivePositionState.Opening, LivePositionState.Open, LivePositionState.Closing)


Operation = models.PositionAdjustmentOperation
ADJUSTMENTS: dict[str, tuple[Operation, dict[str, Any]]] = {
    "underlying_price > 1 -- move": (
        Operation.MoveLeg,
        {
            "MoveLegAdjustment": {
                "LegName": "short_put",
                "StrikeSelector": {"StrikePrice": "leg_short_put_strike - 25"},
                "VarDefines": {"moves": "moves + 1"},
            }
        },
    ),
    "underlying_price > 1 -- add": (
        Operation.AddLegs,
        {
            "AddLegsAdjustment": {
                "Legs": [
                    {
                        "Name": "hedge",
                        "Qty": "1",
                        "OptionType": "Put",
                        "ExpirationName": "month",
                        "LegGroupId": "2",
                        "StrikeSelector": {"StrikePrice": "leg_long_put_strike - 50"},
                    }
                ]
            }
        },
    ),
    "underlying_price > 1 -- remove": (Operation.RemoveLegs, {"RemoveLegsAdjustment": {"LegNames": ["hedge"]}}),
}
"""Three conditional adjustments with one operation each: each that is carried out counts."""


def traded() -> dict[str, Any]:
    """Return the sample with two condors at once, so that orders are filled in parts, and with adjustments."""
    entry = definition()["Entry"]
    return definition(
        Entry={**entry, "QtyMultiplier": "2", "VarDefines": {**entry["VarDefines"], "moves": "0"}},
        Adjustment={"ConditionalAdjustments": {condition: rule for condition, (_, rule) in ADJUSTMENTS.items()}},
    )


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mesolive.server", "mesolive_sdk", "alembic.command", "asyncpg"])
    return context


class Life:
    """One life of the server's process."""

    def __init__(self, process: ForkServerProcess, url: str) -> None:
        self._process = process
        self.url = url

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()

    async def death(self) -> None:
        """Wait until it is gone, and see that it was killed and did not end by itself."""
        await asyncio.to_thread(self._process.join, START_SECONDS)
        assert self._process.exitcode == -signal.SIGKILL, f"the server ended with {self._process.exitcode}"

    @property
    def over(self) -> bool:
        return not self._process.is_alive()


@asynccontextmanager
async def life(
    database_url: str, venue: object, die_at: int | None, target: Callable[..., None] = crash_child.run
) -> AsyncGenerator[Life | None]:
    """Run the server while the context lasts; `None` when it died before it listened.

    Parameters
    ----------
    venue
        Where the venue is: the second argument of `target`, which runs in the process.
    """
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(database_url, sender, venue, die_at), daemon=True)
    await asyncio.to_thread(process.start)
    sender.close()
    try:
        if not await asyncio.to_thread(receiver.poll, START_SECONDS):
            raise TimeoutError("the server did not start")
        try:
            url: str | None = receiver.recv()
        except EOFError:
            url = None
        yield None if url is None else Life(process, url)
    finally:
        process.kill()
        await asyncio.to_thread(process.join, START_SECONDS)
        receiver.close()


async def prepare(database_url: str) -> str:
    """Make a user and an account at the venue; return the user's token."""
    database = await Database.open(database_url)
    access = Access(database, ServerSecret(SECRET))
    made = await access.create_key("trader")
    owner = await access.user("trader")
    await create_simulated_account(database, ManualClock(START), owner, SIM, CASH)
    async with database.write() as tx:
        # At the usual limit most calls of a long run would be refused, and most kills would hit an idle server.
        account = await find_account(tx, owner.user_id, SIM)
        await set_limits(tx, account.id, Limits(max_orders_per_minute=1_000_000))
    await database.close()
    return made.token


async def working_orders(control: MesoLiveControlHubClient, account: str = SIM) -> list[models.Order]:
    """Return the orders that have not ended; asked for by their states, for a long day has more orders than a page."""
    orders: list[models.Order] = []
    for state in WORKING:
        args = models.ListOrdersArgs(BrokerAccountId=account, State=state, Limit=500)
        orders += (await control.list_orders(args)).Orders
    return sorted(orders, key=lambda order: order.OrderId)


async def held_positions(control: MesoLiveControlHubClient) -> list[models.LivePosition]:
    """Return the positions that are not closed."""
    positions: list[models.LivePosition] = []
    for state in HELD:
        positions += (await control.list_positions(models.ListPositionsArgs(State=state, Limit=500))).Positions
    return sorted(positions, key=lambda position: position.Id)


@dataclass
class Trader:
    """Enters, adjusts, replaces, cancels and leaves at random; what was not answered he asks with the same key."""

    token: str
    random: Random
    strategy_id: int | None = None
    pending: Callable[[MesoLiveControlHubClient], Awaitable[object]] | None = None
    keys: set[str] = field(default_factory=set[str])
    legs: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    heard: dict[int, models.MesoLiveEvent] = field(default_factory=dict[int, models.MesoLiveEvent])
    actions: Counter[str] = field(default_factory=Counter[str])
    adjusted: Counter[int] = field(default_factory=Counter[int])
    account: str = SIM

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncGenerator[MesoLiveControlHubClient]:
        """Connect to both hubs and keep every event that is heard."""
        async with AsyncExitStack() as stack:
            control = await stack.enter_async_context(
                MesoLiveControlHubClient(url, self.token, reconnect=None, timeout=60)
            )
            if self.strategy_id is None:
                known = (await control.list_strategies(models.ListStrategiesArgs())).Strategies
                if not known:
                    args = models.CreateStrategyArgs(StrategyDefinition=traded(), ActiveOnAccounts=[self.account])
                    known = [await control.create_strategy(args)]
                self.strategy_id = known[0].Id
            listener = MesoLiveEventHubClient(url, self.token, reconnect=None, timeout=60)
            for name in EVENT_MODELS:
                listener._on(name, self._hear)
            await stack.enter_async_context(listener)
            await listener.subscribe_to_strategies()
            yield control

    def _hear(self, event: models.MesoLiveEvent) -> None:
        self.heard[event.EventSeqId] = event

    async def until_gone(self, running: Life) -> None:
        """Trade until the server is gone."""
        with contextlib.suppress(MesoLiveSignalRError):  # the connection broke, or could not be made
            async with asyncio.timeout(LIFE_SECONDS), self.connected(running.url) as control:
                while not running.over:
                    await self.act(control)
        await running.death()

    async def act(self, control: MesoLiveControlHubClient) -> None:
        """Do one thing, or again what was not answered."""
        if self.pending is not None:
            await self.pending(control)
            self.pending = None
            return
        working = await working_orders(control, self.account)
        positions = await held_positions(control)
        # What cannot be done is refused without a trace: a trader who asks for that most of the time tests little.
        replaceable = [order for order in working if order.LimitPrice is not None and order.ExecPlanId in self.legs]
        busy = {order.PositionId for order in working}
        free = [item for item in positions if item.State is LivePositionState.Open and item.Id not in busy]
        dice = self.random.random()
        if working and dice < 0.15:
            await self._cancel(control, self.random.choice(working).OrderId)
        elif replaceable and dice < 0.35:
            await self._replace(control, self.random.choice(replaceable))
        elif free and dice < 0.65:
            await self._adjust(control, self.random.choice(free).Id)
        elif free and (dice < 0.8 or len(free) > 4):
            await self._exit(control, self.random.choice(free).Id)
        else:
            await self._enter(control)

    async def _once(
        self, key: str, name: str, control: MesoLiveControlHubClient, call: Callable[[MesoLiveControlHubClient], Any]
    ) -> None:
        self.keys.add(key)

        async def ask(control: MesoLiveControlHubClient) -> None:
            try:
                await call(control)
                self.actions[name] += 1
            except MesoLiveApiException as error:
                # A refusal, or what the first call came to: in both cases it is over.
                if error.status is StatusCode.InternalError:
                    raise
                self.actions[f"{name}: {error.status.name}"] += 1

        self.pending = ask
        await ask(control)
        self.pending = None

    async def _send(
        self,
        control: MesoLiveControlHubClient,
        plan: (
            models.PreparePositionEntryResult
            | models.PreparePositionExitResult
            | models.PreparePositionAdjustmentResult
        ),
        name: str = "send",
    ) -> None:
        market = self.random.random() < 0.6
        for group in plan.LegGroups:
            limit = None if market else Decimal(round((plan.LegGroupPrices[group].Mark or 0) * 10)) / 10 - 1
            kind = OrderType.Market if market else OrderType.Limit
            key = new_idempotency_key()
            args = at_venue(plan, kind=kind, limit=limit, group=group, key=key, account=self.account)
            self.legs[plan.ExecPlanId] = args.LegGroupOrder.LegNames
            await self._once(args.IdempotencyKey, name, control, lambda control, args=args: control.send_order(args))

    async def _enter(self, control: MesoLiveControlHubClient) -> None:
        assert self.strategy_id is not None
        job = await control.start_prepare_position_entry(
            models.PreparePositionEntryArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionName="a trade",
                StrategyId=self.strategy_id,
                BrokerAccountId=self.account,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.UniqueInPosition,
                Underlying=SPX,
            )
        )
        ask = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: control.get_prepare_position_entry_status(ask))
        if status.Result is not None:
            await self._send(control, status.Result)

    async def _exit(self, control: MesoLiveControlHubClient, position_id: int) -> None:
        try:
            job = await control.start_prepare_position_exit(
                models.PreparePositionExitArgs(IdempotencyKey=new_idempotency_key(), PositionId=position_id)
            )
        except MesoLiveApiException:
            return  # it was closed meanwhile
        ask = models.GetPreparePositionExitStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: control.get_prepare_position_exit_status(ask))
        if status.Result is not None:
            await self._send(control, status.Result)

    async def _adjust(self, control: MesoLiveControlHubClient, position_id: int) -> None:
        condition, (operation, _) = self.random.choice(list(ADJUSTMENTS.items()))
        try:
            job = await control.start_prepare_position_adjustment(
                models.PreparePositionAdjustmentArgs(
                    IdempotencyKey=new_idempotency_key(),
                    PositionId=position_id,
                    Operation=operation,
                    Condition=condition,
                    LegSelectionConstraint=models.LiveLegSelectionConstraint.UniqueInPosition,
                )
            )
        except MesoLiveApiException:
            return  # it is not open, or an order of it works
        ask = models.GetPreparePositionAdjustmentStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: control.get_prepare_position_adjustment_status(ask))
        if status.Result is not None:
            await self._send(control, status.Result, f"adjust by {operation.name}")

    async def _cancel(self, control: MesoLiveControlHubClient, order_id: int) -> None:
        args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=order_id)
        await self._once(args.IdempotencyKey, "cancel", control, lambda control: control.cancel_order(args))

    async def _replace(self, control: MesoLiveControlHubClient, order: models.Order) -> None:
        assert order.LimitPrice is not None
        args = models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            ReplacesOrder=order.OrderId,
            BrokerAccountId=self.account,
            ExecPlanId=order.ExecPlanId,
            LegGroupId=order.LegGroupId,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=OrderType.Limit,
                TimeInForce=models.TimeInForce.Day,
                LimitPrice=order.LimitPrice + Decimal("0.50"),
                LegNames=self.legs[order.ExecPlanId],
            ),
        )
        await self._once(args.IdempotencyKey, "replace", control, lambda control: control.send_order(args))

    async def finish(self, control: MesoLiveControlHubClient) -> None:
        """Cancel what works until nothing does."""
        async with asyncio.timeout(LIFE_SECONDS):
            while True:
                if self.pending is not None:
                    await self.pending(control)
                    self.pending = None
                working = await working_orders(control, self.account)
                if not working:
                    return
                for order in working:
                    await self._cancel(control, order.OrderId)
                await asyncio.sleep(0.05)  # the venue is another process: there is nothing to wait on but time


@dataclass(frozen=True)
class Books:
    """What the database says at the end."""

    account: Any
    contracts: Mapping[OptionContract, Decimal]
    facts: Sequence[str]
    booked: Sequence[Any]
    sent: Sequence[Any]
    records: Sequence[Any]
    plans: Sequence[Any]
    moving: frozenset[int]
    positions: Sequence[Any]

    @property
    def spent(self) -> Decimal:
        """What was paid, commissions included."""
        return sum((row.price * row.qty * row.multiplier + row.commission for row in self.booked), Decimal(0))


async def read_books(database_url: str) -> Books:
    """Read what the check compares from the database of a server that may run; there is one account."""
    database = await Database.open(database_url)
    try:
        return await books_of(database)
    finally:
        await database.close()


async def books_of(database: Database) -> Books:
    """Return what a database says; there is one account."""
    async with database.read() as tx:
        account = await tx.first(select(accounts))
        assert account is not None
        facts = select(order_facts.c.execution_id).where(order_facts.c.kind == "Executed")
        moved = select(adjustment_plans.c.plan_id).where(adjustment_plans.c.operation == Operation.MoveLeg.name)
        return Books(
            account=account,
            contracts=await held_in_books(tx, account.id),
            facts=[row.execution_id for row in await tx.all(facts)],
            booked=await tx.all(select(executions)),
            sent=await tx.all(select(orders)),
            records=await tx.all(select(idempotency_records)),
            plans=await tx.all(select(exec_plans)),
            moving=frozenset(row.plan_id for row in await tx.all(moved)),
            positions=await tx.all(select(positions)),
        )


async def check(database_url: str, venue: SimulatedVenue, trader: Trader) -> None:
    """Hold the books against the venue, once nothing is on its way any more."""
    books = await read_books(database_url)
    ledger = venue.ledger
    assert books.contracts == ledger.positions_of(SIM), "the books and the venue hold different things"
    assert sorted(books.facts) == sorted(execution.execution_id for execution in ledger.executions), (
        "a fill is missing or doubled"
    )
    legs = {
        f"{execution.execution_id}/{leg.name}": (leg.qty, leg.price)
        for execution in ledger.executions
        for leg in execution.legs
    }
    assert {row.broker_execution_id: (row.qty, row.price) for row in books.booked} == legs
    assert len(books.booked) == len(legs)
    by_reference = {row.reference: row for row in books.sent}
    assert set(ledger.orders) <= set(by_reference), "the venue has an order that we do not know"
    for reference, order in ledger.orders.items():
        assert abs(by_reference[reference].filled_qty) == order.filled
        assert order.filled <= order.request.qty
    assert books.account.cash == CASH - books.spent
    check_books(books, trader)


def check_books(books: Books, trader: Trader) -> None:
    """Check what must hold of the books alone, whatever venue was traded at."""
    references = Counter(row.reference for row in books.sent)
    assert all(number == 1 for number in references.values())
    whole: dict[tuple[int, int], tuple[Decimal, Decimal]] = {}
    for row in books.sent:
        key = (row.plan_id, row.leg_group_id)
        filled, most = whole.get(key, (Decimal(0), Decimal(0)))
        # The first order of a group is of all of it.
        whole[key] = (filled + abs(row.filled_qty), max(most, abs(row.qty)))
    assert all(filled <= most for filled, most in whole.values()), "a group was bought twice"
    assert "Filled" not in {row.state for row in books.plans}, "an adjustment was not completed"
    done = Counter(row.position_id for row in books.plans if (row.kind, row.state) == ("Adjustment", "Executed"))
    assert {row.id: row.adjustment_count for row in books.positions if row.adjustment_count} == done
    open_now = [row for row in books.positions if row.state == "Open"]
    assert {row.id: trader.adjusted[row.id] for row in open_now} == {row.id: done[row.id] for row in open_now}
    moves = Counter(plan.position_id for plan in books.plans if plan.state == "Executed" and plan.id in books.moving)
    for row in open_now:
        # Also where a fill was booked while no quotes came, such as before their connection was there.
        assert int(row.variables["moves"]) == moves[row.id], "variables were not set once"
    unsettled = [(row.operation, row.key) for row in books.records if row.status != "Completed"]
    assert not unsettled, unsettled


async def check_events(url: str, trader: Trader) -> None:
    """Every event is there once and in order, and all that was heard is among them."""
    events: list[models.MesoLiveEvent] = []
    async with MesoLiveEventHubClient(url, trader.token, reconnect=None) as hub:
        latest = (await hub.get_latest_event_seq_id()).LatestEventSeqId
        since = 0
        while since < latest:
            page = await hub.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=since, Limit=1000))
            events += [envelope.Event for envelope in page.Events]
            since = events[-1].EventSeqId
    assert [event.EventSeqId for event in events] == list(range(1, len(events) + 1))
    by_number = {event.EventSeqId: event for event in events}
    for number, received in trader.heard.items():
        assert by_number[number] == received, "an event was announced that is not in the log"
    ended: dict[int, models.OrderUpdateEvent] = {}
    for event in events:
        if not isinstance(event, models.OrderUpdateEvent):
            continue
        before = ended.get(event.OrderId)
        if before is not None:
            more = abs(event.FilledQty or 0) > abs(before.FilledQty or 0)
            late = event.State in {before.State, OrderState.Filled} and more
            assert late, "an order ended twice, and not because a fill was told after its end"
        if event.State in ENDED:
            ended[event.OrderId] = event
    changes = [event for event in events if isinstance(event, models.PositionUpdateEvent)]
    trader.adjusted = Counter(event.PositionId for event in changes if event.Status is PositionStatus.Adjusted)
    closed = Counter(event.PositionId for event in changes if event.Status is PositionStatus.Closed)
    assert all(number == 1 for number in closed.values()), "a position was closed twice"


async def run(database_url: str, venue: SimulatedVenue, port: int, kills: int, seed: int) -> Counter[str]:
    """Let a server live and die at least `kills` times, settle everything and check; return what the trader did."""
    random = Random(seed)  # noqa: S311 - to be repeated
    trader = Trader(await prepare(database_url), random)
    lives = 0
    # A short run may kill before anything was accepted: it goes on until an order was.
    while lives < kills or not trader.actions["send"]:
        lives += 1
        async with life(database_url, port, random.randint(1, 250)) as running:
            assert running is not None
            await trader.until_gone(running)
    venue.faults.rates.clear()
    async with life(database_url, port, None) as running:
        assert running is not None
        async with trader.connected(running.url) as control:
            await trader.finish(control)
        await settled(database_url, venue)
        await check_events(running.url, trader)
    await check(database_url, venue, trader)
    return trader.actions


async def settled(database_url: str, venue: SimulatedVenue) -> None:
    """Wait until all that the venue filled is booked and every call has its answer."""
    database = await Database.open(database_url)
    try:
        async with asyncio.timeout(LIFE_SECONDS):
            while True:
                async with database.read() as tx:
                    waiting = await tx.first(
                        select(idempotency_records.c.key).where(idempotency_records.c.status != "Completed")
                    )
                    facts = await tx.all(select(order_facts.c.id).where(order_facts.c.kind == "Executed"))
                    half = await tx.first(select(exec_plans.c.id).where(exec_plans.c.state == "Filled"))
                if waiting is None and half is None and len(facts) >= len(venue.ledger.executions):
                    return
                await asyncio.sleep(0.05)  # the server is another process: there is nothing to wait on but time
    finally:
        await database.close()
