"""A market whose prices and time a test decides, and a server that watches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from mesolive.clock import ManualClock
from mesolive.market.book import QuoteBook
from mesolive.market.contracts import Expiration, Right, Underlying
from mesolive.market.listing import Listing
from mesolive.market.service import Market
from mesolive.market.trading_hours import TradingHours
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.pricing.black import values
from mesolive_sdk import models, new_idempotency_key, wait_for_job
from mesolive_testkit.market.chains import CALENDAR, expiration
from mesolive_testkit.market.providers import ObedientProvider
from mesolive_testkit.server import ACCOUNT, Kit, fills_args, live_server

MONDAY = datetime(2024, 3, 11, 15, 0, tzinfo=UTC)
"""11:00 in New York, the day after its clocks were put forward."""

EXPIRATIONS = (
    expiration("SPXW", date(2024, 3, 15)),
    expiration("SPX", date(2024, 3, 15)),
    expiration("SPXW", date(2024, 4, 19)),
    expiration("SPXW", date(2024, 5, 17)),
)

Json = dict[str, Any]
Edge = TypeVar("Edge", models.EntrySignalEvent, models.ExitSignalEvent, models.AdjustmentSignalEvent, models.ErrorEvent)
E = TypeVar("E", bound=models.MesoLiveEvent)


on_both_databases = pytest.mark.parametrize("database_settings", ["sqlite", "postgresql"], indirect=True)
"""Runs a test of signals on SQLite and on PostgreSQL."""


class JumpingClock(ManualClock):
    """Goes to a moment in one leap: what sleeps until then wakes once, however often it would have woken."""

    async def jump(self, moment: datetime, before: Callable[[], None]) -> None:
        """Go to a moment and call `before` there before anybody wakes."""
        self._now = moment
        before()
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= moment]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > moment]
        for _, _, woken in due:
            if not woken.done():
                woken.set_result(None)
        await asyncio.sleep(0)


class ScriptedMarket:
    """SPX with a few expirations, priced without interest at one volatility; nothing moves by itself."""

    def __init__(
        self,
        now: datetime = MONDAY,
        expirations: Sequence[Expiration] = EXPIRATIONS,
        *,
        hours: TradingHours | None = None,
    ) -> None:
        strikes = [Decimal(strike) for strike in range(4500, 5501, 25)]
        self.clock = JumpingClock(now)
        listing = Listing(
            Underlying("SPX"), {expiration: {Right.CALL: strikes, Right.PUT: strikes} for expiration in expirations}
        )
        self.book = QuoteBook(listing, self.clock, CALENDAR, hours=hours)
        self.spot = 5000.0
        self.volatility = 0.2
        self.half_spread = 0.05
        self.today_open: float | None = None
        self.mute = False
        self.book.pull = self._live
        self.market = Market([ObedientProvider(self.book, name=models.DataProviderType.Simulated)])
        self.reprice()

    def _live(self, now: datetime) -> None:
        if not self.mute:
            self.book.mark_received(now)

    def move(self, spot: float | None = None, volatility: float | None = None) -> None:
        """Change the underlying, the volatility or both, and all quotes with them."""
        self.spot = self.spot if spot is None else spot
        self.volatility = self.volatility if volatility is None else volatility
        self.reprice()

    def reprice(self) -> None:
        """Quote every contract at this moment, `half_spread` on either side of its value."""
        now, listing, half = self.clock.now(), self.book.listing, self.half_spread
        years = np.repeat(
            [max((expiration.settles_at - now) / timedelta(days=365), 1e-9) for expiration in listing.expirations],
            [end - start for start, _, end in listing.bounds],
        )
        ones = np.ones(len(listing.strikes))
        value = values(listing.is_call, self.spot * ones, listing.strikes, years, self.volatility, ones)
        self.book.update(now, slice(None), {"bid": np.maximum(value - half, 0.0), "ask": value + half, "mark": value})
        self.book.set_underlying(now, UnderlyingPrices(last=self.spot, today_open=self.today_open))
        self.book.mark_received(now)

    def index(self, spot: float) -> None:
        """Leave the quotes of the options, and say what the index is."""
        self.book.set_underlying(self.clock.now(), UnderlyingPrices(last=spot, mark=spot))

    def blank(self, root: str, day: date) -> None:
        """Take away all quotes of one expiration."""
        position = self.book.listing.position(root, day)
        assert position is not None
        start, _, end = self.book.listing.bounds[position]
        nothing = np.full(end - start, np.nan)
        self.book.update(self.clock.now(), slice(start, end), {"bid": nothing, "ask": nothing, "mark": nothing})

    async def at(self, moment: datetime, *, spot: float | None = None) -> None:
        """Go on to a moment and quote anew there, unless the provider is mute."""

        def quote() -> None:
            if not self.mute:
                self.move(spot)

        await self.clock.jump(moment, quote)


def leg(name: str, qty: int | str, option_type: str = "Put", expiration_name: str = "e", **selector: Any) -> Json:
    """Return a leg rule."""
    return {
        "Name": name,
        "Qty": str(qty),
        "OptionType": option_type,
        "ExpirationName": expiration_name,
        "StrikeSelector": {key: str(value) for key, value in selector.items()},
    }


def short_put(**sections: Any) -> Json:
    """Return a definition: one put sold at 4800, 39 days out; whole sections may be given.

    Unless the entry says otherwise it may hold many positions: most tests enter one by hand and watch the entry go on.
    """
    made: Json = {
        "MesoSimVersion": "3.0",
        "StrategyName": "short put",
        "Symbol": "SPX",
        "Structure": {
            "Expirations": [{"Name": "e", "DTE": "39", "Roots": {"Include": ["SPXW"]}}],
            "Legs": [leg("p", -1, StrikePrice=4800)],
        },
        "Entry": {},
        "Exit": {},
    } | sections
    made["Entry"] = {"Concurrency": {"MaxPositionsInFlight": 100}} | made["Entry"]
    return made


@dataclass
class Stage:
    """A server over a scripted market."""

    kit: Kit
    market: ScriptedMarket

    async def strategy(self, definition: Json) -> models.LiveStrategy:
        """Import a definition, active on the paper account."""
        return await self.kit.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[ACCOUNT])
        )

    async def enter(self, definition: Json, name: str = "a position") -> tuple[models.LiveStrategy, int]:
        """Import a strategy and enter it at the marks; return it and the position's id."""
        strategy = await self.strategy(definition)
        return strategy, (await self.kit.enter(strategy.Id, name)).PositionId

    async def evaluate(self) -> None:
        """Evaluate the signals once, now."""
        await self.kit.application.signals.evaluate()

    async def events(self, kind: type[E]) -> list[E]:
        """Return the user's events of one kind, in order."""
        client = await self.kit.events()
        page = await client.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
        assert page.ContinuationToken is None
        return [envelope.Event for envelope in page.Events if isinstance(envelope.Event, kind)]

    async def states(self, kind: type[Edge]) -> list[str]:
        """Return how the events of one kind came and went."""
        return [event.State.name for event in await self.events(kind)]

    async def position(self, position_id: int) -> models.LivePositionDetail:
        """Return a position."""
        return await self.kit.control.get_position(models.GetPositionArgs(PositionId=position_id))

    async def prepare_adjustment(
        self,
        position_id: int,
        condition: str,
        operation: models.PositionAdjustmentOperation,
        constraint: models.LiveLegSelectionConstraint = models.LiveLegSelectionConstraint.FullyUnique,
    ) -> models.GetPreparePositionAdjustmentStatusResult:
        """Prepare an adjustment and return the job's final status."""
        job = await self.kit.control.start_prepare_position_adjustment(
            models.PreparePositionAdjustmentArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionId=position_id,
                Operation=operation,
                Condition=condition,
                LegSelectionConstraint=constraint,
            )
        )
        args = models.GetPreparePositionAdjustmentStatusArgs(JobId=job.JobId)
        return await wait_for_job(lambda: self.kit.control.get_prepare_position_adjustment_status(args))

    async def adjust(
        self, position_id: int, condition: str, operation: models.PositionAdjustmentOperation
    ) -> models.PreparePositionAdjustmentResult:
        """Prepare an adjustment, fill it at the marks, and return what was prepared."""
        status = await self.prepare_adjustment(position_id, condition, operation)
        assert status.Result is not None, status.Error
        result = status.Result
        await self.kit.control.apply_paper_fills(fills_args(result.ExecPlanId, result.OrderLegs, result.LegPrices))
        return result


@asynccontextmanager
async def stage(directory: Path, market: ScriptedMarket | None = None, **settings: Any) -> AsyncGenerator[Stage]:
    """Run a server over a scripted market; a directory that was used before is gone on with."""
    scripted = market if market is not None else ScriptedMarket()
    async with live_server(directory, (scripted.market, scripted.clock), **settings) as kit:
        yield Stage(kit, scripted)
