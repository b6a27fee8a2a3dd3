"""A server with an account at a venue over the expirations of a scripted market, and what it settled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from mesolive.market.contracts import OptionContract, Right
from mesolive.venues.base import VenueUnreachableError
from mesolive_sdk import models
from mesolive_sdk.models import ErrorState, LivePositionState
from mesolive_testkit.signals import Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, Desk, at_venue

FRIDAY = date(2024, 3, 15)
CLOSE = datetime(2024, 3, 15, 20, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
ANY_LEG = models.LiveLegSelectionConstraint.None_


def expiring(qty: int, strike: int = 5100, root: str = "SPXW", name: str = "p") -> Json:
    """Return a definition that trades one put which expires in four days."""
    return short_put(
        StrategyName=f"{qty} of {root} {strike}",
        Structure={
            "Expirations": [{"Name": "e", "DTE": "4", "Roots": {"Include": [root]}}],
            "Legs": [leg(name, qty, StrikePrice=strike)],
        },
    )


def contract(strike: int = 5100, root: str = "SPXW") -> OptionContract:
    return OptionContract("SPX", root, FRIDAY, Right.PUT, Decimal(strike))


class Scene:
    """A server with an account at a venue, over a market whose prices and time a test decides."""

    def __init__(self, desk: Desk, market: ScriptedMarket) -> None:
        self.desk = desk
        self.market = market

    async def enter(self, definition: Json, name: str = "a position") -> int:
        """Import a strategy, enter it at the market, and return the position."""
        made = await self.desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
        )
        await self.desk.listen()
        plan = await self.desk.prepare_entry(made.Id, name, constraint=ANY_LEG)
        await self.desk.send(at_venue(plan))

        return await self.named(name, LivePositionState.Open)

    async def named(self, name: str, state: LivePositionState) -> int:
        """Wait until the position of this name is in this state, and return it."""

        async def look() -> int | None:
            position_ids = [
                position.Id
                for position in await self.desk.positions()
                if (position.Name, position.State) == (name, state)
            ]
            return position_ids[0] if position_ids else None

        return await self.desk.eventually(look)

    async def position(self, position_id: int) -> models.LivePositionDetail:
        return await self.desk.control.get_position(models.GetPositionArgs(PositionId=position_id))

    async def closed(self, position_id: int) -> models.LivePositionDetail:
        """Wait until a position is closed."""

        async def look() -> models.LivePositionDetail | None:
            result = await self.position(position_id)
            return result if result.State is LivePositionState.Closed else None

        return await self.desk.eventually(look)

    async def until(self, look: Callable[[], Awaitable[bool]]) -> None:
        """Wait for an event after which this is so."""

        async def found() -> bool | None:
            return True if await look() else None

        await self.desk.eventually(found)

    async def reconcile(self) -> None:
        """Ask the venue now, or as soon as it is connected again."""
        (supervisor,) = self.desk.application.desk.supervisors
        async with asyncio.timeout(60):
            while True:
                try:
                    await supervisor.reconcile()
                except VenueUnreachableError:
                    await asyncio.sleep(0)
                else:
                    return

    async def gained(self) -> Decimal:
        """Return what the account's cash has gained."""
        account = await self.desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        assert account.Cash is not None
        return account.Cash - 100_000

    async def errors(self) -> list[models.ErrorEvent]:
        """Return the error events of the account, without those of statements."""
        return [
            event
            for event in await self.desk.log()
            if isinstance(event, models.ErrorEvent) and (event.Message or "").startswith("account ")
        ]

    async def settlements(self, position_id: int) -> list[models.LiveExecution]:
        """Return the executions of a position that had no order."""
        executions = await self.desk.control.list_executions(models.ListExecutionsArgs(PositionId=position_id))
        return [execution for execution in executions.Executions if execution.LiveOrderId is None]


def overdue(scene: Scene, state: ErrorState) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return any(
            isinstance(event, models.ErrorEvent) and event.State is state and "no settlement" in (event.Message or "")
            for event in scene.desk.events
        )

    return look
