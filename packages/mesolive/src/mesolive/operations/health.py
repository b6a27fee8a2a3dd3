"""Health checks: periodic checks of the database, disk, market data, venues and tasks, reported by `/health`.

The report holds counts of orders and errors, and no data of a user.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from mesolive.clock import Clock, MonotonicClock
from mesolive.errors import ServiceError
from mesolive.journal.deliverer import Deliverer
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market
from mesolive.operations.resources import LoopLag, open_files, return_free_memory
from mesolive.operations.vitals import MarketVitals, Vitals, report, scarce
from mesolive.signals.stats import EvaluationStats
from mesolive.store.database import Database, Transaction
from mesolive.store.tables.journal import active_events
from mesolive.streams.conflation import ConflationWindow
from mesolive.tasks import TaskRegistry, Tasks
from mesolive.trading.execution.halts import count_halts
from mesolive.trading.execution.reconciliation import ReconciliationEngine
from mesolive.trading.orders.open_orders import count_open, count_unresolved, oldest_unresolved
from mesolive.trading.portfolio.position_queries import count_living
from mesolive.trading.preparation.jobs import count_all_running
from mesolive_sdk.models import AgentStatus

EVERY_SECONDS = 5.0
"""Seconds between two health checks."""

FREE_MEMORY_SECONDS = 3600.0
"""Seconds between two returns of free memory to the operating system."""

ANSWER_SECONDS = 10.0
"""How long the database may take to answer a health check."""

STUCK_SECONDS = 60.0
"""Seconds without a completed check after which the values are stale, which is a failure."""

# Changes no value, but must reach the disk like every write: it fails where the database cannot be written.
_TOUCH = text("UPDATE alembic_version SET version_num = version_num")
_NO_USER = 0
"""The user id of the test write: on PostgreSQL it then waits for no real user's writers."""


async def _count_errors(tx: Transaction) -> int:
    errors = select(func.count()).select_from(active_events).where(active_events.c.subject.startswith("error:"))
    return int(await tx.scalar(errors))


_COUNTS: Mapping[str, Callable[[Transaction], Awaitable[int]]] = {
    "open orders": count_open,
    "unresolved orders": count_unresolved,
    "open positions": count_living,
    "preparations": count_all_running,
    "halts": count_halts,
    "errors": _count_errors,
}

_log = structlog.get_logger(__name__)


async def _return_free_memory() -> None:
    return_free_memory()


