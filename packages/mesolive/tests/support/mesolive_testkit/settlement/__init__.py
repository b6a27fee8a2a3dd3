"""A server in a process of its own that finds after an expiration what its venue has settled, and dies on the way."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from mesolive.assembly import Overrides
from mesolive.market.history import DailySeries, Day
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_testkit.server import UNHURRIED
from mesolive_testkit.signals import ScriptedMarket
from mesolive_testkit.venues.crash_child import install
from mesolive_testkit.venues.desk import QUICK

AFTERWARDS = datetime(2024, 3, 18, 14, 0, tzinfo=UTC)
"""The Monday after the expirations of the scripted market."""

CLOSED_AT = 5080.0
"""The underlying's close on the day of the expiration."""


def afterwards() -> ScriptedMarket:
    """Return the market of that Monday, which knows the close of the Friday before."""
    market = ScriptedMarket(AFTERWARDS)
    market.book.history = DailySeries.of([Day(date(2024, 3, 15), close=CLOSED_AT)])
    return market


def run(directory: Path, parent: Connection, die_at: int) -> None:
    """Serve, ask the venue, and end; or die at the n-th step of writing what it tells."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_serve(directory, die_at))
    parent.send(die_at)


async def _serve(directory: Path, die_at: int) -> None:
    market = afterwards()
    venue = SimulatedVenue(market.market, market.clock, directory / "venue.jsonl")
    venue.go_down()
    settings = Settings(market="simulated", port=0, database=f"sqlite:///{directory / 'mesolive.sqlite3'}")
    async with serving(
        settings, Overrides((market.market, market.clock), [venue], QUICK, send_limits=UNHURRIED)
    ) as application:
        install(application.database, die_at)
        venue.come_back()
        await application.desk.supervisors[0].reconciled()
