"""An agent that hosts the broker's connector, in a process of its own."""

from __future__ import annotations

import asyncio
import logging
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from mesolive.connectors.registry import KINDS
from mesolive.connectors.remote.agent import Agent
from mesolive.connectors.remote.agent_folder import AgentFolder
from mesolive.connectors.remote.hub_link import hub_transport
from mesolive_testkit.agent_crash.children import KEY_FILE, PATIENT, die_at_step
from mesolive_testkit.broker_crash.double_child import driver_of
from mesolive_testkit.connectors.agents import SOON


def run(folder: str, parent: Connection, target: tuple[str, str], die_at: int | None) -> None:
    """Host the folder's connectors until killed; `target` is the driver's module and the server's address."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if die_at is not None:
        die_at_step(die_at)
    asyncio.run(_host(Path(folder), parent, *target))


async def _host(folder: Path, parent: Connection, module: str, url: str) -> None:
    kind = driver_of(module).kind
    key = (folder / KEY_FILE).read_text()
    kinds = {**KINDS, kind.name: kind}
    agent = Agent("desk", AgentFolder(folder), hub_transport(url, key), kinds=kinds, config=PATIENT, retry=SOON)
    await agent.start()
    parent.send("agent")
    await asyncio.Event().wait()
