"""The live server in a process of its own, with its connectors; it dies by SIGKILL at its n-th step of writing."""

from __future__ import annotations

import asyncio
import logging
from multiprocessing.connection import Connection

import structlog

from mesolive.assembly import Overrides
from mesolive.connectors.registry import KINDS
from mesolive.records import replace
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_testkit.broker_crash.double_child import driver_of
from mesolive_testkit.connectors import QUICK as SUPERVISION
from mesolive_testkit.store.crash_child import SECRET
from mesolive_testkit.venues.crash_child import install
from mesolive_testkit.venues.desk import QUICK

ANSWER_SECONDS = 4.0


def run(database_url: str, parent: Connection, target: tuple[str, int], die_at: int | None) -> None:
    """Serve until killed; tell the parent the address once connections are taken.

    `target` is the driver's module, and the port to listen on.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_serve(database_url, parent, *target, die_at))


async def _serve(database_url: str, parent: Connection, module: str, port: int, die_at: int | None) -> None:
    kind = driver_of(module).kind
    overrides = Overrides(
        reconciliation=QUICK,
        answer_seconds=ANSWER_SECONDS,
        kinds={**KINDS, kind.name: kind},
        supervision=replace(SUPERVISION, lost_seconds=60.0),
    )
    settings = Settings(port=port, database=database_url, secret_key=SECRET)
    async with serving(settings, overrides) as application:
        if die_at is not None:
            install(application.database, die_at)
        parent.send(application.url)
        await asyncio.Event().wait()
