"""The connector of kind `tastytrade`: REST orders, account stream and DXLink quotes of one OAuth grant."""

from __future__ import annotations

from typing import Final

from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.connectors.tastytrade.settings import TastytradeSettings
from mesolive.connectors.verification import Checklist
from mesolive_sdk.models import AgentConnector, BrokerType, DataProviderType


def _open(request: ConnectorRequest) -> Connector:
    from mesolive.connectors.tastytrade.connector import TastytradeConnector  # noqa: PLC0415 - only where it is used

    return TastytradeConnector(request)


def _verify(request: ConnectorRequest, fill: bool) -> Checklist:
    from mesolive.connectors.tastytrade.verification import TastytradeChecklist  # noqa: PLC0415 - only where it is used

    return TastytradeChecklist(request, fill=fill)


TASTYTRADE: Final = ConnectorKind(
    name="tastytrade",
    title="tastytrade, by its Open API with an OAuth grant of yours: orders, accounts, and quotes of whole chains",
    agent=AgentConnector.TastyTrade,
    data_provider=DataProviderType.TastyTrade,
    broker=BrokerType.TastyTrade,
    settings=TastytradeSettings,
    open=_open,
    verify=_verify,
)
