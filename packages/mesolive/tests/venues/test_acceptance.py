"""The acceptance matrix: what every venue must do. `docs/brokers.md` lists the same behaviours, numbered the same."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from mesolive.market.calendar import settlement_instant
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.venues.base import (
    NOT_SENT,
    Accepted,
    AccountUnreachableError,
    CancelDenied,
    Ended,
    Ending,
    Execution,
    ExerciseNotice,
    OrderStatus,
    Settled,
    Venue,
    VenueFact,
    VenueUnreachableError,
)
from mesolive_sdk.models import TimeInForce
from mesolive_testkit.connectors.supervised import ConnectorBench
from mesolive_testkit.ibkr_bench import IbkrBench
from mesolive_testkit.paths import DOCS
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.tastytrade.bench import TastytradeBench
from mesolive_testkit.venues.agent_bench import AgentBench, BenchThroughAgent
from mesolive_testkit.venues.benches import ACCOUNT, Bench

START = datetime(2026, 1, 5, 20, 58, tzinfo=UTC)
"""Two minutes before the close."""
OPEN_OR_FILLED = {OrderStatus.IN_DOUBT, OrderStatus.WORKING, OrderStatus.FILLED}
PAGE = DOCS / "brokers.md"


Made = Callable[[Path], Bench]


def ibkr(directory: Path) -> Bench:
    return IbkrBench.made(directory, START)


def tastytrade(directory: Path) -> Bench:
    return TastytradeBench.made(directory, START)


def connector(directory: Path) -> Bench:
    return ConnectorBench.made(directory, START)


def simulated(directory: Path) -> Bench:
    clock = JumpingClock(START)
    return Bench(directory, Market([SimulatedProvider.generated(clock, seed=7)]), clock)


def through_an_agent(directory: Path) -> Bench:
    clock = JumpingClock(START)
    return AgentBench(directory, Market([SimulatedProvider.generated(clock, seed=7)]), clock)


def ibkr_through_an_agent(directory: Path) -> Bench:
    return cast("Bench", BenchThroughAgent(ibkr(directory)))


def tastytrade_through_an_agent(directory: Path) -> Bench:
    return cast("Bench", BenchThroughAgent(tastytrade(directory)))


MADE = {
    "simulated": simulated,
    "simulated-connector": connector,
    "ibkr": ibkr,
    "tastytrade": tastytrade,
    "agent": through_an_agent,
    "agent-ibkr": ibkr_through_an_agent,
    "agent-tastytrade": tastytrade_through_an_agent,
}
# What the link adds is the same for every broker: `make long` has them all, the other lanes have the simulated one.
LONG = {"agent-ibkr", "agent-tastytrade"}


@asynccontextmanager
async def listening(venue: Venue) -> AsyncGenerator[AsyncIterator[VenueFact]]:
    async with venue.session() as facts:
        yield facts


async def until_filled(facts: AsyncIterator[VenueFact], qty: int) -> list[Execution]:
    collected: list[Execution] = []
    async with asyncio.timeout(60):
        while sum(item.qty for item in collected) < qty:
            fact = await anext(facts)
            if isinstance(fact, Execution):
                collected.append(fact)
    return collected


async def until_settled(facts: AsyncIterator[VenueFact]) -> Settled:
    async with asyncio.timeout(60):
        while True:
            fact = await anext(facts)
            if isinstance(fact, Settled):
                return fact


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(made, id=name, marks=[pytest.mark.slow, pytest.mark.long] if name in LONG else [])
        for name, made in MADE.items()
    ],
)
class TestEveryVenue:
    @pytest.fixture
    async def bench(self, made: Made, tmp_path: Path) -> AsyncGenerator[Bench]:
        bench = made(tmp_path)
        await bench.market.start()
        await bench.open()
        yield bench
        await bench.close()
        await bench.market.stop()

    async def test_01_an_order_is_accepted_under_our_reference_and_a_permanent_id(self, bench: Bench) -> None:
        order = bench.resting()
        async with listening(bench.venue):
            answer = await bench.venue.submit(order)
        assert isinstance(answer, Accepted)
        assert answer.reference == order.reference
        assert answer.venue_id

    async def test_02_a_reference_that_comes_twice_is_one_order(self, bench: Bench) -> None:
        order = bench.resting()
        async with listening(bench.venue):
            first = await bench.venue.submit(order)
            again = await bench.venue.submit(order)
            assert (first.venue_id, first.reference) == (again.venue_id, again.reference)
            assert len(await bench.venue.orders(ACCOUNT, START)) == 1

    async def test_03_a_permanent_id_is_never_given_again(self, bench: Bench) -> None:
        ids: set[str | None] = set()
        for _ in range(3):
            async with listening(bench.venue):
                ids |= {(await bench.venue.submit(bench.resting())).venue_id for _ in range(3)}
            await bench.restart()
        assert len(ids) == 9

    async def test_04_a_combo_is_filled_whole_all_legs_in_their_ratio(self, bench: Bench) -> None:
        order = bench.order(3)
        async with listening(bench.venue) as facts:
            await bench.venue.submit(order)
            first = await until_filled(facts, 2)
            await bench.tick()
            fills = [*first, *await until_filled(facts, 1)]
        assert len({fill.execution_id for fill in fills}) == len(fills)
        for fill in fills:
            assert {leg.name: leg.qty for leg in fill.legs} == {leg.name: leg.ratio * fill.qty for leg in order.legs}
            assert all(leg.price >= 0 and leg.commission >= 0 for leg in fill.legs)
            assert fill.reference == order.reference

    async def test_05_a_limit_is_never_filled_at_a_worse_price(self, bench: Bench) -> None:
        async with listening(bench.venue) as facts:
            await bench.venue.submit(bench.order())
            (market,) = await until_filled(facts, 1)
            paid = sum(leg.qty * leg.price for leg in market.legs)
            limit = Decimal(round(paid * 20)) / 20 + Decimal("0.05")
            await bench.venue.submit(bench.order(1, limit))
            (limited,) = await until_filled(facts, 1)
        assert sum(leg.qty * leg.price for leg in limited.legs) <= limit

    async def test_06_every_fill_is_listed_whether_it_was_reported_or_not(self, bench: Bench) -> None:
        async with listening(bench.venue) as facts:
            await bench.venue.submit(bench.order(2))
            reported = await until_filled(facts, 2)
            assert list(await bench.venue.executions(ACCOUNT, START)) == reported
            await bench.venue.submit(bench.order(2))
        await bench.tick()  # filled while nobody listens
        async with listening(bench.venue):
            listed = await bench.venue.executions(ACCOUNT, START)
        assert sum(row.qty for row in listed) == 4

    async def test_07_positions_are_what_the_fills_make(self, bench: Bench) -> None:
        async with listening(bench.venue) as facts:
            await bench.venue.submit(bench.order(2))
            await until_filled(facts, 2)
            held = await bench.venue.positions(ACCOUNT)
        assert held == {leg.contract: leg.ratio * 2 for leg in bench.legs()}

    async def test_08_an_order_that_works_is_listed_and_one_that_ended_says_how(self, bench: Bench) -> None:
        async with listening(bench.venue) as facts:
            filled, resting, cancelled = bench.order(), bench.resting(), bench.resting()
            for order in (filled, resting, cancelled):
                await bench.venue.submit(order)
            await until_filled(facts, 1)
            await bench.venue.cancel(ACCOUNT, cancelled.reference, None)
            listed = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, START)}
        assert listed == {
            filled.reference: OrderStatus.FILLED,
            resting.reference: OrderStatus.WORKING,
            cancelled.reference: OrderStatus.CANCELLED,
        }

    async def test_09_a_cancel_ends_an_order_and_a_second_one_changes_nothing(self, bench: Bench) -> None:
        order = bench.resting()
        async with listening(bench.venue):
            accepted = await bench.venue.submit(order)
            for _ in range(2):
                answer = await bench.venue.cancel(ACCOUNT, order.reference, accepted.venue_id)
                assert answer is None or (isinstance(answer, Ended) and answer.how is Ending.CANCELLED)

    async def test_10_a_cancel_of_what_is_filled_or_unknown_is_denied_and_says_which(self, bench: Bench) -> None:
        order = bench.order()
        async with listening(bench.venue) as facts:
            await bench.venue.submit(order)
            await until_filled(facts, 1)
            late = await bench.venue.cancel(ACCOUNT, order.reference, None)
            unknown = await bench.venue.cancel(ACCOUNT, "never-sent", None)
        assert isinstance(late, CancelDenied)
        assert not late.unknown
        assert isinstance(unknown, CancelDenied)
        assert unknown.unknown

    async def test_11_a_replacement_takes_the_place_in_one_step(self, bench: Bench) -> None:
        order, better = bench.resting(), bench.resting()
        async with listening(bench.venue):
            await bench.venue.submit(order)
            answer = await bench.venue.replace(order.reference, Decimal(0), better)
            assert isinstance(answer, Accepted)
            listed = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, START)}
        assert listed == {order.reference: OrderStatus.REPLACED, better.reference: OrderStatus.WORKING}

    async def test_12_a_replacement_is_refused_when_more_was_filled_than_we_know(self, bench: Bench) -> None:
        order = bench.order(3)
        async with listening(bench.venue) as facts:
            await bench.venue.submit(order)
            await until_filled(facts, 2)
            answer = await bench.venue.replace(order.reference, Decimal(0), bench.resting())
            assert isinstance(answer, Ended)
            assert answer.how is Ending.REJECTED
            await bench.tick()
            await until_filled(facts, 1)  # the order goes on

    async def test_13_a_rejection_has_a_reason_and_is_remembered(self, bench: Bench) -> None:
        wrong = bench.order(1, Decimal("-1.03"))
        async with listening(bench.venue):
            answer = await bench.venue.submit(wrong)
            assert isinstance(answer, Ended)
            assert answer.how is Ending.REJECTED
            assert answer.reason
            (listed,) = await bench.venue.orders(ACCOUNT, START)
        assert (listed.status, listed.reference) == (OrderStatus.REJECTED, wrong.reference)

    async def test_14_without_a_connection_every_call_states_that_nothing_is_known(self, bench: Bench) -> None:
        calls = (
            lambda: bench.venue.submit(bench.resting()),
            lambda: bench.venue.replace("x", Decimal(0), bench.resting()),
            lambda: bench.venue.cancel(ACCOUNT, "x", None),
            lambda: bench.venue.orders(ACCOUNT, START),
            lambda: bench.venue.executions(ACCOUNT, START),
            lambda: bench.venue.positions(ACCOUNT),
        )
        for call in calls:
            with pytest.raises(VenueUnreachableError):
                await call()

    async def test_15_a_lost_connection_ends_the_facts_and_is_no_answer(self, bench: Bench) -> None:
        async with listening(bench.venue) as facts:
            bench.venue.disconnect()
            with pytest.raises(VenueUnreachableError):
                await anext(facts)
            with pytest.raises(VenueUnreachableError):
                await bench.venue.submit(bench.resting())

    async def test_16_orders_by_hand_are_listed_without_a_reference_of_ours(self, bench: Bench) -> None:
        await bench.trade_by_hand()
        async with listening(bench.venue):
            (order,) = await bench.venue.orders(ACCOUNT, START)
            (fill,) = await bench.venue.executions(ACCOUNT, START)
            assert await bench.venue.positions(ACCOUNT)
        assert order.reference is None
        assert fill.reference is None

    async def test_17_orders_fills_and_positions_outlive_the_venues_restart(self, bench: Bench) -> None:
        async with listening(bench.venue) as facts:
            await bench.venue.submit(bench.order())
            await until_filled(facts, 1)
            await bench.venue.submit(bench.resting())
            before = (
                await bench.venue.orders(ACCOUNT, START),
                await bench.venue.executions(ACCOUNT, START),
                await bench.venue.positions(ACCOUNT),
            )
        await bench.restart()
        async with listening(bench.venue):
            assert before == (
                await bench.venue.orders(ACCOUNT, START),
                await bench.venue.executions(ACCOUNT, START),
                await bench.venue.positions(ACCOUNT),
            )

    async def test_18_a_day_order_expires_with_its_session_and_none_is_taken_outside_of_it(self, bench: Bench) -> None:
        order = bench.resting()
        async with listening(bench.venue):
            await bench.venue.submit(order)
            await bench.close_of_session()
            bench.work()
            (listed,) = await bench.venue.orders(ACCOUNT, START)
            assert listed.status is OrderStatus.EXPIRED
            answer = await bench.venue.submit(bench.resting())
        assert isinstance(answer, Ended)
        assert "closed" in answer.reason

    async def test_19_another_accounts_orders_are_not_seen_or_touched(self, bench: Bench) -> None:
        order = bench.resting()
        async with listening(bench.venue):
            await bench.venue.submit(order)
            # Nothing, or that nothing is known of it: a login that does not have it cannot say that it is empty.
            with contextlib.suppress(AccountUnreachableError):
                assert await bench.venue.orders("SIM2000", START) == []
            with contextlib.suppress(AccountUnreachableError):
                assert isinstance(await bench.venue.cancel("SIM2000", order.reference, None), CancelDenied)
            (listed,) = await bench.venue.orders(ACCOUNT, START)
        assert listed.status is OrderStatus.WORKING

    @pytest.mark.parametrize("root", ["SPXW", "SPX"])
    async def test_20_what_expires_is_settled_am_classes_at_the_opening_all_others_at_the_close(
        self, bench: Bench, root: str
    ) -> None:
        (put,) = bench.expiring(root)
        settles_at = settlement_instant(root, put.contract.day)
        if root == "SPX":
            await bench.to(datetime(2026, 1, 15, 20, 58, tzinfo=UTC))
        async with listening(bench.venue) as facts:
            await bench.venue.submit(bench.order(2, legs=(put,)))
            await until_filled(facts, 2)
            await bench.to(settles_at - timedelta(seconds=1))
            assert await bench.venue.settlements(ACCOUNT, START) == []
            await bench.settled(settles_at)
            settled = await until_settled(facts)
            assert await bench.venue.settlements(ACCOUNT, START) == [settled]
            assert await bench.venue.positions(ACCOUNT) == {}
        worth = max(put.contract.strike - bench.price_at(settles_at, root), Decimal(0))
        assert (settled.contract, settled.qty, settled.price) == (put.contract, 2, worth)
        assert (settled.cash, settled.at) == (worth * 2 * 100 - bench.settlement_fee, settles_at)

    async def test_21_a_settlement_is_listed_whether_it_was_reported_or_not(self, bench: Bench) -> None:
        (put,) = bench.expiring("SPXW")
        async with listening(bench.venue) as facts:
            await bench.venue.submit(bench.order(legs=(put,)))
            await until_filled(facts, 1)
        await bench.night()  # nobody listens
        async with listening(bench.venue):
            (settled,) = await bench.venue.settlements(ACCOUNT, START)
            assert await bench.venue.settlements(ACCOUNT, settled.at + timedelta(seconds=1)) == []
            with contextlib.suppress(AccountUnreachableError):
                assert await bench.venue.settlements("SIM2000", START) == []

    async def test_22_a_settlement_is_made_once_under_an_id_that_outlives_a_restart(self, bench: Bench) -> None:
        (put,) = bench.expiring("SPXW")
        async with listening(bench.venue) as facts:
            await bench.venue.submit(bench.order(legs=(put,)))
            await until_filled(facts, 1)
            await bench.night()
            before = await bench.venue.settlements(ACCOUNT, START)
        for _ in range(2):
            await bench.restart()
            async with listening(bench.venue):
                assert await bench.venue.settlements(ACCOUNT, START) == before
                assert await bench.venue.positions(ACCOUNT) == {}

    async def test_23_an_order_ends_with_its_contract(self, bench: Bench) -> None:
        order = bench.order(1, Decimal("0.05"), legs=bench.expiring("SPXW"), time_in_force=TimeInForce.Gtc)
        async with listening(bench.venue):
            await bench.venue.submit(order)
            await bench.close_of_session()
            (listed,) = await bench.venue.orders(ACCOUNT, START)
        assert listed.status is OrderStatus.EXPIRED

    async def test_24_an_early_exercise_is_listed_and_the_options_are_gone(self, bench: Bench) -> None:
        american = bench.american()
        await american.market.start()
        await american.open()
        try:
            (put,) = american.expiring("SPXW")
            since = american.clock.now()
            async with listening(american.venue) as facts:
                await american.venue.submit(american.order(2, legs=(put,)))
                await until_filled(facts, 2)
                await american.exercise_early(put.contract, Decimal(1))
                (notice,) = await american.venue.settlements(ACCOUNT, since)
                assert await american.venue.positions(ACCOUNT) == {put.contract: 1}
            assert isinstance(notice, ExerciseNotice)
            assert (notice.contract, notice.qty) == (put.contract, 1)
        finally:
            await american.close()
            await american.market.stop()

    async def test_25_an_order_whose_check_says_no_is_not_sent(self, bench: Bench) -> None:
        async def check() -> str:
            return "the account is halted"

        order = bench.order()
        async with listening(bench.venue):
            answer = await bench.venue.submit(order, check)
            await bench.tick()
            assert isinstance(answer, Ended)
            assert (answer.how, answer.code) == (Ending.REJECTED, NOT_SENT)
            assert "halted" in answer.reason
            assert not [item for item in await bench.venue.orders(ACCOUNT, START) if item.status in OPEN_OR_FILLED]
            assert await bench.venue.executions(ACCOUNT, START) == []

    async def test_26_a_cancel_before_an_order_is_written_ends_it_unsent(self, bench: Bench) -> None:
        asked, answered = asyncio.Event(), asyncio.Event()

        async def check() -> None:
            asked.set()
            await answered.wait()

        order = bench.order()
        async with listening(bench.venue):
            submitting = asyncio.create_task(bench.venue.submit(order, check))
            async with asyncio.timeout(60):
                await asked.wait()
            cancel = await bench.venue.cancel(ACCOUNT, order.reference, None)
            answered.set()
            submit = await submitting
            await bench.tick()
            for answer in (cancel, submit):
                assert isinstance(answer, Ended)
                assert answer.how is Ending.CANCELLED
            assert not [item for item in await bench.venue.orders(ACCOUNT, START) if item.status in OPEN_OR_FILLED]
            assert await bench.venue.executions(ACCOUNT, START) == []


def test_the_page_on_brokers_lists_exactly_these_behaviours() -> None:
    tested = {int(name[5:7]) for name in dir(TestEveryVenue) if name.startswith("test_")}
    listed = {int(number) for number in re.findall(r"^(\d+)\. ", PAGE.read_text(), re.MULTILINE)}
    assert listed == tested == set(range(1, len(tested) + 1))
