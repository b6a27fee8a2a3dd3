"""Strategies read external data in a running server, and a failure to read it is told, not taken for false."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from mesolive.samples import iron_condor
from mesolive_sdk import models
from mesolive_testkit.server import Kit, live_server


@pytest.fixture
async def fed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[tuple[Kit, Path]]:
    """Run a server that may read files below a folder."""
    folder = tmp_path / "signals"
    folder.mkdir()
    async with live_server(tmp_path, external_folder=folder) as kit:
        yield kit, folder / "signal.csv"


async def prepare(kit: Kit, file: Path, *conditions: str, **changes: Any) -> models.GetPreparePositionEntryStatusResult:
    strategy = await kit.strategy(
        ExternalData={"CsvUrl": file.as_uri()},
        Entry={
            "Schedule": {"AfterMarketOpenMinutes": 0, "Every": "5min"},
            "Conditions": list(conditions or ["my_signal > 2"]),
        },
        Exit={"Schedule": {"AfterMarketOpenMinutes": 60, "Every": "day"}},
        **changes,
    )
    return await kit.prepare_entry(strategy.Id)


async def test_a_condition_reads_the_row_that_was_known(fed: tuple[Kit, Path]) -> None:
    kit, file = fed
    file.write_text("Date,my_signal\n2026-01-02,3\n2026-01-05,1\n")  # the market's time is 5 January, in the session
    status = await prepare(kit, file)
    assert status.Result is not None, status.Error
    (condition,) = status.Result.EntryConditions
    assert (condition.Result, condition.Vars, status.Result.EntryAllowed) == (True, {"my_signal": 3}, True)


async def test_data_older_than_five_days_fails_the_conditions_that_read_it_and_no_others(fed: tuple[Kit, Path]) -> None:
    kit, file = fed
    file.write_text("date,my_signal\n2025-12-20,3\n")
    status = await prepare(kit, file, "my_signal > 2", "underlying_price > 0")
    assert status.Result is not None, status.Error
    reading, other = status.Result.EntryConditions
    assert reading.Result is None
    assert reading.Error is not None
    assert "the latest row of the external data is 15.5 days old" in reading.Error
    assert (other.Result, other.Error) == (True, None)
    assert not status.Result.EntryAllowed, "what is not known never allows an entry"


async def test_a_selection_that_reads_what_is_not_there_fails_with_the_reason(fed: tuple[Kit, Path]) -> None:
    kit, file = fed
    structure = iron_condor()["Structure"]
    structure["Expirations"][0]["DTE"] = "my_signal"
    status = await prepare(kit, file, Structure=structure)
    assert status.Status is models.PreparationStatus.Failed
    assert status.Error is not None
    assert "'my_signal' has no value: external data" in status.Error
    assert "does not exist" in status.Error


async def test_a_file_outside_of_the_folder_is_not_read(fed: tuple[Kit, Path]) -> None:
    kit, file = fed
    secret = file.parent.parent / "secret.csv"
    secret.write_text("date,my_signal\n2026-01-02,3\n")
    status = await prepare(kit, secret)
    assert status.Result is not None, status.Error
    (condition,) = status.Result.EntryConditions
    assert (condition.Result, condition.Vars, status.Result.EntryAllowed) == (None, {}, False)
    assert "outside of the allowed folder" in (condition.Error or "")