class Health:
    """Runs the health checks periodically and keeps the last results.

    Parameters
    ----------
    file
        The database's file; `None` where it is a server.
    pulse
        The progress of the signal evaluator; `None` in a replay, which evaluates by itself.
    evaluated_every
        Real seconds between two evaluations.
    registry
        The tasks of all parts.
    notices
        Warnings that stand until the next start.
    stream_window
        The conflation window of the live values.
    connectors
        Returns how many enabled connections of each kind are in each state.
    notifications
        Returns how many notification rules are enabled, and how many of them fail.
    """

    def __init__(
        self,
        database: Database,
        file: Path | None,
        market: Market,
        calendar: ExchangeCalendar,
        clock: Clock,
        supervisors: list[ReconciliationEngine],
        deliverer: Deliverer,
        pulse: EvaluationStats | None,
        *,
        evaluated_every: float = 60.0,
        registry: TaskRegistry | None = None,
        notices: Sequence[str] = (),
        pace: Clock | None = None,
        stream_window: ConflationWindow | None = None,
        connectors: Callable[[], Mapping[str, Mapping[str, int]]] = dict,
        notifications: Callable[[], tuple[int, int]] = lambda: (0, 0),
        connector_causes: Callable[[], Sequence[str]] = list,
    ) -> None:
        self._notifications = notifications
        self._connector_causes = connector_causes
        self._connectors = connectors
        self._database = database
        self._file = file
        self._market = market
        self._calendar = calendar
        self._clock = clock
        self._supervisors = supervisors
        self._deliverer = deliverer
        self._pulse = pulse
        self._every = evaluated_every
        self._since: dict[str, float] = {}
        self._started = time.monotonic()
        self._stored = Vitals()
        self._notices = notices
        self._stream_window = stream_window
        self._pace = pace or MonotonicClock()
        self.registry = registry or TaskRegistry()
        self.tasks = Tasks(self._pace)
        self.lag = LoopLag(self._pace)
        self._files_low = False
        self._checking = asyncio.Lock()

    async def start(self) -> None:
        """Run the checks once, and periodically from then on."""
        await self.lag.start()
        await self.look()
        self.tasks.start_periodic("health", self.look, EVERY_SECONDS, turn_limit=STUCK_SECONDS)
        self.tasks.start_periodic("free memory", _return_free_memory, FREE_MEMORY_SECONDS)

    async def stop(self) -> None:
        """Stop the checks."""
        await self.tasks.stop()
        await self.lag.stop()

    @property
    def vitals(self) -> Vitals:
        """The current results: of the database from the last check, of all else at this moment."""
        now, seen = time.monotonic(), self._stored
        behind = self._deliverer.behind
        pulse, window = self._pulse, self._stream_window
        return Vitals(
            database_error=seen.database_error,
            write_seconds=seen.write_seconds,
            size=seen.size,
            free=seen.free,
            counts=seen.counts,
            oldest_unresolved=seen.oldest_unresolved,
            market_open=self._calendar.is_open(self._clock.now()),
            markets=self._markets(),
            venues={
                supervisor.venue_name: self._lasting(
                    f"venue {supervisor.venue_name}", now, lasts=not supervisor.in_contact
                )
                for supervisor in self._supervisors
            },
            undelivered=behind,
            delivery_lag=self._lasting("events", now, lasts=behind > 0),
            evaluated_ago=None if pulse is None else now - max(pulse.succeeded_at[0], self._started),
            evaluated_every=self._every,
            loop_lag=self.lag.worst,
            stream_window=None if window is None else (window.configured, window.seconds),
            files=seen.files,
            tasks=self.registry.states(),
            notices=self._notices,
            connectors=self._connectors(),
            connector_causes=self._connector_causes(),
            without_market=not self._market.providers,
            notifications=self._notifications(),
        )

    def report(self) -> dict[str, Any]:
        """Return what `/health` answers."""
        return report(self.vitals, self._clock.now())

    async def look(self) -> None:
        """Check the database now."""
        # One after another: a check that began while the database was locked must not end after one that found it free.
        async with self._checking:
            await self._check()

    async def _check(self) -> None:
        error: str | None = None
        asked = self._pace.now()
        counts: dict[str, int] = {}
        oldest = 0.0
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                async with self._database.write(_NO_USER) as tx:
                    await tx.execute(_TOUCH)
                took = time.monotonic() - began
                async with self._database.read() as tx:
                    counts = {name: await count(tx) for name, count in _COUNTS.items()}
                    since = await oldest_unresolved(tx)
            if since is not None:
                oldest = max(0.0, (self._clock.now() - since).total_seconds())
        except (ServiceError, SQLAlchemyError, OSError, TimeoutError) as problem:
            took = time.monotonic() - began
            error = _kind(problem)
            held_up = self.lag.total_since(asked)
            if held_up > took / 2 and isinstance(problem, ServiceError | TimeoutError):
                # The event loop was late, so a slow answer says nothing about the database.
                _log.warning("event_loop_blocked", seconds=round(held_up, 1))
                error = self._stored.database_error
            elif self._stored.database_error != error:
                _log.error("database_not_writable", error=error)
        if error is None and self._stored.database_error is not None:
            _log.info("database_recovered")
        size, free = _space(self._file)
        self._stored = Vitals(
            database_error=error,
            write_seconds=took,
            size=size,
            free=free,
            counts=counts,
            oldest_unresolved=oldest,
            files=self._files(),
        )

    def _files(self) -> tuple[int, int] | None:
        """Count the open files, and log once when they become scarce: connections are refused then without a trace."""
        files = open_files()
        low = files is not None and scarce(files)
        if low and not self._files_low and files is not None:
            _log.error("file_descriptors_ran_low", open=files[0], limit=files[1], hint="raise ulimit -n (LimitNOFILE)")
        self._files_low = low
        return files

    def _markets(self) -> dict[str, MarketVitals]:
        now = self._clock.now()
        result: dict[str, MarketVitals] = {}
        for kind in self._market.built_in:
            status, received = self._market.status(kind), self._market.last_received_at(kind)
            silence = None if received is None else max(0.0, (now - received).total_seconds())
            in_session = self._market.in_session(self._calendar, self._clock, kind)
            result[kind.name] = MarketVitals(
                connected=status.state is AgentStatus.Connected,
                silence=silence,
                message=status.message,
                in_session=in_session,
            )
        return result

    def _lasting(self, what: str, now: float, *, lasts: bool) -> float:
        """Return for how many seconds something has lasted without a break."""
        if not lasts:
            self._since.pop(what, None)
            return 0.0
        return now - self._since.setdefault(what, now)


def _kind(problem: BaseException) -> str:
    """Return what is wrong without anything that is stored: SQLite's own words, of others the kind of the exception."""
    if isinstance(problem, ServiceError):
        return problem.message
    behind: object = getattr(problem, "orig", None) or problem
    return str(behind) if isinstance(behind, sqlite3.Error) else type(behind).__name__


def _space(file: Path | None) -> tuple[int | None, int | None]:
    """Return the size of a database with its SQLite log files, and the free space on its disk, in bytes."""
    if file is None:
        return None, None
    size: int | None = None
    for name in (file, file.with_name(f"{file.name}-wal")):
        with contextlib.suppress(OSError):
            size = (size or 0) + name.stat().st_size
    with contextlib.suppress(OSError):
        return size, shutil.disk_usage(file.parent).free
    return size, None
