"""Server-sent events and long polling."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import json
from typing import Any

import msgspec
import pytest

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_asyncio.protocol.handshake import HandshakeRequest, encode_handshake
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import Completion, Invocation
from signalr_server_kit import Answer, ManualClock, OpenRequest, Peer, request
from signalr_server_kit.clock import settle

SSE = [("accept", "text/event-stream")]


class EchoHub(Hub):
    log: list[Any] = []  # noqa: RUF012 - cleared before each test

    async def Echo(self, text: str) -> str:
        return text

    async def Many(self, count: int) -> None:
        for number in range(count):
            await self.clients.caller.send("Got", number)

    async def on_disconnected(self, error: str | None) -> None:
        self.log.append(error)


@pytest.fixture(autouse=True)
def fresh() -> None:
    EchoHub.log = []


def record(**message: Any) -> bytes:
    return json.dumps(message).encode() + b"\x1e"


def call(target: str, *arguments: Any, id: str = "1") -> bytes:  # noqa: A002 - the wire's word
    return record(type=1, target=target, arguments=arguments, invocationId=id)


HANDSHAKE = record(protocol="json", version=1)


class Client:
    """A negotiated connection."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock()
        self.app = SignalRServer({"/hub": EchoHub}, options=HubOptions(**options), clock=self.clock)
        self.query = ""

    async def negotiate(self) -> "Client":
        body = (await request(self.app, "POST", "/hub/negotiate", "negotiateVersion=1")).json()
        self.query = f"id={body['connectionToken']}"
        return self

    async def post(self, *bodies: bytes) -> Answer:
        return await OpenRequest(self.app, "POST", "/hub", self.query, body=bodies).done()

    def get(self, *, events: bool = False) -> OpenRequest:
        return OpenRequest(self.app, "GET", "/hub", self.query, SSE if events else ())

    async def poll(self) -> Answer:
        return await self.get().done()

    async def delete(self) -> Answer:
        return await request(self.app, "DELETE", "/hub", self.query)

    async def polling(self) -> "Client":
        await self.negotiate()
        first = await self.poll()
        assert (first.status, first.body) == (200, b"")
        assert (await self.post(HANDSHAKE)).status == 200
        assert (await self.poll()).body == b"{}\x1e"
        return self

    async def events(self) -> OpenRequest:
        await self.negotiate()
        stream = self.get(events=True)
        await stream.until(b":\r\n")
        assert (await self.post(HANDSHAKE)).status == 200
        await stream.until(b"data: {}\x1e\r\n\r\n")
        return stream


# -- server-sent events ------------------------------------------------------------------------------------------------


async def test_events_carry_records_and_posts_bring_calls() -> None:
    client = Client()
    stream = await client.events()
    assert stream.answer.status == 200
    assert stream.answer.headers["content-type"] == "text/event-stream"
    answer = await client.post(call("Echo", "line\nbreak"))
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", "text/plain")
    body = await stream.until(b'"result"')
    assert body.endswith(b'data: {"type":3,"invocationId":"1","result":"line\\nbreak"}\x1e\r\n\r\n')


async def test_a_body_may_come_in_any_pieces() -> None:
    client = Client()
    stream = await client.events()
    data = call("Echo", "a") + call("Echo", "b", id="2")
    await client.post(*(data[position : position + 1] for position in range(len(data))))
    await stream.until(b'"result":"b"')
    await client.post(data[:20])
    await client.post(data[20:])
    assert (await stream.until(b'"result":"b"')).count(b'"result":"a"') >= 1


async def test_a_client_that_drops_the_events_has_left() -> None:
    client = Client()
    stream = await client.events()
    stream.leave()
    await stream.done()
    await settle()
    assert EchoHub.log == [None]
    assert (await client.post(call("Echo", "a"))).status == 404
    assert client.app.stats().connections == 0


async def test_events_get_pings_and_need_some_once_the_client_has_pinged() -> None:
    client = Client()
    stream = await client.events()
    await client.post(record(type=6))
    await client.clock.advance(16)
    await stream.until(b'{"type":6}')
    await client.clock.advance(16)
    body = (await stream.done()).body
    assert b'"error":"Connection closed with an error."' in body
    assert "ClientTimeoutInterval" in EchoHub.log[0]


async def test_messagepack_cannot_travel_by_events() -> None:
    client = await Client().negotiate()
    stream = client.get(events=True)
    await client.post(record(protocol="messagepack", version=1))
    body = (await stream.done()).body.decode()
    assert (
        "Cannot use the 'messagepack' protocol on the current transport. "
        "The transport does not support 'Binary' transfer format."
    ) in body


