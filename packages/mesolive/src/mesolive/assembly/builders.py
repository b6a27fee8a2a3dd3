"""Builders of the parts of the server, the store first and the hubs last."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from random import Random
from typing import Protocol, TypeVar

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

from mesolive import __version__
from mesolive.access.credentials import Credentials
from mesolive.access.keys import Access, secret_of
from mesolive.access.sealing import Sealing
from mesolive.access.secret import ServerSecret
from mesolive.access.sessions import Sessions
from mesolive.assembly.folders import backtest_folder, connector_folder, venue_memory
from mesolive.assembly.overrides import Overrides
from mesolive.assembly.parts import CoreParts, HubParts, StoreParts, TradingParts
from mesolive.backtests.service import BacktestBounds, Backtests
from mesolive.clock import Clock, WallClock
from mesolive.connectors.manager import ConnectionManager
from mesolive.connectors.registry import KINDS
from mesolive.connectors.remote.links import AgentLinks
from mesolive.connectors.service import Connections
from mesolive.history.sampler import HistorySampler
from mesolive.history.service import History
from mesolive.hubs.agent import AgentHub
from mesolive.hubs.authentication import agent_authenticator, authenticator
from mesolive.hubs.connections import HubConnections
from mesolive.hubs.control import ControlHub, ControlServices
from mesolive.hubs.data import DataHub
from mesolive.hubs.envelope import EnvelopeHub, Shares
from mesolive.hubs.event import EventHub, HubSink
from mesolive.hubs.key_watch import AccessMonitor
from mesolive.journal.acknowledgements import ErrorAcknowledgements
from mesolive.journal.bus import LocalBus
from mesolive.journal.deliverer import Deliverer
from mesolive.journal.events import Events
from mesolive.journal.journal import Journal
from mesolive.market.calendar import us_options_calendar
from mesolive.market.service import Market
from mesolive.market_setup import build_market
from mesolive.notifications.notifier import Notifier
from mesolive.notifications.service import Notifications
from mesolive.notifications.targets import AppriseTarget
from mesolive.operations.health import Health
from mesolive.operations.market_clock import MarketTime, reached_before, read_market_time
from mesolive.operations.metrics import ServerMetrics
from mesolive.operations.retention import Retention, RetentionPeriods
from mesolive.records import replace
from mesolive.settings import Settings, SettingsError
from mesolive.shares import CallShares, CountedShares
from mesolive.signals.evaluation_stream import EvaluationStreams
from mesolive.signals.evaluator import SignalEvaluator
from mesolive.signals.latest import LatestEvaluations
from mesolive.signals.outlook import Outlook
from mesolive.signals.session_info import ServerFacts, SessionInfo
from mesolive.store.database import Database
from mesolive.store.engines import directory_of
from mesolive.store.paging import Pager
from mesolive.store.server_lock import only_server
from mesolive.streams.service import Streams
from mesolive.tasks import TaskRegistry
from mesolive.trading.adoption import PositionAdoption
from mesolive.trading.agents import Agents
from mesolive.trading.evaluation.definition_checks import DefinitionChecks
from mesolive.trading.evaluation.entry_retry import EntryVariableRetry
from mesolive.trading.evaluation.entry_variables import EntryVariableCapture
from mesolive.trading.evaluation.evaluator import StrategyEvaluator
from mesolive.trading.evaluation.external_values import ExternalDataReader
from mesolive.trading.execution import halts
from mesolive.trading.execution.account_settings import AccountSettings
from mesolive.trading.execution.engine import ExecutionEngine
from mesolive.trading.execution.flattening import Flattening
from mesolive.trading.execution.order_checks import OrderChecks
from mesolive.trading.execution.user_halts import Halts
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.line_pins import LinePins
from mesolive.trading.market_store import MarketStore, latest_moment
from mesolive.trading.orders.queries import Orders
from mesolive.trading.paper.adjustments import AdjustmentFills
from mesolive.trading.paper.service import PaperExecution
from mesolive.trading.portfolio.accounts import Accounts
from mesolive.trading.portfolio.positions import Positions
from mesolive.trading.portfolio.watched_accounts import WatchedAccounts
from mesolive.trading.preparation.exec_plans import ExecPlans
from mesolive.trading.preparation.position_details import PositionDetails
from mesolive.trading.preparation.regrouping import Regrouping
from mesolive.trading.preparation.risk_graphs import RiskGraphs
from mesolive.trading.preparation.service import Bounds, Preparations
from mesolive.trading.settlement.paper_settlements import PaperSettlements
from mesolive.trading.strategies import CompiledStrategies, Strategies
from mesolive.trading.valuation.chain_windows import ChainWindows
from mesolive.venues.base import Venue
from mesolive.venues.simulated.ledger import VenueLedger, VenueMemoryError
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk.wire import hub_protocol
from signalr_asyncio import (
    HubOptions,
    HubRoute,
    SignalRServer,
)

AGENT_PATH = "/hubs/agent/v1"
CONTROL_PATH = "/hubs/control/v1"
DATA_PATH = "/hubs/data/v1"
EVENT_PATH = "/hubs/event/v1"

MAX_ARGUMENT = 8 * 1024 * 1024
"""Bytes of one message to the Control Hub: a strategy definition of 5 MB must reach the check that refuses it."""

MAX_FRAME = 32 * 1024 * 1024
"""Bytes of one frame of an agent: a step of a simulated market changes a whole chain."""

PARALLEL_CALLS = 16
"""How many calls of one connection run at the same time; their answers carry ids, so order does not matter."""

_log = structlog.get_logger(__name__)

H = TypeVar("H", bound=EnvelopeHub)


def _open_ledger(settings: Settings) -> VenueLedger:
    ledger = VenueLedger(venue_memory(settings))
    try:
        ledger.open()
    except VenueMemoryError as error:
        raise SettingsError(f"data_dir: {error}") from None
    return ledger


class _Startable(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


async def start_part(stack: AsyncExitStack, part: _Startable) -> None:
    """Start a component, and register its stop with the exit stack."""
    await part.start()
    stack.push_async_callback(part.stop)


async def open_store(settings: Settings, stack: AsyncExitStack, *, transient: bool) -> StoreParts:
    """Take the database's lock, bring its tables up to date, and read the secret."""
    lock = await stack.enter_async_context(only_server(settings.database))
    database = await Database.open(settings.database, transient=transient)
    stack.push_async_callback(database.close)
    secret = await secret_of(database, directory_of(settings.database), settings.secret_key)
    notices = await _check_history(database)
    access = Access(database, secret)
    sessions = Sessions(database, access)
    return StoreParts(lock, database, access, sessions, Pager(secret.derive("pages")), notices, secret)


