"""Replays recorded market data on the server's clock, without look-ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np

from mesolive.clock import Clock
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.moments import from_micros, to_micros
from mesolive.market.provider import ProviderStatus
from mesolive.market.providers.recorded.recording import Recording, RecordingError
from mesolive.tasks import Tasks, Turns
from mesolive_sdk.models import AgentStatus, DataProviderType


class RecordedProvider:
    """Plays recordings at the times at which they were made.

    The clock decides about the pace: with a `ScaledClock` the session runs at its speed, a `ReplayClock` can be paused
    and changes its speed, a `ManualClock` plays as fast as it is advanced. What happens depends on the recorded times
    alone, so that two runs are the same.

    Parameters
    ----------
    recordings
        At least one, each of another underlying.
    clock
        Market time; should start at `begins_at`.
    calendar
        The exchange's sessions.

    Raises
    ------
    RecordingError
        When there is no recording, or two are of one underlying.
    """

    def __init__(self, recordings: Sequence[Recording], clock: Clock, calendar: ExchangeCalendar | None = None) -> None:
        self.status_changes = ChangeSignal()
        self._recordings = {recording.listing.underlying.symbol: recording for recording in recordings}
        if not recordings or len(self._recordings) < len(recordings):
            raise RecordingError("a replay needs recordings, each of another underlying")
        self._clock = clock
        calendar = calendar or us_options_calendar()
        self._books = {
            symbol: QuoteBook(recording.listing, clock, calendar, mute_after=recording.silence)
            for symbol, recording in self._recordings.items()
        }
        self._moments = np.unique(np.concatenate([recording.moments for recording in recordings]))
        self._played = 0
        self._status = ProviderStatus(AgentStatus.Disconnected, "not started")
        self._running = False
        self.tasks = Tasks()

    @property
    def name(self) -> DataProviderType:
        """The kind of provider: `Recorded`."""
        return DataProviderType.Recorded

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The recorded underlyings."""
        return tuple(recording.listing.underlying for recording in self._recordings.values())

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """The quote books by symbol."""
        return self._books

    @property
    def status(self) -> ProviderStatus:
        """How the replay is doing; disconnected once it has ended."""
        return self._status

    @property
    def ends_at(self) -> datetime:
        """The time of the last record."""
        return ends_at(list(self._recordings.values()))

    @property
    def days(self) -> Sequence[date]:
        """The exchange-local dates on which options are quoted, ascending."""
        return sorted({day for recording in self._recordings.values() for day in recording.days})

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing: all recorded contracts are played."""

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing, as `subscribe`."""

    async def start(self) -> None:
        """Apply all records up to now and start the replay; one that was stopped continues at the clock's time.

        Raises
        ------
        RuntimeError
            When it runs.
        """
        if self._running:
            raise RuntimeError("the replay runs")
        now = self._clock.now()
        for symbol, recording in self._recordings.items():
            self._books[symbol].history = recording.history
        self._set_status(ProviderStatus(AgentStatus.Connected, connected_at=now))
        self._play(now)
        for book in self._books.values():
            book.pull = self._play
        self._running = True
        self.tasks.start_loop("recorded market", self._run, may_return=True, failed=self._failed)
        await asyncio.sleep(0)  # the task now waits for the next moment

    async def stop(self) -> None:
        """End the replay."""
        if not self._running:
            return
        self._running = False
        for book in self._books.values():
            book.pull = None
        await self.tasks.stop()
        self._set_status(ProviderStatus(AgentStatus.Disconnected, "stopped"))

    async def _run(self, turns: Turns) -> None:
        if self._status.state is not AgentStatus.Connected:
            # Started again after a failure: the replay goes on behind the moment that could not be played.
            self._set_status(ProviderStatus(AgentStatus.Connected, connected_at=self._clock.now()))
        while self._played < len(self._moments):
            upcoming = _moment(self._moments[self._played])
            await self._clock.sleep((upcoming - self._clock.now()).total_seconds())
            self._play(self._clock.now())
            turns.turned()
        self._set_status(ProviderStatus(AgentStatus.Disconnected, "the recording has ended"))

    def _failed(self, error: BaseException | None) -> None:
        self._set_status(ProviderStatus(AgentStatus.Error, f"the replay failed: {type(error).__name__}"))

    def _play(self, now: datetime) -> None:
        """Apply all records up to `now`, in order of time."""
        until, played = to_micros(now), False
        while self._played < len(self._moments) and self._moments[self._played] <= until:
            micros = int(self._moments[self._played])
            self._played += 1
            for symbol, recording in self._recordings.items():
                at = int(np.searchsorted(recording.moments, micros))
                if at < len(recording.moments) and recording.moments[at] == micros:
                    recording.apply(self._books[symbol], micros)
            played = True
        if played:
            for book in self._books.values():
                book.note_volatility(now)

    def _set_status(self, status: ProviderStatus) -> None:
        self._status = status
        self.status_changes.bump()


def begins_at(recordings: Sequence[Recording]) -> datetime:
    """Return where the clock of a replay should start: when the first option was quoted."""
    return min(recording.begins_at for recording in recordings)


def ends_at(recordings: Sequence[Recording]) -> datetime:
    """Return the time of the last record."""
    return max(_moment(recording.moments[-1]) for recording in recordings)


def _moment(micros: np.int64 | int) -> datetime:
    moment = from_micros(int(micros))
    assert moment is not None  # noqa: S101 - recorded moments are real times
    return moment
