"""Partially filled positions without a working order: the errors that report them.

Profit target and stop loss are captured when a position opens, which is after the last fill of its entry. Neither a
partly entered nor a partly closed position is evaluated, so its owner must complete or close it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mesolive.store.database import Transaction
from mesolive.trading.orders.open_orders import unattended_positions
from mesolive_sdk.models import LivePositionState

GRACE = timedelta(minutes=2)
"""A position is reported only this long after the last change of its orders: the next order may be in flight."""

REASONS = {
    LivePositionState.Opening: "its entry was filled in part and no order works",
    LivePositionState.Closing: "it was closed in part and no order works",
}
WARNING = "its exits are not watched; complete it by ordering the rest, or close it"


async def partial_positions(tx: Transaction, now: datetime) -> dict[int, str]:
    """Return an error message for each partially filled position without a working order, by position id."""
    unattended = await unattended_positions(tx, now - GRACE)
    return {position_id: f"{REASONS[state]}: {WARNING}" for position_id, state in unattended.items()}
