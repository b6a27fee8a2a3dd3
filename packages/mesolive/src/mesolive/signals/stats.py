"""Health of the signal evaluator: counts, durations and lateness of its evaluations, for operators."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager


class EvaluationStats:
    """Counts evaluations and remembers how the last ones went.

    Attributes
    ----------
    evaluations, failures
        How many there were, and how many of them failed.
    seconds
        How long the last one took, in real time.
    lateness
        How much market time after its moment the last one began, in seconds.
    succeeded_at
        When the last one that succeeded ended, by `time.monotonic`, and by the computer's clock as Unix time; 0 before.
    """

    def __init__(self) -> None:
        self.evaluations = 0
        self.failures = 0
        self.seconds = 0.0
        self.lateness = 0.0
        self.succeeded_at = (0.0, 0.0)

    @contextmanager
    def record(self, lateness: float) -> Generator[None]:
        """Record one evaluation: the block of the `with` statement."""
        began = time.monotonic()
        self.lateness = max(lateness, 0.0)
        try:
            yield
        except Exception:
            self.failures += 1
            raise
        else:
            self.succeeded_at = (time.monotonic(), time.time())
        finally:
            self.evaluations += 1
            self.seconds = time.monotonic() - began
