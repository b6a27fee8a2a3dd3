"""The connector of kind `simulated`: a simulated market and venue, with faults on request; needs no broker."""

from __future__ import annotations

from typing import Final

from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.connectors.simulated.settings import SimulatedSettings
from mesolive_sdk.models import AgentConnector, BrokerType, DataProviderType


def _open(request: ConnectorRequest) -> Connector:
    from mesolive.connectors.simulated.connector import SimulatedConnector  # noqa: PLC0415 - only where it is used

    return SimulatedConnector(request)


SIMULATED: Final = ConnectorKind(
    name="simulated",
    title="A simulated market and venue inside the server; needs no broker, and moves no money",
    agent=AgentConnector.Simulated,
    data_provider=DataProviderType.Simulated,
    broker=BrokerType.Simulated,
    settings=SimulatedSettings,
    open=_open,
)
