"""Concurrent changes of one connection: they take effect one after another, and nothing of an earlier one is left."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mesolive.connectors.repository import StoredConnection, connection_of_id, connections_of_user, enabled_connections
from mesolive.connectors.simulated.connector import SimulatedConnector
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_testkit.connectors import add, enabled, running_live, until
from mesolive_testkit.server import Kit

SIM = models.ConnectorArgs(Name="sim")
State = models.ConnectorStateType


def must_agree(kit: Kit) -> None:
    """Check that exactly the venue and the market data of the connection that runs are attached."""
    (supervision,) = kit.application.connectors._running.values()
    ((venue, _),) = kit.application.desk.attached.values()
    assert venue is supervision.connector.venue
    assert kit.application.market.providers == {models.DataProviderType.Simulated: supervision.connector.provider}


async def test_concurrent_updates_leave_one_connector_with_its_venue_and_its_market_data(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        clients = [await kit.client(MesoLiveControlHubClient) for _ in range(4)]
        await asyncio.gather(
            *(
                client.update_connector(models.UpdateConnectorArgs(Name="sim", Settings={"seed": str(n)}, Secrets={}))
                for n, client in enumerate(clients)
            )
        )
        shown = await until(kit, lambda item: item.State is State.Connected)
        assert shown.DataProvider is models.DataProviderType.Simulated
        must_agree(kit)
        log = (await kit.control.get_connector_log(models.GetConnectorLogArgs(Name="sim"))).Entries
        assert State.ActionRequired not in {entry.State for entry in log}


async def test_a_connection_that_is_disabled_while_it_is_opened_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_live(tmp_path) as kit:
        await add(kit)
        manager = kit.application.connectors
        opening, go_on, open_secrets = asyncio.Event(), asyncio.Event(), manager._open_secrets

        async def slow(connection: StoredConnection) -> dict[str, str]:
            opening.set()
            await go_on.wait()
            return await open_secrets(connection)

        monkeypatch.setattr(manager, "_open_secrets", slow)
        other = await kit.client(MesoLiveControlHubClient)
        enabling = asyncio.create_task(other.enable_connector(SIM))
        await opening.wait()
        disabling = asyncio.create_task(kit.control.disable_connector(SIM))
        async with asyncio.timeout(30):
            while True:
                async with kit.application.database.read() as tx:
                    if not await enabled_connections(tx):
                        break
                await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(enabling, disabling)
        assert manager._running == {}
        assert kit.application.desk.attached == {}
        (shown,) = (await kit.control.list_connectors()).Connectors
        assert shown.State is State.Disabled


async def test_a_connection_that_was_disabled_or_removed_is_not_connected_by_a_late_call(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        manager = kit.application.connectors
        owner = await kit.application.access.user("trader")
        async with kit.application.database.read() as tx:
            (as_enabled,) = await connections_of_user(tx, owner.user_id)
        await kit.control.disable_connector(SIM)
        await manager.run(as_enabled)
        assert manager._running == {}
        await kit.control.remove_connector(SIM)
        await manager.run(as_enabled)
        assert manager._running == {}
        async with kit.application.database.read() as tx:
            assert await connection_of_id(tx, as_enabled.id) is None


async def test_a_late_end_leaves_a_connection_alone_that_was_enabled_again(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        manager = kit.application.connectors
        (supervision,) = manager._running.values()
        await manager.end(supervision.connection)
        must_agree(kit)
        assert list(manager._running.values()) == [supervision]


async def test_a_call_whose_caller_has_gone_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        manager = kit.application.connectors
        (first,) = manager._running.values()
        stopping, go_on, disconnect = asyncio.Event(), asyncio.Event(), SimulatedConnector.disconnect

        async def slow(connector: SimulatedConnector) -> None:
            stopping.set()
            await go_on.wait()
            await disconnect(connector)

        monkeypatch.setattr(SimulatedConnector, "disconnect", slow)
        calling = asyncio.create_task(manager.run(first.connection))
        await stopping.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        go_on.set()
        await manager.tasks.join()
        await until(kit, lambda item: item.State is State.Connected)
        must_agree(kit)
        assert first not in manager._running.values()


async def test_a_late_detachment_leaves_the_venue_that_has_taken_the_place(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        engine = kit.application.desk
        ((connection_id, (earlier, _)),) = engine.attached.items()
        await kit.control.enable_connector(SIM)
        await until(kit, lambda item: item.State is State.Connected)
        await engine.detach(connection_id, earlier)
        must_agree(kit)
