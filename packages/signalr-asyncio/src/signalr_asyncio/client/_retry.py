"""Reconnect policy: exponential back-off with full jitter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with full jitter.

    Attempt *n* (counted from 0) waits a uniformly random time between 0 and `min(maximum, initial * multiplier**n)`
    seconds. The count starts anew once a connection has lasted for `stable_after`. Full jitter keeps the clients of a
    restarted server from coming back in step.

    Parameters
    ----------
    initial
        The longest wait before the first attempt, in seconds.
    multiplier
        The factor by which the longest wait grows with each attempt.
    maximum
        The bound of the longest wait, in seconds.
    max_attempts
        How many attempts to make; None for no end.
    max_elapsed
        For how many seconds after the loss to start attempts; None for no end.
    stable_after
        A connection that lasted for fewer seconds counts as one more attempt that failed, so that a server that takes
        connections and drops them at once is not called in a tight loop.
    """

    initial: float = 0.5
    multiplier: float = 2.0
    maximum: float = 30.0
    max_attempts: int | None = None
    max_elapsed: float | None = None
    stable_after: float = 5.0

    def __post_init__(self) -> None:
        if self.initial < 0 or self.maximum < self.initial or self.multiplier < 1:
            raise ValueError("a retry policy needs 0 <= initial <= maximum and multiplier >= 1")
        if self.max_attempts is not None and self.max_attempts < 1:
            raise ValueError("max_attempts must be at least 1, or None")
        if (self.max_elapsed is not None and self.max_elapsed < 0) or self.stable_after < 0:
            raise ValueError("max_elapsed and stable_after must not be negative")

    @classmethod
    def default(cls) -> RetryPolicy:
        """Return the policy that never gives up: at most 0.5 s at first, at most 30 s later."""
        return cls()

    def delay(self, attempt: int, elapsed: float, random: Callable[[], float]) -> float | None:
        """Return the seconds to wait before an attempt.

        Parameters
        ----------
        attempt
            How many attempts were made since the connection was lost.
        elapsed
            Seconds since it was lost.
        random
            Returns a uniformly random number of [0, 1).

        Returns
        -------
        float | None
            Seconds; None to give up.
        """
        if self.max_attempts is not None and attempt >= self.max_attempts:
            return None
        if self.max_elapsed is not None and elapsed > self.max_elapsed:
            return None
        try:
            pause = min(self.maximum, self.initial * self.multiplier**attempt)
        except OverflowError:
            # A float's power has an end; an endless policy has none.
            pause = self.maximum
        return pause * random()
