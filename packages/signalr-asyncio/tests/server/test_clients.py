"""Reaching clients: everybody, groups, users, one; and asking one for a result."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
from typing import Any

import msgspec
import pytest

from signalr_asyncio import (
    ClientDisconnectedError,
    ClientInvocationError,
    ClientResultError,
    ConnectionRequest,
    EncodeError,
    Hub,
    HubMethodError,
    HubOptions,
    Principal,
    Shared,
    SignalRServer,
)
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle


class Point(msgspec.Struct):
    x: int


class RoomHub(Hub):
    async def Id(self) -> str:
        return self.context.connection_id

    async def Join(self, group: str) -> None:
        await self.groups.add(self.context.connection_id, group)

    async def Leave(self, group: str) -> None:
        await self.groups.remove(self.context.connection_id, group)

    async def Tell(self, whom: str, text: str) -> None:
        chosen = {
            "all": self.clients.all,
            "caller": self.clients.caller,
            "others": self.clients.others,
            "others in g": self.clients.others_in_group("g"),
        }[whom]
        await chosen.send("Told", text)

    async def Note(self, key: str, value: int) -> int:
        self.context.items[key] = self.context.items.get(key, 0) + value
        return self.context.items[key]

    async def Ask(self, question: str) -> Any:
        try:
            return await self.clients.caller.invoke(question, 7, result_type=int, timeout=5.0)
        except ClientInvocationError as error:
            raise HubMethodError(f"client says {error}") from error
        except TimeoutError as error:
            raise HubMethodError("too late") from error
        except msgspec.DecodeError as error:
            raise HubMethodError("not a number") from error

    async def AskMaybe(self) -> Any:
        return await self.clients.caller.invoke("maybe")

    async def Abort(self) -> None:
        self.context.abort()


async def authenticate(request: ConnectionRequest) -> Principal | None:
    return Principal(request.query.get("user"))


class World:
    """A server and three peers: two of user `ann`, one of `bob`."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock()
        self.app = SignalRServer(
            {"/hub": RoomHub, "/other": RoomHub},
            options=HubOptions(**options),
            authenticate=authenticate,
            clock=self.clock,
        )
        self.ids: list[str] = []

    async def peers(self) -> list[Peer]:
        peers = [await Peer(self.app, query=f"user={user}").start() for user in ("ann", "ann", "bob")]
        self.ids = [(await peer.invoke("Id"))["result"] for peer in peers]
        return peers


async def heard(peers: list[Peer]) -> list[list[Any]]:
    """Return what each peer was told since."""
    await settle()
    return [[m["arguments"][0] for m in peer.waiting() if m.get("target") == "Told"] for peer in peers]


async def test_all_caller_and_others() -> None:
    peers = await World().peers()
    for whom, expected in [
        ("all", [["x"], ["x"], ["x"]]),
        ("caller", [["x"], [], []]),
        ("others", [[], ["x"], ["x"]]),
    ]:
        peers[0].call("Tell", whom, "x", id=None)
        assert await heard(peers) == expected, whom


async def test_groups_reach_only_their_members() -> None:
    world = World()
    peers = await world.peers()
    hub = world.app.hub("/hub")
    await peers[0].invoke("Join", "g")
    await hub.groups.add(world.ids[2], "g")
    await hub.groups.add(world.ids[2], "h")
    await hub.groups.add("nobody", "g")
    await hub.clients.group("g").send("Told", 1)
    assert await heard(peers) == [[1], [], [1]]
    await hub.clients.groups(["g", "h", "none"]).send("Told", 2)
    assert await heard(peers) == [[2], [], [2]]
    await hub.clients.group_except("g", [world.ids[0]]).send("Told", 3)
    assert await heard(peers) == [[], [], [3]]
    peers[0].call("Tell", "others in g", 4, id=None)
    peers[0].call("Tell", "others in g", "4", id=None)
    assert await heard(peers) == [[], [], ["4"]]
    await peers[0].invoke("Leave", "g")
    await hub.groups.remove(world.ids[0], "g")
    await hub.clients.group("g").send("Told", 5)
    assert await heard(peers) == [[], [], [5]]
    assert (hub.clients.has_group("g"), hub.clients.has_group("none")) == (True, False)
    await hub.groups.remove(world.ids[2], "g")
    assert not hub.clients.has_group("g")


