"""Calls of the hub's methods, over a WebSocket, against a hub that the test plays."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest

from signalr_asyncio.client import (
    ClientOptions,
    ConnectionLostError,
    HubConnection,
    HubError,
    InvocationTimeoutError,
    NotConnectedError,
    PayloadMismatchError,
    TooManyInvocationsError,
)
from signalr_asyncio.protocol.codec import EncodeError
from signalr_client_kit.hub import ScriptedHub, connected


class Quote(msgspec.Struct):
    symbol: str
    bid: Decimal


async def test_an_invocation_carries_its_arguments_and_returns_the_typed_result(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("GetQuote", "SPX", 3, result_type=Quote))

    message = await peer.receive()
    assert message == {
        "type": 1,
        "target": "GetQuote",
        "arguments": ["SPX", 3],
        "invocationId": message["invocationId"],
    }
    answer = '{"type":3,"invocationId":"ID","result":{"symbol":"SPX","bid":1.10}}\x1e'
    await peer.send_raw(answer.replace("ID", message["invocationId"]))

    quote = await call
    assert quote.symbol == "SPX"
    assert str(quote.bid) == "1.10", "decimals keep their digits"
    await connection.stop()


async def test_a_result_without_a_type_is_plain_values(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.complete(await peer.receive(), result={"a": [1, 2.5, None, "x"]})
    assert await call == {"a": [1, 2.5, None, "x"]}
    await connection.stop()


async def test_a_void_answer_is_none(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Do"))
    await peer.complete(await peer.receive())
    assert await call is None
    await connection.stop()


async def test_a_void_answer_does_not_pass_for_a_typed_result(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Get", result_type=int))
    await peer.complete(await peer.receive())
    with pytest.raises(PayloadMismatchError, match="'Get'"):
        await call
    await connection.stop()


async def test_answers_find_their_calls_in_any_order(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    calls = [asyncio.create_task(connection.invoke("Echo", number, result_type=int)) for number in range(20)]
    messages = [await peer.receive() for _ in calls]
    for message in reversed(messages):
        await peer.complete(message, result=message["arguments"][0])
    assert await asyncio.gather(*calls) == list(range(20))
    await connection.stop()


async def test_an_error_of_the_server_is_raised_with_its_text(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.complete(await peer.receive(), error="Unknown hub method 'Get'")
    with pytest.raises(HubError) as caught:
        await call
    assert caught.value.text == str(caught.value) == "Unknown hub method 'Get'"
    await connection.stop()


async def test_a_result_of_another_type_names_the_place_that_does_not_fit(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("GetQuote", result_type=Quote))
    await peer.complete(await peer.receive(), result={"symbol": 5, "bid": 1})
    with pytest.raises(PayloadMismatchError, match=r"\$\.symbol"):
        await call
    await connection.stop()


async def test_send_wants_no_answer(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    await connection.send("Tell", 1)
    assert await peer.receive() == {"type": 1, "target": "Tell", "arguments": [1]}
    await connection.stop()


async def test_an_argument_that_cannot_be_encoded_harms_only_its_call(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    with pytest.raises(EncodeError):
        await connection.invoke("Get", object())
    call = asyncio.create_task(connection.invoke("Get", 1))
    await peer.complete(await peer.receive(), result=2)
    assert await call == 2
    await connection.stop()


async def test_cancelling_the_waiting_task_cancels_the_invocation_on_the_server(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Slow"))
    message = await peer.receive()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await peer.receive() == {"type": 5, "invocationId": message["invocationId"]}
    # A late answer is nobody's, and harms nothing.
    await peer.complete(message, result=1)
    call = asyncio.create_task(connection.invoke("Quick"))
    await peer.complete(await peer.receive(), result=2)
    assert await call == 2
    await connection.stop()


async def test_a_timeout_ends_the_call_and_cancels_it_on_the_server(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    with pytest.raises(InvocationTimeoutError, match="'Slow'"):
        await connection.invoke("Slow", timeout=0.01)
    message = await peer.receive()
    assert await peer.receive() == {"type": 5, "invocationId": message["invocationId"]}
    await connection.stop()


async def test_a_call_without_a_connection_fails_at_once(hub: ScriptedHub) -> None:
    connection = HubConnection(hub.url)
    with pytest.raises(NotConnectedError):
        await connection.invoke("Get")
    with pytest.raises(NotConnectedError):
        await connection.send("Tell")
    with pytest.raises(NotConnectedError):
        await anext(connection.stream("Count"))


async def test_a_lost_connection_fails_every_call_that_waits(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, reconnect=None)
    calls = [asyncio.create_task(connection.invoke("Get")) for _ in range(3)]
    for _ in calls:
        await peer.receive()
    hub.server.sever()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, ConnectionLostError)
    await connection.stop()


async def test_stopping_fails_every_call_that_waits(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.receive()
    await connection.stop()
    with pytest.raises(ConnectionLostError, match="stopped"):
        await call


async def test_the_number_of_answers_waited_for_is_bounded(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, options=ClientOptions(max_pending=2))
    calls = [asyncio.create_task(connection.invoke("Get")) for _ in range(2)]
    messages = [await peer.receive() for _ in calls]
    with pytest.raises(TooManyInvocationsError):
        await connection.invoke("Get")
    for message in messages:
        await peer.complete(message, result=0)
    await asyncio.gather(*calls)
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.complete(await peer.receive(), result=1)
    assert await call == 1
    await connection.stop()


async def test_unknown_messages_and_answers_to_nobody_are_passed_over(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    await peer.send(
        {"type": 42}, {"type": 3, "invocationId": "nobody"}, {"type": 2, "invocationId": "nobody", "item": 1}
    )
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.complete(await peer.receive(), result=1)
    assert await call == 1
    await connection.stop()
