"""Recorded connector: reads a recording, and replays it on a market time of its own beside live providers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import structlog

from mesolive.clock import Clock, DerivedClock, MonotonicClock, WallClock
from mesolive.connectors.market_time import MarketTimeFile, read_moment
from mesolive.connectors.protocol import (
    Check,
    ConnectionReport,
    ConnectorError,
    ConnectorRequest,
    ConnectorState,
    ConnectorStatus,
    Finding,
    Problem,
)
from mesolive.connectors.recorded.settings import RecordedSettings
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.providers.recorded.provider import RecordedProvider, begins_at, ends_at
from mesolive.market.providers.recorded.recordings import Recording, RecordingError, open_recordings
from mesolive.market.quality import QuoteQuality
from mesolive.venues.account_facts import BrokerFacts, DiscoveredAccount
from mesolive_sdk.models import AgentStatus

_log = structlog.get_logger(__name__)

REPLAY_AGAIN = "To replay it again, remove the connector and add it anew."


class RecordedConnector:
    """A connection to a recording; implements `mesolive.connectors.protocol.Connector`. It has no accounts.

    The recording is read at the first connection, in a thread: a month of minute bars takes seconds.
    """

    def __init__(self, request: ConnectorRequest) -> None:
        self._settings = cast("RecordedSettings", request.settings)
        self._folder: Path | None = request.recordings
        self._calendar = request.calendar
        # Replays do not follow corrections of the computer's clock: their market time would go back.
        self._base: Clock = MonotonicClock() if isinstance(request.clock, WallClock) else request.clock
        self._time_file = MarketTimeFile(request.folder, self._settings.recording)
        self._connected = False
        self.clock: Clock = request.clock
        self.provider: RecordedProvider | None = None
        self.venue = None
        self.status_changes = ChangeSignal()

    @property
    def status(self) -> ConnectorStatus:
        """The present state: restricted once the recording has ended."""
        if not self._connected or self.provider is None:
            return ConnectorStatus(ConnectorState.DISCONNECTED, "disconnected")
        market = self.provider.status
        if market.state is AgentStatus.Connected:
            return ConnectorStatus(ConnectorState.CONNECTED)
        return ConnectorStatus(ConnectorState.RESTRICTED, market.message, REPLAY_AGAIN)

    async def connect(self) -> None:
        """Read the recording, and start or continue its replay."""
        if self.provider is None:
            recordings = await self._read()
            self.clock = DerivedClock(self._base, self._beginning(recordings), self._settings.speed)
            self.provider = RecordedProvider(recordings, self.clock, self._calendar)
            self.provider.status_changes.lead(self.status_changes)
        await self.provider.start()
        # From now on quotes of this time may be decided on: a kill in the next moment must not let it go back.
        self._time_file.keep(self.clock)
        self._connected = True
        self.status_changes.bump()

    async def disconnect(self) -> None:
        """Stop the replay; its market time continues."""
        if self.provider is not None:
            await self.provider.stop()
            self._time_file.keep(self.clock, ended=True)
        self._connected = False
        self.status_changes.bump()

    async def test(self) -> ConnectionReport:
        """Read the recording, and report its contents."""
        try:
            recordings = await self._read()
        except ConnectorError as error:
            return ConnectionReport([Finding("recording", Check.FAILED, error.message, error.remedy)])
        findings = [
            Finding(
                f"recording {recording.listing.underlying.symbol}",
                Check.OK,
                f"{len(recording.days)} days, from {recording.begins_at:%Y-%m-%d %H:%M} "
                f"to {ends_at([recording]):%Y-%m-%d %H:%M} UTC",
            )
            for recording in recordings
        ]
        notes = [note for recording in recordings for note in recording.notes]
        findings += [Finding("recording", Check.WARNING, note) for note in notes]
        findings.append(Finding("accounts", Check.OK, "none: it brings market data alone"))
        quality = {recording.listing.underlying.symbol: QuoteQuality.LIVE for recording in recordings}
        return ConnectionReport(findings, (), dict(quality))

    async def accounts(self) -> Sequence[DiscoveredAccount]:
        """Return no account, and remember how far market time has come."""
        self._time_file.keep(self.clock)
        return ()

    async def account_facts(self, account_id: str) -> BrokerFacts:
        """Raise: there are no accounts."""
        raise ConnectorError(Problem.SETTINGS, f"a recording has no account {account_id}")

    async def _read(self) -> Sequence[Recording]:
        name = self._settings.recording
        if self._folder is None:
            raise ConnectorError(Problem.SETTINGS, "this server has no folder for recordings")
        remedy = "Put recordings into the folder recordings beside the server's data."
        try:
            return await asyncio.to_thread(open_recordings, self._folder / name, self._calendar)
        except OSError as error:
            raise ConnectorError(Problem.SETTINGS, f"{name} cannot be read: {error.strerror}", remedy) from None
        except RecordingError as error:
            raise ConnectorError(Problem.SETTINGS, str(error), remedy) from None

    def _beginning(self, recordings: Sequence[Recording]) -> datetime:
        """Return where market time begins: as set, but not before what it has reached.

        That may be the end of the recording. What another recording had reached counts as far as this one goes on
        from there.
        """
        first, last = begins_at(recordings), ends_at(recordings)
        start = read_moment(self._settings.start) if self._settings.start else first
        if start > last:
            text = f"{self._settings.recording} ends at {last:%Y-%m-%d %H:%M} UTC, before the start"
            raise ConnectorError(Problem.SETTINGS, text, "Set another start.")
        record = self._time_file.reached_in(self._settings.speed)
        if record is None:
            return start
        reached, is_same = record
        if reached > last and not is_same:
            _log.warning("market_time_went_back", to=start.isoformat(), stored_until=reached.isoformat())
            return start
        return min(max(start, reached), last)
