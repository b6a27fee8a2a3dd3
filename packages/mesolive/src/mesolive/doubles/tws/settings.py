"""Settings of the double of TWS: accounts, ports, limits and how orders fill."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from pathlib import Path

from mesolive.doubles.tws.wire import MIN_SERVER_VERSION, SERVER_VERSION


class Entitlement(enum.Enum):
    """Which market data the login has."""

    LIVE = "live"
    DELAYED = "delayed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DoubleSettings:
    """What a double is like; faults come on top.

    Attributes
    ----------
    accounts
        Names; those of paper accounts begin with D, as at IB.
    cash
        Of each account at its beginning, in US dollars.
    advisor
        Whether the login is a financial advisor's.
    server_version
        The highest version that is agreed on with clients. Below 157 no client of today connects.
    first_order_id
        That a new client receives.
    zone, written_zone
        The time zone that TWS is logged in with, as its IANA name, and as it stands in messages when different.
    master_client
        The client that receives the orders of all others; `None` for no such client.
    lines
        How many market data subscriptions there may be at once, over all clients.
    messages_per_second
        What a client may send; 0 for no limit.
    pacing_breaches
        How many breaches close the socket.
    snapshot_seconds
        After which a snapshot without a whole quote ends.
    slippage
        Part of its half spread that each leg of a fill pays: 0 fills at the middle, 1 at the far side.
    commission, min_commission
        Per option contract and order leg.
    share_commission
        Per share.
    execution_days
        Of how many days executions are listed; 1 is since midnight in the gateway's zone.
    expiry_at
        When expired positions disappear, New York time, on the day after the settlement.
    restart_at, reset_at
        When TWS restarts and when IB's servers reset each day, in the gateway's zone; `None` for never.
    outage_seconds
        For how long a restart or reset lasts.
    weekly_login
        Whether the login ends on Sunday at 01:00 New York time, until `log_in` is done by hand.
    option_trading
        Whether the accounts may trade options.
    max_combo_legs
        More legs are refused.
    margin_check
        Whether orders are refused whose margin the account does not have.
    state_path, truth_path
        Where the state and the truth ledger are kept; `None` for in memory only.
    """

    accounts: Sequence[str] = ("DU1234567",)
    cash: Decimal = Decimal(1_000_000)
    advisor: bool = False
    server_version: int = SERVER_VERSION
    first_order_id: int = 1
    zone: str = "America/New_York"
    written_zone: str = "US/Eastern"
    master_client: int | None = None
    lines: int = 100
    messages_per_second: int = 50
    pacing_breaches: int = 3
    snapshot_seconds: float = 11.0
    entitlement: Entitlement = Entitlement.LIVE
    delayed_enabled: bool = True
    slippage: Decimal = Decimal("0.5")
    commission: Decimal = Decimal("0.65")
    min_commission: Decimal = Decimal("1.00")
    share_commission: Decimal = Decimal("0.005")
    execution_days: int = 1
    expiry_at: time = time(2, 30)
    restart_at: time | None = None
    reset_at: time | None = None
    outage_seconds: float = 60.0
    weekly_login: bool = False
    option_trading: bool = True
    max_combo_legs: int = 6
    margin_check: bool = True
    state_path: Path | None = None
    truth_path: Path | None = None

    def __post_init__(self) -> None:
        if not self.accounts:
            raise ValueError("accounts must name at least one account")
        if self.server_version > SERVER_VERSION:
            raise ValueError(f"server_version must be at most {SERVER_VERSION}, got {self.server_version}")
        if not Decimal(0) <= self.slippage <= Decimal(1):
            raise ValueError(f"slippage must lie between 0 and 1, got {self.slippage}")

    @property
    def speaks(self) -> bool:
        """Whether messages of the server version can be written; older versions only refuse clients."""
        return self.server_version >= MIN_SERVER_VERSION
