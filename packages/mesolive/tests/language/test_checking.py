"""Every problem of a definition at once, with its path, what was expected and what stands there."""

from __future__ import annotations

from typing import Any

import pytest

from mesolive.language import (
    DefinitionError,
    advice,
    check_definition,
    parse_definition,
)
from mesolive.trading.evaluation import fetch_rules
from mesolive_testkit.language.definitions import full, problems, warnings
from mesolive_testkit.language.strategies import Json, definition, expiration, leg

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
    ("place", "new", "path", "message"),
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
def test_a_problem_names_its_path(place: str, new: object, path: str, message: str) -> None:
    result = changed(place, new)
    assert path in result, result
    assert message in result[path]


def test_a_misspelt_field_whose_right_name_is_not_set_is_an_error() -> None:
    result = problems(definition(Exit={"ProfitTraget": "5"}))
    assert "did you mean 'ProfitTarget'?" in result["Exit.ProfitTraget"]


@pytest.mark.parametrize(
    ("place", "new", "path", "message"),
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
        ("Exit/Conditions/+", "'text'", "Exit.Conditions[1]", "a quoted word is not a value"),
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
def test_every_name_is_checked_at_its_place(place: str, new: object, path: str, message: str) -> None:
    result = changed(place, new)
    assert path in result, result
    assert message in result[path]


def test_all_problems_are_reported_at_once() -> None:
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
    result = warnings(full())
    for path in (
        "Backtest",
        "Structure.Name",
        "Exit.VarDefines",
        "Settings.Sim",
    ):
        assert "not used by a live run" in result[path]


@pytest.mark.parametrize("constraint", ["FullyUnique", "UniqueInPosition", "None"])
def test_the_constraint_on_contracts_in_use_is_stated_in_both_versions(constraint: str) -> None:
    settings = {"LegSelectionConstraint": constraint}
    third = warnings(definition(Settings={"Core": settings}))["Settings.Core.LegSelectionConstraint"]
    second = warnings(definition(SimSettings=settings))["Settings.Core.LegSelectionConstraint"]
    assert f": {constraint} is used" in third
    assert second == third
    assert parse_definition(definition(SimSettings=settings)).leg_constraint.value == constraint


def advised(path: str, raw: Json) -> str:
    """Return the warning at a path of a definition, which has no error."""
    assert check_definition(raw).problems == ()
    return warnings(raw).get(path, "")


def selecting(**selector: Any) -> Json:
    return definition([leg("a", **selector)])


STRIKE = "Structure.Legs[0].StrikeSelector"
LIMITED = {"Concurrency": {"MaxPositionsInFlight": 1}}


@pytest.mark.parametrize(
    ("path", "raw", "meant"),
    [
        (f"{STRIKE}.Delta", selecting(Delta="0.30"), "did you mean 30?"),
        (f"{STRIKE}.Delta", selecting(Delta=-0.16), "did you mean -16?"),
        (f"{STRIKE}.Delta", selecting(Delta="0"), "did you mean 10, or Qty 0"),
        (f"{STRIKE}.Delta", selecting(Delta="150"), "did you mean 15, or StrikePrice?"),
        (f"{STRIKE}.Max", selecting(Delta="16", Max="0.2"), "did you mean 20?"),
        (f"{STRIKE}.Min", selecting(Delta="16", Min="20", Max="10"), "exchanged?"),
        (f"{STRIKE}.MidPrice", selecting(MidPrice="-2.5"), "did you mean 2.5?"),
        (f"{STRIKE}.StrikePrice", selecting(StrikePrice="-50"), "did you mean underlying_price + …?"),
        ("Structure.Legs[0].Qty", definition([leg("a", "-0.5")]), "did you mean -1?"),
        ("Structure.Legs[0].Qty", definition([leg("a", "3 / 2")]), "did you mean 2?"),
        ("Structure.Legs[0].Qty", definition([leg("a", 0)]), "did you mean 1 or -1?"),
        ("Structure.Expirations[0].DTE", definition(expirations=[expiration(dte=-30)]), "did you mean 30?"),
        (
            "Structure.Expirations[0].DTE",
            definition(expirations=[expiration(dte=30, Max=20)]),
            "outside of Min and Max",
        ),
        ("Structure.Expirations[0].Min", definition(expirations=[expiration(Min=40, Max=20)]), "exchanged?"),
        ("Symbol", definition() | {"Symbol": "spx"}, "did you mean 'SPX'?"),
        ("Entry.Concurrency", definition(), "one position at a time"),
        (
            "Entry.Concurrency.MaxPositionsInFlight",
            definition(Entry={"Concurrency": {"MaxPositionsInFlight": 0}}),
            "did you mean 1?",
        ),
        ("Entry.QtyMultiplier", definition(Entry={"QtyMultiplier": "0"}), "did you mean 1?"),
        ("Entry.QtyMultiplier", definition(Entry={"QtyMultiplier": 1.5}), "floor(…)"),
        ("Entry.Conditions[0]", definition(Entry={"Conditions": ["false"]}), "never allows an entry"),
        ("Entry.AbortConditions[0]", definition(Entry={"AbortConditions": ["1"]}), "refuses every entry"),
        ("Exit.Conditions[0]", definition(Exit={"Conditions": [True]}), "closed at its first scheduled time"),
        ("Exit.StopLoss", definition(Exit={"StopLoss": "-500"}), "did you mean 500?"),
        ("Exit.StopLoss", definition(Exit={"StopLoss": 0}), "leave it out"),
        ("Exit.ProfitTarget", definition(Exit={"ProfitTarget": "-5"}), "closed at once"),
        ("Exit.MaxDaysInTrade", definition(Exit={"MaxDaysInTrade": 0}), "leave it out"),
        (
            "ExternalData.CsvUrl",
            definition(ExternalData={"CsvUrl": "http://gist.githubusercontent.com/u/1/raw/a.csv"}),
            "did you mean https://?",
        ),
        ("ExternalData.CsvUrl", definition(ExternalData={"CsvUrl": "signal.csv"}), "https://… is needed"),
        ("ExternalData.CsvUrl", definition(ExternalData={"CsvUrl": "https://example.com/a.csv"}), "operator allows"),
        ("Entry.Concurrency", definition(Entry={"Concurrency": {"EntryShiftDays": 7}}), "one position at a time"),
        ("Entry.Conditions[0]", definition(Entry={"Conditions": ["1 > 2"]}), "never allows an entry"),
        ("Entry.AbortConditions[0]", definition(Entry={"AbortConditions": ["1 == 1"]}), "refuses every entry"),
    ],
)
def test_a_valid_value_without_effect_is_a_warning_with_a_suggestion(path: str, raw: Json, meant: str) -> None:
    assert meant in advised(path, raw)


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("minutes_after_open == 121", "did you mean 120?"),
        ("not (32 == timing.minutes_before_close)", "did you mean 30?"),
        ("days_in_trade == 3", "did you mean int(days_in_trade)?"),
        ("pos_pnl > 5 and leg_a_dte == 21", "did you mean int(leg_a_dte)?"),
        ("timing.day_of_week == 6", "closed then"),
        ("underlying_iv > 20", "did you mean 0.2?"),
        ("leg_a_delta > 0.3 -- a hedge", "did you mean 30?"),
        ("0.25 < leg_a_iv", "did you mean 25?"),
    ],
)
def test_a_comparison_in_other_units_or_between_the_steps_is_a_warning(condition: str, meant: str) -> None:
    assert meant in advised("Exit.Conditions[0]", definition(Exit={"Conditions": [condition]}))


