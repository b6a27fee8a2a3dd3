"""Connection manager: starts the enabled connections of all users, and publishes what becomes of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import structlog
from sqlalchemy import select

from mesolive.access.sealing import SealedSecretError, Sealing
from mesolive.clock import Clock, WallClock
from mesolive.connectors.agents import error_event, error_id, status_event
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import (
    ConnectionReport,
    Connector,
    ConnectorError,
    ConnectorRequest,
    ConnectorState,
    ConnectorStatus,
    Problem,
)
from mesolive.connectors.registry import KINDS
from mesolive.connectors.remote.connector import RemoteConnector
from mesolive.connectors.remote.messages import Offer
from mesolive.connectors.remote.slots import Slot
from mesolive.connectors.repository import (
    StoredConnection,
    append_log,
    connection_of_id,
    discovered_accounts,
    enabled_connections,
    open_secrets,
    reseal_secrets,
    store_discovered,
)
from mesolive.connectors.settings_model import ConnectorSettingsError, read_settings
from mesolive.connectors.supervisor import Supervision, SupervisionConfig, failed_report, tested
from mesolive.journal.journal import Journal
from mesolive.logs import hidden_texts, hide_text, release_text
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market
from mesolive.store.database import Database, Transaction
from mesolive.store.tables.journal import active_events
from mesolive.tasks import TaskRegistry, Tasks
from mesolive.trading.execution.engine import ExecutionEngine
from mesolive.trading.execution.unwatched import unwatched
from mesolive.trading.orders.repository import open_orders_of_account
from mesolive.trading.portfolio.broker_accounts import begin_with_cash
from mesolive.trading.portfolio.broker_facts import store_facts
from mesolive_sdk import models
from mesolive_sdk.models import DataProviderType

_log = structlog.get_logger(__name__)

LOST_REMEDY: Final = "Look at the account at the broker: it may be closed, read-only, or of another login."
RECORDINGS: Final = "recordings"
"""Name of the folder of recordings, beside that of the connections."""


class ConnectionManager:
    """The connections of this server.

    Parameters
    ----------
    folder
        Where each connection has a folder of its own.
    kinds
        The kinds of connectors.
    runs
        Whether connections are connected. A server with `--market` runs that market alone: its time is not the
        brokers' time, so that connections wait.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        market: Market,
        engine: ExecutionEngine,
        sealing: Sealing,
        calendar: ExchangeCalendar,
        folder: Path,
        *,
        kinds: Mapping[str, ConnectorKind] = KINDS,
        runs: bool = True,
        registry: TaskRegistry | None = None,
        config: SupervisionConfig | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._journal = journal
        self._market = market
        self._engine = engine
        self.sealing = sealing
        self._calendar = calendar
        self._folder = folder
        self.kinds = kinds
        self.runs = runs
        self._registry = registry or TaskRegistry()
        self._config = config or SupervisionConfig()
        self.clock: Clock = clock or WallClock()
        self._running: dict[int, Supervision] = {}
        self._refused: dict[int, ConnectorStatus] = {}
        self._known: dict[int, StoredConnection] = {}
        self._hidden: dict[int, list[str]] = {}  # the secrets that logs leave out, by connection
        # One change of a connection at a time: a venue of the next connector must not be attached before that of the
        # last is detached. A lock lives as long as a task holds it or waits for it.
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._slots: dict[int, Slot] = {}
        self._stopping = False
        self.tasks = Tasks()

    async def start(self) -> None:
        """Seal secrets with the current key, and start the enabled connections."""
        async with self._database.write() as tx:
            changed = await reseal_secrets(tx, self.sealing)
        if changed:
            _log.info("connector_secrets_resealed", number=changed)
        async with self._database.read() as tx:
            enabled = await enabled_connections(tx)
        if not self.runs:
            if enabled:
                _log.warning("connectors_not_started", number=len(enabled), reason="the server runs with --market")
            return
        for connection in enabled:
            await self.run(connection)

    async def stop(self) -> None:
        """Disconnect all; what is enabled is connected again at the next start."""
        self._stopping = True
        await self.tasks.join()
        for connection_id in list(self._running):
            await self._end(connection_id)

    # --- one connection -----------------------------------------------------------------------------------------------

    async def run(self, connection: StoredConnection) -> None:
        """Connect a connection; one that runs already is connected again, with the settings as they are stored now.

        A connection that was disabled or removed meanwhile is not connected.
        """
        await self._in_turn(connection.id, lambda: self._run(connection.id))

    async def end(self, connection: StoredConnection) -> None:
        """Disconnect a connection for good: its error ends, and it is logged as disabled.

        A connection that was enabled again meanwhile is left alone.
        """
        await self._in_turn(connection.id, lambda: self._end_for_good(connection))

    async def _in_turn(self, connection_id: int, change: Callable[[], Awaitable[None]]) -> None:
        """Make a change of a connection after those before it; a caller that is cancelled does not interrupt it."""
        lock = self._locks.setdefault(connection_id, asyncio.Lock())

        async def change_alone() -> None:
            async with lock:
                await change()

        await asyncio.shield(self.tasks.spawn("connector_change", change_alone(), detail=connection_id))

    async def _stored(self, connection_id: int) -> StoredConnection | None:
        async with self._database.read() as tx:
            return await connection_of_id(tx, connection_id)

    async def _run(self, connection_id: int) -> None:
        connection = await self._stored(connection_id)
        await self._end(connection_id)
        if not self.runs or self._stopping or connection is None or not connection.enabled:
            return
        self._known[connection.id] = connection
        try:
            secrets = await self._open_secrets(connection)
            self._hide(connection.id, secrets.values())
            connector = self._open(connection, secrets)
            self._must_be_alone(connection, connector.provider.name if connector.provider is not None else None)
        except ConnectorError as error:
            status = ConnectorStatus(
                ConnectorState.ACTION_REQUIRED,
                f"{error.problem.value}: {error.message}",
                error.remedy,
                self.clock.now(),
            )
            self._refused[connection.id] = status
            await self.state_changed(connection, status)
            return
        supervision = Supervision(connection, connector, self._market, self._engine, self, self.clock, self._config)
        self._running[connection.id] = supervision
        self._registry.watch(supervision)
        supervision.start()

    async def _end_for_good(self, connection: StoredConnection) -> None:
        stored = await self._stored(connection.id)
        if stored is not None and stored.enabled:
            return
        was_known = self._known.pop(connection.id, None) is not None
        await self._end(connection.id)
        if stored is not None or was_known:
            await self.state_changed(connection, ConnectorStatus(ConnectorState.DISABLED, since=self.clock.now()))

    async def _end(self, connection_id: int) -> None:
        self._refused.pop(connection_id, None)
        supervision = self._running.pop(connection_id, None)
        if supervision is not None:
            self._registry.unwatch(supervision)
            await supervision.stop()

    def slot(self, connection_id: int) -> Slot:
        """Return the server's end of a connection that an agent hosts."""
        return self._slots.setdefault(connection_id, Slot(connection_id))

    def hurry(self, connection_id: int) -> None:
        """Have a connection that waits for its next attempt make it now."""
        running = self._running.get(connection_id)
        if running is not None and not running.status.state.is_connected:
            running.hurry()

    def status(self, connection: StoredConnection) -> ConnectorStatus:
        """Return how a connection is."""
        if not connection.enabled and connection.agent is not None:
            there = "connected" if self.slot(connection.id).peer is not None else "not connected"
            words = f"offered by agent {connection.agent}, which is {there}"
            return ConnectorStatus(ConnectorState.DISABLED, words, f"mesolive connector enable {connection.name}")
        if not connection.enabled:
            return ConnectorStatus(ConnectorState.DISABLED)
        if not self.runs:
            return ConnectorStatus(
                ConnectorState.DISABLED,
                "this server runs with --market, and with no connector beside it",
                "Start mesolive serve without --market.",
            )
        running = self._running.get(connection.id)
        if running is not None:
            return running.status
        return self._refused.get(connection.id, ConnectorStatus(ConnectorState.CONNECTING))

    def data_provider(self, connection: StoredConnection) -> DataProviderType | None:
        """Return the market data that a connection brings at present; `None` for none."""
        running = self._running.get(connection.id)
        provider = None if running is None else running.connector.provider
        return None if provider is None else provider.name

    async def test(self, connection: StoredConnection) -> ConnectionReport:
        """Run the test of a connection, on its own connector where it runs."""
        running = self._running.get(connection.id)
        if running is not None:
            return await running.test()
        try:
            secrets = await self._open_secrets(connection)
        except ConnectorError as error:
            return failed_report(error)
        with hidden_texts(secrets.values()):
            try:
                connector = self._open(connection, secrets)
            except ConnectorError as error:
                return failed_report(error)
            try:
                return await tested(connector, self._config.test_seconds)
            finally:
                await connector.disconnect()

    async def forget_secrets(self, connection: StoredConnection) -> None:
        """Hide the secrets of a connection in logs no more, unless it runs: they were changed or removed."""

        async def forget() -> None:
            if connection.id not in self._running:
                self._hide(connection.id, ())

        await self._in_turn(connection.id, forget)

    def _hide(self, connection_id: int, secrets: Iterable[str]) -> None:
        """Hide the secrets of a connection in logs, in place of those that it had."""
        earlier = self._hidden.pop(connection_id, [])
        if texts := list(secrets):
            self._hidden[connection_id] = texts
        for text in texts:
            hide_text(text)
        for text in earlier:
            release_text(text)

    async def read_accounts(self, connection: StoredConnection) -> None:
        """Read the accounts and facts of a connection that runs."""
        running = self._running.get(connection.id)
        if running is not None:
            await running.read_accounts()

    def report(self) -> dict[str, dict[str, int]]:
        """Return how many enabled connections of each kind are in each state: `/health` shows no user's data."""
        counts: dict[str, Counter[str]] = {}
        for connection in self._known.values():
            counts.setdefault(connection.kind, Counter())[self.status(connection).state.value] += 1
        return {kind: dict(states) for kind, states in sorted(counts.items())}

    def causes(self) -> list[str]:
        """Return why enabled connections do not work as configured, and the remedies, as every user may read them."""
        counts: Counter[str] = Counter()
        for connection in self._known.values():
            status = self.status(connection)
            if status.public_text:
                counts[f"{connection.kind}, {status.state.value}: {status.public_text}"] += 1
        return [text if number == 1 else f"{text} ({number} connectors)" for text, number in sorted(counts.items())]

    async def _open_secrets(self, connection: StoredConnection) -> dict[str, str]:
        """Return the secrets of a connection; raises `ConnectorError` when they cannot be opened."""
        try:
            async with self._database.read() as tx:
                return await open_secrets(tx, self.sealing, connection.id)
        except SealedSecretError as error:
            raise ConnectorError(
                Problem.CREDENTIALS,
                f"a stored secret cannot be opened: {error}",
                f"Enter the secrets again: mesolive connector set {connection.name}.",
            ) from None

    def _open(self, connection: StoredConnection, secrets: Mapping[str, str]) -> Connector:
        """Make the connector of a connection; raises `ConnectorError` when its settings cannot be used."""
        kind = self.kinds.get(connection.kind)
        if kind is None:
            raise ConnectorError(Problem.SETTINGS, f"this server has no connector of kind {connection.kind!r}")
        if connection.agent is not None:
            offer = msgspec.json.decode(connection.agent_offer or b"{}", type=Offer)
            return RemoteConnector(self.slot(connection.id), offer, connection.agent, self.clock, self._calendar)
        try:
            settings = read_settings(kind.settings, {**connection.settings, **secrets})
        except ConnectorSettingsError as error:
            raise ConnectorError(
                Problem.SETTINGS, str(error), f"Correct it: mesolive connector set {connection.name}."
            ) from None
        folder = self._folder / str(connection.id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return kind.open(
            ConnectorRequest(
                connection.name, settings, folder, self.clock, self._calendar, self._folder.parent / RECORDINGS
            )
        )

    def _must_be_alone(self, connection: StoredConnection, provider: DataProviderType | None) -> None:
        for other in self._running.values():
            theirs = other.connector.provider
            if provider is not None and theirs is not None and theirs.name is provider:
                if other.connection.user_id == connection.user_id:
                    which, remedy = (
                        f"connector {other.connection.name} brings",
                        "Disable one of the two, or switch off the market data of one.",
                    )
                else:
                    which, remedy = "another user's connector brings", "Switch off the market data of this one."
                raise ConnectorError(Problem.SETTINGS, f"{which} {provider.name} market data already", remedy)

    # --- what supervisions report -------------------------------------------------------------------------------------

    async def state_changed(self, connection: StoredConnection, status: ConnectorStatus) -> None:
        """Store a state in the log, and publish it to the owner; connecting is not worth an event."""
        kind = self.kinds.get(connection.kind)
        agent = models.AgentConnector.Unknown if kind is None else kind.agent
        now = self.clock.now()
        _log.info(
            "connector_state_changed",
            connector=connection.name,
            kind=connection.kind,
            state=status.state.value,
            message=status.message,
        )
        async with self._database.write(connection.user_id) as tx:
            await append_log(tx, connection.id, now, status)
            if status.state is ConnectorState.CONNECTING:
                return
            events: list[models.MesoLiveEvent] = [status_event(connection.name, agent, status)]
            active = not status.state.is_connected and status.state is not ConnectorState.DISABLED
            if active or await _has_error(tx, connection):
                events.append(error_event(connection.id, connection.name, status, active=active))
            await self._journal.append(tx, connection.user_id, events)

    async def accounts_read(self, connection: StoredConnection, connector: Connector) -> None:
        """Store the accounts of a connection, and what the broker states about the enabled ones.

        The books of an enabled account begin with the first cash that the broker states while no order is open: cash
        that moves meanwhile may be in the statement and not in the books, or the other way round.

        Raises
        ------
        ConnectorError
            Behind all others: when the login has enabled accounts no more, which it may have lost before this process.
        """
        accounts = await connector.accounts()
        now = self.clock.now()
        async with self._database.write(connection.user_id) as tx:
            await store_discovered(tx, connection.id, accounts, now)
            stored = await discovered_accounts(tx, connection.id)
        present, lost = {account.account_id for account in accounts}, list[str]()
        for account in stored:
            if account.account_id is not None and account.discovered.account_id not in present:
                async with self._database.read() as tx:
                    lost.append(f"{account.discovered.account_id}: {await unwatched(tx, account.account_id)}")
            elif account.account_id is not None:
                facts = await connector.account_facts(account.discovered.account_id)
                async with self._database.write(connection.user_id) as tx:
                    await store_facts(tx, account.account_id, facts, now)
                    if facts.cash is not None and not await open_orders_of_account(tx, account.account_id):
                        await begin_with_cash(tx, account.account_id, facts.cash, facts.as_of)
        if lost:
            text = f"the login has these accounts no more, and they are not watched: {'; '.join(lost)}"
            raise ConnectorError(Problem.NOT_PERMITTED, text, LOST_REMEDY, "an account is missing")


async def _has_error(tx: Transaction, connection: StoredConnection) -> bool:
    row = await tx.first(
        select(active_events.c.subject).where(
            active_events.c.user_id == connection.user_id,
            active_events.c.subject == f"error:{error_id(connection.id)}",
        )
    )
    return row is not None


def last_quote(market: Market, provider: DataProviderType | None) -> datetime | None:
    """Return the time of a connection's last quote; `None` without market data."""
    return None if provider is None else market.last_received_at(provider)
