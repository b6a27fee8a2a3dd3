"""The server process of `bench.market`: a ticking market, positions on it, and the Data Hub on a socket.

`python -m bench._market_server RATE POSITIONS` prints the port once it listens, and runs until its input ends.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from functools import partial

import uvicorn
import uvloop

from bench._market_fixture import USER, BenchPositions, TickingProvider
from mesolive.hubs.data import DataHub
from mesolive.hubs.envelope import principal_of
from mesolive.journal.bus import LocalBus
from mesolive.market.service import Market
from mesolive.streams.service import Streams
from mesolive_sdk.wire import hub_protocol
from signalr_asyncio import ConnectionRequest, HubRoute, Principal, SignalRServer


async def serve(rate: int, positions: int) -> None:
    provider = TickingProvider(rate)
    market = Market([provider])
    await market.start()
    streams = Streams(BenchPositions(provider, positions), market, LocalBus(), provider.clock)

    async def authenticate(_: ConnectionRequest) -> Principal:
        return principal_of(USER)

    hubs = SignalRServer(
        {"/hubs/data/v1": HubRoute(partial(DataHub, streams))},
        authenticate=authenticate,
        protocols=[hub_protocol("json")],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(hubs, lifespan="off", log_level="error", ws="websockets-sansio", ws_ping_interval=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    print(listener.getsockname()[1], flush=True)
    gc.collect()
    gc.freeze()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    engine = streams.engine
    print(engine.busy_seconds, engine.turns, engine.items, provider.ticks, flush=True)
    server.should_exit = True
    await hubs.shutdown()
    await running
    await streams.close()
    await market.stop()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
