"""Clients that send nonsense to the double of tastytrade: each gets an error, and the double goes on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesolive_testkit.tastytrade_double import BASE, limit, running_tastytrade

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FEED_KEYS = st.sampled_from(
    ["add", "remove", "reset", "acceptEventFields", "acceptDataFormat", "acceptAggregationPeriod"]
)
FEED_TYPES = st.sampled_from(["FEED_SETUP", "FEED_SUBSCRIPTION", "SETUP", "AUTH", "CHANNEL_REQUEST", "KEEPALIVE", "X"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "1E+40"),
        ("price", [1]),
        ("time-in-force", 7),
        ("legs", [{"symbol": "X"}]),
        ("legs", [{"symbol": "SPX", "instrument-type": "Index", "action": "Buy to Open", "quantity": "NaN"}]),
        ("legs", [{"symbol": "SPX", "instrument-type": "Index", "action": "Buy to Open", "quantity": 1.5}]),
        ("rules", {"conditions": [{"action": "route"}]}),
    ],
)
async def test_a_field_of_nonsense_is_refused_by_its_name(field: str, value: Any) -> None:
    async with running_tastytrade() as kit:
        answer = await kit.call("POST", f"{BASE}/orders", kit.vertical() | {field: value})
        assert answer.status_code == 400
        assert answer.json()["error"]["errors"][0]["domain"].startswith(field)
        assert kit.double.desk.orders == {}


async def test_too_many_contracts_and_pages_that_cannot_be_are_refused() -> None:
    async with running_tastytrade() as kit:
        many = await kit.call("POST", f"{BASE}/orders", limit([(kit.option().symbol, 10_001, "Buy to Open")], "1.0"))
        assert many.json()["error"]["errors"][0]["code"] == "order_size_exceeded"
        for params in ({"per-page": "0"}, {"per-page": "201"}, {"page-offset": "-1"}, {"start-date": "soon"}):
            assert (await kit.call("GET", f"{BASE}/orders", **params)).status_code == 400
        assert (await kit.call("GET", f"{BASE}/orders/{10**30}")).status_code == 404
        assert (await kit.call("PUT", f"{BASE}/orders/live", {})).status_code == 404


async def test_frames_that_are_no_objects_are_errors_and_the_sockets_stay() -> None:
    async with running_tastytrade() as kit:
        stream, feed = await kit.stream(), await kit.feed()
        for garbage in (b"\x00\x01", "[]", "7", "{", ""):
            await stream.connection.send(garbage)
            assert (await stream.next())["status"] == "error"
            await feed.connection.send(garbage)
            assert (await feed.of_type("ERROR"))["error"] == "INVALID_MESSAGE"
        await stream.say(action="heartbeat", auth_token=kit.bearer)
        assert (await stream.next())["status"] == "ok"


@given(st.lists(st.tuples(FEED_TYPES, FEED_KEYS, ANYTHING), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_message_of_nonsense_ends_a_market_data_socket(messages: list[tuple[str, str, Any]]) -> None:
    import asyncio

    async def play() -> None:
        async with running_tastytrade() as kit:
            client = await kit.feed()
            for kind, key, value in messages:
                if kind in {"SETUP", "AUTH"}:
                    continue
                await client.connection.send(msgspec.json.encode({"type": kind, "channel": 1, key: value}).decode())
            await kit.step()
            await client.say(type="CHANNEL_CANCEL", channel=1)
            assert (await client.of_type("CHANNEL_CLOSED"))["channel"] == 1

    asyncio.run(play())


async def test_periods_and_patience_of_nonsense_do_not_stop_the_market() -> None:
    async with running_tastytrade() as kit:
        client = await kit.socket(kit.double.market_data_url)
        await client.say(type="SETUP", channel=0, version="1", keepaliveTimeout=10**30, acceptKeepaliveTimeout=10**30)
        await client.of_type("AUTH_STATE")
        other = await kit.feed()
        await other.say(type="FEED_SETUP", channel=1, acceptAggregationPeriod=10**30)
        await other.say(type="FEED_SUBSCRIPTION", channel=1, add=[{"type": "Quote", "symbol": "SPX"}])
        await other.of_type("FEED_DATA")
        for _ in range(3):
            await kit.step()
        assert kit.double.market_data.clients == 2
