"""A key that is revoked or expires ends the connections that it opened, over sockets, within seconds."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesolive.access.keys import Access
from mesolive.access.secret import load_secret
from mesolive.hubs.key_watch import EVERY_SECONDS
from mesolive.records import replace
from mesolive.store.database import Database
from mesolive.store.emergency import RevocationNote
from mesolive.store.engines import directory_of
from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveEventHubClient,
    MesoLiveSignalRError,
    models,
)
from mesolive_sdk.clients import HubClient
from mesolive_testkit.server import SPX, Kit, live_server
from mesolive_testkit.store.trouble import Trouble, full_disk, stuck_writer

SECONDS = 60.0
"""Longer than it takes to end a connection on any machine."""

HUBS: list[type[HubClient]] = [MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient]


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncGenerator[Kit]:
    async with live_server(tmp_path) as running:
        yield running


async def connected(kit: Kit, token: str) -> list[asyncio.Future[object]]:
    """Connect to every hub with a key, and return what each connection says when it has ended for good."""
    ended: list[asyncio.Future[object]] = []
    for kind in HUBS:
        client = await kit.client(kind, token)
        over: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        client.on_close(over.set_result)
        ended.append(over)
    return ended


async def all_of(ended: list[asyncio.Future[object]]) -> list[str]:
    async with asyncio.timeout(SECONDS):
        return [str(reason) for reason in await asyncio.gather(*ended)]


async def refused(kit: Kit, token: str) -> models.StatusCode | None:
    with pytest.raises(MesoLiveSignalRError) as caught:
        await MesoLiveControlHubClient(kit.url, token).start()
    return caught.value.status


async def works(client: MesoLiveControlHubClient) -> bool:
    return bool((await client.list_accounts()).Accounts)


async def test_revoking_a_key_elsewhere_ends_its_connections_to_every_hub_and_no_others(kit: Kit) -> None:
    access = kit.application.access
    key = await access.create_key("trader", "the lost laptop's")
    ended = await connected(kit, key.token)
    # As the command line does it: another process, of which the server hears nothing.
    settings = kit.application.settings
    database = await Database.open(settings.database)
    try:
        await Access(database, load_secret(directory_of(settings.database), None)).revoke(key.key.key_id)
    finally:
        await database.close()
    assert EVERY_SECONDS <= 2, "the longest time for which a connection outlives its key"
    assert all("was revoked" in reason for reason in await all_of(ended))
    assert await refused(kit, key.token) is models.StatusCode.Unauthorized
    assert await works(kit.control), "his other key works on"


async def test_a_stream_ends_with_the_key_that_opened_it(kit: Kit) -> None:
    access = kit.application.access
    key = await access.create_key("trader")
    data = await kit.client(MesoLiveDataHubClient, key.token)
    args = models.StreamUnderlyingDataArgs(Underlying=SPX, Provider=models.DataProviderType.Simulated)
    items = data.stream_underlying_data(args)
    assert (await anext(items)).Prices is not None
    await access.revoke(key.key.key_id)
    async with asyncio.timeout(SECONDS):
        with pytest.raises(MesoLiveSignalRError):
            _ = [item async for item in items]


async def test_a_key_that_expires_ends_its_connections_at_that_moment(kit: Kit) -> None:
    access = kit.application.access
    made = await access.create_key("trader")
    began = time.monotonic()
    await connected(kit, (await access.create_key("trader")).token)
    # Long enough for this machine to connect before the end.
    life = timedelta(seconds=max(3, math.ceil(10 * (time.monotonic() - began))))
    expires = datetime.now(UTC).replace(microsecond=0) + life
    user = await access.user("trader")
    token = access._sign(user.user_id, replace(made.key, expires_at=expires))
    ended = await connected(kit, token)
    assert not any(over.done() for over in ended)
    await all_of(ended)
    assert datetime.now(UTC) >= expires
    assert await refused(kit, token) is models.StatusCode.Unauthorized
    assert await works(kit.control)


@pytest.mark.parametrize("trouble", [full_disk, stuck_writer])
async def test_a_revocation_that_is_only_noted_ends_connections_while_nothing_can_be_written(
    kit: Kit, tmp_path: Path, trouble: Trouble
) -> None:
    key = await kit.application.access.create_key("trader", "the stolen one")
    ended = await connected(kit, key.token)
    database = kit.application.database
    with trouble(database, tmp_path / "mesolive.sqlite3"):
        assert database.emergency.add(RevocationNote(key.key.key_id, datetime.now(UTC)))
        assert all("was revoked" in reason for reason in await all_of(ended))