async def test_events_are_open_once() -> None:
    client = Client()
    await client.events()
    second = await client.get(events=True).done()
    assert (second.status, second.text) == (409, "Connection is already active")
    assert (await client.poll()).status == 400


async def test_line_ends_within_a_record_are_marked_as_lines_of_one_event() -> None:
    client = Client()
    stream = await client.events()
    await client.post(b'{"type":1,"target":"Echo","invocationId":"1","arguments":["a"]}\x1e')
    await stream.until(b'"result":"a"')
    loose = msgspec.Raw(b'{"a":\n1,\r\n"b":2}')
    await client.app.hub("/hub").clients.all.send("Got", loose)
    body = await stream.until(b'"b":2')
    assert b'"arguments":[{"a":\r\ndata: 1,\r\ndata: "b":2}]' in body


async def test_shutdown_ends_the_events() -> None:
    client = Client()
    stream = await client.events()
    await client.app.shutdown()
    assert b'{"type":7,"allowReconnect":true}' in (await stream.done()).body


# -- long polling ------------------------------------------------------------------------------------------------------


async def test_a_poll_brings_what_has_come_up() -> None:
    client = await Client().polling()
    await client.post(call("Echo", "a"))
    answer = await client.poll()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "no-store" in answer.headers["cache-control"]
    assert answer.body == b'{"type":3,"invocationId":"1","result":"a"}\x1e'


async def test_a_waiting_poll_is_answered_as_soon_as_something_comes_up() -> None:
    client = await Client().polling()
    poll = client.get()
    await settle()
    assert not poll.task.done()
    await client.post(call("Echo", "a"))
    assert b'"result":"a"' in (await poll.done()).body


async def test_one_poll_takes_many_messages_in_order() -> None:
    client = await Client().polling()
    await client.post(call("Many", 200))
    await settle()
    numbers: list[int] = []
    polls = 0
    while len(numbers) < 200:
        body = (await client.poll()).body
        polls += 1
        numbers += [json.loads(part)["arguments"][0] for part in body.split(b"\x1e")[:-1] if b'"Got"' in part]
    assert numbers == list(range(200))
    assert polls < 5


async def test_binary_messages_travel_by_polling() -> None:
    client = await Client().negotiate()
    await client.poll()
    protocol = MessagePackHubProtocol()
    await client.post(encode_handshake(HandshakeRequest("messagepack", 1)))
    assert (await client.poll()).body == b"{}\x1e"
    await client.post(protocol.encode(Invocation("Echo", ["ä"], "7")))
    assert (await client.poll()).body == protocol.encode(Completion("7", "ä", has_result=True))


async def test_an_empty_poll_ends_after_its_time_and_the_connection_lives() -> None:
    client = await Client().polling()
    poll = client.get()
    await client.clock.advance(89)
    assert not poll.task.done()
    await client.clock.advance(2)
    answer = await poll.done()
    assert (answer.status, answer.body) == (200, b"")
    await client.post(call("Echo", "a"))
    assert b'"a"' in (await client.poll()).body
    assert EchoHub.log == []


async def test_a_new_poll_replaces_the_one_before() -> None:
    client = await Client().polling()
    first = client.get()
    await settle()
    second = client.get()
    answer = await first.done()
    assert (answer.status, answer.body) == (204, b"")
    await client.post(call("Echo", "a"))
    assert b'"a"' in (await second.done()).body


async def test_a_poll_that_its_client_gave_up_takes_no_message() -> None:
    client = await Client().polling()
    lost = client.get()
    await settle()
    lost.leave()
    await lost.done()
    await client.post(call("Echo", "a"))
    assert b'"a"' in (await client.poll()).body


async def test_a_client_that_stops_polling_is_disconnected() -> None:
    client = await Client().polling()
    await client.clock.advance(14)
    assert EchoHub.log == []
    await client.clock.advance(8)
    assert EchoHub.log == ["The client stopped asking for messages."]
    assert (await client.poll()).status == 404


async def test_a_polling_client_needs_no_pings() -> None:
    client = await Client().polling()
    for _ in range(3):
        poll = client.get()
        await client.clock.advance(91)
        assert (await poll.done()).body == b""
    assert EchoHub.log == []


async def test_delete_ends_the_connection_at_once() -> None:
    client = await Client().polling()
    poll = client.get()
    await settle()
    answer = await client.delete()
    assert (answer.status, answer.headers["content-type"]) == (202, "text/plain")
    assert (await poll.done()).status == 204
    await settle()
    assert EchoHub.log == [None]
    assert (await client.poll()).status == 404
    assert (await client.delete()).status == 404
    assert client.app.stats().connections == 0


