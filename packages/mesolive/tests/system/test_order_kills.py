"""The server is killed while it trades at a venue that fails: what the books say is what the venue did.

`make crash-test` runs it long. A run is repeated with the seed that it prints.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.clock import ScaledClock
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Faults
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_testkit.store.crash_child import START
from mesolive_testkit.venues.crash import RATES, run
from mesolive_testkit.venues.crash_trader import ADJUSTMENTS
from mesolive_testkit.venues.remote import serve_venue

KILLS = int(os.environ.get("MESOLIVE_CRASH_KILLS", "6"))
ADJUSTED = {f"adjust by {operation.name}" for operation, _ in ADJUSTMENTS.values()}
SEED = int(os.environ.get("MESOLIVE_CRASH_SEED", "1"))


@pytest.mark.timeout(120 + 10 * KILLS)
async def test_a_server_that_is_killed_again_and_again_books_what_the_venue_did(tmp_path: Path) -> None:
    print(f"crash test: {KILLS} kills, seed {SEED}")  # noqa: T201 - the seed repeats the run
    clock = ScaledClock(START)
    market = Market([SimulatedProvider.generated(clock, seed=7)])
    venue = SimulatedVenue(
        market,
        clock,
        tmp_path / "venue.jsonl",
        faults=Faults(RATES, SEED),
        terms=SimulatedVenueConfig(always_open=True, displayed=Decimal(1)),
    )
    await market.start()
    await venue.start()
    server = await serve_venue(venue)
    port: int = server.sockets[0].getsockname()[1]
    try:
        actions = await run(f"sqlite:///{tmp_path / 'mesolive.sqlite3'}", venue, port, KILLS, SEED)
    finally:
        server.close()
        await venue.stop()
        await market.stop()
    print(f"crash test: {dict(actions)}, {len(venue.ledger.executions)} fills")  # noqa: T201
    assert actions["send"] > 0
    assert actions["send"] >= KILLS or KILLS < 100, "the day went quiet: most kills hit an idle server"
    assert sum(number for name, number in actions.items() if name in ADJUSTED) > 0 or KILLS < 10
    assert actions["send: RateLimited"] == 0, "the limit of orders keeps the traffic away that the kills are for"
