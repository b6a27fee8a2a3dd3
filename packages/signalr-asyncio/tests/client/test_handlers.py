"""Calls of the server: order, types, answers, failures."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from signalr_asyncio.client import ClientOptions, ConnectionLostError, HandlerStalledError, HubError
from signalr_client_kit.clock import ManualClock
from signalr_client_kit.hub import Message, ScriptedHub, connected


class Fill(msgspec.Struct):
    price: float


def call(target: str, *arguments: object, **fields: object) -> Message:
    return {"type": 1, "target": target, "arguments": list(arguments), **fields}


async def test_handlers_get_typed_arguments_whatever_the_case_of_the_name(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    got: asyncio.Queue[tuple[str, Fill]] = asyncio.Queue()

    def handle(name: str, fill: Fill) -> None:
        got.put_nowait((name, fill))

    connection.on("onFill", handle, types=(str, Fill))
    await peer.send(call("OnFill", "a", {"price": 1.5}))
    assert await got.get() == ("a", Fill(1.5))
    await connection.stop()


async def test_without_types_arguments_are_plain_values(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    got: asyncio.Queue[object] = asyncio.Queue()
    connection.on("Tell", got.put)
    await peer.send(call("Tell", {"a": [1]}))
    assert await got.get() == {"a": [1]}
    await connection.stop()


async def test_arguments_of_a_later_server_are_passed_over(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on("Tell", got.put_nowait, types=(int,))
    await peer.send(call("Tell", 1, "new"))
    assert await got.get() == 1
    await connection.stop()


async def test_calls_of_one_target_run_one_after_another_and_other_targets_meanwhile(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    events: list[str] = []
    release, done = asyncio.Event(), asyncio.Event()

    async def slow(number: int) -> None:
        events.append(f"begin {number}")
        await release.wait()
        events.append(f"end {number}")
        if number == 2:
            done.set()

    def other() -> None:
        events.append("other")
        release.set()

    connection.on("Slow", slow, types=(int,))
    connection.on("Other", other)
    await peer.send(call("Slow", 1), call("Slow", 2), call("Other"))
    await done.wait()
    assert events == ["begin 1", "other", "end 1", "begin 2", "end 2"]
    await connection.stop()


async def test_a_handler_that_fails_is_logged_and_the_next_call_runs(
    hub: ScriptedHub, caplog: pytest.LogCaptureFixture
) -> None:
    connection, peer = await connected(hub)
    good: asyncio.Queue[int] = asyncio.Queue()

    def handle(number: int) -> None:
        if number == 1:
            raise LookupError("broken on purpose")
        good.put_nowait(number)

    connection.on("Tell", handle, types=(int,))
    with caplog.at_level(logging.ERROR):
        await peer.send(call("Tell", 1), call("Tell", "no number"), call("Tell"), call("Tell", 2))
        assert await good.get() == 2
    assert "broken on purpose" in caplog.text
    assert "do not fit its handler" in caplog.text
    await connection.stop()


async def test_all_handlers_of_a_target_run_and_an_unsubscribed_one_does_not(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    got: asyncio.Queue[str] = asyncio.Queue()
    forget = connection.on("Tell", lambda: got.put_nowait("one"))
    connection.on("Tell", lambda: got.put_nowait("two"))
    await peer.send(call("Tell"))
    assert [await got.get(), await got.get()] == ["one", "two"]
    forget()
    forget()
    await peer.send(call("Tell"))
    assert await got.get() == "two"
    await connection.stop()


async def test_a_call_that_nobody_listens_to_is_logged(hub: ScriptedHub, caplog: pytest.LogCaptureFixture) -> None:
    connection, peer = await connected(hub)
    known = asyncio.Event()
    connection.on("Known", known.set)
    with caplog.at_level(logging.WARNING):
        await peer.send(call("Strange"), call("Strange"), call("Known"))
        await known.wait()
    assert caplog.text.count("'Strange'") == 1, "once, however often it is called"
    await connection.stop()


async def test_a_handlers_return_value_answers_the_server(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)

    async def add(one: int, two: int) -> int:
        return one + two

    connection.on("Add", add, types=(int, int))
    connection.on("Nothing", lambda: None)
    await peer.send(call("Add", 1, 2, invocationId="s1"))
    assert await peer.receive() == {"type": 3, "invocationId": "s1", "result": 3}
    await peer.send(call("Nothing", invocationId="s2"))
    assert await peer.receive() == {"type": 3, "invocationId": "s2", "result": None}
    await connection.stop()


async def test_a_listener_beside_the_handler_that_answers_does_not_disturb(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    connection.on("Ask", lambda: None)
    connection.on("Ask", lambda: 42)
    await peer.send(call("Ask", invocationId="s1"))
    assert (await peer.receive())["result"] == 42
    connection.on("Ask", lambda: 43)
    await peer.send(call("Ask", invocationId="s2"))
    assert (await peer.receive())["error"] == "Client provided multiple results."
    await connection.stop()


async def test_a_question_nobody_answers_is_answered_with_an_error(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    await peer.send(call("Strange", invocationId="s1"))
    assert await peer.receive() == {"type": 3, "invocationId": "s1", "error": "Client didn't provide a result."}
    await connection.stop()


async def test_the_server_receives_the_reason_for_a_missing_client_result(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)

    def refuse() -> None:
        raise HubError("not today")

    def break_down() -> None:
        raise LookupError("no such key")

    def break_silently() -> None:
        raise LookupError

    connection.on("Refuse", refuse)
    connection.on("Break", break_down)
    connection.on("BreakSilently", break_silently)
    connection.on("Strange", object)
    connection.on("Typed", int, types=(int,))
    await peer.send(call("Refuse", invocationId="s1"))
    assert (await peer.receive())["error"] == "not today"
    await peer.send(call("Break", invocationId="s2"))
    assert (await peer.receive())["error"] == "no such key"
    await peer.send(call("BreakSilently", invocationId="s5"))
    assert (await peer.receive())["error"] == "LookupError"
    await peer.send(call("Strange", invocationId="s3"))
    assert (await peer.receive())["error"] == "The client's answer could not be encoded."
    await peer.send(call("Typed", "x", invocationId="s4"))
    assert (await peer.receive())["error"] == "The arguments of 'Typed' do not fit the client's handler."
    await connection.stop()


async def test_an_answer_after_a_reconnect_goes_nowhere(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, peer = await connected(hub, clock=clock, random=lambda: 0.0)
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow() -> int:
        asked.set()
        await release.wait()
        return 1

    back = asyncio.Event()
    connection.on_reconnected(lambda _: back.set())
    connection.on("Ask", slow)
    await peer.send(call("Ask", invocationId="s1"))
    await asked.wait()
    hub.server.sever()
    peer = await hub.peer()
    await back.wait()
    release.set()
    await connection.send("Next")
    assert (await peer.receive())["target"] == "Next"
    await connection.stop()
    assert (await peer.receive())["type"] == 7


async def test_a_handler_may_wait_for_an_answer_behind_its_own_full_queue(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, options=ClientOptions(handler_buffer=2))
    answers: asyncio.Queue[int] = asyncio.Queue()

    async def ask(number: int) -> None:
        if number == 0:
            answers.put_nowait(await connection.invoke("Get", result_type=int))

    connection.on("Tell", ask, types=(int,))
    await peer.send(*(call("Tell", number) for number in range(8)))
    await peer.complete(await peer.receive(), result=5)
    assert await answers.get() == 5
    await connection.stop()


async def test_a_handler_that_never_ends_costs_the_connection_when_it_blocks_answers(hub: ScriptedHub) -> None:
    clock = ManualClock()
    options = ClientOptions(handler_buffer=1, read_ahead=1, stall_timeout=7, stop_timeout=0.01)
    connection, peer = await connected(hub, clock=clock, options=options, reconnect=None)
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    connection.on("Tell", asyncio.Event().wait)
    await peer.send(call("Tell"), call("Tell"), call("Tell"))
    answer = asyncio.create_task(connection.invoke("Get"))
    await clock.sleeping(7)
    await clock.advance(7)
    assert isinstance(await ended, HandlerStalledError)
    with pytest.raises(HandlerStalledError):
        await answer
    await connection.stop()


async def test_a_handler_may_stop_the_connection(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stopped = asyncio.Event()

    async def leave() -> None:
        await connection.stop()
        stopped.set()

    connection.on("Leave", leave)
    await peer.send(call("Leave"))
    await stopped.wait()
    await peer.gone()


async def test_calls_that_still_wait_at_stop_are_not_run_after_the_next_start(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, options=ClientOptions(stop_timeout=0.01))
    running = asyncio.Event()
    seen: list[int] = []
    got: asyncio.Queue[int] = asyncio.Queue()

    async def handle(number: int) -> None:
        seen.append(number)
        if number == 1:
            running.set()
            await asyncio.Event().wait()
        got.put_nowait(number)

    connection.on("Tell", handle, types=(int,))
    await peer.send(call("Tell", 1), call("Tell", 2))
    await running.wait()
    await connection.stop()
    await connection.start()
    peer = await hub.peer()
    await peer.send(call("Tell", 3))
    assert await got.get() == 3
    assert seen == [1, 3]
    await connection.stop()


async def test_stop_waits_for_handlers_and_then_cancels_them(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, options=ClientOptions(stop_timeout=0.01))
    running = asyncio.Event()
    outcome: list[str] = []

    async def endless() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            outcome.append("cancelled")
            raise

    connection.on("Tell", endless)
    await peer.send(call("Tell"))
    await running.wait()
    await connection.stop()
    assert outcome == ["cancelled"]
