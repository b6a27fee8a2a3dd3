"""Hub methods that ask their client: slots, refusals, errors, back-pressure."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import logging
from typing import Any

import pytest

from signalr_asyncio import ClientResultError, Hub, HubOptions, SignalRServer
from signalr_asyncio.testing import connect
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle


class AskingHub(Hub):
    log: list[Any] = []  # noqa: RUF012 - cleared before each test
    gate = asyncio.Event()

    async def Ask(self, question: str) -> Any:
        self.log.append(f"ask {question}")
        answer = await self.clients.caller.invoke("Question", question, timeout=60.0)
        self.log.append(f"asked {question}")
        return answer

    async def AskTwice(self) -> list[Any]:
        asked = (self.clients.caller.invoke("Question", question) for question in ("a", "b"))
        return await asyncio.gather(*asked)

    async def AskAndHold(self) -> None:
        await self.clients.caller.invoke("Question", "?")
        self.log.append("held")
        await self.gate.wait()

    async def Note(self, value: Any) -> Any:
        self.log.append(value)
        return value

    async def Hold(self) -> None:
        self.log.append("hold")
        await self.gate.wait()


class EagerHub(AskingHub):
    async def on_connected(self) -> None:
        try:
            await self.clients.caller.invoke("Question", "who are you?")
        except ClientResultError as error:
            self.log.append(str(error))


@pytest.fixture(autouse=True)
def fresh() -> None:
    AskingHub.log = []
    AskingHub.gate = asyncio.Event()


def server(hub: type[Hub] = AskingHub, **options: Any) -> SignalRServer:
    return SignalRServer({"/hub": hub}, options=HubOptions(**options), clock=ManualClock())


async def asked(peer: Peer) -> dict[str, Any]:
    message = await peer.receive()
    assert message["target"] == "Question"
    return message


def answer(peer: Peer, question: dict[str, Any], **answer: Any) -> None:
    peer.send({"type": 3, "invocationId": question["invocationId"], **answer})


async def test_a_client_may_call_the_hub_before_it_answers() -> None:
    async with connect(server(), "/hub") as connection:

        async def look_up(question: str) -> Any:
            return f"{question} {await connection.invoke('Note', 42)}"

        connection.on("Question", look_up)
        assert await connection.invoke("Ask", "how much?", timeout=60) == "how much? 42"


async def test_the_slot_is_taken_again_after_the_answer() -> None:
    peer = await Peer(server()).start()
    peer.call("AskAndHold", id="1")
    question = await asked(peer)
    peer.call("Hold", id="2")
    await settle()
    assert AskingHub.log == ["hold"]
    answer(peer, question, result=None)
    await settle()
    # The call that was asking goes on when the other one has ended, and before those that have not begun.
    peer.call("Note", "third", id="3")
    await settle()
    assert AskingHub.log == ["hold"]
    AskingHub.gate.set()
    assert [(await peer.receive())["invocationId"] for _ in range(3)] == ["2", "1", "3"]
    assert AskingHub.log == ["hold", "held", "third"]


async def test_calls_run_one_after_another_again_when_all_have_been_answered() -> None:
    peer = await Peer(server()).start()
    for number in range(3):
        peer.call("AskAndHold", id=str(number))
    questions = [await asked(peer) for _ in range(3)]
    for question in questions:
        answer(peer, question, result=None)
    await settle()
    assert AskingHub.log == ["held"]
    AskingHub.gate.set()
    assert [(await peer.receive())["invocationId"] for _ in range(3)] == ["0", "1", "2"]


async def test_a_method_may_ask_several_things_at_once() -> None:
    peer = await Peer(server()).start()
    peer.call("AskTwice", id="1")
    first, second = await asked(peer), await asked(peer)
    peer.call("Note", 1, id="2")
    assert (await peer.receive())["invocationId"] == "2"
    answer(peer, second, result="B")
    await settle()
    peer.call("Note", 2, id="3")
    assert (await peer.receive())["invocationId"] == "3"
    answer(peer, first, result="A")
    assert await peer.receive() == {"type": 3, "invocationId": "1", "result": ["A", "B"]}


async def test_nothing_vanishes_of_what_is_sent_while_a_result_is_awaited() -> None:
    app = server(maximum_waiting_invocations=10)
    peer = await Peer(app).start()
    peer.call("Ask", "?", id="ask")
    question = await asked(peer)
    # Its slot is used by a call that takes its time: the others wait, and reading pauses.
    peer.call("Hold", id=None)
    for number in range(150):
        peer.call("Note", number, id=None)
    await settle()
    assert AskingHub.log == ["ask ?", "hold"]
    assert peer.unread_bytes() > 0
    answer(peer, question, result="!")
    AskingHub.gate.set()
    assert (await peer.receive())["result"] == "!"
    await settle()
    assert [entry for entry in AskingHub.log if isinstance(entry, int)] == list(range(150))


async def test_a_call_cancelled_while_it_asks_frees_nothing_twice() -> None:
    peer = await Peer(server()).start()
    peer.call("Ask", "?", id="1")
    await asked(peer)
    peer.send({"type": 5, "invocationId": "1"})
    assert "error" in await peer.receive()
    peer.call("Hold", id="2")
    peer.call("Note", 1, id="3")
    await settle()
    assert AskingHub.log == ["ask ?", "hold"]
    AskingHub.gate.set()
    assert [(await peer.receive())["invocationId"] for _ in range(2)] == ["2", "3"]


async def test_a_call_cancelled_while_it_waits_for_its_slot_gives_it_to_the_next() -> None:
    peer = await Peer(server()).start()
    peer.call("Ask", "?", id="1")
    question = await asked(peer)
    peer.call("Hold", id="2")
    await settle()
    answer(peer, question, result="!")
    await settle()
    peer.send({"type": 5, "invocationId": "1"})
    assert (await peer.receive())["invocationId"] == "1"
    AskingHub.gate.set()
    assert (await peer.receive())["invocationId"] == "2"
    assert (await peer.invoke("Note", 1, id="3"))["result"] == 1


async def test_a_result_cannot_be_asked_for_inside_on_connected() -> None:
    peer = await Peer(server(EagerHub)).start()
    assert (await peer.invoke("Note", 1))["result"] == 1
    assert AskingHub.log[0] == "Client results inside on_connected are not allowed."


async def test_an_uncaught_error_of_the_client_is_raised_at_the_caller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer = await Peer(server()).start()
    peer.call("Ask", "?", id="1")
    answer(peer, await asked(peer), error="no idea")
    assert (await peer.receive())["error"] == (
        "An unexpected error occurred invoking 'Ask' on the server. HubException: no idea"
    )
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