@pytest.mark.parametrize(
    "condition",
    [
        "minutes_after_open == 120",
        "int(days_in_trade) == 3",
        "days_in_trade >= 3",
        "expiration_e_dte == 21",
        "timing.day_of_week == 5",
        "underlying_iv > 0.2",
        "leg_a_delta > 30",
        "leg_a_gamma < 0.3",
        "pos_delta < 0.5",
    ],
)
def test_a_comparison_in_its_own_units_is_no_warning(condition: str) -> None:
    assert advised("Exit.Conditions[0]", definition(Exit={"Conditions": [condition]})) == ""


def test_a_warning_of_the_conversion_is_not_repeated() -> None:
    second = definition(Exit={"Conditions": ["days_in_trade == 3"]}) | {"MesoSimVersion": "2.11"}
    report = check_definition(second)
    message = [str(warning) for warning in report.warnings if warning.path == "Exit.Conditions[0]"]
    assert len(message) == 1, message
    assert "decimals now" in message[0]


def test_checking_and_fetching_know_the_same_hosts() -> None:
    assert fetch_rules.DOCUMENTED_HOSTS == advice.DOCUMENTED_HOSTS


@pytest.mark.parametrize("section", ["Entry", "Exit", "Adjustment"])
@pytest.mark.parametrize(
    ("field", "schedule", "meant"),
    [
        ("Every", {"AfterMarketOpenMinutes": 30, "Every": "sat,sun"}, "did you mean day?"),
        ("Every", {"AfterMarketOpenMinutes": 30, "Every": "fri,sat"}, "never come"),
        ("AfterMarketOpenMinutes", {"AfterMarketOpenMinutes": 390, "Every": "day"}, "never; did you mean 360"),
        ("AfterMarketOpenMinutes", {"AfterMarketOpenMinutes": 800, "Every": "5min"}, "never; did you mean 360"),
        ("BeforeMarketCloseMinutes", {"BeforeMarketCloseMinutes": 0, "Every": "day"}, "never; did you mean 5?"),
        ("BeforeMarketCloseMinutes", {"BeforeMarketCloseMinutes": 400, "Every": "day"}, "never; did you mean 30"),
    ],
)
def test_a_schedule_that_never_comes_is_a_warning(section: str, field: str, schedule: Json, meant: str) -> None:
    assert meant in advised(f"{section}.Schedule.{field}", definition() | {section: {"Schedule": schedule}})


