"""The composition root: settings become parts, parts become one ASGI application. Only this module knows every part."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import cast

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from mesolive.access.keys import Access
from mesolive.access.secret import load_secret
from mesolive.clock import Clock
from mesolive.hubs.control import ControlHub, ControlServices
from mesolive.hubs.data import DataHub
from mesolive.hubs.envelope import principal_of
from mesolive.hubs.event import EventHub, HubSink
from mesolive.hubs.key_watch import ApiKeyMonitor
from mesolive.journal.bus import LocalBus
from mesolive.journal.deliverer import Deliverer
from mesolive.journal.events import Events
from mesolive.journal.journal import Journal
from mesolive.market.calendar import us_options_calendar
from mesolive.market.service import Market
from mesolive.market.sources import SourceError, SourceRequest, open_source
from mesolive.operations.health import Health
from mesolive.operations.metrics import ServerMetrics
from mesolive.operations.retention import Retention, RetentionPeriods
from mesolive.settings import Settings, SettingsError
from mesolive.signals.evaluator import SignalEvaluator
from mesolive.store.database import Database
from mesolive.store.engines import directory_of
from mesolive.store.paging import Pager
from mesolive.store.server_lock import ServerLock, file_of, only_server
from mesolive.streams.service import Streams
from mesolive.trading.agent_monitor import AgentMonitor
from mesolive.trading.agents import Agents
from mesolive.trading.evaluation.entry_retry import EntryVariableRetry
from mesolive.trading.evaluation.entry_variables import EntryVariableCapture
from mesolive.trading.evaluation.evaluator import StrategyEvaluator
from mesolive.trading.evaluation.external_values import ExternalDataReader
from mesolive.trading.execution.engine import ExecutionEngine
from mesolive.trading.execution.halts import Halts
from mesolive.trading.execution.order_service import ANSWER_SECONDS
from mesolive.trading.execution.reconciliation import ReconciliationConfig
from mesolive.trading.idempotency import Idempotency
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
from mesolive_sdk.wire import hub_protocol
from signalr_asyncio import Authenticate, ConnectionRequest, HubOptions, HubRoute, Principal, SignalRServer

CONTROL_PATH = "/hubs/control/v1"
DATA_PATH = "/hubs/data/v1"
EVENT_PATH = "/hubs/event/v1"

LARGEST_ARGUMENT = 8 * 1024 * 1024
"""Bytes of one message to the Control Hub: a strategy definition of 5 MB must reach the check that refuses it."""

PARALLEL_CALLS = 16
"""How many calls of one connection run at the same time; their answers carry ids, so order does not matter."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Application:
    """A running server: its parts, as far as its owner needs them."""

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
    hubs: SignalRServer
    asgi: Starlette

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
        """Tell every client that the server goes away, and wait until what is queued for them has gone out."""
        await self.hubs.shutdown()


def build_market(settings: Settings, not_before: datetime | None = None) -> tuple[Market, Clock]:
    """Return the market that the settings ask for, and the clock that it runs on.

    Parameters
    ----------
    not_before
        How far market time has come already.

    Raises
    ------
    SettingsError
        When the chain file or the recording cannot be used.
    """
    request = SourceRequest(settings.chain, settings.start, settings.speed, settings.seed, not_before)
    try:
        source = open_source(settings.market, request)
    except SourceError as error:
        raise SettingsError(f"market: {error}") from None
    return Market([source.provider]), source.clock


def venue_memory(settings: Settings) -> Path:
    """Return where the simulated venue remembers its orders: by default beside the database, where that is a file."""
    directory = settings.data_dir or directory_of(settings.database) or Path(".mesolive")
    return directory / "simulated-venue.jsonl"


