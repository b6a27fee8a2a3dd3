"""A kind of connector: its names, its settings, and how one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.connectors.settings_model import ConnectorSettings
from mesolive.connectors.verification import Verify
from mesolive_sdk.models import AgentConnector, BrokerType, DataProviderType


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """A kind of connector. Importing the module that makes it must be cheap: `open` imports the broker's library.

    Attributes
    ----------
    name
        As in `mesolive connector add NAME`.
    title
        The broker's name, and how it is reached.
    agent
        What the published API calls it.
    data_provider
        The market data that it may bring; `None` for none.
    broker
        The accounts that it may serve; `None` for none.
    settings
        Its settings.
    open
        Makes a connector, without connecting it.
    verify
        Makes the checklist of `mesolive connector verify`; `None` for a kind without one.
    """

    name: str
    title: str
    agent: AgentConnector
    data_provider: DataProviderType | None
    broker: BrokerType | None
    settings: type[ConnectorSettings]
    open: Callable[[ConnectorRequest], Connector]
    verify: Verify | None = None
