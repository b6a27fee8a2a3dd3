"""Providers with the world around them, for the acceptance list: the simulated, the limited and the recorded market."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from mesolive.clock import ManualClock
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive.market.provider import Provider
from mesolive.market.providers.chain_files import read_chain_file
from mesolive.market.providers.recorded.exports import ExportRecording
from mesolive.market.providers.recorded.provider import RecordedProvider
from mesolive.market.providers.simulated.limited import LimitedProvider
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive_testkit.market.recorded_days import optionsdx

NEW_YORK = ZoneInfo("America/New_York")
BEGIN = datetime(2024, 3, 14, 10, 0, tzinfo=NEW_YORK)
"""A Thursday."""
NEXT_DAY = datetime(2024, 3, 15, 10, 0, tzinfo=NEW_YORK)
CLOSE = datetime(2024, 3, 14, 16, 0, tzinfo=NEW_YORK)


class Rig(Protocol):
    """A provider with its market time, and what its tests do to the world around it.

    A connector's provider gets a class of its own, which does these things to the double of its broker.
    """

    @property
    def provider(self) -> Provider:
        """What is tested."""
        ...

    @property
    def clock(self) -> ManualClock:
        """Market time."""
        ...

    @property
    def is_connected_to_a_broker(self) -> bool:
        """Whether there is a connection that can be lost; a recording has none."""
        ...

    async def quote_all(self) -> None:
        """Let time pass until first quotes are there."""
        ...

    async def until(self, moment: datetime) -> None:
        """Let market time go on to a moment."""
        ...

    async def change(self) -> None:
        """Let time pass until quotes have changed."""
        ...

    async def open(self) -> None:
        """Start the world around the provider."""
        ...

    async def close(self) -> None:
        """End the world around the provider."""
        ...

    async def cut(self) -> None:
        """Cut the connection."""
        ...

    async def restore(self) -> None:
        """Let the connection be made again."""
        ...

    async def fall_silent(self) -> None:
        """Send nothing any more, with the connection alive."""
        ...

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        """Take the permission for contracts away; return whether there is such a thing."""
        ...

    async def flood(self, count: int) -> None:
        """Send so many changes at once."""
        ...

    async def list_more(self) -> None:
        """Let the exchange list new strikes, and time pass until they are there."""
        ...


class SimulatedRig:
    """The generated market."""

    is_connected_to_a_broker = True

    def __init__(self, directory: Path) -> None:
        del directory
        self.clock = ManualClock(BEGIN)
        self.simulated = SimulatedProvider.generated(self.clock, seed=3, step=timedelta(seconds=10))
        self.provider: Provider = self.simulated

    async def open(self) -> None:
        """Do nothing: the provider is its own world."""

    async def close(self) -> None:
        """Do nothing."""

    async def quote_all(self) -> None:
        await self.clock.advance(10)

    async def until(self, moment: datetime) -> None:
        await self.clock.advance((moment - self.clock.now()).total_seconds())

    async def change(self) -> None:
        await self.clock.advance(10)

    async def cut(self) -> None:
        self.simulated.disconnect("the network is down")

    async def restore(self) -> None:
        self.simulated.reconnect()

    async def fall_silent(self) -> None:
        await self.simulated.tasks.stop()
        for book in self.simulated.books.values():
            book.pull = None

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        return False

    async def flood(self, count: int) -> None:
        for number in range(count):
            self.simulated.gap(0.0002 if number % 2 else -0.0002)

    async def list_more(self) -> None:
        self.simulated.gap(0.25)
        await self.until(NEXT_DAY)


class LimitedRig(SimulatedRig):
    """The generated market behind forty lines."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.limited = LimitedProvider(
            self.simulated, self.clock, lines=40, model_every=timedelta(seconds=5), turn=timedelta(milliseconds=250)
        )
        self.provider = self.limited

    async def quote_all(self) -> None:
        await self.clock.advance(25)

    async def cut(self) -> None:
        self.limited.disconnect("the network is down")

    async def restore(self) -> None:
        self.limited.reconnect()

    async def fall_silent(self) -> None:
        self.limited.fall_silent()

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        self.limited.revoke(contracts)
        return True

    async def until(self, moment: datetime) -> None:
        # Nothing happens at night: the model need not be fitted thousands of times.
        await self.limited.tasks.stop()
        await super().until(moment - timedelta(seconds=10))
        self.limited.go_on()
        await super().until(moment)


class RecordedTime:
    """What the tests of a recording do: all of it is to let market time go on."""

    is_connected_to_a_broker = False
    clock: ManualClock
    begin: datetime

    async def quote_all(self) -> None:
        await self.clock.advance(1)

    async def until(self, moment: datetime) -> None:
        await self.clock.advance((moment - self.clock.now()).total_seconds())

    async def change(self) -> None:
        await self.clock.advance(60)

    async def cut(self) -> None:
        raise NotImplementedError

    restore = cut

    async def fall_silent(self) -> None:
        await self.clock.advance(200)  # after the records of the morning

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        return False

    async def flood(self, count: int) -> None:
        raise NotImplementedError

    async def list_more(self) -> None:
        await self.until(self.begin + timedelta(days=1))


def two_days(directory: Path, begin: datetime) -> list[Path]:
    """Write two days of chains, the second with other strikes; return the files."""
    next_day = begin + timedelta(days=1)
    days = [begin.date(), next_day.date(), (next_day + timedelta(days=28)).date()]
    first = [begin + timedelta(minutes=minutes) for minutes in (0, 1, 2, 3)] + [begin.replace(hour=16, minute=0)]
    second = [next_day + timedelta(minutes=minutes) for minutes in (-15, 0, 1)]
    return [
        optionsdx(directory / "spx_1.txt", first, days),
        optionsdx(directory / "spx_2.txt", second, days[1:], level=4625.0 + 12.5),
    ]


class RecordedRig(RecordedTime):
    """Two days of recorded chains, the second with other strikes."""

    def __init__(self, directory: Path) -> None:
        exports = [export for file in two_days(directory, BEGIN) for export in read_chain_file(file).exports]
        self.begin = BEGIN
        self.clock = ManualClock(BEGIN)
        self.provider: Provider = RecordedProvider(
            [ExportRecording(exports, us_options_calendar())], self.clock, us_options_calendar()
        )

    async def open(self) -> None:
        """Do nothing: the recording is its own world."""

    async def close(self) -> None:
        """Do nothing."""
