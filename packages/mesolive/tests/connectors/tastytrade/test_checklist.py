"""The checklist of `mesolive connector verify tastytrade`, walked at the double of the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mesolive.connectors.protocol import ConnectorError, ConnectorRequest
from mesolive.connectors.settings_model import read_settings
from mesolive.connectors.tastytrade.connector import TastytradeConnector
from mesolive.connectors.tastytrade.settings import TastytradeSettings
from mesolive.connectors.tastytrade.verification import TastytradeChecklist
from mesolive.connectors.verification import StepOutcome, report
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.market.calendar import us_options_calendar
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.tastytrade.bench import CLIENT, MORNING, QUICK_SETTINGS, QUICK_TIMES
from mesolive_testkit.tastytrade.rig import QUICK
from mesolive_testkit.tws import few_options
from mesolive_testkit.venues.benches import ACCOUNT

STEP = timedelta(seconds=1)


async def test_every_step_passes_at_the_double_and_the_report_holds_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesolive.connectors.tastytrade.verification.MIN_DAYS", 5)
    clock = JumpingClock(MORNING)
    markets = few_options(clock, ("SPX",), seed=7, step=STEP)
    double = TastytradeDouble(markets, clock, QUICK_SETTINGS, step=STEP)
    await markets.start()
    await double.start()
    values = {
        "client_secret": double.desk.settings.client_secret,
        "refresh_token": double.desk.settings.refresh_token,
        "rest_url": double.url,
        "stream_url": double.stream_url,
    }
    settings = read_settings(TastytradeSettings, values)
    request = ConnectorRequest("verification", settings, tmp_path, clock, us_options_calendar())

    def made(asked: ConnectorRequest, record: Callable[[str], None]) -> TastytradeConnector:
        return TastytradeConnector(asked, client=CLIENT, times=QUICK_TIMES, market_data=QUICK, record=record)

    async def go_on() -> None:
        while True:
            await clock.advance(1)
            await asyncio.sleep(0.05)

    monkeypatch.setattr("mesolive.connectors.tastytrade.verification.ROWS_SECONDS", 120.0)
    moving = asyncio.create_task(go_on())
    checklist = TastytradeChecklist(request, made)
    try:
        steps = [step async for step in checklist.walk()]
    finally:
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)
        await double.stop()
        await markets.stop()
    wrong = [f"{step.title}: {step.detail}" for step in steps if step.outcome is not StepOutcome.PASSED]
    assert wrong == []
    assert len(steps) == 11
    text = report("tastytrade", "0.1.0", steps, checklist.messages)
    assert "POST /accounts/ACCOUNT-1/orders" in text
    for secret in (values["client_secret"], values["refresh_token"], ACCOUNT):
        assert secret not in text


def test_it_refuses_real_money(tmp_path: Path) -> None:
    values = {"client_secret": "a", "refresh_token": "b", "environment": "production"}
    settings = read_settings(TastytradeSettings, values)
    request = ConnectorRequest("verification", settings, tmp_path, JumpingClock(MORNING), us_options_calendar())
    with pytest.raises(ConnectorError, match="sandbox only"):
        TastytradeChecklist(request)
