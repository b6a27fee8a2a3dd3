"""A market that stands still until the test moves it, positions that a test makes up, and the streams over both."""

from streams_testkit.following import (
    CALL,
    FAR,
    IBKR,
    OTHER,
    PUT,
    SPX,
    Follower,
    follow,
    live_contract,
    position_args,
    refused,
    strangle,
)
from streams_testkit.positions import FakePositions, leg, position
from streams_testkit.running import DAY, Running, contract, field, item, running, settled

__all__ = [
    "CALL",
    "DAY",
    "FAR",
    "IBKR",
    "OTHER",
    "PUT",
    "SPX",
    "FakePositions",
    "Follower",
    "Running",
    "contract",
    "field",
    "follow",
    "item",
    "leg",
    "live_contract",
    "position",
    "position_args",
    "refused",
    "running",
    "settled",
    "strangle",
]
