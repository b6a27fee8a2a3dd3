"""Settings of the simulated venue: slippage, fees, queue delay, displayed size and trading hours."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class SimulatedVenueConfig(Struct, frozen=True):
    """How the venue fills.

    Attributes
    ----------
    slippage
        Part of each leg's half spread that a fill pays: 0 the middle, 1 the far side.
    commission
        Per contract, in account currency.
    settlement_fee
        Per contract that settles in the money, in account currency.
    queue_seconds
        Market time that passes before an order can be filled.
    displayed
        The most combos that are filled at once; fewer where the market shows fewer. The rest waits for its next change.
    always_open
        Whether it trades around the clock and not in the exchange's sessions only.
    """

    slippage: Decimal = Decimal("0.5")
    commission: Decimal = Decimal("0.65")
    settlement_fee: Decimal = Decimal(0)
    queue_seconds: float = 0.0
    displayed: Decimal = Decimal(25)
    always_open: bool = False
