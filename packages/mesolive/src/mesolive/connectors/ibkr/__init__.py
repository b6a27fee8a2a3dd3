"""The connector of kind `ibkr`: Interactive Brokers through TWS or IB Gateway."""

from __future__ import annotations

from typing import Final

from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import Connector, ConnectorError, ConnectorRequest, Problem
from mesolive.connectors.verification import Checklist
from mesolive_sdk.models import AgentConnector, BrokerType, DataProviderType


def _open(request: ConnectorRequest) -> Connector:
    try:
        from mesolive.connectors.ibkr.connector import IbkrConnector  # noqa: PLC0415 - only where it is used
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return IbkrConnector(request)


def _verify(request: ConnectorRequest, fill: bool) -> Checklist:
    try:
        from mesolive.connectors.ibkr.verification import IbkrChecklist  # noqa: PLC0415 - only where it is used
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return IbkrChecklist(request, fill=fill)


def _not_installed(error: ModuleNotFoundError) -> ConnectorError:
    return ConnectorError(
        Problem.SETTINGS,
        f"the client library of Interactive Brokers is not installed ({error.name})",
        "Install it: pip install 'mesolive[ibkr]'.",
    )


IBKR: Final = ConnectorKind(
    name="ibkr",
    title="Interactive Brokers through TWS or IB Gateway, which you run and log in to",
    agent=AgentConnector.Ibkr,
    data_provider=DataProviderType.Ibkr,
    broker=BrokerType.Ibkr,
    settings=IbkrSettings,
    open=_open,
    verify=_verify,
)
