"""A refused login is not repeated, whatever else fails: brokers lock accounts after a few wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesolive.connectors.protocol import ConnectorState, ConnectorStatus
from mesolive.connectors.repository import StoredConnection
from mesolive.connectors.simulated.connector import SimulatedConnector
from mesolive.store.transactions import DatabaseBusyError
from mesolive_sdk import models
from mesolive_testkit.connectors import add, running_live, until

SIM = models.ConnectorArgs(Name="sim")
State = models.ConnectorStateType


async def test_a_refused_login_is_not_repeated_while_its_state_cannot_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_live(tmp_path) as kit:
        manager = kit.application.connectors
        store, log_in = manager.state_changed, SimulatedConnector._log_in
        failures, logins = 0, 0

        async def failing(connection: StoredConnection, status: ConnectorStatus) -> None:
            nonlocal failures
            if status.state is ConnectorState.ACTION_REQUIRED and failures < 5:
                failures += 1
                (supervision,) = manager._running.values()
                assert supervision.status.state is not ConnectorState.ACTION_REQUIRED, "it is not published yet"
                raise DatabaseBusyError
            await store(connection, status)

        async def counted(connector: SimulatedConnector) -> None:
            nonlocal logins
            logins += 1
            await log_in(connector)

        monkeypatch.setattr(manager, "state_changed", failing)
        monkeypatch.setattr(SimulatedConnector, "_log_in", counted)
        await add(kit, refuse="credentials")
        await kit.control.enable_connector(SIM)
        shown = await until(kit, lambda item: item.State is State.ActionRequired)
        assert shown.Message.startswith("wrong credentials")
        assert (failures, logins) == (5, 1)
        log = (await kit.control.get_connector_log(models.GetConnectorLogArgs(Name="sim"))).Entries
        assert [entry.State for entry in log] == [State.ActionRequired, State.Connecting]