def _open_ledger(settings: Settings) -> VenueLedger:
    ledger = VenueLedger(venue_memory(settings))
    try:
        ledger.open()
    except VenueMemoryError as error:
        raise SettingsError(f"data_dir: {error}") from None
    return ledger


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    port: int | None = None,
    market: tuple[Market, Clock] | None = None,
    venues: Sequence[Venue] | None = None,
    patience: ReconciliationConfig | None = None,
    answer_seconds: float = ANSWER_SECONDS,
    replay: Callable[[str], Random] | None = None,
) -> AsyncGenerator[Application]:
    """Start every part in order; on leaving, stop them in the reverse order.

    Parameters
    ----------
    settings
        What to run.
    port
        The port that is listened on, where the settings leave the choice to the system.
    market
        A market and its clock to use in place of those that the settings ask for: for tests and replays.
    venues
        VenueRegistry to use in place of the simulated one: for tests.
    patience, answer_seconds
        How long venues may take.
    replay
        For replays: makes the randomness of evaluations, and leaves it to the caller when signals are evaluated.

    Raises
    ------
    SettingsError, UnusableDatabaseError, UnusableSecretError
        When a part cannot be made as the settings ask.
    """
    if port is not None:
        settings = replace(settings, port=port)
    async with AsyncExitStack() as stack:
        lock = await stack.enter_async_context(only_server(settings.database))
        database = await Database.open(settings.database)
        stack.push_async_callback(database.close)
        prices, clock = market or build_market(settings, await latest_moment(database))
        secret = load_secret(directory_of(settings.database), settings.secret_key)
        access = Access(database, secret)
        pager = Pager(secret.derive("pages"))

        if replay is None:
            prices.remember_in(MarketStore(database, clock))
        await prices.start()
        stack.push_async_callback(prices.stop)

        bus = LocalBus()
        journal = Journal(database, bus, clock)
        compiled = CompiledStrategies()
        outside = ExternalDataReader(prices, us_options_calendar().zone, settings.fetch_rules)
        room = StrategyEvaluator(prices, compiled, outside, replay or Random)
        stack.callback(room.close)
        idempotency = Idempotency(database, clock)
        freezer = EntryVariableCapture(room)
        accounts = Accounts(database, prices, clock, pager)
        positions = Positions(database, pager)
        preparations = Preparations(
            database,
            journal,
            idempotency,
            room,
            clock,
            enforce_adjustment_count=settings.enforce_max_adjustments,
            bounds=Bounds(settings.max_preparations, settings.max_plans),
        )
        stack.push_async_callback(preparations.close)
        if venues is None:
            ledger = _open_ledger(settings)
            stack.callback(ledger.close)
            venues = [SimulatedVenue(prices, clock, ledger)]
        desk = ExecutionEngine(
            database,
            journal,
            idempotency,
            prices,
            freezer,
            venues,
            clock,
            patience=patience,
            answer_seconds=answer_seconds,
        )
        services = ControlServices(
            agents=Agents(database, prices),
            accounts=accounts,
            strategies=Strategies(database, clock, pager, settings.max_strategies),
            positions=positions,
            details=PositionDetails(positions, prices),
            preparations=preparations,
            paper=PaperExecution(database, journal, idempotency, freezer, AdjustmentFills(journal, room), clock),
            orders=Orders(database, pager),
            sending=desk.sending,
            actions=desk.actions,
            liquidation=desk.liquidation,
            halts=Halts(database),
            idempotency=idempotency,
        )
        streams = Streams(positions, prices, bus, clock)
        stack.push_async_callback(streams.close)
        events = Events(database, journal, pager)

        # One hub object serves one connection. The Event Hub needs the deliverer, and the deliverer the Event Hub's
        # clients: the name is bound below, before the first connection.
        def control_hub() -> ControlHub:
            return ControlHub(services)

        def data_hub() -> DataHub:
            return DataHub(streams)

        def event_hub() -> EventHub:
            return EventHub(events, deliverer)

        hubs = SignalRServer(
            {
                CONTROL_PATH: HubRoute(control_hub, options=_options(settings, LARGEST_ARGUMENT)),
                DATA_PATH: HubRoute(data_hub, options=_options(settings)),
                EVENT_PATH: HubRoute(event_hub, options=_options(settings)),
            },
            authenticate=_authenticate(access),
            protocols=[hub_protocol("json"), hub_protocol("messagepack")],
        )
        deliverer = Deliverer(journal, bus, HubSink(hubs.hub(EVENT_PATH).clients))
        await deliverer.start()
        stack.push_async_callback(deliverer.stop)
        keys = ApiKeyMonitor(access, [hubs.hub(path) for path in (CONTROL_PATH, DATA_PATH, EVENT_PATH)])
        await keys.start()
        stack.push_async_callback(keys.stop)
        agents = AgentMonitor(database, journal, prices)
        await agents.start()
        stack.push_async_callback(agents.stop)

        interrupted = await preparations.recover()
        if interrupted:
            _log.info("preparations_failed_by_restart", number=interrupted)
        await desk.start()
        stack.push_async_callback(desk.stop)
        signals = SignalEvaluator(
            database,
            journal,
            room,
            us_options_calendar(),
            clock,
            PaperSettlements(database, journal, prices, us_options_calendar(), clock),
            EntryVariableRetry(database, journal, freezer),
            every=settings.signals_every,
        )
        if replay is None:
            await signals.start()
        stack.push_async_callback(signals.stop)
        retention = Retention(database, clock, _keep(settings))
        if replay is None:
            await retention.start()
        stack.push_async_callback(retention.stop)
        health = Health(
            database,
            file_of(settings.database),
            prices,
            us_options_calendar(),
            clock,
            desk.supervisors,
            deliverer,
            signals.pulse if replay is None else None,
            evaluated_every=settings.signals_every / settings.speed,
        )
        if replay is None:
            await health.start()
        stack.push_async_callback(health.stop)
        registry = CollectorRegistry()
        registry.register(ServerMetrics(hubs, health, signals.pulse, retention))
        ProcessCollector(registry=registry)
        yield Application(
            settings=settings,
            clock=clock,
            lock=lock,
            database=database,
            access=access,
            market=prices,
            accounts=accounts,
            desk=desk,
            signals=signals,
            health=health,
            hubs=hubs,
            asgi=_asgi(hubs, health, registry),
        )


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
        user = None if request.token is None else await access.authenticate(request.token)
        return None if user is None else principal_of(user)

    return authenticate


def _asgi(hubs: SignalRServer, health: Health, registry: CollectorRegistry) -> Starlette:
    async def tell_health(_request: Request) -> Response:
        report = health.report()
        return JSONResponse(report, 503 if report["status"] == "failing" else 200, {"Cache-Control": "no-store"})

    async def tell_life(_request: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})

    async def tell_metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/health", tell_health),
            Route("/health/live", tell_life),
            Route("/metrics", tell_metrics),
            Mount("/", app=cast("ASGIApp", hubs)),
        ]
    )
