"""The connector of kind `recorded`: a recorded session beside another market, on its own market time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mesolive_sdk import MesoLiveApiException, models
from mesolive_testkit.connectors import enabled, prepared, running_live, until
from mesolive_testkit.market.recorded_days import optionsdx
from mesolive_testkit.server import ACCOUNT, SPX, Kit

NEW_YORK = ZoneInfo("America/New_York")
BEGIN = datetime(2024, 3, 14, 10, 0, tzinfo=NEW_YORK)
MINUTES = [BEGIN + timedelta(minutes=minute) for minute in range(0, 300, 5)]
DAYS = [(BEGIN + timedelta(days=days)).date() for days in (1, 36, 63)]
RECORDED = models.ConnectorArgs(Name="day")
Provider = models.DataProviderType
State = models.ConnectorStateType


def write_day(directory: Path) -> None:
    optionsdx(directory / "recordings" / "spx.txt", MINUTES, DAYS)


async def replay(kit: Kit, **settings: str) -> models.ConnectorInfo:
    """Add a replay of the day, enable it, and return it once it is connected."""
    await kit.control.add_connector(
        models.AddConnectorArgs(Name="day", Kind="recorded", Settings={"recording": "spx.txt", **settings}, Secrets={})
    )
    await kit.control.enable_connector(RECORDED)
    return await until(kit, lambda item: item.State not in {State.Connecting, State.Disabled}, "day")


async def price_and_time(kit: Kit, provider: models.DataProviderType) -> tuple[float, datetime]:
    args = models.GetUnderlyingSnapshotArgs(Underlying=SPX, Provider=provider)
    prices = (await (await kit.data()).get_underlying_snapshot(args)).Prices
    assert prices is not None
    assert prices.Mark is not None
    assert prices.SnapshotTime is not None
    return float(prices.Mark), prices.SnapshotTime


async def test_a_recorded_session_runs_beside_another_market_and_nothing_mixes_them(tmp_path: Path) -> None:
    write_day(tmp_path)
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        shown = await replay(kit)
        assert (shown.State, shown.DataProvider, shown.Accounts) == (State.Connected, Provider.Recorded, [])
        recorded, at = await price_and_time(kit, Provider.Recorded)
        simulated, now = await price_and_time(kit, Provider.Simulated)
        assert recorded == pytest.approx(4600, rel=0.02)
        assert simulated == pytest.approx(5000, rel=0.2)
        assert BEGIN <= at < BEGIN + timedelta(minutes=5)
        assert now.year == 2026
        assert kit.application.market.default is Provider.Simulated, "the one that was there stays the default"


async def test_a_paper_account_decides_on_recorded_quotes_in_their_time(tmp_path: Path) -> None:
    write_day(tmp_path)
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        await replay(kit)
        await kit.control.create_account(
            models.CreateAccountArgs(
                BrokerAccountId="ML7", BrokerType=models.BrokerType.MesoLive, Cash=Decimal(100_000)
            )
        )
        args = models.SetAccountMarketDataArgs(BrokerAccountId="ML7", DataProvider=Provider.Recorded)
        account = await kit.control.set_account_market_data(args)
        assert account.LastUpdated is not None
        assert account.LastUpdated.year == 2024
        status = await prepared(kit, "ML7")
        assert status.Result is not None, status.Error
        for leg in status.Result.SelectedLegs.values():
            assert leg.LiveContract.Expiration is not None
            assert leg.LiveContract.Expiration.date() in DAYS


async def test_a_stream_follows_the_provider_that_is_chosen_for_its_account_while_it_runs(tmp_path: Path) -> None:
    write_day(tmp_path)
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        await replay(kit)
        await kit.control.create_account(
            models.CreateAccountArgs(
                BrokerAccountId=ACCOUNT, BrokerType=models.BrokerType.MesoLive, Cash=Decimal(100_000)
            )
        )
        held = (await kit.enter((await kit.strategy()).Id, "watched")).PositionId
        stream = (await kit.data()).stream_position_data(models.StreamPositionDataArgs(PositionId=held))

        async def next_mark() -> Decimal | None:
            prices = (await anext(stream)).PositionPrices
            return None if prices is None else prices.Mark

        async with asyncio.timeout(60):
            while await next_mark() is None:
                pass
            await kit.control.set_account_market_data(
                models.SetAccountMarketDataArgs(BrokerAccountId=ACCOUNT, DataProvider=Provider.Recorded)
            )
            while await next_mark() is not None:  # the recorded day has none of its contracts
                pass


async def test_a_replay_resumes_after_a_restart_and_after_it_was_disabled(tmp_path: Path) -> None:
    write_day(tmp_path)
    async with running_live(tmp_path) as kit:
        await replay(kit, speed="600")
        first = await until_later(kit, BEGIN + timedelta(minutes=20))
        await kit.control.disable_connector(RECORDED)
        await kit.control.enable_connector(RECORDED)
        await until(kit, lambda item: item.State is State.Connected, "day")
        second = (await price_and_time(kit, Provider.Recorded))[1]
        assert second >= first
    async with running_live(tmp_path) as kit:
        await until(kit, lambda item: item.State in {State.Connected, State.Restricted}, "day")
        assert (await price_and_time(kit, Provider.Recorded))[1] >= second


async def until_later(kit: Kit, moment: datetime) -> datetime:
    async with asyncio.timeout(60):
        while True:
            at = (await price_and_time(kit, Provider.Recorded))[1]
            if at >= moment:
                return at
            await asyncio.sleep(0.02)


async def test_the_end_of_a_recording_is_reported_with_a_remedy(tmp_path: Path) -> None:
    write_day(tmp_path)
    async with running_live(tmp_path) as kit:
        await replay(kit, start=(MINUTES[-1] - timedelta(minutes=1)).isoformat(), speed="600")
        shown = await until(kit, lambda item: item.State is State.Restricted, "day")
        assert shown.Message == "the recording has ended"
        assert "add it anew" in shown.Remedy
    async with running_live(tmp_path) as kit:
        shown = await until(kit, lambda item: item.State is State.Restricted, "day")
        assert shown.Message == "the recording has ended", "and does not begin anew"
        assert (await price_and_time(kit, Provider.Recorded))[1] >= MINUTES[-1]


async def test_a_test_shows_the_contents_of_a_recording(tmp_path: Path) -> None:
    write_day(tmp_path)
    async with running_live(tmp_path) as kit:
        await kit.control.add_connector(
            models.AddConnectorArgs(Name="day", Kind="recorded", Settings={"recording": "spx.txt"}, Secrets={})
        )
        result = await kit.control.test_connector(RECORDED)
        assert result.Passed
        assert result.Findings[0].Detail == "1 days, from 2024-03-14 14:00 to 2024-03-14 18:55 UTC"
        assert result.DataQuality == {"SPX": "live"}


@pytest.mark.parametrize("name", ["../mesolive.sqlite3", "/etc/passwd", ""])
async def test_no_file_outside_of_the_recordings_is_read(tmp_path: Path, name: str) -> None:
    async with running_live(tmp_path) as kit:
        with pytest.raises(MesoLiveApiException, match="recording"):
            await kit.control.add_connector(
                models.AddConnectorArgs(Name="day", Kind="recorded", Settings={"recording": name}, Secrets={})
            )


@pytest.mark.parametrize(("content", "message"), [(None, "No such file or directory"), ("nonsense", "spx.txt")])
async def test_a_recording_that_cannot_be_read_waits_for_the_trader(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "recordings").mkdir()
        (tmp_path / "recordings" / "spx.txt").write_text(content)
    async with running_live(tmp_path) as kit:
        shown = await replay(kit)
        assert shown.State is State.ActionRequired
        assert message in shown.Message
        assert "into the folder recordings" in shown.Remedy
        await enabled(kit)  # the others live on
