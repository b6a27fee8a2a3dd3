"""A value that cannot be read or sent costs its call; the connection goes on."""
# ruff: noqa: N802 - hub methods carry their wire names

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from signalr_asyncio import (
    ClientInvocationError,
    EncodeError,
    Hub,
    HubMethodError,
    HubOptions,
    JsonHubProtocol,
    MessagePackHubProtocol,
    Payload,
    SignalRServer,
)
from signalr_asyncio.protocol.messages import Completion, Invocation
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle

HALF = "\ud800"
DEEP = "[" * 10_500 + "]" * 10_500
DEEP_PACKED = b"\x91" * 10_500 + b"\xc0"
MESSAGEPACK = MessagePackHubProtocol()


class MixedHub(Hub):
    answers: list[Any] = []  # noqa: RUF012 - cleared before each test

    async def Echo(self, text: str) -> str:
        return text

    async def Undecoded(self, value: Payload) -> str:
        try:
            return str(value.builtins())
        except msgspec.DecodeError as error:
            return f"unreadable: {error}"

    async def Half(self) -> Any:
        return {"text": [HALF]}

    async def Raise(self) -> None:
        raise HubMethodError(f"half {HALF}")

    async def Halves(self) -> AsyncIterator[str]:
        yield "whole"
        yield HALF
        yield "never"

    async def Join(self, texts: AsyncIterator[str]) -> str:
        return "".join([text async for text in texts])

    async def Ask(self) -> str:
        try:
            return await self.clients.caller.invoke("Question", result_type=str)
        except (ClientInvocationError, msgspec.DecodeError) as error:
            return f"no answer: {error}"

    async def Tell(self) -> None:
        await self.clients.all.send("Told", HALF)

    async def Leave(self) -> None:
        self.context.abort()


@pytest.fixture
def app() -> SignalRServer:
    return SignalRServer(
        {"/hub": MixedHub},
        options=HubOptions(maximum_parallel_invocations=2, maximum_receive_message_size=100_000),
        protocols=(JsonHubProtocol(), MESSAGEPACK),
        clock=ManualClock(),
    )


async def lives(peer: Peer) -> None:
    assert (await peer.invoke("Echo", "on", id="last"))["result"] == "on"


@pytest.mark.parametrize("value", [r'"\ud800"', r'{"\udfff":"\ud83d\ude00"}', DEEP], ids=["half", "name", "deep"])
async def test_an_argument_that_cannot_be_read_fails_its_call(app: SignalRServer, value: str) -> None:
    peer = await Peer(app).start()
    peer.raw(f'{{"type":1,"invocationId":"1","target":"Echo","arguments":[{value}]}}\x1e')
    expected = "Failed to invoke 'Echo' due to an error on the server."
    assert await peer.receive() == {"type": 3, "invocationId": "1", "error": expected}
    peer.raw(f'{{"type":1,"target":"Echo","arguments":[{value}]}}\x1e')
    peer.raw(f'{{"type":1,"invocationId":"2","target":"Undecoded","arguments":[{value}]}}\x1e')
    assert (await peer.receive())["result"].startswith("unreadable: The value is malformed")
    await lives(peer)


async def test_a_target_that_cannot_be_read_is_unknown(app: SignalRServer) -> None:
    peer = await Peer(app).start()
    peer.raw('{"type":1,"invocationId":"1","target":"Echo\\udc00","arguments":["a"]}\x1e')
    assert (await peer.receive())["error"] == "Unknown hub method 'Echo\ufffd'"
    await lives(peer)


async def test_an_item_that_cannot_be_read_fails_its_upload(app: SignalRServer) -> None:
    peer = await Peer(app).start()
    for value in (r'"\ud800"', DEEP):
        peer.call("Join", streams=["u"])
        peer.send({"type": 2, "invocationId": "u", "item": "a"})
        peer.raw(f'{{"type":2,"invocationId":"u","item":{value}}}\x1e')
        assert "Failed to bind Stream message." in (await peer.receive())["error"]
    await lives(peer)


async def test_an_answer_that_cannot_be_read_fails_its_question(app: SignalRServer) -> None:
    peer = await Peer(app).start()
    for value in (r'"\ud800"', DEEP):
        peer.call("Ask")
        question = await peer.receive()
        peer.raw(f'{{"type":3,"invocationId":"{question["invocationId"]}","result":{value}}}\x1e')
        assert (await peer.receive())["result"].startswith("no answer: The value is malformed")
    await lives(peer)


async def test_over_messagepack_too(app: SignalRServer) -> None:
    peer = await Peer(app).start(protocol="messagepack")
    record = b"\x96\x01\x80\xa11\xa4Echo\x91" + DEEP_PACKED + b"\x90"
    size = len(record)
    peer.raw(bytes((size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14)) + record)
    peer.raw(MESSAGEPACK.encode(Invocation("Half", [], "2")))
    peer.raw(MESSAGEPACK.encode(Invocation("Raise", [], "3")))
    peer.raw(MESSAGEPACK.encode(Invocation("Echo", ["on"], "4")))
    parser = MESSAGEPACK.parser(None)
    answers: dict[str, Completion] = {}
    while len(answers) < 4:
        await settle()
        frame = peer.frames.get_nowait()
        assert isinstance(frame, bytes)
        for answer in parser.feed(frame):
            assert isinstance(answer, Completion)
            answers[answer.invocation_id] = answer
    assert answers["1"].error == "Failed to invoke 'Echo' due to an error on the server."
    assert answers["2"].error == "An unexpected error occurred invoking 'Half' on the server."
    assert answers["3"].error is not None
    assert answers["3"].error.endswith("HubException: half ?")
    assert answers["4"].result.decode(str) == "on"


async def test_a_result_that_cannot_be_sent_fails_its_call(
    app: SignalRServer, caplog: pytest.LogCaptureFixture
) -> None:
    peer = await Peer(app).start()
    expected = "An unexpected error occurred invoking 'Half' on the server."
    assert await peer.invoke("Half") == {"type": 3, "invocationId": "1", "error": expected}
    assert "cannot be sent" in caplog.text
    await lives(peer)


async def test_the_reason_of_a_failed_call_arrives_whatever_it_holds(app: SignalRServer) -> None:
    peer = await Peer(app).start()
    assert (await peer.invoke("Raise"))["error"].endswith("HubException: half ?")
    await lives(peer)
    hub = app.hub("/hub")
    hub.abort(hub.connection_ids[0], f"out {HALF}")
    assert await peer.receive() == {"type": 7, "error": "out ?"}


async def test_an_item_that_cannot_be_sent_ends_its_stream(app: SignalRServer) -> None:
    peer = await Peer(app).start()
    peer.stream("Halves")
    assert (await peer.receive())["item"] == "whole"
    end = await peer.receive()
    assert (end["type"], end["error"]) == (3, "An error occurred on the server while streaming results.")
    await lives(peer)


async def test_a_call_of_clients_that_cannot_be_sent_fails_at_its_caller(app: SignalRServer) -> None:
    peer = await Peer(app).start()
    assert "error" in await peer.invoke("Tell")
    with pytest.raises(EncodeError):
        await app.hub("/hub").clients.all.send("Told", HALF)
    await lives(peer)
    assert list(peer.waiting()) == []
