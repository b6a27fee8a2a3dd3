"""Composition root: builds and starts every component from the settings, and returns one ASGI application."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Protocol, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from mesolive.access.keys import Access, secret_of
from mesolive.access.sealing import Sealing
from mesolive.access.secret import SECRET_FILE, ServerSecret
from mesolive.clock import Clock, WallClock
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.manager import ConnectionManager
from mesolive.connectors.registry import KINDS
from mesolive.connectors.service import Connections
from mesolive.connectors.supervisor import SupervisionConfig
from mesolive.errors import ServiceError, storage_failure
from mesolive.hubs.control import ControlHub, ControlServices
from mesolive.hubs.data import DataHub
from mesolive.hubs.envelope import EnvelopeHub, Shares, principal_of
from mesolive.hubs.event import EventHub, HubSink
from mesolive.hubs.key_watch import ApiKeyMonitor
from mesolive.journal.bus import LocalBus
from mesolive.journal.deliverer import Deliverer
from mesolive.journal.events import Events
from mesolive.journal.journal import Journal
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.service import Market
from mesolive.market.sources import GENERATED_SYMBOLS, SourceError, SourceRequest, open_source
from mesolive.operations.emergency import EmergencyImport
from mesolive.operations.health import Health
from mesolive.operations.market_clock import MarketClockRecorder, MarketTime, reached_before, read_market_time
from mesolive.operations.metrics import ServerMetrics
from mesolive.operations.retention import Retention, RetentionPeriods
from mesolive.operations.server_places import note_places
from mesolive.settings import Settings, SettingsError
from mesolive.shares import CallShares, CountedShares
from mesolive.signals.evaluator import SignalEvaluator
from mesolive.store.database import Database
from mesolive.store.engines import directory_of
from mesolive.store.paging import Pager
from mesolive.store.server_lock import ServerLock, file_of, only_server
from mesolive.streams.service import Streams
from mesolive.tasks import TaskRegistry, Tasks
from mesolive.trading.adoption import PositionAdoption
from mesolive.trading.agent_monitor import AgentMonitor
from mesolive.trading.agents import Agents
from mesolive.trading.evaluation.entry_retry import EntryVariableRetry
from mesolive.trading.evaluation.entry_variables import EntryVariableCapture
from mesolive.trading.evaluation.evaluator import EvaluationListener, StrategyEvaluator
from mesolive.trading.evaluation.external_values import ExternalDataReader
from mesolive.trading.execution import halts
from mesolive.trading.execution.engine import ExecutionEngine
from mesolive.trading.execution.halts import Halts
from mesolive.trading.execution.order_service import ANSWER_SECONDS
from mesolive.trading.execution.reconciliation import ReconciliationConfig
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.line_pins import LinePins
from mesolive.trading.market_store import MarketStore, latest_moment
from mesolive.trading.orders.queries import Orders
from mesolive.trading.paper.adjustments import AdjustmentFills
from mesolive.trading.paper.service import PaperExecution
from mesolive.trading.portfolio.accounts import Accounts
from mesolive.trading.portfolio.positions import Positions
from mesolive.trading.preparation.position_details import PositionDetails
from mesolive.trading.preparation.service import Bounds, Preparations
from mesolive.trading.settlement.paper_settlements import PaperSettlements
from mesolive.trading.strategies import CompiledStrategies, Strategies
from mesolive.venues.base import Venue
from mesolive.venues.simulated.ledger import VenueLedger, VenueMemoryError
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk.models import DataProviderType
from mesolive_sdk.wire import hub_protocol
from signalr_asyncio import (
    Authenticate,
    AuthenticationUnavailableError,
    ConnectionRequest,
    HubOptions,
    HubRoute,
    Principal,
    SignalRServer,
)

CONTROL_PATH = "/hubs/control/v1"
DATA_PATH = "/hubs/data/v1"
EVENT_PATH = "/hubs/event/v1"

LIVE = "live"
"""Stands for a market in the record of market time: the server runs on the wall clock with its connectors."""

MAX_ARGUMENT = 8 * 1024 * 1024
"""Bytes of one message to the Control Hub: a strategy definition of 5 MB must reach the check that refuses it."""

PARALLEL_CALLS = 16
"""How many calls of one connection run at the same time; their answers carry ids, so order does not matter."""

_log = structlog.get_logger(__name__)

H = TypeVar("H", bound=EnvelopeHub)


@dataclass(frozen=True, slots=True)
class Overrides:
    """Parts in place of those that the settings ask for: for tests, benchmarks and the backtester.

    Attributes
    ----------
    market
        A market and its clock.
    venues
        Venues in place of the simulated one.
    reconciliation
        Times of the reconciliation with venues.
    answer_seconds
        Real seconds that a venue may take to answer an order.
    replay
        Makes the randomness of evaluations. When it is given, nothing runs by itself: the caller says when signals are
        evaluated, and there are neither retention nor checks of health and of providers.
    transient
        Whether the database is thrown away at the end, and nobody waits besides the one who drives the replay: no
        commit waits for the disk, and queries and evaluations run on the event loop.
    evaluation_listener
        Called after every evaluation of a strategy.
    kinds
        Kinds of connectors in place of the registry's.
    supervision
        Time limits of connectors.
    """

    market: tuple[Market, Clock] | None = None
    venues: Sequence[Venue] | None = None
    reconciliation: ReconciliationConfig | None = None
    answer_seconds: float = ANSWER_SECONDS
    replay: Callable[[str], Random] | None = None
    transient: bool = False
    evaluation_listener: EvaluationListener | None = None
    kinds: Mapping[str, ConnectorKind] | None = None
    supervision: SupervisionConfig | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A running server and the components that its owner uses."""

    settings: Settings
    clock: Clock
    lock: ServerLock
    database: Database
    access: Access
    market: Market
    accounts: Accounts
    desk: ExecutionEngine
    signals: SignalEvaluator
    health: Health
    connectors: ConnectionManager
    hubs: SignalRServer
    asgi: Starlette
    tasks: Tasks

    @property
    def url(self) -> str:
        """The base URL that clients on this machine use."""
        return self.settings.url

    def market_summary(self) -> list[str]:
        """Return one line per underlying: its symbol and how many contracts its chain lists."""
        return [
            f"{symbol}, {len(book.listing.strikes):,} contracts"
            for provider in self.market.providers.values()
            for symbol, book in provider.books.items()
        ]

    async def drain(self) -> None:
        """Send every client the close message, and wait until their queued messages are sent."""
        await self.hubs.shutdown()


