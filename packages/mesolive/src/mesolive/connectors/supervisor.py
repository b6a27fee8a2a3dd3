"""Connector supervision: connects one connection, retries, attaches its provider and venue, and publishes its state.

Every call of a connector has a time limit, and whatever it raises ends here: a connector costs itself only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import structlog

from mesolive.clock import Clock
from mesolive.connectors.protocol import (
    Check,
    ConnectionReport,
    Connector,
    ConnectorError,
    ConnectorState,
    ConnectorStatus,
    Finding,
    Problem,
    place_of,
)
from mesolive.connectors.repository import StoredConnection
from mesolive.logs import without_known_secrets
from mesolive.market.provider import Provider
from mesolive.records import replace
from mesolive.tasks import BackOff, Tasks, Turns
from mesolive.venues.base import Venue
from mesolive_sdk.models import DataProviderType

_log = structlog.get_logger(__name__)

T = TypeVar("T")

RETRY: Final = BackOff(first=2.0, longest=60.0)
"""Pauses between attempts to connect, in seconds of real time."""


@dataclass(frozen=True, slots=True)
class SupervisionConfig:
    """Time limits of supervision, in seconds of real time.

    Attributes
    ----------
    connect_seconds, call_seconds, test_seconds
        Longest duration of `connect` and `disconnect`, of other calls, and of a test.
    facts_seconds
        Between two reads of accounts and broker facts.
    lost_seconds
        For how long a connector may try to come back by itself before it is connected anew.
    retry
        Pauses between attempts.
    """

    connect_seconds: float = 60.0
    call_seconds: float = 15.0
    test_seconds: float = 90.0
    facts_seconds: float = 60.0
    lost_seconds: float = 60.0
    retry: BackOff = RETRY


class ConnectionEvents(Protocol):
    """What a supervision reports to: it stores and publishes."""

    async def state_changed(self, connection: StoredConnection, status: ConnectorStatus) -> None:
        """Store and publish a state of the connection."""
        ...

    async def accounts_read(self, connection: StoredConnection, connector: Connector) -> None:
        """Read and store what the connector knows of its accounts."""
        ...


class ProviderPlace(Protocol):
    """Where the provider of a connection is used: the market of a server, the sender of an agent."""

    async def prepare(self, provider: Provider) -> None:
        """Get a provider ready, before it is connected the first time."""
        ...

    async def attach(self, provider: Provider) -> None:
        """Use a connected provider; raises `ValueError` where it cannot be used."""
        ...

    async def detach(self, kind: DataProviderType) -> None:
        """Use it no more."""
        ...


class VenuePlace(Protocol):
    """Where the venue of a connection is used."""

    async def attach(self, connection_id: int, name: str, venue: Venue, clock: Clock) -> object:
        """Start a venue, and use it."""
        ...

    async def detach(self, connection_id: int, venue: Venue) -> None:
        """Stop a venue."""
        ...


class Supervision:
    """Keeps one enabled connection connected.

    Parameters
    ----------
    events
        Stores and publishes what happens.
    clock
        The computer's time.
    """

    def __init__(
        self,
        connection: StoredConnection,
        connector: Connector,
        market: ProviderPlace,
        engine: VenuePlace,
        events: ConnectionEvents,
        clock: Clock,
        config: SupervisionConfig | None = None,
    ) -> None:
        self.connection = connection
        self.connector = connector
        self._market = market
        self._engine = engine
        self._events = events
        self._clock = clock
        self._config = config or SupervisionConfig()
        self._status = ConnectorStatus(ConnectorState.DISABLED)
        self._prepared = False
        self._attached = False
        self._venue_attached = False
        self._calls = asyncio.Lock()
        self._storing = asyncio.Lock()
        self._unread: ConnectorError | None = None
        self._hurried = asyncio.Event()
        self.tasks = Tasks()

    @property
    def status(self) -> ConnectorStatus:
        """The state that was published last; connecting before the first."""
        never_published = self._status.state is ConnectorState.DISABLED
        return ConnectorStatus(ConnectorState.CONNECTING) if never_published else self._status

    def start(self) -> None:
        """Begin to connect."""
        # By its number: the names of tasks are part of `/health`, which needs no key.
        self.tasks.start_loop(f"connector {self.connection.id}", self._run)

    async def stop(self) -> None:
        """End the connection and detach what it brought; the state stays as it was."""
        await self.tasks.stop()
        await self._detach()
        await self._disconnect()

    def hurry(self) -> None:
        """Make the next attempt now: what it failed of may be over."""
        self._hurried.set()

    async def test(self) -> ConnectionReport:
        """Run the connector's test, while it is connected or not."""
        return await tested(self.connector, self._config.test_seconds)

    async def read_accounts(self) -> None:
        """Read accounts and facts now; a failure is part of the state until they can be read again."""
        if await self._read_accounts():
            await self._store_state(self._shown_status(self.connector.status))

    async def _read_accounts(self) -> bool:
        """Read accounts and facts; return whether there was a connection to read them by."""
        if not self.connector.status.state.is_connected:
            return False
        async with self._calls:
            work = self._events.accounts_read(self.connection, self.connector)
            self._unread = await self._call(work, self._config.call_seconds)
        return True

    def _shown_status(self, status: ConnectorStatus) -> ConnectorStatus:
        """Return the connector's state, restricted where its accounts cannot be read."""
        if self._unread is None or not status.state.is_connected:
            return status
        words = f"accounts cannot be read: {self._unread.problem.value}: {self._unread.message}"
        message = f"{status.message}; {words}" if status.message else words
        remedy = self._unread.remedy or status.remedy or f"It is tried again every {self._config.facts_seconds:g} s."
        return ConnectorStatus(ConnectorState.RESTRICTED, message, remedy, cause=self._unread.cause)

    # --- the life of the connection -----------------------------------------------------------------------------------

    async def _run(self, turns: Turns) -> None:
        pauses = self._config.retry.pauses()
        while True:
            turns.turned()
            self._hurried.clear()
            await self._publish(ConnectorStatus(ConnectorState.CONNECTING))
            failure = await self._connect()
            if failure is None:
                pauses = self._config.retry.pauses()
                failure = await self._follow(turns)
            await self._disconnect()
            if not failure.problem.retried:
                text = f"{failure.problem.value}: {failure.message}"
                refused = ConnectorStatus(ConnectorState.ACTION_REQUIRED, text, failure.remedy, cause=failure.cause)
                await self._publish(refused)
                # Until it is stopped or hurried: an attempt without the trader may lock the login.
                await self._hurried.wait()
                continue
            pause = next(pauses)
            text = f"{failure.problem.value}: {failure.message}; the next attempt is in {pause:g} s"
            await self._publish(ConnectorStatus(ConnectorState.DISCONNECTED, text, failure.remedy, cause=failure.cause))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurried.wait()

    async def _connect(self) -> ConnectorError | None:
        """Connect, and attach what the connector brings; return why that failed."""
        provider = self.connector.provider
        if provider is not None and not self._prepared:
            if (failure := await self._call(self._market.prepare(provider), self._config.call_seconds)) is not None:
                return failure
            self._prepared = True
        failure = await self._call(self.connector.connect(), self._config.connect_seconds)
        return failure if failure is not None else await self._call(self._attach(), self._config.connect_seconds)

    async def _attach(self) -> None:
        provider, venue = self.connector.provider, self.connector.venue
        if provider is not None and not self._attached:
            try:
                await self._market.attach(provider)
            except ValueError as error:
                raise ConnectorError(
                    Problem.SETTINGS, str(error), "Disable the other connection, or this one's market data."
                ) from None
            self._attached = True
        if venue is not None and not self._venue_attached:
            # Attached once: while the connection is lost the venue's sessions end, and reconciliation opens others.
            await self._engine.attach(self.connection.id, self.connection.name, venue, self.connector.clock)
            self._venue_attached = True

    async def _detach(self) -> None:
        venue = self.connector.venue
        if self._venue_attached and venue is not None:
            await self._engine.detach(self.connection.id, venue)
            self._venue_attached = False
        provider = self.connector.provider
        if self._attached and provider is not None:
            await self._market.detach(provider.name)
            self._attached = False

    async def _follow(self, turns: Turns) -> ConnectorError:
        """Follow a connection until it is lost; return why it was."""
        loop = asyncio.get_running_loop()
        lost_at: float | None = None
        read_at = -1.0
        async with self.connector.status_changes.subscribe() as changes:
            while True:
                turns.turned()
                status = self.connector.status
                await self._publish(self._shown_status(status))
                if status.state is ConnectorState.ACTION_REQUIRED:
                    return ConnectorError(Problem.SETTINGS, status.message, status.remedy, status.cause)
                if status.state.is_connected:
                    lost_at = None
                    if loop.time() - read_at >= self._config.facts_seconds or read_at < 0:
                        if await self._read_accounts():
                            await self._publish(self._shown_status(self.connector.status))
                        read_at = loop.time()
                else:
                    lost_at = loop.time() if lost_at is None else lost_at
                    if loop.time() - lost_at >= self._config.lost_seconds:
                        return ConnectorError(Problem.INTERRUPTED, status.message, status.remedy, status.cause)
                limit = self._config.facts_seconds if lost_at is None else self._config.lost_seconds
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(limit):
                        await anext(changes)

    async def _disconnect(self) -> None:
        await self._call(self.connector.disconnect(), self._config.call_seconds)

    async def _call(self, work: Awaitable[object], seconds: float) -> ConnectorError | None:
        """Await a call of the connector; return its failure in words that hold no secret."""
        failure = await failure_of(work, seconds)
        if failure is not None:
            _log.warning(
                "connector_failed",
                connector=self.connection.name,
                kind=self.connection.kind,
                problem=failure.problem.value,
                reason=failure.message,
            )
        return failure

    async def _publish(self, status: ConnectorStatus) -> None:
        """Publish a state, and try again for as long as it cannot be stored.

        Raising would end the connection's loop: its restart logs in again, and a login that is refused again and again
        is locked by the broker.
        """
        for pause in self._config.retry.pauses():
            try:
                await self._store_state(status)
            except Exception as error:  # noqa: BLE001 - whatever the database raises, no login may follow from it
                _log.error(
                    "connector_state_not_stored",
                    connector=self.connection.name,
                    state=status.state.value,
                    error=type(error).__name__,
                    next_seconds=pause,
                )
                await asyncio.sleep(pause)
            else:
                return

    async def _store_state(self, status: ConnectorStatus) -> None:
        async with self._storing:  # the loop and a user's call may both have news
            await self._store_change(status)

    async def _store_change(self, status: ConnectorStatus) -> None:
        current = replace(
            status,
            message=without_known_secrets(status.message),
            remedy=without_known_secrets(status.remedy),
            cause=without_known_secrets(status.cause),
            since=self._status.since,
        )
        if current == self._status:
            return
        changed = replace(current, since=self._clock.now())
        await self._events.state_changed(self.connection, changed)
        self._status = changed


