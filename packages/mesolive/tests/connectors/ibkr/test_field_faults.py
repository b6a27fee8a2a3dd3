"""Faults that users of Interactive Brokers have met, at the venue: numbered as in the project's list of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mesolive.connectors.ibkr.journal import Cost, Journal, Known, Reported, Seen, Sending
from mesolive.connectors.ibkr.order_entry import EntryRules
from mesolive.connectors.ibkr.tws_messages import CommissionRow
from mesolive.connectors.ibkr.venue import JOURNAL_FILE
from mesolive.doubles.tws.actions import act
from mesolive.records import replace
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    Execution,
    OrderStatus,
    VenueFact,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_testkit.ibkr_bench import IbkrBench, opened, received, until
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[IbkrBench]:
    async with opened(tmp_path, START) as made:
        yield made


async def facts_until(facts: AsyncIterator[VenueFact], done: Callable[[list[VenueFact]], bool]) -> list[VenueFact]:
    collected: list[VenueFact] = []
    async with asyncio.timeout(60):
        while not done(collected):
            collected.append(await anext(facts))
    return collected


def fills(facts: list[VenueFact]) -> list[Execution]:
    return [fact for fact in facts if isinstance(fact, Execution)]


async def test_1_a_preset_time_in_force_is_no_cancel_and_nothing_is_sent_again(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("preset_tif")
    order = bench.order(2)
    async with bench.venue.session() as facts:
        assert isinstance(await bench.venue.submit(order), Accepted)
        reported = await facts_until(facts, lambda reports: sum(fill.qty for fill in fills(reports)) == 2)
        assert not any(isinstance(fact, Ended) for fact in reported)
        assert len(await bench.venue.executions(ACCOUNT, START)) == len(fills(reported))
    assert received(bench, order.reference) == 1


async def test_2_a_cancel_that_loses_against_the_fill_is_denied_and_the_fill_is_reported(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("cancel_lost_to_fill")
    order = bench.resting()
    async with bench.venue.session() as facts:
        await bench.venue.submit(order)
        answer = await bench.venue.cancel(ACCOUNT, order.reference, None)
        assert isinstance(answer, CancelDenied)
        assert not answer.unknown
        (fill,) = fills(await facts_until(facts, lambda reports: bool(fills(reports))))
        assert fill.reference == order.reference
        (listed,) = await bench.venue.orders(ACCOUNT, START)
        assert listed.status is OrderStatus.FILLED


async def test_3_executions_before_any_acceptance_are_reported_after_it(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("executions_first")
    order = bench.order()
    async with bench.venue.session() as facts:
        answer = await bench.venue.submit(order)
        assert isinstance(answer, Accepted)
        reported = await facts_until(facts, lambda reports: bool(fills(reports)))
    assert [type(fact) for fact in reported if fact.account == ACCOUNT][:2] == [Accepted, Execution]


async def test_4_an_order_lost_in_a_dying_socket_is_unknown_and_its_id_mixes_no_references(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("order_lost_in_socket", times=1)
    lost, other = bench.resting(), bench.resting()
    async with bench.venue.session():
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(lost)
    bench.double.faults.switch_on("order_ids_roll_back", count=4, times=1)
    await bench.session.connect()
    async with bench.venue.session():
        assert isinstance(await bench.venue.submit(other), Accepted)
        listed = {order.reference: order.status for order in await bench.venue.orders(ACCOUNT, START)}
        assert listed == {lost.reference: OrderStatus.IN_DOUBT, other.reference: OrderStatus.WORKING}
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(lost)  # its fate is not known yet: nothing is sent
        await until(bench, lambda: not bench.venue.order_is_open(lost.reference), timer=True)
        listed = {order.reference: order.status for order in await bench.venue.orders(ACCOUNT, START)}
    assert listed == {other.reference: OrderStatus.WORKING, lost.reference: OrderStatus.REJECTED}
    assert received(bench, lost.reference) == 1


async def test_5_nothing_is_sent_in_an_outage_and_a_duplicate_of_one_is_cancelled(bench: IbkrBench) -> None:
    order, better = bench.resting(), bench.resting()
    async with bench.venue.session():
        await bench.venue.submit(order)
        bench.double.faults.switch_on("modify_in_outage_duplicates")
        bench.double.gateway.link = False  # the outage is on, and nobody has said so yet
        replacing = asyncio.ensure_future(bench.venue.replace(order.reference, Decimal(0), better))
        await until(bench, lambda: received(bench, order.reference) == 2)
        act(bench.double, "lose_link", {})
        with pytest.raises(VenueUnreachableError):
            await replacing
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(bench.resting())
    sent = len(bench.double.truth.of("order_received"))
    act(bench.double, "restore_link", {})
    await until(bench, lambda: bench.session.state.link)
    async with bench.venue.session():
        live = lambda: [item for item in bench.double.state.orders if item.live]  # noqa: E731 - read twice
        await until(bench, lambda: len(live()) == 1, timer=True)
        assert any("two orders" in problem for problem in bench.venue.problems)
    assert len(bench.double.truth.of("order_received")) == sent


async def test_6_an_unreported_fill_of_an_outage_is_found_once(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("outage_fills_untold")
    order = bench.resting()
    async with bench.venue.session() as facts:
        await bench.venue.submit(order)
        act(bench.double, "lose_link", {})
        with pytest.raises(VenueUnreachableError):
            await facts_until(facts, lambda _: False)
    (placed,) = bench.double.state.orders
    placed.limit_price = Decimal(90)
    await bench.tick()
    act(bench.double, "restore_link", {})
    await until(bench, lambda: bench.session.state.link)
    for _ in range(2):
        async with bench.venue.session():
            (fill,) = await bench.venue.executions(ACCOUNT, START)
            assert (fill.reference, fill.qty) == (order.reference, 1)


async def test_8_a_refused_modification_leaves_the_old_order_at_work(bench: IbkrBench) -> None:
    for code in (110, 201, 321):
        bench.double.faults.switch_on("modification_rejected", code=code, times=1)
        order, better = bench.resting(), bench.resting()
        async with bench.venue.session():
            await bench.venue.submit(order)
            answer = await bench.venue.replace(order.reference, Decimal(0), better)
            assert isinstance(answer, Ended)
            assert (answer.how, answer.code) == (Ending.REJECTED, str(code))
            listed = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, START)}
        assert listed[order.reference] is OrderStatus.WORKING
        assert listed[better.reference] is OrderStatus.REJECTED


class TestNextInLine:
    async def test_a_single_option_off_ibs_step_is_refused_and_a_combo_at_five_cents_is_not(
        self, bench: IbkrBench
    ) -> None:
        (leg, _) = bench.legs()
        single = bench.order(1, Decimal("-4.05"), legs=(leg,))
        async with bench.venue.session():
            refused = await bench.venue.submit(single)
            assert isinstance(refused, Ended)
            assert refused.code == "110"
            assert isinstance(await bench.venue.submit(bench.order(1, Decimal("-60.05"))), Accepted)

    async def test_an_unanswered_placement_is_unknown_and_then_never_arrived(self, bench: IbkrBench) -> None:
        bench.double.faults.switch_on("order_swallowed", times=1)
        order = bench.resting()
        async with bench.venue.session():
            asked = asyncio.ensure_future(bench.venue.submit(order))
            await until(bench, asked.done, timer=True)
            with pytest.raises(VenueUnreachableError):
                await asked
            await until(bench, lambda: not bench.venue.order_is_open(order.reference), timer=True)
            (listed,) = await bench.venue.orders(ACCOUNT, START)
        assert (listed.status, listed.reason) == (OrderStatus.REJECTED, "it never arrived at IB")
        assert received(bench, order.reference) == 1

    async def test_an_order_that_a_dialog_held_too_long_is_cancelled_when_it_comes(self, bench: IbkrBench) -> None:
        bench.double.faults.switch_on("order_held_by_dialog", times=1)
        order = bench.resting()
        async with bench.venue.session():
            asked = asyncio.ensure_future(bench.venue.submit(order))
            await until(bench, asked.done, timer=True)
            with pytest.raises(VenueUnreachableError):
                await asked
            assert any("dialog" in problem for problem in bench.venue.problems)
            await until(bench, lambda: not bench.venue.order_is_open(order.reference), timer=True)
            act(bench.double, "release_dialogs", {})
            await until(bench, lambda: bool(bench.double.state.orders), timer=True)
            await until(bench, lambda: not bench.double.state.orders[0].live, timer=True)

    async def test_a_confirmation_by_202_alone_ends_the_order(self, bench: IbkrBench) -> None:
        bench.double.faults.switch_on("cancel_by_error_only")
        order = bench.resting()
        async with bench.venue.session():
            await bench.venue.submit(order)
            answer = await bench.venue.cancel(ACCOUNT, order.reference, None)
            assert isinstance(answer, Ended)
            assert answer.how is Ending.CANCELLED

    async def test_two_combos_at_once_are_two_orders_and_each_fill_has_its_own_legs(self, bench: IbkrBench) -> None:
        orders = [bench.order(), bench.order()]
        async with bench.venue.session() as facts:
            await asyncio.gather(*(bench.venue.submit(order) for order in orders))
            reported = fills(await facts_until(facts, lambda reports: len(fills(reports)) == 2))
        assert {fill.reference for fill in reported} == {order.reference for order in orders}
        assert all(len(fill.legs) == 2 for fill in reported)

    async def test_nothing_is_sent_in_the_time_in_which_tws_restarts(self, tmp_path: Path) -> None:
        rules = EntryRules(quiet_from=time(10, 55), quiet_to=time(11, 5))  # it is eleven o'clock in New York
        async with opened(tmp_path, START, rules) as bench:
            order = bench.resting()
            async with bench.venue.session():
                answer = await bench.venue.submit(order)
            assert isinstance(answer, Ended)
            assert "TWS restarts" in answer.reason
            assert received(bench, order.reference) == 0


class TestFills:
    @pytest.mark.parametrize(
        ("fault", "arguments"),
        [
            ("leg_prefixes", {}),
            ("legs_split", {}),
            ("commission_first", {}),
            ("commission_unset", {}),
            ("commission_never", {}),
            ("legs_late", {"seconds": 3}),
            ("bag_missing", {"times": 1}),
            ("status_missing", {}),
            ("doubled_messages", {"message": "execDetails"}),
            ("executions_shuffled", {}),
            ("unknown_zone", {}),
            ("times_in_utc", {}),
            ("zone_left_out", {}),
            ("foreign_texts", {}),
            ("malformed_messages", {"message": "execDetails", "times": 1}),
            ("garbled_messages", {"message": "execDetails", "times": 1}),
            ("order_message", {}),
            ("outside_rth_ignored", {}),
            ("shares_to_locate", {}),
        ],
    )
    async def test_a_fill_is_booked_once_and_whole_however_it_is_reported(
        self, bench: IbkrBench, fault: str, arguments: dict[str, Any]
    ) -> None:
        bench.double.faults.switch_on(fault, **arguments)
        order = bench.order(2)
        async with bench.venue.session() as facts:
            asked = asyncio.ensure_future(bench.venue.submit(order))
            reported = asyncio.ensure_future(
                facts_until(facts, lambda reports: sum(fill.qty for fill in fills(reports)) == 2)
            )
            await until(bench, lambda: asked.done() and reported.done(), timer=True)
            assert isinstance(await asked, Accepted)
            result = fills(await reported)
            listed = asyncio.ensure_future(bench.venue.executions(ACCOUNT, START))
            await until(bench, listed.done, timer=True)
            assert list(await listed) == result
        for fill in result:
            assert {leg.name: leg.qty for leg in fill.legs} == {leg.name: leg.ratio * fill.qty for leg in order.legs}

    async def test_a_correction_of_a_booked_execution_calls_a_person_and_changes_no_fill(
        self, bench: IbkrBench
    ) -> None:
        async with bench.venue.session() as facts:
            await bench.venue.submit(bench.order())
            (fill,) = fills(await facts_until(facts, lambda reports: bool(fills(reports))))
            leg = next(execution for execution in bench.double.state.executions if not execution.of_bag)
            act(bench.double, "correct", {"exec_id": leg.exec_id, "price": "99"})
            assert list(await bench.venue.executions(ACCOUNT, START)) == [fill]
        assert any("corrected" in problem for problem in bench.venue.problems)

    async def test_the_journal_keeps_what_ib_forgets_at_midnight(self, bench: IbkrBench, tmp_path: Path) -> None:
        async with bench.venue.session() as facts:
            await bench.venue.submit(bench.order())
            (fill,) = fills(await facts_until(facts, lambda reports: bool(fills(reports))))
        await bench.close_venue()
        journal = Journal(tmp_path / "ibkr-orders.jsonl")
        records = journal.open(START)
        journal.close()
        assert [record.execution for record in records if isinstance(record, Reported)] == [fill]
        bench.double.state.executions.clear()
        await bench.open_venue()
        async with bench.venue.session():
            assert list(await bench.venue.executions(ACCOUNT, START)) == [fill]


async def test_a_commission_that_comes_after_its_fill_was_booked_is_a_problem(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("commission_never")
    order = bench.order()
    async with bench.venue.session():
        await bench.venue.submit(order)
        await bench.tick()
        await until(
            bench, lambda: any("has not reported the commission" in text for text in bench.venue.problems), timer=True
        )
        (fill,) = await bench.venue.executions(ACCOUNT, START)
        exec_id = next(iter(bench.venue._state.book.chain_by_execution))
        leg_id = next(key for key in bench.venue._state.book.chain_by_execution if key != exec_id)
        assert sum(leg.commission for leg in fill.legs) == 0
        bench.venue.commission(CommissionRow(exec_id=leg_id, commission=Decimal("1.23"), currency="USD"))
        assert any("is 1.23" in text and "booked with 0" in text for text in bench.venue.problems)


async def test_a_modification_that_is_shown_and_then_refused_is_a_problem(bench: IbkrBench) -> None:
    order = bench.resting(10)
    better = replace(order, reference=str(uuid4()), qty=Decimal(5), limit_price=Decimal(-80))
    async with bench.venue.session():
        await bench.venue.submit(order)
        bench.double.faults.switch_on("modification_rejected", code=201, times=1)
        (row,) = await bench.session.open_orders()
        place = bench.session.place_order

        async def shown_first(order_id: int, contract: Any, ticket: Any, *rest: Any) -> None:
            bench.venue.open_order(replace(row, quantity=ticket.quantity, limit_price=ticket.limit_price))
            await place(order_id, contract, ticket, *rest)

        bench.session.place_order = shown_first  # type: ignore[method-assign]
        assert isinstance(await bench.venue.replace(order.reference, Decimal(0), better), Accepted)
        bench.session.place_order = place  # type: ignore[method-assign]
        await until(bench, lambda: any("with a quantity of 10" in text for text in bench.venue.problems), timer=True)
        await bench.venue.cancel(ACCOUNT, better.reference, None)
        await until(bench, lambda: not bench.venue.order_is_open(better.reference), timer=True)
        await bench.venue.orders(ACCOUNT, START)
        assert bench.venue.problems == []


async def test_filled_orders_leave_the_journal_after_ninety_days(bench: IbkrBench, tmp_path: Path) -> None:
    async with bench.venue.session():
        for _ in range(2):
            await bench.venue.submit(bench.order())
        await bench.tick()
        await until(bench, lambda: len(bench.double.truth.of("execution")) > 0)
        assert len(await bench.venue.executions(ACCOUNT, START)) == 2
        assert isinstance(await bench.venue.submit(working := bench.resting()), Accepted)
    await bench.close_venue()
    journal = Journal(tmp_path / JOURNAL_FILE)
    fills = (Sending, Known, Seen, Cost, Reported)
    assert sum(isinstance(record, fills) for record in journal.open(START + timedelta(days=89))) > 10
    journal.close()
    stored = [record for record in journal.open(START + timedelta(days=91)) if isinstance(record, fills)]
    journal.close()
    assert [type(record) for record in stored] == [Sending, Known]
    assert all(working.reference in str(record) for record in stored)
    await bench.open_venue()


async def test_a_position_that_ib_closes_for_margin_is_a_fill_of_no_order_of_ours(bench: IbkrBench) -> None:
    order = VenueRequest(
        account=ACCOUNT,
        reference="bought",
        legs=bench.legs()[:1],
        qty=Decimal(1),
        order_type=OrderType.Market,
        time_in_force=TimeInForce.Day,
    )
    con_id = bench.con_id(order.legs[0].contract)
    async with bench.venue.session() as facts:
        await bench.venue.submit(order)
        (bought,) = fills(await facts_until(facts, lambda reports: bool(fills(reports))))
        act(bench.double, "liquidate", {"account": ACCOUNT, "con_id": str(con_id)})
        listed = await bench.venue.executions(ACCOUNT, START)
        (closed,) = (fill for fill in listed if fill != bought)
        assert len(listed) == 2
        assert (closed.reference, [leg.qty for leg in closed.legs]) == (None, [-leg.qty for leg in bought.legs])
        assert not await bench.venue.positions(ACCOUNT)


async def test_a_correction_of_an_execution_by_hand_is_a_problem(bench: IbkrBench) -> None:
    await bench.trade_by_hand()
    async with bench.venue.session():
        (fill,) = await bench.venue.executions(ACCOUNT, START)
        act(bench.double, "correct", {"exec_id": f"{fill.execution_id}.01", "price": "9.99"})
        assert await bench.venue.executions(ACCOUNT, START) == [fill]
        assert any("has corrected execution" in text for text in bench.venue.problems)
