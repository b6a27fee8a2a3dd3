"""Every problem of a definition at once, with its path, what was expected and what stands there."""

from __future__ import annotations

from typing import Any

import pytest

from mesolive.language import (
    DefinitionError,
    parse_definition,
)
from mesolive_testkit.language.definitions import full, problems, warnings
from mesolive_testkit.language.strategies import definition, leg

GONE = object()
A = "Adjustment/ConditionalAdjustments"


def changed(place: str, new: object) -> dict[str, str]:
    """Return the errors of the full definition with one place changed; `+` at the end of a place appends to a list."""
    raw = full()
    *parents, last = place.split("/")
    target: Any = raw
    for part in parents:
        target = target[int(part) if part.isdigit() else part]
    if last == "+":
        target.append(new)
    elif new is GONE:
        del target[last]
    else:
        target[last] = new
    return problems(raw)


@pytest.mark.parametrize(
    ("place", "new", "path", "said"),
    [
        ("Symbol", GONE, "Symbol", "is missing; expected a text"),
        ("Symbol", ["SPX"], "Symbol", "is not a text; expected a text; found a list"),
        ("Structure/Legs", GONE, "Structure.Legs", "is missing"),
        ("Structure/Expirations", [], "Structure.Expirations", "has 0 entries; expected 1 to 20"),
        ("Structure/Legs/0/Qty", GONE, "Structure.Legs[0].Qty", "is missing; expected an expression"),
        ("Structure/Legs/0/Qty", " ", "Structure.Legs[0].Qty", "is empty"),
        ("Structure/Legs/0/OptionType", "Both", "Structure.Legs[0].OptionType", 'expected Call or Put; found "Both"'),
        (
            "Structure/Legs/1/StrikeSelector",
            {"Delta": 5, "MidPrice": 3},
            "Structure.Legs[1].StrikeSelector",
            "needs exactly one selector",
        ),
        ("Structure/Legs/1/StrikeSelector", {"Min": 5}, "Structure.Legs[1].StrikeSelector", "needs exactly one"),
        (
            "Structure/Legs/1/ExpirationName",
            "farr",
            "Structure.Legs[1].ExpirationName",
            "there is no expiration 'farr'; did you mean 'far'?",
        ),
        ("Structure/Legs/1/Name", "s", "Structure.Legs[1].Name", "'s' is taken"),
        ("Structure/Expirations/1/Name", "near", "Structure.Expirations[1].Name", "'near' is taken"),
        ("Entry/Schedule/AfterMarketOpenMinutes", 5, "Entry.Schedule", "exactly one of AfterMarketOpenMinutes"),
        ("Exit/Schedule/AfterMarketOpenMinutes", GONE, "Exit.Schedule", "exactly one of AfterMarketOpenMinutes"),
        (
            "Exit/Schedule/AfterMarketOpenMinutes",
            "soon",
            "Exit.Schedule.AfterMarketOpenMinutes",
            'a whole number, 0 to 1,440; found "soon"',
        ),
        ("Adjustment/Schedule/Every", "hourly", "Adjustment.Schedule.Every", "expected day, 5min, or weekdays"),
        ("Entry/ReentryDays", 1.5, "Entry.ReentryDays", "a whole number"),
        ("Entry/ReentryDays", -1, "Entry.ReentryDays", "a whole number"),
        ("Entry/Conditions", "true", "Entry.Conditions", "is not a list"),
        ("Entry/Conditions/+", "", "Entry.Conditions[2]", "is empty"),
        ("Entry/Conditions/+", {}, "Entry.Conditions[2]", "found an object"),
        ("Entry/VarDefines/2x", 1, "Entry.VarDefines.2x", "is not a variable's name"),
        ("Entry/VarDefines/nav", 1, "Entry.VarDefines.nav", "language's own"),
        ("Entry/VarDefines/stop_loss", 1, "Entry.VarDefines.stop_loss", "language's own"),
        ("Entry/VarDefines/leg_a_iv", 1, "Entry.VarDefines.leg_a_iv", "language's own"),
        ("Entry/VarDefines/max", 1, "Entry.VarDefines.max", "word of the language"),
        ("Entry/VarDefines/and", 1, "Entry.VarDefines.and", "word of the language"),
        (
            "Settings/Core/LegSelectionConstraint",
            "Any",
            "Settings.Core.LegSelectionConstraint",
            "FullyUnique or UniqueInPosition or None",
        ),
        ("StrategyName", "x" * 129, "StrategyName", "129 characters long; expected at most 128"),
    ],
)
def test_a_fault_is_told_with_its_path(place: str, new: object, path: str, said: str) -> None:
    found = changed(place, new)
    assert path in found, found
    assert said in found[path]


