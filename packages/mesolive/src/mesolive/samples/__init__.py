"""Strategies that come with the server."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec


def iron_condor() -> dict[str, Any]:
    """Return the demonstration's definition: an iron condor on SPX, some 45 days out, as one combo."""
    return msgspec.json.decode(files("mesolive.samples").joinpath("iron_condor.json").read_bytes(), type=dict[str, Any])