async def failure_of(work: Awaitable[object], seconds: float) -> ConnectorError | None:
    """Await a connector's call within a time limit, and return why it failed, without any secret."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except ConnectorError as error:
        texts = (without_known_secrets(text) for text in (error.message, error.remedy, error.cause))
        return ConnectorError(error.problem, *texts)
    except TimeoutError:
        return ConnectorError(Problem.UNREACHABLE, f"no answer within {seconds:g} s")
    except OSError as error:
        return ConnectorError(Problem.UNREACHABLE, without_known_secrets(error.strerror or type(error).__name__))
    except Exception as error:  # noqa: BLE001 - a connector's defect must not end the server; the log has the place
        where = place_of(error)
        # Neither text nor trace is logged: a library's error may repeat what was sent.
        _log.error("connector_raised", error=type(error).__name__, at=where)
        return ConnectorError(Problem.NONSENSE, f"the answer could not be used ({type(error).__name__} at {where})")
    return None


async def tested(connector: Connector, seconds: float) -> ConnectionReport:
    """Return what a connector's test finds; a failure of the test itself is a line of it."""
    result: list[ConnectionReport] = []

    async def run() -> None:
        result.append(await connector.test())

    failure = await failure_of(run(), seconds)
    return result[0] if failure is None else failed_report(failure)


def failed_report(failure: ConnectorError) -> ConnectionReport:
    """Return the report of a test that could not be made."""
    finding = Finding("connection", Check.FAILED, f"{failure.problem.value}: {failure.message}", failure.remedy)
    return ConnectionReport([finding])
