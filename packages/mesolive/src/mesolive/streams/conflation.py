"""Conflation window control: the window widens at overload, so that values come less often in place of ever later."""

from __future__ import annotations

MAX_SHARE = 0.5
"""The share of a window that valuing, encoding and queueing of its items may take; the rest is for calls and events."""
MAX_WIDENING = 10.0
"""The widest window, in windows as configured."""
NARROWING = 0.9
"""What a window shrinks by, at most, from one to the next: a load that comes and goes must not make it jump."""


class ConflationWindow:
    """For how long changes are gathered into one item.

    Parameters
    ----------
    configured
        The window without overload, in seconds.

    Attributes
    ----------
    configured, seconds
        The window as configured, and as it is now.
    """

    __slots__ = ("_before", "configured", "seconds")

    def __init__(self, configured: float) -> None:
        self.configured = configured
        self.seconds = configured
        self._before = 0.0

    @property
    def widened(self) -> bool:
        """Whether there is an overload at the moment."""
        return self.seconds > self.configured

    def account(self, busy: float) -> None:
        """Take note of what a window's turns took, and choose the next window.

        Parameters
        ----------
        busy
            Seconds of processor time, and by which the turns were late. One slow window is no overload: the smaller of
            the last two counts.
        """
        lasting, self._before = min(busy, self._before), busy
        needed = min(max(lasting / MAX_SHARE, self.configured), MAX_WIDENING * self.configured)
        self.seconds = max(needed, NARROWING * self.seconds)
