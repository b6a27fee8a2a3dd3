"""Contracts and underlyings on the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.contracts import OptionContract, Right, Underlying, UnderlyingKind
from mesolive.market.wire import candidates, live_contract, live_underlying
from mesolive.records import replace
from mesolive_sdk.models import LiveContract, LiveUnderlying, MesoContractType, MesoOptionType
from mesolive_testkit.market import flat_chain

APRIL = date(2024, 4, 19)
VIEW = flat_chain().book.view()
SPX = LiveUnderlying(Symbol="SPX", ContractType=MesoContractType.Index, Currency="USD")


def wire(**changes: object) -> LiveContract:
    contract = LiveContract(
        ContractType=MesoContractType.Options,
        Underlying=SPX,
        Root="SPXW",
        OptionType=MesoOptionType.Put,
        Expiration=datetime(2024, 4, 19, 20, 0, tzinfo=UTC),
        Strike=Decimal(4900),
        Multiplier=Decimal(100),
    )
    return replace(contract, **changes)


def test_a_contract_travels_with_the_instant_of_its_settlement() -> None:
    contract = OptionContract("SPX", "SPX", APRIL, Right.CALL, Decimal("4912.5"))
    (expiration,) = (item for item in VIEW.expirations if item.root == "SPX")
    assert live_contract(contract, expiration, Underlying("SPX")) == LiveContract(
        ContractType=MesoContractType.Options,
        Underlying=SPX,
        Root="SPX",
        OptionType=MesoOptionType.Call,
        Expiration=datetime(2024, 4, 19, 13, 30, tzinfo=UTC),
        Strike=Decimal("4912.5"),
        Multiplier=Decimal(100),
    )


def test_a_stock_travels_as_a_stock() -> None:
    assert live_underlying(Underlying("GOOG", UnderlyingKind.STOCK)).ContractType is MesoContractType.Stock
    assert live_underlying(Underlying("SPX")) == SPX


@given(st.sampled_from(range(VIEW.listing.size)))
def test_every_listed_contract_comes_back_as_itself(index: int) -> None:
    contract = VIEW.listing.contract(index)
    (expiration,) = (item for item in VIEW.expirations if (item.root, item.day) == (contract.root, contract.day))
    sent = live_contract(contract, expiration, VIEW.listing.underlying)
    assert candidates(sent, VIEW.expirations) == [contract]


@pytest.mark.parametrize(
    ("expiration", "root"),
    [
        pytest.param(datetime(2024, 4, 19, tzinfo=UTC), "SPXW", id="a plain date: the usual class first"),
        pytest.param(datetime(2024, 4, 19, 13, 30, tzinfo=UTC), "SPX", id="the instant of the morning"),
        pytest.param(datetime(2024, 4, 19, 20, 0, tzinfo=UTC), "SPXW", id="the instant of the afternoon"),
        pytest.param(datetime(2024, 4, 19, 23, 59, tzinfo=UTC), "SPXW", id="late in the day"),
        pytest.param(datetime(2024, 4, 20, 1, 0, tzinfo=UTC), "SPXW", id="evening in New York"),
    ],
)
def test_without_a_root_the_instant_decides_then_the_usual_order(expiration: datetime, root: str) -> None:
    result = candidates(wire(Root=None, Expiration=expiration), VIEW.expirations)
    assert [item.root for item in result] == [root, "SPX" if root == "SPXW" else "SPXW"]
    assert {item.day for item in result} == {APRIL}


def test_without_a_multiplier_that_of_the_expiration_is_meant() -> None:
    (result,) = candidates(wire(Multiplier=None), VIEW.expirations)
    assert result.multiplier == Decimal(100)


def test_a_contract_of_a_day_without_expiration_means_nothing() -> None:
    assert candidates(wire(Expiration=datetime(2024, 4, 18, tzinfo=UTC)), VIEW.expirations) == []
    assert candidates(wire(Root="SPXQ"), VIEW.expirations) == []


@pytest.mark.parametrize(
    ("contract", "problem"),
    [
        (wire(ContractType=MesoContractType.Stock), "ContractType must be Options"),
        (wire(OptionType=None), "OptionType must be"),
        (wire(OptionType=MesoOptionType.Unknown), "OptionType must be"),
        (wire(Strike=None), "Strike must be"),
        (wire(Strike=Decimal(0)), "Strike must be"),
        (wire(Strike=Decimal("NaN")), "Strike must be"),
        (wire(Expiration=None), "Expiration is missing"),
        (wire(Expiration=datetime(1, 1, 1, 0, 0, 1, tzinfo=UTC)), "is not an expiration"),
    ],
)
def test_an_incomplete_contract_is_refused_with_the_field(contract: LiveContract, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        candidates(contract, VIEW.expirations)


def test_an_expiration_in_another_zone_is_the_same_instant() -> None:
    tokyo = datetime(2024, 4, 20, 5, 0, tzinfo=timezone(timedelta(hours=9)))
    (result,) = candidates(wire(Expiration=tokyo), VIEW.expirations)
    assert (result.root, result.day) == ("SPXW", APRIL)
