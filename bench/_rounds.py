"""Measuring two sides in turns: what else the machine does falls on both, and the median of the ratios counts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence


class Rounds:
    """Two sides measured round by round.

    Parameters
    ----------
    rounds
        The measured pairs: the yardstick and what is compared with it.

    Attributes
    ----------
    base, own
        The medians.
    ratio
        The median of the rounds' ratios, own to base.
    """

    def __init__(self, rounds: Sequence[tuple[float, float]]) -> None:
        self.base = statistics.median(base for base, _ in rounds)
        self.own = statistics.median(own for _, own in rounds)
        self.ratio = statistics.median(own / base for base, own in rounds)


def in_turns(base: Callable[[], float], own: Callable[[], float], rounds: int) -> Rounds:
    """Call both sides in turns; each returns what it measured. The first round warms up and does not count."""
    measured = [(base(), own()) for _ in range(rounds + 1)]
    return Rounds(measured[1:])


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes by the wall clock."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return how much processor time of this process `work` takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def quickest(work: Callable[[], object], rounds: int) -> float:
    """Return the seconds of the quickest quarter of the rounds, which leaves out what else the machine did."""
    taken = sorted(seconds(work) for _ in range(rounds))
    return taken[len(taken) // 4]


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` of all lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
