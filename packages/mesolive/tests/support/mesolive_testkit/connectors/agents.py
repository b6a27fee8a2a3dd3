"""Agents beside a live server in the test's own event loop, linked by the server's hub of agents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from mesolive.access.context import Role
from mesolive.connectors.remote.agent import Agent
from mesolive.connectors.remote.agent_folder import AgentFolder
from mesolive.connectors.remote.hub_link import hub_transport
from mesolive.connectors.remote.venue_host import WriteLimits
from mesolive.tasks import BackOff
from mesolive_sdk import models
from mesolive_testkit.connectors import ACCOUNT, IN_SESSION, QUICK, until
from mesolive_testkit.server import Kit

SOON = BackOff(first=0.05, longest=0.2)


async def agent_key(kit: Kit, user: str = "trader") -> str:
    """Return the token of a new key of the role `agent`."""
    made = await kit.application.access.create_key(user, "an agent", role=Role.AGENT)
    return made.token


def agent_folder(
    directory: Path, name: str = "sim", secrets: dict[str, str] | None = None, **settings: str
) -> AgentFolder:
    """Return the folder of an agent with one simulated connector."""
    folder = AgentFolder(directory)
    folder.add(name, "simulated", {**IN_SESSION, **settings}, secrets or {})
    return folder


@asynccontextmanager
async def running_agent(url: str, key: str, folder: AgentFolder, name: str = "desk") -> AsyncGenerator[Agent]:
    """Run an agent, and wait until it has a link."""
    agent = Agent(name, folder, hub_transport(url, key), config=QUICK, retry=SOON, limits=WriteLimits(60.0, 60.0))
    await agent.start()
    try:
        async with asyncio.timeout(60):
            await agent.linked.wait()
        yield agent
    finally:
        await agent.stop()


async def used(kit: Kit, name: str = "sim", account: str | None = ACCOUNT) -> None:
    """Enable an offered connector and its account, and wait until it is connected."""
    await until(kit, lambda _item: True, name)
    await kit.control.enable_connector(models.ConnectorArgs(Name=name))
    await connected(kit, name)
    if account is not None:
        await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name=name, BrokerAccountId=account))


async def connected(kit: Kit, name: str = "sim") -> models.ConnectorInfo:
    """Wait until a connector is connected and its accounts are known."""
    return await until(kit, lambda item: item.State.value in {"Connected", "Restricted"} and bool(item.Accounts), name)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds that no event tells of."""
    async with asyncio.timeout(60):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)