async def _check_history(database: Database) -> Sequence[str]:
    """Halt trading when acknowledged transactions are missing in the database; return the notices for health."""
    missing = await database.missing_commits()
    notices: list[str] = []
    if missing:
        notices.append(
            f"{missing} acknowledged transactions are missing in the database: its log was cut or damaged, or an old "
            "copy put in its place; trading is halted: compare the accounts with their venues, then mesolive resume"
        )
        _log.critical("acknowledged_history_missing", transactions=missing)
        # Before the history is accepted: a crash between the two calls must not lose the notice.
        await halts.halt(database, notices[0], datetime.now(UTC))
    await database.accept_history()
    return notices


async def start_market(
    settings: Settings, store: StoreParts, overrides: Overrides, stack: AsyncExitStack
) -> tuple[Market, Clock, MarketTime | None]:
    """Start the market where its time has come to."""
    database = store.database
    noted = await read_market_time(database)
    reached = reached_before(noted, await latest_moment(database), settings.speed)
    market, clock = overrides.market or build_market(settings, reached, noted)
    if overrides.replay is None:
        market.remember_in(MarketStore(store.database, clock))
    await start_part(stack, market)
    return market, clock, noted


def build_core(
    settings: Settings, store: StoreParts, market: Market, clock: Clock, overrides: Overrides, stack: AsyncExitStack
) -> CoreParts:
    """Build what nearly every trading service uses."""
    bus = LocalBus()
    calendar = us_options_calendar()
    external = ExternalDataReader(market, calendar.zone, settings.fetch_rules)
    stack.callback(external.close)
    evaluator = StrategyEvaluator(
        market,
        CompiledStrategies(),
        external,
        overrides.replay or Random,
        overrides.evaluation_listener,
        in_thread=not overrides.transient,
    )
    stack.callback(evaluator.close)
    journal = Journal(store.database, bus, clock)
    store.access.announcer.append_to(journal)
    return CoreParts(
        store=store,
        market=market,
        clock=clock,
        bus=bus,
        journal=journal,
        idempotency=Idempotency(store.database, clock),
        evaluator=evaluator,
        capture=EntryVariableCapture(evaluator),
        calendar=calendar,
        registry=TaskRegistry(),
    )


