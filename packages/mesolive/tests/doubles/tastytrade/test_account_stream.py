"""Account stream of the double of tastytrade, read with a plain websocket client."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mesolive.doubles.tastytrade.actions import act
from mesolive_testkit.tastytrade_double import ACCOUNT, BASE, SocketClient, TastyKit, running_tastytrade


async def orders(client: SocketClient, number: int) -> list[Any]:
    """Return the next orders that the stream has."""
    return [(await client.of_type("Order"))["data"] for _ in range(number)]


def stages(views: list[Any]) -> list[tuple[str, list[int]]]:
    """Return the status of each order, and how many fills its legs have."""
    return [(view["status"], [len(leg["fills"]) for leg in view["legs"]]) for view in views]


async def test_an_order_comes_in_every_status_and_filled_with_one_leg_before_the_others() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        await kit.submit(kit.vertical(2))
        seen = await orders(client, 6)
        assert stages(seen) == [
            ("Received", [0, 0]),
            ("Routed", [0, 0]),
            ("In Flight", [0, 0]),
            ("Live", [0, 0]),
            ("Filled", [1, 0]),
            ("Filled", [1, 1]),
        ]
        assert seen[-1]["external-identifier"] == "m-1"
        updates = [view["updated-at"] for view in seen]
        assert updates == sorted(set(updates))
        await client.of_type("AccountBalance")


async def test_positions_come_after_the_fill() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        await kit.submit(kit.vertical(2))
        await kit.timer.advance(0.01)
        held = [(await client.of_type("CurrentPosition"))["data"] for _ in range(2)]
        assert [(holding["quantity"], holding["quantity-direction"]) for holding in held] == [(2, "Long"), (2, "Short")]
        assert {holding["account-number"] for holding in held} == {ACCOUNT}


async def test_nothing_comes_before_a_connect_and_errors_carry_no_request_id() -> None:
    async with running_tastytrade() as kit:
        client = await kit.socket(kit.double.stream_url)
        await client.say(action="heartbeat", auth_token=kit.bearer, request_id=1)
        early = await client.next()
        assert (early["status"], early["message"]) == ("error", "connect-not-completed")
        assert "request-id" not in early
        await kit.submit(kit.vertical())
        await client.say(action="dance", auth_token=kit.bearer, request_id=2)
        assert (await client.next())["message"] == "not-implemented"
        await client.say(action="connect", value=["5WX99999"], auth_token=kit.bearer, request_id=3)
        assert (await client.next())["message"] == "failed"
        await client.say(action="connect", value=[ACCOUNT], auth_token="Bearer wrong", request_id=4)
        assert (await client.next())["message"] == "failed"
        await client.say(action="connect", value=[ACCOUNT], auth_token=kit.bearer, request_id=5)
        answer = await client.next()
        assert answer == {
            "status": "ok",
            "action": "connect",
            "web-socket-session-id": answer["web-socket-session-id"],
            "value": [ACCOUNT],
            "request-id": 5,
        }
        await client.say(action="heartbeat", auth_token=kit.bearer, request_id=6)
        assert set(await client.next()) == {"status", "action", "web-socket-session-id", "request-id"}


async def test_a_heartbeat_with_a_token_that_has_died_closes_the_socket() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        await kit.timer.advance(901.0)
        await client.say(action="heartbeat", auth_token=kit.bearer)
        assert (await client.next())["status"] == "error"
        with pytest.raises(ConnectionClosed) as closed:
            await client.next()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "Bye")


async def _answer(kit: TastyKit, client: SocketClient) -> Any:
    """Return the answer to a heartbeat: frames that never came were not sent before it."""
    await client.say(action="heartbeat", auth_token=kit.bearer, request_id=99)
    return await client.get(lambda frame: frame.get("action") == "heartbeat")


async def test_lost_frames_never_come_and_the_rest_does() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        kit.double.faults.switch_on("frames_lost", message="Order")
        await kit.submit(kit.vertical())
        assert (await _answer(kit, client))["status"] == "ok"
        assert [frame for frame in client.frames if frame.get("type") == "Order"] == []
        assert (await kit.get(f"{BASE}/orders/live"))["items"][0]["status"] == "Filled"


async def test_doubled_and_swapped_frames_come_twice_and_after_their_next() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        kit.double.faults.switch_on("frames_doubled", times=1)
        kit.double.faults.switch_on("frames_swapped", times=1, skip=4)
        await kit.submit(kit.vertical())
        seen = stages(await orders(client, 7))
        assert seen[:2] == [("Received", [0, 0])] * 2
        assert seen[-2:] == [("Filled", [1, 1]), ("Filled", [1, 0])]


async def test_gathered_and_malformed_frames() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        kit.double.faults.switch_on("frames_gathered", times=1)
        kit.double.faults.switch_on("frames_malformed", times=1, skip=1)
        await kit.submit(kit.vertical())
        first = await client.next()
        assert [result["type"] for result in first["results"]] == ["Order"]
        with pytest.raises(ValueError, match="truncated"):
            await client.next()


async def test_frames_come_later_by_the_timer() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        kit.double.faults.switch_on("frames_late", seconds=5)
        await kit.submit(kit.vertical())
        assert (await _answer(kit, client))["status"] == "ok"
        assert [frame for frame in client.frames if frame.get("type") == "Order"] == []
        await kit.timer.advance(5.0)
        assert (await client.of_type("Order"))["data"]["status"] == "Received"


async def test_a_silent_stream_sends_nothing_and_a_heartbeat_may_go_unanswered() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        kit.double.faults.switch_on("heartbeat_unanswered", times=1)
        await client.say(action="heartbeat", auth_token=kit.bearer, request_id=7)
        assert (await _answer(kit, client))["request-id"] == 99
        kit.double.faults.switch_on("stream_mute")
        await kit.submit(kit.vertical())
        await client.say(action="heartbeat", auth_token=kit.bearer, request_id=8)
        await kit.until(lambda: len(kit.double.truth.of("stream_frame")) == 4)
        assert kit.double.faults.fired["stream_mute"] > 6
        kit.double.faults.switch_off("stream_mute")
        assert (await _answer(kit, client))["request-id"] == 99
        assert [frame for frame in client.frames if frame.get("type") == "Order"] == []


async def test_connects_are_refused_or_unanswered_and_answers_lack_their_request_id() -> None:
    async with running_tastytrade() as kit:
        client = await kit.socket(kit.double.stream_url)
        kit.double.faults.switch_on("connect_unanswered", times=1)
        kit.double.faults.switch_on("connect_refused", times=1)
        kit.double.faults.switch_on("request_id_missing", times=1)
        for number in (1, 2, 3):
            await client.say(action="connect", value=[ACCOUNT], auth_token=kit.bearer, request_id=number)
        refused, taken = await client.next(), await client.next()
        assert refused["message"] == "failed"
        assert taken["status"] == "ok"
        assert "request-id" not in taken
        kit.double.faults.switch_on("heartbeat_refused", times=1)
        assert (await _answer(kit, client))["status"] == "error"


async def test_the_upgrade_is_refused_with_502() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("stream_upgrade_refused", times=1)
        with pytest.raises(InvalidStatus) as refused:
            await kit.socket(kit.double.stream_url)
        assert refused.value.response.status_code == 502
        await kit.stream()


async def test_the_stream_is_closed_or_reset_by_an_action_and_nothing_is_replayed() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        act(kit.double, "close_stream", {})
        with pytest.raises(ConnectionClosed) as closed:
            await client.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000
        other = await kit.stream()
        act(kit.double, "cut", {"socket": "account"})
        with pytest.raises(ConnectionClosed):
            await other.next()
        await kit.submit(kit.vertical())
        late = await kit.stream()
        assert (await _answer(kit, late))["status"] == "ok"
        assert [frame for frame in late.frames if frame.get("type") == "Order"] == []


async def test_notifications_of_types_that_few_clients_know_come_too() -> None:
    async with running_tastytrade() as kit:
        client = await kit.stream()
        act(kit.double, "notify", {"account": ACCOUNT, "type": "Surprise"})
        assert (await client.next())["type"] == "Surprise"
