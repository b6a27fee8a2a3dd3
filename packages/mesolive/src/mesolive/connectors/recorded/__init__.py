"""The connector of kind `recorded`: a recorded session as market data beside live ones, on its own market time."""

from __future__ import annotations

from typing import Final

from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.connectors.recorded.settings import RecordedSettings
from mesolive_sdk.models import AgentConnector, DataProviderType


def _open(request: ConnectorRequest) -> Connector:
    from mesolive.connectors.recorded.connector import RecordedConnector  # noqa: PLC0415 - only where it is used

    return RecordedConnector(request)


RECORDED: Final = ConnectorKind(
    name="recorded",
    title="A recorded session from the server's recordings, replayed as market data; for paper accounts",
    agent=AgentConnector.Recorded,
    data_provider=DataProviderType.Recorded,
    broker=None,
    settings=RecordedSettings,
    open=_open,
)
