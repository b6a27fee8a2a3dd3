"""Faults of tastytrade's market data, at the double of the broker: silence, late and odd frames, refused symbols."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from mesolive.connectors.tastytrade.symbols import streamer_symbol
from mesolive.doubles.tastytrade.sockets import Socket
from mesolive.market.contracts import OptionContract
from mesolive.market.quality import QuoteQuality
from mesolive.records import replace
from mesolive_sdk.models import AgentStatus
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.tastytrade.bench import MORNING
from mesolive_testkit.tastytrade.rig import QUICK, TastytradeRig
from mesolive_testkit.tastytrade.sockets import until

pytestmark = pytest.mark.slow  # a connection, its double and a market for each: a third of a second


def has_bid(rig: TastytradeRig, contract: OptionContract) -> bool:
    """Return whether a contract has a buyer in the book."""
    location = rig.provider.books["SPX"].view().find(contract)
    return location is not None and bool(location[0].bid[location[1]] > 0)


class TestMarketData:
    async def test_02_a_silent_connection_is_replaced_and_everything_is_subscribed_again(
        self, tmp_path: Path, pass_time: PassTime
    ) -> None:
        rig = TastytradeRig(tmp_path, MORNING)
        await rig.provider.start()
        try:
            subscribed = rig.double.market_data.subscriptions
            rig.double.faults.switch_on("feed_mute")
            pass_time(QUICK.feed.connection.silence_seconds)
            await until(lambda: rig.provider.status.state is AgentStatus.Disconnected)
            assert "nothing was heard" in rig.provider.status.message
            assert (rig.provider.books["SPX"].view().columns.released != 0).all()
            rig.double.faults.switch_off("feed_mute")
            rig.double.market_data.cut_all()  # the next one may have begun, and wait for an answer
            await until(lambda: rig.provider.status.state is AgentStatus.Connected)
            await until(lambda: rig.double.market_data.subscriptions >= subscribed)
        finally:
            await rig.provider.stop()

    async def test_05_a_token_is_sent_only_after_the_server_has_asked_for_it(self, tmp_path: Path) -> None:
        rig = TastytradeRig(tmp_path, MORNING)
        rig.double.faults.switch_on("unauthorized_late", seconds=0.5)
        await rig.provider.start()
        try:
            assert rig.provider.status.state is AgentStatus.Connected
        finally:
            await rig.provider.stop()

    @pytest.mark.parametrize(
        "fault", ["full_format", "config_late", "config_without_fields", "fields_permuted", "frame_cut"]
    )
    async def test_06_quotes_stay_right_whatever_the_format_and_the_schema(self, tmp_path: Path, fault: str) -> None:
        rig = TastytradeRig(tmp_path, MORNING)
        if fault not in {"full_format", "frame_cut"}:
            rig.double.faults.switch_on(fault)
        await rig.provider.start()
        try:
            if fault in {"full_format", "frame_cut"}:
                rig.double.faults.switch_on(fault)
            await rig.change()
            rig.double.faults.switch_off(fault)
            await rig.change()
            rig.double.market_data.step()  # the market may have moved in the same moment, behind the double
            await rig.arrived()
            market = rig._markets.provider("SPX").books["SPX"].view()
            shown = rig.provider.books["SPX"].view()
            contract = shown.listing.contract(len(shown.listing) // 3)
            real, ours = market.find(contract), shown.find(contract)
            assert real is not None
            assert ours is not None
            assert float(ours[0].bid[ours[1]]) == pytest.approx(float(real[0].bid[real[1]]))
            assert ours[0].quote(ours[1]).quality is QuoteQuality.LIVE
        finally:
            await rig.provider.stop()

    async def test_07_a_limit_of_subscriptions_is_shown_and_not_run_into_for_ever(
        self, tmp_path: Path, pass_time: PassTime
    ) -> None:
        rig = TastytradeRig(tmp_path, MORNING)
        rig.double.faults.switch_on("subscription_too_big", symbols=50)
        rig.quoted._config = replace(QUICK, start_seconds=30.0)
        starting = asyncio.create_task(rig.provider.start())
        await until(lambda: bool(rig.quoted._window))
        pass_time(30.0)  # the quotes of the refused symbols never come
        await starting
        try:
            await until(lambda: bool(rig.provider.status.message))
            assert rig.provider.status.state is AgentStatus.Connected
            assert rig.quoted.feed.connections == 1
        finally:
            await rig.provider.stop()

    async def test_08_the_rig_awaits_frames_that_are_slow(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What other tests await must be what was sent, and not a silence, which a busy machine has too."""
        rig = TastytradeRig(tmp_path, MORNING)
        await rig.provider.start()
        try:
            version, send, loop = rig.provider.books["SPX"].version, Socket.send, asyncio.get_running_loop()

            def later(socket: Socket, frame: Mapping[str, object]) -> None:
                loop.call_later(0.5, send, socket, frame)

            monkeypatch.setattr(Socket, "send", later)
            await rig.change()
            assert rig.provider.books["SPX"].version > version
        finally:
            await rig.provider.stop()

    async def test_12_one_sided_and_missing_values_are_stored_as_they_came(self, tmp_path: Path) -> None:
        rig = TastytradeRig(tmp_path, MORNING)
        await rig.provider.start()
        try:
            view = rig.provider.books["SPX"].view()
            contract = view.listing.contract(len(view.listing) // 3)
            rig.double.faults.switch_on("one_sided", symbol=streamer_symbol(contract))
            await rig.change()
            rig.double.market_data.step()
            await until(lambda: not has_bid(rig, contract))
            location = rig.provider.books["SPX"].view().find(contract)
            assert location is not None
            assert location[0].quote(location[1]).ask is not None
        finally:
            await rig.provider.stop()
