"""Days of underlyings are kept beyond the process: simulated markets go on with them, others have their gaps filled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from mesolive.clock import ManualClock
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.history import DailySeries, Day
from mesolive.market.history_store import RETENTION
from mesolive.market.providers.chain_files import read_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive_sdk.models import DataProviderType
from mesolive_testkit.market import CALENDAR, MORNING, export_bytes, flat_chain
from mesolive_testkit.market.files import export_row
from mesolive_testkit.market.providers import ObedientProvider

MONDAY = MORNING.date()
CLOSE = datetime(2024, 3, 11, 20, 0, tzinfo=UTC)


class Memory:
    """Keeps in a dictionary what it is given."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, str], dict[date, Day]] = {}
        self.contracts: list[OptionContract] = []
        self.asked_since: list[date] = []
        self.failures = 0
        self.saved = asyncio.Event()

    async def load(self, source: str, symbol: str, since: date) -> Sequence[Day]:
        """Return what was kept."""
        self.asked_since.append(since)
        return list(self.days.get((source, symbol), {}).values())

    async def save(self, source: str, symbol: str, days: Sequence[Day]) -> None:
        """Keep, or fail as told."""
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")
        self.days.setdefault((source, symbol), {}).update({item.day: item for item in days})
        self.saved.set()

    async def open_contracts(self, symbol: str) -> Sequence[OptionContract]:
        """Return what is held."""
        return [contract for contract in self.contracts if contract.underlying == symbol]


async def running(memory: Memory, moment: datetime, seed: int = 1) -> tuple[Market, ManualClock]:
    clock = ManualClock(moment)
    market = Market([SimulatedProvider.generated(clock, seed=seed, step=timedelta(minutes=1))])
    market.remember_in(memory)
    await market.start()
    return market, clock


def spot(market: Market) -> float:
    mark = market.view("SPX").underlying.quote.mark
    assert mark is not None
    return mark


def day(market: Market, of: date) -> Day:
    result = market.book("SPX").history.of_day(of)
    assert result is not None
    return result


async def test_a_simulated_market_resumes_with_its_last_price_on_another_path() -> None:
    memory = Memory()
    market, clock = await running(memory, MORNING)
    await clock.advance(3600)
    before, opened = spot(market), day(market, MONDAY).open
    await market.stop()
    moves: list[float] = []
    for _ in range(2):
        market, clock = await running(memory, MORNING + timedelta(hours=1, minutes=len(moves)))
        assert spot(market) == pytest.approx(before if not moves else spot(market), abs=0.011)
        assert market.view("SPX").underlying.today_open == opened
        start = spot(market)
        await clock.advance(600)
        moves.append(spot(market) - start)
        await market.stop()
    assert moves[0] != pytest.approx(moves[1])


async def test_days_without_a_running_server_have_openings_and_closes_between_the_known_ones() -> None:
    memory = Memory()
    market, clock = await running(memory, datetime(2024, 3, 11, 19, 0, tzinfo=UTC))
    await clock.advance(2 * 3600)
    closed = day(market, MONDAY).close
    await market.stop()
    friday = datetime(2024, 3, 15, 15, 0, tzinfo=UTC)
    market, _ = await running(memory, friday)
    assert day(market, MONDAY).close == closed
    missed = [day(market, date(2024, 3, number)) for number in (12, 13, 14)]
    assert all(item.open is not None and item.close is not None and item.iv is not None for item in missed)
    today = day(market, date(2024, 3, 15))
    assert (today.close, today.open) == (None, market.view("SPX").underlying.today_open)
    assert market.view("SPX").underlying.previous_close == missed[-1].close
    assert closed is not None
    assert 0.85 < spot(market) / closed < 1.15
    await market.stop()
    again, _ = await running(memory, friday)
    assert [day(again, item.day) for item in missed] == missed, "what was told once stays"
    await again.stop()


async def test_the_invented_year_stays_the_same_from_start_to_start() -> None:
    memory = Memory()
    market, _ = await running(memory, MORNING)
    before = market.book("SPX").history.days[:-1]
    await market.stop()
    market, _ = await running(memory, MORNING + timedelta(minutes=5), seed=2)
    assert market.book("SPX").history.days[: len(before)] == before
    assert market.view("SPX").underlying.iv_rank is not None
    await market.stop()


