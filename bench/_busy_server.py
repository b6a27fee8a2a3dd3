"""The server process of `bench.busy`: a whole server with 200 positions on a market that ticks as fast as it is told.

`python -m bench._busy_server FOLDER POSITIONS PLANS` prints one line of JSON, a `Ready`, once it listens. Each line of
its input is answered by one: `rate N` has the market tick N times a second, `state` answers a `State`. It ends with its
input.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from bench._market_fixture import TickingProvider
from bench._signalr_server import SERVER_CORE, pin
from bench.orders import Bench
from mesolive import server
from mesolive.assembly import Overrides
from mesolive.clock import ScaledClock
from mesolive.logs import configure_logs
from mesolive.market.service import Market
from mesolive.server import calm_collector, serving
from mesolive.settings import Settings
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import models

OPENING = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""Market time at the start: six hours of the session follow."""


TOGETHER = 20
"""Entries that are sent at once."""


class Ready(msgspec.Struct):
    """What the load generators need.

    Attributes
    ----------
    positions
        Ids of the open positions.
    orders
        `SendOrderArgs` of orders that rest, each of a plan of its own.
    """

    url: str
    token: str
    positions: list[int]
    orders: list[models.SendOrderArgs]


class State(msgspec.Struct):
    """What the process holds after a collection of garbage, and what it has taken."""

    resident_bytes: int
    cpu_seconds: float
    ticks: int


async def serve(folder: Path, positions: int, plans: int) -> None:
    clock = ScaledClock(OPENING)
    provider = TickingProvider(0, clock)
    market = Market([provider])
    venue = SimulatedVenue(market, clock, folder / "venue.jsonl")
    settings = Settings(port=0, database=f"sqlite:///{folder}/busy.sqlite3")
    async with (
        serving(settings, Overrides((market, clock), [venue])) as application,
        contextlib.AsyncExitStack() as stack,
    ):
        bench = await Bench.on(application, stack)
        control = bench.control
        await bench.prepare(positions + plans)
        for _ in range(0, positions, TOGETHER):
            await asyncio.gather(*(control.send_order(bench.order(resting=False)) for _ in range(TOGETHER)))
        await application.desk.wait_idle()
        opened = await control.list_positions(models.ListPositionsArgs(Limit=positions))
        ready = Ready(
            application.url, bench.token, [each.Id for each in opened.Positions], [bench.order() for _ in range(plans)]
        )
        calm_collector()  # as `mesolive serve` does
        _answer(ready)
        loop = asyncio.get_running_loop()
        while words := (await loop.run_in_executor(None, sys.stdin.readline)).split():
            if words[0] == "rate":
                provider.rate = int(words[1])
            gc.collect()
            _answer(State(psutil.Process().memory_info().rss, time.process_time(), provider.ticks))


def _answer(answer: Ready | State) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    pin(SERVER_CORE)
    configure_logs()
    server.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
