"""The account stream: handshake, heartbeats with the present token, silence, unreadable frames."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator

import pytest

from mesolive.records import replace
from mesolive.tastytrade_client import (
    AccountStream,
    Balance,
    Order,
    Other,
    Position,
    StreamConfig,
    StreamLostError,
    Transport,
    Unreadable,
)
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.rest import FakeRest, transport
from mesolive_testkit.tastytrade.samples import ACCOUNT
from mesolive_testkit.tastytrade.sockets import FakeAccountStream, serving, until

QUICK = StreamConfig(heartbeat_seconds=0.02, missed_heartbeats=3000, connect_seconds=60.0)


@pytest.fixture
async def calls() -> AsyncGenerator[Transport]:
    async with transport(FakeRest()) as calls:
        yield calls


@pytest.fixture
def server() -> FakeAccountStream:
    return FakeAccountStream()


async def test_the_client_speaks_first_and_its_heartbeats_bear_the_token_of_now(
    server: FakeAccountStream, calls: Transport
) -> None:
    async with serving(server) as url, AccountStream(url, calls.tokens, QUICK).connected([ACCOUNT]) as notes:
        await calls.tokens.renewed(await calls.tokens.current())
        await server.tell("Order", samples.order())
        assert isinstance(await anext(notes), Order)
        await until(lambda: len(server.frames) >= 3)
    first, *beats = server.frames
    assert (first["action"], first["value"], first["auth-token"]) == ("connect", [ACCOUNT], "Bearer access-1")
    assert first["source"] == "MesoLiveOpen/1.0"
    assert {beat["action"] for beat in beats} == {"heartbeat"}
    assert {beat["auth-token"] for beat in beats} == {"Bearer access-2"}
    numbers = [frame["request-id"] for frame in server.frames]
    assert numbers == sorted(set(numbers))


async def test_notifications_are_orders_positions_balances_and_others(
    server: FakeAccountStream, calls: Transport
) -> None:
    async with serving(server) as url, AccountStream(url, calls.tokens).connected([ACCOUNT]) as notes:
        await server.tell("Order", samples.order())
        await server.tell("CurrentPosition", samples.position())
        await server.tell("AccountBalance", samples.balance())
        await server.tell("UserMessage", {"text": "hello"})
        kinds = [type(await anext(notes)) for _ in range(4)]
    assert kinds == [Order, Position, Balance, Other]


async def test_several_notifications_in_one_frame_all_count(server: FakeAccountStream, calls: Transport) -> None:
    several = [{"type": "Order", "data": samples.order(number)} for number in (1, 2)]
    async with serving(server) as url, AccountStream(url, calls.tokens).connected([ACCOUNT]) as notes:
        await server.send(json.dumps({"results": several}))
        result = [await anext(notes) for _ in range(2)]
    assert [note.order_id for note in result if isinstance(note, Order)] == ["1", "2"]


async def test_messages_before_the_confirmation_are_not_lost(server: FakeAccountStream, calls: Transport) -> None:
    server.early = [{"type": "Order", "data": samples.order()}]
    async with serving(server) as url, AccountStream(url, calls.tokens).connected([ACCOUNT]) as notes:
        assert isinstance(await anext(notes), Order)


@pytest.mark.parametrize("text", ['{"type": "Order", "data": {"id": [1]}}', "no json", '{"type": 5}'])
async def test_an_unreadable_message_is_reported_and_the_stream_continues(
    server: FakeAccountStream, calls: Transport, text: str
) -> None:
    async with serving(server) as url, AccountStream(url, calls.tokens).connected([ACCOUNT]) as notes:
        await server.send(text)
        assert isinstance(await anext(notes), Unreadable)
        await server.tell("Order", samples.order())
        assert isinstance(await anext(notes), Order)


async def test_a_refused_token_is_replaced_once(server: FakeAccountStream, calls: Transport) -> None:
    server.refuse = 1
    async with serving(server) as url, AccountStream(url, calls.tokens).connected([ACCOUNT]):
        assert [frame["auth-token"] for frame in server.frames] == ["Bearer access-1", "Bearer access-2"]
    server.refuse = 2
    async with serving(server) as url:
        with pytest.raises(StreamLostError, match="refuses"):
            async with AccountStream(url, calls.tokens).connected([ACCOUNT]):
                pass


async def test_a_refused_heartbeat_renews_the_token(server: FakeAccountStream, calls: Transport) -> None:
    server.heartbeat_status = "error"
    async with serving(server) as url, AccountStream(url, calls.tokens, QUICK).connected([ACCOUNT]) as notes:
        reading = asyncio.ensure_future(anext(notes))
        await until(lambda: server.frames[-1]["auth-token"] != "Bearer access-1")
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_silence_ends_a_connection_that_lives(server: FakeAccountStream, calls: Transport) -> None:
    server.answers_heartbeats = False
    hasty = replace(QUICK, missed_heartbeats=3)
    async with serving(server) as url, AccountStream(url, calls.tokens, hasty).connected([ACCOUNT]) as notes:
        with pytest.raises(StreamLostError, match="nothing was heard"):
            await anext(notes)


async def test_a_closing_server_ends_the_stream(server: FakeAccountStream, calls: Transport) -> None:
    async with serving(server) as url, AccountStream(url, calls.tokens).connected([ACCOUNT]) as notes:
        await server.drop()
        with pytest.raises(StreamLostError, match="1000"):
            await anext(notes)


async def test_without_a_server_or_with_502_there_is_no_connection(calls: Transport) -> None:
    with pytest.raises(StreamLostError, match="no connection"):
        async with AccountStream("ws://127.0.0.1:1", calls.tokens, QUICK).connected([ACCOUNT]):
            pass


async def test_tokens_are_in_no_log(
    server: FakeAccountStream, calls: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets").setLevel(logging.INFO)  # the fake server's own lines
    server.refuse = 1
    async with serving(server) as url, AccountStream(url, calls.tokens, QUICK).connected([ACCOUNT]) as notes:
        await server.send("no json")
        await anext(notes)
    assert "account_frame_unreadable" in caplog.text
    assert "access-" not in caplog.text
