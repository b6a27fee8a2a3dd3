"""Settings of the connector to Interactive Brokers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Annotated, ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mesolive.connectors.double_time import CLOCK_OFFSET, offset_problem
from mesolive.connectors.settings_model import ConnectorSettings, Field
from mesolive.market.option_classes import underlying_of

WINDOW: Final = re.compile(r"(\d{2}:\d{2})-(\d{2}:\d{2})")
ROUTE: Final = re.compile(r"([A-Z][A-Z0-9.]{0,9})=([A-Z][A-Z0-9]{1,9})")
SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9.]{0,9}")
MAX_CLIENT_ID: Final = 2**31 - 1
MAX_MESSAGES: Final = 50
"""Messages per second that TWS takes of a client with 100 market data lines."""

MAX_LINES: Final = 1100
"""100 lines of a login, and 100 more for each of ten quote boosters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IbkrSettings(ConnectorSettings):
    """Settings of the connector to Interactive Brokers."""

    retired: ClassVar[frozenset[str]] = frozenset({"orders_outside_session"})

    host: Annotated[str, Field("Where TWS or IB Gateway runs.")] = "127.0.0.1"
    port: Annotated[
        int, Field("Its API port: TWS 7497 paper, 7496 live; IB Gateway 4002 paper, 4001 live; containers 4004, 4003.")
    ] = 7497
    paper: Annotated[bool, Field("Whether the login is a paper login; another one is refused.")] = True
    client_id: Annotated[
        int, Field("Client id of orders. Only the client that placed an order can change it: never change this.")
    ] = 10
    data_client_id: Annotated[int, Field("Client id of market data.")] = 11
    accounts: Annotated[tuple[str, ...], Field("Accounts to use; by default all of the login.")] = ()
    underlyings: Annotated[tuple[str, ...], Field("Underlyings to quote.")] = ("SPX",)
    market_data: Annotated[bool, Field("Whether it brings market data.")] = True
    lines: Annotated[int, Field("Market data lines to use, of those that the login shares with TWS' windows.")] = 90
    delayed: Annotated[bool, Field("Whether delayed quotes are shown where live ones are not subscribed.")] = True
    time_zone: Annotated[str, Field("Time zone that TWS is logged in with, as an IANA name.")] = "America/New_York"
    restart_window: Annotated[
        str, Field("Time of the day, in that zone, in which TWS restarts and nothing is sent; empty for none.")
    ] = "23:40-00:10"
    messages_per_second: Annotated[int, Field("Messages per second that are sent at most on each connection.")] = 45
    preview_margin: Annotated[bool, Field("Whether IB is asked for the margin of each order before it is sent.")] = (
        False
    )
    stops_on_combos: Annotated[
        bool, Field("Whether stop orders on combos are sent; whether IB takes them is not published.")
    ] = False
    routes: Annotated[
        tuple[str, ...],
        Field("Where new orders of an underlying go in place of SMART, as SYMBOL=EXCHANGE: SPX=CBOE."),
    ] = ()
    clock_offset: Annotated[float, Field(CLOCK_OFFSET)] = 0.0

    @property
    def window(self) -> tuple[time, time]:
        """From when to when nothing is sent; equal for no such time."""
        match = WINDOW.fullmatch(self.restart_window)
        if match is None:
            return time(0), time(0)
        return time.fromisoformat(match[1]), time.fromisoformat(match[2])

    @property
    def routes_by_underlying(self) -> Mapping[str, str]:
        """The exchanges of `routes` by their underlyings."""
        return {match[1]: match[2] for match in map(ROUTE.fullmatch, self.routes) if match is not None}

    def check(self) -> Mapping[str, str]:
        """Return contradictions by the name of the setting."""
        problems: dict[str, str] = {}
        if not 1 <= self.port <= 65535:
            problems["port"] = f"expected 1 to 65535, got {self.port}"
        for name in ("client_id", "data_client_id"):
            if not 1 <= getattr(self, name) <= MAX_CLIENT_ID:
                problems[name] = f"expected 1 or more (0 would take over orders by hand), got {getattr(self, name)}"
        if self.client_id == self.data_client_id:
            problems["data_client_id"] = f"must differ from client_id, which is {self.client_id} too"
        if not 10 <= self.messages_per_second <= MAX_MESSAGES:
            problems["messages_per_second"] = f"expected 10 to {MAX_MESSAGES}, got {self.messages_per_second}"
        if not 1 <= self.lines <= MAX_LINES:
            problems["lines"] = f"expected 1 to {MAX_LINES}, got {self.lines}"
        if problem := offset_problem(self.clock_offset, self.host):
            problems["clock_offset"] = problem
        wrong = [item for item in self.underlyings if not SYMBOL.fullmatch(item)]
        if wrong or not self.underlyings:
            problems["underlyings"] = f"expected symbols such as SPX, got {wrong[0]!r}" if wrong else "names none"
        if problem := self._route_problem():
            problems["routes"] = problem
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            problems["time_zone"] = f"expected a name such as America/New_York, got {self.time_zone!r}"
        if self.restart_window:
            try:
                if not WINDOW.fullmatch(self.restart_window):
                    raise ValueError
                _ = self.window
            except ValueError:
                problems["restart_window"] = f"expected a time such as 23:40-00:10, got {self.restart_window!r}"
        return problems

    def _route_problem(self) -> str:
        """Return what is wrong with `routes`; empty for nothing."""
        wrong = next((item for item in self.routes if ROUTE.fullmatch(item) is None), None)
        if wrong is not None:
            return f"expected SYMBOL=EXCHANGE such as SPX=CBOE, got {wrong!r}"
        routes = self.routes_by_underlying
        if len(routes) < len(self.routes):
            return f"names an underlying twice: {', '.join(self.routes)}"
        future = next((symbol for symbol in routes if underlying_of(symbol).is_future), None)
        return (
            "" if future is None else f"options on futures trade at one exchange alone, got {future}={routes[future]}"
        )
