"""The autopilot's state file (SQLite): event log cursor, tasks made of signals, and order intents.

Every change is one transaction in a SQLite file, written through to the disk before the call that depends on it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Sequence
from dataclasses import fields, replace  # noqa: TID251 - this module has no structs
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from mesolive_sdk.automation.tasks import (
    SCHEDULE_STEP,
    Intent,
    IntentKind,
    IntentOutcome,
    Rejection,
    Task,
    TaskKind,
    TaskState,
)
from mesolive_sdk.automation.walking import PriceStep, Stage

__all__ = [
    "MAX_TASKS",
    "SCHEDULE_STEP",
    "Intent",
    "IntentKind",
    "IntentOutcome",
    "Memory",
    "MemoryInUseError",
    "Rejection",
    "Task",
    "TaskKind",
    "TaskState",
]

MAX_NOTE = 500
MAX_TASKS = 10_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cursor (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    event_id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    strategy_id INTEGER NOT NULL,
    strategy_name TEXT NOT NULL,
    account TEXT NOT NULL,
    position_id INTEGER,
    condition TEXT,
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    step INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    request TEXT,
    note TEXT,
    due TEXT,
    went_off INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS ix_tasks_state ON tasks (state, seq);
CREATE INDEX IF NOT EXISTS ix_tasks_seq ON tasks (seq);
CREATE TABLE IF NOT EXISTS intents (
    event_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    leg_group INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    stage TEXT NOT NULL,
    price TEXT,
    worst TEXT,
    request TEXT NOT NULL,
    order_id INTEGER,
    outcome TEXT,
    note TEXT,
    PRIMARY KEY (event_id, step, attempt, leg_group, number)
);
CREATE TABLE IF NOT EXISTS rejections (order_id INTEGER PRIMARY KEY, reason TEXT NOT NULL, code TEXT);
CREATE TABLE IF NOT EXISTS stopped (position_id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, why TEXT NOT NULL);
"""


class MemoryInUseError(Exception):
    """Another autopilot works with the file."""


