"""A server over a scripted market in a process of its own: it carries out commands, and dies at a named point."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import date, datetime
from multiprocessing.connection import Connection
from random import Random

import structlog

from mesolive.assembly import Overrides
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_testkit.signals import ScriptedMarket
from mesolive_testkit.store.crash_child import SECRET, Fault, install


@dataclass(frozen=True, slots=True)
class Scene:
    """The market at one moment.

    Attributes
    ----------
    unquoted
        An expiration (class and day) of which there are no quotes.
    """

    moment: datetime
    spot: float
    unquoted: tuple[str, date] | None = None


def run(database_url: str, parent: Connection, scene: Scene, fault: Fault | None) -> None:
    """Serve until killed. Tells the address once connections are taken; evaluates on each scene it gets."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_serve(database_url, parent, scene, fault))


async def _serve(database_url: str, parent: Connection, scene: Scene, fault: Fault | None) -> None:
    market = ScriptedMarket(scene.moment)
    await _show(market, scene)
    settings = Settings(market="simulated", port=0, database=database_url, secret_key=SECRET)
    # With a source of randomness given, signals are evaluated when they are asked for and not by themselves.
    async with serving(settings, Overrides((market.market, market.clock), replay=Random)) as application:
        if fault is not None:
            install(application.database, fault)
        parent.send(application.url)
        while True:
            wanted: Scene | None = await asyncio.to_thread(parent.recv)
            if wanted is None:
                await application.signals.evaluate()
            else:
                await _show(market, wanted)
            parent.send(None)


async def _show(market: ScriptedMarket, scene: Scene) -> None:
    await market.at(scene.moment, spot=scene.spot)
    if scene.unquoted is not None:
        market.blank(*scene.unquoted)