async def test_what_is_held_stays_listed_however_far_the_market_has_gone() -> None:
    memory = Memory()
    market, _ = await running(memory, MORNING)
    expiration = next(item for item in market.view("SPX").expirations if (item.day - MONDAY).days > 20)
    far = OptionContract("SPX", expiration.root, expiration.day, Right.PUT, Decimal(5003))
    assert market.view("SPX").find(far) is None
    memory.contracts = [far, OptionContract("SPX", "SPXW", date(2024, 3, 1), Right.PUT, Decimal(5000))]
    await market.stop()
    market, _ = await running(memory, MORNING + timedelta(minutes=5))
    location = market.view("SPX").find(far)
    assert location is not None
    assert location[0].mark[location[1]] > 0
    await market.stop()


async def test_a_market_not_run_for_years_begins_again() -> None:
    memory = Memory()
    memory.days["Simulated", "SPX"] = {date(2021, 3, 1): Day(date(2021, 3, 1), 9000.0)}
    market, _ = await running(memory, MORNING)
    assert spot(market) == pytest.approx(5000, abs=1)
    await market.stop()


async def test_days_that_are_not_over_are_not_known_yet() -> None:
    memory = Memory()
    later = Day(date(2024, 3, 12), close=6000.0, open=6000.0)
    today = Day(MONDAY, close=5100.0, open=5050.0, last=5080.0)
    memory.days["Simulated", "SPX"] = {item.day: item for item in (today, later)}
    market, _ = await running(memory, MORNING)
    assert (day(market, MONDAY).close, day(market, MONDAY).open) == (None, 5050.0)
    assert market.book("SPX").history.of_day(later.day) is None
    assert spot(market) == 5080.0
    await market.stop()


async def test_a_chain_set_in_motion_begins_with_its_quotes_and_stores_days_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "chain.csv"
    file.write_bytes(export_bytes([export_row("SPXW", date(2024, 3, 15), 5000, (20.1, 20.4), (19.8, 20.2))]))
    export = read_export(file)
    memory = Memory()
    memory.days["Simulated", "SPX"] = {MONDAY: Day(MONDAY, last=9000.0)}
    closes: list[float | None] = []
    for hours in (0, 6):
        clock = ManualClock(export.exported_at + timedelta(hours=hours))
        market = Market([SimulatedProvider.from_export(export, clock, step=timedelta(minutes=1))])
        market.remember_in(memory)
        await market.start()
        assert sorted(market.view("SPX").columns.values["bid"].tolist()) == [19.8, 20.1]
        await clock.advance(5.5 * 3600)
        closes.append(day(market, MONDAY).close)
        await market.stop()
    assert closes[0] == closes[1] is not None
    assert set(memory.days) == {("Simulated", "SPX"), (f"Simulated/{export.exported_at:%Y-%m-%dT%H:%M:%S}", "SPX")}


async def test_another_provider_knows_its_days_best_and_has_its_gaps_filled() -> None:
    memory = Memory()
    friday, thursday = date(2024, 3, 8), date(2024, 3, 7)
    memory.days["Ibkr", "SPX"] = {friday: Day(friday, 5001.0), thursday: Day(thursday, 4990.0)}
    chain = flat_chain()
    chain.book.history = DailySeries.of([Day(friday, 5002.0)])
    market = Market([ObedientProvider(chain.book, name=DataProviderType.Ibkr)])
    market.remember_in(memory)
    await market.start()
    assert [item.close for item in chain.book.history.days] == [4990.0, 5002.0]
    chain.book.history = chain.book.history.record(CALENDAR.local(chain.clock.now()).date(), opening=5010.0)
    await market.stop()
    assert memory.days["Ibkr", "SPX"][friday].close == 5002.0
    assert memory.days["Ibkr", "SPX"][chain.clock.now().date()].open == 5010.0
    assert memory.asked_since == [chain.clock.now().date() - RETENTION]


async def test_a_day_that_could_not_be_stored_is_stored_with_the_next_change() -> None:
    memory = Memory()
    memory.failures = 1
    with structlog.testing.capture_logs() as logs:
        market, clock = await running(memory, datetime(2024, 3, 11, 19, 59, tzinfo=UTC))
        assert [record["event"] for record in logs] == ["market_history_not_stored"]
    assert memory.days == {}
    await clock.advance(120)
    async with asyncio.timeout(60):
        await memory.saved.wait()
    stored = memory.days["Simulated", "SPX"]
    assert stored[MONDAY].close == spot(market)
    assert len(stored) > 250
    await market.stop()
