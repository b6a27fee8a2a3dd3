"""What clients and operators are told when the database is away, full, moved, or lacks acknowledged history."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from mesolive.errors import storage_failure
from mesolive.store.file_guard import mark_file
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_testkit.server import Kit, live_server


def of_sqlite(code: int) -> OperationalError:
    behind = sqlite3.OperationalError("words that may name files")
    behind.sqlite_errorcode = code
    return OperationalError("statement", None, behind)


class PostgresqlError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("words that may name hosts")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (of_sqlite(sqlite3.SQLITE_FULL), "DatabaseFull"),
        (of_sqlite(sqlite3.SQLITE_BUSY), "DatabaseLocked"),
        (of_sqlite(sqlite3.SQLITE_BUSY | 2 << 8), "DatabaseLocked"),
        (of_sqlite(sqlite3.SQLITE_IOERR | 10 << 8), "DatabaseUnavailable"),
        (OperationalError("statement", None, PostgresqlError("57P01")), "DatabaseUnavailable"),
        (OperationalError("statement", None, PostgresqlError("53100")), "DatabaseFull"),
        (OperationalError("statement", None, ConnectionRefusedError()), "DatabaseUnavailable"),
        (ConnectionRefusedError(), "DatabaseUnavailable"),
        (of_sqlite(sqlite3.SQLITE_ERROR), None),
        (ValueError(), None),
        (FileNotFoundError(), None),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_database_that_fails_has_a_code_of_its_own_and_no_words_of_its_driver(
    error: Exception, code: str | None
) -> None:
    answer = storage_failure(error)
    if code is None:
        assert answer is None
        return
    assert answer is not None
    assert answer.error is not None
    assert (answer.status, answer.error.Code) == (models.StatusCode.ProviderUnavailable, code)
    assert "words that" not in answer.message


async def test_a_call_on_a_full_disk_is_answered_with_its_code_and_not_as_a_fault_of_ours(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_more: Any) -> Any:
        raise of_sqlite(sqlite3.SQLITE_FULL)

    monkeypatch.setattr(kit.application.database, "write", fail)
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.strategy()
    assert refused.value.error is not None
    assert refused.value.error.Code == "DatabaseFull"


async def test_a_key_that_cannot_be_looked_up_is_answered_with_503_and_not_with_401_or_500(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_more: Any) -> Any:
        raise ConnectionRefusedError

    made = await kit.application.access.create_key("bob")
    monkeypatch.setattr(kit.application.database, "read", fail)
    async with httpx.AsyncClient(timeout=60) as http:
        url = f"{kit.url}/hubs/control/v1/negotiate?negotiateVersion=1"
        answer = await http.post(url, headers={"Authorization": f"Bearer {made.token}"})
        unknown = await http.post(url, headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, unknown.status_code) == (503, 401)
    assert "retry-after" in answer.headers


async def test_a_database_moved_away_fails_writes_and_health(kit: Kit, tmp_path: Path) -> None:
    file = Path(str(kit.application.settings.database).removeprefix("sqlite:///"))
    os.rename(file, tmp_path / "moved.sqlite3")  # noqa: PTH104 - a fault on purpose, at once
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.strategy()
    assert refused.value.error is not None
    assert refused.value.error.Code == "DatabaseMoved"
    await kit.application.health.look()
    report = kit.application.health.report()
    assert report["status"] == "failing"
    assert "moved or replaced" in report["failures"][0]
    assert report["database"]["writable"] is False


async def test_a_server_whose_acknowledged_history_is_missing_starts_halted_and_says_so_once(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        await kit.strategy()
    mark = mark_file(tmp_path / "mesolive.sqlite3")
    mark.write_text(f"{int(mark.read_text()) + 12:010d}")
    async with live_server(tmp_path) as kit:
        (halt,) = (await kit.control.list_halts(models.ListHaltsArgs())).Halts
        assert halt.BrokerAccountId is None
        assert "12 acknowledged transactions are missing" in halt.Reason
        assert "mesolive resume" in halt.Reason
        assert any("12 acknowledged transactions" in line for line in kit.application.health.report()["warnings"])
    async with live_server(tmp_path) as kit:
        assert len((await kit.control.list_halts(models.ListHaltsArgs())).Halts) == 1
        assert not any("acknowledged" in line for line in kit.application.health.report()["warnings"])
