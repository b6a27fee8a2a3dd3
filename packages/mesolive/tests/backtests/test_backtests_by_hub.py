"""Backtests from a page: started, watched, cancelled, read and compared through the hub, each in its own process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.models import BacktestState, StatusCode
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import Kit, definition, live_server

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.system, pytest.mark.timeout(300)]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    folder = tmp_path_factory.mktemp("backtests")
    recordings = folder / "recordings"
    recordings.mkdir()
    (recordings / "empty.csv").write_text("nothing that is a chain\n")
    (recordings / ".hidden").write_text("")
    (folder / "secret.csv").write_text("outside")
    (recordings / "link.csv").symlink_to(folder / "secret.csv")
    async with live_server(folder, recordings_folder=recordings) as running:
        yield running


def one_day(**more: object) -> models.StartBacktestArgs:
    args: dict[str, object] = {
        "StrategyDefinition": definition(),
        "From": "2026-01-05",
        "To": "2026-01-05",
        "EverySeconds": 3600,
    }
    return models.StartBacktestArgs(**args | more)  # pyright: ignore[reportArgumentType]  # by name


async def ended(control: MesoLiveControlHubClient, backtest: models.BacktestInfo) -> models.BacktestInfo:
    runs = [task for task in asyncio.all_tasks() if backtest.BacktestId in task.get_name()]
    if runs:
        await asyncio.wait(runs)
    ended = await control.get_backtest(models.BacktestArgs(BacktestId=backtest.BacktestId))
    assert ended.State is not BacktestState.Running
    return ended


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def completed(kit: Kit) -> models.BacktestInfo:
    started = await kit.control.start_backtest(one_day(Name="first run"))
    assert started.State is BacktestState.Running
    return await ended(kit.control, started)


def of(backtest: models.BacktestInfo) -> models.BacktestArgs:
    return models.BacktestArgs(BacktestId=backtest.BacktestId)


async def test_a_backtest_has_results_equity_trades_and_reasons(kit: Kit, completed: models.BacktestInfo) -> None:
    assert (completed.State, completed.Message, completed.Progress) == (BacktestState.Completed, None, 100)
    result = await kit.control.get_backtest_result(of(completed))
    assert result.BooksBalance
    assert result.Definition == definition()
    assert result.Results.Start == 100_000
    assert result.Results.End is not None
    assert result.Results.PnL == result.Results.End - result.Results.Start == completed.PnL
    assert result.Equity[-1].Value == result.Results.End
    assert all(point.Drawdown is None or point.Drawdown <= 0 for point in result.Equity)
    fall = min((point.Drawdown for point in result.Equity if point.Drawdown is not None), default=0)
    assert -fall == (0 if result.Results.MaxDrawdown is None else result.Results.MaxDrawdown.Amount)
    asked = models.GetBacktestTradesArgs(BacktestId=completed.BacktestId, Limit=3)
    page = await kit.control.get_backtest_trades(asked)
    assert page.Total >= 4
    assert len(page.Trades) == 3
    asked.Offset = 3
    assert (await kit.control.get_backtest_trades(asked)).Trades[0] not in page.Trades
    done = await kit.control.get_backtest_decisions(
        models.GetBacktestDecisionsArgs(BacktestId=completed.BacktestId, Decision="entry", OnlyDone=True)
    )
    assert done.Total >= 1
    assert {decision["Decision"] for decision in done.Decisions} == {"entry"}
    opened = result.Results.Positions[0].Name
    story = await kit.control.get_backtest_decisions(
        models.GetBacktestDecisionsArgs(BacktestId=completed.BacktestId, Position=opened, OnlyDone=True)
    )
    # Why it was opened is one of the reasons of a position.
    assert [decision["Decision"] for decision in story.Decisions][:1] == ["entry"]
    assert result.Command is not None
    assert result.Command.startswith("mesolive replay --strategy strategy.json --market simulated --from 2026-01-05")
    assert completed.Asked is not None
    assert completed.Asked.StrategyDefinition is None
    assert (completed.Asked.From, completed.Asked.EverySeconds) == ("2026-01-05", 3600)


async def test_two_runs_are_compared_by_figures_definition_and_terms(kit: Kit, completed: models.BacktestInfo) -> None:
    other = definition(Description="another")
    second = await ended(kit.control, await kit.control.start_backtest(one_day(StrategyDefinition=other, Commission=2)))
    assert second.State is BacktestState.Completed, second.Message
    compared = await kit.control.compare_backtests(
        models.CompareBacktestsArgs(First=completed.BacktestId, Second=second.BacktestId)
    )
    figures = {figure.Name: figure for figure in compared.Figures}
    paid = figures["Commissions"]
    assert paid.First is not None
    assert paid.Second is not None
    assert paid.Difference == paid.Second - paid.First > 0
    assert [field.Path for field in compared.Definition] == ["Description"]
    assert "Commission" in {field.Path for field in compared.Settings}
    left = await kit.control.delete_backtest(of(second))
    assert second.BacktestId not in {each.BacktestId for each in left.Backtests}
    assert (await refused(kit.control.get_backtest(of(second)))).status is StatusCode.NotFound


async def test_one_runs_at_a_time_and_is_cancelled_at_once(kit: Kit) -> None:
    long = await kit.control.start_backtest(one_day(To="2027-01-05", EverySeconds=10))
    error = await refused(kit.control.start_backtest(one_day()))
    assert error.error is not None
    assert (error.status, error.error.Code) == (StatusCode.Conflict, "BacktestRunning")
    assert (await refused(kit.control.get_backtest_result(of(long)))).status is StatusCode.Conflict
    assert (await refused(kit.control.delete_backtest(of(long)))).status is StatusCode.Conflict
    assert (await kit.control.cancel_backtest(of(long))).State is BacktestState.Cancelled
    await kit.control.delete_backtest(of(long))


async def test_a_run_that_cannot_be_made_says_why_without_paths_of_the_server(kit: Kit) -> None:
    broken = definition(Entry={"Conditions": ["1 +"]})
    failed = await ended(kit.control, await kit.control.start_backtest(one_day(StrategyDefinition=broken)))
    assert failed.State is BacktestState.Failed
    assert "Entry.Conditions[0]" in (failed.Message or "")
    nothing = await ended(kit.control, await kit.control.start_backtest(one_day(Recording="empty.csv")))
    assert nothing.State is BacktestState.Failed
    assert "empty.csv" in (nothing.Message or "")
    weekend = one_day(From="2026-01-10", To="2026-01-11")
    closed = await ended(kit.control, await kit.control.start_backtest(weekend))
    # In words for a page: no option of the command, and no advice for a terminal.
    assert closed.Message == "no trading day in the range from 2026-01-10 to 2026-01-11"
    folder = str(Path(kit.application.settings.database.removeprefix("sqlite:///")).parent)
    assert folder not in (failed.Message or "") + (nothing.Message or "")


@pytest.mark.parametrize("name", ["../secret.csv", "link.csv", ".hidden", "/etc/passwd", "", "none.csv"])
async def test_only_recordings_of_the_folder_are_replayed(kit: Kit, name: str) -> None:
    assert (await kit.control.list_backtest_markets()).Recordings == ["empty.csv"]
    error = await refused(kit.control.start_backtest(one_day(Recording=name)))
    assert error.error is not None
    assert error.error.ValidationErrors is not None
    assert list(error.error.ValidationErrors) == ["Recording"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"From": "--out=/tmp"}, "From"),
        ({"From": "1826-01-05"}, "From"),
        ({"From": "2026-01-06", "To": "2026-01-05"}, "To"),
        ({"From": None}, "From"),
        ({"EverySeconds": 1}, "EverySeconds"),
        ({"FillModel": "Best"}, "FillModel"),
        ({"Cash": -1}, "Cash"),
        ({"StrategyId": 1}, "StrategyDefinition"),
    ],
)
async def test_an_unusable_value_is_named_by_its_field(kit: Kit, changes: dict[str, object], field: str) -> None:
    error = await refused(kit.control.start_backtest(one_day(**changes)))
    assert error.error is not None
    assert error.error.ValidationErrors is not None
    assert list(error.error.ValidationErrors) == [field]


async def test_backtests_are_their_owners_and_watchers_start_none(kit: Kit, completed: models.BacktestInfo) -> None:
    other = await kit.other_user()
    assert (await other.list_backtests()).Backtests == []
    assert (await refused(other.get_backtest_result(of(completed)))).status is StatusCode.NotFound
    made = await kit.control.create_api_key(models.CreateApiKeyArgs(Role="watch"))
    watcher = await kit.client(MesoLiveControlHubClient, made.Token)
    assert completed.BacktestId in {each.BacktestId for each in (await watcher.list_backtests()).Backtests}
    assert (await refused(watcher.start_backtest(one_day()))).status is StatusCode.Forbidden


async def test_a_run_that_the_server_did_not_finish_is_failed_at_the_next_start(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        started = await kit.control.start_backtest(one_day(To="2027-01-05", EverySeconds=10))
        job = next((tmp_path / "backtests").glob("*/*"), None)
        while job is None or not (job / "job.json").exists():
            await kit.control.get_session()
            job = next((tmp_path / "backtests").glob("*/*"), None)
        running = (job / "job.json").read_bytes()
    for left in (None, running):  # as a server that is stopped leaves it, and one that was killed
        if left is not None:
            (job / "job.json").write_bytes(left)
        async with live_server(tmp_path) as kit:
            result = await kit.control.get_backtest(of(started))
            assert result.State is BacktestState.Failed
            assert "server ended" in (result.Message or "")


async def test_the_process_of_a_backtest_ends_with_its_server(tmp_path: Path) -> None:
    await asyncio.to_thread(_start_and_close, tmp_path)


def _start_and_close(folder: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "mesolive.cli.replay_child", "--strategy", "none.json"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    child.communicate()  # closes its input: the server is gone
    assert child.returncode in {2, 3}  # it has not begun, or was ended