def build_trading(settings: Settings, core: CoreParts, overrides: Overrides, stack: AsyncExitStack) -> TradingParts:
    """Build the trading services and what runs behind them."""
    database, journal, clock, pager = core.database, core.journal, core.clock, core.store.pager
    accounts = Accounts(database, core.market, core.calendar, clock, pager)
    positions = Positions(database, pager)
    preparations = Preparations(
        database,
        journal,
        core.idempotency,
        core.evaluator,
        clock,
        enforce_adjustment_count=settings.enforce_max_adjustments,
        bounds=Bounds(settings.max_preparations, settings.max_plans),
    )
    stack.push_async_callback(preparations.close)
    lines = LinePins(database, core.market, clock)
    engine = ExecutionEngine(
        database,
        journal,
        core.idempotency,
        core.market,
        core.capture,
        overrides.venues if overrides.venues is not None else _build_venues(settings, overrides, core, stack),
        clock,
        reconciliation=overrides.reconciliation,
        answer_seconds=overrides.answer_seconds,
        send_limits=overrides.send_limits,
    )
    sealing = Sealing(
        core.store.secret,
        None if settings.previous_secret_key is None else ServerSecret(settings.previous_secret_key),
    )
    manager = ConnectionManager(
        database,
        journal,
        core.market,
        engine,
        sealing,
        core.calendar,
        connector_folder(settings),
        kinds=overrides.kinds if overrides.kinds is not None else KINDS,
        runs=settings.market is None and overrides.market is None,
        registry=core.registry,
        config=overrides.supervision,
    )
    connections = Connections(database, manager, core.market, accounts, core.bus)
    latest = LatestEvaluations()
    strategies = Strategies(database, clock, pager, settings.max_strategies)
    backtests = Backtests(
        backtest_folder(settings),
        settings.recordings_folder,
        strategies,
        BacktestBounds(seconds=settings.max_backtest_seconds),
        {"MESOLIVE_ENFORCE_MAX_ADJUSTMENTS": str(settings.enforce_max_adjustments).lower()},
    )
    stack.push_async_callback(backtests.close)
    halts = Halts(database, journal, core.idempotency, clock, core.store.sessions)
    credentials = Credentials(core.store.access, core.store.sessions)
    sampler = HistorySampler(database, accounts, core.market, core.calendar, clock)
    target = overrides.notification_target or AppriseTarget(settings.notify_hosts)
    notifier = Notifier(database, journal, core.bus, sealing, target, config=overrides.notifier)
    services = ControlServices(
        agents=Agents(database, core.market, connections.agents),
        connections=connections,
        accounts=accounts,
        strategies=strategies,
        positions=positions,
        details=PositionDetails(database, positions, core.market, core.calendar, clock),
        risk_graphs=RiskGraphs(database, core.market),
        preparations=preparations,
        paper=PaperExecution(
            database, journal, core.idempotency, core.capture, AdjustmentFills(journal, core.evaluator), clock
        ),
        orders=Orders(database, pager),
        sending=engine.sending,
        actions=engine.actions,
        adoption=PositionAdoption(
            database,
            journal,
            core.idempotency,
            core.market,
            core.capture,
            clock,
            engine.reconciliations.fresh,
            engine.request_reconciliation,
        ),
        reconciliations=engine.reconciliations,
        liquidation=engine.liquidation,
        flattening=Flattening(database, core.idempotency, halts, engine.sending, engine.liquidation, clock),
        halts=halts,
        account_settings=AccountSettings(database, clock, accounts, core.store.sessions),
        credentials=credentials,
        evaluations=latest,
        outlook=Outlook(database, core.evaluator, halts, core.calendar, clock),
        definitions=DefinitionChecks(),
        hub_connections=HubConnections(core.store.access, core.store.sessions, credentials),
        idempotency=core.idempotency,
        order_checks=OrderChecks(database, core.market, engine.venues, clock),
        exec_plans=ExecPlans(database),
        regrouping=Regrouping(database, core.idempotency, core.market, clock),
        session=SessionInfo(_server_facts(settings), database, core.market, core.calendar, clock),
        acknowledgements=ErrorAcknowledgements(database),
        chains=ChainWindows(core.market),
        history=History(database, clock),
        backtests=backtests,
        notifications=Notifications(database, sealing, target, notifier, Events(database, journal, pager), accounts),
    )
    signals = SignalEvaluator(
        database,
        journal,
        core.evaluator,
        core.calendar,
        clock,
        PaperSettlements(database, journal, core.market, core.calendar, clock),
        EntryVariableRetry(database, journal, core.capture),
        latest=latest,
        every=settings.signals_every,
    )
    return TradingParts(services, accounts, positions, preparations, engine, signals, lines, manager, notifier, sampler)


