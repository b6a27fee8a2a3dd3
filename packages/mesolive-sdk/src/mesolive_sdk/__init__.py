"""Typed asyncio client of the MesoLive API.

`MesoLiveControlHubClient`, `MesoLiveDataHubClient` and `MesoLiveEventHubClient` talk to the three hubs;
`mesolive_sdk.models` holds all models and enums, `mesolive_sdk.exceptions` what is raised.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesolive_sdk import models
    from mesolive_sdk.clients import DataStream, MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient
    from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveError, MesoLiveSignalRError, MesoLiveTimeoutError
    from mesolive_sdk.idempotency import new_idempotency_key
    from mesolive_sdk.jobs import run_preparation, wait_for_job

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "MesoLiveControlHubClient",
    "MesoLiveDataHubClient",
    "MesoLiveEventHubClient",
    "DataStream",
    "MesoLiveError",
    "MesoLiveApiException",
    "MesoLiveSignalRError",
    "MesoLiveTimeoutError",
    "models",
    "new_idempotency_key",
    "run_preparation",
    "wait_for_job",
]

# Imported when they are first used: the clients take two tenths of a second, which a program that needs only the
# models, or a command line that shows its help, does not have to wait for.
_PLACES = {
    "MesoLiveControlHubClient": "clients",
    "MesoLiveDataHubClient": "clients",
    "MesoLiveEventHubClient": "clients",
    "DataStream": "clients",
    "MesoLiveError": "exceptions",
    "MesoLiveApiException": "exceptions",
    "MesoLiveSignalRError": "exceptions",
    "MesoLiveTimeoutError": "exceptions",
    "new_idempotency_key": "idempotency",
    "run_preparation": "jobs",
    "wait_for_job": "jobs",
}

if not TYPE_CHECKING:  # hidden from type checkers, for which every name would exist

    def __getattr__(name: str) -> object:
        if name == "models":
            return import_module("mesolive_sdk.models")
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"mesolive_sdk.{_PLACES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return list(__all__)
