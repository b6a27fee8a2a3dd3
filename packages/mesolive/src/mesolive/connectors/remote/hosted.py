"""Hosted connector: a connector in an agent, kept connected by itself, with what the server asks of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from mesolive.clock import Clock
from mesolive.connectors.protocol import Connector, ConnectorError, ConnectorState, ConnectorStatus, Problem
from mesolive.connectors.remote.messages import (
    Cancel,
    CloseReports,
    Connect,
    Executions,
    Notice,
    Offer,
    OpenQuotes,
    OpenReports,
    Orders,
    Positions,
    Question,
    ReadAccounts,
    ReadFacts,
    Replace,
    ReportsBooked,
    RunTest,
    Settlements,
    State,
    Submit,
)
from mesolive.connectors.remote.peer import LinkLostError, Peer
from mesolive.connectors.remote.provider_host import ProviderHost
from mesolive.connectors.remote.report_journal import ReportJournal
from mesolive.connectors.remote.venue_host import LIMITS, VenueHost, WriteLimits
from mesolive.connectors.repository import StoredConnection
from mesolive.connectors.supervisor import Supervision, SupervisionConfig
from mesolive.market.provider import PartialProvider, Provider
from mesolive.venues.base import Dedupes, Venue, VenueUnreachableError
from mesolive_sdk.models import DataProviderType

_log = structlog.get_logger(__name__)

JOURNAL_FILE = "reports.jsonl"


class HostedConnector:
    """One connector of an agent.

    Parameters
    ----------
    number
        Of the connector within the agent.
    folder
        Where its journal is kept; `None` for memory alone.
    wall
        The computer's time.
    shift
        Returns by how much the server's clock is ahead of this computer's.
    """

    def __init__(
        self,
        number: int,
        name: str,
        kind: str,
        connector: Connector,
        folder: Path | None,
        wall: Clock,
        shift: Callable[[], timedelta],
        config: SupervisionConfig | None = None,
        limits: WriteLimits = LIMITS,
    ) -> None:
        self._limits = limits
        self.name = name
        self.kind = kind
        self.connector = connector
        self.epoch = 0
        self.status = ConnectorStatus(ConnectorState.DISABLED)
        self._wall = wall
        self._shift = shift
        self._journal = ReportJournal(None if folder is None else folder / JOURNAL_FILE)
        self._venue: VenueHost | None = None
        self._provider: ProviderHost | None = None
        self._link: tuple[Peer, int] | None = None
        stored = StoredConnection(number, 0, name, kind, {}, enabled=True, created_at=datetime.now(UTC))
        self.supervision = Supervision(
            stored, connector, _ProviderPlace(self), _VenuePlace(self), self, wall, config or SupervisionConfig()
        )

    def start(self) -> None:
        """Connect, and stay connected."""
        self.supervision.start()

    async def stop(self) -> None:
        """Disconnect; orders that work stay at the broker."""
        await self.supervision.stop()

    @property
    def offer(self) -> Offer:
        """The offer of this connector to the server."""
        provider, venue = self.connector.provider, self.connector.venue
        return Offer(
            name=self.name,
            kind=self.kind,
            data_provider=None if provider is None else provider.name,
            partial=isinstance(provider, PartialProvider),
            broker=None if venue is None else venue.kind,
            own_time=self.connector.clock is not self._wall,
            dedupes=Dedupes.NEVER if venue is None else venue.dedupes,
            listing_seconds=0.0 if venue is None else venue.listing_seconds,
            epoch=self.epoch,
        )

    @property
    def unbooked(self) -> int:
        """How many reports wait for the server."""
        return len(self._journal.open)

    @property
    def linked(self) -> bool:
        """Whether the server has taken it by the present link."""
        return self._link is not None

    # --- the link -----------------------------------------------------------------------------------------------------

    def attach(self, peer: Peer, connection: int, epoch: int) -> None:
        """Take a link."""
        self._link, self.epoch = (peer, connection), epoch
        if self._venue is not None:
            self._venue.attach(peer, connection, epoch)
        if self._provider is not None:
            self._provider.attach(peer, connection)
        self._report_state()

    def detach(self, peer: Peer) -> None:
        """Lose a link."""
        if self._link is not None and self._link[0] is peer:
            self._link = None
            if self._venue is not None:
                self._venue.detach(peer)
            if self._provider is not None:
                self._provider.detach(peer)

    def _report_state(self) -> None:
        if self._link is not None:
            peer, connection = self._link
            status = self.status
            peer.notify(connection, State(state=status.state.value, message=status.message, remedy=status.remedy))

    def notified(self, peer: Peer, notice: Notice) -> None:
        """Take a notice of the server."""
        match notice:
            case ReportsBooked():
                if self._venue is not None:
                    self._venue.booked(peer, notice)
            case CloseReports():
                if self._venue is not None:
                    self._venue.closed(peer, notice)
            case _:
                if self._provider is not None:
                    self._provider.notified(peer, notice)

    async def asked(self, peer: Peer, question: Question) -> object:
        """Answer a question of the server."""
        if self._link is None or self._link[0] is not peer:
            raise LinkLostError("another link has taken its place")
        match question:
            case (
                Submit() | Replace() | Cancel() | Orders() | Executions() | Settlements() | Positions() | OpenReports()
            ):
                if self._venue is None:
                    raise VenueUnreachableError(self.status.message or "the connector is not connected")
                return await self._venue.asked(peer, question)
            case OpenQuotes():
                if self._provider is None:
                    raise ConnectorError(Problem.INTERRUPTED, self.status.message or "the connector is not connected")
                return await self._provider.open(peer, question)
            case Connect():
                self.supervision.hurry()
                return None
            case RunTest():
                return await self.supervision.test()
            case ReadAccounts():
                return list(await self.connector.accounts())
            case ReadFacts():
                return await self.connector.account_facts(question.account)
            case _:
                raise LinkLostError("a server does not ask that")

    # --- what the supervision does --------------------------------------------------------------------------------

    async def state_changed(self, connection: StoredConnection, status: ConnectorStatus) -> None:
        """Tell the server how the connector is."""
        self.status = status
        _log.info(
            "connector_state_changed", connector=connection.name, state=status.state.value, message=status.message
        )
        self._report_state()

    async def accounts_read(self, connection: StoredConnection, connector: Connector) -> None:
        """Read nothing: the server asks for accounts and facts itself."""

    async def use_provider(self, provider: Provider) -> None:
        """Send quotes from now on, when the server asks for them."""
        host = ProviderHost(provider, self.connector.clock, self._wall, self._shift, self.name)
        await host.start()
        self._provider = host
        if self._link is not None:
            host.attach(*self._link)

    async def drop_provider(self) -> None:
        """Send quotes no more."""
        host, self._provider = self._provider, None
        if host is not None:
            await host.stop()

    async def use_venue(self, venue: Venue, clock: Clock) -> None:
        """Keep the venue's session open from now on."""
        host = VenueHost(venue, self._journal, clock, self.name, self._limits)
        await host.start()
        self._venue = host
        if self._link is not None:
            host.attach(*self._link, self.epoch)

    async def drop_venue(self) -> None:
        """End the venue's session."""
        host, self._venue = self._venue, None
        if host is not None:
            await host.stop()


class _ProviderPlace:
    def __init__(self, hosted: HostedConnector) -> None:
        self._hosted = hosted

    async def prepare(self, provider: Provider) -> None:
        """Do nothing: an agent keeps no history of its own."""

    async def attach(self, provider: Provider) -> None:
        await self._hosted.use_provider(provider)

    async def detach(self, kind: DataProviderType) -> None:
        del kind
        await self._hosted.drop_provider()


class _VenuePlace:
    def __init__(self, hosted: HostedConnector) -> None:
        self._hosted = hosted

    async def attach(self, connection_id: int, name: str, venue: Venue, clock: Clock) -> None:
        del connection_id, name
        await self._hosted.use_venue(venue, clock)

    async def detach(self, connection_id: int, venue: Venue) -> None:
        del connection_id, venue
        await self._hosted.drop_venue()
