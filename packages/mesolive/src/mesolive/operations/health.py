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
from dataclasses import dataclass, field
from datetime import datetime
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
from mesolive.operations.resources import LoopLag, open_files
from mesolive.signals.stats import EvaluationStats
from mesolive.store.database import Database, Transaction
from mesolive.store.tables.journal import active_events
from mesolive.streams.conflation import ConflationWindow
from mesolive.tasks import TaskRegistry, Tasks, TaskState
from mesolive.trading.execution.halts import count_halts
from mesolive.trading.execution.reconciliation import ReconciliationEngine
from mesolive.trading.orders.open_orders import count_open, count_unresolved, oldest_unresolved
from mesolive.trading.portfolio.position_queries import count_living
from mesolive.trading.preparation.jobs import count_all_running
from mesolive_sdk.models import AgentStatus

EVERY_SECONDS = 5.0
"""Seconds between two health checks."""

ANSWER_SECONDS = 10.0
"""How long the database may take to answer a health check."""

LATE_SECONDS = 30.0
"""How long a transient problem may last before it counts as a failure."""

UNRESOLVED_SECONDS = 120.0
"""How long, in market time, an order may stay in doubt before it is a failure."""

STUCK_SECONDS = 60.0
"""Seconds without a completed check after which the values are stale, which is a failure."""

LAG_SECONDS = 1.0
"""A delay of the event loop that clients notice."""

FILES_SHARE = 0.9

RECENT_SECONDS = 600.0
"""For how long a restarted task is a warning after its failure."""

LITTLE_SPACE = 512 * 1024 * 1024
"""Bytes of free space on the database's disk below which health warns."""

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


@dataclass(frozen=True, slots=True)
class MarketVitals:
    """How a provider of market data is doing.

    Attributes
    ----------
    silence
        Market seconds since its last quote or message; `None` before the first.
    """

    connected: bool
    silence: float | None
    message: str


@dataclass(frozen=True, slots=True)
class Vitals:
    """The results of one health check.

    Attributes
    ----------
    database_error
        Why the database cannot be written to; `None` when it can.
    write_seconds
        How long a write took, from asking for it until it was durable.
    size, free
        Bytes of the database's file, and on its disk; `None` where the database is a server.
    counts
        How many there are of each of `_COUNTS`; empty while the database cannot be read.
    oldest_unresolved
        The longest time in market seconds for which the state of an order is in doubt.
    market_open
        Whether the exchange is open.
    venues
        For each venue, for how many seconds there has been no contact; 0 while there is.
    undelivered, delivery_lag
        How many events wait to be delivered, and for how many seconds some have.
    evaluated_ago
        Real seconds since the last successful signal evaluation, or since the start; `None` without an evaluator.
    evaluated_every
        How many real seconds are between two.
    loop_lag
        The longest time, in seconds, by which a turn of the event loop was late in the last half minute: everything
        waited for so long.
    stream_window
        For how many seconds changes of live values are gathered into one item: as configured, and at the moment.
    files
        How many file descriptors are open, and how many may be; `None` where that is not known.
    tasks
        The background tasks by their name.
    notices
        Warnings from the start of the server that stay until the next start.
    connectors
        How many enabled connections of each kind are in each state.
    connector_causes
        Why connections do not work as configured, and what to do, without users' data.
    without_market
        Whether the server has no market data provider at all.
    notifications
        How many notification rules are enabled, and how many of them fail.
    """

    database_error: str | None = None
    write_seconds: float = 0.0
    size: int | None = None
    free: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    oldest_unresolved: float = 0.0
    market_open: bool = False
    markets: Mapping[str, MarketVitals] = field(default_factory=dict[str, MarketVitals])
    venues: Mapping[str, float] = field(default_factory=dict[str, float])
    undelivered: int = 0
    delivery_lag: float = 0.0
    evaluated_ago: float | None = None
    evaluated_every: float = 60.0
    loop_lag: float = 0.0
    stream_window: tuple[float, float] | None = None
    tasks: Mapping[str, TaskState] = field(default_factory=dict[str, TaskState])
    notices: Sequence[str] = ()
    files: tuple[int, int] | None = None
    connectors: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    connector_causes: Sequence[str] = ()
    without_market: bool = False
    notifications: tuple[int, int] = (0, 0)


def scarce(files: tuple[int, int]) -> bool:
    """Return whether nearly all file descriptors are in use."""
    used, limit = files
    return used >= FILES_SHARE * limit


def failures(vitals: Vitals) -> list[str]:
    """Return the failures that stop the server from working, in words; empty when there are none."""
    result: list[str] = []
    if vitals.database_error is not None:
        result.append(f"the database cannot be written to: {vitals.database_error}")
    if vitals.market_open:
        result += [
            f"market data of {name}: {market.message}"
            for name, market in vitals.markets.items()
            if not market.connected
        ]
    result += [
        f"no contact to the {name} venue for {seconds:.0f} s"
        for name, seconds in vitals.venues.items()
        if seconds > LATE_SECONDS
    ]
    if vitals.delivery_lag > LATE_SECONDS:
        result.append(f"{vitals.undelivered} events have waited to be delivered for {vitals.delivery_lag:.0f} s")
    if vitals.evaluated_ago is not None and vitals.evaluated_ago > 2 * vitals.evaluated_every + LATE_SECONDS:
        result.append(f"signals were last evaluated {vitals.evaluated_ago:.0f} s ago")
    result += [
        f"the task {name!r} has made no progress for {task.turn_age:.0f} s"
        for name, task in vitals.tasks.items()
        if task.stuck
    ]
    return result


