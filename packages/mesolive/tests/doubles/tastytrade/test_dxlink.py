"""Market data of the double of tastytrade, read with a plain websocket client."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mesolive.doubles.tastytrade.actions import act
from mesolive_testkit.tastytrade_double import SocketClient, TastyKit, running_tastytrade

ASKED = ["eventType", "eventSymbol", "bidPrice", "askPrice", "bidSize", "askSize"]


def rows(frame: Any, fields: list[str] | None = None) -> list[dict[str, Any]]:
    """Return the events of a frame, in either format."""
    data = frame["data"]
    collected: list[dict[str, Any]] = []
    if isinstance(data[0], dict):
        return list(data)
    names = fields or ASKED
    for values in data[1::2]:
        assert len(values) % len(names) == 0
        starts = range(0, len(values), len(names))
        collected += [dict(zip(names, values[first : first + len(names)], strict=True)) for first in starts]
    return collected


async def subscribed(kit: TastyKit, client: SocketClient, *symbols: str, kind: str = "Quote") -> Any:
    """Return the first data after a subscription."""
    await client.say(
        type="FEED_SUBSCRIPTION",
        channel=1,
        reset=True,
        add=[{"type": kind, "symbol": symbol} for symbol in symbols],
    )
    return await client.of_type("FEED_DATA")


async def opened(kit: TastyKit) -> SocketClient:
    """Return a socket that has been set up and asked for a token."""
    client = await kit.socket(kit.double.market_data_url)
    await client.say(type="SETUP", channel=0, version="0.1-test/1", keepaliveTimeout=60, acceptKeepaliveTimeout=60)
    assert (await client.next())["type"] == "SETUP"
    assert (await client.next())["state"] == "UNAUTHORIZED"
    return client


async def test_a_subscription_brings_the_latest_quote_and_then_its_changes() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        option = kit.option(1.0)
        frame = await subscribed(kit, client, option.streamer)
        config = next(item for item in client.frames if item["type"] == "FEED_CONFIG")
        assert config["dataFormat"] == "COMPACT"
        assert config["eventFields"] == {"Quote": ASKED}
        quote = kit.double.desk.markets.quote(option.option) if option.option is not None else None
        assert quote is not None
        (row,) = rows(frame)
        assert row["eventSymbol"] == option.streamer
        assert (row["bidPrice"], row["askPrice"]) == (float(quote.bid or 0), float(quote.ask or 0))
        kit.double.desk.markets.gap(0.01)
        await kit.step()
        (changed,) = rows(await client.of_type("FEED_DATA"))
        assert changed["bidPrice"] > row["bidPrice"]


async def test_an_index_has_a_quote_and_a_trade_without_sizes() -> None:
    async with running_tastytrade() as kit:
        fields: dict[str, Any] = {"Quote": ASKED, "Trade": ["eventType", "eventSymbol", "price", "size"]}
        client = await kit.feed(fields=fields)
        add = [{"type": "Quote", "symbol": "SPX"}, {"type": "Trade", "symbol": "SPX"}]
        await client.say(type="FEED_SUBSCRIPTION", channel=1, add=add)
        data = (await client.of_type("FEED_DATA"))["data"]
        assert data[0::2] == ["Quote", "Trade"]
        assert data[1][4:] == ["NaN", "NaN"]
        assert data[3][2] == pytest.approx(5000.0, rel=0.01)
        assert data[3][3] == "NaN"


@pytest.mark.parametrize("kind", ["Summary", "Profile", "Greeks", "TheoPrice", "Underlying", "TradeETH"])
async def test_every_type_of_event_has_all_of_its_fields(kind: str) -> None:
    from mesolive.doubles.tastytrade.market_events import FIELDS

    async with running_tastytrade() as kit:
        client = await kit.feed(fields={kind: list(FIELDS[kind])})
        symbol = kit.option(1.0).streamer if kind in {"Greeks", "TheoPrice"} else "SPX"
        (row,) = rows(await subscribed(kit, client, symbol, kind=kind), list(FIELDS[kind]))
        assert (row["eventType"], row["eventSymbol"]) == (kind, symbol)


async def test_daily_candles_come_newest_first_between_their_flags() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed(fields={"Candle": ["eventSymbol", "eventFlags", "time", "close"]})
        await client.say(
            type="FEED_SUBSCRIPTION", channel=1, add=[{"type": "Candle", "symbol": "SPX{=d}", "fromTime": 0}]
        )
        rows_read = rows(await client.of_type("FEED_DATA"), ["eventSymbol", "eventFlags", "time", "close"])
        assert rows_read[0]["eventFlags"] == 4
        times = [row["time"] for row in rows_read]
        assert times == sorted(times, reverse=True)


async def test_a_symbol_that_nobody_knows_stays_silent() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        frame = await subscribed(kit, client, ".NOPE261218C1", "SPX")
        assert [row["eventSymbol"] for row in rows(frame)] == ["SPX"]


async def test_removed_subscriptions_bring_nothing_more() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        option = kit.option(1.0).streamer
        await subscribed(kit, client, option, "SPX")
        await client.say(type="FEED_SUBSCRIPTION", channel=1, remove=[{"type": "Quote", "symbol": option}])
        await kit.until(lambda: kit.double.market_data.subscriptions == 1)
        kit.double.desk.markets.gap(0.01)
        await kit.step()
        assert [row["eventSymbol"] for row in rows(await client.of_type("FEED_DATA"))] == ["SPX"]


async def test_the_order_of_the_handshake_is_enforced() -> None:
    async with running_tastytrade() as kit:
        client = await kit.socket(kit.double.market_data_url)
        await client.say(type="CHANNEL_REQUEST", channel=1, service="FEED")
        assert (await client.next())["error"] == "UNAUTHORIZED"
        await client.say(type="AUTH", channel=0, token="early")
        assert (await client.next())["message"] == "Session not found: api"
        with pytest.raises(ConnectionClosed):
            await client.next()


async def test_a_late_unauthorized_makes_an_early_token_an_error() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("unauthorized_late", times=1, seconds=2)
        client = await kit.socket(kit.double.market_data_url)
        await client.say(type="SETUP", channel=0, version="1", keepaliveTimeout=60, acceptKeepaliveTimeout=60)
        assert (await client.next())["type"] == "SETUP"
        await kit.timer.advance(2.0)
        assert (await client.next())["state"] == "UNAUTHORIZED"


async def test_a_token_that_is_wrong_or_a_day_old_is_not_authorized() -> None:
    async with running_tastytrade() as kit:
        token = (await kit.get("/api-quote-tokens"))["token"]
        await kit.timer.advance(86_401.0)
        for text in (token, "wrong"):
            client = await opened(kit)
            await client.say(type="AUTH", channel=0, token=text)
            assert (await client.next())["state"] == "UNAUTHORIZED"
            assert (await client.next())["error"] == "UNAUTHORIZED"
            with pytest.raises(ConnectionClosed):
                await client.next()


async def test_even_channels_unknown_services_and_closed_channels_are_bad_actions() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        await client.say(type="CHANNEL_REQUEST", channel=2, service="FEED")
        assert (await client.of_type("ERROR"))["message"] == "Protocol violation with an even channel usage."
        await client.say(type="CHANNEL_REQUEST", channel=3, service="CHART")
        assert (await client.of_type("ERROR"))["error"] == "BAD_ACTION"
        await client.say(type="FEED_SUBSCRIPTION", channel=5, add=[])
        assert (await client.of_type("ERROR"))["channel"] == 5
        await client.say(type="CHANNEL_CANCEL", channel=1)
        assert (await client.of_type("CHANNEL_CLOSED"))["channel"] == 1
        await client.say(type="FEED_SUBSCRIPTION", channel=1, add=[{"type": "Dream", "symbol": "SPX"}])
        assert (await client.of_type("ERROR"))["error"] == "BAD_ACTION"


async def test_a_frame_that_is_too_long_closes_the_socket_with_1009() -> None:
    async with running_tastytrade(frame_bytes=8192) as kit:
        client = await kit.feed()
        add = [{"type": "Quote", "symbol": f".SPXW261218P{strike}"} for strike in range(1000, 2000)]
        await client.say(type="FEED_SUBSCRIPTION", channel=1, add=add)
        with pytest.raises(ConnectionClosed) as closed:
            await client.of_type("FEED_DATA")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_client_that_is_silent_for_too_long_times_out_and_one_that_is_not_stays() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        for _ in range(3):
            await kit.timer.advance(30.0)
            before = len(kit.double.truth.of("feed_frame"))
            await client.say(type="KEEPALIVE", channel=0)
            await kit.until(lambda before=before: len(kit.double.truth.of("feed_frame")) > before)
            assert (await client.of_type("KEEPALIVE"))["channel"] == 0
        await kit.timer.advance(65.0)
        assert (await client.of_type("ERROR"))["error"] == "TIMEOUT"
        with pytest.raises(ConnectionClosed):
            await client.next()


async def test_data_comes_as_objects_in_mid_session_and_in_another_order_of_fields() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("fields_permuted", times=1)
        client = await kit.feed()
        option = kit.option(1.0).streamer
        frame = await subscribed(kit, client, option)
        config = next(item for item in client.frames if item["type"] == "FEED_CONFIG")
        named = config["eventFields"]["Quote"]
        assert sorted(named) == sorted(ASKED)
        assert named != ASKED
        assert rows(frame, named)[0]["eventSymbol"] == option
        kit.double.faults.switch_on("full_format", times=1)
        kit.double.desk.markets.gap(0.01)
        await kit.step()
        (row,) = (await client.of_type("FEED_DATA"))["data"]
        assert (row["eventType"], row["eventSymbol"]) == ("Quote", option)


async def test_the_configuration_comes_late_or_without_fields() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("config_late")
        kit.double.faults.switch_on("config_without_fields")
        client = await kit.feed()
        await subscribed(kit, client, "SPX")
        assert [frame["type"] for frame in client.frames] == ["FEED_DATA"]
        assert "eventFields" not in await client.of_type("FEED_CONFIG")


async def test_a_frame_lacks_its_last_value() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        kit.double.faults.switch_on("frame_cut", times=1)
        data = (await subscribed(kit, client, "SPX"))["data"]
        assert len(data[1]) == len(ASKED) - 1


async def test_quotes_are_one_sided_or_without_values() -> None:
    async with running_tastytrade() as kit:
        option = kit.option(1.0).streamer
        kit.double.faults.switch_on("one_sided", symbol=option)
        kit.double.faults.switch_on("values_missing", symbol="SPX")
        client = await kit.feed()
        one, other = rows(await subscribed(kit, client, option, "SPX"))
        assert (one["bidPrice"], one["bidSize"]) == ("NaN", "NaN")
        assert one["askPrice"] > 0
        assert (other["bidPrice"], other["askPrice"]) == ("NaN", "NaN")


async def test_too_many_symbols_are_a_bad_action_and_earlier_subscriptions_continue() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        await subscribed(kit, client, "SPX")
        kit.double.faults.switch_on("subscription_too_big", symbols=1)
        add = [{"type": "Quote", "symbol": kit.option(1.0).streamer}]
        await client.say(type="FEED_SUBSCRIPTION", channel=1, add=add)
        assert "too big" in (await client.of_type("ERROR"))["message"]
        assert kit.double.market_data.subscriptions == 1


async def test_a_silent_socket_sends_nothing_and_a_silent_feed_only_heartbeats() -> None:
    async with running_tastytrade() as kit:
        client = await kit.feed()
        await subscribed(kit, client, "SPX")
        kit.double.faults.switch_on("feed_silent")
        kit.double.desk.markets.gap(0.01)
        await kit.step()
        await kit.timer.advance(31.0)
        assert (await client.next())["type"] == "KEEPALIVE"
        before = len(kit.double.truth.of("feed_frame"))
        await client.say(type="KEEPALIVE", channel=0)
        await kit.until(lambda: len(kit.double.truth.of("feed_frame")) > before)
        kit.double.faults.switch_off("feed_silent")
        kit.double.faults.switch_on("feed_mute")
        kit.double.desk.markets.gap(0.01)
        await kit.step()
        await kit.timer.advance(31.0)
        kit.double.faults.switch_off("feed_mute")
        await kit.step()
        assert (await client.next())["type"] in {"FEED_DATA", "KEEPALIVE"}


async def test_a_first_value_may_be_missing_and_a_channel_refused() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("snapshot_missing")
        kit.double.faults.switch_on("channel_refused", skip=1)
        client = await kit.feed()
        await client.say(type="FEED_SUBSCRIPTION", channel=1, add=[{"type": "Quote", "symbol": "SPX"}])
        await client.say(type="CHANNEL_REQUEST", channel=3, service="FEED")
        assert (await client.of_type("CHANNEL_CLOSED"))["channel"] == 3
        assert [frame["type"] for frame in client.frames] == ["FEED_CONFIG", "CHANNEL_CLOSED"]


async def test_actions_close_channels_send_errors_and_bursts() -> None:
    async with running_tastytrade(events_per_frame=2) as kit:
        client = await kit.feed()
        await subscribed(kit, client, "SPX")
        act(kit.double, "burst", {"events": "5"})
        for _ in range(5):
            await client.of_type("FEED_DATA")
        act(kit.double, "close_channels", {})
        assert (await client.of_type("CHANNEL_CLOSED"))["channel"] == 1
        act(kit.double, "send_error", {"error": "TIMEOUT"})
        assert (await client.of_type("ERROR"))["error"] == "TIMEOUT"
        with pytest.raises(ConnectionClosed):
            await client.next()


async def test_the_upgrade_or_the_quote_token_is_refused() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("feed_upgrade_refused", times=1)
        with pytest.raises(InvalidStatus) as refused:
            await kit.socket(kit.double.market_data_url)
        assert refused.value.response.status_code == 502
        kit.double.faults.switch_on("quote_token_refused", times=1)
        client = await opened(kit)
        token = (await kit.get("/api-quote-tokens"))["token"]
        await client.say(type="AUTH", channel=0, token=token)
        assert (await client.next())["state"] == "UNAUTHORIZED"


async def test_each_side_names_how_long_it_waits_and_what_it_asks_of_the_other() -> None:
    async with running_tastytrade() as kit:
        client = await kit.socket(kit.double.market_data_url)
        await client.say(type="SETUP", channel=0, version="1", keepaliveTimeout=20, acceptKeepaliveTimeout=30)
        answer = await client.of_type("SETUP")
        assert (answer["keepaliveTimeout"], answer["acceptKeepaliveTimeout"]) == (30, 20)
        await client.of_type("AUTH_STATE")
        await kit.timer.advance(11.0)
        assert (await client.next())["type"] == "KEEPALIVE"
        await kit.timer.advance(20.0)
        assert (await client.of_type("ERROR"))["error"] == "TIMEOUT"