async def test_a_server_that_stops_says_so_to_the_next_poll() -> None:
    client = await Client().polling()
    stopping = asyncio.create_task(client.app.shutdown())
    await settle()
    assert (await client.poll()).body == b'{"type":7,"allowReconnect":true}\x1e'
    await stopping
    assert EchoHub.log == ["The server is stopping."]


async def test_a_server_that_stops_waits_only_so_long_for_a_poll() -> None:
    client = await Client().polling()
    stopping = asyncio.create_task(client.app.shutdown())
    await client.clock.advance(5.1)
    await stopping
    assert client.app.stats().connections == 0


async def test_delete_is_for_polling_only() -> None:
    client = Client()
    await client.events()
    answer = await client.delete()
    assert (answer.status, answer.text) == (400, "Cannot terminate this connection using the DELETE endpoint.")


async def test_a_server_side_close_reaches_the_poll_and_then_ends_polling() -> None:
    client = await Client().polling()
    poll = client.get()
    await settle()
    for connection_id in client.app.hub("/hub").connection_ids:
        client.app.hub("/hub").abort(connection_id, "enough")
    assert (await poll.done()).body == b'{"type":7,"error":"enough"}\x1e'
    await settle()
    assert (await client.poll()).status == 404
    assert EchoHub.log == ["enough"]


# -- addressing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_requests_without_or_with_an_unknown_id(method: str) -> None:
    client = Client()
    answer = await request(client.app, method, "/hub")
    assert (answer.status, answer.text) == (400, "Connection ID required")
    answer = await request(client.app, method, "/hub", "id=nobody")
    assert (answer.status, answer.text) == (404, "No Connection with that ID")


async def test_the_transport_cannot_change() -> None:
    client = await Client().polling()
    answer = await client.get(events=True).done()
    assert (answer.status, answer.text) == (400, "Cannot change transports mid-connection")


async def test_the_handshake_may_come_before_the_first_poll() -> None:
    client = await Client().negotiate()
    assert (await client.post(HANDSHAKE)).status == 200
    assert (await client.poll()).body == b""
    assert (await client.poll()).body == b"{}\x1e"


async def test_messages_before_any_transport_are_bounded_and_dropped_with_the_connection() -> None:
    client = await Client().negotiate()
    assert (await client.post(b"x" * 70_000)).status == 200
    more = OpenRequest(client.app, "POST", "/hub", client.query, body=(b"x",))
    await settle()
    assert not more.task.done()
    await client.clock.advance(16)
    assert (await more.done()).status == 404
    assert client.app.stats().connections == 0


async def test_a_body_that_is_cut_off_before_any_transport_forgets_the_connection() -> None:
    client = await Client().negotiate()
    cut = OpenRequest(client.app, "POST", "/hub", client.query, body=(HANDSHAKE[:5], None))
    await settle()
    cut.leave()
    assert (await cut.done()).status == 400
    assert (await client.poll()).status == 404


async def test_a_post_to_a_websocket_is_not_allowed() -> None:
    client = await Client().negotiate()
    await Peer(client.app, query=client.query).start()
    answer = await client.post(HANDSHAKE)
    assert (answer.status, answer.text) == (405, "POST requests are not allowed for WebSocket connections.")
    assert (await client.delete()).status == 400


async def test_a_body_that_is_cut_off_ends_the_connection() -> None:
    client = await Client().polling()
    cut = OpenRequest(client.app, "POST", "/hub", client.query, body=(call("Echo", "a")[:10], None))
    await settle()
    cut.leave()
    assert (await cut.done()).status == 400
    await client.clock.advance(6)
    assert EchoHub.log == ["A request was cut off within a message."]


async def test_a_body_that_never_ends_is_given_up() -> None:
    client = await Client().polling()
    poll = client.get()
    slow = OpenRequest(client.app, "POST", "/hub", client.query, body=(call("Echo", "a")[:10], None))
    await client.clock.advance(31)
    assert (await slow.done()).status == 400
    assert (await poll.done()).body == b'{"type":7}\x1e'


async def test_an_oversized_body_is_refused_while_it_comes() -> None:
    client = await Client(maximum_receive_message_size=1000).polling()
    await client.post(b"x" * 500, b"x" * 500, b"x" * 500)
    assert (await client.poll()).body == b'{"type":7,"error":"Connection closed with an error."}\x1e'
