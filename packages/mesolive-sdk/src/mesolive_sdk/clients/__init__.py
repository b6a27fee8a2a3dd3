"""The three hub clients."""

from mesolive_sdk.clients.control import MesoLiveControlHubClient
from mesolive_sdk.clients.data import MesoLiveDataHubClient
from mesolive_sdk.clients.event import MesoLiveEventHubClient
from mesolive_sdk.clients.streams import DataStream

__all__ = ["DataStream", "MesoLiveControlHubClient", "MesoLiveDataHubClient", "MesoLiveEventHubClient"]
