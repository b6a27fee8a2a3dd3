"""Which events tell of something that changes no position: followers of positions need not read them again."""

from __future__ import annotations

from mesolive_sdk import models

_NOT_OF_POSITIONS = (
    models.EntrySignalEvent,
    models.ExitSignalEvent,
    models.AdjustmentSignalEvent,
    models.OrderRefusedEvent,
    models.HaltChangeEvent,
)


def may_change_positions(event: object) -> bool:
    """Return whether the change that an event announces may have changed a position or a leg.

    An order of which nothing is filled changes none, and neither do signals, refusals and halts. Every other event
    counts as one that may.
    """
    if isinstance(event, models.OrderUpdateEvent):
        return bool(event.FilledQty)
    return not isinstance(event, _NOT_OF_POSITIONS)
