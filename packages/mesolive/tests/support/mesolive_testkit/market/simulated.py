"""What tests read of a simulated provider (view, spot, quotes), and a small chain to start it from."""

from __future__ import annotations

from datetime import date

from mesolive.market.chain_view import BookView
from mesolive.market.providers.chain_files import ChainExport, parse_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.view import FloatArray
from mesolive.pricing.black import values
from mesolive_testkit.market import export_bytes
from mesolive_testkit.market.files import export_row


def view_of(provider: SimulatedProvider) -> BookView:
    return provider.books["SPX"].view()


def spot_of(provider: SimulatedProvider) -> float:
    last = view_of(provider).underlying.quote.last
    assert last is not None
    return last


def quotes_of(provider: SimulatedProvider) -> tuple[FloatArray, FloatArray]:
    columns = view_of(provider).columns.values
    return columns["bid"], columns["ask"]


def small_export(when: str = "11:00 AM") -> ChainExport:
    """Return a chain of two expirations around 5000, with the oddities of real ones."""
    near, far = date(2024, 3, 15), date(2024, 6, 21)
    rows: list[str] = []
    for day, years in ((near, 4.2 / 365), (far, 102.0 / 365)):
        for strike in range(4700, 5301, 25):
            sides: list[tuple[float, float]] = []
            for is_call in (True, False):
                value = float(values(is_call, 5000.0, strike, years, 0.18, 0.99))
                sides.append((round(max(value - 0.4, 0.0), 1), round(value + 0.4, 1)))
            if strike == 4700:
                sides[1] = (0.0, 0.0)  # empty
            if strike == 4725:
                sides[0] = (sides[0][0], 0.0)  # no offer
            rows.append(export_row("SPXW", day, strike, sides[0], sides[1]))
    return parse_export(export_bytes(rows, last="Last: 5000.00", when=f"Date: March 11 2024, {when} EDT"))
