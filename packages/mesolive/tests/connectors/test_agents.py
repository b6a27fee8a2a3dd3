"""Agents: connectors on another machine, joined to the server by the hub of agents."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from mesolive.access.context import Role
from mesolive.connectors.remote.agent import Agent, ServerUnreachableError
from mesolive.connectors.remote.hub_link import PATH, hub_transport
from mesolive_sdk import (
    MesoLiveApiException,
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveEventHubClient,
    MesoLiveSignalRError,
    models,
)
from mesolive_testkit.connectors import QUICK, add, prepared, running_live, send, until
from mesolive_testkit.connectors.agents import SOON, agent_folder, agent_key, connected, eventually, running_agent, used
from mesolive_testkit.server import Kit

PASSWORD = "tr0ub4dor-and-3-correct-horses"
SECONDS = 60.0


def files_with(directory: Path, text: str) -> list[Path]:
    """Return the files below a directory that hold a text."""
    return [file for file in directory.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def cut(kit: Kit) -> None:
    """Cut every link of an agent as a network does."""
    hub = kit.application.hubs.hub(PATH)
    for connection in hub.connection_ids:
        hub.abort(connection)


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
        await eventually(lambda: not hosted.unbooked)
        cut(kit)
        await connected(kit)
        assert [item.Id for item in (await kit.control.list_positions()).Positions] == [position.Id]


async def test_a_key_of_an_agent_opens_its_hub_and_nothing_else_and_no_other_key_opens_it(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        key = await agent_key(kit)
        for client in (MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient):
            with pytest.raises(MesoLiveSignalRError):
                await client(kit.url, key).start()
        async with httpx.AsyncClient(timeout=60, base_url=kit.url) as http:
            answer = await http.post(
                "/portal/session", json={"Key": key}, headers={"x-mesolive": "1", "origin": kit.url}
            )
            assert answer.status_code == 401, answer.text
            assert (await http.post(f"{PATH}/negotiate?negotiateVersion=1")).status_code == 401
        watch = await kit.application.access.create_key("trader", role=Role.WATCH)
        for wrong in (kit.token, watch.token, "no-key"):
            with pytest.raises(ServerUnreachableError, match="refuses the key"):
                async with hub_transport(kit.url, wrong)():
                    pass
        async with hub_transport(kit.url, key)():
            pass


async def test_what_an_agent_offers_is_listed_and_not_used_before_its_owner_enables_it(tmp_path: Path) -> None:
    folder = agent_folder(tmp_path / "agent", secrets={"password": PASSWORD})
    async with running_live(tmp_path / "server") as kit, running_agent(kit.url, await agent_key(kit), folder):
        offered = await until(kit, lambda _item: True)
        assert (offered.Kind, offered.State.value, offered.Enabled) == ("simulated", "Disabled", False)
        assert offered.Message == "offered by agent desk, which is connected"
        assert offered.Remedy == "mesolive connector enable sim"
        assert (offered.Settings, offered.SecretsSet) == ({}, [])
        assert offered.Agent == "desk"
        with pytest.raises(MesoLiveApiException, match="are at agent desk"):
            await kit.control.update_connector(
                models.UpdateConnectorArgs(Name="sim", Settings={"spot": "1"}, Secrets={})
            )
        report = await kit.control.test_connector(models.ConnectorArgs(Name="sim"))
        assert report.Passed
        assert [item.Topic for item in report.Findings][:2] == ["agent", "login"]
        await used(kit, account=None)
        assert kit.application.health.report()["status"] != "failing"
    assert not files_with(tmp_path, PASSWORD)


async def test_a_lost_agent_is_reported_and_its_connector_returns_with_it(tmp_path: Path) -> None:
    folder = agent_folder(tmp_path / "agent")
    async with running_live(tmp_path / "server") as kit:
        key = await agent_key(kit)
        async with running_agent(kit.url, key, folder):
            await used(kit)
        lost = await until(kit, lambda item: item.State.value == "Disconnected")
        assert "agent desk" in lost.Message
        async with running_agent(kit.url, key, folder):
            await connected(kit)


async def test_a_second_agent_is_refused_while_the_first_lives_and_takes_over_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesolive.connectors.remote.links.ALIVE_SECONDS", 60.0)
    async with running_live(tmp_path / "server") as kit:
        key = await agent_key(kit)
        first = Agent("desk", agent_folder(tmp_path / "one"), hub_transport(kit.url, key), config=QUICK, retry=SOON)
        await first.start()
        async with asyncio.timeout(SECONDS):
            await first.linked.wait()
        await used(kit)
        async with running_agent(kit.url, key, agent_folder(tmp_path / "two"), "laptop") as second:
            assert "agent desk has this connector" in second.refused["sim"]
            assert first.hosted[0].linked
            await first.stop()
            cut(kit)  # it offers again at once, and not only after its pause
            await eventually(lambda: second.hosted[0].linked)
            assert second.hosted[0].epoch > first.hosted[0].epoch
            await connected(kit)


async def test_an_agent_that_does_not_answer_loses_its_connection_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesolive.connectors.remote.links.ALIVE_SECONDS", 0.2)
    async with running_live(tmp_path / "server") as kit:
        key = await agent_key(kit)
        async with running_agent(kit.url, key, agent_folder(tmp_path / "one")) as first:
            await used(kit)

            async def silent(*_: object) -> None:
                await asyncio.Event().wait()

            monkeypatch.setattr(first, "asked", silent)
            async with running_agent(kit.url, key, agent_folder(tmp_path / "two"), "laptop") as second:
                assert second.hosted[0].linked
                assert second.refused == {}
                await connected(kit)


async def test_a_key_that_is_revoked_ends_the_link_and_opens_no_other(tmp_path: Path) -> None:
    async with running_live(tmp_path / "server") as kit:
        made = await kit.application.access.create_key("trader", role=Role.AGENT)
        async with running_agent(kit.url, made.token, agent_folder(tmp_path / "agent")) as agent:
            await used(kit)
            await kit.application.access.revoke(made.key.key_id)
            await until(kit, lambda item: item.State.value == "Disconnected")
            assert not agent.hosted[0].linked
            with pytest.raises(ServerUnreachableError, match="refuses the key"):
                async with hub_transport(kit.url, made.token)():
                    pass


async def test_agents_of_two_users_have_connections_of_their_own(tmp_path: Path) -> None:
    async with running_live(tmp_path / "server") as kit:
        other = await kit.other_user("bea")
        async with (
            running_agent(kit.url, await agent_key(kit), agent_folder(tmp_path / "one")) as rig,
            running_agent(kit.url, await agent_key(kit, "bea"), agent_folder(tmp_path / "two")) as two,
        ):
            assert (rig.refused, two.refused) == ({}, {})
            (ours,) = (await kit.control.list_connectors()).Connectors
            (theirs,) = (await other.list_connectors()).Connectors
            assert ours.Name == theirs.Name == "sim"
            await used(kit)
            assert not (await other.list_connectors()).Connectors[0].Enabled


async def test_names_and_kinds_that_the_server_has_otherwise_are_refused_in_words(tmp_path: Path) -> None:
    async with running_live(tmp_path / "server") as kit:
        await add(kit, "sim")
        async with running_agent(kit.url, await agent_key(kit), agent_folder(tmp_path / "agent")) as agent:
            assert "runs in the server itself" in agent.refused["sim"]


async def test_a_refused_login_at_the_agent_waits_for_the_owner_and_is_tried_once_when_they_enable_it(
    tmp_path: Path,
) -> None:
    folder = agent_folder(tmp_path / "agent", refuse="credentials")
    async with running_live(tmp_path / "server") as kit, running_agent(kit.url, await agent_key(kit), folder):
        await until(kit, lambda _item: True)
        await kit.control.enable_connector(models.ConnectorArgs(Name="sim"))
        waiting = await until(kit, lambda item: item.State.value == "ActionRequired")
        assert waiting.Message == "wrong credentials: the broker refuses user name and password"


async def test_a_server_that_starts_again_has_its_agent_back_and_every_report(tmp_path: Path) -> None:
    folder = agent_folder(tmp_path / "agent")
    async with running_live(tmp_path / "server") as kit:
        key, port = await agent_key(kit), kit.application.settings.port
        agent = Agent("desk", folder, hub_transport(kit.url, key), config=QUICK, retry=SOON)
        await agent.start()
        await used(kit)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
    try:
        async with running_live(tmp_path / "server", port=port) as kit:
            await connected(kit)
            (position,) = (await kit.control.list_positions()).Positions
            assert position.State is models.LivePositionState.Open
    finally:
        await agent.stop()
