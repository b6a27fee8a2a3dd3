"""Server streams, uploads, and both at once."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from signalr_asyncio import Hub, HubMethodError, HubOptions, SignalRServer, hub_method
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle


class StreamHub(Hub):
    closed: list[str] = []  # noqa: RUF012 - cleared by each test that looks at it
    produced = 0

    async def Count(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    async def Endless(self) -> AsyncIterator[int]:
        try:
            for number in itertools.count():
                yield number
                await asyncio.sleep(0)
        finally:
            self.closed.append("Endless")

    async def Quiet(self) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            self.closed.append("Quiet")

    async def Big(self) -> AsyncIterator[str]:
        for _ in itertools.count():
            type(self).produced += 1
            yield "x" * 1000

    @hub_method(latest_only=True, buffer=3)
    async def Latest(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    @hub_method(latest_only=True)
    async def LatestEndless(self) -> AsyncIterator[int]:
        try:
            for number in itertools.count():
                yield number
        finally:
            self.closed.append("LatestEndless")

    async def Returned(self, count: int) -> AsyncIterator[int]:
        return self.Count(count)

    def PlainReturned(self, count: int) -> AsyncIterator[int]:
        return self.Count(count)

    async def NoStream(self) -> AsyncIterator[int]:
        return 5  # type: ignore[return-value]  # the mistake that is tested

    async def FailBefore(self) -> AsyncIterator[int]:
        raise HubMethodError("not today")

    async def FailAfter(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number
        raise HubMethodError("enough")

    async def FailInside(self) -> AsyncIterator[int]:
        yield 1
        raise ValueError("secret")

    async def NotEncodable(self) -> AsyncIterator[object]:
        yield object()

    async def Sum(self, items: AsyncIterator[int]) -> int:
        return sum([item async for item in items])

    async def Weighted(self, factor: int, items: AsyncIterator[int], offset: int = 100) -> int:
        return offset + factor * sum([item async for item in items])

    async def Both(self, left: AsyncIterator[int], right: AsyncIterator[str]) -> list[Any]:
        return [[item async for item in left], [item async for item in right]]

    async def FirstOnly(self, items: AsyncIterator[int]) -> int:
        async for item in items:
            return item
        return -1

    async def Echo(self, items: AsyncIterator[int], times: int) -> AsyncIterator[int]:
        async for item in items:
            for _ in range(times):
                yield item

    async def Why(self, items: AsyncIterator[int]) -> str:
        try:
            async for _ in items:
                pass
        except Exception as error:
            self.closed.append(type(error).__name__)
            raise
        return "orderly"

    async def Ignore(self, items: AsyncIterator[int]) -> str:
        await asyncio.Event().wait()
        return ""


class Frames:
    limit = 16 * 1024


@pytest.fixture(autouse=True, params=[16 * 1024, 1], ids=["joined", "a frame each"])
def fresh(request: pytest.FixtureRequest) -> None:
    """Run each test with items that go by the queue, and with items that may go past it."""
    Frames.limit = request.param
    StreamHub.closed = []
    StreamHub.produced = 0


async def peer(clock: ManualClock | None = None, **options: Any) -> Peer:
    options = {"coalesce_limit": Frames.limit, **options}
    app = SignalRServer({"/hub": StreamHub}, options=HubOptions(**options), clock=clock or ManualClock())
    return await Peer(app).start()


async def items_of(client: Peer, id_: str = "1") -> tuple[list[Any], dict[str, Any]]:
    """Return the items of a stream and its completion."""
    items: list[Any] = []
    while (message := await client.receive())["type"] == 2:
        assert message["invocationId"] == id_
        items.append(message["item"])
    return items, message


@pytest.mark.parametrize("target", ["Count", "Returned", "PlainReturned"])
async def test_a_stream_yields_its_items_and_completes(target: str) -> None:
    client = await peer()
    client.stream(target, 4, id="s")
    assert await items_of(client, "s") == ([0, 1, 2, 3], {"type": 3, "invocationId": "s"})


async def test_waiting_items_share_frames_up_to_the_limit() -> None:
    client = await peer(coalesce_limit=200)
    client.stream("Count", 50)
    frames = [await client.frames.get()]
    while '"type":3' not in str(frames[-1]):
        frames.append(await client.frames.get())
    assert 1 < len(frames) < 20
    assert all(len(frame) <= 200 for frame in frames)


async def test_a_cancelled_stream_closes_its_generator_and_completes_without_error() -> None:
    client = await peer()
    client.stream("Endless")
    for number in range(3):
        assert (await client.receive())["item"] == number
    client.send({"type": 5, "invocationId": "1"})
    _, completion = await items_of(client)
    assert completion == {"type": 3, "invocationId": "1"}
    assert StreamHub.closed == ["Endless"]


async def test_a_stream_that_arrives_with_its_cancellation_runs_and_sees_it() -> None:
    client = await peer()
    client.send({"type": 4, "target": "Quiet", "arguments": [], "invocationId": "1"}, {"type": 5, "invocationId": "1"})
    assert await client.receive() == {"type": 2, "invocationId": "1", "item": 1}
    assert await client.receive() == {"type": 3, "invocationId": "1"}
    assert StreamHub.closed == ["Quiet"]


async def test_a_lost_connection_closes_its_streams() -> None:
    client = await peer()
    client.stream("Quiet")
    assert (await client.receive())["item"] == 1
    client.leave(1006)
    await client.ended()
    assert StreamHub.closed == ["Quiet"]


async def test_streams_of_one_connection_run_beside_each_other_and_beside_calls() -> None:
    client = await peer()
    client.stream("Quiet", id="a")
    client.stream("Count", 2, id="b")
    client.call("Sum", id="c", streams=["u"])
    client.send({"type": 3, "invocationId": "u"})
    seen = [await client.receive() for _ in range(5)]
    assert [message["item"] for message in seen if message["invocationId"] == "b" and "item" in message] == [0, 1]
    assert {message["invocationId"] for message in seen if message["type"] == 3} == {"b", "c"}


async def test_an_error_before_the_first_item_is_one_of_the_call_or_of_the_stream() -> None:
    client = await peer()
    client.stream("FailBefore")
    assert (await client.receive())["error"] == (
        "An unexpected error occurred invoking 'FailBefore' on the server. HubException: not today"
    )
    client.stream("NoStream")
    assert (await client.receive())["error"] == (
        "The value returned by the streaming method 'NoStream' is not a ChannelReader<> or IAsyncEnumerable<>."
    )


async def test_an_error_ends_the_stream_after_its_items() -> None:
    client = await peer()
    client.stream("FailAfter", 2)
    items, completion = await items_of(client)
    assert items == [0, 1]
    assert completion["error"] == "An error occurred on the server while streaming results. HubException: enough"


@pytest.mark.parametrize("target", ["FailInside", "NotEncodable"])
async def test_other_errors_of_a_stream_stay_inside(target: str) -> None:
    client = await peer()
    client.stream(target)
    _, completion = await items_of(client)
    assert completion["error"] == "An error occurred on the server while streaming results."
    assert (await client.invoke("Sum"))["error"].endswith("Client sent 0 stream(s), Hub method expects 1.")


async def test_arguments_of_a_stream_are_checked() -> None:
    client = await peer()
    client.stream("Count", "many")
    assert (await client.receive())["error"] == "Failed to invoke 'Count' due to an error on the server."


async def test_too_many_streams_are_refused() -> None:
    client = await peer(maximum_streams=2)
    for number in range(3):
        client.stream("Quiet", id=str(number))
    messages = [await client.receive() for _ in range(3)]
    errors = [message["error"] for message in messages if message["type"] == 3]
    assert len(errors) == 1
    assert errors[0].endswith("HubException: The connection has too many open streams.")
    client.send({"type": 5, "invocationId": "0"})
    assert (await client.receive())["invocationId"] == "0"
    client.stream("Count", 1, id="again")
    assert (await items_of(client, "again"))[0] == [0]


async def test_a_stream_waits_for_a_slow_reader() -> None:
    client = await peer(stream_high_water=10_000)
    client.stop_reading()
    client.stream("Big")
    await settle()
    produced = StreamHub.produced
    assert 0 < produced < 50
    await settle()
    assert StreamHub.produced == produced
    client.go_on_reading()
    await settle()
    assert StreamHub.produced > produced


async def test_a_stream_that_never_waits_ends_with_its_connection() -> None:
    clock = ManualClock()
    client = await peer(clock)
    client.stop_reading()
    client.stream("Big")
    await clock.advance(16)
    await client.ended()
    produced = StreamHub.produced
    await settle()
    assert StreamHub.produced == produced


async def test_a_latest_value_stream_drops_the_oldest_for_a_slow_reader() -> None:
    client = await peer()
    client.stop_reading()
    client.stream("Latest", 100)
    for _ in range(8):
        await settle()
    client.go_on_reading()
    items, completion = await items_of(client)
    assert completion == {"type": 3, "invocationId": "1"}
    assert items[-3:] == [97, 98, 99]
    # One frame may have been on its way already when the reader stopped.
    assert len(items) <= 6
    assert items == sorted(items)


async def test_a_latest_value_stream_that_never_waits_lets_others_run() -> None:
    client = await peer()
    client.stream("LatestEndless", id="fast")
    client.stream("Count", 1, id="other")
    while (message := await client.receive())["invocationId"] != "other":
        pass
    assert message["item"] == 0
    client.leave()
    await client.ended()
    assert StreamHub.closed == ["LatestEndless"]


async def test_an_upload_arrives_item_by_item() -> None:
    client = await peer()
    client.call("Sum", streams=["u"])
    for number in range(50):
        client.send({"type": 2, "invocationId": "u", "item": number})
    client.send({"type": 3, "invocationId": "u"})
    assert (await client.receive())["result"] == sum(range(50))


async def test_uploads_keep_their_place_among_the_arguments() -> None:
    client = await peer()
    client.call("Weighted", 3, streams=["u"])
    client.send({"type": 2, "invocationId": "u", "item": 5}, {"type": 3, "invocationId": "u"})
    assert (await client.receive())["result"] == 115
    client.call("Weighted", 3, 1, streams=["u"])
    client.send({"type": 2, "invocationId": "u", "item": 5}, {"type": 3, "invocationId": "u"})
    assert (await client.receive())["result"] == 16


async def test_a_method_can_take_two_uploads() -> None:
    client = await peer()
    client.call("Both", streams=["x", "y"])
    client.send({"type": 2, "invocationId": "y", "item": "b"}, {"type": 2, "invocationId": "x", "item": 1})
    client.send({"type": 3, "invocationId": "y"}, {"type": 3, "invocationId": "x"})
    assert (await client.receive())["result"] == [[1], ["b"]]


async def test_a_stream_can_answer_an_upload() -> None:
    client = await peer()
    client.stream("Echo", 2, id="s", streams=["u"])
    client.send({"type": 2, "invocationId": "u", "item": 7})
    assert [(await client.receive())["item"] for _ in range(2)] == [7, 7]
    client.send({"type": 2, "invocationId": "u", "item": 8}, {"type": 3, "invocationId": "u"})
    assert await items_of(client, "s") == ([8, 8], {"type": 3, "invocationId": "s"})


async def test_items_after_the_method_has_ended_are_dropped() -> None:
    client = await peer()
    client.call("FirstOnly", streams=["u"])
    client.send({"type": 2, "invocationId": "u", "item": 9})
    assert (await client.receive())["result"] == 9
    for number in range(100):
        client.send({"type": 2, "invocationId": "u", "item": number})
    client.send({"type": 3, "invocationId": "u"})
    client.call("Sum", id="2", streams=["u"])
    client.send({"type": 3, "invocationId": "u"})
    assert (await client.receive())["result"] == 0


async def test_an_upload_that_the_client_ends_with_an_error_raises_in_the_method() -> None:
    client = await peer()
    client.call("Why", streams=["u"])
    client.send({"type": 3, "invocationId": "u", "error": "disk full"})
    assert (await client.receive())["error"].endswith("HubException: disk full")
    assert StreamHub.closed == ["HubMethodError"]


async def test_an_item_of_a_wrong_type_fails_the_upload_and_not_the_connection() -> None:
    client = await peer()
    client.call("Sum", streams=["u"])
    client.send({"type": 2, "invocationId": "u", "item": "one"})
    assert (await client.receive())["error"].endswith("HubException: Failed to bind Stream message.")
    client.stream("Count", 1)
    assert (await items_of(client))[0] == [0]


async def test_a_lost_connection_ends_its_uploads_with_an_error() -> None:
    client = await peer()
    client.call("Why", streams=["u"])
    await settle()
    client.leave(1006)
    await client.ended()
    await settle()
    assert StreamHub.closed == ["ClientDisconnectedError"]


async def test_reading_pauses_while_an_upload_is_full_and_a_lost_client_is_still_noticed() -> None:
    clock = ManualClock()
    client = await peer(clock, stream_buffer_capacity=3)
    client.call("Ignore", streams=["u"])
    for number in range(20):
        client.send({"type": 2, "invocationId": "u", "item": number})
    await settle()
    assert client._incoming.qsize() >= 15
    client.leave()
    # The ping after 15 s shows it; the method has 5 s more to take what came.
    await clock.advance(21)
    await client.ended()


@pytest.mark.parametrize("streams", [["u", "u"], ["taken"]])
async def test_a_stream_id_can_be_used_once_at_a_time(streams: list[str]) -> None:
    client = await peer()
    client.call("Ignore", id="1", streams=["taken"])
    client.call("Both" if len(streams) == 2 else "Sum", id="2", streams=streams)
    assert (await client.receive())["error"].endswith("HubException: A stream id is already in use.")
