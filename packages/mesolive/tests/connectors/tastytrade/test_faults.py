"""The ten faults that users of tastytrade's API met, and some more, at the double of the broker: those of orders.

`docs/tastytrade.md` says what becomes of an order after each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mesolive.connectors.tastytrade.venue_core import VenueRules
from mesolive.records import replace
from mesolive.venues.base import (
    NOT_SENT,
    Accepted,
    Ended,
    Ending,
    Execution,
    OrderStatus,
    VenueFact,
    VenueLeg,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.tastytrade.bench import (
    CLIENT,
    MORNING,
    QUICK_SETTINGS,
    QUICK_TIMES,
    UNSEARCHED,
    TastytradeBench,
    at_the_broker,
    at_the_double,
)
from mesolive_testkit.tastytrade.sockets import until
from mesolive_testkit.venues.benches import ACCOUNT

pytestmark = pytest.mark.slow  # a connection, its double and a market for each: a third of a second

F = TypeVar("F", bound=VenueFact)


async def next_of(facts: AsyncIterator[VenueFact], kind: type[F]) -> F:
    async with asyncio.timeout(60):
        while True:
            fact = await anext(facts)
            if isinstance(fact, kind):
                return fact


async def open_again(bench: TastytradeBench, facts: AsyncIterator[VenueFact]) -> None:
    """See that the reports have ended: the server opens another session then."""
    with pytest.raises(VenueUnreachableError):
        await next_of(facts, Ended)


def submissions(bench: TastytradeBench) -> int:
    """Return how many orders have reached the double's books."""
    return len(bench.double.desk.orders)


def reads_of_orders(bench: TastytradeBench) -> int:
    """Return how many times the open orders were read."""
    return sum(note["operation"] == "live" for note in bench.double.truth.of("request"))


def closing(order: VenueRequest, bench: TastytradeBench) -> VenueRequest:
    """Return an order at the market that closes what an order has opened."""
    legs = tuple(VenueLeg(name=leg.name, contract=leg.contract, ratio=-leg.ratio) for leg in order.legs)
    return bench.order(int(order.qty), legs=legs)


async def killed_in_doubt(bench: TastytradeBench, order: VenueRequest, fault: str = "answer_lost") -> None:
    """Send an order whose answer is lost, and stop the venue before it is searched for."""
    bench.double.faults.switch_on(fault, operation="submit", times=1)
    async with bench.venue.session():
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(order)
        await bench.close_venue()