class Memory:
    """The file of an autopilot.

    Parameters
    ----------
    path
        The SQLite file, created when it is missing. `":memory:"` keeps nothing after the end.
    max_tasks
        The number of completed tasks that are kept. Older ones are deleted with their orders.

    Raises
    ------
    sqlite3.Error
        By every method, when the file cannot be read or written: then nothing may be acted on.
    """

    def __init__(self, path: Path | str, *, max_tasks: int = MAX_TASKS) -> None:
        self._max_tasks = max_tasks
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)
        self._path = None if str(path) == ":memory:" else Path(path)
        self._add_columns("tasks", ("due", "TEXT"), ("went_off", "INTEGER NOT NULL DEFAULT 0"))
        self._add_columns("rejections", ("code", "TEXT"))

    def _add_columns(self, table: str, *columns: tuple[str, str]) -> None:
        """Add the columns that a file of an earlier version lacks."""
        known = {row["name"] for row in self._connection.execute(f"PRAGMA table_info({table})")}
        for name, kind in columns:
            if name not in known:
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def claimed(self) -> Generator[None]:
        """Lock the file against other autopilots while the context lasts.

        Raises
        ------
        MemoryInUseError
            When another one does.
        """
        if self._path is None:
            yield
            return
        # A lock of SQLite on a file of its own: the system gives it back when the process dies.
        lock = sqlite3.connect(self._path.with_name(f"{self._path.name}.lock"), isolation_level=None, timeout=0)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise MemoryInUseError(f"another autopilot works with {self._path}") from None
            yield
        finally:
            lock.close()

    @property
    def cursor(self) -> int:
        """The `EventSeqId` up to which the log was read; 0 at first."""
        row = self._connection.execute("SELECT seq FROM cursor").fetchone()
        return 0 if row is None else int(row["seq"])

    def take(self, begun: Sequence[Task], ended: Sequence[Task], cursor: int) -> None:
        """Store signals and the cursor in one transaction.

        Parameters
        ----------
        begun
            Signals that began. A stored one is not changed.
        ended
            Signals that ended. Older waiting tasks of the same subject are withdrawn. Running tasks get `went_off`.
        cursor
            The `EventSeqId` of the last event read.
        """
        with self._transaction() as connection:
            for task in begun:
                connection.execute(_INSERT_TASK, _row(task))
            for task in ended:
                waiting = (TaskState.WAITING.value, task.seq, task.kind.value, *task.subject[1:])
                withdrawn = (TaskState.WITHDRAWN.value, "the signal went off", *waiting)
                connection.execute(f"UPDATE tasks SET state = ?, note = ? WHERE {_WAITING} AND step = 0", withdrawn)  # noqa: S608 - a condition of our own
                executing = (TaskState.EXECUTING.value, *waiting[1:])
                connection.execute(f"UPDATE tasks SET went_off = 1 WHERE {_WAITING}", executing)  # noqa: S608 - as above
            if begun:
                self._forget(connection)
            connection.execute(
                "INSERT INTO cursor VALUES (1, ?) ON CONFLICT (only_row) DO UPDATE SET seq = excluded.seq", (cursor,)
            )

    def _forget(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "DELETE FROM tasks WHERE state NOT IN (?, ?)"
            " AND seq < (SELECT seq FROM tasks ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (TaskState.WAITING.value, TaskState.EXECUTING.value, self._max_tasks - 1),
        )
        if connection.execute("SELECT changes()").fetchone()[0]:
            connection.execute("DELETE FROM intents WHERE event_id NOT IN (SELECT event_id FROM tasks)")

    def open_tasks(self) -> list[Task]:
        """Return the tasks that are not final, oldest signal first."""
        rows = self._connection.execute(
            "SELECT * FROM tasks WHERE state IN (?, ?) ORDER BY seq",
            (TaskState.WAITING.value, TaskState.EXECUTING.value),
        )
        return [_task(row) for row in rows]

    def tasks(self, limit: int = 100) -> list[Task]:
        """Return the latest tasks, oldest first."""
        rows = self._connection.execute("SELECT * FROM tasks ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
        return [_task(row) for row in reversed(rows)]

    def considered(self, task: Task) -> bool:
        """Whether the scheduled time of a task was acted on, for the same subject, by another task."""
        rows = self._connection.execute(
            "SELECT * FROM tasks WHERE event_id != ? AND kind = ? AND strategy_id = ? AND account = ?"
            " AND position_id IS ? AND condition IS ? AND state != ? ORDER BY seq DESC LIMIT 20",
            (task.event_id, task.kind.value, *task.subject[1:], TaskState.WITHDRAWN.value),
        )
        others = [_task(row) for row in rows]
        return any(other.scheduled_at == task.scheduled_at and not other.is_untouched for other in others)

    def again(self, task: Task, due: datetime) -> None:
        """Store a later retry of a task that ended without a trade, for as long as its signal is on."""
        event, _, number = task.event_id.partition(".")
        later = replace(
            task,
            event_id=f"{event}.{int(number or 0) + 1}",
            state=TaskState.WAITING,
            step=0,
            attempt=0,
            request=None,
            note=None,
            due=due,
        )
        self._connection.execute(_INSERT_TASK, _row(later))

    def change(self, task: Task, **changes: Any) -> Task:  # noqa: ANN401 - fields of Task, of their own types
        """Store a changed task and return it."""
        changed = replace(task, **changes)
        self._connection.execute(_UPDATE_TASK, _changed_row(changed))
        return changed

    # -- orders

    def intents(self, task: Task) -> list[Intent]:
        """Return the calls about orders of a task's present step and attempt, by group and oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM intents WHERE event_id = ? AND step = ? AND attempt = ? ORDER BY leg_group, number",
            (task.event_id, task.step, task.attempt),
        )
        return [_intent(row) for row in rows]

    def latest_intents(self, limit: int = 100) -> list[Intent]:
        """Return the latest calls about orders, oldest first."""
        rows = self._connection.execute("SELECT * FROM intents ORDER BY rowid DESC LIMIT ?", (limit,)).fetchall()
        return [_intent(row) for row in reversed(rows)]

    def intend(self, intent: Intent) -> None:
        """Store a call about an order before it is made."""
        self._connection.execute(
            "INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                intent.event_id,
                intent.step,
                intent.attempt,
                intent.group,
                intent.number,
                intent.kind.value,
                intent.key,
                intent.price_step.at.isoformat(),
                intent.price_step.stage.value,
                _text(intent.price_step.price),
                _text(intent.price_step.worst),
                intent.request,
                intent.order_id,
                None if intent.outcome is None else intent.outcome.value,
                intent.note,
            ),
        )

    def learn(self, intent: Intent, outcome: IntentOutcome, order_id: int | None, note: str | None = None) -> None:
        """Store the outcome of a call."""
        self._connection.execute(
            "UPDATE intents SET outcome = ?, order_id = COALESCE(?, order_id), note = ? WHERE key = ?",
            (outcome.value, order_id, _cut(note), intent.key),
        )

    def rejected(self, order_id: int, rejection: Rejection) -> None:
        """Store why an order was rejected. The rejections of the oldest orders are deleted."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO rejections (order_id, reason, code) VALUES (?, ?, ?)",
                (order_id, _cut(rejection.reason), rejection.code),
            )
            connection.execute(
                "DELETE FROM rejections WHERE order_id <= (SELECT MAX(order_id) FROM rejections) - ?", (MAX_TASKS,)
            )

    def rejection(self, order_id: int) -> Rejection | None:
        """Return why an order was rejected, if it is known."""
        row = self._connection.execute("SELECT * FROM rejections WHERE order_id = ?", (order_id,)).fetchone()
        return None if row is None else Rejection(row["reason"], row["code"])

    # -- positions excluded from trading

    def stop(self, task: Task, position_id: int, why: str) -> Task:
        """End a task as half filled and exclude its position from trading, in one transaction; return the task."""
        changed = replace(task, state=TaskState.HALF_FILLED, note=why)
        with self._transaction() as connection:
            connection.execute(_UPDATE_TASK, _changed_row(changed))
            connection.execute(
                "INSERT OR REPLACE INTO stopped VALUES (?, ?, ?)", (position_id, task.event_id, _cut(why))
            )
        return changed

    def stopped(self) -> dict[int, str]:
        """Return the positions that are excluded from trading, with the reasons."""
        return {row["position_id"]: row["why"] for row in self._connection.execute("SELECT * FROM stopped")}

    def release(self, position_id: int) -> bool:
        """Allow a position to be traded again; return whether it was excluded."""
        return self._connection.execute("DELETE FROM stopped WHERE position_id = ?", (position_id,)).rowcount > 0

    @contextlib.contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise


_COLUMNS = [field.name for field in fields(Task)]
_INSERT_TASK = f"INSERT OR IGNORE INTO tasks ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - names of our own columns
_WAITING = (
    "state = ? AND seq < ? AND kind = ? AND strategy_id = ? AND account = ? AND position_id IS ? AND condition IS ?"
)
_UPDATE_TASK = "UPDATE tasks SET state = ?, step = ?, attempt = ?, request = ?, note = ?, due = ? WHERE event_id = ?"


def _row(task: Task) -> tuple[object, ...]:
    return (
        task.event_id,
        task.seq,
        task.kind.value,
        task.strategy_id,
        task.strategy_name,
        task.account,
        task.position_id,
        task.condition,
        task.at.isoformat(),
        task.state.value,
        task.step,
        task.attempt,
        task.request,
        task.note,
        None if task.due is None else task.due.isoformat(),
        int(task.went_off),
    )


def _changed_row(task: Task) -> tuple[object, ...]:
    due = None if task.due is None else task.due.isoformat()
    return task.state.value, task.step, task.attempt, task.request, _cut(task.note), due, task.event_id


def _task(row: sqlite3.Row) -> Task:
    return Task(
        event_id=row["event_id"],
        seq=row["seq"],
        kind=TaskKind(row["kind"]),
        strategy_id=row["strategy_id"],
        strategy_name=row["strategy_name"],
        account=row["account"],
        position_id=row["position_id"],
        condition=row["condition"],
        at=datetime.fromisoformat(row["at"]),
        state=TaskState(row["state"]),
        step=row["step"],
        attempt=row["attempt"],
        request=row["request"],
        note=row["note"],
        due=None if row["due"] is None else datetime.fromisoformat(row["due"]),
        went_off=bool(row["went_off"]),
    )


def _intent(row: sqlite3.Row) -> Intent:
    return Intent(
        event_id=row["event_id"],
        step=row["step"],
        attempt=row["attempt"],
        group=row["leg_group"],
        number=row["number"],
        kind=IntentKind(row["kind"]),
        key=row["key"],
        price_step=PriceStep(
            at=datetime.fromisoformat(row["at"]),
            stage=Stage(row["stage"]),
            price=None if row["price"] is None else Decimal(row["price"]),
            worst=None if row["worst"] is None else Decimal(row["worst"]),
        ),
        request=row["request"],
        order_id=row["order_id"],
        outcome=None if row["outcome"] is None else IntentOutcome(row["outcome"]),
        note=row["note"],
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _cut(note: str | None) -> str | None:
    return None if note is None else note[:MAX_NOTE]
