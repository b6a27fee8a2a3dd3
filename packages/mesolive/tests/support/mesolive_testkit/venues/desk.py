"""A whole server whose simulated venue is the test's own: it outlives the server as a real venue does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from mesolive.app import Application
from mesolive.assembly import Overrides
from mesolive.clock import Clock, ManualClock
from mesolive.errors import ServiceError
from mesolive.market.service import Market
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.trading.execution.reconciliation import ReconciliationConfig
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Faults
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
    wait_for_job,
)
from mesolive_testkit.server import SPX, UNHURRIED, definition, manual_market

T = TypeVar("T")

SIM = "SIM1000"
CASH = Decimal(100_000)
QUICK = ReconciliationConfig(
    check_interval=0.02,
    poll_interval=0.2,
    request_timeout=60.0,
    reconnect_delay=0.01,
    max_reconnect_delay=0.05,
    missing_grace=0.0,
    takeover_grace=2.0,
)
"""A test does not wait for what a person would wait for."""


@dataclass
class Desk:
    """A running server with its venue, a user, his account at the venue, and his clients."""

    application: Application
    venue: SimulatedVenue
    token: str
    stack: AsyncExitStack
    control: MesoLiveControlHubClient = field(init=False)
    events: list[models.MesoLiveEvent] = field(default_factory=list[models.MesoLiveEvent])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _hub: MesoLiveEventHubClient | None = None

    async def listen(self) -> None:
        """Keep all events of the strategies that there are, what is active first."""
        if self._hub is not None:
            await self._hub.subscribe_to_strategies()
            return
        self._hub = hub = await self.stack.enter_async_context(MesoLiveEventHubClient(self.application.url, self.token))

        async def hear(event: models.MesoLiveEvent) -> None:
            async with self.changed:
                self.events.append(event)
                self.changed.notify_all()

        hub.on_any_event(hear)
        await hub.subscribe_to_strategies()

    async def log(self) -> list[models.MesoLiveEvent]:
        """Return all events that are stored, whether they have come here already or not."""
        await self.listen()
        assert self._hub is not None
        page = await self._hub.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
        assert page.ContinuationToken is None
        return [envelope.Event for envelope in page.Events]

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for an event after which the condition holds."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)

    async def strategy(self, **changes: Any) -> models.LiveStrategy:
        """Import the sample strategy, and listen to it."""
        made = await self.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition(**changes), ActiveOnAccounts=[SIM])
        )
        await self.listen()
        return made

    async def prepare_entry(
        self,
        strategy_id: int,
        name: str = "a position",
        account: str = SIM,
        constraint: models.LiveLegSelectionConstraint = models.LiveLegSelectionConstraint.FullyUnique,
    ) -> models.PreparePositionEntryResult:
        """Prepare an entry."""
        job = await self.control.start_prepare_position_entry(
            models.PreparePositionEntryArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionName=name,
                StrategyId=strategy_id,
                BrokerAccountId=account,
                LegSelectionConstraint=constraint,
                Underlying=SPX,
            )
        )
        args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: self.control.get_prepare_position_entry_status(args))
        assert status.Result is not None, status.Error
        return status.Result

    async def prepare_exit(self, position_id: int) -> models.PreparePositionExitResult:
        """Prepare an exit."""
        job = await self.control.start_prepare_position_exit(
            models.PreparePositionExitArgs(IdempotencyKey=new_idempotency_key(), PositionId=position_id)
        )
        args = models.GetPreparePositionExitStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: self.control.get_prepare_position_exit_status(args))
        assert status.Result is not None, status.Error
        return status.Result

    async def send(self, args: models.SendOrderArgs) -> models.SendOrderResult:
        """Send an order."""
        return await self.control.send_order(args)

    async def order(self, order_id: int) -> models.Order:
        """Return an order."""
        return await self.control.get_order(models.GetOrderArgs(LiveOrderId=order_id))

    async def eventually(self, look: Callable[[], Awaitable[T | None]], seconds: float = 60.0) -> T:
        """Return what `look` finds, looking again after each event."""
        async with asyncio.timeout(seconds):
            while True:
                seen = len(self.events)
                value = await look()
                if value is not None:
                    return value
                async with self.changed:
                    await self.changed.wait_for(lambda seen=seen: len(self.events) > seen)

    async def order_in(self, order_id: int, *states: models.OrderState) -> models.Order:
        """Wait until an order is in one of these states, and return it."""

        async def look() -> models.Order | None:
            order = await self.order(order_id)
            return order if order.State in states else None

        return await self.eventually(look)

    async def positions(self) -> Sequence[models.LivePosition]:
        """Return all positions."""
        return (await self.control.list_positions(models.ListPositionsArgs(Limit=500))).Positions

    async def position_in(self, state: models.LivePositionState) -> models.LivePosition:
        """Wait until the newest position is in this state."""

        async def look() -> models.LivePosition | None:
            positions = await self.positions()
            return positions[-1] if positions and positions[-1].State is state else None

        return await self.eventually(look)

    async def enter(self, strategy_id: int, **order: Any) -> models.LivePosition:
        """Enter at the market and wait until the position is open."""
        plan = await self.prepare_entry(strategy_id)
        await self.send(at_venue(plan, **order))
        return await self.position_in(models.LivePositionState.Open)

    async def advance(self, seconds: float) -> None:
        """Move market time on."""
        clock = self.application.clock
        assert isinstance(clock, ManualClock)
        await clock.advance(seconds)

    async def set_limits(self, limits: Limits) -> None:
        """Give the account limits of its own."""
        database = self.application.database
        async with database.write() as tx:
            owner = await self.application.access.user("trader")
            account = await find_account(tx, owner.user_id, SIM)
            await set_limits(tx, account.id, limits)


def at_venue(
    plan: (
        models.PreparePositionEntryResult | models.PreparePositionExitResult | models.PreparePositionAdjustmentResult
    ),
    *,
    key: str | None = None,
    kind: models.OrderType = models.OrderType.Market,
    limit: Decimal | None = None,
    stop: Decimal | None = None,
    group: int | None = None,
    legs: Sequence[str] | None = None,
    multiplier: Decimal | None = None,
    replaces: int | None = None,
    account: str = SIM,
    time_in_force: models.TimeInForce = models.TimeInForce.Day,
) -> models.SendOrderArgs:
    """Return the order of a plan's (first) group."""
    group = min(plan.LegGroups) if group is None else group
    return models.SendOrderArgs(
        IdempotencyKey=key or new_idempotency_key(),
        ReplacesOrder=replaces,
        BrokerAccountId=account,
        ExecPlanId=plan.ExecPlanId,
        QtyMultiplier=multiplier,
        LegGroupId=group,
        LegGroupOrder=models.LegGroupOrder(
            OrderType=kind,
            TimeInForce=time_in_force,
            LimitPrice=limit,
            StopPrice=stop,
            LegNames=list(plan.LegGroups[group] if legs is None else legs),
        ),
    )


@asynccontextmanager
async def desk_server(
    directory: Path,
    *,
    market: tuple[Market, Clock] | None = None,
    venue: SimulatedVenue | None = None,
    faults: Faults | None = None,
    terms: SimulatedVenueConfig | None = None,
    patience: ReconciliationConfig = QUICK,
    answer_seconds: float = 60.0,
    settings: Settings | None = None,
) -> AsyncGenerator[Desk]:
    """Run a server with an account of 100,000 USD at a simulated venue; used directories are gone on with."""
    settings = settings or Settings(market="simulated", port=0, database=f"sqlite:///{directory / 'mesolive.sqlite3'}")
    made = market or manual_market()
    own = venue or SimulatedVenue(*made, directory / "venue.jsonl", faults=faults, terms=terms)
    async with AsyncExitStack() as stack:
        application = await stack.enter_async_context(
            serving(settings, Overrides(made, [own], patience, answer_seconds, UNHURRIED))
        )
        key = await application.access.create_key("trader")
        desk = Desk(application, own, key.token, stack)
        desk.control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, key.token))
        owner = await application.access.user("trader")
        with contextlib.suppress(ServiceError):  # it is there already
            await application.accounts.create_simulated(owner, SIM, CASH)
        yield desk
