"""Options on shares that expire: those in the money become shares, a notice and never a settlement in cash."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.connectors.ibkr.deliveries import GoneOption, exercised
from mesolive.doubles.tws.actions import act
from mesolive.market.calendar import settlement_instant
from mesolive.market.contracts import OptionContract, Right
from mesolive.venues.base import ExerciseNotice, Settled, SettlementFact, VenueLeg
from mesolive_testkit.ibkr_bench import IbkrBench, opened
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[IbkrBench]:
    async with opened(tmp_path, START, symbols=("SPY",)) as made:
        yield made


def put(bench: IbkrBench, moneyness: float, ratio: int = 1) -> VenueLeg:
    """Return a put of the next expiration; in the money where its moneyness is above 1."""
    (leg,) = bench.expiring("SPY")
    view = bench.market.view("SPY")
    puts = view.slice("SPY", leg.contract.day, Right.PUT)
    spot = view.underlying.quote.mark
    assert puts is not None
    assert spot is not None
    contract = puts.contract(int(abs(puts.strikes - spot * moneyness).argmin()))
    return VenueLeg(name="put", contract=contract, ratio=Decimal(ratio))


async def expired(bench: IbkrBench, *legs: VenueLeg) -> Sequence[SettlementFact]:
    """Trade legs, let them expire, and return what the venue says of them."""
    settles_at = settlement_instant("SPY", legs[0].contract.day)
    async with bench.venue.session():
        for leg in legs:
            await bench.venue.submit(bench.order(1, legs=(leg,)))
        await bench.tick()
        await bench.look_twice()
        assert len(await bench.venue.positions(ACCOUNT)) == len(legs)
        await bench.settled(settles_at)
        assert await bench.venue.positions(ACCOUNT) == {}
        return await bench.venue.settlements(ACCOUNT, START)


async def test_an_option_in_the_money_that_delivers_shares_is_a_notice(bench: IbkrBench) -> None:
    leg = put(bench, 1.02)
    (fact,) = await expired(bench, leg)
    assert len(bench.double.truth.of("delivery")) == 1
    assert isinstance(fact, ExerciseNotice)
    assert (fact.contract, fact.qty) == (leg.contract, 1)
    assert fact.at == settlement_instant("SPY", leg.contract.day)
    assert bench.venue.problems == []


async def test_executions_of_no_order_that_come_with_an_expiration_make_no_settlement_in_cash(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("expiry_executions")
    facts = await expired(bench, put(bench, 1.02))
    assert not any(isinstance(fact, Settled) for fact in facts)


async def test_an_assignment_at_expiration_is_a_notice(bench: IbkrBench) -> None:
    leg = put(bench, 1.02, -2)
    (fact,) = await expired(bench, leg)
    assert isinstance(fact, ExerciseNotice)
    assert (fact.contract, fact.qty) == (leg.contract, -2)


async def test_an_option_out_of_the_money_expires_worthless(bench: IbkrBench) -> None:
    (fact,) = await expired(bench, put(bench, 0.97))
    assert isinstance(fact, Settled)
    assert (fact.qty, fact.price, fact.cash) == (1, 0, 0)
    assert bench.venue.problems == []


async def test_two_strikes_whose_shares_cancel_each_other_are_two_notices(bench: IbkrBench) -> None:
    facts = await expired(bench, put(bench, 1.02), put(bench, 1.01, -1))
    assert [type(fact) for fact in facts] == [ExerciseNotice, ExerciseNotice]
    assert bench.venue.problems == []


async def test_several_strikes_that_are_exercised_early_together_are_noticed(bench: IbkrBench) -> None:
    legs = put(bench, 1.02), put(bench, 1.01, 2)
    async with bench.venue.session():
        for leg in legs:
            await bench.venue.submit(bench.order(1, legs=(leg,)))
        await bench.tick()
        await bench.look_twice()
        for leg in legs:
            act(
                bench.double,
                "assign",
                {"account": ACCOUNT, "con_id": str(bench.con_id(leg.contract)), "quantity": str(leg.ratio)},
            )
        await bench.look_twice()
        facts = await bench.venue.settlements(ACCOUNT, START)
    assert {(fact.contract, fact.qty) for fact in facts if isinstance(fact, ExerciseNotice)} == {
        (leg.contract, leg.ratio) for leg in legs
    }
    assert bench.venue.problems == []


async def test_a_position_that_is_gone_without_a_reason_is_a_problem(bench: IbkrBench) -> None:
    leg = put(bench, 1.02)
    async with bench.venue.session():
        await bench.venue.submit(bench.order(1, legs=(leg,)))
        await bench.tick()
        await bench.look_twice()
        positions = bench.double.gateway.state.accounts[ACCOUNT].positions
        del positions[bench.con_id(leg.contract)]
        await bench.look_twice()
        assert await bench.venue.settlements(ACCOUNT, START) == []
        assert any(str(leg.contract) in text for text in bench.venue.problems)


CONTRACTS = [
    OptionContract("SPY", "SPY", date(2026, 1, 5), right, Decimal(strike))
    for right in (Right.CALL, Right.PUT)
    for strike in (600, 610, 620)
]


@given(st.lists(st.tuples(st.sampled_from(CONTRACTS), st.integers(-9, 9).filter(bool), st.booleans()), max_size=6))
def test_options_in_the_money_explain_the_shares_that_they_delivered(
    rows: list[tuple[OptionContract, int, bool]],
) -> None:
    gone = [GoneOption(number, contract, Decimal(change)) for number, (contract, change, _) in enumerate(rows)]
    likely = {number: in_the_money for number, (_, _, in_the_money) in enumerate(rows)}
    moved = sum((item.units for item in gone if likely[item.con_id]), Decimal(0))
    assert exercised(gone, moved, likely) == {number for number, is_likely in likely.items() if is_likely}


@given(
    st.lists(st.tuples(st.sampled_from(CONTRACTS), st.integers(-9, 9).filter(bool)), max_size=6), st.integers(-20, 20)
)
def test_what_is_called_exercised_adds_up_to_the_shares(rows: list[tuple[OptionContract, int]], lots: int) -> None:
    gone = [GoneOption(number, contract, Decimal(change)) for number, (contract, change) in enumerate(rows)]
    result = exercised(gone, Decimal(100 * lots), {})
    if result is not None:
        assert sum((item.units for item in gone if item.con_id in result), Decimal(0)) == 100 * lots
