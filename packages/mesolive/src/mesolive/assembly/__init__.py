"""Assembly: builds the parts of the server, the store first and the hubs last; `app` starts and stops them."""

from __future__ import annotations

from mesolive.assembly.builders import (
    build_core,
    build_hubs,
    build_metrics,
    build_trading,
    open_store,
    retention_periods,
    start_market,
    start_part,
)
from mesolive.assembly.folders import backtest_folder, connector_folder, secret_file, venue_memory
from mesolive.assembly.overrides import Overrides
from mesolive.assembly.parts import CoreParts, HubParts, StoreParts, TradingParts

__all__ = [
    "CoreParts",
    "HubParts",
    "Overrides",
    "StoreParts",
    "TradingParts",
    "backtest_folder",
    "build_core",
    "build_hubs",
    "build_metrics",
    "build_trading",
    "connector_folder",
    "open_store",
    "retention_periods",
    "secret_file",
    "start_market",
    "start_part",
    "venue_memory",
]
