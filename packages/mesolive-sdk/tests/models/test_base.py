"""Enums, flag sets and times, as values of Python."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mesolive_sdk.models import (
    LiveContract,
    LiveDataInclude,
    LiveLegSelectionConstraint,
    LivePrices,
    LiveQuoteFields,
    LiveUnderlying,
    MesoContractType,
    OrderState,
    PaperLegFill,
    PreparationStatus,
)

NEW_YORK_WINTER = timezone(timedelta(hours=-5))


@pytest.mark.parametrize(
    ("given", "member"),
    [
        ("Filled", OrderState.Filled),
        ("filled", OrderState.Filled),
        ("FILLED", OrderState.Filled),
        (0, OrderState.PendingSubmit),
        (3, OrderState.Filled),
    ],
)
def test_an_enum_takes_a_name_in_any_case_and_the_integer_value(given: object, member: OrderState) -> None:
    assert OrderState(given) is member


@pytest.mark.parametrize("given", ["Fillled", "", 9, -1, None, True, 1.0])
def test_an_enum_refuses_what_is_no_member(given: object) -> None:
    with pytest.raises(ValueError, match="is not a valid OrderState"):
        OrderState(given)


def test_the_member_named_none_is_spelt_with_an_underscore() -> None:
    assert LiveLegSelectionConstraint.None_ == "None"
    assert LiveLegSelectionConstraint("none") is LiveLegSelectionConstraint.None_


def test_only_states_that_do_not_change_any_more_are_final() -> None:
    final = {"Filled", "Cancelled", "Rejected", "Expired", "Replaced"}
    assert {state for state in OrderState if state.is_final} == final
    assert {state for state in PreparationStatus if state.is_final} == {"Completed", "Failed", "Cancelled"}


def test_flags_are_combined_and_asked_like_sets() -> None:
    both = LiveQuoteFields.Bid | LiveQuoteFields.Ask
    assert LiveQuoteFields.Bid in both
    assert LiveQuoteFields.Mark not in both
    assert both & LiveQuoteFields.Ask == LiveQuoteFields.Ask
    assert both ^ LiveQuoteFields.Ask == LiveQuoteFields.Bid
    assert ~both == LiveQuoteFields.Last | LiveQuoteFields.Mark
    assert list(both) == [LiveQuoteFields.Bid, LiveQuoteFields.Ask]
    assert not LiveQuoteFields.None_
    assert both in LiveQuoteFields.All
    assert len({both, LiveQuoteFields(3)}) == 1
    assert repr(both) == "<LiveQuoteFields Bid, Ask>"


def test_a_class_of_flags_is_iterated_and_asked_like_an_enum_flag() -> None:
    standard = enum.Flag("standard", ["Bid", "Ask", "Last", "Mark"])
    assert [flag.name for flag in LiveQuoteFields] == [flag.name for flag in standard]
    assert [flag.value for flag in LiveQuoteFields] == [flag.value for flag in standard]
    assert len(LiveQuoteFields) == len(standard)
    assert list(LiveQuoteFields.__members__) == ["Bid", "Ask", "Last", "Mark", "All", "None_"]
    assert LiveQuoteFields["Bid"] == LiveQuoteFields.Bid
    assert LiveQuoteFields.Bid in LiveQuoteFields
    assert LiveDataInclude.Prices not in LiveQuoteFields
    assert (LiveQuoteFields.Bid | LiveQuoteFields.Mark).name == "Bid|Mark"
    assert len(LiveQuoteFields.Bid | LiveQuoteFields.Mark) == 2
    with pytest.raises(KeyError):
        LiveQuoteFields["Nothing"]


def test_flags_of_two_sets_cannot_be_mixed() -> None:
    with pytest.raises(TypeError, match="cannot be combined"):
        LiveQuoteFields.Bid | LiveDataInclude.Prices  # type: ignore[operator] # the mistake that is tested
    assert LiveQuoteFields(1) != LiveDataInclude(1)


def test_a_flag_set_refuses_an_unknown_bit() -> None:
    with pytest.raises(ValueError, match="from 0 to 15, got 16"):
        LiveQuoteFields(16)


def test_a_time_is_stored_in_utc() -> None:
    fill = PaperLegFill(Price=1, FilledAt=datetime(2024, 1, 5, 9, 30, tzinfo=NEW_YORK_WINTER))  # type: ignore[arg-type] # an int is a Decimal here
    assert fill.FilledAt is not None
    assert fill.FilledAt.isoformat() == "2024-01-05T14:30:00+00:00"


def test_immutable_values_keep_their_times_in_utc_too() -> None:
    local = datetime(2024, 1, 5, 9, 30, tzinfo=NEW_YORK_WINTER)
    underlying = LiveUnderlying(Symbol="SPX", ContractType=MesoContractType.Index, Currency="USD")
    contract = LiveContract(ContractType=MesoContractType.Options, Underlying=underlying, Expiration=local)
    assert contract.Expiration is not None
    assert contract.Expiration.tzinfo is UTC
    assert LivePrices(SnapshotTime=local) == LivePrices(SnapshotTime=local.astimezone(UTC))
    assert (
        len({contract, LiveContract(ContractType=MesoContractType.Options, Underlying=underlying, Expiration=local)})
        == 1
    )


def test_a_time_that_has_no_year_in_utc_is_refused() -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        LivePrices(SnapshotTime=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        LivePrices(SnapshotTime=datetime(2024, 1, 5))  # noqa: DTZ001 - the mistake that is tested
    with pytest.raises(ValueError, match="naive"):
        PaperLegFill(Price=1, FilledAt=datetime(2024, 1, 5))  # type: ignore[arg-type] # as above  # noqa: DTZ001
