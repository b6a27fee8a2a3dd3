"""The connector protocol: connect, test and disconnect a broker or data provider; its states, errors and reports.

A connector adapts one broker's API to `mesolive.market.provider.Provider` and `mesolive.venues.base.Venue`. It knows
neither the database nor users: `mesolive.connectors.supervisor` runs it, retries, and publishes its state.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from mesolive.clock import Clock
from mesolive.connectors.settings_model import ConnectorSettings
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.provider import Provider
from mesolive.market.quality import QuoteQuality
from mesolive.venues.account_facts import BrokerFacts, DiscoveredAccount
from mesolive.venues.base import Venue
from mesolive_sdk.models import AgentStatus


class ConnectorState(enum.Enum):
    """How a connection is doing, from the trader's point of view."""

    DISABLED = "Disabled"
    """Configured, and not to be connected."""
    CONNECTING = "Connecting"
    """The first attempt, or a further one, is under way."""
    CONNECTED = "Connected"
    """Works as configured."""
    RESTRICTED = "Restricted"
    """Connected, and something that was configured is missing: delayed data, a read-only API. The message names it."""
    DISCONNECTED = "Disconnected"
    """The connection was lost or cannot be made; it is attempted again without the trader."""
    ACTION_REQUIRED = "ActionRequired"
    """Nothing is attempted before the trader has acted: the remedy says how."""

    @property
    def agent_status(self) -> AgentStatus:
        """The state in the terms of the published API."""
        return _AGENT_STATUS[self]

    @property
    def is_connected(self) -> bool:
        """Whether quotes and orders go through."""
        return self in {ConnectorState.CONNECTED, ConnectorState.RESTRICTED}


_AGENT_STATUS = {
    ConnectorState.DISABLED: AgentStatus.Disconnected,
    ConnectorState.CONNECTING: AgentStatus.Disconnected,
    ConnectorState.CONNECTED: AgentStatus.Connected,
    ConnectorState.RESTRICTED: AgentStatus.Connected,
    ConnectorState.DISCONNECTED: AgentStatus.Disconnected,
    ConnectorState.ACTION_REQUIRED: AgentStatus.Error,
}


class Problem(enum.Enum):
    """Why a connection cannot be made or was lost. The kind decides whether the supervisor tries again by itself."""

    UNREACHABLE = "unreachable"
    """No answer: the program is not running, the host is away, the network is cut."""
    INTERRUPTED = "interrupted"
    """The other side ended the connection: a nightly restart, a competing session."""
    NONSENSE = "unreadable answer"
    """The other side answers what cannot be read."""
    CREDENTIALS = "wrong credentials"
    EXPIRED = "expired credentials"
    NOT_PERMITTED = "not permitted"
    """The account or an entitlement is not permitted for this login."""
    SETTINGS = "wrong settings"
    """The settings contradict the other side: a live account with `paper`, another time zone."""

    @property
    def retried(self) -> bool:
        """Whether a further attempt may succeed without the trader.

        Brokers lock a login after repeated wrong credentials, so those are attempted once.
        """
        return self in {Problem.UNREACHABLE, Problem.INTERRUPTED, Problem.NONSENSE}


class ConnectorError(Exception):
    """A connection cannot be made, or a request of it failed.

    Parameters
    ----------
    problem
        What kind of failure it is.
    message
        One line for the trader. It must hold no secret: it is logged, stored and shown.
    remedy
        What the trader can do, as one imperative sentence; empty where nothing helps but waiting.
    cause
        As in `ConnectorStatus`.
    """

    def __init__(self, problem: Problem, message: str, remedy: str = "", cause: str = "") -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message
        self.remedy = remedy
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """State of a connection with its words.

    Attributes
    ----------
    message
        One line for the trader; empty when all is well.
    remedy
        What the trader can do; empty where nothing is to be done.
    since
        Real time since when the state is this one; `None` before the first.
    cause
        What is wrong, in words that name no account, order, host or name of a user's: `/health`, which needs no key,
        shows them with the remedy, which then names none either. Empty for what only its owner may read.
    """

    state: ConnectorState
    message: str = ""
    remedy: str = ""
    since: datetime | None = None
    cause: str = ""

    @property
    def public_text(self) -> str:
        """What every user may read of it; empty for nothing."""
        return " ".join(filter(None, [f"{self.cause}.", self.remedy])) if self.cause else ""


