"""The client against our server: every transport and encoding, over a network that fails in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from signalr_asyncio import JsonHubProtocol
from signalr_asyncio.client import (
    ClientError,
    ClientOptions,
    ClosedByServerError,
    ConnectionLostError,
    HubConnection,
    LongPolling,
    NotConnectedError,
    RetryPolicy,
    ServerSentEvents,
    ServerTimeoutError,
    WebSockets,
)
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_client_kit.clock import ManualClock
from signalr_client_kit.matrix_hub import Fixture, matrix_server, run_programme
from signalr_client_kit.proxy import Proxy, proxied

SOON = RetryPolicy(initial=0.01, maximum=0.02)

KINDS = {
    "WebSockets-json": (WebSockets, JsonHubProtocol()),
    "WebSockets-messagepack": (WebSockets, MessagePackHubProtocol()),
    "ServerSentEvents-json": (ServerSentEvents, JsonHubProtocol()),
    "LongPolling-json": (LongPolling, JsonHubProtocol()),
    "LongPolling-messagepack": (LongPolling, MessagePackHubProtocol()),
}


@pytest.fixture
async def server() -> AsyncGenerator[Fixture]:
    async with matrix_server() as server:
        yield server


@pytest.fixture
async def proxy(server: Fixture) -> AsyncGenerator[Proxy]:
    async with proxied(server.serving.port) as proxy:
        yield proxy


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def to(port: int, kind: str, **arguments: Any) -> HubConnection:
    transport, protocol = KINDS[kind]
    arguments = {"reconnect": SOON, **arguments}
    return HubConnection(f"http://127.0.0.1:{port}/hub", transports=(transport,), protocol=protocol, **arguments)


def coming_back(connection: HubConnection) -> asyncio.Event:
    back = asyncio.Event()
    connection.on_reconnected(lambda _: back.set())
    return back


async def test_every_kind_of_call_works(server: Fixture, kind: str) -> None:
    async with to(server.serving.port, kind) as connection:
        await run_programme(connection)


@pytest.mark.parametrize("size", [1, 7])
async def test_bytes_may_arrive_in_pieces_of_any_size(proxy: Proxy, kind: str, size: int) -> None:
    proxy.slice = size
    async with to(proxy.port, kind) as connection:
        if size > 1:
            await run_programme(connection)
        else:
            assert await connection.invoke("Note", 1, result_type=int) == 1
            assert [number async for number in connection.stream("Count", 0, 20, item_type=int)] == list(range(20))


async def test_a_network_that_stops_for_a_while_loses_nothing(proxy: Proxy, kind: str) -> None:
    async with to(proxy.port, kind) as connection:
        proxy.hold()
        calls = [asyncio.create_task(connection.invoke("Note", number, result_type=int)) for number in range(5)]
        done, _ = await asyncio.wait(calls, timeout=0.05)
        assert not done
        proxy.release()
        assert await asyncio.gather(*calls) == list(range(5))


async def test_a_cut_network_fails_what_waits_and_then_works_again(proxy: Proxy, kind: str) -> None:
    async with to(proxy.port, kind) as connection:
        back = coming_back(connection)
        stream = connection.stream("Count", 0, 10**9, item_type=int)
        assert await anext(stream) == 0
        proxy.hold()
        call = asyncio.create_task(connection.invoke("Note", 1))
        await asyncio.sleep(0)
        proxy.cut()
        with pytest.raises(ConnectionLostError):
            await call
        with pytest.raises(ConnectionLostError):
            async for _ in stream:
                pass
        proxy.release()
        await back.wait()
        await run_programme(connection)


@pytest.mark.slow
@pytest.mark.parametrize("budget", [1, 60, 130, 250, 400, 700, 1100, 2000])
async def test_a_connection_cut_at_any_byte_answers_rightly_or_not_at_all(proxy: Proxy, kind: str, budget: int) -> None:
    async with to(proxy.port, kind) as connection:
        back = coming_back(connection)
        cut = proxy.cut_after(budget)
        answered = 0
        for number in range(200):
            try:
                assert await connection.invoke("Note", number, result_type=int, timeout=60) == number
                answered += 1
            except (ConnectionLostError, NotConnectedError):
                break
        assert cut.is_set()
        assert answered < 200
        await back.wait()
        await run_programme(connection)


@pytest.mark.slow
@pytest.mark.parametrize("budget", [1, 90, 180, 300, 500])
async def test_a_connect_cut_at_any_byte_fails_clearly_or_succeeds(proxy: Proxy, kind: str, budget: int) -> None:
    cut = proxy.cut_after(budget)
    connection = to(proxy.port, kind)
    back = coming_back(connection)
    try:
        await connection.start()
    except ClientError:
        # The next one goes through, on the same object.
        assert cut.is_set()
        await connection.start()
    try:
        await connection.invoke("Note", 1)
    except (ConnectionLostError, NotConnectedError):
        await back.wait()
        await connection.invoke("Note", 1)
    await connection.stop()


async def test_a_half_open_connection_is_detected(proxy: Proxy, kind: str, pass_time: Callable[[float], None]) -> None:
    clock = ManualClock()
    options = ClientOptions(poll_timeout=60, stop_timeout=0.2)
    connection = to(proxy.port, kind, reconnect=None, options=options, clock=clock)
    await connection.start()
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    assert await connection.invoke("Note", 1) == 1
    proxy.swallowing = True
    call = asyncio.create_task(connection.invoke("Note", 2))
    polling = kind.startswith("LongPolling")
    if polling:
        while not call.done():  # the next poll may not have begun yet
            pass_time(60)
            await asyncio.sleep(0.01)
    else:
        await clock.sleeping(15)
        await clock.advance(60)
    with pytest.raises(ConnectionLostError):
        await call
    assert isinstance(await ended, ConnectionLostError if polling else ServerTimeoutError)


@pytest.mark.parametrize("how", ["killed", "drained"])
async def test_a_restarted_server_is_connected_again(server: Fixture, kind: str, how: str) -> None:
    async with to(server.serving.port, kind) as connection:
        back = coming_back(connection)
        lost: asyncio.Queue[ConnectionLostError] = asyncio.Queue()
        connection.on_reconnecting(lost.put_nowait)
        first = connection.connection_id
        await run_programme(connection)
        if how == "drained":
            await server.app.shutdown(1)
        await server.stop()
        reason = await lost.get()
        assert isinstance(reason, ClosedByServerError) == (how == "drained")
        with pytest.raises((NotConnectedError, ConnectionLostError)):
            await connection.invoke("Note", 1)
        await server.restart()
        await back.wait()
        assert connection.connection_id != first
        await run_programme(connection)


# -- stateful


@pytest.fixture(params=["WebSockets-json", "WebSockets-messagepack"])
def stateful_kind(request: pytest.FixtureRequest) -> str:
    return request.param


async def test_a_stateful_connection_works_as_any_other(server: Fixture, stateful_kind: str) -> None:
    async with to(server.serving.port, stateful_kind, stateful=True) as connection:
        await run_programme(connection)


@pytest.mark.parametrize("rounds", [[300, 700, 1500, 4000, 9000], [11, 1000, 50, 3000, 200]])
async def test_cuts_at_any_byte_lose_nothing_of_a_stateful_connection(
    server: Fixture, proxy: Proxy, stateful_kind: str, rounds: list[int]
) -> None:
    async with to(proxy.port, stateful_kind, stateful=True) as connection:
        lost: list[object] = []
        connection.on_reconnecting(lost.append)

        async def count() -> list[int]:
            return [number async for number in connection.stream("Count", 0, 3000, item_type=int, buffer=16)]

        counting = asyncio.create_task(count())
        notes = 0
        for budget in rounds:
            cut = proxy.cut_after(budget)
            while not cut.is_set():
                assert await connection.invoke("Note", notes, result_type=int, timeout=60) == notes
                notes += 1
        assert await counting == list(range(3000))
        assert server.calls == list(range(notes)), "each call was made once"
        assert proxy.cuts == len(rounds)
        assert lost == []


async def test_a_stateful_connection_that_the_server_forgot_is_made_anew(server: Fixture, stateful_kind: str) -> None:
    async with to(server.serving.port, stateful_kind, stateful=True) as connection:
        back = coming_back(connection)
        await run_programme(connection)
        await server.stop()
        await server.restart()
        await back.wait()
        await run_programme(connection)
