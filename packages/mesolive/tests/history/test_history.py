"""Samples of accounts and positions through the hub: each minute, by steps, over a restart, and thinned by age."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from mesolive.clock import ManualClock
from mesolive.history.samples import minute_of
from mesolive_sdk import MesoLiveApiException, models
from mesolive_sdk.models import StatusCode
from mesolive_testkit.server import ACCOUNT, START, Kit, live_server, manual_market

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    async with live_server(tmp_path_factory.mktemp("history")) as running:
        yield running


async def equity(kit: Kit, **more: object) -> models.GetEquityHistoryResult:
    args = models.GetEquityHistoryArgs(BrokerAccountId=ACCOUNT, **more)  # pyright: ignore[reportArgumentType]  # by name
    return await kit.control.get_equity_history(args)


async def test_each_minute_has_what_the_account_and_the_position_were_worth(kit: Kit) -> None:
    entered = await kit.enter((await kit.strategy()).Id)
    expected: list[models.LiveAccount] = []
    for _ in range(3):
        await kit.advance(60)
        await kit.application.sampler.sample()
        expected.append(await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT)))
    points = (await equity(kit)).Points[-3:]
    assert [point.At for point in points] == [START + timedelta(minutes=number) for number in (1, 2, 3)]
    assert [(point.NetLiquidation, point.Cash, point.Margin) for point in points] == [
        (account.NetLiquidationValue, account.Cash, account.MaintenanceMarginReq) for account in expected
    ]
    for point, account in zip(points, expected, strict=True):
        assert account.Greeks is not None
        assert (point.PnL, point.DayPnL) == (account.UnrealizedPnL, account.DayPnL)
        assert float(point.Delta or 0) == pytest.approx(float(account.Greeks.Delta or 0))
        assert float(point.Theta or 0) == pytest.approx(float(account.Greeks.Theta or 0))
        assert float(point.Vega or 0) == pytest.approx(float(account.Greeks.Vega or 0))
        assert float(point.DeltaDollars or 0) == pytest.approx(float(account.DeltaDollars or 0))
    asked = models.GetPositionHistoryArgs(PositionId=entered.PositionId)
    history = await kit.control.get_position_history(asked)
    assert history.StepSeconds == 60
    shown = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    last = history.Points[-1]
    assert shown.PositionPnL.Mark is not None
    assert last.PnL == shown.PositionPnL.Mark + (shown.PositionPnL.Realized or 0)
    assert shown.PositionGreeks.Mark is not None
    assert float(last.Delta or 0) == pytest.approx(float(shown.PositionGreeks.Mark.Delta or 0))
    assert float(last.Theta or 0) == pytest.approx(float(shown.PositionGreeks.Mark.Theta or 0))
    assert last.Underlying is not None
    assert last.Margin == shown.Margin


async def test_a_step_shows_the_last_sample_within_it(kit: Kit) -> None:
    await kit.enter((await kit.strategy()).Id, "held while it is sampled")
    for _ in range(10):
        await kit.advance(60)
        await kit.application.sampler.sample()
    minutes = (await equity(kit, StepSeconds=60)).Points
    steps = (await equity(kit, StepSeconds=300)).Points
    assert len(steps) < len(minutes)
    assert steps[-1] == minutes[-1]
    assert all(point in minutes for point in steps)


async def test_a_minute_that_is_sampled_twice_has_one_sample(kit: Kit) -> None:
    before = len((await equity(kit, StepSeconds=60)).Points)
    await kit.advance(60)
    await kit.application.sampler.sample()
    await kit.application.sampler.sample()
    assert len((await equity(kit, StepSeconds=60)).Points) == before + 1


async def test_the_history_is_its_owners(kit: Kit) -> None:
    other = await kit.other_user()
    with pytest.raises(MesoLiveApiException) as refused:
        await other.get_equity_history(models.GetEquityHistoryArgs(BrokerAccountId=ACCOUNT))
    assert refused.value.status is StatusCode.NotFound
    with pytest.raises(MesoLiveApiException) as refused:
        await other.get_position_history(models.GetPositionHistoryArgs(PositionId=1))
    assert refused.value.status is StatusCode.NotFound


@pytest.mark.parametrize("changes", [{"StepSeconds": 5}, {"From": START, "To": START}])
async def test_a_span_or_a_step_that_is_none_is_refused(kit: Kit, changes: dict[str, object]) -> None:
    with pytest.raises(MesoLiveApiException) as refused:
        await equity(kit, **changes)
    assert refused.value.status is StatusCode.ValidationError


async def test_samples_outlive_a_restart_and_old_ones_are_thinned(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        await kit.enter((await kit.strategy()).Id)
        for _ in range(31):
            await kit.advance(60)
            await kit.application.sampler.sample()
        before = (await equity(kit, StepSeconds=60)).Points
        assert len(before) >= 31
    later = START + timedelta(days=31)
    async with live_server(tmp_path, manual_market(later)) as kit:
        span = {"From": START, "To": START + timedelta(hours=1), "StepSeconds": 60}
        assert (await equity(kit, **span)).Points == before
        await kit.application.sampler.thin()
        left = (await equity(kit, **span)).Points
        assert left == [point for point in before if point.At.minute % 15 == 0]


async def test_the_server_samples_by_itself_while_the_exchange_is_open(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        clock = kit.application.clock
        assert isinstance(clock, ManualClock)
        await kit.enter((await kit.strategy()).Id)
        while not any(point.NetLiquidation != Decimal(100_000) for point in (await equity(kit)).Points):
            await clock.advance(20)
        assert all(point.At == minute_of(point.At) for point in (await equity(kit)).Points)