def test_a_misspelt_field_whose_right_name_is_not_set_is_an_error() -> None:
    found = problems(definition(Exit={"ProfitTraget": "5"}))
    assert "did you mean 'ProfitTarget'?" in found["Exit.ProfitTraget"]


@pytest.mark.parametrize(
    ("place", "new", "path", "said"),
    [
        (
            "Entry/Conditions/+",
            "undrlying_price > 5",
            "Entry.Conditions[2]",
            "there is no variable 'undrlying_price'; did you mean 'underlying_price'?",
        ),
        (
            "Structure/Legs/0/StrikeSelector/StrikePrice",
            "leg_l_strike",
            "Structure.Legs[0].StrikeSelector.StrikePrice",
            "leg 'l' has not been selected yet",
        ),
        (
            "Structure/Legs/0/StrikeSelector/StrikePrice",
            "leg_s_strike",
            "Structure.Legs[0].StrikeSelector.StrikePrice",
            "leg 's' has not been selected yet",
        ),
        (
            "Structure/Legs/2/StrikeSelector/Complex/Target",
            "leg_h_price",
            "Structure.Legs[2].StrikeSelector.Complex.Target",
            "leg 'h' has not been selected yet",
        ),
        (
            "Structure/Expirations/0/DTE",
            "expiration_far_dte",
            "Structure.Expirations[0].DTE",
            "expiration 'far' has not been chosen yet",
        ),
        ("Entry/VarDefines/best", "twice", "Entry.VarDefines.best", "'twice' cannot be read here"),
        ("Entry/QtyMultiplier", "best", "Entry.QtyMultiplier", "'best' cannot be read here"),
        ("Exit/ProfitTarget", "stop_loss / 2", "Exit.ProfitTarget", "fixed when the position is entered"),
        (
            "Exit/Conditions/+",
            "expiration_near_max > 5",
            "Exit.Conditions[1]",
            "only while expirations and legs are being selected",
        ),
        ("Exit/Conditions/+", "math.abs(-1) > 0", "Exit.Conditions[1]", "did you mean 'abs'?"),
        ("Exit/Conditions/+", "maxx(1, 2)", "Exit.Conditions[1]", "did you mean 'max'?"),
        ("Exit/Conditions/+", "nav(1)", "Exit.Conditions[1]", "is a value, not a function"),
        ("Exit/Conditions/+", "max > 1", "Exit.Conditions[1]", "is a function: write max(…)"),
        ("Exit/Conditions/+", "abs(1, 2)", "Exit.Conditions[1]", "takes 1 arguments, not 2"),
        ("Exit/Conditions/+", "'text'", "Exit.Conditions[1]", "a quoted word is no value"),
        ("Exit/Conditions/+", "options.model(leg_q, 0, 5, pnl)", "Exit.Conditions[1]", "not leg_q"),
        ("Exit/Conditions/+", "options.model(position, 0, 5, pln)", "Exit.Conditions[1]", "did you mean 'pnl'?"),
        ("Exit/Conditions/+", "timing.calendar_days_in(week)", "Exit.Conditions[1]", "one of month, year"),
        (
            f"{A}/pos_dleta > 1",
            {"UpdateVarsAdjustment": {"VarDefines": {"z": 1}}},
            'Adjustment.ConditionalAdjustments["pos_dleta > 1"]',
            "did you mean 'pos_delta'?",
        ),
        (
            f"{A}/pos_delta > 6 -- A/MoveLegAdjustment/LegName",
            "q",
            'Adjustment.ConditionalAdjustments["pos_delta > 6 -- A"].MoveLegAdjustment.LegName',
            "there is no leg 'q'",
        ),
        (
            f"{A}/pos_delta > 6 -- A/MoveLegAdjustment/ExpirationName",
            "nxt",
            'Adjustment.ConditionalAdjustments["pos_delta > 6 -- A"].MoveLegAdjustment.ExpirationName',
            "did you mean 'next'?",
        ),
        (f"{A}/pos_delta > 9", {}, 'Adjustment.ConditionalAdjustments["pos_delta > 9"]', "says nothing to do"),
    ],
)
def test_every_name_is_checked_at_its_place(place: str, new: object, path: str, said: str) -> None:
    found = changed(place, new)
    assert path in found, found
    assert said in found[path]


