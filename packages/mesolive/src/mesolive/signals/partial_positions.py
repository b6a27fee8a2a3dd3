"""Partially filled positions without a working order: the errors that report them.

A strategy is written for what it enters whole: targets and stops are frozen when a position opens, so one that is held
in part has none, and is not evaluated. Its owner must know, for nothing else looks after it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mesolive.store.database import Transaction
from mesolive.trading.orders.open_orders import unattended_positions
from mesolive_sdk.models import LivePositionState

GRACE = timedelta(minutes=2)
"""For so long after its last order has changed, the next one of a position may be on its way."""

WHAT = {
    LivePositionState.Opening: "its entry was filled in part and no order works",
    LivePositionState.Closing: "it was closed in part and no order works",
}
WARNING = "its exits are not watched; complete it by ordering the rest, or close it"


async def partial_positions(tx: Transaction, now: datetime) -> dict[int, str]:
    """Return what to tell of each position of which a part is held while nothing is ordered, by its id."""
    unattended = await unattended_positions(tx, now - GRACE)
    return {position_id: f"{WHAT[state]}: {WARNING}" for position_id, state in unattended.items()}
