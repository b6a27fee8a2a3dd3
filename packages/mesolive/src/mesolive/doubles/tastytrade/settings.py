"""Settings of the double of tastytrade: accounts, tokens, pauses, lags and limits."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

NEWEST_VERSION: Final = "20261012"
"""From this version of the API on, a search for orders needs a first day."""


class Environment(enum.Enum):
    """Which of the broker's systems the double behaves as."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class DoubleSettings:
    """What a double is like.

    Attributes
    ----------
    accounts
        Their numbers.
    cash
        Of each account at the start.
    client_secret, refresh_token
        What the token call must be given.
    environment
        The sandbox has other venues and no group ids on fills, and its market data has the level `demo`.
    token_seconds, quote_token_seconds
        Lives of access tokens and quote tokens.
    token_scope
        Whether the answer of the token call names the token's scopes; the broker's own documents do not promise it.
    default_version
        The version of the API that a request without `Accept-Version` gets.
    versions
        Whether `Accept-Version` is taken; the sandbox was seen to answer it with 406.
    answer_seconds
        How long each REST request takes.
    route_seconds, flight_seconds, live_seconds
        Pauses from `Received` to `Routed`, to `In Flight` and to `Live`.
    cancel_seconds
        From `Cancel Requested` or `Replace Requested` to `Cancelled`.
    leg_seconds
        Between the frames that show the fills of one leg after the other.
    stream_lag, rest_lag, search_lag
        How far the account stream, reads of one order and lists of orders lag behind what has happened, in seconds.
    position_lag
        How far positions lag behind fills.
    ledger_lag
        How far the ledger lags that opening and closing is checked against.
    transaction_lag
        How long after a fill its transaction is listed.
    show_replace_requested
        Whether the account stream has a frame for `Replace Requested`.
    market_data_period
        The shortest aggregation period of a feed in seconds.
    keepalive_seconds
        The longest silence that a DXLink client may keep, unless it asks for another.
    frame_bytes
        The longest frame that a DXLink client may send: a longer one closes the socket with 1009.
    events_per_frame
        Events in one frame of a feed.
    page_size
        Entries of a page when a request names no number; at most `max_page_size`.
    rate_limits
        Whether requests that come too fast are answered with 429.
    slippage
        Part of its half spread that each leg of a fill pays: 0 fills at the middle, 1 at the far side.
    margin_check
        Whether orders are refused whose margin the account does not have.
    settlement_hour
        Hour, in UTC, of the day after an expiration at which its transactions are made.
    id_gap
        By how much the ids of two orders differ at most.
    state_path, truth_path
        Where the books and the truth ledger are kept; `None` for in memory only. A double that finds books goes on with
        them.
    """

    accounts: Sequence[str] = ("5WX00001",)
    cash: Decimal = Decimal(1_000_000)
    client_secret: str = "double-client-secret"  # noqa: S105 - of a double
    refresh_token: str = "double-refresh-token"  # noqa: S105 - of a double
    environment: Environment = Environment.PRODUCTION
    token_seconds: float = 900.0
    quote_token_seconds: float = 86_400.0
    token_scope: bool = False
    default_version: str = "20250813"
    versions: bool = True
    answer_seconds: float = 0.0
    route_seconds: float = 0.0
    flight_seconds: float = 0.02
    live_seconds: float = 0.02
    cancel_seconds: float = 0.05
    leg_seconds: float = 0.001
    stream_lag: float = 0.0
    rest_lag: float = 0.0
    search_lag: float = 0.0
    position_lag: float = 0.3
    ledger_lag: float = 1.0
    transaction_lag: float = 2.0
    show_replace_requested: bool = False
    market_data_period: float = 0.0
    keepalive_seconds: float = 60.0
    frame_bytes: int = 16_384
    events_per_frame: int = 500
    page_size: int = 10
    max_page_size: int = 200
    rate_limits: bool = True
    slippage: Decimal = Decimal("0.5")
    margin_check: bool = True
    settlement_hour: int = 2
    id_gap: int = 3
    state_path: Path | None = None
    truth_path: Path | None = None

    def __post_init__(self) -> None:
        if not self.accounts:
            raise ValueError("accounts must name at least one account")
        if not Decimal(0) <= self.slippage <= Decimal(1):
            raise ValueError(f"slippage must lie between 0 and 1, got {self.slippage}")
        if not 0 <= self.settlement_hour < 24:
            raise ValueError(f"settlement_hour must be an hour of the day, got {self.settlement_hour}")
