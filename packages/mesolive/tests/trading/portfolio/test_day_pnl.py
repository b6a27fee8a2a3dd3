"""Values of lists and accounts over the socket: unrealised PnL, PnL of the day, margin; read with few statements."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.market.calendar import us_options_calendar
from mesolive.store.database import Transaction
from mesolive.trading.portfolio.day_pnl import TradingDay
from mesolive_sdk import MesoLiveApiException, models
from mesolive_sdk.models import StatusCode
from mesolive_testkit.server import ACCOUNT, Kit, live_server, manual_market

EVENING = datetime(2026, 1, 5, 20, 57, tzinfo=UTC)
"""A Monday, three minutes before the close in New York."""

NEXT_MORNING = datetime(2026, 1, 6, 15, 0, tzinfo=UTC)


@asynccontextmanager
async def server_at(folder: Path, moment: datetime) -> AsyncGenerator[Kit]:
    """Run the server of a folder: its next start passes a night that the market would take seconds to go through."""
    async with live_server(folder, manual_market(moment)) as running:
        await running.application.sampler.stop()  # the tests say when it samples
        yield running


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncGenerator[Kit]:
    async with server_at(tmp_path, EVENING) as running:
        yield running


async def listed(kit: Kit) -> dict[int, models.LivePosition]:
    args = models.ListPositionsArgs(IncludeValues=True)
    return {position.Id: position for position in (await kit.control.list_positions(args)).Positions}


async def total(kit: Kit, position_id: int) -> Decimal:
    shown = await kit.control.get_position(models.GetPositionArgs(PositionId=position_id))
    assert shown.PositionPnL.Mark is not None
    return shown.PositionPnL.Mark + (shown.PositionPnL.Realized or 0)


async def account(kit: Kit) -> models.LiveAccount:
    return await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))


async def test_the_pnl_of_the_day_counts_from_the_last_close(tmp_path: Path) -> None:
    async with server_at(tmp_path, EVENING) as kit:
        strategy = await kit.strategy()
        old = (await kit.enter(strategy.Id, "held over night")).PositionId
        assert (await listed(kit))[old].DayPnL == await total(kit, old), "on the day of its entry it counts from it"
        await kit.advance(120)
        at_close = await total(kit, old)
        await kit.application.sampler.sample()
    async with server_at(tmp_path, NEXT_MORNING) as kit:
        await counts_from_the_last_close(kit, strategy, old, at_close)


async def counts_from_the_last_close(kit: Kit, strategy: models.LiveStrategy, old: int, at_close: Decimal) -> None:
    new = (await kit.enter(strategy.Id, "of today")).PositionId
    shown = await listed(kit)
    assert shown[old].DayPnL == await total(kit, old) - at_close
    assert shown[new].DayPnL == await total(kit, new)
    for position_id, position in shown.items():
        detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position_id))
        assert position.UnrealizedPnL == detail.PositionPnL.Mark
        assert (position.DayPnL, position.UnrealizedPnL) == (detail.DayPnL, detail.UnrealizedPnL)
    before = await account(kit)
    assert before.DayPnL == sum(position.DayPnL or 0 for position in shown.values())
    assert before.UnrealizedPnL == sum(position.UnrealizedPnL or 0 for position in shown.values())

    await kit.leave(new)
    closed = (await listed(kit))[new]
    assert (closed.DayPnL, closed.UnrealizedPnL) == (closed.RealizedPnL, 0)
    held = (await listed(kit))[old].DayPnL
    assert held is not None
    assert (await account(kit)).DayPnL == held + (closed.RealizedPnL or 0), "what was closed today counts"


async def test_without_a_sample_of_the_session_before_the_pnl_of_the_day_is_not_known(
    tmp_path: Path,
) -> None:
    async with server_at(tmp_path, EVENING) as kit:
        position = (await kit.enter((await kit.strategy()).Id)).PositionId
        await kit.application.sampler.sample()
    async with server_at(tmp_path, NEXT_MORNING + timedelta(days=1)) as kit:
        shown = (await listed(kit))[position]
        assert shown.DayPnL is None
        assert shown.UnrealizedPnL is not None
        assert (await account(kit)).DayPnL is None


async def test_the_snapshot_of_an_account_agrees_with_the_account_and_its_positions(kit: Kit) -> None:
    strategy = await kit.strategy()
    held = [(await kit.enter(strategy.Id)).PositionId for _ in range(2)]
    data = await kit.data()
    args = models.GetAccountSnapshotArgs(BrokerAccountId=ACCOUNT)
    shown, known = await data.get_account_snapshot(args), await account(kit)
    for name in ("NetLiquidationValue", "Cash", "MaintenanceMarginReq", "UnrealizedPnL", "DayPnL", "ActivePositions"):
        assert getattr(shown, name) == getattr(known, name), name
    details = [await kit.control.get_position(models.GetPositionArgs(PositionId=item)) for item in held]
    for greek in ("Delta", "Theta", "Vega"):
        expected = sum(float(getattr(detail.PositionGreeks.Mark, greek)) for detail in details)
        assert float(getattr(shown.Greeks.Mark, greek)) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(MesoLiveApiException) as refused:
        await data.get_account_snapshot(models.GetAccountSnapshotArgs(BrokerAccountId="ML9"))
    assert refused.value.status is StatusCode.NotFound


async def test_values_of_a_list_take_no_more_statements_for_more_positions(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = await kit.strategy()
    statements = 0
    ask = Transaction.all

    async def counted(tx: Transaction, *args: Any) -> Any:
        nonlocal statements
        statements += 1
        return await ask(tx, *args)

    monkeypatch.setattr(Transaction, "all", counted)

    async def asked() -> int:
        nonlocal statements
        statements = 0
        await listed(kit)
        return statements

    await kit.enter(strategy.Id)
    few = await asked()
    for _ in range(3):
        await kit.enter(strategy.Id)
    assert await asked() == few > 3


@pytest.mark.parametrize(
    ("moment", "begins", "since"),
    [
        (datetime(2026, 1, 6, 15, 0, tzinfo=UTC), (6, 14, 30), (5, 14, 30)),
        (datetime(2026, 1, 6, 14, 29, tzinfo=UTC), (5, 14, 30), (2, 14, 30)),
        (datetime(2026, 1, 10, 12, 0, tzinfo=UTC), (9, 14, 30), (8, 14, 30)),
    ],
)
def test_a_trading_day_lasts_until_the_next_opening(
    moment: datetime, begins: tuple[int, int, int], since: tuple[int, int, int]
) -> None:
    day = TradingDay.at(us_options_calendar(), moment)
    assert day.begins == datetime(2026, 1, *begins, tzinfo=UTC)
    assert day.since == datetime(2026, 1, *since, tzinfo=UTC)
