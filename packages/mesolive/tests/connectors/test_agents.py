"""Agents: connectors on another machine, joined to the server by the hub of agents."""

from __future__ import annotations

from pathlib import Path

from mesolive_testkit.connectors import prepared, running_live, send
from mesolive_testkit.connectors.agents import agent_folder, agent_key, running_agent, used


async def test_a_whole_entry_is_traded_through_an_agent(tmp_path: Path) -> None:
    async with (
        running_live(tmp_path / "server") as kit,
        running_agent(kit.url, await agent_key(kit), agent_folder(tmp_path / "agent")) as agent,
    ):
        await used(kit)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
        (position,) = (await kit.control.list_positions()).Positions
        assert position.CreatedAt.year == 2026, "in the market time of the agent's connector"
        (hosted,) = agent.hosted
        assert hosted.unbooked == 0
