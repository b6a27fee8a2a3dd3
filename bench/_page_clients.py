"""Load generator of pages: clients that follow what a page shows, as a browser does or by the SDK, in a process.

    python -m bench._page_clients URL TOKEN KIND CLIENTS POSITIONS

`KIND` is `browser` (cookie of a session, three JSON WebSockets with `Origin`, no negotiation, compression offered) or
`sdk` (bearer token, the three clients of the SDK). Each client follows the first `POSITIONS` positions, the underlying
and all strategies. Prints `ready` when each stream has had an item; after that every line of input is answered by the
number of items so far.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import websockets

from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient, models
from mesolive_sdk.wire import enc_hook

SEPARATOR = "\x1e"
PING_SECONDS = 10.0

_encode = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="number").encode


class Counter:
    """Items of all clients, and how many streams have had none yet."""

    def __init__(self, streams: int) -> None:
        self.items = 0
        self.missing = streams
        self.ready = asyncio.Event()

    def first(self) -> None:
        """Note the first item of a stream."""
        self.missing -= 1
        if self.missing == 0:
            self.ready.set()


def shown(positions: int) -> list[tuple[str, msgspec.Struct]]:
    """Return the streams of a page: as its rows ask for them."""
    marks = models.LiveQuoteFields.Mark
    result: list[tuple[str, msgspec.Struct]] = [
        (
            "StreamPositionData",
            models.StreamPositionDataArgs(
                PositionId=number,
                PriceFields=marks,
                GreekFields=marks,
                PnlFields=marks,
                IncludeLegs=models.LiveDataInclude.Greeks,
                IncludeLegGroups=models.LiveDataInclude.None_,
            ),
        )
        for number in range(1, positions + 1)
    ]
    spx = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")
    simulated = models.DataProviderType.Simulated
    result.append(("StreamUnderlyingData", models.StreamUnderlyingDataArgs(Underlying=spx, Provider=simulated)))
    return result


def record(**fields: object) -> str:
    """Return a message of the JSON hub protocol."""
    return _encode(fields).decode() + SEPARATOR


async def browser(url: str, cookie: str, positions: int, counter: Counter) -> None:
    """Follow the streams of a page as a browser does."""
    headers = {"Cookie": cookie, "Origin": url}
    sockets = url.replace("http", "ws", 1)

    async def hub(name: str, calls: list[tuple[str, msgspec.Struct]], kind: int) -> None:
        waiting = set(range(len(calls))) if kind == 4 else set[int]()
        async with websockets.connect(f"{sockets}/hubs/{name}/v1", additional_headers=headers) as socket:
            await socket.send(record(protocol="json", version=1))
            await socket.recv()
            for number, (target, args) in enumerate(calls):
                await socket.send(record(type=kind, invocationId=str(number), target=target, arguments=[args]))

            async def ping() -> None:
                while True:
                    await asyncio.sleep(PING_SECONDS)
                    await socket.send(record(type=6))

            pinging = asyncio.create_task(ping())
            try:
                async for text in socket:
                    for message in str(text).split(SEPARATOR):
                        if not message.startswith('{"type":2,'):
                            continue
                        counter.items += 1
                        if waiting:
                            number = int(msgspec.json.decode(message)["invocationId"])
                            if number in waiting:
                                waiting.discard(number)
                                counter.first()
            finally:
                pinging.cancel()

    await asyncio.gather(
        hub("control", [("ListPositions", models.ListPositionsArgs())], 1),
        hub("event", [("SubscribeToStrategies", models.SubscribeToStrategiesArgs())], 1),
        hub("data", shown(positions), 4),
    )


async def sdk(url: str, token: str, positions: int, counter: Counter) -> None:
    """Follow the same by the SDK."""
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(MesoLiveControlHubClient(url, token))
        events = await stack.enter_async_context(MesoLiveEventHubClient(url, token))
        data = await stack.enter_async_context(MesoLiveDataHubClient(url, token))
        await control.list_positions()
        await events.subscribe_to_strategies()

        async def follow(args: msgspec.Struct) -> None:
            if isinstance(args, models.StreamPositionDataArgs):
                stream: Any = data.stream_position_data(args)
            elif isinstance(args, models.StreamUnderlyingDataArgs):
                stream = data.stream_underlying_data(args)
            else:
                raise TypeError(args)
            first = True
            async for _ in stream:
                counter.items += 1
                if first:
                    first = False
                    counter.first()

        await asyncio.gather(*(follow(args) for _, args in shown(positions)))


async def main(url: str, token: str, kind: str, clients: int, positions: int) -> None:
    """Run the clients until the input ends."""
    counter = Counter(clients * (positions + 1))
    if kind == "browser":
        async with httpx.AsyncClient() as http:
            answer = await http.post(
                f"{url}/portal/session", headers={"X-MesoLive": "1", "Origin": url}, json={"Key": token}
            )
            answer.raise_for_status()
            cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
        work = [asyncio.create_task(browser(url, cookie, positions, counter)) for _ in range(clients)]
    else:
        work = [asyncio.create_task(sdk(url, token, positions, counter)) for _ in range(clients)]
    ready = asyncio.create_task(counter.ready.wait())
    done, _ = await asyncio.wait([ready, *work], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()  # a client that failed ends the process with its error
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(counter.items, flush=True)
    for task in work:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
