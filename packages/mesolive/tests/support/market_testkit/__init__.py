"""Markets for tests: chains priced by a known model, exchange exports, minute bars, a provider that obeys."""

from market_testkit.chains import (
    CALENDAR,
    MORNING,
    SHARED_DATA,
    Chain,
    expiration,
    flat_chain,
    needs_shared_data,
)
from market_testkit.files import export_bytes, option_bars, stock_bars
from market_testkit.providers import ObedientProvider

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
