"""Outcome of TWS' error codes on orders: what a code means for a new order, a modification and a cancel.

Texts are in the language of TWS' window, and are never read. A code that is not listed is unknown: TWS' lists are asked
then. To take an unknown code for a cancel makes a second order of one that lives.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final


class Phase(enum.Enum):
    """What was asked for when the error came."""

    NEW = "new order"
    MODIFY = "modification"
    CANCEL = "cancel"


class Outcome(enum.Enum):
    """What an error means for what was asked for."""

    CONTINUES = "goes on"
    """A warning: the order is, or will be, what was asked for."""
    REJECTED = "rejected"
    """The order does not exist."""
    DENIED = "denied"
    """The modification or the cancel is not carried out; the order is as it was."""
    DENIED_FILLED = "denied, filled"
    DENIED_ENDED = "denied, ended"
    """The cancel came too late; how the order ended is in the lists."""
    CANCELLED = "cancelled"
    """The order is cancelled: the confirmation of a cancel, or IB's own decision."""
    ASK = "ask the lists"
    """Nothing is known."""


_REJECTIONS: Final = frozenset(
    {106, 107, 109, 110, 111, 113, 116, 117, 118, 119, 120, 121, 122, 200, 203, 321, 355, 387, 388, 391, 392, 393}
    | {394, 395, 396, 397, 398, 434, 435, 436, 443, 460, 478, 10043, 10058, 10289}
    | set(range(382, 387))
)
"""Codes after which a new order does not exist, and a modified one is as it was."""

_WARNINGS: Final = frozenset({399, 404, 10318, 10349, *range(2100, 2200)})
"""Codes with which an order goes on. 404: it is held until shares are located."""

_TABLE: Final[Mapping[int, Mapping[Phase, Outcome]]] = {
    103: {Phase.NEW: Outcome.ASK, Phase.MODIFY: Outcome.DENIED},
    104: {Phase.NEW: Outcome.ASK, Phase.MODIFY: Outcome.DENIED_FILLED},
    105: {Phase.MODIFY: Outcome.DENIED},
    135: {Phase.MODIFY: Outcome.ASK, Phase.CANCEL: Outcome.ASK},
    136: {Phase.CANCEL: Outcome.DENIED},
    161: {Phase.CANCEL: Outcome.DENIED},
    201: {Phase.NEW: Outcome.REJECTED, Phase.MODIFY: Outcome.DENIED},
    202: {Phase.NEW: Outcome.CANCELLED, Phase.MODIFY: Outcome.CANCELLED, Phase.CANCEL: Outcome.CANCELLED},
    329: {Phase.MODIFY: Outcome.DENIED},
    10147: {Phase.CANCEL: Outcome.ASK},
    10148: {Phase.CANCEL: Outcome.DENIED_ENDED},
    10149: {Phase.NEW: Outcome.REJECTED, Phase.MODIFY: Outcome.DENIED, Phase.CANCEL: Outcome.DENIED},
}
"""Codes that mean different things in different phases. 103 says that the id is taken, perhaps by this very order."""

READ_ONLY: Final = 321


def outcome_of(code: int, phase: Phase) -> Outcome:
    """Return what an error code means."""
    if code in _WARNINGS:
        return Outcome.CONTINUES
    if code in _TABLE:
        return _TABLE[code].get(phase, Outcome.ASK)
    if code in _REJECTIONS:
        if phase is Phase.NEW:
            return Outcome.REJECTED
        if phase is Phase.MODIFY or code == READ_ONLY:
            return Outcome.DENIED
    return Outcome.ASK