def _server_facts(settings: Settings) -> ServerFacts:
    return ServerFacts(
        __version__,
        settings.market or "live",
        settings.speed,
        settings.signals_every,
        enforce_max_adjustments=settings.enforce_max_adjustments,
    )


def _build_venues(settings: Settings, overrides: Overrides, core: CoreParts, stack: AsyncExitStack) -> Sequence[Venue]:
    if settings.market is None and overrides.market is None:
        return []  # a simulated venue is a connector then, with a market of its own
    ledger = _open_ledger(settings)
    stack.callback(ledger.close)
    return [SimulatedVenue(core.market, core.clock, ledger)]


def build_hubs(settings: Settings, core: CoreParts, trading: TradingParts, stack: AsyncExitStack) -> HubParts:
    """Build the SignalR server with its four hubs, the streams and the event deliverer."""
    streams = Streams(
        trading.positions,
        core.market,
        core.bus,
        core.clock,
        accounts=WatchedAccounts(core.database, core.market, core.calendar, core.clock),
    )
    stack.push_async_callback(streams.close)
    evaluations = EvaluationStreams(trading.services.evaluations, WallClock())
    events = Events(core.database, core.journal, core.store.pager)

    # One hub object serves one connection. The Event Hub needs the deliverer, and the deliverer the Event Hub's
    # clients: the name is bound below, before the first connection.
    shares = Shares(CallShares(settings.max_calls), CountedShares(settings.max_streams))

    def control_hub() -> ControlHub:
        return _sharing(ControlHub(trading.services), shares)

    def data_hub() -> DataHub:
        return _sharing(DataHub(streams, evaluations), shares)

    def event_hub() -> EventHub:
        return _sharing(EventHub(events, deliverer), shares)

    links = AgentLinks(core.database, trading.connectors)
    stack.push_async_callback(links.stop)

    def agent_hub() -> AgentHub:
        return AgentHub(links)

    server = SignalRServer(
        {
            AGENT_PATH: HubRoute(
                agent_hub, _agent_options(settings), authenticate=agent_authenticator(core.store.access)
            ),
            CONTROL_PATH: HubRoute(control_hub, options=_options(settings, MAX_ARGUMENT)),
            DATA_PATH: HubRoute(data_hub, options=_options(settings)),
            EVENT_PATH: HubRoute(event_hub, options=_options(settings)),
        },
        authenticate=authenticator(core.store.access, core.store.sessions, settings.port, settings.public_origin),
        protocols=[hub_protocol("json"), hub_protocol("messagepack")],
    )
    sink = HubSink(server.hub(EVENT_PATH).clients)
    deliverer = Deliverer(core.journal, core.bus, sink, heard=sink.heard)
    every_hub = {
        "control": server.hub(CONTROL_PATH),
        "data": server.hub(DATA_PATH),
        "event": server.hub(EVENT_PATH),
        "agent": server.hub(AGENT_PATH),
    }
    keys = AccessMonitor(core.store.access, core.store.sessions, list(every_hub.values()))
    trading.services.hub_connections.watch(every_hub)
    return HubParts(server, streams, deliverer, keys)


def _sharing(hub: H, shares: Shares) -> H:
    hub.shares = shares
    return hub


def build_metrics(
    server: SignalRServer,
    health: Health,
    signals: SignalEvaluator,
    retention: Retention,
    market: Market,
    sessions: Sessions,
) -> CollectorRegistry:
    """Return the registry of the metrics."""
    registry = CollectorRegistry()
    registry.register(ServerMetrics(server, health, signals.pulse, retention, market, sessions.refused))
    ProcessCollector(registry=registry)
    return registry


def retention_periods(settings: Settings) -> RetentionPeriods:
    """Return how long events, jobs and records are kept."""
    return RetentionPeriods(
        events=settings.keep_events_days or None,
        jobs=settings.keep_jobs_days or None,
        records=settings.keep_records_days or None,
    )


def _agent_options(settings: Settings) -> HubOptions:
    # One frame after the other: their order is that of the messages.
    return replace(_options(settings, MAX_FRAME), maximum_parallel_invocations=1, keep_alive_interval=5.0)


def _options(settings: Settings, largest_message: int = 64 * 1024) -> HubOptions:
    return HubOptions(
        maximum_connections_per_user=settings.max_connections,
        maximum_receive_message_size=largest_message,
        maximum_parallel_invocations=PARALLEL_CALLS,
        close_on_authentication_expiration=True,
        allowed_origins=frozenset() if settings.public_origin is None else frozenset({settings.public_origin}),
    )
