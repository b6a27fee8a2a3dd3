"""The client side of `bench.events`: a process with many subscribers, which note when each event arrives.

    python -m bench._event_listeners PORT BARE_PORT TOKEN COUNT TYPED

Prints `ready` once all are connected; when its input ends, the milliseconds that events took, as JSON: of the bare
connections, of the subscribers that read frames, and of the `TYPED` ones that are clients of the SDK.

An event carries the moment at which it was begun, by the clock that all processes of this machine share.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
from typing import cast

import uvloop

from bench._signalr_socket import frame
from mesolive_sdk import MesoLiveEventHubClient, models
from signalr_asyncio import JsonHubProtocol
from signalr_asyncio.protocol import HandshakeRequest, Invocation, encode_handshake

BEGUN = re.compile(rb'"Message":"([0-9.]+)"')
JOIN = frame(encode_handshake(HandshakeRequest("json", 1))) + frame(
    JsonHubProtocol().encode(Invocation("GetLatestEventSeqId", [{}], "1"))
)


class Subscriber(asyncio.Protocol):
    """A WebSocket that reads as much of a frame as it must: the moment in it. Text that is cut by a read is kept."""

    def __init__(self, took: list[float], path: str, hello: bytes, joined: bytes) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._took = took
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self._hello = hello
        self._joined = joined
        self._upgraded = False
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._data += data
        if not self._upgraded:
            if b"\r\n\r\n" not in self._data:
                return
            self._upgraded = True
            assert self._transport is not None
            self._transport.write(self._hello)
        if not self.ready.done() and self._joined in self._data:
            self.ready.set_result(None)
        end = 0
        for result in BEGUN.finditer(self._data):
            self._took.append((now - float(result[1])) * 1000)
            end = result.end()
        self._data = self._data[end:][-200:]


async def listen(port: int, bare_port: int, token: str, count: int, typed: int) -> None:
    """Connect all clients, and report what was received when the input ends."""
    loop = asyncio.get_running_loop()
    bare: list[float] = []
    read: list[float] = []
    decoded: list[float] = []
    path = f"/hubs/event/v1?access_token={token}"

    def hear(event: models.AgentStatusEvent) -> None:
        decoded.append((time.perf_counter() - float(event.Message)) * 1000)

    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            _, subscriber = await loop.create_connection(
                lambda: Subscriber(bare, "/", b"", b"\r\n\r\n"), "127.0.0.1", bare_port
            )
            await subscriber.ready
        for _ in range(count - typed):
            _, subscriber = await loop.create_connection(
                lambda: Subscriber(read, path, JOIN, b'"invocationId":"1"'), "127.0.0.1", port
            )
            await subscriber.ready
        for _ in range(typed):
            client = await stack.enter_async_context(MesoLiveEventHubClient(f"http://127.0.0.1:{port}", token))
            client.on_agent_status_change(hear)
            await client.get_latest_event_seq_id()
        print("ready", flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps({"bare": bare, "read": read, "decoded": decoded}), flush=True)


if __name__ == "__main__":
    uvloop.run(listen(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