def test_all_problems_are_told_at_once() -> None:
    raw = full()
    raw["Structure"]["Legs"][0]["OptionType"] = 7
    raw["Structure"]["Legs"][1]["Qty"] = "leg_l_prise"
    raw["Entry"]["Conditions"] = ["a != b"]
    raw["Exit"]["StopLoss"] = "profit_targt"
    del raw["Symbol"]
    with pytest.raises(DefinitionError) as caught:
        parse_definition(raw)
    paths = [problem.path for problem in caught.value.problems]
    assert set(paths) == {
        "Symbol",
        "Structure.Legs[0].OptionType",
        "Structure.Legs[1].Qty",
        "Entry.Conditions[0]",
        "Exit.StopLoss",
    }
    assert "and 2 more" in str(caught.value)


def test_what_a_live_run_ignores_is_a_warning() -> None:
    found = warnings(full())
    for path in (
        "Backtest",
        "Structure.Name",
        "Exit.VarDefines",
        "Settings.Sim",
        "Settings.Core.LegSelectionConstraint",
    ):
        assert "not used by a live run" in found[path]


def test_odd_but_usable_things_are_warnings() -> None:
    raw = definition(
        [leg("short put"), leg("g", Gamma=5)],
        Entry={"Schedule": {"AfterMarketOpenMinutes": 33}, "Conditions": ["leg_g_delta > 1"], "QtyMultiplier": " "},
        Exit={"StopLoss": -200, "ProfitTarget": 0},
        Comment="mine",
    )
    found = warnings(raw)
    assert "is rounded to 35" in found["Entry.Schedule.AfterMarketOpenMinutes"]
    assert "no entry signal" in found["Entry.Conditions[0]"]
    assert "absolute value" in found["Exit.StopLoss"]
    assert "closed at once" in found["Exit.ProfitTarget"]
    assert "no field of this name" in found["Comment"]
    assert "an extension" in found["Structure.Legs[1].StrikeSelector.Gamma"]
    assert "counts as not set" in found["Entry.QtyMultiplier"]
    assert "no statement can read it" in found["Structure.Legs[0].Name"]


def test_external_data_brings_names_but_a_near_miss_is_a_warning() -> None:
    raw = definition(
        Entry={"Conditions": ["my_signal == 1", "undrlying_price > 5"]},
        ExternalData={"CsvUrl": "https://gist.githubusercontent.com/u/1/raw/a.csv"},
    )
    found = warnings(raw)
    assert "'undrlying_price' is read as a column" in found["Entry.Conditions[1]"]
    raw["Entry"]["Conditions"] = ["leg_q_price > 1"]
    assert "Entry.Conditions[0]" in problems(raw)


def test_one_leg_may_be_closed_in_one_way_only() -> None:
    both = {"RemoveLegsAdjustment": {"LegNames": ["a"]}, "RemoveLegAdjustment": {"LegName": "a"}}
    found = problems(definition(Adjustment={"ConditionalAdjustments": {"true": both}}))
    assert "older form" in found['Adjustment.ConditionalAdjustments["true"]']
