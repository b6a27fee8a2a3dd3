"""A market that ticks as fast as it is told, and positions on it, for `bench.market`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import numpy as np

from mesolive.access.context import UserContext
from mesolive.clock import Clock, ManualClock, WallClock
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import us_options_calendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.provider import ProviderStatus
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.trading.portfolio.accounting import Holding
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.positions import Leg, Position
from mesolive_sdk import models

USER = UserContext(1, "bench", "key")
BATCH_SECONDS = 0.005
MAX_BATCH = 2000
"""Ticks made at once: a fifth of a second of them at the rates that are measured."""
PROBE_SECONDS = 0.01
SPOT_SECONDS = 0.05
PROBE_CYCLE = 10_000.0
"""The probe's price is the wall clock's seconds modulo this."""


def probe_time() -> float:
    """Return what the probe contract's last price says at this moment."""
    return time.time() % PROBE_CYCLE


class TickingProvider:
    """A generated chain on real time whose quotes change one by one, `rate` times a second.

    The last price of the contract `probe` is the moment at which it was written.

    Parameters
    ----------
    clock
        Market time; the computer's time by default.
    """

    def __init__(self, rate: int, clock: Clock | None = None) -> None:
        self.name = models.DataProviderType.Simulated
        self.status = ProviderStatus(models.AgentStatus.Connected)
        self.status_changes = ChangeSignal()
        self.rate = rate
        self.clock = clock or WallClock()
        start = self.clock.now()
        model = SimulatedProvider.generated(ManualClock(start))
        (pattern,) = model.books.values()
        listing = pattern.listing
        self.book = QuoteBook(listing, self.clock, us_options_calendar())
        self.books: Mapping[str, QuoteBook] = {listing.underlying.symbol: self.book}
        self._model = model
        self._bid = np.empty(0)
        self._ask = np.empty(0)
        self._spot = 0.0
        middle = np.abs(listing.strikes / 5000.0 - 1.0) < 0.1
        self._near = np.flatnonzero(middle)
        self.probe: OptionContract = listing.contract(int(self._near[len(self._near) // 2]))
        self._task: asyncio.Task[None] | None = None
        self.ticks = 0

    @property
    def underlyings(self) -> Sequence[Underlying]:
        return (self.book.listing.underlying,)

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing: the whole chain ticks."""

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing."""

    async def start(self) -> None:
        await self._model.start()
        (pattern,) = self._model.books.values()
        view = pattern.view()
        self._bid, self._ask = view.columns.values["bid"].copy(), view.columns.values["ask"].copy()
        spot = view.underlying.quote.mark
        assert spot is not None
        self._spot = spot
        await self._model.stop()
        now = self.clock.now()
        self.book.update(now, slice(None), {"bid": self._bid, "ask": self._ask})
        self.book.set_underlying(now, UnderlyingPrices(last=self._spot))
        self._task = asyncio.create_task(self._run(), name="ticks")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def contracts(self, count: int, random: Random) -> list[OptionContract]:
        """Return contracts near the money."""
        return [self.book.listing.contract(int(random.choice(self._near))) for _ in range(count)]

    async def _run(self) -> None:
        random = Random(1)  # noqa: S311 - a market, not a secret
        probe = self.book.listing.find(self.probe)
        assert probe is not None
        near: list[int] = self._near.tolist()
        looked = next_probe = next_spot = time.perf_counter()
        due = 0.0
        while True:
            moment = time.perf_counter()
            due, looked = due + (moment - looked) * self.rate, moment
            now = self.clock.now()
            # A process that got no processor for long would make ticks for as long again, and fall back further.
            due = min(due, self.ticks + MAX_BATCH)
            for _ in range(int(due) - self.ticks):
                place = near[int(random.random() * len(near))]
                move = 0.05 * int(random.random() * 3)
                bid, ask = float(self._bid[place]) + move, float(self._ask[place]) + move
                self.book.update(now, place, {"bid": bid, "ask": ask})
                self.ticks += 1
            if time.perf_counter() >= next_probe:
                self.book.update(now, probe, {"last": probe_time()})
                next_probe += PROBE_SECONDS
            if time.perf_counter() >= next_spot:
                self.book.set_underlying(now, UnderlyingPrices(last=self._spot + random.random()))
                next_spot += SPOT_SECONDS
            await asyncio.sleep(BATCH_SECONDS)


class BenchPositions:
    """Positions of eight legs each; the first leg of each is the probe."""

    def __init__(self, provider: TickingProvider, count: int, legs: int = 8) -> None:
        random = Random(2)  # noqa: S311 - a market, not a secret
        self._by_id: dict[int, Position] = {}
        for number in range(1, count + 1):
            traded = [provider.probe, *provider.contracts(legs - 1, random)]
            made = tuple(
                _leg(100 * number + place, number, contract, -1 if place % 2 else 1)
                for place, contract in enumerate(traded)
            )
            self._by_id[number] = _position(number, made)

    async def read_many(self, user_id: int, position_ids: Collection[int]) -> dict[int, Position]:
        if user_id != USER.user_id:
            return {}
        return {number: self._by_id[number] for number in position_ids if number in self._by_id}

    async def read_legs(self, user_id: int, leg_ids: Sequence[int]) -> list[Leg]:
        wanted = set(leg_ids) if user_id == USER.user_id else set[int]()
        return [leg for item in self._by_id.values() for leg in item.legs if leg.id in wanted]


def _leg(number: int, position: int, contract: OptionContract, qty: int) -> Leg:
    moment = datetime.now(UTC)
    held = Decimal(qty)
    return Leg(
        id=number,
        position_id=position,
        name=f"leg{number}",
        traded=TradedContract(contract, moment),
        status=models.LegStatus.Open,
        qty=held,
        holding=Holding(held, held * 1000, contract.multiplier),
        entry_price=Decimal(10),
        leg_group_id=1 + number % 2,
        expiration_name=None,
        realized_pnl=Decimal(0),
        user_realized_pnl=None,
        created_at=moment,
        closed_at=None,
        broker_account_id="ML1000",
    )


def _position(number: int, legs: tuple[Leg, ...]) -> Position:
    return Position(
        id=number,
        user_id=USER.user_id,
        account_id=1,
        broker_account_id="ML1000",
        entry_plan_id=1,
        strategy_id=1,
        strategy_name="bench",
        name=f"position {number}",
        state=models.LivePositionState.Open,
        qty_multiplier=Decimal(1),
        variables={},
        realized_pnl=Decimal(0),
        adjustment_count=0,
        created_at=datetime.now(UTC),
        closed_at=None,
        legs=legs,
    )
