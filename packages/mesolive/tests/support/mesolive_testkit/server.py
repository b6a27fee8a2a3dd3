"""Starts the server in the test's own event loop, on a free port and a database of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from mesolive.app import Application
from mesolive.assembly import Overrides
from mesolive.clock import Clock, ManualClock
from mesolive.errors import ServiceError
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.trading.execution.send_permits import SendLimits
from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
    wait_for_job,
)
from mesolive_sdk.clients import HubClient

UNHURRIED = SendLimits(60.0, 60.0)
"""A machine that stands still for seconds leaves no order unsent."""
START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
"""A Monday, 11:00 in New York: the market is open."""

ACCOUNT = "ML1000"
SPX = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")

C = TypeVar("C", bound=HubClient)


def definition(**changes: Any) -> dict[str, Any]:
    """Return the sample definition with top-level fields replaced."""
    return iron_condor() | changes


@dataclass
class Kit:
    """A running server, a user with a key, a paper account, and clients that are closed with the test."""

    application: Application
    token: str
    stack: AsyncExitStack
    control: MesoLiveControlHubClient = field(init=False)

    @property
    def url(self) -> str:
        """The server's base URL."""
        return self.application.url

    async def client(self, kind: type[C], token: str | None = None) -> C:
        """Return a connected client."""
        return await self.stack.enter_async_context(kind(self.url, token or self.token))

    async def data(self) -> MesoLiveDataHubClient:
        """Return a client of the Data Hub."""
        return await self.client(MesoLiveDataHubClient)

    async def events(self) -> MesoLiveEventHubClient:
        """Return a client of the Event Hub."""
        return await self.client(MesoLiveEventHubClient)

    async def other_user(self, name: str = "somebody else") -> MesoLiveControlHubClient:
        """Return a control client of another user, who owns nothing."""
        made = await self.application.access.create_key(name)
        return await self.client(MesoLiveControlHubClient, made.token)

    async def advance(self, seconds: float) -> None:
        """Move market time on."""
        clock = self.application.clock
        assert isinstance(clock, ManualClock)
        await clock.advance(seconds)

    async def strategy(self, **changes: Any) -> models.LiveStrategy:
        """Import the sample strategy."""
        return await self.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition(**changes), ActiveOnAccounts=[ACCOUNT])
        )

    async def prepare_entry(
        self, strategy_id: int, key: str | None = None, name: str = "a position"
    ) -> models.GetPreparePositionEntryStatusResult:
        """Prepare an entry and return the job's final status."""
        job = await self.control.start_prepare_position_entry(
            models.PreparePositionEntryArgs(
                IdempotencyKey=key or new_idempotency_key(),
                PositionName=name,
                StrategyId=strategy_id,
                BrokerAccountId=ACCOUNT,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                Underlying=SPX,
            )
        )
        args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        return await wait_for_job(lambda: self.control.get_prepare_position_entry_status(args))

    async def prepare_exit(self, position_id: int) -> models.GetPreparePositionExitStatusResult:
        """Prepare an exit and return the job's final status."""
        job = await self.control.start_prepare_position_exit(
            models.PreparePositionExitArgs(IdempotencyKey=new_idempotency_key(), PositionId=position_id)
        )
        args = models.GetPreparePositionExitStatusArgs(JobId=job.JobId)
        return await wait_for_job(lambda: self.control.get_prepare_position_exit_status(args))

    async def enter(self, strategy_id: int, name: str = "a position") -> models.ApplyPaperFillsResult:
        """Prepare an entry and fill it at the marks."""
        status = await self.prepare_entry(strategy_id, name=name)
        assert status.Result is not None, status.Error
        result = status.Result
        return await self.control.apply_paper_fills(
            fills_args(result.ExecPlanId, result.SelectedLegs, result.LegPrices)
        )

    async def leave(self, position_id: int) -> models.ApplyPaperFillsResult:
        """Prepare an exit and fill it at the marks."""
        status = await self.prepare_exit(position_id)
        assert status.Result is not None, status.Error
        result = status.Result
        return await self.control.apply_paper_fills(
            fills_args(result.ExecPlanId, result.PositionLegs, result.LegPrices)
        )


MARKER = "watched"
"""A marker leg's name."""


def with_a_marker() -> dict[str, Any]:
    """Return the sample's structure without leg groups and with a marker leg."""
    structure = definition()["Structure"]
    legs = [{name: value for name, value in leg.items() if name != "LegGroupId"} for leg in structure["Legs"]]
    marker = legs[0] | {"Name": MARKER, "Qty": "0", "StrikeSelector": {"Delta": "30"}}
    return structure | {"Legs": [*legs, marker]}


def fills_args(
    plan_id: int,
    legs: dict[str, models.LiveLeg],
    prices: dict[str, models.LivePrices],
    *,
    key: str | None = None,
    commission: str = "0.65",
    multiplier: Decimal | None = None,
) -> models.ApplyPaperFillsArgs:
    """Return fills of every leg that has a quantity, at its mark rounded to a nickel."""
    fills: dict[str, models.PaperLegFill] = {}
    for name, leg in legs.items():
        mark = prices[name].Mark
        if leg.Qty != 0:
            assert mark is not None
            price = round(mark * 20) / Decimal(20)
            fills[name] = models.PaperLegFill(Price=price, Commission=Decimal(commission) * abs(leg.Qty))
    return models.ApplyPaperFillsArgs(
        IdempotencyKey=key or new_idempotency_key(),
        BrokerAccountId=ACCOUNT,
        ExecPlanId=plan_id,
        QtyMultiplier=multiplier,
        PaperLegFills=fills,
    )


def manual_market(start: datetime = START, seed: int = 7) -> tuple[Market, Clock]:
    """Return a simulated market whose time stands still until the test moves it."""
    clock = ManualClock(start)
    return Market([SimulatedProvider.generated(clock, seed=seed)]), clock


@asynccontextmanager
async def live_server(
    directory: Path,
    market: tuple[Market, Clock] | None = None,
    user: str = "trader",
    overrides: Overrides | None = None,
    **settings_changes: Any,
) -> AsyncGenerator[Kit]:
    """Run a server with a user and a paper account of 100,000 USD; a directory that was used before is gone on with."""
    wanted: dict[str, Any] = {
        "market": "simulated",
        "port": 0,
        "database": f"sqlite:///{directory / 'mesolive.sqlite3'}",
    }
    settings = Settings(**wanted | settings_changes)
    async with AsyncExitStack() as stack:
        application = await stack.enter_async_context(
            serving(settings, replace(overrides or Overrides(send_limits=UNHURRIED), market=market or manual_market()))
        )
        made = await application.access.create_key(user)
        kit = Kit(application, made.token, stack)
        kit.control = await kit.client(MesoLiveControlHubClient)
        owner = await application.access.user(user)
        with contextlib.suppress(ServiceError):  # it is there already
            await application.accounts.create_paper(owner, ACCOUNT, Decimal(100_000))
        yield kit
