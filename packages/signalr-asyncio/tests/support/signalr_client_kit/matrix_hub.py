"""Our own server with a hub that shows every kind of call, and the programme that a client runs against it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from signalr_asyncio import Hub, HubMethodError, HubOptions, JsonHubProtocol, SignalRServer
from signalr_asyncio.client import HubConnection, HubError
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_client_kit.hub import Serving, serving


class Order(msgspec.Struct):
    """A value with the types that encodings differ in."""

    id: int
    price: Decimal
    at: datetime
    note: str | None


ORDER = Order(7, Decimal("1234.50"), datetime(2025, 1, 2, 3, 4, 5, 678901, UTC), "çé €")


class MatrixHub(Hub):
    """Every kind of call."""

    calls: list[int]

    async def Echo(self, order: Order) -> Order:  # noqa: N802 - the hub's wire name
        """Return what came."""
        return order

    async def Note(self, number: int) -> int:  # noqa: N802 - the hub's wire name
        """Remember a number, so that a test sees what arrived and how often."""
        self.calls.append(number)
        return number

    async def Fail(self) -> None:  # noqa: N802 - the hub's wire name
        """Answer with an error."""
        raise HubMethodError("on purpose")

    async def Count(self, first: int, end: int) -> AsyncIterator[int]:  # noqa: N802 - the hub's wire name
        """Stream numbers."""
        for number in range(first, end):
            yield number
            if number % 100 == 0:
                await asyncio.sleep(0)

    async def Sum(self, numbers: AsyncIterator[int]) -> int:  # noqa: N802 - the hub's wire name
        """Add up an upload."""
        return sum([number async for number in numbers])

    async def Double(self, numbers: AsyncIterator[int]) -> AsyncIterator[int]:  # noqa: N802 - the hub's wire name
        """Stream back an upload, doubled."""
        async for number in numbers:
            yield number * 2

    async def Ask(self, question: str) -> str:  # noqa: N802 - the hub's wire name
        """Have the client answer."""
        client = self.clients.client(self.context.connection_id)
        return await client.invoke("Answer", question, result_type=str)

    async def Tell(self, number: int) -> None:  # noqa: N802 - the hub's wire name
        """Call the client back."""
        await self.clients.caller.send("Told", number)


class Fixture:
    """A server that can be started anew, as a process would be: nothing of the old one is known to the new one."""

    def __init__(self, options: HubOptions) -> None:
        self._options = options
        self.calls: list[int] = []
        self.app = self._new()
        self.serving: Serving

    def _new(self) -> SignalRServer:
        hub = type("RunHub", (MatrixHub,), {"calls": self.calls})
        return SignalRServer(
            {"/hub": hub}, options=self._options, protocols=(JsonHubProtocol(), MessagePackHubProtocol())
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve by the server of the moment."""
        await self.app(scope, receive, send)

    async def stop(self) -> None:
        """Stop listening and cut all connections."""
        await self.serving.stop()
        await self.app.shutdown(0.05)

    async def restart(self) -> None:
        """Begin anew on the same port."""
        self.app = self._new()
        await self.serving.start()


@asynccontextmanager
async def matrix_server(**options: Any) -> AsyncGenerator[Fixture]:
    """Serve the hub."""
    server = Fixture(HubOptions(maximum_parallel_invocations=10, allow_stateful_reconnect=True, **options))
    async with serving(server) as server.serving:
        yield server
    await server.app.shutdown(0.05)


async def _numbers(end: int) -> AsyncGenerator[int]:
    for number in range(end):
        yield number


async def run_programme(connection: HubConnection) -> None:
    """Use every kind of call at the same time and check what comes back."""
    numbers: asyncio.Queue[int] = asyncio.Queue()
    forget = connection.on("Told", numbers.put_nowait, types=(int,))

    def answer(question: str) -> str:
        return f"{question}!"

    forget_answer = connection.on("Answer", answer, types=(str,))
    try:
        results = await asyncio.gather(
            connection.invoke("Echo", ORDER, result_type=Order),
            connection.invoke("Sum", _numbers(20), result_type=int),
            connection.invoke("Ask", "well", result_type=str),
            _collect(connection, "Count", 0, 300),
            _collect(connection, "Double", _numbers(20)),
            connection.send("Tell", 5),
        )
        assert results[:3] == [ORDER, 190, "well!"]
        assert results[3] == list(range(300))
        assert results[4] == list(range(0, 40, 2))
        assert await numbers.get() == 5
        with pytest.raises(HubError, match="on purpose"):
            await connection.invoke("Fail")
        with pytest.raises(HubError, match="Unknown hub method 'Nothing'"):
            await connection.invoke("Nothing")
        async with connection.stream("Count", 0, 10**9, item_type=int) as stream:
            assert await anext(stream) == 0
    finally:
        forget()
        forget_answer()


async def _collect(connection: HubConnection, target: str, *args: object) -> list[int]:
    return [number async for number in connection.stream(target, *args, item_type=int)]