async def test_users_are_all_their_connections() -> None:
    world = World()
    peers = await world.peers()
    hub = world.app.hub("/hub")
    await hub.clients.user("ann").send("Told", 1)
    await hub.clients.users(["ann", "bob", "eve"]).send("Told", 2)
    assert await heard(peers) == [[1, 2], [1, 2], [2]]


async def test_messages_reach_single_connections_and_all_except_some() -> None:
    world = World()
    peers = await world.peers()
    hub = world.app.hub("/hub")
    await hub.clients.client(world.ids[1]).send("Told", 1)
    await hub.clients.clients([world.ids[0], world.ids[0], "nobody"]).send("Told", 2)
    await hub.clients.all_except([world.ids[0]]).send("Told", 3)
    await hub.clients.client("nobody").send("Told", 4)
    assert await heard(peers) == [[2], [1, 3], [3]]


async def test_hubs_of_one_server_do_not_receive_each_others_messages() -> None:
    world = World()
    peers = [*await world.peers(), await Peer(world.app, "/other").start()]
    await world.app.hub("/other").clients.all.send("Told", 1)
    assert await heard(peers) == [[], [], [], [1]]
    with pytest.raises(KeyError):
        world.app.hub("/missing")


async def test_a_connection_that_left_a_group_is_not_reached() -> None:
    world = World()
    peers = await world.peers()
    hub = world.app.hub("/hub")
    await peers[0].invoke("Join", "g")
    peers[0].leave()
    await peers[0].ended()
    for proxy in (hub.clients.all, hub.clients.group("g"), hub.clients.user("ann"), hub.clients.client(world.ids[0])):
        await proxy.send("Told", 1)
    assert await heard(peers) == [[], [1, 1], [1]]
    assert world.ids[0] not in hub.connection_ids
    registry = world.app._hubs["/hub"].registry
    assert registry.groups == {}
    assert registry.memberships == {}


async def test_a_connection_may_be_in_so_many_groups_only() -> None:
    world = World(maximum_groups=2)
    peers = await world.peers()
    await peers[0].invoke("Join", "a")
    await peers[0].invoke("Join", "b")
    assert (await peers[0].invoke("Join", "b"))["result"] is None
    assert "error" in await peers[0].invoke("Join", "c")


async def test_items_belong_to_one_connection() -> None:
    peers = await World().peers()
    assert (await peers[0].invoke("Note", "k", 1))["result"] == 1
    assert (await peers[0].invoke("Note", "k", 1))["result"] == 2
    assert (await peers[1].invoke("Note", "k", 5))["result"] == 5


async def test_a_broadcast_is_encoded_once_per_encoding() -> None:
    encodings = 0

    def count(value: Any) -> Any:
        nonlocal encodings
        encodings += 1
        return {"x": value.x}

    class Opaque:
        x = 1

    app = SignalRServer(
        {"/hub": RoomHub},
        protocols=(JsonHubProtocol(enc_hook=count), MessagePackHubProtocol(enc_hook=count)),
        clock=ManualClock(),
    )
    peers = [await Peer(app).start() for _ in range(300)]
    await app.hub("/hub").clients.all.send("Told", Opaque())
    assert encodings == 1
    assert (await peers[-1].receive())["arguments"] == [{"x": 1}]
    shared = Shared(Opaque())
    await app.hub("/hub").clients.all.send("Told", shared)
    await app.hub("/hub").clients.all.send("Told", shared)
    assert encodings == 2


async def test_a_value_that_cannot_be_sent_is_an_error_of_the_sender() -> None:
    world = World()
    peers = await world.peers()
    with pytest.raises(EncodeError):
        await world.app.hub("/hub").clients.all.send("Told", object())
    assert (await peers[0].invoke("Note", "k", 1))["result"] == 1


