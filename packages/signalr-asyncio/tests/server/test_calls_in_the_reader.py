"""Calls begin in the task that read them: what a method may rely on is the same as in a task made for it."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
from contextvars import ContextVar

import pytest

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle

mark: ContextVar[str] = ContextVar("mark", default="none")


class WorkHub(Hub):
    release = asyncio.Event()
    tasks: list["asyncio.Task[object] | None"] = []  # noqa: RUF012 - cleared before each test
    ended: list[str] = []  # noqa: RUF012 - cleared before each test

    async def Mark(self, text: str) -> str:
        before = mark.get()
        mark.set(text)
        return before

    async def MarkAndWait(self, text: str) -> str:
        mark.set(text)
        await self.release.wait()
        return mark.get()

    async def TimeOut(self) -> str:
        try:
            async with asyncio.timeout(0.001):
                await self.release.wait()
        except TimeoutError:
            return "timed out"
        return "released"

    async def Group(self) -> str:
        async def fail() -> None:
            raise KeyError

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.release.wait())
                group.create_task(fail())
        except ExceptionGroup:
            return "cancelled"
        return "released"

    async def Wait(self) -> str:
        try:
            await self.release.wait()
        finally:
            self.ended.append("wait")
        return "released"

    async def Stop(self) -> None:
        raise asyncio.CancelledError

    async def NoteTask(self) -> None:
        self.tasks.append(asyncio.current_task())

    async def on_disconnected(self, error: str | None) -> None:
        self.ended.append("disconnected")


@pytest.fixture(autouse=True)
def fresh() -> None:
    WorkHub.release = asyncio.Event()
    WorkHub.tasks, WorkHub.ended = [], []


async def connect(parallel: int = 1) -> tuple[SignalRServer, Peer]:
    app = SignalRServer(
        {"/hub": WorkHub}, options=HubOptions(maximum_parallel_invocations=parallel), clock=ManualClock()
    )
    return app, await Peer(app).start()


async def test_what_a_call_sets_in_its_context_is_not_there_for_the_next() -> None:
    _, peer = await connect()
    assert [(await peer.invoke("Mark", str(number)))["result"] for number in range(3)] == ["none"] * 3


async def test_calls_that_wait_beside_each_other_keep_their_contexts() -> None:
    _, peer = await connect(parallel=3)
    for number in range(3):
        peer.call("MarkAndWait", f"mark {number}", id=str(number))
    await settle()
    WorkHub.release.set()
    answers = [await peer.receive() for _ in range(3)]
    assert {answer["invocationId"]: answer["result"] for answer in answers} == {
        str(number): f"mark {number}" for number in range(3)
    }


@pytest.mark.parametrize(("method", "result"), [("TimeOut", "timed out"), ("Group", "cancelled")])
async def test_a_timeout_and_a_task_group_cancel_the_method_and_not_the_reading(method: str, result: str) -> None:
    _, peer = await connect()
    assert (await peer.invoke(method))["result"] == result
    assert (await peer.invoke(method))["result"] == result


async def test_messages_are_read_while_a_call_waits() -> None:
    app, peer = await connect(parallel=2)
    peer.call("Wait", id="1")
    peer.call("Mark", "x", id="2")
    assert (await peer.receive())["invocationId"] == "2"
    assert app.stats().tasks == 1
    WorkHub.release.set()
    assert (await peer.receive()) == {"type": 3, "invocationId": "1", "result": "released"}
    await settle()
    assert app.stats().tasks == 0


async def test_a_call_that_waits_outlives_its_connection() -> None:
    app, peer = await connect()
    assert (await peer.invoke("Mark", "x"))["result"] == "none"
    peer.call("Wait", id="2")
    await settle()
    peer.leave()
    await peer.ended()
    assert WorkHub.ended == ["disconnected"]
    WorkHub.release.set()
    await settle()
    assert WorkHub.ended == ["disconnected", "wait"]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_a_method_that_raises_a_cancellation_ends_its_own_call_only() -> None:
    _, peer = await connect()
    peer.call("Stop", id="1")
    assert (await peer.invoke("Mark", "x", id="2")) == {"type": 3, "invocationId": "2", "result": "none"}


async def test_calls_that_wait_run_in_tasks_of_their_own() -> None:
    _, peer = await connect(parallel=3)
    await peer.invoke("NoteTask")
    peer.call("Wait", id="2")
    await settle()
    await peer.invoke("NoteTask", id="3")
    first, second = WorkHub.tasks
    assert first is not second


async def test_hundreds_of_calls_in_one_frame_let_others_run() -> None:
    app = SignalRServer({"/hub": WorkHub}, options=HubOptions(maximum_receive_message_size=None), clock=ManualClock())
    busy, other = await Peer(app).start(), await Peer(app).start()
    call = {"type": 1, "target": "Mark", "arguments": ["x"]}
    busy.send(*({**call, "invocationId": str(number)} for number in range(500)))
    other.call("Mark", "x")
    await other.receive()
    assert busy.frames.qsize() < 500
    answers = [(await busy.receive())["invocationId"] for _ in range(500)]
    assert answers == [str(number) for number in range(500)]


async def test_a_client_that_takes_nothing_keeps_no_other_from_a_broadcast() -> None:
    app = SignalRServer({"/hub": WorkHub}, clock=ManualClock())
    peers = [await Peer(app).start() for _ in range(7)]
    for peer in peers[::2]:
        peer.stop_reading()
    await app.hub("/hub").clients.all.send("Heard", 1)
    await app.hub("/hub").clients.all.send("Heard", 2)
    for peer in peers[1::2]:
        assert [(await peer.receive())["arguments"] for _ in range(2)] == [[1], [2]]
    assert all(not list(peer.waiting()) for peer in peers[::2])
    for peer in peers[::2]:
        peer.go_on_reading()
        assert [(await peer.receive())["arguments"] for _ in range(2)] == [[1], [2]]
    await settle()
    assert app.stats().queued_bytes == 0