def build_market(
    settings: Settings, not_before: datetime | None = None, noted: MarketTime | None = None
) -> tuple[Market, Clock]:
    """Return the market that the settings ask for, and the clock that it runs on.

    Parameters
    ----------
    not_before
        The last market time of the run before; market time does not start earlier.
    noted
        The market time that the run before recorded.

    Raises
    ------
    SettingsError
        When the chain file or the recording cannot be used, or market time has begun elsewhere than at the start.
    """
    resumed = noted is not None and noted.source == source_of(settings)
    start = settings.start
    if noted is not None and start is not None:
        if start != noted.start:
            begun = "" if noted.start is None else f"; it began with --start {noted.start.isoformat()}"
            raise SettingsError(
                f"start: the market time of this database has come to {noted.reached:%Y-%m-%d %H:%M:%S} UTC{begun}. "
                "Leave --start out to go on there, or name another --database to begin anew"
            )
        start = None  # the same command line as before: its market time goes on
    request = SourceRequest(settings.chain, start, settings.speed, settings.seed, not_before, resumed, settings.symbol)
    try:
        if settings.market is None:
            clock = WallClock()
            if not_before is not None and not_before > clock.now():  # a simulation has used this database
                _log.warning("market_time_goes_back", to=clock.now().isoformat(), stored_until=not_before.isoformat())
            preferred = settings.preferred_providers()
            return Market(by_symbol={symbol: DataProviderType[name] for symbol, name in preferred.items()}), clock
        source = open_source(settings.market, request)
    except SourceError as error:
        raise SettingsError(f"market: {error}") from None
    return Market([source.provider], notes=source.notes), source.clock


def source_of(settings: Settings) -> str:
    """Return which market the settings ask for: its kind, and the file that it is made from."""
    if settings.chain is not None:
        return f"{settings.market} {settings.chain.name}"
    if settings.market is None:
        return LIVE
    return settings.market if settings.symbol == GENERATED_SYMBOLS[0] else f"{settings.market} {settings.symbol}"