async def test_a_client_answers_a_question() -> None:
    peers = await World().peers()
    peers[0].call("Ask", "double", id="c")
    question = await peers[0].receive()
    assert (question["type"], question["target"], question["arguments"]) == (1, "double", [7])
    peers[0].send({"type": 3, "invocationId": question["invocationId"], "result": 14})
    assert await peers[0].receive() == {"type": 3, "invocationId": "c", "result": 14}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": "no idea"}, "client says no idea"),
        ({"result": "text"}, "not a number"),
    ],
)
async def test_a_bad_answer_is_an_error_of_the_question(answer: dict[str, Any], error: str) -> None:
    peers = await World().peers()
    peers[0].call("Ask", "double")
    question = await peers[0].receive()
    peers[0].send({"type": 3, "invocationId": question["invocationId"], **answer})
    assert (await peers[0].receive())["error"].endswith(f"HubException: {error}")


async def test_an_answer_may_be_nothing() -> None:
    peers = await World().peers()
    peers[0].call("AskMaybe")
    question = await peers[0].receive()
    peers[0].send({"type": 3, "invocationId": question["invocationId"]})
    assert (await peers[0].receive())["result"] is None


async def test_a_question_without_an_answer_times_out() -> None:
    world = World()
    peers = await world.peers()
    peers[0].call("Ask", "double")
    question = await peers[0].receive()
    await world.clock.advance(5.1)
    assert (await peers[0].receive())["error"].endswith("HubException: too late")
    peers[0].send({"type": 3, "invocationId": question["invocationId"], "result": 1})
    assert (await peers[0].invoke("Note", "k", 1))["result"] == 1


async def test_questions_to_one_client_are_limited_in_number() -> None:
    world = World(maximum_streams=2)
    await world.peers()
    proxy = world.app.hub("/hub").clients.client(world.ids[0])
    open_questions = [asyncio.create_task(proxy.invoke("slow")) for _ in range(2)]
    await settle()
    with pytest.raises(ClientResultError, match="2 results"):
        await proxy.invoke("slow")
    await world.app.shutdown()
    for question in open_questions:
        with pytest.raises(ClientDisconnectedError):
            await question


async def test_a_question_ends_when_its_client_leaves() -> None:
    world = World()
    peers = await world.peers()
    asked = asyncio.create_task(world.app.hub("/hub").clients.client(world.ids[0]).invoke("double"))
    assert (await peers[0].receive())["target"] == "double"
    peers[0].leave()
    with pytest.raises(ClientDisconnectedError, match="disconnected"):
        await asked
    with pytest.raises(ClientDisconnectedError, match="does not exist"):
        await world.app.hub("/hub").clients.client(world.ids[0]).invoke("double")


async def test_a_cancelled_question_is_forgotten() -> None:
    world = World()
    peers = await world.peers()
    asked = asyncio.create_task(world.app.hub("/hub").clients.client(world.ids[0]).invoke("double"))
    question = await peers[0].receive()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    peers[0].send({"type": 3, "invocationId": question["invocationId"], "result": 1})
    assert (await peers[0].invoke("Note", "k", 1))["result"] == 1


async def test_abort_closes_the_connection_for_good() -> None:
    world = World()
    peers = await world.peers()
    peers[0].call("Abort", id=None)
    assert await peers[0].receive() == {"type": 7}
    assert await peers[0].ended() == 1000
    hub = world.app.hub("/hub")
    hub.abort(world.ids[1], "you are out")
    assert await peers[1].receive() == {"type": 7, "error": "you are out"}
    assert await peers[1].ended() == 1011
    hub.abort(world.ids[1])
    assert hub.connection_ids == tuple(hub.principals) == (world.ids[2],)


async def test_calls_run_while_the_result_of_their_client_is_awaited() -> None:
    world = World(maximum_waiting_invocations=2)
    peers = await world.peers()
    peers[0].call("Ask", "double", id="ask")
    question = await peers[0].receive()
    for number in range(150):
        peers[0].call("Note", "k", 1, id=None)
        peers[0].call("Note", "k", 0, id=str(number))
    counted = [await peers[0].receive() for _ in range(150)]
    assert counted[-1] == {"type": 3, "invocationId": "149", "result": 150}
    peers[0].send({"type": 3, "invocationId": question["invocationId"], "result": 14})
    assert await peers[0].receive() == {"type": 3, "invocationId": "ask", "result": 14}
