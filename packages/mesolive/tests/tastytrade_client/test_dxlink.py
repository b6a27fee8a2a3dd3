"""DXLink: handshake, channels, chunks, formats of frames, silence, renewal, refused tokens."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesolive.records import replace
from mesolive.tastytrade_client import (
    DxLinkConfig,
    DxLinkConnection,
    DxLinkLostError,
    EventTables,
    FeedConfig,
    FeedState,
    Hidden,
    QuoteFeed,
    QuoteToken,
    number,
    socket,
)
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.tastytrade.sockets import FakeDxLink, serving, until

FIELDS = {"Quote": ["bidPrice", "askPrice", "bidSize", "askSize"], "Trade": ["price"]}
QUICK = DxLinkConfig(connect_seconds=60.0, action_seconds=60.0, frame_pause_seconds=0.0)
OPTION = ".SPXW261218P5000"


def quotes(*symbols: str) -> list[tuple[str, str]]:
    return [("Quote", symbol) for symbol in symbols]


class TestEvents:
    def test_a_compact_frame_has_several_types_and_many_events(self) -> None:
        tables = EventTables(FIELDS)
        one = ["Quote", OPTION, 1.5, 1.6, 10.0, 20.0, "Quote", "SPX", 5000.1, 5000.3, "NaN", "NaN"]
        assert tables.take_frame(["Quote", one, "Trade", ["Trade", "SPX", 5000.2]])
        assert tables["Quote"].take() == {OPTION: (1.5, 1.6, 10.0, 20.0), "SPX": (5000.1, 5000.3, "NaN", "NaN")}
        assert tables["Trade"].take() == {"SPX": (5000.2,)}
        assert tables["Quote"].take() == {}

    def test_a_full_frame_may_leave_fields_out(self) -> None:
        tables = EventTables(FIELDS)
        assert tables.take_frame([{"eventType": "Quote", "eventSymbol": OPTION, "askPrice": 0.05}])
        assert tables["Quote"].take() == {OPTION: (None, 0.05, None, None)}

    def test_the_order_of_fields_is_the_servers(self) -> None:
        tables = EventTables(FIELDS)
        tables.configure({"Quote": ["askPrice", "eventSymbol", "bidPrice"], "Greeks": ["delta"]})
        tables.take_frame(["Quote", [1.6, OPTION, 1.5]])
        assert tables["Quote"].take() == {OPTION: (1.5, 1.6, None, None)}

    def test_a_frame_of_another_length_is_dropped_and_counted(self) -> None:
        tables = EventTables(FIELDS)
        assert not tables.take_frame(["Quote", ["Quote", OPTION, 1.5]])
        assert tables["Quote"].dropped == 1
        assert tables["Quote"].take() == {}

    def test_the_latest_event_of_a_symbol_counts(self) -> None:
        tables = EventTables(FIELDS)
        for price in range(1000):
            tables.take_frame(["Trade", ["Trade", "SPX", price]])
        assert tables["Trade"].changed == {"SPX": (999,)}
        assert tables["Trade"].events == 1000

    def test_numbers_may_be_texts_or_absent(self) -> None:
        assert number(1.5) == number("1.5") == 1.5
        assert all(math.isnan(number(item)) for item in ("NaN", "Infinity", "-Infinity", None, "", math.inf))

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the tables
    @given(st.lists(st.sampled_from([*FIELDS, "Other", 5, None]), max_size=6), st.data())
    def test_no_frame_breaks_the_tables(self, kinds: list[Any], data: st.DataObject) -> None:
        values = st.one_of(st.none(), st.floats(), st.text(max_size=3), st.lists(st.floats(), max_size=13))
        events = st.dictionaries(st.sampled_from(["eventType", "eventSymbol", "price"]), values.filter(_hashable))
        frame: list[Any] = []
        for kind in kinds:
            frame += [kind, data.draw(values)] if data.draw(st.booleans()) else [data.draw(events)]
        EventTables(FIELDS).take_frame(frame)


def _hashable(value: object) -> bool:
    return not isinstance(value, list)


@dataclass
class Linked:
    server: FakeDxLink
    link: DxLinkConnection
    tables: EventTables
    received: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def linked(
    server: FakeDxLink, config: DxLinkConfig = QUICK, access: str = "quote-token"
) -> AsyncGenerator[Linked]:
    tables = EventTables(FIELDS)
    async with serving(server) as url:
        received = asyncio.Event()
        link = DxLinkConnection(url, Hidden(access), tables, received.set, config)
        try:
            yield Linked(server, link, tables, received)
        finally:
            await link.close()


@asynccontextmanager
async def running(link: DxLinkConnection) -> AsyncGenerator[asyncio.Task[None]]:
    task = asyncio.create_task(link.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class TestConnection:
    async def test_the_handshake_keeps_its_order_also_when_the_server_is_slow(self) -> None:
        server = FakeDxLink()
        server.delay = 0.1
        async with linked(server) as rig:
            await rig.link.open()
            await until(lambda: len(server.frames) == 4)
        assert [frame["type"] for frame in server.frames] == ["SETUP", "AUTH", "CHANNEL_REQUEST", "FEED_SETUP"]
        assert server.frames[2]["channel"] % 2 == 1
        assert server.frames[3]["acceptDataFormat"] == "COMPACT"
        assert server.frames[3]["acceptEventFields"]["Quote"] == ["eventType", "eventSymbol", *FIELDS["Quote"]]

    async def test_a_refused_token_is_reported_as_refused(self) -> None:
        async with linked(FakeDxLink(), access="wrong") as rig:
            with pytest.raises(DxLinkLostError) as lost:
                await rig.link.open()
        assert lost.value.is_unauthorized

    async def test_a_silent_server_is_given_up(self) -> None:
        server = FakeDxLink()
        server.mute = True
        async with linked(server, replace(QUICK, action_seconds=0.1)) as rig:
            with pytest.raises(DxLinkLostError, match="sends no AUTH_STATE"):
                await rig.link.open()

    async def test_subscriptions_are_cut_into_frames_of_bounded_size(self) -> None:
        server = FakeDxLink()
        symbols = [f".SPXW261218P{strike}" for strike in range(2000, 4000)]
        async with linked(server) as rig:
            await rig.link.open()
            rig.link.subscribe(quotes(*symbols))
            rig.link.subscribe(quotes(*symbols))
            async with running(rig.link):
                await until(lambda: len(server.added) >= 2000)
        assert server.added == symbols
        assert max(server.sizes) <= 8192
        assert all(len(frame.get("add", ())) <= 200 for frame in server.of_type("FEED_SUBSCRIPTION"))
        assert [frame.get("reset", False) for frame in server.of_type("FEED_SUBSCRIPTION")][:2] == [True, False]

    async def test_a_symbol_without_subscribers_is_removed(self) -> None:
        server = FakeDxLink()
        async with linked(server) as rig:
            await rig.link.open()
            async with running(rig.link):
                rig.link.subscribe(quotes("SPX", "VIX"))
                await until(lambda: len(server.added) == 2)
                rig.link.unsubscribe(quotes("VIX", "unknown"))
                await until(lambda: bool(server.frames[-1].get("remove")))
        assert server.frames[-1]["remove"] == [{"type": "Quote", "symbol": "VIX"}]

    async def test_the_format_may_change_in_mid_session(self) -> None:
        server = FakeDxLink()
        async with linked(server) as rig:
            await rig.link.open()
            async with running(rig.link):
                await server.compact("Quote", ["Quote", OPTION, 1.5, 1.6, 1, 2])
                await server.send(
                    type="FEED_DATA", data=[{"eventType": "Quote", "eventSymbol": "SPX", "bidPrice": 5.0}]
                )
                await server.send(type="FEED_CONFIG", eventFields={"Quote": ["eventSymbol", "askPrice"]})
                await server.compact("Quote", ["VIX", 17.5])
                await until(lambda: len(rig.tables["Quote"].changed) == 3)
        assert rig.tables["Quote"].take() == {
            OPTION: (1.5, 1.6, 1, 2),
            "SPX": (5.0, None, None, None),
            "VIX": (None, 17.5, None, None),
        }

    async def test_silence_ends_a_connection_that_lives(self) -> None:
        async with linked(FakeDxLink(), replace(QUICK, silence_seconds=0.1)) as rig:
            await rig.link.open()
            with pytest.raises(DxLinkLostError, match="nothing was heard"):
                await rig.link.run()

    @pytest.mark.parametrize(
        "frame",
        [
            {"type": "KEEPALIVE"},
            {"type": "FEED_DATA", "data": ["Quote", ["Quote", OPTION, 1.5, 1.6, 1, 2]]},
            {"type": "ERROR", "error": "BAD_ACTION", "message": "too many"},
        ],
        ids=lambda frame: frame["type"],
    )
    async def test_any_frame_is_a_sign_of_life(
        self, frame: dict[str, Any], pass_time: PassTime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The silence of an hour is passed in two parts, with a frame between them, and then at once."""
        monkeypatch.setattr(socket, "PING_SECONDS", None)  # a ping would be overdue at once
        server, loop = FakeDxLink(), asyncio.get_running_loop()
        async with linked(server, replace(QUICK, silence_seconds=3600.0, keepalive_seconds=86_400.0)) as rig:
            await rig.link.open()
            async with running(rig.link) as task:
                for _ in range(2):
                    pass_time(2400.0)
                    passed = loop.time()
                    await server.send(**frame)
                    await until(lambda passed=passed: rig.link._heard_at >= passed)
                assert not task.done()
                pass_time(3600.0)
                with pytest.raises(DxLinkLostError, match="nothing was heard"):
                    await task

    async def test_signs_of_life_are_sent(self) -> None:
        server = FakeDxLink()
        async with linked(server, replace(QUICK, keepalive_seconds=0.01)) as rig:
            await rig.link.open()
            async with running(rig.link):
                await until(lambda: len(server.of_type("KEEPALIVE")) >= 2)

    async def test_a_channel_that_the_server_closes_is_opened_anew_with_everything(self) -> None:
        server = FakeDxLink()
        async with linked(server) as rig:
            await rig.link.open()
            async with running(rig.link):
                rig.link.subscribe(quotes("SPX", OPTION))
                await until(lambda: len(server.added) == 2)
                await server.send(type="CHANNEL_CLOSED")
                await until(lambda: server.channel == 3 and len(server.added) == 2)
        assert server.connections == 1

    async def test_a_refused_action_is_a_warning_and_a_timeout_is_the_end(self) -> None:
        server = FakeDxLink()
        async with linked(server) as rig:
            await rig.link.open()
            async with running(rig.link) as task:
                await server.send(type="ERROR", error="BAD_ACTION", message="Your subscription size is too big")
                await until(lambda: bool(rig.link.warning))
                assert not task.done()
                await server.send(type="ERROR", error="TIMEOUT", message="no keepalive")
                with pytest.raises(DxLinkLostError, match="TIMEOUT"):
                    await task
        assert "too big" in rig.link.warning


