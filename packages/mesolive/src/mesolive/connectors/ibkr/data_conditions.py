"""Conditions of IB's market data that concern more than one contract, in words for the trader, and the line budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from mesolive.connectors.ibkr.data_codes import LineOutcome
from mesolive.market.quality import QuoteQuality

COMPETING_PAUSE: Final = timedelta(seconds=60)
"""For how long nothing is asked for after another session has taken the data."""
PACING_PAUSE: Final = timedelta(seconds=2)
ONE_MORE_AFTER: Final = timedelta(minutes=1)
"""How long after a refused line one more line is tried."""
MIN_LINES: Final = 1


@dataclass(slots=True)
class DataConditions:
    """What IB has said of the data of this login.

    Attributes
    ----------
    lines
        How many lines may be used at most.
    """

    lines: int
    _granted: int = field(default=0, init=False)
    _granted_at: datetime | None = field(default=None, init=False)
    _paused_until: datetime | None = field(default=None, init=False)
    _competing: bool = field(default=False, init=False)
    _partly: int = field(default=0, init=False)
    _qualities: dict[str, QuoteQuality] = field(default_factory=dict[str, QuoteQuality], init=False)

    def __post_init__(self) -> None:
        self._granted = self.lines

    def note(self, outcome: LineOutcome, code: int, used: int, now: datetime) -> None:
        """Take the outcome of an error; `used` is how many lines are open without the one that failed."""
        if outcome is LineOutcome.NO_LINE:
            self._granted = max(min(self._granted, used), MIN_LINES)
            self._granted_at = now
        elif outcome is LineOutcome.COMPETING:
            self._competing = True
            self._paused_until = now + COMPETING_PAUSE
        elif outcome is LineOutcome.AGAIN and code == 100:
            self._paused_until = now + PACING_PAUSE
        elif outcome is LineOutcome.CONTINUES:
            self._partly = code

    def note_quality(self, symbol: str, quality: QuoteQuality) -> None:
        """Take the quality of an underlying's price: data of the kind do come."""
        self._qualities[symbol] = quality
        self._competing = False

    def forget(self) -> None:
        """Reset, after a connection was made."""
        self._granted, self._granted_at = self.lines, None
        self._paused_until, self._competing, self._partly = None, False, 0
        self._qualities.clear()

    def may_ask(self, now: datetime) -> bool:
        """Whether lines may be opened now."""
        return self._paused_until is None or now >= self._paused_until

    def lines_now(self, now: datetime) -> int:
        """Return how many lines may be open; after a refusal one more each minute, as other programs may end."""
        if self._granted < self.lines and self._granted_at is not None and now - self._granted_at >= ONE_MORE_AFTER:
            self._granted += 1
            self._granted_at = now
        return self._granted

    @property
    def messages(self) -> list[str]:
        """Lines for the trader; none when all is well."""
        result: list[str] = []
        if self._competing:
            result.append(
                "another session of this user has the market data (10197): log it out, or wait; it is tried again "
                "each minute"
            )
        if self._granted < self.lines:
            result.append(
                f"IB grants {self._granted} of {self.lines} market data lines (101): TWS' own windows and other "
                "programs use the rest"
            )
        delayed = sorted(symbol for symbol, quality in self._qualities.items() if quality is QuoteQuality.DELAYED)
        if delayed:
            result.append(
                f"the data of {', '.join(delayed)} are delayed (10167): there is no subscription for live data, and "
                "nothing is traded on them"
            )
        if self._partly:
            result.append(
                f"a market data subscription is missing in part ({self._partly}): quotes come, IB's greeks may not"
            )
        return result


def shared_lines(total: int, pinned: Sequence[int]) -> list[int]:
    """Return how many of all lines each book has: first those for what it has pinned, then equal parts of the rest.

    Parameters
    ----------
    total
        Of all books.
    pinned
        How many contracts of each book are pinned; where there are too few lines, the smaller wish is met first.
    """
    shares = [0] * len(pinned)
    left, waiting = max(total, 0), sorted(range(len(pinned)), key=lambda place: pinned[place])
    for number, place in enumerate(waiting):
        shares[place] = min(pinned[place], left // (len(pinned) - number))
        left -= shares[place]
    for number in range(len(pinned)):
        extra = left // (len(pinned) - number)
        shares[number] += extra
        left -= extra
    return shares
