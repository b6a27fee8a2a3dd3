"""Market clock persistence: stores market time across restarts, and maps real time to market time for retention.

Market time is not real time: a simulation runs faster, stands still while the server is stopped, and another market may
follow with another date. So the server stores pairs of market time and real time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from sqlalchemy import delete, insert, select

from mesolive.clock import Clock, WallClock
from mesolive.store.database import NOT_STORED, Database, Transaction, WriteTransaction
from mesolive.store.tables.server import market_times, server_state
from mesolive.tasks import Tasks

SAVE_SECONDS = 5.0
"""Real time between two writes of market time: after a crash market time restarts at most this much earlier."""

COURSE_STEP = timedelta(hours=1)
"""Real time between two rows of the course of market time."""

COURSE_RETENTION = timedelta(days=3700)
"""How long rows of the course are kept: longer than the longest retention period."""

MARKET_TIME = "market_time"

_log = structlog.get_logger(__name__)


class MarketTime(msgspec.Struct, frozen=True, kw_only=True):
    """The last stored market time of a market.

    Attributes
    ----------
    source
        Which market it is the time of.
    start
        The start that was asked for when this market's time began; `None` for the market's own beginning.
    reached
        The last stored market time.
    """

    source: str
    start: datetime | None
    reached: datetime


async def read_market_time(database: Database) -> MarketTime | None:
    """Return the last market time of the run before, or `None` before the first run."""
    async with database.read() as tx:
        return await _read(tx)


async def _read(tx: Transaction) -> MarketTime | None:
    value: str | None = await tx.scalar(select(server_state.c.value).where(server_state.c.name == MARKET_TIME))
    return None if value is None else msgspec.json.decode(value, type=MarketTime)


async def put_state(tx: WriteTransaction, name: str, value: object, at: datetime) -> None:
    """Keep a value in place of the one that has this name."""
    await tx.execute(delete(server_state).where(server_state.c.name == name))
    text = msgspec.json.encode(value).decode()
    await tx.execute(insert(server_state).values(name=name, value=text, noted_at=at))


class MarketClockRecorder:
    """Stores market time at the start, every few seconds, and at the stop.

    Parameters
    ----------
    clock
        Market time.
    source, start
        As in `MarketTime`.
    wall
        Real time.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        source: str,
        start: datetime | None,
        *,
        wall: Clock | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._start = start
        self._wall = wall or WallClock()
        self._course_at: datetime | None = None
        self.tasks = Tasks()

    async def start(self) -> None:
        """Store market time now, and periodically from then on."""
        await self.note()
        self.tasks.start_periodic("market time", self.note, SAVE_SECONDS)

    async def stop(self) -> None:
        """Store the last market time."""
        await self.tasks.stop()
        try:
            await self.note()
        except NOT_STORED as error:
            # The stop goes on: market time then begins a few seconds earlier after the restart.
            _log.warning("market_time_not_stored", error=type(error).__name__)

    async def note(self) -> None:
        """Note the present moment, with a row of the course at the start and when the last one is an hour old."""
        wall, now = self._wall.now(), self._clock.now()
        async with self._database.write() as tx:
            await put_state(tx, MARKET_TIME, MarketTime(source=self._source, start=self._start, reached=now), wall)
            if self._course_at is None or not timedelta(0) <= wall - self._course_at < COURSE_STEP:
                await tx.execute(
                    delete(market_times).where(
                        (market_times.c.wall_at == wall) | (market_times.c.wall_at < wall - COURSE_RETENTION)
                    )
                )
                await tx.execute(insert(market_times).values(wall_at=wall, market_at=now))
                tx.after_commit(self._noted(wall))

    def _noted(self, wall: datetime) -> Callable[[], None]:
        def noted() -> None:
            self._course_at = wall

        return noted


class MarketTimeCourse:
    """Market time at real times of the past."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stamped_before(self, moment: datetime) -> datetime | None:
        """Return a market time before which every row was stamped that is older than a real moment.

        Rows that were written since then were stamped later, or at least not before what is returned: the earliest
        market time that was noted from the last note before the moment on. `None` while no note is that old: then it is
        not known of any row that it is.
        """
        async with self._database.read() as tx:
            last: datetime | None = await tx.scalar(
                select(market_times.c.wall_at)
                .where(market_times.c.wall_at <= moment)
                .order_by(market_times.c.wall_at.desc())
                .limit(1)
            )
            if last is None:
                return None
            rows = await tx.all(select(market_times.c.market_at).where(market_times.c.wall_at >= last))
        return min(row.market_at for row in rows)


def reached_before(noted: MarketTime | None, latest: datetime | None, speed: float) -> datetime | None:
    """Return how far market time has come.

    Parameters
    ----------
    noted
        The last note.
    latest
        The time of the newest stored row. A server that was killed stored rows after its last note; a row much later
        than the note belongs to another market.
    speed
        Market seconds per real second.
    """
    if noted is None:
        return latest
    reached = noted.reached.astimezone(UTC)
    slack = timedelta(seconds=60 + 4 * SAVE_SECONDS * speed)
    return latest if latest is not None and reached < latest <= reached + slack else reached
