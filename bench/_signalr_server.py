"""The server side of the SignalR benchmark, a process of its own: hubs, and bare WebSockets to compare them with.

Prints the port on one line and serves until it is terminated; with the argument `picows` by picows.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
import psutil
import uvicorn

from signalr_asyncio import Hub, HubOptions, HubRoute, JsonHubProtocol, MessagePackHubProtocol, SignalRServer
from signalr_asyncio.protocol import HubMessage, Invocation

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ITEM_BYTES = 762
SERVER_CORE = 0
REPLAY = "/replay"
REPLAY_FRAME = 16 * 1024
SEPARATOR = "\x1e"


class Reading(msgspec.Struct):
    """What the stream carries: numbers and text, as of a measuring station."""

    Station: str
    Time: str
    Values: dict[str, float]
    Note: str


def make_reading() -> Reading:
    """Return an item whose JSON has `ITEM_BYTES` bytes."""
    values = {f"Channel{number:02}": round(20.0 + number * 0.37, 2) for number in range(24)}
    reading = Reading("north-7", "2026-01-05T16:00:00.000000Z", values, "")
    reading.Note = "n" * (ITEM_BYTES - len(msgspec.json.encode(reading)))
    return reading


READING = make_reading()
READING_TEXT = msgspec.json.encode(READING).decode()


class Encodings:
    """How many server calls were encoded, over both encodings."""

    count = 0


class CountingJson(JsonHubProtocol):
    """Counts the server calls that it encodes."""

    def encode(self, message: HubMessage) -> bytes:
        """Count and encode."""
        Encodings.count += isinstance(message, Invocation)
        return super().encode(message)


class CountingMessagePack(MessagePackHubProtocol):
    """Counts the server calls that it encodes."""

    def encode(self, message: HubMessage) -> bytes:
        """Count and encode."""
        Encodings.count += isinstance(message, Invocation)
        return super().encode(message)


class BenchHub(Hub):
    """What the benchmark calls."""

    async def Nothing(self) -> None:  # noqa: N802 - names as of a .NET hub
        """Do nothing."""

    async def Echo(self, text: str) -> str:  # noqa: N802 - names as of a .NET hub
        """Return the text."""
        return text

    async def Readings(self, count: int) -> AsyncIterator[Reading]:  # noqa: N802 - names as of a .NET hub
        """Stream the same item again and again; each is encoded anew."""
        for _ in range(count):
            yield READING

    async def Broadcast(self) -> None:  # noqa: N802 - names as of a .NET hub
        """Send one message to every connection."""
        await self.clients.all.send("Heard", READING)


OPTIONS = HubOptions(client_timeout=600.0)
HUBS = SignalRServer(
    {"/hub": BenchHub, "/hub-single": HubRoute(BenchHub, HubOptions(client_timeout=600.0, coalesce_limit=1))},
    options=OPTIONS,
)
# Apart from the others, because counting takes time.
COUNTED = SignalRServer({"/counted": BenchHub}, options=OPTIONS, protocols=(CountingJson(), CountingMessagePack()))


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Serve bare WebSockets and a hub that only replays, and the hubs elsewhere."""
    path = scope["path"]
    bare = {"/echo": echo, "/push": push, "/push-made": push_made, "/stats": stats, "/cpu": cpu, REPLAY: replay}.get(
        path
    )
    if path == f"{REPLAY}/negotiate":
        await negotiate(send)
    elif bare is None:
        await (COUNTED if path == "/counted" else HUBS)(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await bare(message["text"], send)


async def echo(text: str, send: Send) -> None:
    """Send the text back."""
    await send({"type": "websocket.send", "text": text})


async def push(text: str, send: Send) -> None:
    """Encode and send the item so many times, then `END`."""
    encode = msgspec.json.Encoder().encode
    for _ in range(int(text)):
        await send({"type": "websocket.send", "text": encode(READING).decode()})
    await send({"type": "websocket.send", "text": "END"})


async def push_made(text: str, send: Send) -> None:
    """Send the item's text, made beforehand, so many times, then `END`."""
    for _ in range(int(text)):
        await send({"type": "websocket.send", "text": READING_TEXT})
    await send({"type": "websocket.send", "text": "END"})


async def stats(_: str, send: Send) -> None:
    """Send the resident memory and the count of encodings."""
    gc.collect()
    answer = {"rss": psutil.Process().memory_info().rss, "encodings": Encodings.count}
    await send({"type": "websocket.send", "text": json.dumps(answer)})


async def cpu(_: str, send: Send) -> None:
    """Send the processor time of this process in seconds."""
    await send({"type": "websocket.send", "text": repr(time.process_time())})


async def negotiate(send: Send) -> None:
    """Answer the negotiation for the hub that replays."""
    offer = {"transport": "WebSockets", "transferFormats": ["Text"]}
    body = json.dumps({"negotiateVersion": 0, "connectionId": "replay", "availableTransports": [offer]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def replay(text: str, send: Send) -> None:
    """Answer as a hub with one stream, with frames made once, so that it is faster than any client."""
    for record in text.split(SEPARATOR)[:-1]:
        message = json.loads(record)
        if "protocol" in message:
            await send({"type": "websocket.send", "text": "{}" + SEPARATOR})
        elif message["type"] == 4:
            id_ = json.dumps(message["invocationId"])
            item = f'{{"type":2,"invocationId":{id_},"item":{READING_TEXT}}}{SEPARATOR}'
            together = REPLAY_FRAME // len(item)
            frames, rest = divmod(message["arguments"][0], together)
            frame = {"type": "websocket.send", "text": item * together}
            for _ in range(frames):
                await send(frame)
            end = f'{{"type":3,"invocationId":{id_}}}{SEPARATOR}'
            await send({"type": "websocket.send", "text": item * rest + end})
        elif message["type"] == 1:
            answer = {"type": 3, "invocationId": message["invocationId"], "result": None}
            await send({"type": "websocket.send", "text": json.dumps(answer) + SEPARATOR})


@asynccontextmanager
async def serving_here() -> AsyncGenerator[int]:
    """Serve in this process and on its loop; yields the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        server = uvicorn.Server(_config())
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


def _config(websockets: type[asyncio.Protocol] | Literal["websockets-sansio"] = "websockets-sansio") -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="error",
        ws=websockets,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=1,
    )


def main() -> None:
    """Serve on a free port of the loopback interface."""
    pin(SERVER_CORE)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    websockets: type[asyncio.Protocol] | Literal["websockets-sansio"] = "websockets-sansio"
    if sys.argv[1:] == ["picows"]:
        from signalr_asyncio.server.picows import PicowsProtocol

        websockets = PicowsProtocol
    uvicorn.Server(_config(websockets)).run(sockets=[listener])


def pin(core: int) -> None:
    """Keep this process on one core, where the system can and has so many."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})


if __name__ == "__main__":
    main()
