"""The kit for the tests of applications."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from signalr_asyncio import (
    ClientOptions,
    ConnectError,
    ConnectionLostError,
    ConnectionRequest,
    Hub,
    HubError,
    HubOptions,
    MessagePackHubProtocol,
    Principal,
    RetryPolicy,
    SignalRServer,
)
from signalr_asyncio.client import UnauthorizedError
from signalr_asyncio.testing import ManualClock, connect

PATIENCE = 60.0


class ChatHub(Hub):
    left: asyncio.Queue[str | None]

    async def Say(self, text: str) -> int:
        await self.clients.all.send("Said", text)
        return len(text)

    async def WhoAmI(self) -> str | None:
        return self.context.user_id

    async def Count(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    async def Flood(self) -> AsyncIterator[str]:
        for _ in itertools.count():
            yield "x" * 10_000

    async def Sum(self, items: AsyncIterator[int]) -> int:
        return sum([item async for item in items])

    async def Fail(self) -> None:
        raise ValueError("secret")

    async def on_disconnected(self, error: str | None) -> None:
        self.left.put_nowait(error)


@pytest.fixture(autouse=True)
async def fresh() -> None:
    ChatHub.left = asyncio.Queue()


async def authenticate(asked: ConnectionRequest) -> Principal | None:
    return Principal(asked.token) if asked.token else None


@pytest.mark.parametrize("protocol", [None, MessagePackHubProtocol()], ids=["json", "messagepack"])
async def test_a_client_without_a_socket_calls_streams_uploads_and_listens(protocol: Any) -> None:
    app = SignalRServer({"/chat": ChatHub})
    received: asyncio.Queue[str] = asyncio.Queue()

    async def numbers() -> AsyncIterator[int]:
        for number in range(100):
            yield number

    async with connect(app, "/chat", protocol=protocol) as connection:
        connection.on("Said", received.put_nowait, types=(str,))
        assert await connection.invoke("Say", "hello", result_type=int) == 5
        assert await asyncio.wait_for(received.get(), PATIENCE) == "hello"
        assert [item async for item in connection.stream("Count", 1_000)] == list(range(1_000))
        assert await connection.invoke("Sum", numbers()) == sum(range(100))
        with pytest.raises(HubError, match="unexpected error"):
            await connection.invoke("Fail")
    assert await asyncio.wait_for(ChatHub.left.get(), PATIENCE) is None
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_tokens_and_refusals_are_as_over_a_socket() -> None:
    app = SignalRServer({"/chat": ChatHub}, authenticate=authenticate)
    async with connect(app, "/chat", token="ann") as connection:
        assert await connection.invoke("WhoAmI") == "ann"
    with pytest.raises(UnauthorizedError):
        await connect(app, "/chat").start()
    with pytest.raises(ConnectError, match="404"):
        await connect(app, "/elsewhere", token="ann").start()


async def test_a_hub_mounted_in_another_application_is_reached() -> None:
    hubs = SignalRServer({"/chat": ChatHub})
    async with connect(Starlette(routes=[Mount("/hubs", hubs)]), "/hubs/chat?x=1") as connection:
        assert await connection.invoke("Say", "hi") == 2


async def test_an_application_that_fails_is_a_failed_connection() -> None:
    async def broken(*_: object) -> None:
        raise ValueError("not today")

    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "{}\x1e"})
        await receive()
        await receive()
        raise ValueError("too late")

    async def hanging(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    hurry = ClientOptions(connect_timeout=0.01, stop_timeout=0.01)
    with pytest.raises(ConnectError, match="did not answer in time"):
        await connect(hanging, "/chat", options=hurry).start()
    with pytest.raises(ConnectError, match="500"):
        await connect(broken, "/chat").start()
    with pytest.raises(UnauthorizedError):
        await connect(refusing, "/chat").start()
    connection = connect(failing, "/chat")
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    await connection.start()
    assert "too late" in str(await asyncio.wait_for(ended, PATIENCE))


async def test_a_reader_that_stops_holds_up_the_stream_and_not_the_memory() -> None:
    app = SignalRServer(
        {"/chat": ChatHub}, options=HubOptions(maximum_outgoing_bytes=100_000, stream_high_water=50_000)
    )
    async with connect(app, "/chat") as connection:
        async with connection.stream("Flood", buffer=2) as stream:
            assert len(await anext(stream)) == 10_000
            for _ in range(200):
                await asyncio.sleep(0)
            assert app.stats().queued_bytes <= 100_000
        assert await connection.invoke("Say", "on", timeout=PATIENCE) == 2


async def test_an_end_by_the_server_is_seen_and_a_client_may_come_back() -> None:
    app = SignalRServer({"/chat": ChatHub})
    back = asyncio.Event()
    connection = connect(app, "/chat", reconnect=RetryPolicy(initial=0, maximum=0))
    connection.on_reconnected(lambda _: back.set())
    async with connection:
        hub = app.hub("/chat")
        (connection_id,) = hub.connection_ids
        hub._runtime.registry.sessions[connection_id].close("again", allow_reconnect=True)
        await asyncio.wait_for(back.wait(), PATIENCE)
        assert await connection.invoke("Say", "back") == 4


async def test_one_clock_moves_both_sides() -> None:
    clock = ManualClock()
    app = SignalRServer({"/chat": ChatHub}, clock=clock)
    async with connect(app, "/chat", clock=clock) as connection:
        # Both send their pings, so neither misses the other.
        for _ in range(30):
            await clock.advance(10)
        assert await connection.invoke("Say", "still here") == 10
    own_clock = ManualClock()
    silent = connect(app, "/chat", clock=own_clock)
    await silent.start()
    await own_clock.advance(16)
    for _ in range(5):
        await clock.advance(10)
    assert "ClientTimeoutInterval" in str(ChatHub.left.get_nowait() or ChatHub.left.get_nowait())
    await silent.stop()


async def test_a_planned_call_can_be_called_off_and_the_others_come_in_order() -> None:
    clock = ManualClock()
    called: list[tuple[str, float]] = []
    clock.call_later(2, lambda: called.append(("second", clock.now())))
    off = clock.call_later(1.5, lambda: called.append(("never", clock.now())))
    clock.call_later(1, lambda: called.append(("first", clock.now())))
    off.cancel()
    sleeping = asyncio.create_task(clock.sleep(3))
    await clock.sleep(0)
    start = clock.now()
    await clock.advance(2.5)
    assert called == [("first", start + 1), ("second", start + 2)]
    assert not sleeping.done()
    await clock.advance(1)
    assert sleeping.done()
    assert clock.now() == start + 3.5