def warnings(vitals: Vitals) -> list[str]:
    """Return the warnings for the operator, in words; the server works in spite of them."""
    result: list[str] = [*vitals.notices]
    if vitals.without_market and not vitals.connectors:
        result.append("no connector is configured, so there are neither quotes nor venues: see mesolive connector add")
    result += [
        f"{number} {'connector' if number == 1 else 'connectors'} of kind {kind}: {state}; mesolive connector list "
        f"tells {'its owner' if number == 1 else 'their owners'} why"
        for kind, states in vitals.connectors.items()
        for state, number in states.items()
        if state != "Connected"
    ]
    if failing := vitals.notifications[1]:
        result.append(
            f"{failing} notification {'rule fails' if failing == 1 else 'rules fail'}; mesolive notify list tells "
            f"{'its owner' if failing == 1 else 'their owners'} why"
        )
    result += vitals.connector_causes
    if vitals.loop_lag > LAG_SECONDS:
        result.append(
            f"the event loop was held up for {vitals.loop_lag:.1f} s: the machine is too small, or clients ask too much"
        )
    if vitals.stream_window is not None and vitals.stream_window[1] > vitals.stream_window[0]:
        configured, now = vitals.stream_window
        result.append(
            f"live values come every {now * 1000:.0f} ms in place of {configured * 1000:.0f} ms: clients stream more "
            "than this machine can value"
        )
    if vitals.files is not None and scarce(vitals.files):
        used, limit = vitals.files
        result.append(f"{used:,} of {limit:,} file descriptors are open: further connections are refused (ulimit -n)")
    if vitals.oldest_unresolved > UNRESOLVED_SECONDS:
        number = vitals.counts["unresolved orders"]
        orders = f"{number} order{'' if number == 1 else 's'}"
        result.append(f"what became of {orders} is not known, for {vitals.oldest_unresolved:.0f} s by now")
    if vitals.counts.get("errors"):
        number = vitals.counts["errors"]
        result.append(
            f"{number} {'error is' if number == 1 else 'errors are'} active; the Event Hub tells their owners which"
        )
    if vitals.counts.get("halts"):
        number = vitals.counts["halts"]
        result.append(f"{number} halt{'' if number == 1 else 's'} in force: orders are refused until mesolive resume")
    if vitals.free is not None and vitals.free < LITTLE_SPACE:
        result.append(f"the database's disk has {vitals.free / 1024**2:,.0f} MB left")
    result += [
        f"the task {name!r} failed {task.failure_age:.0f} s ago ({task.error}), for the {_ordinal(task.failures)} time"
        for name, task in vitals.tasks.items()
        if task.failure_age is not None and task.failure_age < RECENT_SECONDS
    ]
    return result


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def report(vitals: Vitals, market_time: datetime) -> dict[str, Any]:
    """Return what `/health` answers: `ok`, `warning` or `failing`, the reasons, and the values behind them."""
    failing, warning = failures(vitals), warnings(vitals)
    return {
        "status": "failing" if failing else "warning" if warning else "ok",
        "failures": failing,
        "warnings": warning,
        "market_time": market_time.isoformat(timespec="seconds"),
        "market_open": vitals.market_open,
        "database": {
            "writable": vitals.database_error is None,
            "write_seconds": round(vitals.write_seconds, 6),
            "size_bytes": vitals.size,
            "free_bytes": vitals.free,
        },
        "markets": {
            name: {"connected": market.connected, "silence_seconds": market.silence, "message": market.message}
            for name, market in vitals.markets.items()
        },
        "connectors": {kind: dict(states) for kind, states in vitals.connectors.items()},
        "notifications": {"rules": vitals.notifications[0], "failing": vitals.notifications[1]},
        "venues": {name: {"in_contact": seconds == 0} for name, seconds in vitals.venues.items()},
        "events": {"undelivered": vitals.undelivered, "lag_seconds": round(vitals.delivery_lag, 3)},
        "signals": {"evaluated_seconds_ago": None if vitals.evaluated_ago is None else round(vitals.evaluated_ago, 3)},
        "event_loop": {"lag_seconds": round(vitals.loop_lag, 3)},
        "streams": None if vitals.stream_window is None else {"window_seconds": round(vitals.stream_window[1], 3)},
        "files": None if vitals.files is None else {"open": vitals.files[0], "limit": vitals.files[1]},
        "tasks": {
            name: {
                "running": task.running,
                "ended": task.ended,
                "turns": task.turns,
                "last_turn_seconds_ago": round(task.turn_age, 3),
                "failures": task.failures,
            }
            for name, task in vitals.tasks.items()
        },
        "counts": {name.replace(" ", "_"): number for name, number in vitals.counts.items()},
    }


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

    async def start(self) -> None:
        """Run the checks once, and periodically from then on."""
        await self.lag.start()
        await self.look()
        self.tasks.start_periodic("health", self.look, EVERY_SECONDS, turn_limit=STUCK_SECONDS)

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
                _log.warning("event_loop_held_up", seconds=round(held_up, 1))
                error = self._stored.database_error
            elif self._stored.database_error != error:
                _log.error("database_not_writable", error=error)
        if error is None and self._stored.database_error is not None:
            _log.info("database_writable_again")
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
            _log.error("file_descriptors_scarce", open=files[0], limit=files[1], hint="raise ulimit -n (LimitNOFILE)")
        self._files_low = low
        return files

    def _markets(self) -> dict[str, MarketVitals]:
        now = self._clock.now()
        result: dict[str, MarketVitals] = {}
        for kind in self._market.built_in:
            status, received = self._market.status(kind), self._market.last_received_at(kind)
            silence = None if received is None else max(0.0, (now - received).total_seconds())
            result[kind.name] = MarketVitals(status.state is AgentStatus.Connected, silence, status.message)
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
