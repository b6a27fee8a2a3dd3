"""Listings: one fixed order of contracts, and ways to find one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.contracts import OptionContract, Right, Underlying
from mesolive.market.listing import Listing
from mesolive_testkit.market import expiration

SPX = Underlying("SPX")
MARCH = expiration("SPXW", date(2024, 3, 15))
APRIL_AM = expiration("SPX", date(2024, 4, 19))
APRIL_PM = expiration("SPXW", date(2024, 4, 19))


def decimals(*strikes: float) -> list[Decimal]:
    return [Decimal(str(strike)) for strike in strikes]


def small() -> Listing:
    return Listing(
        SPX,
        {
            APRIL_PM: {Right.CALL: decimals(5000, 4900), Right.PUT: decimals(4900)},
            MARCH: {Right.PUT: decimals(4950, 4800, 4950)},
            APRIL_AM: {Right.CALL: decimals(5000, 5100.5), Right.PUT: decimals(5000, 5100.5)},
        },
    )


def test_contracts_stand_by_settlement_then_root_then_right_then_strike() -> None:
    listing = small()
    assert listing.expirations == (MARCH, APRIL_AM, APRIL_PM)
    assert [str(listing.contract(index)) for index in range(listing.size)] == [
        "SPX.SPXW.2024-03-15.4800.Put.100",
        "SPX.SPXW.2024-03-15.4950.Put.100",
        "SPX.SPX.2024-04-19.5000.Call.100",
        "SPX.SPX.2024-04-19.5100.5.Call.100",
        "SPX.SPX.2024-04-19.5000.Put.100",
        "SPX.SPX.2024-04-19.5100.5.Put.100",
        "SPX.SPXW.2024-04-19.4900.Call.100",
        "SPX.SPXW.2024-04-19.5000.Call.100",
        "SPX.SPXW.2024-04-19.4900.Put.100",
    ]


def test_every_contract_is_found_at_its_index() -> None:
    listing = small()
    assert [listing.find(listing.contract(index)) for index in range(listing.size)] == list(range(listing.size))


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param(OptionContract("SPX", "SPXW", MARCH.day, Right.PUT, Decimal(4900)), id="strike"),
        pytest.param(OptionContract("SPX", "SPXW", MARCH.day, Right.CALL, Decimal(4950)), id="right"),
        pytest.param(OptionContract("SPX", "SPX", MARCH.day, Right.PUT, Decimal(4950)), id="root"),
        pytest.param(OptionContract("SPX", "SPXW", date(2024, 3, 18), Right.PUT, Decimal(4950)), id="day"),
        pytest.param(OptionContract("RUT", "SPXW", MARCH.day, Right.PUT, Decimal(4950)), id="underlying"),
        pytest.param(OptionContract("SPX", "SPXW", MARCH.day, Right.PUT, Decimal(4950), Decimal(10)), id="multiplier"),
    ],
)
def test_a_contract_that_differs_in_anything_is_not_found(contract: OptionContract) -> None:
    assert small().find(contract) is None


def test_the_partner_is_the_other_right_at_the_same_strike() -> None:
    assert small().partner.tolist() == [-1, -1, 4, 5, 2, 3, 8, -1, 6]


def test_an_expiration_lives_until_it_settles() -> None:
    listing = small()
    assert listing.first_alive(MARCH.settles_at) == 1
    assert listing.first_alive(APRIL_AM.settles_at) == 2
    assert listing.first_alive(APRIL_PM.settles_at) == 3


@pytest.mark.parametrize("strike", [0, -5])
def test_a_strike_that_is_not_positive_is_refused(strike: int) -> None:
    with pytest.raises(ValueError, match="not greater than zero"):
        Listing(SPX, {MARCH: {Right.CALL: decimals(strike, 100)}})


def test_the_arrays_cannot_be_written_to() -> None:
    listing = small()
    for array in (listing.strikes, listing.is_call, listing.partner):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


strikes = st.sets(st.integers(1, 400), max_size=12).map(lambda found: [Decimal(one) / 4 for one in found])


@given(st.lists(st.tuples(strikes, strikes), min_size=1, max_size=4))
def test_order_partners_and_lookup_agree_for_any_chain(chain: list[tuple[list[Decimal], list[Decimal]]]) -> None:
    days = [date(2024, 3, 11 + number) for number in range(len(chain))]
    listed = {
        expiration("SPXW", day): {Right.CALL: calls, Right.PUT: puts}
        for day, (calls, puts) in zip(days, chain, strict=True)
    }
    listing = Listing(SPX, listed)
    contracts = [listing.contract(index) for index in range(listing.size)]
    assert len(set(contracts)) == listing.size == sum(len(calls) + len(puts) for calls, puts in chain)
    assert [listing.find(contract) for contract in contracts] == list(range(listing.size))
    assert listing.strikes.tolist() == [float(contract.strike) for contract in contracts]
    assert listing.is_call.tolist() == [contract.right is Right.CALL for contract in contracts]
    for index, partner in enumerate(listing.partner.tolist()):
        if partner >= 0:
            one, match = contracts[index], contracts[int(partner)]
            assert (one.day, one.strike) == (match.day, match.strike)
            assert one.right is not match.right
        else:
            other = Right.PUT if contracts[index].right is Right.CALL else Right.CALL
            assert contracts[index].strike not in listed[expiration("SPXW", contracts[index].day)][other]
    for position in range(len(listing.expirations)):
        calls, puts = listing.pairs(position)
        assert np.array_equal(listing.strikes[calls], listing.strikes[puts])
