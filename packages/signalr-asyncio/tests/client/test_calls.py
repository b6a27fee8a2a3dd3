"""Calls in both directions, over a WebSocket, against a hub that the test plays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from decimal import Decimal

import msgspec
import pytest
from signalr_asyncio.client import (
    ClientOptions,
    ConnectionLost,
    ConnectionState,
    HubConnection,
    HubError,
    InvocationTimeout,
    NotConnected,
    PayloadMismatch,
    TooManyInvocations,
)
from signalr_asyncio.protocol.codec import EncodeError
from signalr_client_kit.hub import Peer, ScriptedHub, scripted_hub


class Quote(msgspec.Struct):
    symbol: str
    bid: Decimal


@pytest.fixture
async def hub() -> AsyncGenerator[ScriptedHub]:
    async with scripted_hub() as hub:
        yield hub


async def connected(hub: ScriptedHub, **arguments: object) -> tuple[HubConnection, Peer]:
    connection = HubConnection(hub.url, **arguments)  # type: ignore[arg-type] - a test's shorthand
    await connection.start()
    return connection, await hub.peer()


async def test_an_invocation_travels_with_its_arguments_and_returns_the_typed_result(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("GetQuote", "SPX", 3, result_type=Quote))

    message = await peer.receive()
    assert message == {
        "type": 1,
        "target": "GetQuote",
        "arguments": ["SPX", 3],
        "invocationId": message["invocationId"],
    }
    await peer.send({"type": 3, "invocationId": message["invocationId"], "result": {"symbol": "SPX", "bid": 1.10}})

    assert await call == Quote("SPX", Decimal("1.1"))
    await connection.stop()
