"""Writers of sockets whose peer was killed: nothing is written after the write that fails.

asyncio tells a protocol of a loss one turn of the loop after it has noticed it, drops what is written until then, and
logs "socket.send() raised exception." for it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect

from mesolive.connectors.ibkr.line_ticks import LineTicks
from mesolive.connectors.ibkr.session_errors import SessionLostError
from mesolive.connectors.ibkr.tws_messages import Contract
from mesolive.doubles.tastytrade.connections import Connections, listen, server_of
from mesolive.doubles.tastytrade.sockets import Socket
from mesolive.doubles.tws.session import Session
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.sockets import PromptWebSockets
from mesolive_testkit.ibkr import session_at
from mesolive_testkit.tws import running_double

WRITES = 20
"""More than asyncio drops in silence."""


async def kill(transport: asyncio.BaseTransport) -> None:
    """Reset a connection as the end of its process does; return before the other side's loop has looked at it."""
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert isinstance(transport, asyncio.Transport)
    transport.abort()
    await asyncio.sleep(0)


def dropped(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what asyncio has said of writes that it dropped."""
    return [record.getMessage() for record in caplog.records if "socket.send()" in record.getMessage()]


@pytest.fixture(autouse=True)
def _warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "asyncio")


async def test_asyncio_does_log_writes_to_a_lost_socket(caplog: pytest.LogCaptureFixture) -> None:
    """What the tests below look for can be seen."""
    accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: accepted.put_nowait(writer), "127.0.0.1", 0)
    async with server:
        _, ours = await asyncio.open_connection(*server.sockets[0].getsockname())
        theirs = await accepted.get()
        await kill(ours.transport)
        for _ in range(WRITES):
            theirs.transport.write(b"x")
        assert dropped(caplog)
        for end in (ours, theirs):
            end.close()
        await asyncio.gather(ours.wait_closed(), theirs.wait_closed(), return_exceptions=True)


async def test_the_double_of_tws_writes_nothing_after_a_failed_write(caplog: pytest.LogCaptureFixture) -> None:
    async with running_double() as kit:
        client = await kit.client(10)
        session = kit.double.gateway.clients[10]
        assert isinstance(session, Session)
        await kill(client.api.conn.transport)
        for _ in range(WRITES):
            session.error(-1, 2104)
            session.flush()
        await asyncio.sleep(0)
    assert dropped(caplog) == []


async def test_the_connector_to_tws_writes_nothing_after_a_failed_write(caplog: pytest.LogCaptureFixture) -> None:
    async with running_double(DoubleSettings(messages_per_second=0)) as kit, session_at(kit) as session:
        theirs = kit.double.gateway.clients[11]
        assert isinstance(theirs, Session)
        transport = theirs._transport  # pyright: ignore[reportPrivateUsage]  # the double's side of the socket
        assert transport is not None
        await kill(transport)
        sink = LineTicks(lambda _: None, lambda _, _code, _text: None, lambda _: None)
        for number in range(1, WRITES):
            try:
                session.open_line(Contract(con_id=number, exchange="SMART"), sink)
            except SessionLostError:
                break
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert dropped(caplog) == []


@pytest.mark.parametrize("double", [False, True], ids=["server", "double of tastytrade"])
async def test_a_websocket_writes_nothing_after_a_failed_write(caplog: pytest.LogCaptureFixture, double: bool) -> None:
    go, ended, connections = asyncio.Event(), asyncio.Event(), Connections()

    async def application(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        websocket = WebSocket(dict(scope), receive, send)
        if double:
            writer = Socket(websocket, connections)
            await writer.accept()
            await go.wait()
            for _ in range(WRITES):
                writer.send({"type": "x"})
            await writer.receive()
            await writer.done()
        else:
            await websocket.accept()
            await go.wait()
            try:
                for _ in range(WRITES):
                    await websocket.send_text("x")
            except WebSocketDisconnect:
                pass
        ended.set()

    listener = listen("127.0.0.1", 0)
    server = server_of(application, connections, 2**20)
    if not double:
        server.config.ws = PromptWebSockets
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event of it
        await asyncio.sleep(0)
    host, port = listener.getsockname()
    client = await connect(f"ws://{host}:{port}/")
    await kill(client.transport)
    go.set()
    await ended.wait()
    server.end()
    await serving
    assert dropped(caplog) == []
