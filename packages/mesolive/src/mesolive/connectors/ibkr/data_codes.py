"""Outcome of TWS' error codes on market data: what a code means for a subscription, and the text for the trader."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final


class LineOutcome(enum.Enum):
    """What an error means for a subscription."""

    CONTINUES = "goes on"
    """A warning: data come."""
    NO_PERMISSION = "no permission"
    """The login has no market data subscription for it."""
    UNKNOWN = "unknown contract"
    """IB lists no such contract, or no longer."""
    NO_LINE = "no line"
    """All market data lines of the login are used, by this program and others."""
    COMPETING = "competing session"
    """Another session of the user has the data until it ends."""
    AGAIN = "again"
    """The subscription was lost, and may be made again at once."""
    DEAD = "dead"
    """The subscription has ended, for another reason."""


_TABLE: Final[Mapping[int, LineOutcome]] = {
    100: LineOutcome.AGAIN,
    101: LineOutcome.NO_LINE,
    200: LineOutcome.UNKNOWN,
    300: LineOutcome.CONTINUES,
    354: LineOutcome.NO_PERMISSION,
    10089: LineOutcome.CONTINUES,
    10090: LineOutcome.CONTINUES,
    10091: LineOutcome.CONTINUES,
    10167: LineOutcome.CONTINUES,
    10168: LineOutcome.NO_PERMISSION,
    10182: LineOutcome.AGAIN,
    10186: LineOutcome.NO_PERMISSION,
    10190: LineOutcome.NO_LINE,
    10197: LineOutcome.COMPETING,
}
"""300 answers the cancel of a subscription that had ended already."""

PARTLY_PERMITTED: Final = frozenset({10089, 10090, 10091})
"""Data go on, without the part that another subscription would bring, such as option computations."""


def line_outcome(code: int) -> LineOutcome:
    """Return what an error code means for a subscription; an unlisted one has ended it, unless it is a warning."""
    if 2100 <= code < 2200:
        return LineOutcome.CONTINUES
    return _TABLE.get(code, LineOutcome.DEAD)
