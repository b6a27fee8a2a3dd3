"""Fault injection for the simulated venue: seeded at random, or requested by name."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from random import Random


class Fault(enum.Enum):
    """A fault to inject."""

    REQUEST_LOST = "the request does not arrive; the caller waits in vain"
    ANSWER_LOST = "the request arrives; neither the answer nor the acknowledgement does"
    ANSWER_LATE = "the request arrives; the answer comes as a fact behind later ones"
    REJECT = "the venue rejects for a reason of its own"
    DISCONNECT_BEFORE = "the connection breaks before the request arrives"
    DISCONNECT_AFTER = "the connection breaks after the request was carried out, before the answer"
    HANG = "the request arrives; the call never ends"
    DUPLICATE_FILL = "a fill or a settlement is reported twice"
    REORDERED_FILL = "a fill or a settlement is reported behind the next report"
    FILL_LOST = "a fill or a settlement is not reported"
    DISCONNECT_AT_FILL = "the connection breaks with a fill or a settlement, which is not reported"


REQUEST_FAULTS = (
    Fault.REQUEST_LOST,
    Fault.ANSWER_LOST,
    Fault.ANSWER_LATE,
    Fault.REJECT,
    Fault.DISCONNECT_BEFORE,
    Fault.DISCONNECT_AFTER,
    Fault.HANG,
)
FILL_FAULTS = (Fault.DUPLICATE_FILL, Fault.REORDERED_FILL, Fault.FILL_LOST, Fault.DISCONNECT_AT_FILL)


class Faults:
    """Decides what goes wrong next.

    Parameters
    ----------
    rates
        Probability of each fault, per request or per fill; at most one fault happens at a time.
    seed
        The same seed and the same calls give the same faults.
    """

    def __init__(self, rates: Mapping[Fault, float] | None = None, seed: int = 0) -> None:
        self.rates = dict(rates or {})
        self._random = Random(seed)  # noqa: S311 - faults to be repeated, not secrets
        self._requested: deque[Fault] = deque()

    def ask(self, *faults: Fault) -> None:
        """Have these happen next, in this order, each at the next request or fill that it fits."""
        self._requested.extend(faults)

    def at_request(self) -> Fault | None:
        """Return what goes wrong with the request that is made now."""
        return self._draw(REQUEST_FAULTS)

    def at_fill(self) -> Fault | None:
        """Return the fault of the current fill or settlement report."""
        return self._draw(FILL_FAULTS)

    def _draw(self, kinds: tuple[Fault, ...]) -> Fault | None:
        if self._requested:
            if self._requested[0] in kinds:
                return self._requested.popleft()
            return None
        if not self.rates:
            return None
        dice = self._random.random()
        for kind in kinds:
            dice -= self.rates.get(kind, 0.0)
            if dice < 0:
                return kind
        return None
