"""What the simulated venue adds to what every venue does: prices, ticks, a memory of its own, faults by seed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.contracts import OptionContract, Right
from mesolive.venues.base import Execution, LegExecution, Settled, VenueLeg, VenueRequest
from mesolive.venues.combo_quotes import ComboQuote, LegQuote
from mesolive.venues.simulated.faults import FILL_FAULTS, REQUEST_FAULTS, Fault, Faults
from mesolive.venues.simulated.fill_model import fill_price, fill_quantity
from mesolive.venues.simulated.ledger import Filled, Gone, Placed, VenueLedger, VenueMemoryError
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_sdk.ticks import on_tick, tick_of

NOW = datetime(2026, 1, 5, 16, tzinfo=UTC)
CONTRACT = OptionContract("SPX", "SPXW", date(2026, 2, 20), Right.PUT, Decimal(4700))


def leg(name: str, ratio: int) -> VenueLeg:
    return VenueLeg(name=name, contract=CONTRACT, ratio=Decimal(ratio))


def quote(**legs: tuple[str, str]) -> ComboQuote:
    quotes = {name: LegQuote(Decimal(bid), Decimal(ask), None, None) for name, (bid, ask) in legs.items()}
    return ComboQuote(quotes, Decimal(0), Decimal(0), Decimal(0), Decimal(0), None)


@pytest.mark.parametrize(
    ("slippage", "expected"), [("0", "-2.00"), ("0.5", "-1.80"), ("1", "-1.60")], ids=["middle", "half", "natural"]
)
def test_a_fill_pays_the_asked_part_of_each_legs_half_spread(slippage: str, expected: str) -> None:
    market = quote(short=("4.80", "5.20"), long=("2.80", "3.20"))
    price = fill_price([leg("short", -1), leg("long", 1)], market, Decimal(slippage))
    assert price.combo == Decimal(expected)


cents = st.integers(1, 5000).map(lambda number: Decimal(number) / 100)


@given(bid=cents, width=cents, ratio=st.sampled_from([-3, -1, 1, 2]), slippage=st.sampled_from(["0", "0.3", "1"]))
def test_no_fill_is_better_than_the_middle_or_worse_than_the_far_side(
    bid: Decimal, width: Decimal, ratio: int, slippage: str
) -> None:
    ask = bid + width
    market = quote(one=(str(bid), str(ask)))
    price = fill_price([leg("one", ratio)], market, Decimal(slippage))
    paid = price.legs["one"]
    assert price.combo == ratio * paid
    assert paid % Decimal("0.01") == 0
    middle = (bid + ask) / 2
    assert (middle <= paid <= ask) if ratio > 0 else (bid <= paid <= middle)


def test_no_more_is_filled_than_the_market_shows() -> None:
    shown = ComboQuote({}, Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(3))
    assert fill_quantity(Decimal(10), shown, Decimal(25)) == 3
    assert fill_quantity(Decimal(2), shown, Decimal(25)) == 2
    assert fill_quantity(Decimal(10), shown, Decimal(1)) == 1
    assert fill_quantity(Decimal(40), quote(), Decimal(25)) == 25


@pytest.mark.parametrize(
    ("roots", "price", "tick"),
    [
        (["SPXW"], "2.95", "0.05"),
        (["SPXW"], "3.00", "0.10"),
        (["SPX"], "-12.40", "0.10"),
        (["SPXW", "SPXW"], "-12.45", "0.05"),
        (["SPY"], "12.41", "0.01"),
        (["SPY", "SPY"], "0.03", "0.01"),
        (["XYZ"], "1.05", "0.05"),
        (["XYZ", "XYZ"], "1.03", "0.01"),
    ],
)
def test_each_trading_class_has_its_ticks(roots: list[str], price: str, tick: str) -> None:
    assert tick_of(roots, Decimal(price)) == Decimal(tick)
    assert on_tick(roots, Decimal(price))
    assert not on_tick(roots, Decimal(price) + Decimal("0.003"))


def order(number: int) -> Placed:
    request = VenueRequest(
        account="SIM1000",
        reference=f"r{number}",
        legs=(leg("one", 1),),
        qty=Decimal(2),
        order_type=OrderType.Market,
        time_in_force=TimeInForce.Day,
    )
    return Placed(request=request, venue_id=f"V{number}", at=NOW)


def fill(number: int, qty: int = 1) -> Filled:
    leg_fill = LegExecution(
        name="one", contract=CONTRACT, qty=Decimal(qty), price=Decimal(5), commission=Decimal("0.65")
    )
    return Filled(
        execution=Execution(
            account="SIM1000",
            reference=f"r{number}",
            venue_id=f"V{number}",
            execution_id=f"E{number}",
            qty=Decimal(qty),
            legs=(leg_fill,),
            at=NOW,
        )
    )


def test_the_memory_survives_a_line_that_a_crash_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "venue.jsonl"
    ledger = VenueLedger(path)
    ledger.open()
    ledger.record(order(1))
    ledger.record(fill(1))
    ledger.close()
    with path.open("ab") as file:
        file.write(b'{"type":"Filled","execution":{"account"')
    again = VenueLedger(path)
    again.open()
    assert again.positions_of("SIM1000") == {CONTRACT: 1}
    assert again.orders["r1"].filled == 1
    again.record(fill(1, 1))
    again.close()
    third = VenueLedger(path)
    third.open()
    assert third.positions_of("SIM1000") == {CONTRACT: 2}
    assert third.working == {}
    third.close()


def test_the_memory_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    ledger = VenueLedger(tmp_path / "venue.jsonl")
    ledger.open()
    ledger.record(order(1))
    ledger.close()
    assert (tmp_path / "venue.jsonl").stat().st_mode & 0o077 == 0


def test_two_servers_do_not_share_a_memory(tmp_path: Path) -> None:
    path = tmp_path / "venue.jsonl"
    first = VenueLedger(path)
    first.open()
    with pytest.raises(VenueMemoryError, match=r"venue.jsonl is in use by process \d+") as refused:
        VenueLedger(path).open()
    assert "\n" not in str(refused.value)
    first.record(order(1))
    first.close()
    second = VenueLedger(path)
    second.open()
    assert "r1" in second.orders
    second.close()


def test_the_error_of_an_unreadable_or_unwritable_memory_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"type":"Counted","number":1}\nnonsense\n')
    (tmp_path / "file").touch()
    for path, problem in ((broken, "line 2 cannot be read"), (tmp_path / "file" / "venue.jsonl", "cannot be used")):
        for _ in range(2):  # the first has let go of it
            with pytest.raises(VenueMemoryError, match=problem) as refused:
                VenueLedger(path).open()
            assert "\n" not in str(refused.value)
    assert "nonsense" in broken.read_text()


def gone(number: int, qty: int = 1) -> Gone:
    return Gone(
        fact=Settled(
            account="SIM1000",
            fact_id=f"S{number}",
            contract=CONTRACT,
            qty=Decimal(qty),
            price=Decimal(3),
            cash=Decimal(300 * qty),
            at=NOW,
        )
    )


def test_settled_contracts_stay_removed_after_every_restart_and_the_memory_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesolive.venues.simulated.ledger.MAX_ENDED", 3)
    path = tmp_path / "venue.jsonl"
    for start in range(0, 40, 4):
        ledger = VenueLedger(path)
        ledger.open()
        assert ledger.positions_of("SIM1000") == {}
        for number in range(start, start + 4):
            ledger.record(order(number))
            ledger.record(fill(number, 2))
            assert ledger.positions_of("SIM1000") == {CONTRACT: 2}
            ledger.record(gone(number, 2))
        ledger.close()
    assert len(path.read_text().splitlines()) < 40


def test_faults_are_the_same_with_the_same_seed_and_come_about_as_often_as_asked() -> None:
    rates: dict[Fault, float] = {Fault.REQUEST_LOST: 0.2, Fault.DUPLICATE_FILL: 0.2}
    first, second = Faults(rates, seed=3), Faults(rates, seed=3)
    drawn = [(first.at_request(), first.at_fill()) for _ in range(500)]
    assert drawn == [(second.at_request(), second.at_fill()) for _ in range(500)]
    assert 60 < sum(item is Fault.REQUEST_LOST for item, _ in drawn) < 140
    assert 60 < sum(item is Fault.DUPLICATE_FILL for _, item in drawn) < 140


def test_a_fault_that_is_asked_for_waits_for_the_step_that_it_fits() -> None:
    faults = Faults()
    faults.ask(Fault.FILL_LOST, Fault.HANG)
    assert faults.at_request() is None
    assert faults.at_fill() is Fault.FILL_LOST
    assert faults.at_fill() is None
    assert faults.at_request() is Fault.HANG
    assert set(REQUEST_FAULTS) | set(FILL_FAULTS) == set(Fault)
