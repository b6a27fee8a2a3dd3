"""The handshake of a connection: refused, in pieces, too long, never made."""

import pytest

from signalr_server_kit import Peer
from signalr_server_kit.clock import settle
from signalr_server_kit.life import LifeHub, World


async def refused(world: World, handshake: str | bytes) -> str:
    peer = Peer(world.app)
    assert await peer.connect() == 101
    peer.raw(handshake)
    answer = await peer.receive()
    assert await peer.ended() == 1000
    assert LifeHub.log == []
    return answer["error"]


@pytest.mark.parametrize(
    ("handshake", "error"),
    [
        ('{"protocol":"xml","version":1}', "The protocol 'xml' is not supported."),
        ('{"protocol":"json","version":9}', "The server does not support version 9 of the 'json' protocol."),
        ('{"protocol":"json"}', "An unexpected error occurred during connection handshake."),
        ("no json", "An unexpected error occurred during connection handshake."),
        ("[]", "An unexpected error occurred during connection handshake."),
        ('{"type":6}', "An unexpected error occurred during connection handshake."),
    ],
)
async def test_a_bad_handshake_is_answered_and_the_connection_closed(handshake: str, error: str) -> None:
    assert await refused(World(), handshake + "\x1e") == error


async def test_a_handshake_of_an_older_version_is_taken() -> None:
    # Some clients say version 0; ASP.NET Core takes any version up to its own.
    peer = await Peer(World().app).start(version=0)
    assert (await peer.invoke("Ping"))["result"] == "pong"


async def test_detailed_errors_say_what_was_wrong_with_the_handshake() -> None:
    error = await refused(World(enable_detailed_errors=True), "no json\x1e")
    assert error.startswith("An unexpected error occurred during connection handshake. InvalidDataException: ")


async def test_an_endless_handshake_is_cut_off() -> None:
    world = World(maximum_receive_message_size=100)
    assert await refused(world, "x" * 200) == "An unexpected error occurred during connection handshake."


async def test_a_handshake_may_come_in_pieces_and_with_the_first_call() -> None:
    peer = Peer(World().app)
    await peer.connect()
    text = '{"protocol":"json","version":1}\x1e{"type":1,"target":"Ping","arguments":[],"invocationId":"1"}\x1e'
    for character in text:
        peer.raw(character)
    assert await peer.receive() == {}
    assert (await peer.receive())["result"] == "pong"


async def test_a_client_that_never_shakes_hands_is_disconnected() -> None:
    world = World()
    peer = Peer(world.app)
    await peer.connect()
    await world.clock.advance(14.5)
    assert not peer.closed.is_set()
    await world.clock.advance(1.5)
    assert await peer.receive() == {"error": "Handshake was canceled."}
    await peer.ended()
    assert world.app.stats().connections == 0


async def test_a_client_that_leaves_before_the_handshake_leaves_nothing() -> None:
    world = World()
    peer = Peer(world.app)
    await peer.connect()
    peer.leave(1006)
    await peer.ended()
    assert world.app.stats().connections == 0
    assert LifeHub.log == []


async def test_calls_wait_until_on_connected_has_run() -> None:
    world = World()
    LifeHub.gate.clear()
    peer = await world.peer()
    peer.call("Ping")
    await settle()
    assert list(peer.waiting()) == []
    LifeHub.gate.set()
    assert (await peer.receive())["result"] == "pong"
