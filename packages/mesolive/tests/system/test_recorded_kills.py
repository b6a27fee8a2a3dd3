"""The server is killed while it replays a recording: market time goes on, and what was traded in it stays.

`MESOLIVE_RECORDED_KILLS=20` runs it longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.store.database import Database
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_testkit.agent_crash import children
from mesolive_testkit.market.recorded_days import optionsdx
from mesolive_testkit.store.crash_child import SECRET
from mesolive_testkit.venues.server_process import life

KILLS = int(os.environ.get("MESOLIVE_RECORDED_KILLS", "2"))
SPEED = 5
BEGIN = datetime(2024, 3, 14, 10, 0, tzinfo=ZoneInfo("America/New_York"))
PAPER = "ML7"
DAY = models.ConnectorArgs(Name="day")
WORKS = {models.ConnectorStateType.Connected, models.ConnectorStateType.Restricted}


class Replayed:
    """A server that replays a day, over its lives."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = f"sqlite:///{directory / 'mesolive.sqlite3'}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = ""

    async def prepare(self) -> None:
        minutes = [BEGIN + timedelta(minutes=minute) for minute in range(0, 300, 5)]
        days = [(BEGIN + timedelta(days=days)).date() for days in (1, 36, 63)]
        optionsdx(self.directory / "recordings" / "spx.txt", minutes, days)
        database = await Database.open(self.url)
        self.token = (await Access(database, ServerSecret(SECRET)).create_key("trader")).token
        await database.close()

    @asynccontextmanager
    async def living(self) -> AsyncGenerator[MesoLiveControlHubClient]:
        """Run the server until the end of the context, and kill it there."""
        async with contextlib.AsyncExitStack() as stack:
            # The process is killed before the client is closed: a power cut asks nobody.
            client: MesoLiveControlHubClient | None = None
            async with life(self.url, self.port, None, _serve) as alive:
                assert alive is not None
                client = await stack.enter_async_context(MesoLiveControlHubClient(alive.url, self.token))
                yield client


def _serve(database_url: str, parent: children.Connection, port: int, die_at: int | None) -> None:
    children.serve(database_url, parent, port, die_at)


async def replay_time(control: MesoLiveControlHubClient) -> datetime:
    """Return the account's market time, once the replay goes on."""
    async with asyncio.timeout(120):
        while True:
            connectors = (await control.list_connectors()).Connectors
            if any(item.Name == "day" and item.State in WORKS for item in connectors):
                account = await control.get_account(models.GetAccountArgs(BrokerAccountId=PAPER))
                assert account.LastUpdated is not None
                if account.LastUpdated.year == BEGIN.year:
                    return account.LastUpdated
            await asyncio.sleep(0.02)


@pytest.mark.timeout(120 + 30 * KILLS)
async def test_market_time_of_a_replay_resumes_however_often_the_server_is_killed(tmp_path: Path) -> None:
    replayed = Replayed(tmp_path)
    await replayed.prepare()
    async with replayed.living() as control:
        settings = {"recording": "spx.txt", "speed": str(SPEED)}
        await control.add_connector(models.AddConnectorArgs(Name="day", Kind="recorded", Settings=settings, Secrets={}))
        await control.create_account(
            models.CreateAccountArgs(
                BrokerAccountId=PAPER, BrokerType=models.BrokerType.MesoLive, Cash=Decimal(100_000)
            )
        )
        await control.set_account_market_data(
            models.SetAccountMarketDataArgs(BrokerAccountId=PAPER, DataProvider=models.DataProviderType.Recorded)
        )
        await control.enable_connector(DAY)
        last = await replay_time(control)
    for _ in range(KILLS):
        async with replayed.living() as control:
            begun = await replay_time(control)
            assert begun >= last, "market time has gone back"
            assert begun <= last + timedelta(minutes=2 * SPEED), "a minute of real time at most is skipped"
            while (last := await replay_time(control)) < begun + timedelta(seconds=1):
                pass  # the replay goes on
            account = await control.get_account(models.GetAccountArgs(BrokerAccountId=PAPER))
            assert account.Cash == 100_000
