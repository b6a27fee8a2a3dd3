"""Allotment: a venue's settlement is divided over the legs that hold the contract. Pure, exact decimals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

ZERO = Decimal(0)
CENT = Decimal("0.01")


def allot(quantities: Sequence[Decimal], settled: Decimal, *, partly: bool) -> list[Decimal]:
    """Return how much of each leg is settled.

    All of every leg, where they hold in sum what was settled: a venue, which holds no more than the sum, has then
    settled them all. Else nothing; or, if it may be `partly`, those that hold in its direction, the first ones first,
    until it is used up.

    Parameters
    ----------
    quantities
        Signed contracts by leg, the oldest leg first.
    settled
        Signed contracts that were held and are gone.
    """
    if quantities and sum(quantities) == settled:
        return list(quantities)
    parts: list[Decimal] = []
    for qty in quantities:
        part = ZERO
        if partly and qty * settled > 0:
            part = min(qty, settled) if settled > 0 else max(qty, settled)
        parts.append(part)
        settled -= part
    return parts


def shares(amount: Decimal, quantities: Sequence[Decimal]) -> list[Decimal]:
    """Return an amount divided by absolute quantity, in whole cents; the last part takes the remainder."""
    whole = sum(abs(qty) for qty in quantities)
    parts = [(amount * abs(qty) / whole).quantize(CENT) for qty in quantities[:-1]]
    return [*parts, amount - sum(parts, ZERO)]
