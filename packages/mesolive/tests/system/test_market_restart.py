"""What a server finds again after a restart: the market's time and prices, its days, what its venue remembers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.app import Application
from mesolive.market.history import Day
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.operations.market_clock import read_market_time
from mesolive.records import replace
from mesolive.server import serving
from mesolive.settings import Settings, SettingsError
from mesolive.store.database import Database
from mesolive.trading.market_store import MarketStore, latest_moment
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_testkit.server import ACCOUNT, live_server
from mesolive_testkit.signals import JumpingClock, leg, short_put

THURSDAY = datetime(2026, 1, 15, 16, 0, tzinfo=UTC)
TUESDAY_AFTER = datetime(2026, 1, 20, 16, 0, tzinfo=UTC)
THIRD_FRIDAY = date(2026, 1, 16)


def simulated(moment: datetime) -> tuple[Market, JumpingClock]:
    clock = JumpingClock(moment)
    return Market([SimulatedProvider.generated(clock, seed=7, step=timedelta(minutes=1))]), clock


def morning_settled() -> dict[str, object]:
    """Return a definition that sells a put of the next AM expiration, far in the money."""
    return short_put(
        Structure={
            "Expirations": [{"Name": "e", "DTE": "1", "Roots": {"Include": ["SPX"]}}],
            "Legs": [leg("p", -1, StrikePrice=5100)],
        }
    )


async def test_a_missed_opening_is_no_error_any_more(tmp_path: Path) -> None:
    async with live_server(tmp_path, simulated(THURSDAY)) as kit:
        made = await kit.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=morning_settled(), ActiveOnAccounts=[ACCOUNT])
        )
        position_id = (await kit.enter(made.Id)).PositionId
        credit = await cash(kit.control)
    async with live_server(tmp_path, simulated(TUESDAY_AFTER)) as kit:
        await kit.application.signals.evaluate()
        position = await kit.control.get_position(models.GetPositionArgs(PositionId=position_id))
        assert position.State is models.LivePositionState.Closed
        assert position.ClosedAt == datetime(2026, 1, 16, 14, 30, tzinfo=UTC)
        friday = kit.application.market.book("SPX").history.of_day(THIRD_FRIDAY)
        assert friday is not None
        worth = max(5100 - Decimal(str(friday.open)), Decimal(0))
        assert await cash(kit.control) == credit - worth * 100
        events = await kit.events()
        logged = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
        assert [event for event in logged.Events if isinstance(event.Event, models.ErrorEvent)] == []


async def cash(control: MesoLiveControlHubClient) -> Decimal:
    account = await control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    assert account.Cash is not None
    return account.Cash


@asynccontextmanager
async def by_settings(settings: Settings) -> AsyncGenerator[tuple[Application, MesoLiveControlHubClient]]:
    """Run a server with the market that its settings name."""
    async with serving(settings) as application:
        made = await application.access.create_key("trader")
        async with MesoLiveControlHubClient(application.url, made.token) as control:
            yield application, control


async def test_market_time_and_prices_resume_after_a_restart(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        assert await latest_moment(kit.application.database) is None
        await kit.advance(900)
        await kit.enter((await kit.strategy()).Id)
        reached = await latest_moment(kit.application.database)
        assert reached is not None
        assert reached == kit.application.clock.now()
        spot = spot_of(kit.application)
    same = Settings(market="simulated", port=0, database=f"sqlite:///{tmp_path / 'mesolive.sqlite3'}", speed=0.001)
    for moment in (reached - timedelta(days=9), reached + timedelta(days=9)):
        with pytest.raises(SettingsError, match=r"start: the market time of this database has come to"):
            async with by_settings(replace(same, start=moment)):
                pass
    async with by_settings(same) as (application, control):
        assert timedelta(0) <= application.clock.now() - reached < timedelta(seconds=1)
        assert abs(spot_of(application) - spot) < 0.02
        (position,) = (await control.list_positions(models.ListPositionsArgs())).Positions
        detail = await control.get_position(models.GetPositionArgs(PositionId=position.Id))
        assert all(price.Mark is not None for price in detail.LegPrices.values())


async def test_a_restart_with_the_same_command_line_resumes_without_a_leap(tmp_path: Path) -> None:
    settings = Settings(
        market="simulated",
        port=0,
        database=f"sqlite:///{tmp_path / 'mesolive.sqlite3'}",
        start=THURSDAY,
        speed=3600.0,
        signals_every=3600.0,
    )
    reached = THURSDAY
    for _ in range(3):
        async with by_settings(settings) as (application, _):
            begun = application.clock.now()
            assert reached <= begun < reached + timedelta(hours=12)
        noted = await MarketTimeOf(settings).reached()
        assert noted >= begun
        reached = noted


class MarketTimeOf:
    """Reads how far market time has come in a database that no server uses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def reached(self) -> datetime:
        database = await Database.open(self._settings.database)
        noted = await read_market_time(database)
        await database.close()
        assert noted is not None
        return noted.reached


def spot_of(application: Application) -> float:
    mark = application.market.view("SPX").underlying.quote.mark
    assert mark is not None
    return mark


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_days_are_stored_by_source_and_deleted_when_they_are_old(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'm.sqlite3'}" if engine == "sqlite" else request.getfixturevalue("postgres_url")
    database = await Database.open(url)
    memory = MarketStore(database, JumpingClock(THURSDAY))
    days = [Day(date(2026, 1, number), 5000.0 + number, 0.15, 4999.5, 5001.25) for number in range(5, 10)]
    await memory.save("Simulated", "SPX", days)
    await memory.save("Recorded", "SPX", [Day(days[0].day, 1.0)])
    await memory.save("Simulated", "SPX", [Day(days[0].day, None, None, 4900.0)])
    assert await memory.load("Simulated", "SPX", days[0].day) == [Day(days[0].day, None, None, 4900.0), *days[1:]]
    assert await memory.load("Simulated", "SPX", days[3].day) == days[3:]
    assert await memory.load("Simulated", "SPX", days[0].day) == days[3:]
    assert await memory.load("Recorded", "SPX", days[0].day) == [Day(days[0].day, 1.0)]
    assert await memory.open_contracts("SPX") == []
    await database.close()


async def test_the_venues_memory_lies_where_it_is_asked_to_and_serves_one_server(tmp_path: Path) -> None:
    shared = tmp_path / "data"
    first = Settings(market="simulated", port=0, database=f"sqlite:///{tmp_path / 'a' / 'm.sqlite3'}", data_dir=shared)
    second = Settings(market="simulated", port=0, database=f"sqlite:///{tmp_path / 'b' / 'm.sqlite3'}", data_dir=shared)
    async with by_settings(first):
        assert (shared / "simulated-venue.jsonl").exists()
        assert not (tmp_path / "a" / "simulated-venue.jsonl").exists()
        with pytest.raises(SettingsError, match=r"data_dir: .* is in use by process") as refused:
            async with by_settings(second):
                pass
        assert "\n" not in str(refused.value)
    async with by_settings(second) as (application, _):
        assert application.url
