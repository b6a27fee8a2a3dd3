"""The exchange's chain exports with the figures that it publishes, read independently of the product.

The product's own reader leaves the vendor's volatilities and greeks out.
"""

from mesolive_testkit.pricing.exchange import EXPORTS, Figures, Published, chain_export, compare

__all__ = ["EXPORTS", "Figures", "Published", "chain_export", "compare"]
