"""Composition root: builds and starts every component from the settings, and returns one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import structlog
from msgspec import Struct
from starlette.applications import Starlette

from mesolive.access.keys import Access
from mesolive.access.sessions import Sessions
from mesolive.assembly import (
    Overrides,
    build_core,
    build_hubs,
    build_metrics,
    build_trading,
    open_store,
    retention_periods,
    secret_file,
    start_market,
    start_part,
    venue_memory,
)
from mesolive.clock import Clock
from mesolive.connectors.manager import ConnectionManager
from mesolive.history.sampler import HistorySampler
from mesolive.http_endpoints import http_application
from mesolive.market.service import Market
from mesolive.market_setup import source_of
from mesolive.operations.emergency import EmergencyImport
from mesolive.operations.health import Health
from mesolive.operations.market_clock import MarketClockRecorder
from mesolive.operations.retention import Retention
from mesolive.operations.server_places import note_places
from mesolive.records import replace
from mesolive.settings import Settings
from mesolive.signals.evaluator import SignalEvaluator
from mesolive.store.database import Database
from mesolive.store.server_lock import ServerLock, file_of
from mesolive.tasks import Tasks
from mesolive.trading.agent_monitor import AgentMonitor
from mesolive.trading.execution.engine import ExecutionEngine
from mesolive.trading.portfolio.accounts import Accounts
from signalr_asyncio import (
    SignalRServer,
)

_log = structlog.get_logger(__name__)


class Application(Struct, frozen=True):
    """A running server and the components that its owner uses."""

    settings: Settings
    clock: Clock
    lock: ServerLock
    database: Database
    access: Access
    sessions: Sessions
    market: Market
    accounts: Accounts
    desk: ExecutionEngine
    signals: SignalEvaluator
    health: Health
    connectors: ConnectionManager
    sampler: HistorySampler
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
        store = await open_store(settings, stack, transient=overrides.transient)
        market, clock, noted = await start_market(settings, store, overrides, stack)
        same = noted is not None and noted.source == source_of(settings)
        begun = noted.start if noted is not None and same else settings.start
        recorder = MarketClockRecorder(store.database, clock, source_of(settings), begun)
        if live:
            await start_part(stack, recorder)
        core = build_core(settings, store, market, clock, overrides, stack)
        trading = build_trading(settings, core, overrides, stack)
        simulates = overrides.venues is None and (settings.market is not None or overrides.market is not None)
        if live:
            await note_places(
                store.database,
                venue_memory(settings) if simulates else None,
                secret_file(settings),
                datetime.now(UTC),
            )
        hubs = build_hubs(settings, core, trading, stack)
        agents = AgentMonitor(store.database, core.journal, market)
        retention = Retention(store.database, clock, retention_periods(settings))
        emergency = EmergencyImport(store.database, store.access)
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
            notifications=trading.notifier.report,
            connector_causes=trading.connectors.causes,
        )

        # Clients connect after all of this. The deliverer of events starts before the services that append events.
        # Interrupted jobs are failed before reconciliation asks the venues for the state of orders.
        await start_part(stack, hubs.deliverer)
        await start_part(stack, hubs.keys)
        if (
            live
        ):  # in a replay, time leaps over the gaps between quotes, and how long a check takes decides what it sees
            await start_part(stack, agents)
        interrupted = await trading.preparations.recover()
        if interrupted:
            _log.info("preparations_interrupted", number=interrupted)
        await start_part(stack, trading.engine)
        await start_part(stack, trading.connectors)
        stack.push_async_callback(trading.services.flattening.close)
        stack.push_async_callback(trading.signals.stop)
        if live:
            await trading.signals.start()
            await start_part(stack, trading.lines)
            await start_part(stack, retention)
            await start_part(stack, trading.notifier)
            await start_part(stack, trading.sampler)
            await trading.services.backtests.start_up()
            await start_part(stack, emergency)
            await start_part(stack, health)
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
            trading.services.flattening,
            trading.signals,
            trading.lines,
            retention,
            trading.notifier,
            trading.sampler,
            trading.services.backtests,
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
            sessions=store.sessions,
            market=market,
            accounts=trading.accounts,
            desk=trading.engine,
            signals=trading.signals,
            health=health,
            connectors=trading.connectors,
            sampler=trading.sampler,
            hubs=hubs.server,
            asgi=http_application(
                settings,
                hubs.server,
                health,
                build_metrics(hubs.server, health, trading.signals, retention, market, store.sessions),
                store.sessions,
            ),
            tasks=tasks,
        )