def venue_memory(settings: Settings) -> Path:
    """Return the folder of the simulated venue's orders: by default beside the database, where that is a file."""
    directory = settings.data_dir or directory_of(settings.database) or Path(".mesolive")
    return directory / "simulated-venue.jsonl"


def connector_folder(settings: Settings) -> Path:
    """Return the folder in which every connection has a folder of its own."""
    return (settings.data_dir or directory_of(settings.database) or Path(".mesolive")) / "connectors"


def _secret_file(settings: Settings) -> Path | None:
    directory = None if settings.secret_key else directory_of(settings.database)
    return None if directory is None else directory / SECRET_FILE


def _open_ledger(settings: Settings) -> VenueLedger:
    ledger = VenueLedger(venue_memory(settings))
    try:
        ledger.open()
    except VenueMemoryError as error:
        raise SettingsError(f"data_dir: {error}") from None
    return ledger


@dataclass(frozen=True, slots=True)
class _Store:
    """The locked database, with API key access, pagination and the notices for health."""

    lock: ServerLock
    database: Database
    access: Access
    pager: Pager
    notices: Sequence[str]
    secret: ServerSecret


@dataclass(frozen=True, slots=True)
class _Core:
    """The components that nearly every trading service uses."""

    store: _Store
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


@dataclass(frozen=True, slots=True)
class _Trading:
    """The trading services, and those of them that run as background tasks."""

    services: ControlServices
    accounts: Accounts
    positions: Positions
    preparations: Preparations
    engine: ExecutionEngine
    signals: SignalEvaluator
    lines: LinePins
    connectors: ConnectionManager


@dataclass(frozen=True, slots=True)
class _Hubs:
    """The SignalR server with the streams and the event deliverer behind its hubs."""

    server: SignalRServer
    streams: Streams
    deliverer: Deliverer
    keys: ApiKeyMonitor


@asynccontextmanager
async def running(
    settings: Settings, overrides: Overrides | None = None, *, port: int | None = None
) -> AsyncGenerator[Application]:
    """Start every part in order; on leaving, stop them in the reverse order.

    Parameters
    ----------
    settings
        What to run.
    overrides
        Parts in place of those that the settings ask for.
    port
        The port that is listened on, where the settings leave the choice to the system.

    Raises
    ------
    SettingsError, UnusableDatabaseError, UnusableSecretError
        When a part cannot be made as the settings ask.
    """
    if port is not None:
        settings = replace(settings, port=port)
    overrides = overrides or Overrides()
    live = overrides.replay is None
    async with AsyncExitStack() as stack:
        store = await _open_store(settings, stack, transient=overrides.transient)
        market, clock, noted = await _start_market(settings, store, overrides, stack)
        same = noted is not None and noted.source == source_of(settings)
        begun = noted.start if noted is not None and same else settings.start
        recorder = MarketClockRecorder(store.database, clock, source_of(settings), begun)
        if live:
            await _start(stack, recorder)
        core = _build_core(settings, store, market, clock, overrides, stack)
        trading = _build_trading(settings, core, overrides, stack)
        simulates = overrides.venues is None and (settings.market is not None or overrides.market is not None)
        if live:
            await note_places(
                store.database,
                venue_memory(settings) if simulates else None,
                _secret_file(settings),
                datetime.now(UTC),
            )
        hubs = _build_hubs(settings, core, trading, stack)
        agents = AgentMonitor(store.database, core.journal, market)
        retention = Retention(store.database, clock, _keep(settings))
        emergency = EmergencyImport(store.database)
        registry = core.registry
        health = Health(
            store.database,
            file_of(settings.database),
            market,
            core.calendar,
            clock,
            trading.engine.supervisors,
            hubs.deliverer,
            trading.signals.pulse if live else None,
            evaluated_every=settings.signals_every / settings.speed,
            registry=registry,
            notices=store.notices,
            stream_window=hubs.streams.engine.window,
            connectors=trading.connectors.report,
        )

        # Clients connect after all of this. The deliverer of events starts before the services that append events.
        # Interrupted jobs are failed before reconciliation asks the venues for the state of orders.
        await _start(stack, hubs.deliverer)
        await _start(stack, hubs.keys)
        if (
            live
        ):  # in a replay, time leaps over the gaps between quotes, and how long a check takes decides what it sees
            await _start(stack, agents)
        interrupted = await trading.preparations.recover()
        if interrupted:
            _log.info("preparations_failed_by_restart", number=interrupted)
        await _start(stack, trading.engine)
        await _start(stack, trading.connectors)
        stack.push_async_callback(trading.signals.stop)
        if live:
            await trading.signals.start()
            await _start(stack, trading.lines)
            await _start(stack, retention)
            await _start(stack, emergency)
            await _start(stack, health)
        tasks = Tasks()
        registry.watch(
            store.lock,
            store.database,
            recorder,
            *market.task_owners,
            hubs.deliverer,
            hubs.keys,
            hubs.streams,
            agents,
            trading.preparations,
            *trading.engine.task_owners,
            trading.signals,
            trading.lines,
            retention,
            emergency,
            health,
            health.lag,
        )
        yield Application(
            settings=settings,
            clock=clock,
            lock=store.lock,
            database=store.database,
            access=store.access,
            market=market,
            accounts=trading.accounts,
            desk=trading.engine,
            signals=trading.signals,
            health=health,
            connectors=trading.connectors,
            hubs=hubs.server,
            asgi=_asgi(settings, hubs.server, health, _metrics(hubs.server, health, trading.signals, retention)),
            tasks=tasks,
        )


