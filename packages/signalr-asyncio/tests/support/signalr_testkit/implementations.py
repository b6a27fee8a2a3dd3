"""Uvicorn's implementations of WebSockets that the server is tested over."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

BY_UVICORN = "websockets-sansio"
BY_PICOWS = "picows"
IMPLEMENTATIONS = (BY_UVICORN, BY_PICOWS)


def implementation(name: str) -> Any:
    """Return what uvicorn's setting `ws` is for an implementation; skips the test where it is not installed."""
    if name == BY_UVICORN:
        return name
    if find_spec("picows") is None:
        pytest.skip("picows is not installed: pip install 'signalr-asyncio[picows]'")
    return import_module("signalr_asyncio.server.picows").PicowsProtocol
