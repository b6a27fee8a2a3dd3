"""Vitals: the values of a health check, its failures and warnings in words, and the report of `/health`; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mesolive.tasks import TaskState

LATE_SECONDS = 30.0
"""How long a transient problem may last before it counts as a failure."""

UNRESOLVED_SECONDS = 120.0
"""How long, in market time, an order may stay in doubt before it is a failure."""

LAG_SECONDS = 1.0
"""A delay of the event loop that clients notice."""

FILES_SHARE = 0.9

RECENT_SECONDS = 600.0
"""For how long a restarted task is a warning after its failure."""

LITTLE_SPACE = 512 * 1024 * 1024
"""Bytes of free space on the database's disk below which health warns."""


@dataclass(frozen=True, slots=True)
class MarketVitals:
    """How a provider of market data is doing.

    Attributes
    ----------
    silence
        Market seconds since its last quote or message; `None` before the first.
    in_session
        Whether strategies on one of its underlyings are evaluated now: options on futures for 23 hours.
    """

    connected: bool
    silence: float | None
    message: str
    in_session: bool


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
        Whether the stock exchange is open.
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
    result += [
        f"market data of {name}: {market.message}"
        for name, market in vitals.markets.items()
        if market.in_session and not market.connected
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
            name: {
                "connected": market.connected,
                "silence_seconds": market.silence,
                "message": market.message,
                "in_session": market.in_session,
            }
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