class _Startable(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


async def _start(stack: AsyncExitStack, part: _Startable) -> None:
    """Start a component, and register its stop with the exit stack."""
    await part.start()
    stack.push_async_callback(part.stop)


async def _open_store(settings: Settings, stack: AsyncExitStack, *, transient: bool) -> _Store:
    """Take the database's lock, bring its tables up to date, and read the secret."""
    lock = await stack.enter_async_context(only_server(settings.database))
    database = await Database.open(settings.database, transient=transient)
    stack.push_async_callback(database.close)
    secret = await secret_of(database, directory_of(settings.database), settings.secret_key)
    notices = await _check_history(database)
    return _Store(lock, database, Access(database, secret), Pager(secret.derive("pages")), notices, secret)


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


async def _start_market(
    settings: Settings, store: _Store, overrides: Overrides, stack: AsyncExitStack
) -> tuple[Market, Clock, MarketTime | None]:
    """Start the market where its time has come to."""
    database = store.database
    noted = await read_market_time(database)
    reached = reached_before(noted, await latest_moment(database), settings.speed)
    market, clock = overrides.market or build_market(settings, reached, noted)
    if overrides.replay is None:
        market.remember_in(MarketStore(store.database, clock))
    await _start(stack, market)
    return market, clock, noted


def _build_core(
    settings: Settings, store: _Store, market: Market, clock: Clock, overrides: Overrides, stack: AsyncExitStack
) -> _Core:
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
    return _Core(
        store=store,
        market=market,
        clock=clock,
        bus=bus,
        journal=Journal(store.database, bus, clock),
        idempotency=Idempotency(store.database, clock),
        evaluator=evaluator,
        capture=EntryVariableCapture(evaluator),
        calendar=calendar,
        registry=TaskRegistry(),
    )


def _build_trading(settings: Settings, core: _Core, overrides: Overrides, stack: AsyncExitStack) -> _Trading:
    database, journal, clock, pager = core.database, core.journal, core.clock, core.store.pager
    accounts = Accounts(database, core.market, clock, pager)
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
    connections = Connections(database, manager, core.market, accounts)
    services = ControlServices(
        agents=Agents(database, core.market, connections.agents),
        connections=connections,
        accounts=accounts,
        strategies=Strategies(database, clock, pager, settings.max_strategies),
        positions=positions,
        details=PositionDetails(positions, core.market),
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
        halts=Halts(database),
        idempotency=core.idempotency,
    )
    signals = SignalEvaluator(
        database,
        journal,
        core.evaluator,
        core.calendar,
        clock,
        PaperSettlements(database, journal, core.market, core.calendar, clock),
        EntryVariableRetry(database, journal, core.capture),
        every=settings.signals_every,
    )
    return _Trading(services, accounts, positions, preparations, engine, signals, lines, manager)


def _build_venues(settings: Settings, overrides: Overrides, core: _Core, stack: AsyncExitStack) -> Sequence[Venue]:
    if settings.market is None and overrides.market is None:
        return []  # a simulated venue is a connector then, with a market of its own
    ledger = _open_ledger(settings)
    stack.callback(ledger.close)
    return [SimulatedVenue(core.market, core.clock, ledger)]


def _build_hubs(settings: Settings, core: _Core, trading: _Trading, stack: AsyncExitStack) -> _Hubs:
    streams = Streams(trading.positions, core.market, core.bus, core.clock)
    stack.push_async_callback(streams.close)
    events = Events(core.database, core.journal, core.store.pager)

    # One hub object serves one connection. The Event Hub needs the deliverer, and the deliverer the Event Hub's
    # clients: the name is bound below, before the first connection.
    shares = Shares(CallShares(settings.max_calls), CountedShares(settings.max_streams))

    def control_hub() -> ControlHub:
        return _sharing(ControlHub(trading.services), shares)

    def data_hub() -> DataHub:
        return _sharing(DataHub(streams), shares)

    def event_hub() -> EventHub:
        return _sharing(EventHub(events, deliverer), shares)

    server = SignalRServer(
        {
            CONTROL_PATH: HubRoute(control_hub, options=_options(settings, MAX_ARGUMENT)),
            DATA_PATH: HubRoute(data_hub, options=_options(settings)),
            EVENT_PATH: HubRoute(event_hub, options=_options(settings)),
        },
        authenticate=_authenticate(core.store.access),
        protocols=[hub_protocol("json"), hub_protocol("messagepack")],
    )
    deliverer = Deliverer(core.journal, core.bus, HubSink(server.hub(EVENT_PATH).clients))
    keys = ApiKeyMonitor(core.store.access, [server.hub(path) for path in (CONTROL_PATH, DATA_PATH, EVENT_PATH)])
    return _Hubs(server, streams, deliverer, keys)


def _sharing(hub: H, shares: Shares) -> H:
    hub.shares = shares
    return hub


def _metrics(
    server: SignalRServer, health: Health, signals: SignalEvaluator, retention: Retention
) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(ServerMetrics(server, health, signals.pulse, retention))
    ProcessCollector(registry=registry)
    return registry


def _keep(settings: Settings) -> RetentionPeriods:
    return RetentionPeriods(
        events=settings.keep_events_days or None,
        jobs=settings.keep_jobs_days or None,
        records=settings.keep_records_days or None,
    )


def _options(settings: Settings, largest_message: int = 64 * 1024) -> HubOptions:
    return HubOptions(
        maximum_connections_per_user=settings.max_connections,
        maximum_receive_message_size=largest_message,
        maximum_parallel_invocations=PARALLEL_CALLS,
        close_on_authentication_expiration=True,
    )


def _authenticate(access: Access) -> Authenticate:
    async def authenticate(request: ConnectionRequest) -> Principal | None:
        try:
            user = None if request.token is None else await access.authenticate(request.token)
        except Exception as error:
            # Without the database no key can be verified. That is no fault of the key and no failure to log.
            if isinstance(error, ServiceError) or storage_failure(error) is not None or isinstance(error, OSError):
                raise AuthenticationUnavailableError from error
            raise
        return None if user is None else principal_of(user)

    return authenticate


def host_is_known(host: str, settings: Settings) -> bool:
    """Return whether a request's `Host` names this server.

    Protects against DNS rebinding: a web page can point its own host name to this machine and read the answers that
    need no key. It cannot do that with an IP address or with a name of this server.

    Parameters
    ----------
    host
        The header, with a port or without.
    """
    name = urlsplit(f"//{host}").hostname or ""
    known = {"localhost", settings.host.lower(), socket.gethostname().lower(), *settings.allowed_hosts}
    if name in known:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _asgi(settings: Settings, hubs: SignalRServer, health: Health, registry: CollectorRegistry) -> Starlette:
    def checked(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                known = host_is_known(request.headers.get("host", ""), settings)
            except ValueError:  # no host at all, but brackets
                known = False
            if known:
                return await endpoint(request)
            text = "this server is not known by this name; MESOLIVE_ALLOWED_HOSTS names others\n"
            return PlainTextResponse(text, 421)

        return answer

    async def tell_health(_request: Request) -> Response:
        report = health.report()
        return JSONResponse(report, 503 if report["status"] == "failing" else 200, {"Cache-Control": "no-store"})

    async def tell_life(_request: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})

    async def tell_metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/health", checked(tell_health)),
            Route("/health/live", checked(tell_life)),
            Route("/metrics", checked(tell_metrics)),
            Mount("/", app=cast("ASGIApp", hubs)),
        ]
    )