@dataclass
class Fed:
    feed: QuoteFeed
    states: list[FeedState]
    tables: EventTables


@asynccontextmanager
async def fed(
    server: FakeDxLink,
    config: FeedConfig,
    tokens: list[str] | None = None,
    is_quiet: Callable[[], bool] = lambda: False,
) -> AsyncGenerator[Fed]:
    states: list[FeedState] = []
    tables = EventTables(FIELDS)
    given = iter(tokens or [])
    async with serving(server) as url:

        async def token() -> QuoteToken:
            return QuoteToken(token=next(given, "quote-token"), dxlink_url=url, level="demo")

        feed = QuoteFeed(token, tables, lambda: None, states.append, config, is_quiet=is_quiet)
        task = asyncio.create_task(feed.run())
        try:
            yield Fed(feed, states, tables)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def own_tasks() -> list[str]:
    """Return the names of the tasks of feeds and their connections that have not ended."""
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("tastytrade")]


FAST = FeedConfig(connection=QUICK, first_pause_seconds=0.01, max_pause_seconds=0.05)


class TestFeed:
    async def test_after_a_loss_everything_is_subscribed_again(self) -> None:
        server = FakeDxLink()
        async with fed(server, FAST) as rig:
            rig.feed.subscribe(quotes("SPX", OPTION))
            await until(lambda: len(server.added) == 2)
            assert server.socket is not None
            await server.socket.close(1011)
            await until(lambda: server.connections == 2 and len(server.added) == 2)
            await until(lambda: rig.feed.state.is_connected)
        assert [state.is_connected for state in rig.states] == [True, False, True]
        assert "1011" in rig.states[1].message
        assert rig.feed.state.is_delayed, "the level of the token says so"

    async def test_a_silent_connection_is_replaced(self) -> None:
        server = FakeDxLink()
        async with fed(server, replace(FAST, connection=replace(QUICK, silence_seconds=0.1))) as rig:
            await until(lambda: server.connections >= 2)
        assert any("nothing was heard" in state.message for state in rig.states)

    async def test_a_connection_is_renewed_before_its_authority_ends(self) -> None:
        server = FakeDxLink()
        async with fed(server, replace(FAST, renew_from_seconds=0.02, renew_by_seconds=0.05)) as rig:
            rig.feed.subscribe(quotes("SPX"))
            await until(lambda: server.connections >= 3 and server.added == ["SPX"])
        assert all(state.is_connected for state in rig.states), "a renewal is no failure"

    async def test_the_end_of_a_feed_leaves_no_task(self) -> None:
        server = FakeDxLink()
        async with fed(server, FAST) as rig:
            await until(lambda: rig.feed.state.is_connected)
            assert "tastytrade renewal" in own_tasks()
        assert own_tasks() == []

    async def test_a_renewal_that_meets_a_disconnect_ends_with_its_connection(self) -> None:
        server, lost = FakeDxLink(), list[object]()
        failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))

        def lose() -> bool:
            """Lose the connection in the moment in which it is to be renewed."""
            socket = server.socket
            assert socket is not None
            if len(lost) == 5 or socket in lost:
                return False  # asked once more before the feed has noticed
            lost.append(socket)
            socket.transport.abort()
            return len(lost) % 2 == 0

        async with fed(server, replace(FAST, renew_from_seconds=0.02), is_quiet=lose) as rig:
            rig.feed.subscribe(quotes("SPX"))
            await until(lambda: len(lost) == 5 and rig.feed.state.is_connected and server.added == ["SPX"])
            await until(lambda: server.connections >= 6)
            assert own_tasks().count("tastytrade renewal") <= 1
        assert own_tasks() == []
        assert failures == []

    async def test_a_renewal_that_fails_ends_the_feed_with_its_error(self) -> None:
        server = FakeDxLink()

        def fail() -> bool:
            raise ZeroDivisionError

        async with serving(server) as url:

            async def token() -> QuoteToken:
                return QuoteToken(token="quote-token", dxlink_url=url)

            config = replace(FAST, renew_from_seconds=0.02)
            feed = QuoteFeed(token, EventTables(FIELDS), lambda: None, lambda _: None, config, is_quiet=fail)
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(feed.run(), 30)
        assert own_tasks() == []

    async def test_a_refused_token_is_replaced_by_a_fresh_one(self) -> None:
        server = FakeDxLink()
        async with fed(server, FAST, ["old", "old"]) as rig:
            await until(lambda: rig.feed.state.is_connected)
        assert server.connections == 3

    async def test_frames_that_were_too_big_are_made_smaller(self) -> None:
        server = FakeDxLink()
        server.max_bytes = 3000
        symbols = [f".SPXW261218P{strike}" for strike in range(2000, 2300)]
        async with fed(server, FAST) as rig:
            rig.feed.subscribe(quotes(*symbols))
            await until(lambda: len(server.added) == 300)
        assert max(server.sizes[-4:]) <= 3000

    async def test_a_limit_of_subscriptions_is_shown_and_not_run_into_again(self) -> None:
        server = FakeDxLink()
        async with fed(server, replace(FAST, renew_from_seconds=1.0)) as rig:
            rig.feed.subscribe(quotes("SPX"))
            await until(lambda: bool(server.added))
            await server.send(type="ERROR", error="BAD_ACTION", message="too many")
            await until(lambda: "too many" in rig.feed.state.message)
            assert rig.feed.state.is_connected
        assert server.connections == 1

    async def test_tokens_are_in_no_log(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        logging.getLogger("websockets").setLevel(logging.INFO)  # the fake server's own lines
        server = FakeDxLink()
        async with fed(server, FAST, ["secret-old"]) as rig:
            await until(lambda: rig.feed.state.is_connected)
        assert "dxlink_connected" in caplog.text
        assert "secret-old" not in caplog.text
        assert "quote-token" not in caplog.text
