"""The server process of `bench.market`: a ticking market, positions on it, and the Data Hub on a socket.

`python -m bench._market_server RATE POSITIONS` prints the port once it listens, and runs until its input ends.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import aclosing
from functools import partial

import msgspec
import uvicorn
import uvloop

from bench._market_fixture import USER, BenchPositions, TickingProvider
from bench._signalr_server import SERVER_CORE, Message, Receive, Send, cpu, pin
from mesolive.clock import WallClock
from mesolive.hubs.data import DataHub
from mesolive.hubs.envelope import principal_of
from mesolive.journal.bus import LocalBus
from mesolive.market.service import Market
from mesolive.server import calm_collector
from mesolive.signals.evaluation_stream import EvaluationStreams
from mesolive.signals.latest import LatestEvaluations
from mesolive.streams.service import Streams
from mesolive.trading.valuation.wire_items import LiveItem
from mesolive_sdk import models
from mesolive_sdk.wire import hub_protocol
from signalr_asyncio import ConnectionRequest, HubRoute, Principal, SignalRServer


async def serve(rate: int, positions: int) -> None:
    provider = TickingProvider(rate)
    market = Market([provider])
    await market.start()
    streams = Streams(BenchPositions(provider, positions), market, LocalBus(), provider.clock)
    evaluations = EvaluationStreams(LatestEvaluations(), WallClock())

    async def authenticate(_: ConnectionRequest) -> Principal:
        return principal_of(USER)

    hubs = SignalRServer(
        {"/hubs/data/v1": HubRoute(partial(DataHub, streams, evaluations))},
        authenticate=authenticate,
        protocols=[hub_protocol("json")],
    )

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        """Serve the hub, and bare WebSockets beside it."""
        bare = {"/cpu": cpu, "/push": push}.get(scope["path"])
        if bare is None:
            await hubs(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await bare(message["text"], send)

    async def push(text: str, send: Send) -> None:
        """Encode and send items of positions so many times, each anew, then `END` and the size of one."""
        made = [await _item(streams, number) for number in range(1, min(positions, 20) + 1)]
        encode = msgspec.json.Encoder(decimal_format="number").encode
        for number in range(int(text)):
            await send({"type": "websocket.send", "text": encode(made[number % len(made)]).decode()})
        await send({"type": "websocket.send", "text": "END"})
        await send({"type": "websocket.send", "text": str(len(encode(made[0])))})

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="error",
        ws="websockets-sansio",
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    print(listener.getsockname()[1], flush=True)
    calm_collector()  # as `mesolive serve` does
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    engine = streams.engine
    print(engine.busy_seconds, engine.turns, engine.items, provider.ticks, flush=True)
    server.should_exit = True
    await hubs.shutdown()
    await running
    await streams.close()
    await market.stop()


async def _item(streams: Streams, number: int) -> object:
    """Return the content of a position's item as it is when only the encoding is left to do."""
    items = streams.position(USER, models.StreamPositionDataArgs(PositionId=number))
    async with aclosing(items):
        item = await anext(items)
    assert isinstance(item, LiveItem)
    return item.plain()


if __name__ == "__main__":
    pin(SERVER_CORE)
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
