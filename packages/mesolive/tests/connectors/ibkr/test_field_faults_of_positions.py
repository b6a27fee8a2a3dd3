"""Faults from the field that concern contracts and positions: rows 7, 9 and 10 of the list of faults, at the venue."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.doubles.tws.actions import act
from mesolive.market.calendar import settlement_instant
from mesolive.market.contracts import Right
from mesolive.venues.base import Accepted, Ended, Ending, OrderStatus, Settled, VenueLeg
from mesolive_testkit.ibkr_bench import CLIENT_ID, IbkrBench, opened, received, until
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[IbkrBench]:
    async with opened(tmp_path, START) as made:
        yield made


async def bought(bench: IbkrBench, leg: VenueLeg) -> None:
    """Buy one contract, and let the venue see it among the positions."""
    assert isinstance(await bench.venue.submit(bench.order(1, legs=(leg,))), Accepted)
    await bench.tick()
    await bench.look_twice()
    assert await bench.venue.positions(ACCOUNT) == {leg.contract: Decimal(1)}


async def test_7_a_farm_that_flaps_leaves_the_session_of_orders_alone(bench: IbkrBench) -> None:
    order = bench.resting()
    async with bench.venue.session():
        assert isinstance(await bench.venue.submit(order), Accepted)
        session = bench.double.gateway.clients[CLIENT_ID]
        for farm in ("usopt", "usfarm", "secdefil"):
            act(bench.double, "break_farm", {"farm": farm})
            await until(bench, lambda farm=farm: farm in bench.session.state.farms)
            assert isinstance(await bench.venue.submit(bench.resting()), Accepted)
            act(bench.double, "mend_farm", {"farm": farm})
            await until(bench, lambda farm=farm: farm not in bench.session.state.farms)
        assert bench.double.gateway.clients[CLIENT_ID] is session, "the socket was closed for a farm"
        listed = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, START)}
    assert set(listed.values()) == {OrderStatus.WORKING}
    assert len(listed) == 4
    assert received(bench, order.reference) == 1


async def test_9_an_order_names_its_contracts_by_their_ids_alone(bench: IbkrBench) -> None:
    """Whatever date TWS writes for a class of the AM: the id decides, and both classes of a day are told apart."""
    view = bench.market.view("SPX")
    day = next(expiration.day for expiration in view.expirations if expiration.root == "SPX")
    chains = [view.slice(root, day, Right.PUT) for root in ("SPX", "SPXW")]
    contracts = [chain.contract(len(chain.strikes) // 2) for chain in chains if chain is not None]
    assert len(contracts) == 2
    async with bench.venue.session():
        for contract in contracts:
            leg = VenueLeg(name="put", contract=contract, ratio=Decimal(1))
            assert isinstance(await bench.venue.submit(bench.order(1, legs=(leg,))), Accepted)
        await bench.tick()
        await bench.look_twice()
        assert await bench.venue.positions(ACCOUNT) == dict.fromkeys(contracts, Decimal(1))
    assert [order.con_id for order in bench.double.state.orders] == [bench.con_id(contract) for contract in contracts]


class TestRow10Expired:
    async def test_10_rows_of_zero_are_no_positions_and_the_settlement_is_reported_once(self, bench: IbkrBench) -> None:
        bench.double.faults.switch_on("zero_rows")
        (leg,) = bench.expiring("SPXW")
        async with bench.venue.session():
            await bought(bench, leg)
            await bench.settled(settlement_instant("SPXW", leg.contract.day))
            assert await bench.venue.positions(ACCOUNT) == {}
            (settled,) = await bench.venue.settlements(ACCOUNT, START)
            assert isinstance(settled, Settled)
            await bench.look_twice()
            assert await bench.venue.settlements(ACCOUNT, START) == [settled]
        await bench.close_venue()
        await bench.open_venue()
        async with bench.venue.session():
            await bench.look_twice()
            assert await bench.venue.settlements(ACCOUNT, START) == [settled], "the id outlives a restart"

    async def test_10_a_position_that_lingers_is_settled_when_it_goes(self, bench: IbkrBench) -> None:
        bench.double.faults.switch_on("positions_linger")
        (leg,) = bench.expiring("SPXW")
        async with bench.venue.session():
            await bought(bench, leg)
            settles_at = settlement_instant("SPXW", leg.contract.day)
            await bench.settled(settles_at)
            assert await bench.venue.settlements(ACCOUNT, START) == []
            await bench.settled(settles_at + timedelta(days=5))
            assert await bench.venue.settlements(ACCOUNT, START) == []
            assert any(leg.contract.symbol in text or str(leg.contract) in text for text in bench.venue.problems)
            bench.double.faults.switch_off("positions_linger")
            await bench.settled(settles_at + timedelta(days=6))
            (settled,) = await bench.venue.settlements(ACCOUNT, START)
            assert (settled.contract, settled.qty) == (leg.contract, 1)
            assert settled.at == settles_at
            assert not any(leg.contract.symbol in text or str(leg.contract) in text for text in bench.venue.problems)

    async def test_10_an_order_for_an_expired_contract_is_rejected_and_breaks_nothing(self, bench: IbkrBench) -> None:
        (leg,) = bench.expiring("SPXW")
        async with bench.venue.session():
            await bench.settled(settlement_instant("SPXW", leg.contract.day))
            await bench.to(datetime(2026, 1, 7, 16, 0, tzinfo=UTC))
            answer = await bench.venue.submit(bench.order(1, legs=(leg,)))
            assert isinstance(answer, Ended)
            assert answer.how is Ending.REJECTED
            assert isinstance(await bench.venue.submit(bench.resting()), Accepted)

    async def test_10_a_late_fill_is_no_exercise(self, tmp_path: Path) -> None:
        async with opened(tmp_path, START, symbols=("SPY",)) as bench:
            (leg,) = bench.expiring("SPY")
            async with bench.venue.session():
                await bought(bench, leg)
                # The sale is in the positions at once, and its executions come minutes later.
                bench.double.faults.switch_on("delayed_messages", message="execDetails", seconds=300)
                sale = bench.order(1, legs=(VenueLeg(name="put", contract=leg.contract, ratio=Decimal(-1)),))
                assert isinstance(await bench.venue.submit(sale), Accepted)
                await bench.tick()
                await bench.look_twice()
                assert await bench.venue.settlements(ACCOUNT, START) == []
                bench.double.faults.switch_off("delayed_messages")
                await bench.timer.advance(300)
                await bench.look_twice()
                assert await bench.venue.settlements(ACCOUNT, START) == []
                reported = [
                    fill for fill in await bench.venue.executions(ACCOUNT, START) if fill.reference == sale.reference
                ]
                assert len(reported) == 1


class TestNextInLine:
    async def test_a_combo_is_traded_without_any_details_of_it(self, bench: IbkrBench) -> None:
        bench.double.faults.switch_on("bag_details_unanswered")
        bench.double.faults.switch_on("combo_data_dead")
        order = bench.order()
        async with bench.venue.session():
            assert isinstance(await bench.venue.submit(order), Accepted)
            await bench.tick()
            await until(bench, lambda: not bench.venue.order_is_open(order.reference))
            (fill,) = await bench.venue.executions(ACCOUNT, START)
        assert len(fill.legs) == 2
        assert "bag_details_unanswered" not in bench.double.faults.fired
        assert "combo_data_dead" not in bench.double.faults.fired
