"""What is not streamed: foreign and unknown things, flags that ask for nothing, more than there is room for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive_sdk import models
from mesolive_sdk.models import LiveDataInclude, LiveQuoteFields, StatusCode
from mesolive_testkit.streams import (
    IBKR,
    OTHER,
    SPX,
    Running,
    follow,
    live_contract,
    position_args,
    refused,
    running,
    strangle,
)


async def test_a_foreign_position_looks_like_a_missing_one(live: Running) -> None:
    foreign = await refused(live.streams.position(OTHER, position_args()))
    missing = await refused(live.streams.position(OTHER, position_args(PositionId=99)))
    assert (foreign.status, foreign.message) == (StatusCode.NotFound, "position 1 was not found")
    assert (missing.status, missing.message) == (StatusCode.NotFound, "position 99 was not found")
    assert live.streams.engine.channels == {}


async def test_unknown_legs_are_named_but_not_all_of_ten_thousand(live: Running) -> None:
    error = await refused(live.streams.legs(live.user, models.StreamLegsDataArgs(LegIds=[1, 7, *range(100, 1100)])))
    assert error.status is StatusCode.NotFound
    assert "leg 7, 100, 101, 102, 103 and 996 more" in error.message


async def test_no_legs_at_all_is_a_validation_error(live: Running) -> None:
    error = await refused(live.streams.legs(live.user, models.StreamLegsDataArgs(LegIds=[])))
    assert error.status is StatusCode.ValidationError


@pytest.mark.parametrize(
    "changes",
    [
        {
            "IncludePosition": LiveDataInclude.None_,
            "IncludeLegs": LiveDataInclude.None_,
            "IncludeLegGroups": LiveDataInclude.None_,
        },
        {
            "PriceFields": LiveQuoteFields.None_,
            "GreekFields": LiveQuoteFields.None_,
            "PnlFields": LiveQuoteFields.None_,
        },
        {
            "GreekFields": LiveQuoteFields.None_,
            "IncludePosition": LiveDataInclude.Greeks,
            "IncludeLegs": LiveDataInclude.None_,
            "IncludeLegGroups": LiveDataInclude.None_,
        },
    ],
)
async def test_flags_that_ask_for_nothing_are_refused(live: Running, changes: dict[str, object]) -> None:
    error = await refused(live.streams.position(live.user, position_args(**changes)))
    assert error.status is StatusCode.ValidationError
    assert "nothing is asked for" in error.message


async def test_a_contract_asked_for_its_pnl_only_is_refused(live: Running) -> None:
    args = models.StreamContractDataArgs(Contract=live_contract(), Include=LiveDataInclude.PnL, Provider=IBKR)
    assert (await refused(live.streams.contract(live.user, args))).status is StatusCode.ValidationError


async def test_a_provider_that_the_server_does_not_have_is_unavailable_and_named(live: Running) -> None:
    error = await refused(live.streams.position(live.user, position_args(Provider=models.DataProviderType.TastyTrade)))
    assert error.status is StatusCode.ProviderUnavailable
    assert error.error is not None
    assert error.error.Provider == "TastyTrade"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Strike": Decimal(5111)}, StatusCode.NotFound),
        ({"Root": "XSP"}, StatusCode.NotFound),
        ({"Strike": None}, StatusCode.ValidationError),
        ({"Strike": Decimal("NaN")}, StatusCode.ValidationError),
        ({"Expiration": None}, StatusCode.ValidationError),
        ({"OptionType": None}, StatusCode.ValidationError),
        ({"ContractType": models.MesoContractType.Futures}, StatusCode.ValidationError),
        (
            {"Underlying": models.LiveUnderlying(Symbol="RUT", ContractType=SPX.ContractType, Currency="USD")},
            StatusCode.NotFound,
        ),
    ],
)
async def test_a_contract_that_is_not_there_or_incomplete_is_refused(
    live: Running, changes: dict[str, object], status: StatusCode
) -> None:
    args = models.StreamContractDataArgs(Contract=live_contract(changes=changes), Provider=IBKR)
    assert (await refused(live.streams.contract(live.user, args))).status is status


@pytest.mark.parametrize("ratio", ["0", "NaN", "Infinity"])
async def test_a_senseless_ratio_of_a_combo_is_refused_by_its_path(live: Running, ratio: str) -> None:
    combo = [
        models.ComboLeg(Contract=live_contract(), Ratio=Decimal(1)),
        models.ComboLeg(Contract=live_contract(), Ratio=Decimal(ratio)),
    ]
    error = await refused(
        live.streams.combo(live.user, models.StreamComboContractsDataArgs(Combo=combo, Provider=IBKR))
    )
    assert error.status is StatusCode.ValidationError
    assert error.error is not None
    assert list(error.error.ValidationErrors or {}) == ["Combo[1].Ratio"]


async def test_an_empty_combo_is_refused(live: Running) -> None:
    args = models.StreamComboContractsDataArgs(Combo=[], Provider=IBKR)
    assert (await refused(live.streams.combo(live.user, args))).status is StatusCode.ValidationError


async def test_an_unknown_underlying_is_not_found(live: Running) -> None:
    unknown = models.LiveUnderlying(Symbol="RUT", ContractType=models.MesoContractType.Index, Currency="USD")
    args = models.StreamUnderlyingDataArgs(Underlying=unknown, Provider=IBKR)
    assert (await refused(live.streams.underlying(live.user, args))).status is StatusCode.NotFound


async def test_the_number_of_different_streams_is_bounded() -> None:
    async with running(strangle(), max_channels=2) as live:
        for number in (1, 2):
            await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=number)))
        error = await refused(live.streams.position(live.user, position_args()))
        assert error.status is StatusCode.RateLimited
        again = await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=1)))
        assert len(again.items) == 1
