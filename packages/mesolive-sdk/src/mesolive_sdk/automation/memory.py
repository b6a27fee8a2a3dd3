"""What an autopilot remembers: how far it has read the event log, and what has become of each signal.

Every change is one transaction in a SQLite file, written through to the disk before the call that depends on it.
"""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

LONGEST_NOTE = 500

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
    note TEXT
);
CREATE INDEX IF NOT EXISTS ix_tasks_state ON tasks (state, seq);
"""


class TaskKind(enum.Enum):
    """What a signal asks for."""

    ENTRY = "entry"
    EXIT = "exit"
    ADJUSTMENT = "adjustment"


class TaskState(enum.Enum):
    """Where a task stands. `Executing` was or will be sent: its outcome must be found out before anything else."""

    WAITING = "waiting"
    EXECUTING = "executing"
    DONE = "done"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to do."""
        return self not in {TaskState.WAITING, TaskState.EXECUTING}


@dataclass(frozen=True, slots=True)
class Task:
    """One signal and what was made of it.

    Attributes
    ----------
    event_id, seq, at
        The event that began the signal.
    position_id, condition
        What is concerned; `None` for an entry.
    step, attempt
        Which of an adjustment's operations is carried out, and for which time it is tried.
    request
        The execution's arguments as JSON, once they are fixed.
    note
        How it ended, in words.
    """

    event_id: str
    seq: int
    kind: TaskKind
    strategy_id: int
    strategy_name: str
    account: str
    position_id: int | None
    condition: str | None
    at: datetime
    state: TaskState = TaskState.WAITING
    step: int = 0
    attempt: int = 0
    request: str | None = None
    note: str | None = None

    @property
    def subject(self) -> tuple[TaskKind, int, str, int | None, str | None]:
        """What the signal is about: it is on or off once for each of these."""
        return self.kind, self.strategy_id, self.account, self.position_id, self.condition


class Memory:
    """The file of an autopilot.

    Parameters
    ----------
    path
        The SQLite file; made when it is not there. `":memory:"` forgets at the end.

    Raises
    ------
    sqlite3.Error
        By every method, when the file cannot be read or written: then nothing may be acted on.
    """

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def cursor(self) -> int:
        """The `EventSeqId` up to which the log was read; 0 at first."""
        row = self._connection.execute("SELECT seq FROM cursor").fetchone()
        return 0 if row is None else int(row["seq"])

    def take(self, begun: Sequence[Task], ended: Sequence[Task], cursor: int) -> None:
        """Note signals and how far the log was read, in one transaction.

        Parameters
        ----------
        begun
            Signals that went on; one that is known already is left as it is.
        ended
            Signals that went off: what still waits for the same subject, and is older, is withdrawn.
        cursor
            The `EventSeqId` of the last event read.
        """
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for task in begun:
                connection.execute(
                    "INSERT OR IGNORE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(task)
                )
            for task in ended:
                connection.execute(
                    "UPDATE tasks SET state = ?, note = ? WHERE state = ? AND step = 0 AND seq < ? AND kind = ?"
                    " AND strategy_id = ? AND account = ? AND position_id IS ? AND condition IS ?",
                    (
                        TaskState.WITHDRAWN.value,
                        "the signal went off",
                        TaskState.WAITING.value,
                        task.seq,
                        task.kind.value,
                        *task.subject[1:],
                    ),
                )
            connection.execute(
                "INSERT INTO cursor VALUES (1, ?) ON CONFLICT (only_row) DO UPDATE SET seq = excluded.seq", (cursor,)
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def open_tasks(self) -> list[Task]:
        """Return what is not final, oldest signal first."""
        rows = self._connection.execute(
            "SELECT * FROM tasks WHERE state IN (?, ?) ORDER BY seq",
            (TaskState.WAITING.value, TaskState.EXECUTING.value),
        )
        return [_task(row) for row in rows]

    def tasks(self, limit: int = 100) -> list[Task]:
        """Return the latest tasks, oldest first."""
        rows = self._connection.execute("SELECT * FROM tasks ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
        return [_task(row) for row in reversed(rows)]

    def change(self, task: Task, **changes: Any) -> Task:  # noqa: ANN401 - fields of Task, of their own types
        """Store a changed task and return it."""
        changed = replace(task, **changes)
        note = None if changed.note is None else changed.note[:LONGEST_NOTE]
        self._connection.execute(
            "UPDATE tasks SET state = ?, step = ?, attempt = ?, request = ?, note = ? WHERE event_id = ?",
            (changed.state.value, changed.step, changed.attempt, changed.request, note, changed.event_id),
        )
        return changed


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
    )


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
    )
