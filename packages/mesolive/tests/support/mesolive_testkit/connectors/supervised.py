"""Connectors as the server runs them, without a database: made by the registry, connected by the supervisor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from mesolive.clock import Clock, ManualClock
from mesolive.connectors.protocol import Connector, ConnectorRequest, ConnectorStatus
from mesolive.connectors.registry import KINDS
from mesolive.connectors.repository import StoredConnection
from mesolive.connectors.settings_model import read_settings
from mesolive.connectors.simulated.connector import SimulatedConnector
from mesolive.connectors.supervisor import Supervision
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive.market.provider import Provider
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.venues.base import Venue
from mesolive_testkit.connectors import QUICK
from mesolive_testkit.market.provider_rigs import RecordedTime, two_days
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.venues.benches import Bench

SECONDS = 60.0


class StartingVenues:
    """Starts and stops venues as the execution engine does, and opens no session of its own."""

    async def attach(self, connection_id: int, name: str, venue: Venue, clock: Clock) -> None:
        await venue.start()

    async def detach(self, connection_id: int, venue: Venue) -> None:
        await venue.stop()


class SupervisedConnector:
    """A connector of a kind with its supervisor, and the market that it is attached to.

    Parameters
    ----------
    folder
        The connection's own folder; recordings lie in `recordings` beside it.
    """

    def __init__(self, kind: str, folder: Path, clock: Clock, market: Market | None = None, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        known = KINDS[kind]
        given = read_settings(known.settings, settings)
        calendar = us_options_calendar()
        request = ConnectorRequest("tested", given, folder, clock, calendar, folder.parent / "recordings")
        self.connector: Connector = known.open(request)
        self.market = Market() if market is None else market
        stored = StoredConnection(1, 1, "tested", kind, settings, True, datetime(2024, 1, 1, tzinfo=UTC))
        self.supervision = Supervision(stored, self.connector, self.market, StartingVenues(), self, clock, QUICK)
        self._changed = asyncio.Condition()

    async def state_changed(self, connection: StoredConnection, status: ConnectorStatus) -> None:
        """Let those look again who wait for a state."""
        async with self._changed:
            self._changed.notify_all()

    async def accounts_read(self, connection: StoredConnection, connector: Connector) -> None:
        """Read accounts, and store nothing."""
        await connector.accounts()

    async def start(self) -> None:
        """Start the supervisor, and wait until the connector is connected and attached."""
        self.supervision.start()
        await self.until_connected()

    async def until_connected(self) -> None:
        async with asyncio.timeout(SECONDS), self._changed:
            await self._changed.wait_for(lambda: self.connector.status.state.is_connected and self._is_attached())

    def _is_attached(self) -> bool:
        provider, venue = self.connector.provider, self.connector.venue
        return (provider is None or provider.name in self.market.providers) and (venue is None or self.venue_is_up())

    def venue_is_up(self) -> bool:
        return self.supervision._venue_attached

    async def stop(self) -> None:
        """Stop the supervisor, which disconnects and detaches."""
        await self.supervision.stop()


class SimulatedConnectorRig:
    """The provider of the simulated connector, as the acceptance list of providers runs it."""

    is_connected_to_a_broker = True

    def __init__(self, directory: Path, begin: datetime) -> None:
        self._leaping = JumpingClock(begin)
        self.clock: ManualClock = self._leaping
        self._supervised = SupervisedConnector("simulated", directory / "1", self.clock, seed="3")
        self._connector = cast("SimulatedConnector", self._supervised.connector)

    @property
    def provider(self) -> Provider:
        return self._simulated

    @property
    def _simulated(self) -> SimulatedProvider:
        provider = self._connector.provider
        assert provider is not None
        return provider

    async def open(self) -> None:
        """Connect."""
        await self._supervised.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._supervised.stop()

    async def quote_all(self) -> None:
        await self.clock.advance(10)

    async def until(self, moment: datetime) -> None:
        await self._leaping.jump(moment, lambda: None)
        await self.clock.advance(0)

    async def change(self) -> None:
        await self.clock.advance(10)

    async def cut(self) -> None:
        self._connector.lose("the network is down", away=True)

    async def restore(self) -> None:
        self._connector.come_back()
        await self._supervised.until_connected()

    async def fall_silent(self) -> None:
        await self._simulated.tasks.stop()
        for book in self._simulated.books.values():
            book.pull = None

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        return False

    async def flood(self, count: int) -> None:
        for number in range(count):
            self._simulated.gap(0.0002 if number % 2 else -0.0002)

    async def list_more(self) -> None:
        self._simulated.gap(0.25)
        await self.until(self.clock.now() + timedelta(days=1))


class RecordedConnectorRig(RecordedTime):
    """The provider of the recorded connector: two days of chains, the second with other strikes."""

    def __init__(self, directory: Path, begin: datetime) -> None:
        two_days(directory / "recordings" / "days", begin)
        self.begin = begin
        self.clock = ManualClock(begin)
        self._supervised = SupervisedConnector("recorded", directory / "1", self.clock, recording="days")

    @property
    def provider(self) -> Provider:
        provider = self._supervised.connector.provider
        assert provider is not None
        return provider

    async def open(self) -> None:
        """Connect."""
        await self._supervised.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._supervised.stop()


class ConnectorBench(Bench):
    """The venue of the simulated connector, as the acceptance list of venues runs it."""

    @classmethod
    def made(cls, directory: Path, begin: datetime) -> Bench:
        """Return the bench of a connector whose market stands still until it is moved."""
        return cls(directory, Market(), JumpingClock(begin))

    async def open(self) -> None:
        self._supervised = SupervisedConnector(
            "simulated", self.directory / "1", self.clock, self.market, seed="7", displayed="2"
        )
        await self._supervised.start()
        self.venue = self._supervised.connector.venue

    async def close(self) -> None:
        await self._supervised.stop()

    async def restart(self) -> None:
        await self._supervised.stop()
        await self.open()
