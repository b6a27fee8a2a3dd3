"""What is read of a definition: every field, however it is written."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from mesolive.language import (
    compile_strategy,
    parse_definition,
)
from mesolive.language.decision import Constraint, Operation
from mesolive.language.definition import ExpirationConstraint, SelectorKind
from mesolive.market.contracts import Right
from mesolive.pricing.margin import MarginModel, MarginRules
from mesolive.pricing.margin_regt import RegTMode
from mesolive_testkit.language.definitions import full, problems, warnings
from mesolive_testkit.language.strategies import definition, expiration, leg


def test_every_field_of_version_3_is_read() -> None:
    parsed = parse_definition(full())
    assert (parsed.name, parsed.symbol, parsed.version) == ("Everything", "SPX", "3.1.0")
    near, far = parsed.expirations
    assert (near.dte.text, near.include, near.exclude) == ("21", ("SPXW", "SPX"), ())
    assert (near.minimum and near.minimum.text, near.maximum and near.maximum.text) == ("14", "28")
    assert far.dte.text == "expiration_near_dte + 21"
    short, long, hedge = parsed.legs
    assert (short.right, short.selector.kind) == (Right.CALL, SelectorKind.STRIKE_PRICE)
    assert (long.right, long.qty.text, long.group and long.group.text) == (Right.CALL, "1.0", "1")
    assert hedge.selector.kind is SelectorKind.COMPLEX
    schedule = parsed.entry.schedule
    assert schedule is not None
    assert (schedule.after_open, schedule.before_close, schedule.every) == (None, 45, (1, 3, 5))
    assert [condition.text for condition in parsed.entry.conditions] == ["underlying_iv_rank < 70", "true"]
    assert [name for name, _ in parsed.entry.variables] == ["best", "twice"]
    assert (parsed.entry.reentry_days, parsed.entry.max_positions, parsed.entry.shift_days) == (2, 3, 7)
    assert parsed.adjustment.max_count == 4
    assert parsed.exit.max_days_in_trade is not None
    assert parsed.leg_constraint is Constraint.UNIQUE_IN_POSITION
    assert parsed.expiration_constraint is ExpirationConstraint.ABORT_ON_REUSE
    compile_strategy(parsed)


def test_d7_adjustments_are_sorted_by_their_full_text() -> None:
    adjustments = parse_definition(full()).adjustment.adjustments
    texts = [adjustment.condition.text for adjustment in adjustments]
    assert texts == ["pos_delta < -6 -- B", "pos_delta > 6 -- A", "pos_pnl > best"]
    assert adjustments[0].operations == (Operation.REMOVE_LEGS, Operation.ADD_LEGS)


def test_json_text_bytes_and_values_give_the_same_definition() -> None:
    raw = definition(Entry={"QtyMultiplier": 1})
    text = json.dumps(raw)
    parsed = [parse_definition(form) for form in (raw, text, text.encode(), b"\xef\xbb\xbf" + text.encode())]
    assert all(other == parsed[0] for other in parsed)


def test_section_b_scalars_may_be_texts_or_numbers() -> None:
    as_text = parse_definition(definition([leg("a", "-1", Delta="20")], [expiration(dte="30", Min="20.0")]))
    as_number = parse_definition(definition([leg("a", -1, Delta=20)], [expiration(dte=30, Min=Decimal("20.0"))]))
    assert as_text == as_number


def test_section_b_null_means_unset_everywhere() -> None:
    raw = full()
    for section in ("Entry", "Exit", "Adjustment", "Settings", "ExternalData", "Backtest", "Description"):
        raw[section] = None
    raw["Structure"]["Expirations"][0].update(Min=None, Max=None, Roots=None)
    parsed = parse_definition(raw)
    assert parsed.entry.conditions == ()
    assert parsed.expirations[0].include is None
    inner = parse_definition(
        definition(Entry={"Schedule": None, "Conditions": [None], "VarDefines": {"x": None}, "QtyMultiplier": None})
    )
    assert inner.entry.variables == ()


def test_comments_ride_inside_expressions() -> None:
    raw = definition([leg("a", "-1 -- short", Delta="20 --[[ a fifth ]]")], Exit={"StopLoss": "-- twice\n200"})
    compile_strategy(parse_definition(raw))


def test_empty_texts_of_optional_fields_count_as_not_set() -> None:
    raw = definition(
        Entry={
            "ReentryDays": "",
            "Schedule": {"AfterMarketOpenMinutes": 30, "BeforeMarketCloseMinutes": " ", "Every": ""},
            "Concurrency": {"MaxPositionsInFlight": 1},
        },
        ExternalData={"CsvUrl": ""},
    )
    assert len(warnings(raw)) == 4
    parsed = parse_definition(raw)
    assert (parsed.csv_url, parsed.entry.reentry_days) == (None, None)
    assert parsed.entry.schedule is not None
    assert parsed.entry.schedule.every == "day"


MARGIN = {
    "Model": "pmlike",
    "HouseMultiplier": "1.25",
    "RegTMode": "CBOEPermissive",
    "PMConfig": {"LowerBoundPct": "12", "UpperBoundPct": 8.5},
}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        ({"Model": "None", "HouseMultiplier": 2}, None),
        ({}, MarginRules()),
        ({"Model": "RegT", "HouseMultiplier": None, "PMConfig": None}, MarginRules()),
        (
            MARGIN,
            MarginRules(
                MarginModel.PM_LIKE, Decimal("1.25"), RegTMode.PERMISSIVE, lower=Decimal("0.12"), upper=Decimal("0.085")
            ),
        ),
    ],
)
def test_how_margin_is_calculated_is_read(given: dict[str, Any] | None, read: MarginRules | None) -> None:
    assert parse_definition(definition(Settings={"Core": {"Margin": given}})).margin == read


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"Model": "SPAN"}, "Model"),
        ({"HouseMultiplier": 0}, "HouseMultiplier"),
        ({"HouseMultiplier": "NaN"}, "HouseMultiplier"),
        ({"RegTMode": "Cboe"}, "RegTMode"),
        ({"PMConfig": {"LowerBoundPct": 100}}, "PMConfig.LowerBoundPct"),
        ({"PMConfig": {"UpperBoundPct": -1}}, "PMConfig.UpperBoundPct"),
    ],
)
def test_margin_that_cannot_be_calculated_is_an_error(change: dict[str, Any], path: str) -> None:
    raw = definition(Settings={"Core": {"Margin": MARGIN | change}})
    assert list(problems(raw)) == [f"Settings.Core.Margin.{path}"]
