"""Orders that close by the books: sent as closings only where the broker holds what they close, else refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from mesolive.connectors.tastytrade.symbols import instrument_type, order_symbol
from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.tastytrade_client import NewLeg, NewOrder, RestApi, value_of
from mesolive.venues.base import NOT_HELD, NOT_SENT, Accepted, Ended, Ending, Execution, VenueLeg, VenueRequest
from mesolive_testkit.tastytrade.bench import MORNING, TastytradeBench, at_the_broker, at_the_double
from mesolive_testkit.tastytrade.sockets import until
from mesolive_testkit.venues.benches import ACCOUNT

FOR_EVER = 3600.0


async def opened(bench: TastytradeBench, qty: int = 1) -> VenueRequest:
    """Open a spread, and wait until it is filled."""
    order = bench.order(qty)
    async with bench.venue.session() as facts:
        assert isinstance(await bench.venue.submit(order), Accepted)
        filled = Decimal(0)
        await bench.tick()
        async for fact in facts:
            if isinstance(fact, Execution):
                filled += fact.qty
                if filled == qty:
                    return order
                await bench.tick()
    raise AssertionError("the session ended")


def closing(bench: TastytradeBench, order: VenueRequest, held: Decimal | None = None) -> VenueRequest:
    """Return the order that closes what another has opened.

    Parameters
    ----------
    held
        What the books hold of each leg's contract; by default what was opened.
    """
    legs = tuple(
        VenueLeg(
            name=leg.name,
            contract=leg.contract,
            ratio=-leg.ratio,
            held=leg.ratio * order.qty if held is None else held,
        )
        for leg in order.legs
    )
    return bench.order(int(order.qty), legs=legs)


async def close_by_hand(bench: TastytradeBench, legs: Sequence[tuple[OptionContract, int]]) -> None:
    """Close contracts as another application of the trader does; signed quantities are those of the order."""
    body = NewOrder(
        order_type="Limit",
        time_in_force="Day",
        price="500.0",
        price_effect="Debit",
        source="Desktop/9.1",
        legs=tuple(
            NewLeg(
                instrument_type=instrument_type(contract),
                symbol=order_symbol(contract),
                quantity=abs(quantity),
                action=f"{'Buy' if quantity > 0 else 'Sell'} to Close",
            )
            for contract, quantity in legs
        ),
    )
    value_of("the order by hand", await RestApi(bench.transport).submit(ACCOUNT, body))
    await bench.tick()


def at_broker(bench: TastytradeBench) -> dict[str, int]:
    """Return what the broker really holds."""
    positions = bench.double.desk.account(ACCOUNT).positions
    return {symbol: item.quantity for symbol, item in positions.items() if item.quantity}


def actions(bench: TastytradeBench, order: VenueRequest) -> list[str]:
    """Return how the broker has the legs of an order."""
    result = next(item for item in bench.double.desk.orders.values() if item.identifier == order.reference)
    return [leg.action for leg in result.legs]


async def test_an_exit_of_what_was_closed_by_hand_is_refused_with_both_quantities(tmp_path: Path) -> None:
    async with at_the_double(tmp_path, MORNING) as bench:
        order = await opened(bench)
        await close_by_hand(bench, [(leg.contract, -int(leg.ratio)) for leg in order.legs])
        await bench.restart()  # the books were not told, and nothing was filled here just now
        await bench.clock.advance(60)
        async with bench.venue.session():
            leaving = closing(bench, order)
            answer = await bench.venue.submit(leaving)
            assert isinstance(answer, Ended)
            assert (answer.how, answer.code) == (Ending.REJECTED, NOT_HELD)
            for leg in order.legs:
                assert f"{order_symbol(leg.contract)}: the books hold {leg.ratio}, the broker 0" in answer.reason
            assert at_the_broker(bench, leaving) == 0
            assert await bench.venue.submit(leaving) == answer


async def test_an_exit_of_more_than_the_broker_holds_is_refused_whole(tmp_path: Path) -> None:
    async with at_the_double(tmp_path, MORNING) as bench:
        order = await opened(bench, qty=2)
        short = order.legs[0]
        await close_by_hand(bench, [(short.contract, 1)])
        await bench.clock.advance(60)
        await bench.restart()
        async with bench.venue.session():
            answer = await bench.venue.submit(closing(bench, order))
            assert isinstance(answer, Ended)
            assert answer.code == NOT_HELD
            assert f"{order_symbol(short.contract)}: the books hold -2, the broker -1" in answer.reason
            assert order_symbol(order.legs[1].contract) not in answer.reason
            assert at_broker(bench) == {order_symbol(short.contract): -1, order_symbol(order.legs[1].contract): 2}


async def test_an_exit_right_after_a_restart_waits_for_the_brokers_list(tmp_path: Path) -> None:
    async with at_the_double(tmp_path, MORNING) as bench:
        order, faults = await opened(bench), bench.double.faults
        faults.switch_on("positions_late", seconds=FOR_EVER)  # the list lacks what was filled just now
        await bench.restart()
        async with bench.venue.session():
            leaving, listed = closing(bench, order), faults.fired["positions_late"]
            sending = asyncio.create_task(bench.venue.submit(leaving))
            await until(lambda: faults.fired["positions_late"] > listed + 2)
            assert not sending.done()
            assert at_the_broker(bench, leaving) == 0
            faults.switch_off("positions_late")
            assert isinstance(await sending, Accepted)
            assert actions(bench, leaving) == ["Buy to Close", "Sell to Close"]


async def test_an_exit_that_the_brokers_list_stays_behind_of_ends_as_not_sent(tmp_path: Path) -> None:
    async with at_the_double(tmp_path, MORNING) as bench:
        order = await opened(bench)
        bench.double.faults.switch_on("positions_late", seconds=FOR_EVER)
        await bench.restart()
        bench.take_times(replace(bench.times, ledger=0.1))
        async with bench.venue.session():
            leaving = closing(bench, order)
            answer = await bench.venue.submit(leaving)
            assert isinstance(answer, Ended)
            assert (answer.how, answer.code) == (Ending.REJECTED, NOT_SENT)
            assert at_the_broker(bench, leaving) == 0


async def test_a_roll_closes_what_is_held_and_opens_the_rest(tmp_path: Path) -> None:
    async with at_the_double(tmp_path, MORNING) as bench:
        order = await opened(bench)
        short, long = order.legs
        async with bench.venue.session():
            legs = (
                VenueLeg(name="old", contract=long.contract, ratio=Decimal(-1), held=Decimal(1)),
                VenueLeg(name="new", contract=bench.expiring("SPXW")[0].contract, ratio=Decimal(1)),
            )
            rolling = bench.order(1, legs=legs)
            assert isinstance(await bench.venue.submit(rolling), Accepted)
            assert actions(bench, rolling) == ["Sell to Close", "Buy to Open"]
            await bench.tick()
            assert at_broker(bench)[order_symbol(short.contract)] == -1
            assert order_symbol(long.contract) not in at_broker(bench)


async def test_a_leg_that_other_positions_offset_opens_at_the_broker(tmp_path: Path) -> None:
    async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session():
        # One position is long and another short of the same contracts: the broker holds none of them.
        legs = tuple(replace(leg, held=Decimal(0)) for leg in bench.legs())
        leaving = bench.order(1, legs=legs)
        assert isinstance(await bench.venue.submit(leaving), Accepted)
        assert actions(bench, leaving) == ["Sell to Open", "Buy to Open"]
