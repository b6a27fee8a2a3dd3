"""A market that stands still until the test moves it, positions that a test makes up, and the streams over both."""

from streams_testkit.positions import FakePositions, leg, position
from streams_testkit.running import DAY, Running, contract, field, item, running, settled

__all__ = [
    "DAY",
    "FakePositions",
    "Running",
    "contract",
    "field",
    "item",
    "leg",
    "position",
    "running",
    "settled",
]
