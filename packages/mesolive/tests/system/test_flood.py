"""One user floods the server; the calls, cancels and streams of the others go on.

The measure is calls of the flood that end during a call of somebody else: no test depends on the machine's speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
import websockets

from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, models, new_idempotency_key
from mesolive_sdk.clients import DataStream
from mesolive_sdk.exceptions import MesoLiveSignalRError
from mesolive_testkit.server import SPX, Kit, definition, live_server
from mesolive_testkit.venues import at_venue, desk_server

CONNECTIONS = 20
CALLS = 16
"""Calls of one connection that are under way at any time: 320 in all."""

SIMULATED = models.DataProviderType.Simulated
RECORD_SEPARATOR = "\x1e"

Call = Callable[[MesoLiveControlHubClient, int], Awaitable[object]]


async def read(control: MesoLiveControlHubClient, _number: int) -> object:
    return await control.list_strategies(models.ListStrategiesArgs())


async def write(control: MesoLiveControlHubClient, number: int) -> object:
    made = definition(StrategyName=f"strategy {number}")
    return await control.create_strategy(models.CreateStrategyArgs(StrategyDefinition=made, ActiveOnAccounts=[]))


@dataclass
class Flood:
    """Calls of one user that follow each other without a pause.

    Attributes
    ----------
    ended
        How many calls were answered so far.
    """

    ended: int = 0
    begun: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def during(self, call: Callable[[], Awaitable[object]]) -> int:
        """Make a call of somebody else; return how many calls of the flood ended until it was answered."""
        before = self.ended
        await call()
        return self.ended - before

    async def reaches(self, ended: int) -> None:
        """Wait until so many calls were answered."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.ended >= ended)

    async def count(self) -> None:
        """Count an answer."""
        async with self.changed:
            self.ended += 1
            self.changed.notify_all()


@asynccontextmanager
async def flooding(url: str, token: str, call: Call) -> AsyncGenerator[Flood]:
    """Flood the server with one kind of call."""
    flood = Flood()

    async def busy(control: MesoLiveControlHubClient) -> None:
        while True:
            flood.begun += 1
            await call(control, flood.begun)
            await flood.count()

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(MesoLiveControlHubClient(url, token)) for _ in range(CONNECTIONS)]
        tasks = [asyncio.create_task(busy(client)) for client in clients for _ in range(CALLS)]
        try:
            await flood.reaches(CONNECTIONS * CALLS)
            yield flood
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task


@pytest.mark.parametrize("call", [read, write])
async def test_calls_of_others_pass_a_flood_of_one_user(tmp_path: Path, call: Call) -> None:
    async with live_server(tmp_path, max_strategies=1_000_000) as kit:
        other = await kit.other_user()
        async with flooding(kit.url, kit.token, call) as flood:
            passed = [await flood.during(other.list_accounts) for _ in range(20)]
            written = [await flood.during(lambda number=number: write(other, number)) for number in range(10)]
    assert median(passed) < CONNECTIONS * CALLS / 4, passed
    assert median(written) < CONNECTIONS * CALLS / 4, written


async def test_a_users_own_cancel_passes_their_flood(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        plan = await desk.prepare_entry((await desk.strategy()).Id)
        sent = await desk.send(at_venue(plan, kind=models.OrderType.Limit, limit=Decimal(-99)))
        args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=sent.LiveOrderId)
        async with flooding(desk.application.url, desk.token, read) as flood:
            passed = await flood.during(lambda: desk.control.cancel_order(args))
        assert passed < CONNECTIONS * CALLS / 2
        assert desk.venue.ledger.working == {}


async def unread(stack: AsyncExitStack, kit: Kit, streams: int) -> None:
    """Open a connection that asks for streams and reads nothing."""
    address = f"{kit.url.replace('http', 'ws', 1)}/hubs/data/v1"
    headers = {"Authorization": f"Bearer {kit.token}"}
    socket = await websockets.connect(address, additional_headers=headers, max_queue=1)
    stack.callback(socket.transport.abort)
    await socket.send(json.dumps({"protocol": "json", "version": 1}) + RECORD_SEPARATOR)
    await socket.recv()
    asked = {
        "Underlying": {"Symbol": SPX.Symbol, "ContractType": SPX.ContractType.value, "Currency": SPX.Currency},
        "Provider": SIMULATED.value,
    }
    for number in range(streams):
        invocation = {"type": 4, "invocationId": str(number), "target": "StreamUnderlyingData"}
        await socket.send(json.dumps(invocation | {"arguments": [asked]}) + RECORD_SEPARATOR)


async def refusal(stream: Callable[[], DataStream[models.UnderlyingDataEntry]]) -> MesoLiveSignalRError:
    """Open streams and close them again until one is refused; return the refusal."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with stream() as opened:
                    await anext(opened)
            except MesoLiveSignalRError as refused:
                return refused


async def test_streams_that_nobody_reads_take_nothing_from_others(tmp_path: Path) -> None:
    args = models.StreamUnderlyingDataArgs(Underlying=SPX, Provider=SIMULATED)
    async with live_server(tmp_path) as kit, AsyncExitStack() as stack:
        made = await kit.application.access.create_key("somebody else")
        data = await kit.client(MesoLiveDataHubClient, made.token)
        control = await kit.client(MesoLiveControlHubClient, made.token)
        for _ in range(40):
            await unread(stack, kit, 500)
        own = await kit.data()
        refused = await refusal(lambda: own.stream_underlying_data(args))
        assert refused.status is models.StatusCode.RateLimited, refused
        async with data.stream_underlying_data(args) as mine:
            received = [await anext(mine)]
            for _ in range(5):
                await kit.advance(60)
                received.append(await anext(mine))
                await control.list_accounts()
        assert len({entry.Prices.Mark for entry in received if entry.Prices is not None}) > 1
