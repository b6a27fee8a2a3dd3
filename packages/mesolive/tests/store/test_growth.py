"""What the server asks again and again finds its rows by an index: history stays, and is not read through."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event

from mesolive_testkit.venues import desk_server

HISTORY = ("orders", "positions", "legs", "executions", "settlement_facts", "audit_entries")


async def test_looks_and_comparisons_read_through_no_history(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        await desk.enter((await desk.strategy()).Id)
        database = desk.application.database
        asked: dict[str, Any] = {}

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.startswith("SELECT"):
                asked[statement] = parameters

        event.listen(database._engines.reader, "before_cursor_execute", note)
        event.listen(database._engines.writer, "before_cursor_execute", note)
        await desk.application.health.look()
        for supervisor in desk.application.desk.supervisors:
            await supervisor.reconcile()
    assert len(asked) > 10
    with closing(sqlite3.connect(tmp_path / "mesolive.sqlite3")) as connection:
        plans = {
            statement: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in asked.items()
        }
    read_through = {
        statement: step
        for statement, steps in plans.items()
        for step in steps
        if step.startswith(tuple(f"SCAN {table}" for table in HISTORY))
    }
    assert read_through == {}
