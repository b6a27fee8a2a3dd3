"""Section D.1, rule by rule: which expiration is selected."""

from __future__ import annotations

from typing import Any

import pytest

from mesolive.language.decision import SelectionError
from mesolive_testkit.language.market import TODAY, PlainView, generated
from mesolive_testkit.language.strategies import (
    definition,
    expiration,
    leg,
    select,
)


def chosen(rule: dict[str, Any], view: PlainView | None = None, symbol: str = "SPX") -> tuple[str, int]:
    """Return root and days of the expiration that a rule chooses."""
    raw = definition([leg("a", StrikePrice="underlying_price")], [rule])
    raw["Symbol"] = symbol
    selection = select(raw, view).expirations["e"]
    return selection.root, (selection.day - TODAY).days


@pytest.mark.parametrize(
    ("dte", "days"), [(0, 0), (3, 0), (4, 7), (7, 7), (18, 7), (19, 30), (45, 30), (46, 61), (999, 61), ("7 * 2", 7)]
)
def test_d1_3_the_nearest_expiration_is_taken_not_the_next(dte: object, days: int) -> None:
    assert chosen(expiration(dte=dte))[1] == days


def test_decision_9_of_two_equally_near_expirations_the_earlier_is_taken() -> None:
    view = generated([("SPXW", 10), ("SPXW", 20)])
    assert chosen(expiration(dte=15), view) == ("SPXW", 10)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ({"dte": 40, "Min": 31}, 61),
        ({"dte": 40, "Max": 29}, 7),
        ({"dte": 0, "Min": 0, "Max": 0}, 0),
        ({"dte": 20, "Min": "7", "Max": "7 + 0"}, 7),
    ],
)
def test_d1_2_min_and_max_are_bounds_that_are_included(rule: dict[str, Any], days: int) -> None:
    assert chosen(expiration(**rule))[1] == days


@pytest.mark.parametrize(
    ("roots", "root"),
    [
        (None, "SPXW"),
        ({"Include": ["SPX"]}, "SPX"),
        ({"Include": ["SPX", "SPXW"]}, "SPX"),
        ({"Include": ["SPXW", "SPX"]}, "SPXW"),
        ({"Include": []}, "SPXW"),
        ({"Exclude": ["SPXW"]}, "SPX"),
        ({"Include": ["spx"]}, "SPX"),
    ],
)
def test_d1_4_roots_filter_and_give_the_preference_on_one_day(roots: object, root: str) -> None:
    assert chosen(expiration(dte=30, Roots=roots)) == (root, 30)


def test_d1_4_preference_of_roots_counts_only_among_equally_near_days() -> None:
    assert chosen(expiration(dte=7, Roots={"Include": ["SPX", "SPXW"]})) == ("SPXW", 7)


@pytest.mark.parametrize(
    ("symbol", "roots", "root"),
    [
        ("SPX", ("SPXQ", "SPX", "SPXW"), "SPXW"),
        ("BTCUSD", ("BTCQ", "BTCM", "BTCW", "BTCD"), "BTCD"),
        ("ETHUSD", ("ETHQ", "ETHM", "ETHW"), "ETHW"),
        ("GLD", ("GLDZ", "GLD"), "GLD"),
    ],
)
def test_d1_4_without_include_each_underlying_has_its_default_order(
    symbol: str, roots: tuple[str, ...], root: str
) -> None:
    view = generated([(name, 30) for name in roots], symbol=symbol)
    assert chosen(expiration(dte=30), view, symbol)[0] == root


def test_d1_1_a_later_expiration_may_read_the_one_before() -> None:
    raw = definition(
        [leg("a", StrikePrice="underlying_price", expiration="far")],
        [expiration("near", 7), expiration("far", "expiration_near_dte + 20", Min="expiration_near_min + 1")],
    )
    raw["Structure"]["Expirations"][0]["Min"] = 5
    assert (select(raw).expirations["far"].day - TODAY).days == 30


def test_d1_5_no_expiration_left_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(SelectionError, match=r"expiration 'e'.*nearest is SPXW 2023-09-20.*below Min 8") as caught:
        select(definition(expirations=[expiration(dte=10, Min=8, Max=12)]))
    assert caught.value.what == "expiration 'e'"


@pytest.mark.parametrize("rule", [None, "AllowReuse"])
def test_d1_6_two_aliases_may_meet(rule: str | None) -> None:
    raw = definition(
        [leg("a", StrikePrice="4400", expiration="e"), leg("b", StrikePrice="4300", expiration="f")],
        [expiration("e", 30), expiration("f", 31)],
        Settings={"Core": {"ExpirationSelectionConstraint": rule}},
    )
    selection = select(raw).expirations
    assert selection["e"] == selection["f"]


def test_d1_6_abort_on_reuse_refuses_two_aliases_on_one_expiration() -> None:
    raw = definition(
        [leg("a", StrikePrice="4400", expiration="e")],
        [expiration("e", 30), expiration("f", 31)],
        Settings={"Core": {"ExpirationSelectionConstraint": "AbortOnReuse"}},
    )
    with pytest.raises(SelectionError, match=r"expiration 'f'.*that of 'e' already"):
        select(raw)


def test_the_trace_of_an_expiration_names_nearer_ones_that_were_refused() -> None:
    raw = definition(expirations=[expiration(dte=29, Min=31)])
    trace = select(raw).traces[0]
    assert (trace.target, trace.value, trace.candidates) == (29.0, 61.0, 5)
    assert [name for name, _ in trace.passed_over] == [
        "SPX 2023-10-13 (30 days)",
        "SPXW 2023-10-13 (30 days)",
        "SPXW 2023-09-20 (7 days)",
        "SPXW 2023-09-13 (0 days)",
    ]
    assert trace.passed_over[0][1] == "below Min 31"


def test_an_expiration_that_settled_this_morning_is_not_offered() -> None:
    view = generated([("SPX", 0), ("SPXW", 0), ("SPXW", 7)])
    assert chosen(expiration(dte=0, Roots={"Include": ["SPX", "SPXW"]}), view) == ("SPXW", 0)
