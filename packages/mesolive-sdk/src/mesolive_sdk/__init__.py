"""Typed asyncio client of the MesoLive API.

`MesoLiveControlHubClient`, `MesoLiveDataHubClient` and `MesoLiveEventHubClient` talk to the three hubs;
`mesolive_sdk.models` holds all models and enums, `mesolive_sdk.exceptions` what is raised.
"""

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