class Check(enum.Enum):
    """Outcome of one line of a connection test."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(Struct, frozen=True):
    """One line of a connection test.

    Attributes
    ----------
    topic
        What was looked at: `login`, `account U1234567`, `market data SPX`, `permissions`, `clock`.
    detail
        What was found.
    remedy
        What is missing and how to get it; empty where nothing is.
    """

    topic: str
    check: Check
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """The result of a connection test.

    Attributes
    ----------
    findings
        The lines of the table, in the order of the steps.
    accounts
        The accounts that the login gives access to.
    data_quality
        Quality of the quotes by the underlying's symbol; `None` for no quotes.
    clock_difference
        Seconds that the other side's clock is ahead of this machine's; `None` where it states no time.
    """

    findings: Sequence[Finding]
    accounts: Sequence[DiscoveredAccount] = ()
    data_quality: dict[str, QuoteQuality | None] | None = None
    clock_difference: float | None = None


@dataclass(frozen=True, slots=True)
class ConnectorRequest:
    """What a connector is made from.

    Attributes
    ----------
    name
        The user's name of the connection; unique per user.
    settings
        The validated settings of the kind's own model, secrets included.
    folder
        A folder of this connection alone; it exists, readable by its owner only, and outlives restarts. Files named
        `*.jsonl`, to which whole lines are appended, are part of backups; everything else is a cache that may be lost.
        `None` where nothing is to be kept.
    clock
        The computer's time.
    calendar
        The exchange's days.
    recordings
        The folder of recordings that every user of the server may replay; it may be missing.
    """

    name: str
    settings: ConnectorSettings
    folder: Path | None
    clock: Clock
    calendar: ExchangeCalendar
    recordings: Path | None = None


class Connector(Protocol):
    """One connection to a broker or a data provider. Belongs to one event loop.

    The `provider` and `venue` objects are the same for the whole life of the connector, through any number of
    connections: positions, streams and orders refer to them. A connector that has to read first what it serves may have
    no provider before its first connection.
    """

    @property
    def status(self) -> ConnectorStatus:
        """The present state. Between `connect` and `disconnect` the connector itself keeps it up to date."""
        ...

    @property
    def status_changes(self) -> ChangeSignal:
        """Signals every change of `status`."""
        ...

    @property
    def clock(self) -> Clock:
        """Market time of its quotes and orders: the computer's time, except for simulated and recorded markets."""
        ...

    @property
    def provider(self) -> Provider | None:
        """Its market data; `None` where it brings none. Started and stopped by `connect` and `disconnect`."""
        ...

    @property
    def venue(self) -> Venue | None:
        """Its order entry; `None` where it brings none. The execution engine starts it, and opens its sessions."""
        ...

    async def connect(self) -> None:
        """Connect, and return once quotes and orders go through.

        Afterwards `status` follows the connection. A connector that can come back by itself reports
        `DISCONNECTED` meanwhile; the supervisor calls `disconnect` and `connect` for one that stays so for long.

        Raises
        ------
        ConnectorError
            When there is no connection. The connector has released everything then.
        """
        ...

    async def disconnect(self) -> None:
        """End the connection and release everything; safe to call twice and without `connect`."""
        ...

    async def test(self) -> ConnectionReport:
        """Connect if necessary, and report accounts, data quality and problems; no order is sent.

        A failure is a line of the report, not an exception.
        """
        ...

    async def accounts(self) -> Sequence[DiscoveredAccount]:
        """Return the accounts that the login gives access to; raises `ConnectorError` while disconnected."""
        ...

    async def account_facts(self, account_id: str) -> BrokerFacts:
        """Return what the broker states about an account; raises `ConnectorError` while disconnected."""
        ...


def place_of(error: BaseException) -> str:
    """Return where an error was raised: module and line, which hold no secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
