"""Markets for tests: chains priced by a known model, exchange exports, minute bars, a provider that obeys."""

from mesolive_testkit.market.chains import (
    CALENDAR,
    MORNING,
    SHARED_DATA,
    Chain,
    expiration,
    flat_chain,
    needs_shared_data,
)
from mesolive_testkit.market.files import export_bytes, option_bars, stock_bars
from mesolive_testkit.market.providers import ObedientProvider

__all__ = [
    "CALENDAR",
    "MORNING",
    "SHARED_DATA",
    "Chain",
    "ObedientProvider",
    "expiration",
    "export_bytes",
    "flat_chain",
    "needs_shared_data",
    "option_bars",
    "stock_bars",
]
