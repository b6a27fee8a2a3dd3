"""State of one connection to TWS from its notices: IB's servers, data farms, the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mesolive.records import replace

LINK_LOST: Final = frozenset({1100, 2110})
"""TWS has lost IB's servers. Nothing may be sent: a modification then makes a second live order."""

LINK_RESTORED: Final = frozenset({1101, 1102})
SUBSCRIPTIONS_LOST: Final = 1101
PORT_CHANGED: Final = 1300
CLIENT_ID_IN_USE: Final = 326

FARM_BROKEN: Final = frozenset({2103, 2105, 2157})
FARM_RESTORED: Final = frozenset({2104, 2106, 2108, 2158})
"""2108 is a farm that is inactive until it is needed."""

DATA_FARM_BROKEN: Final = 2103


@dataclass(frozen=True, slots=True)
class SessionState:
    """How a connection is.

    Attributes
    ----------
    connected
        Whether the socket is open and the handshake complete.
    link
        Whether TWS has a connection to IB's servers.
    subscriptions_lost
        Counts the outages after which market data must be requested again.
    restores
        Counts the outages that have ended.
    farms
        The names of the farms that are broken, with the code that said so.
    loss
        Why the last connection ended; empty for the present one.
    clock_ahead
        Seconds that the clock of TWS is ahead of this machine's; `None` before the first heartbeat.
    """

    connected: bool = False
    link: bool = False
    subscriptions_lost: int = 0
    restores: int = 0
    farms: dict[str, int] = field(default_factory=dict[str, int])
    loss: str = ""
    clock_ahead: float | None = None

    @property
    def sendable(self) -> bool:
        """Whether orders may be sent."""
        return self.connected and self.link

    @property
    def data_farms_broken(self) -> tuple[str, ...]:
        """Farms of market data that are broken: what they serve is stale."""
        return tuple(sorted(name for name, code in self.farms.items() if code == DATA_FARM_BROKEN))

    def after_notice(self, code: int, text: str) -> SessionState:
        """Return the state after a notice."""
        if code in LINK_LOST:
            return replace(self, link=False)
        if code in LINK_RESTORED:
            lost = self.subscriptions_lost + (code == SUBSCRIPTIONS_LOST)
            return replace(self, link=True, restores=self.restores + (not self.link), subscriptions_lost=lost)
        if code in FARM_BROKEN:
            return replace(self, farms={**self.farms, farm_name(text): code})
        if code in FARM_RESTORED:
            name = farm_name(text)
            return replace(self, farms={farm: why for farm, why in self.farms.items() if farm != name})
        return self


def farm_name(text: str) -> str:
    """Return the name of the farm of a notice: what follows the last colon, or the last full stop."""
    return text.rpartition(":")[2].rpartition(".")[2].strip()