@pytest.mark.parametrize(
    ("count", "stated"), [(0, "the first adjustment closes"), (1, "after one adjustment"), (4, "after 4 adjustments")]
)
def test_the_effect_of_max_adjustment_count_is_stated(count: int, stated: str) -> None:
    rules = {"ConditionalAdjustments": {"pos_pnl > 5": {"RemoveLegsAdjustment": {"LegNames": ["a"]}}}}
    raw = definition(Adjustment={**rules, "MaxAdjustmentCount": count})
    assert stated in advised("Adjustment.MaxAdjustmentCount", raw)


@pytest.mark.parametrize(
    "raw",
    [
        selecting(Delta="-30", Min="20", Max="40"),
        selecting(Delta="pos_delta"),
        definition([leg("a", "floor(nav / 50000)")]),
        definition([leg("a", "-0.5")]) | {"Symbol": "BTCUSD"},
        definition(Entry={"Schedule": {"AfterMarketOpenMinutes": 30, "Every": "sat"}}) | {"Symbol": "BTCUSD"},
        definition(Entry={"Schedule": {"BeforeMarketCloseMinutes": 390, "Every": "mon"}}),
        definition(Entry={"Schedule": {"BeforeMarketCloseMinutes": 0, "Every": "5min"}}),
        definition(Exit={"StopLoss": "2 * profit_target", "ProfitTarget": "300", "MaxDaysInTrade": "20"}),
        definition(
            Adjustment={
                "ConditionalAdjustments": {"true -- daily": {"UpdateVarsAdjustment": {"VarDefines": {"n": "1"}}}}
            }
        ),
    ],
)
def test_what_is_usual_is_no_warning(raw: Json) -> None:
    raw["Entry"] = raw.get("Entry", {}) | LIMITED
    assert warnings(raw) == {}


def test_odd_but_usable_things_are_warnings() -> None:
    raw = definition(
        [leg("short put"), leg("g", Gamma=5)],
        Entry={"Schedule": {"AfterMarketOpenMinutes": 33}, "Conditions": ["leg_g_delta > 1"], "QtyMultiplier": " "},
        Exit={"StopLoss": -200, "ProfitTarget": 0},
        Comment="mine",
    )
    result = warnings(raw)
    assert "is rounded to 35" in result["Entry.Schedule.AfterMarketOpenMinutes"]
    assert "no entry signal" in result["Entry.Conditions[0]"]
    assert "absolute value" in result["Exit.StopLoss"]
    assert "closed at once" in result["Exit.ProfitTarget"]
    assert "no field of this name" in result["Comment"]
    assert "an extension" in result["Structure.Legs[1].StrikeSelector.Gamma"]
    assert "counts as not set" in result["Entry.QtyMultiplier"]
    assert "no statement can read it" in result["Structure.Legs[0].Name"]


def test_external_data_brings_names_but_a_near_miss_is_a_warning() -> None:
    raw = definition(
        Entry={"Conditions": ["my_signal == 1", "undrlying_price > 5"]},
        ExternalData={"CsvUrl": "https://gist.githubusercontent.com/u/1/raw/a.csv"},
    )
    result = warnings(raw)
    assert "'undrlying_price' is read as a column" in result["Entry.Conditions[1]"]
    raw["Entry"]["Conditions"] = ["leg_q_price > 1"]
    assert "Entry.Conditions[0]" in problems(raw)


def test_one_leg_may_be_closed_in_one_way_only() -> None:
    both = {"RemoveLegsAdjustment": {"LegNames": ["a"]}, "RemoveLegAdjustment": {"LegName": "a"}}
    result = problems(definition(Adjustment={"ConditionalAdjustments": {"true": both}}))
    assert "older form" in result['Adjustment.ConditionalAdjustments["true"]']
