"""The names of the package are imported when they are first used."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import mesolive_sdk
import signalr_asyncio


@pytest.mark.parametrize("package", [mesolive_sdk, signalr_asyncio])
def test_every_public_name_can_be_imported(package: ModuleType) -> None:
    names: list[str] = package.__all__
    for name in names:
        assert getattr(package, name) is not None
    assert set(names) <= set(dir(package))


@pytest.mark.parametrize("package", [mesolive_sdk, signalr_asyncio])
def test_a_name_that_does_not_exist_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'HubServer'"):
        getattr(package, "HubServer")  # noqa: B009 - a name that type checkers refuse


def test_models_and_exceptions_load_no_client_and_the_client_loads_no_server() -> None:
    program = """
import sys
import mesolive_sdk.models, mesolive_sdk.exceptions, mesolive_sdk.display
assert "signalr_asyncio" not in sys.modules and "httpx" not in sys.modules
from mesolive_sdk import MesoLiveControlHubClient
assert "signalr_asyncio.client" in sys.modules and "signalr_asyncio.server" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_server_package_loads_no_client() -> None:
    program = """
import sys
from signalr_asyncio import SignalRServer, hub_method, Payload
assert "signalr_asyncio.server" in sys.modules
assert "signalr_asyncio.client" not in sys.modules and "httpx" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
