"""The parts of a server, grouped as they are built: store, core, trading, hubs."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.access.sessions import Sessions
from mesolive.clock import Clock
from mesolive.connectors.manager import ConnectionManager
from mesolive.history.sampler import HistorySampler
from mesolive.hubs.control import ControlServices
from mesolive.hubs.key_watch import AccessMonitor
from mesolive.journal.bus import LocalBus
from mesolive.journal.deliverer import Deliverer
from mesolive.journal.journal import Journal
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market
from mesolive.notifications.notifier import Notifier
from mesolive.signals.evaluator import SignalEvaluator
from mesolive.store.database import Database
from mesolive.store.paging import Pager
from mesolive.store.server_lock import ServerLock
from mesolive.streams.service import Streams
from mesolive.tasks import TaskRegistry
from mesolive.trading.evaluation.entry_variables import EntryVariableCapture
from mesolive.trading.evaluation.evaluator import StrategyEvaluator
from mesolive.trading.execution.engine import ExecutionEngine
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.line_pins import LinePins
from mesolive.trading.portfolio.accounts import Accounts
from mesolive.trading.portfolio.positions import Positions
from mesolive.trading.preparation.service import Preparations
from signalr_asyncio import SignalRServer


class StoreParts(Struct, frozen=True):
    """The locked database, with API key access, pagination and the notices for health."""

    lock: ServerLock
    database: Database
    access: Access
    sessions: Sessions
    pager: Pager
    notices: Sequence[str]
    secret: ServerSecret


class CoreParts(Struct, frozen=True):
    """The components that nearly every trading service uses."""

    store: StoreParts
    market: Market
    clock: Clock
    bus: LocalBus
    journal: Journal
    idempotency: Idempotency
    evaluator: StrategyEvaluator
    capture: EntryVariableCapture
    calendar: ExchangeCalendar
    registry: TaskRegistry

    @property
    def database(self) -> Database:
        """The database."""
        return self.store.database


class TradingParts(Struct, frozen=True):
    """The trading services, and those of them that run as background tasks."""

    services: ControlServices
    accounts: Accounts
    positions: Positions
    preparations: Preparations
    engine: ExecutionEngine
    signals: SignalEvaluator
    lines: LinePins
    connectors: ConnectionManager
    notifier: Notifier
    sampler: HistorySampler


class HubParts(Struct, frozen=True):
    """The SignalR server with the streams and the event deliverer behind its hubs."""

    server: SignalRServer
    streams: Streams
    deliverer: Deliverer
    keys: AccessMonitor
