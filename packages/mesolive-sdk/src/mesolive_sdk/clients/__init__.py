"""Typed SignalR clients of the Control, Data and Event Hubs."""

from mesolive_sdk.clients._base import DEFAULT_URL, HubClient
from mesolive_sdk.clients._control import MesoLiveControlHubClient
from mesolive_sdk.clients._data import MesoLiveDataHubClient
from mesolive_sdk.clients._event import MesoLiveEventHubClient
from mesolive_sdk.clients._streams import DataStream

__all__ = [
    "DEFAULT_URL",
    "DataStream",
    "HubClient",
    "MesoLiveControlHubClient",
    "MesoLiveDataHubClient",
    "MesoLiveEventHubClient",
]
