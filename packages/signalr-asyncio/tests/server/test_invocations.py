"""Calling hub methods: arguments, results, errors, order, cancellation."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import logging
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from signalr_asyncio import (
    AccessDeniedError,
    ExactError,
    Hub,
    HubMethodError,
    HubOptions,
    Payload,
    SignalRServer,
    hub_method,
)
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle


class Order(msgspec.Struct):
    symbol: str
    quantity: int
    price: Decimal | None = None


class ShopHub(Hub):
    release = asyncio.Event()
    begun: list[str] = []  # noqa: RUF012 - cleared by each test that looks at it

    async def Add(self, left: int, right: int = 1) -> int:
        return left + right

    async def Nothing(self) -> None:
        pass

    async def Untyped(self, value: Any) -> Any:
        return value

    async def Cost(self, order: Order) -> Decimal:
        return order.quantity * (order.price or Decimal(0))

    async def Raw(self, args: Payload | None = None) -> object:
        return "none" if args is None else {"got": args.builtins(), "kind": type(args).__name__}

    @hub_method(name="Renamed")
    async def other_name(self) -> str:
        return "renamed"

    async def Refuse(self) -> None:
        raise HubMethodError("out of stock")

    async def Exactly(self) -> None:
        raise ExactError("NotFound: no such order")

    async def Fail(self) -> None:
        raise ZeroDivisionError("secret detail")

    async def NotAllowed(self) -> None:
        raise AccessDeniedError

    async def NotEncodable(self) -> object:
        return object()

    async def Hold(self, name: str) -> str:
        self.begun.append(name)
        await self.release.wait()
        return name

    @hub_method(cancellable=False)
    async def Finish(self, name: str) -> str:
        return await self.Hold(name)

    @hub_method(authorize=lambda context: context.user_id == "admin")
    async def Admin(self) -> str:
        return "yes"

    async def Numbers(self) -> AsyncIterator[int]:
        yield 1

    async def on_connected(self) -> None:
        pass

    async def _hidden(self) -> str:
        return "no hub method"


@pytest.fixture(autouse=True)
def fresh() -> None:
    ShopHub.release = asyncio.Event()
    ShopHub.begun = []


def server(**options: Any) -> SignalRServer:
    return SignalRServer({"/hub": ShopHub}, options=HubOptions(**options), clock=ManualClock())


async def peer(**options: Any) -> Peer:
    return await Peer(server(**options)).start()


async def test_a_result_comes_back_under_the_id_of_the_call() -> None:
    client = await peer()
    assert await client.invoke("Add", 2, 3, id="a7") == {"type": 3, "invocationId": "a7", "result": 5}


@pytest.mark.parametrize("target", ["Add", "add", "ADD"])
async def test_method_names_match_ignoring_case(target: str) -> None:
    client = await peer()
    assert (await client.invoke(target, 2, 3))["result"] == 5


async def test_a_method_without_a_result_answers_null() -> None:
    client = await peer()
    assert await client.invoke("Nothing") == {"type": 3, "invocationId": "1", "result": None}


async def test_a_missing_trailing_argument_takes_the_default() -> None:
    client = await peer()
    assert (await client.invoke("Add", 2))["result"] == 3


async def test_arguments_are_decoded_by_annotation_with_exact_decimals() -> None:
    client = await peer()
    client.raw(
        '{"type":1,"invocationId":"1","target":"Cost","arguments":[{"symbol":"X","quantity":3,"price":0.1}]}\x1e'
    )
    frame = await client.frames.get()
    assert frame == '{"type":3,"invocationId":"1","result":0.3}\x1e'


async def test_an_argument_of_any_type_arrives_as_plain_values() -> None:
    client = await peer()
    value = {"a": [1, None, "x", 2.5, True]}
    assert (await client.invoke("Untyped", value))["result"] == value


async def test_a_payload_argument_is_handed_over_undecoded() -> None:
    client = await peer()
    assert (await client.invoke("Raw", {"any": "thing"}))["result"] == {
        "got": {"any": "thing"},
        "kind": "EncodedPayload",
    }
    assert (await client.invoke("Raw"))["result"] == "none"


async def test_a_method_can_have_another_name_for_clients() -> None:
    client = await peer()
    assert (await client.invoke("renamed"))["result"] == "renamed"
    assert (await client.invoke("other_name"))["error"] == "Unknown hub method 'other_name'"


@pytest.mark.parametrize("target", ["Missing", "_hidden", "on_connected", "on_disconnected", "context", ""])
async def test_what_is_no_hub_method_is_unknown(target: str) -> None:
    client = await peer()
    if target == "":
        client.raw('{"type":1,"invocationId":"1","target":" ","arguments":[]}\x1e')
        target = " "
        answer = await client.receive()
    else:
        answer = await client.invoke(target)
    assert answer == {"type": 3, "invocationId": "1", "error": f"Unknown hub method '{target}'"}
    assert (await client.invoke("Add", 1, 1))["result"] == 2


async def test_a_hub_exception_shows_its_text() -> None:
    client = await peer()
    expected = "An unexpected error occurred invoking 'Refuse' on the server. HubException: out of stock"
    assert (await client.invoke("Refuse"))["error"] == expected


async def test_an_exact_error_shows_its_text_and_nothing_else() -> None:
    client = await peer()
    assert (await client.invoke("Exactly"))["error"] == "NotFound: no such order"


async def test_any_other_exception_stays_inside_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    client = await peer()
    with caplog.at_level(logging.ERROR, "signalr_asyncio.server"):
        answer = await client.invoke("Fail")
    assert answer["error"] == "An unexpected error occurred invoking 'Fail' on the server."
    assert "ZeroDivisionError" in caplog.text
    assert (await client.invoke("Add", 1, 1))["result"] == 2


async def test_detailed_errors_show_the_exception() -> None:
    client = await peer(enable_detailed_errors=True)
    expected = "An unexpected error occurred invoking 'Fail' on the server. ZeroDivisionError: secret detail"
    assert (await client.invoke("Fail"))["error"] == expected


@pytest.mark.parametrize("target", ["NotAllowed", "Admin"])
async def test_an_unauthorized_call_gets_the_fixed_text(target: str) -> None:
    client = await peer()
    assert (await client.invoke(target))["error"] == f"Failed to invoke '{target}' because user is unauthorized"


@pytest.mark.parametrize("arguments", [["one", 2], [], [1, 2, 3], [None]])
async def test_arguments_that_do_not_fit_are_refused_without_details(arguments: list[Any]) -> None:
    client = await peer()
    assert (await client.invoke("Add", *arguments))["error"] == "Failed to invoke 'Add' due to an error on the server."
    assert (await client.invoke("Add", 1, 1))["result"] == 2


async def test_detailed_errors_say_why_arguments_do_not_fit() -> None:
    client = await peer(enable_detailed_errors=True)
    error = (await client.invoke("Cost", {"symbol": "X"}))["error"]
    assert error.startswith("Failed to invoke 'Cost' due to an error on the server. InvalidDataException: ")
    assert "quantity" in error
    error = (await client.invoke("Add", 1, 2, 3))["error"]
    assert error.endswith("Invocation provides 3 argument(s) but target expects 2.")


async def test_a_result_that_cannot_be_sent_is_an_error_and_not_silence() -> None:
    client = await peer()
    answer = await client.invoke("NotEncodable")
    assert answer["error"] == "An unexpected error occurred invoking 'NotEncodable' on the server."


async def test_the_wrong_kind_of_invocation_is_named() -> None:
    client = await peer()
    assert (await client.invoke("Numbers"))["error"] == (
        "The client attempted to invoke the streaming 'Numbers' method with a non-streaming invocation."
    )
    client.stream("Add", 1, 2)
    assert (await client.receive())["error"] == (
        "The client attempted to invoke the non-streaming 'Add' method with a streaming invocation."
    )


async def test_fire_and_forget_is_never_answered() -> None:
    client = await peer()
    for target in ("Add", "Fail", "Missing", "Numbers", "NotEncodable"):
        client.call(target, id=None)
    assert (await client.invoke("Nothing", id="last"))["invocationId"] == "last"


async def test_an_id_that_is_in_use_is_refused() -> None:
    client = await peer(maximum_parallel_invocations=2)
    client.call("Hold", "first", id="same")
    client.call("Hold", "second", id="same")
    assert (await client.receive())["error"] == "Invocation ID 'same' is already in use."
    ShopHub.release.set()
    assert (await client.receive())["result"] == "first"
    assert (await client.invoke("Add", 1, 1, id="same"))["result"] == 2


async def test_calls_run_one_after_another_by_default() -> None:
    client = await peer()
    client.call("Hold", "first", id="1")
    client.call("Hold", "second", id="2")
    await settle()
    assert ShopHub.begun == ["first"]
    ShopHub.release.set()
    assert [(await client.receive())["result"] for _ in range(2)] == ["first", "second"]


async def test_as_many_calls_run_in_parallel_as_allowed() -> None:
    client = await peer(maximum_parallel_invocations=3)
    for number in range(5):
        client.call("Hold", str(number), id=str(number))
    await settle()
    assert ShopHub.begun == ["0", "1", "2"]
    ShopHub.release.set()
    assert {(await client.receive())["result"] for _ in range(5)} == set("01234")


async def test_reading_pauses_while_too_many_calls_wait() -> None:
    client = await peer(maximum_waiting_invocations=2)
    for number in range(10):
        client.call("Hold", str(number), id=str(number))
        await settle()
    assert not client._incoming.empty()
    ShopHub.release.set()
    assert [(await client.receive())["result"] for _ in range(10)] == list("0123456789")


async def test_a_client_can_cancel_a_running_call() -> None:
    client = await peer()
    client.call("Hold", "long", id="1")
    await settle()
    client.send({"type": 5, "invocationId": "1"})
    answer = await client.receive()
    assert answer["error"] == "An unexpected error occurred invoking 'Hold' on the server."
    assert (await client.invoke("Add", 1, 1))["result"] == 2


async def test_a_call_and_its_cancellation_may_arrive_together() -> None:
    client = await peer()
    client.send(
        {"type": 1, "target": "Hold", "arguments": ["x"], "invocationId": "1"},
        {"type": 5, "invocationId": "1"},
        {"type": 1, "target": "Add", "arguments": [1], "invocationId": "2"},
    )
    cancelled = await client.receive()
    assert (cancelled["invocationId"], "error" in cancelled) == ("1", True)
    assert (await client.receive()) == {"type": 3, "invocationId": "2", "result": 2}


async def test_a_call_that_waits_can_be_cancelled() -> None:
    client = await peer()
    client.call("Hold", "first", id="1")
    client.call("Hold", "second", id="2")
    client.call("Hold", "third", id="3")
    client.send({"type": 5, "invocationId": "2"})
    await settle()
    ShopHub.release.set()
    answers = [await client.receive() for _ in range(3)]
    assert {answer["invocationId"]: answer.get("result") for answer in answers} == {
        "1": "first",
        "2": None,
        "3": "third",
    }
    assert ShopHub.begun == ["first", "third"]


async def test_a_method_may_refuse_to_be_cancelled() -> None:
    client = await peer()
    client.call("Finish", "booked", id="1")
    await settle()
    client.send({"type": 5, "invocationId": "1"})
    await settle()
    ShopHub.release.set()
    assert (await client.receive())["result"] == "booked"


async def test_cancelling_what_is_unknown_does_nothing() -> None:
    client = await peer()
    client.send({"type": 5, "invocationId": "nobody"}, {"type": 3, "invocationId": "nobody", "result": 1})
    client.send({"type": 2, "invocationId": "nobody", "item": 1})
    assert (await client.invoke("Add", 1, 1))["result"] == 2


async def test_a_running_call_survives_the_loss_of_its_connection() -> None:
    app = server()
    client = await Peer(app).start()
    client.call("Hold", "order", id="1")
    await settle()
    client.leave(1006)
    await client.ended()
    assert app.stats().tasks == 1
    ShopHub.release.set()
    await settle()
    assert app.stats().tasks == 0


async def test_parallel_connections_do_not_wait_for_each_other() -> None:
    app = server()
    first, second = await Peer(app).start(), await Peer(app).start()
    first.call("Hold", "x")
    await settle()
    assert (await second.invoke("Add", 1, 1))["result"] == 2
    ShopHub.release.set()
    assert (await first.receive())["result"] == "x"


@pytest.mark.parametrize("target", ["Add", "Raw", "Untyped", "Numbers"])
async def test_messagepack_arguments_that_are_none_cost_only_their_call(
    target: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = Peer(server())
    await client.connect()
    client.raw(b'{"protocol":"messagepack","version":1}\x1e')
    await settle()
    kind = 4 if target == "Numbers" else 1
    body = msgspec.msgpack.encode([kind, {}, "1", target])
    # An array of six, whose fifth element is the type byte that MessagePack never uses.
    record = b"\x96" + body[1:] + b"\xc1\x90"
    client.raw(bytes((len(record),)) + record)
    call = msgspec.msgpack.encode([1, {}, "2", "Add", [2, 3], []])
    client.raw(bytes((len(call),)) + call)
    await settle()
    answers: list[Any] = []
    while not client.frames.empty():
        frame = client.frames.get_nowait()
        assert isinstance(frame, bytes)
        while frame and frame[:1] != b"{":
            length, frame = frame[0], frame[1:]
            answers.append(msgspec.msgpack.decode(frame[:length]))
            frame = frame[length:]
    error = f"Failed to invoke '{target}' due to an error on the server."
    if target == "Numbers":
        assert answers[0][:3] == [3, {}, "1"]
        assert answers[0][3:] == [1, error]
    else:
        assert answers[0] == [3, {}, "1", 1, error]
    assert answers[1] == [3, {}, "2", 3, 5]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
