"""Benches of the venues' acceptance matrix: a venue on a market that stands still, and what its tests need of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from mesolive.clock import ManualClock
from mesolive.market.contracts import ExerciseStyle, OptionContract, Right
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.venues.base import VenueLeg, VenueRequest
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_testkit.signals import EXPIRATIONS, JumpingClock, ScriptedMarket

ACCOUNT = "SIM1000"


@dataclass
class Bench:
    """A venue on a market that stands still, and what its tests need of both.

    This is the simulated venue's. A venue that is not simulated has a class below it, with methods of its own where
    its broker behaves in another way.

    Attributes
    ----------
    underlying
        Symbol of what is traded.
    days_ahead
        How far away the expiration is that is traded, at least.
    settlement_fee
        What the broker takes for a cash settlement.
    """

    directory: Path
    market: Market
    clock: ManualClock
    venue: Any = field(init=False)
    underlying: str = "SPX"
    days_ahead: int = 30
    settlement_fee: Decimal = Decimal(0)

    async def open(self) -> None:
        terms = SimulatedVenueConfig(displayed=Decimal(2))
        self.venue = SimulatedVenue(self.market, self.clock, self.directory / "venue.jsonl", terms=terms)
        await self.venue.start()

    async def close(self) -> None:
        """Stop everything."""
        await self.venue.stop()

    async def restart(self) -> None:
        """Stop the venue's process and start another."""
        await self.venue.stop()
        await self.open()

    def legs(self) -> tuple[VenueLeg, ...]:
        """Return a put spread that is sold for a credit."""
        view = self.market.view(self.underlying)
        month = next(
            expiration
            for expiration in view.expirations
            if (expiration.day - self.clock.now().date()).days > self.days_ahead
        )
        puts = view.slice(month.root, month.day, Right.PUT)
        assert puts is not None
        spot = view.underlying.quote.mark
        assert spot is not None
        at = int(abs(puts.strikes - spot * 0.95).argmin())
        return (
            VenueLeg(name="short", contract=puts.contract(at), ratio=Decimal(-1)),
            VenueLeg(name="long", contract=puts.contract(at - 4), ratio=Decimal(1)),
        )

    def order(
        self,
        qty: int = 1,
        limit: Decimal | None = None,
        *,
        legs: tuple[VenueLeg, ...] | None = None,
        time_in_force: TimeInForce = TimeInForce.Day,
    ) -> VenueRequest:
        """Return an order at the market, or one that rests with a limit."""
        return VenueRequest(
            account=ACCOUNT,
            reference=str(uuid4()),
            legs=self.legs() if legs is None else legs,
            qty=Decimal(qty),
            order_type=OrderType.Market if limit is None else OrderType.Limit,
            time_in_force=time_in_force,
            limit_price=limit,
        )

    def resting(self, qty: int = 1) -> VenueRequest:
        """Return an order that the market does not come to."""
        return self.order(qty, Decimal(-90))

    async def tick(self) -> None:
        """Let the market move."""
        await self.clock.advance(1)

    async def close_of_session(self) -> None:
        """Let the session end."""
        await self.clock.advance(180)

    def expiring(self, root: str) -> tuple[VenueLeg, ...]:
        """Return a put in the money that is bought, of the next expiration of a trading class."""
        view = self.market.view(self.underlying)
        soon = next(expiration for expiration in view.expirations if expiration.root == root)
        puts = view.slice(root, soon.day, Right.PUT)
        spot = view.underlying.quote.mark
        assert puts is not None
        assert spot is not None
        at = int(abs(puts.strikes - spot * 1.02).argmin())
        return (VenueLeg(name="put", contract=puts.contract(at), ratio=Decimal(1)),)

    async def to(self, moment: datetime) -> None:
        """Let the market go on to a moment, in one leap."""
        clock = self.clock
        assert isinstance(clock, JumpingClock)
        await clock.jump(moment, lambda: None)
        await clock.advance(0)

    def price_at(self, settles_at: datetime, root: str) -> Decimal:
        """Return the underlying's opening or closing price of a day."""
        day = self.market.book(self.underlying).history.of_day(settles_at.date())
        assert day is not None
        price = day.open if root == "SPX" else day.close
        return Decimal(str(price))

    def american(self) -> Bench:
        """Return a bench whose options may be exercised early."""
        american = [replace(expiration, style=ExerciseStyle.AMERICAN) for expiration in EXPIRATIONS]
        scripted = ScriptedMarket(expirations=american)
        return Bench(self.directory / "american", scripted.market, scripted.clock)

    async def settled(self, settles_at: datetime) -> None:
        """Let the venue settle what expires at a moment."""
        await self.to(settles_at)

    async def night(self) -> None:
        """Let the session end, and what expires with it be settled."""
        await self.close_of_session()

    def work(self) -> None:
        """Let the venue look at its orders now."""
        self.venue.work()

    async def trade_by_hand(self) -> None:
        """Trade on the account beside the venue's interface."""
        self.venue.trade_by_hand(ACCOUNT, self.legs(), Decimal(1))

    async def exercise_early(self, contract: OptionContract, qty: Decimal) -> None:
        """Exercise options of the account."""
        self.venue.exercise_early(ACCOUNT, contract, qty)
