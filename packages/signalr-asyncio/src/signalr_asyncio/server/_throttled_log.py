"""Rate-limited logging of client errors: one line per kind and minute, so a flood cannot fill the disk."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from signalr_asyncio._clock import Clock

log = logging.getLogger("signalr_asyncio.server")

PAUSE_SECONDS = 60.0


@dataclass(slots=True)
class _Kind:
    next_at: float
    left_out: int = 0


class ThrottledLog:
    """Writes the first line of a kind at once, and for a minute only counts the others.

    Parameters
    ----------
    clock
        Where time comes from.
    """

    __slots__ = ("_clock", "_kinds")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # By the text before its values are filled in: as many as there are calls in this package.
        self._kinds: dict[str, _Kind] = {}

    def write(self, level: int, text: str, *values: object, exc_info: BaseException | None = None) -> None:
        """Write a line, as `Logger.log`; or count it, and write it for those only who listen to debug messages."""
        now = self._clock.now()
        kind = self._kinds.get(text)
        if kind is not None and now < kind.next_at:
            kind.left_out += 1
            log.debug(text, *values)
            return
        left_out = kind.left_out if kind is not None else 0
        self._kinds[text] = _Kind(now + PAUSE_SECONDS)
        if left_out:
            log.log(level, f"{text} (and %d more since the last such line)", *values, left_out, exc_info=exc_info)  # noqa: G004 - the text is a constant of this package
        else:
            log.log(level, text, *values, exc_info=exc_info)
