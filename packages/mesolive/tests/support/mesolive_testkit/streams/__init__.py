"""A market that stands still until the test moves it, positions that a test makes up, and the streams over both."""

from mesolive_testkit.streams.following import (
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
from mesolive_testkit.streams.positions import FakePositions, leg, position
from mesolive_testkit.streams.running import DAY, Running, contract, field, item, running, settled

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
