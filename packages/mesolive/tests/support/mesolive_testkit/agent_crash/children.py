"""The live server and an agent, each in a process of its own; each dies by SIGKILL at its n-th step."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from mesolive.assembly import Overrides
from mesolive.connectors.remote import messages, peer
from mesolive.connectors.remote.agent import Agent
from mesolive.connectors.remote.agent_folder import AgentFolder
from mesolive.connectors.remote.hub_link import hub_transport
from mesolive.connectors.remote.report_journal import ReportJournal
from mesolive.records import replace
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.venues.simulated.ledger import VenueLedger
from mesolive_testkit.connectors import QUICK as SUPERVISION
from mesolive_testkit.connectors.agents import SOON
from mesolive_testkit.store.crash_child import SECRET
from mesolive_testkit.venues.crash_child import install
from mesolive_testkit.venues.desk import QUICK

ANSWER_SECONDS = 3.0
PATIENT = replace(SUPERVISION, lost_seconds=60.0)
KEY_FILE = "key"


def serve(database_url: str, parent: Connection, port: int, die_at: int | None) -> None:
    """Serve until killed; tell the parent the address once connections are taken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_serve(database_url, parent, port, die_at))


async def _serve(database_url: str, parent: Connection, port: int, die_at: int | None) -> None:
    overrides = Overrides(reconciliation=QUICK, answer_seconds=ANSWER_SECONDS, supervision=PATIENT)
    settings = Settings(port=port, database=database_url, secret_key=SECRET)
    async with serving(settings, overrides) as application:
        if die_at is not None:
            install(application.database, die_at)
        parent.send(application.url)
        await asyncio.Event().wait()


def host(folder: str, parent: Connection, url: str, die_at: int | None) -> None:
    """Host the folder's connectors until killed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if die_at is not None:
        die_at_step(die_at)
    asyncio.run(_host(Path(folder), parent, url))


async def _host(folder: Path, parent: Connection, url: str) -> None:
    key = (folder / KEY_FILE).read_text()
    agent = Agent("desk", AgentFolder(folder), hub_transport(url, key), config=PATIENT, retry=SOON)
    await agent.start()
    parent.send("agent")
    await asyncio.Event().wait()


def die_at_step(die_at: int) -> None:
    """Have this process die at the n-th step: before and after each write of journal and venue, and of each frame.

    Frames of quotes alone are no steps: nearly all kills would hit them.
    """
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(owner: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def with_steps(*arguments: Any, **named: Any) -> Any:
            step()
            result = original(*arguments, **named)
            step()
            return result

        setattr(owner, name, with_steps)

    around(ReportJournal, "write")
    around(VenueLedger, "_write")
    encode = messages.encode_frame

    def encoded(frame: list[Any]) -> bytes:
        if any(type(getattr(message, "body", None)).__name__ != "Quotes" for message in frame):
            step()
        return encode(frame)

    name = "encode_frame"
    setattr(peer, name, encoded)