class TestOrders:
    @pytest.mark.parametrize(
        "fault", ["answer_held", "answer_lost", "answer_torn", "gateway_timeout", "answer_garbled"]
    )
    async def test_01_a_submission_without_an_answer_was_filled_is_found_and_never_sent_again(
        self, tmp_path: Path, fault: str, pass_time: PassTime
    ) -> None:
        config = replace(CLIENT, order_seconds=50.0)
        async with at_the_double(tmp_path, MORNING, config=config) as bench, bench.venue.session() as facts:
            bench.double.faults.switch_on(fault, operation="submit", times=1)
            order = bench.order(1)
            submitting = asyncio.create_task(bench.venue.submit(order))
            if fault == "answer_held":  # for a minute
                await until(lambda: submissions(bench) == 1)
                pass_time(50.0)
            with pytest.raises(VenueUnreachableError):
                await submitting
            await bench.tick()
            execution = await next_of(facts, Execution)
            assert execution.reference == order.reference
            assert isinstance(await bench.venue.submit(order), Accepted)
            assert submissions(bench) == 1
            assert await bench.venue.positions(ACCOUNT) == {leg.contract: leg.ratio for leg in order.legs}

    async def test_01b_a_submission_that_never_arrived_is_not_sent_again_and_ends_after_the_quarantine(
        self, tmp_path: Path
    ) -> None:
        async with at_the_double(tmp_path, MORNING) as bench:
            order = bench.order(1)
            async with bench.venue.session() as facts:
                bench.double.faults.switch_on("request_lost", operation="submit", times=1)
                with pytest.raises(VenueUnreachableError):
                    await bench.venue.submit(order)
                (listed,) = await bench.venue.orders(ACCOUNT, MORNING)
                assert listed.status is OrderStatus.IN_DOUBT
                bench.take_times(replace(QUICK_TIMES, quarantine=0.0))
                await open_again(bench, facts)
            async with bench.venue.session() as facts:
                ended = await next_of(facts, Ended)
                assert (ended.reference, ended.how) == (order.reference, Ending.REJECTED)
            assert submissions(bench) == 0

    @pytest.mark.parametrize("seconds", [0.6])
    async def test_01c_an_order_that_the_lists_show_late_is_found(self, tmp_path: Path, seconds: float) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            bench.double.faults.switch_on("order_listed_late", seconds=seconds, times=1)
            bench.double.faults.switch_on("frames_lost", message="Order")
            bench.double.faults.switch_on("answer_lost", operation="submit", times=1)
            order = bench.resting()
            with pytest.raises(VenueUnreachableError):
                await bench.venue.submit(order)
            assert (await next_of(facts, Accepted)).reference == order.reference
            assert submissions(bench) == 1

    async def test_01d_an_order_shown_without_its_identifier_is_known_by_what_was_sent(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            bench.double.faults.switch_on("identifier_lost")
            bench.double.faults.switch_on("answer_lost", operation="submit", times=1)
            order = bench.order(1)
            with pytest.raises(VenueUnreachableError):
                await bench.venue.submit(order)
            await bench.tick()
            assert (await next_of(facts, Execution)).reference == order.reference
            assert submissions(bench) == 1

    @pytest.mark.parametrize("later", [timedelta(seconds=120), timedelta(days=3)])
    async def test_01e_after_a_crash_an_order_without_its_identifier_is_found_however_late_the_restart(
        self, tmp_path: Path, later: timedelta
    ) -> None:
        async with at_the_double(tmp_path, MORNING, times=UNSEARCHED) as bench:
            for fault in ("identifier_lost", "no_fills"):
                bench.double.faults.switch_on(fault)
            order = bench.resting()
            await killed_in_doubt(bench, order)
            await bench.to(MORNING + later)
            bench.take_times(QUICK_TIMES)
            await bench.open_venue()
            async with bench.venue.session() as facts:
                # Until it is found nobody may conclude that it never arrived.
                before = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, MORNING)}
                assert before[order.reference] is not OrderStatus.REJECTED
                assert (await next_of(facts, Accepted)).reference == order.reference
                listed = {item.reference: item for item in await bench.venue.orders(ACCOUNT, MORNING)}
                assert listed[order.reference].venue_id == str(next(iter(bench.double.desk.orders)))
            assert submissions(bench) == 1

    async def test_01f_after_a_crash_several_orders_that_are_alike_stay_in_doubt_with_an_alarm(
        self, tmp_path: Path
    ) -> None:
        async with at_the_double(tmp_path, MORNING, times=UNSEARCHED) as bench:
            for fault in ("identifier_lost", "no_fills"):
                bench.double.faults.switch_on(fault)
            orders = [bench.resting() for _ in range(2)]
            await killed_in_doubt(bench, orders[0])
            await bench.open_venue()
            await killed_in_doubt(bench, orders[1])
            await bench.to(MORNING + timedelta(minutes=2))
            # Each search comes after the end of the quarantine, and in a later session than the doubts began.
            bench.take_times(replace(QUICK_TIMES, quarantine=0.0))
            await bench.open_venue()
            async with bench.venue.session():
                await until(
                    lambda: all(f"may be reference {order.reference}" in bench.venue.status.message for order in orders)
                )
                searches = reads_of_orders(bench)
                await until(lambda: reads_of_orders(bench) >= searches + 6)
                listed = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, MORNING)}
                assert {listed[order.reference] for order in orders} == {OrderStatus.IN_DOUBT}

    async def test_01g_an_order_goes_to_the_reference_that_was_sent_when_it_was_received(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING, times=UNSEARCHED) as bench:
            for fault in ("identifier_lost", "no_fills"):
                bench.double.faults.switch_on(fault)
            lost = bench.resting()
            arrived = bench.order(1, lost.limit_price, legs=lost.legs)
            await killed_in_doubt(bench, lost, "request_lost")
            await bench.to(MORNING + timedelta(hours=2))
            await bench.open_venue()
            await killed_in_doubt(bench, arrived)
            await bench.to(MORNING + timedelta(hours=3))
            bench.take_times(QUICK_TIMES)
            await bench.open_venue()
            async with bench.venue.session() as facts:
                assert (await next_of(facts, Accepted)).reference == arrived.reference
                bench.take_times(replace(QUICK_TIMES, quarantine=0.0))
                ended = await next_of(facts, Ended)
                assert (ended.reference, ended.how) == (lost.reference, Ending.REJECTED)
                assert bench.venue.status.message == ""

    async def test_03_filled_with_the_fills_of_one_leg_is_one_execution_and_not_before_all_legs(
        self, tmp_path: Path
    ) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            bench.double.faults.switch_on("legs_shown_late", seconds=0.3)
            bench.double.faults.switch_on("frames_doubled", message="Order")
            bench.double.faults.switch_on("frames_swapped", message="Order")
            order = bench.order(1)
            await bench.venue.submit(order)
            await bench.tick()
            execution = await next_of(facts, Execution)
            assert {leg.name: leg.qty for leg in execution.legs} == {leg.name: leg.ratio for leg in order.legs}
            assert [item.execution_id for item in await bench.venue.executions(ACCOUNT, MORNING)] == [
                execution.execution_id
            ]

    async def test_03b_fills_whose_later_frames_are_lost_are_completed_by_reading(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            await bench.venue.submit(bench.order(1))
            bench.double.faults.switch_on("legs_shown_late", seconds=0.2)
            bench.double.faults.switch_on("frames_lost", message="Order")
            await bench.tick()
            assert len(await bench.venue.executions(ACCOUNT, MORNING)) <= 1
            assert (await next_of(facts, Execution)).qty == 1

    @pytest.mark.parametrize(
        "fault", ["fill_split", "fills_unsorted", "legs_priced_apart", "types_mixed", "fields_added"]
    )
    async def test_03c_fills_in_pieces_of_any_order_make_whole_combos_and_the_venues_positions(
        self, tmp_path: Path, fault: str
    ) -> None:
        async with at_the_double(tmp_path, MORNING, combos_a_step=None) as bench, bench.venue.session():
            bench.double.faults.switch_on("fill_split")
            bench.double.faults.switch_on(fault)
            order = bench.order(3)
            await bench.venue.submit(order)
            await bench.tick()
            executions = await bench.venue.executions(ACCOUNT, MORNING)
            assert [item.qty for item in executions] == [1, 1, 1]
            paid = sum(leg.qty * leg.price for item in executions for leg in item.legs)
            filled = [fill for leg in next(iter(bench.double.desk.orders.values())).legs for fill in leg.fills]
            assert len(filled) >= 6
            assert paid < 0, "a credit"
            assert await bench.venue.positions(ACCOUNT) == {leg.contract: leg.ratio * 3 for leg in order.legs}

    async def test_03d_a_broken_combo_is_reported_as_a_trade_by_hand_and_an_alarm(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            bench.take_times(replace(QUICK_TIMES, fills_missing=0.1))  # the other legs may be shown late
            bench.double.faults.switch_on("combo_broken", times=1)
            await bench.venue.submit(bench.order(1))
            await bench.tick()
            execution = await next_of(facts, Execution)
            assert execution.reference is None
            assert len(execution.legs) == 1
            assert "without the others" in bench.venue.status.message

    async def test_04_fills_that_the_stream_swallows_are_found_by_reconciliation(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session():
            bench.double.faults.switch_on("frames_lost", message="Order")
            await bench.venue.submit(bench.order(1))
            await bench.tick()
            (execution,) = await bench.venue.executions(ACCOUNT, MORNING)
            (listed,) = await bench.venue.orders(ACCOUNT, MORNING)
            assert execution.qty == 1
            assert listed.status is OrderStatus.FILLED

    async def test_04b_heartbeats_without_an_answer_end_the_session_and_the_next_reads_everything(
        self, tmp_path: Path, pass_time: PassTime
    ) -> None:
        async with at_the_double(tmp_path, MORNING) as bench:
            async with bench.venue.session() as facts:
                await bench.venue.submit(bench.order(1))
                bench.double.faults.switch_on("stream_mute")
                await bench.tick()
                pass_time(60.0)  # three heartbeats
                with pytest.raises(VenueUnreachableError, match="nothing was heard"):
                    await next_of(facts, Ended)
            bench.double.faults.switch_off("stream_mute")
            async with bench.venue.session():
                (execution,) = await bench.venue.executions(ACCOUNT, MORNING)
        assert execution.qty == 1

    async def test_08_token_trouble_sends_no_order_twice_and_reads_recover(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session():
            bench.double.faults.switch_on("token_dies_early", times=1)
            assert await bench.venue.positions(ACCOUNT) == {}
            bench.double.faults.switch_on("token_dies_early", operation="submit", times=1)
            assert isinstance(await bench.venue.submit(bench.resting()), Accepted)
            assert submissions(bench) == 1
            bench.double.faults.switch_on("refresh_refused", times=2)
            bench.double.faults.switch_on("token_dies_early", times=1)
            assert await bench.venue.positions(ACCOUNT) == {}
            assert bench.transport.tokens.last_failure == ""

    async def test_08b_short_lived_tokens_are_replaced_on_the_way(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session():
            timer, tokens = bench.double.desk.timer, bench.transport.tokens
            life = bench.double.desk.settings.token_seconds
            for number in range(3):
                assert isinstance(await bench.venue.submit(bench.resting()), Accepted)
                # Most of a token's life passes, at the broker and at the client.
                later = (number + 1) * life * 0.75
                monkeypatch.setattr(timer, "now", lambda late=later: type(timer).now(timer) + timedelta(seconds=late))
                monkeypatch.setattr(tokens, "_now", lambda late=later: type(tokens)._now(tokens) + late)
            assert submissions(bench) == 3
            assert len(await bench.venue.orders(ACCOUNT, MORNING)) == 3

    async def test_09_a_replacement_keeps_identifiers_whatever_the_answer_and_the_order_of_frames(
        self, tmp_path: Path
    ) -> None:
        subjects: dict[str, dict[str, Any]] = {"answer_lost": {"operation": "replace", "times": 1}}
        for fault in ("replace_answer_bare", "frames_swapped", "answer_lost", "identifier_lost"):
            async with at_the_double(tmp_path / fault, MORNING) as bench, bench.venue.session():
                order, better = bench.resting(), bench.resting()
                await bench.venue.submit(order)
                bench.double.faults.switch_on(fault, **subjects.get(fault, {}))
                answer = await bench.venue.replace(order.reference, Decimal(0), better)
                assert isinstance(answer, Accepted), fault
                listed = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, MORNING)}
                assert listed == {order.reference: OrderStatus.REPLACED, better.reference: OrderStatus.WORKING}, fault
                assert submissions(bench) == 2

    async def test_09b_a_fill_of_the_old_order_aborts_the_replacement_and_belongs_to_the_old(
        self, tmp_path: Path
    ) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            order, better = bench.resting(), bench.resting()
            await bench.venue.submit(order)
            bench.double.faults.switch_on("replace_lost_to_fill", times=1)
            answer = await bench.venue.replace(order.reference, Decimal(0), better)
            assert isinstance(answer, Ended)
            assert answer.reference == better.reference
            assert (await next_of(facts, Execution)).reference == order.reference

    async def test_10_a_close_that_comes_before_its_position_is_sent_once_more(self, tmp_path: Path) -> None:
        settings = replace(QUICK_SETTINGS, ledger_lag=0.5, position_lag=0.5)
        async with at_the_double(tmp_path, MORNING, settings=settings) as bench, bench.venue.session() as facts:
            opened = bench.order(1)
            await bench.venue.submit(opened)
            await bench.tick()
            await next_of(facts, Execution)
            assert isinstance(await bench.venue.submit(closing(opened, bench)), Accepted)
            await bench.tick()
            await next_of(facts, Execution)
            actions = [leg.action for order in bench.double.desk.orders.values() for leg in order.legs]
            assert sorted(actions) == ["Buy to Close", "Buy to Open", "Sell to Close", "Sell to Open"]
            await asyncio.sleep(0.6)
            assert await bench.venue.positions(ACCOUNT) == {}

    async def test_10c_a_close_is_sent_until_the_ledger_behind_the_list_of_positions_has_it_too(
        self, tmp_path: Path
    ) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            opened = bench.order(1)
            await bench.venue.submit(opened)
            await bench.tick()
            await next_of(facts, Execution)
            bench.double.faults.switch_on("ledger_late", seconds=3600, times=3)
            leave = closing(opened, bench)
            assert isinstance(await bench.venue.submit(leave), Accepted)
            assert bench.double.faults.fired["ledger_late"] == 3
            assert at_the_broker(bench, leave) == 1

    async def test_10d_a_close_that_the_ledger_never_has_ends_as_not_sent_and_may_be_sent_anew(
        self, tmp_path: Path
    ) -> None:
        times = replace(QUICK_TIMES, ledger=0.2)
        async with at_the_double(tmp_path, MORNING, times=times) as bench, bench.venue.session() as facts:
            opened = bench.order(1)
            await bench.venue.submit(opened)
            await bench.tick()
            await next_of(facts, Execution)
            bench.double.faults.switch_on("ledger_late", seconds=3600)
            leave = closing(opened, bench)
            ended = await bench.venue.submit(leave)
            assert isinstance(ended, Ended)
            assert (ended.how, ended.code) == (Ending.REJECTED, NOT_SENT)
            assert "send it again" in ended.reason
            listed = {order.reference: order for order in await bench.venue.orders(ACCOUNT, MORNING)}
            assert listed[leave.reference].code == NOT_SENT, "the server may learn it from the list"
            bench.double.faults.switch_off("ledger_late")
            bench.take_times(QUICK_TIMES)
            assert await bench.venue.submit(leave) == ended, "a reference is sent once"
            anew = closing(opened, bench)
            assert isinstance(await bench.venue.submit(anew), Accepted)
            assert (at_the_broker(bench, leave), at_the_broker(bench, anew)) == (0, 1)

    @pytest.mark.parametrize("closed", [0, 1])
    async def test_10b_fills_that_are_read_later_than_the_positions_are_not_held_twice(
        self, tmp_path: Path, closed: int
    ) -> None:
        async with at_the_double(tmp_path, MORNING, combos_a_step=None) as bench:
            opened = bench.order(3)
            async with bench.venue.session():
                await bench.venue.submit(opened)
                await bench.tick()
            await bench.to(MORNING + timedelta(days=2))
            await bench.tick()
            if closed:
                async with bench.venue.session() as facts:
                    await bench.venue.submit(closing(bench.order(closed, legs=opened.legs), bench))
                    await bench.tick()
                    await next_of(facts, Execution)
            await bench.to(MORNING + timedelta(days=4))
            await bench.tick()
            await bench.restart()
            async with bench.venue.session() as facts:
                # As the server does: it reads orders and fills of more days than the session has read.
                await bench.venue.orders(ACCOUNT, MORNING)
                await bench.venue.executions(ACCOUNT, MORNING)
                rest = closing(bench.order(3 - closed, legs=opened.legs), bench)
                answer = await bench.venue.submit(rest)
                assert isinstance(answer, Accepted), answer
                await bench.tick()
                await next_of(facts, Execution)
                await until(
                    lambda: not any(item.quantity for item in bench.double.desk.account(ACCOUNT).positions.values())
                )
                further = closing(bench.order(1, legs=opened.legs), bench)
                await bench.venue.submit(further)
                assert {leg.action for leg in bench.double.desk.orders[max(bench.double.desk.orders)].legs} == {
                    "Buy to Open",
                    "Sell to Open",
                }

    async def test_11_a_dry_run_is_made_before_each_order_of_real_money(self, tmp_path: Path) -> None:
        rules = VenueRules(dry_run=True)
        settings = replace(QUICK_SETTINGS, cash=Decimal(10))
        async with at_the_double(tmp_path, MORNING, settings=settings, rules=rules) as bench, bench.venue.session():
            answer = await bench.venue.submit(bench.resting(50))
            assert isinstance(answer, Ended)
            assert "check refuses it" in answer.reason
            assert submissions(bench) == 0

    async def test_12_an_order_in_an_unknown_status_is_working(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session():
            bench.double.faults.switch_on("unknown_status")
            await bench.venue.submit(bench.resting())
            (listed,) = await bench.venue.orders(ACCOUNT, MORNING)
            assert listed.status is OrderStatus.WORKING

    async def test_13_a_storm_of_429_and_fields_left_out_change_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mesolive.tastytrade_client.rate_limits.PENALTY_SECONDS", 0.01)
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session() as facts:
            bench.double.faults.switch_on("throttled", times=3)
            bench.double.faults.switch_on("fields_left_out")
            assert isinstance(await bench.venue.submit(bench.order(1)), Accepted)
            await bench.tick()
            await next_of(facts, Execution)
            assert submissions(bench) == 1

    async def test_14_all_pages_of_a_long_list_are_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mesolive.tastytrade_client.api.ORDERS_PER_PAGE", 3)
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session():
            for _ in range(8):
                await bench.venue.submit(bench.resting())
            assert len(await bench.venue.orders(ACCOUNT, MORNING)) == 8

    async def test_15_transactions_that_never_come_leave_the_brokers_estimate(self, tmp_path: Path) -> None:
        times = replace(QUICK_TIMES, commission=0.2)
        async with at_the_double(tmp_path, MORNING, times=times) as bench, bench.venue.session() as facts:
            bench.double.faults.switch_on("transactions_missing")
            await bench.venue.submit(bench.order(1))
            await bench.tick()
            execution = await next_of(facts, Execution)
            assert all(leg.commission > 0 for leg in execution.legs)
