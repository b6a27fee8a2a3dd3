"""An autopilot on an account at a simulated venue, where time and prices move when the test says so."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mesolive.venues.base import VenueUnreachableError
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Faults
from mesolive.venues.simulated.stepped import SteppedVenue
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient, models
from mesolive_sdk.automation import Autopilot, Memory, Notice, OrderPolicy, Orders, Task, TaskKind
from mesolive_testkit.signals import Json, ScriptedMarket
from mesolive_testkit.venues.desk import SIM, Desk, desk_server


def everywhere(**policy: Any) -> dict[TaskKind, OrderPolicy]:
    """Return one policy for all kinds of signals."""
    return dict.fromkeys(TaskKind, OrderPolicy(**policy))


@dataclass
class Play:
    """A server, its venue, and a market that are stepped together."""

    desk: Desk
    market: ScriptedMarket
    venue: SteppedVenue
    events: MesoLiveEventHubClient
    data: MesoLiveDataHubClient
    notices: list[Notice] = field(default_factory=list[Notice])

    @property
    def control(self) -> MesoLiveControlHubClient:
        """The owner's client."""
        return self.desk.control

    @property
    def now(self) -> Callable[[], datetime]:
        """The market's time."""
        return self.market.clock.now

    async def strategy(self, definition: Json) -> models.LiveStrategy:
        """Import a definition, active on the account at the venue."""
        return await self.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
        )

    def pilot(
        self,
        memory: Memory,
        policies: dict[TaskKind, OrderPolicy] | None = None,
        *,
        control: MesoLiveControlHubClient | None = None,
        accounts: Sequence[str] = (SIM,),
        **options: Any,
    ) -> Autopilot:
        """Return an autopilot that may trade the account."""
        orders = Orders(self.data, accounts, policies=policies or everywhere())
        return Autopilot(
            control or self.control,
            self.events,
            memory,
            orders=orders,
            now=self.now,
            listener=self.notices.append,
            **options,
        )

    async def evaluate(self) -> None:
        """Evaluate the signals once, now."""
        await self.desk.application.signals.evaluate()

    async def settle(self) -> None:
        """Have the venue look at its orders, and wait until the books know what came of it."""
        self.venue.work()
        await self.venue.quiet()
        await self.desk.application.desk.wait_idle()

    async def reconcile(self) -> None:
        """Have the books ask the venue for everything, until it answers."""
        for supervisor in self.desk.application.desk.supervisors:
            await supervisor.reconciled()
            while True:
                try:
                    await supervisor.reconcile()
                    break
                except VenueUnreachableError:
                    await supervisor.reconciled()
        await self.desk.application.desk.completion.close()

    async def pass_time(self, seconds: float) -> None:
        """Go on in time, without a change of prices."""
        await self.market.clock.jump(self.now() + timedelta(seconds=seconds), lambda: None)
        await self.settle()

    async def rounds(self, pilot: Autopilot, number: int, seconds: float = 15.0) -> list[Task]:
        """Let the autopilot work, and time pass, so many times; return what it worked on last."""
        worked: list[Task] = []
        for _ in range(number):
            worked = await pilot.catch_up() or worked
            await self.pass_time(seconds)
        return worked

    async def to_the_end(self, pilot: Autopilot, memory: Memory, most: int = 20) -> None:
        """Let the autopilot work, and time pass, until nothing is left to do."""
        for _ in range(most):
            await pilot.catch_up()
            if not memory.open_tasks():
                return
            await self.pass_time(15)
        raise AssertionError(f"not done: {memory.open_tasks()}")

    async def positions(self) -> list[models.LivePosition]:
        """Return all positions."""
        return (await self.control.list_positions(models.ListPositionsArgs(Limit=500))).Positions

    async def orders(self) -> list[models.Order]:
        """Return all orders, oldest first."""
        listed = (await self.control.list_orders(models.ListOrdersArgs(Limit=500))).Orders
        return sorted(listed, key=lambda order: order.OrderId)

    async def quantities(self, position_id: int) -> dict[str, int]:
        """Return what a position holds, by leg name."""
        position = await self.control.get_position(models.GetPositionArgs(PositionId=position_id))
        return {leg.Name: int(leg.Qty) for leg in position.Legs if leg.ClosedAt is None and leg.Qty != 0}


@asynccontextmanager
async def play_server(
    directory: Path, market: ScriptedMarket | None = None, faults: Faults | None = None, **terms: Any
) -> AsyncGenerator[Play]:
    """Run a server with an account at a stepped venue over a scripted market."""
    scripted = market or ScriptedMarket()
    made = SimulatedVenueConfig(**terms)
    venue = SteppedVenue(scripted.market, scripted.clock, directory / "venue.jsonl", terms=made, faults=faults)
    async with desk_server(directory, market=(scripted.market, scripted.clock), venue=venue) as desk:
        for supervisor in desk.application.desk.supervisors:
            await supervisor.reconciled()
        events = await desk.stack.enter_async_context(MesoLiveEventHubClient(desk.application.url, desk.token))
        data = await desk.stack.enter_async_context(MesoLiveDataHubClient(desk.application.url, desk.token))
        yield Play(desk, scripted, venue, events, data)
