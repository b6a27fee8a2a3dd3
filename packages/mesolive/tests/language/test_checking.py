"""Definitions: what is read, and every problem at once, with its path, what was expected and what stands there."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from language_testkit.strategies import Json, definition, expiration, leg
from mesolive.language import (
    DefinitionError,
    Problem,
    StrategyDefinition,
    check_definition,
    compile_strategy,
    parse_definition,
)
from mesolive.language.decision import Constraint, Operation
from mesolive.language.definition import ExpirationConstraint, SelectorKind
from mesolive.language.reading import MAX_PROBLEMS
from mesolive.market.contracts import Right
from mesolive.pricing.margin import MarginModel, MarginRules
from mesolive.pricing.margin_regt import RegTMode


def problems(raw: Json) -> dict[str, str]:
    """Return the errors of a definition by path."""
    report = check_definition(raw)
    return {problem.path: str(problem) for problem in report.problems}


def warnings(raw: Json) -> dict[str, str]:
    report = check_definition(raw)
    assert report.definition is not None, report.problems
    return {problem.path: str(problem) for problem in report.warnings}


def full() -> Json:
    """Return a definition that uses every field."""
    return {
        "MesoSimVersion": "3.1.0",
        "StrategyName": "Everything",
        "Description": "",
        "Backtest": {"Name": "generate", "Start": "2020-01-01T00:00:00", "End": "2021-01-01T00:00:00", "Cash": "1e5"},
        "Symbol": "SPX",
        "Structure": {
            "Name": "a label",
            "Expirations": [
                expiration("near", "21", Min=14, Max="28", Roots={"Include": ["SPXW", "SPX"], "Exclude": None}),
                expiration("far", "expiration_near_dte + 21"),
            ],
            "Legs": [
                leg("s", "-1", "Call", "near", StrikePrice="underlying_price"),
                {**leg("l", 1.0, "call", "far", StrikePrice="leg_s_strike"), "LegGroupId": "1"},
                leg("h", "floor(1.5)", "Put", "far", Complex={"Statement": "leg_h_price", "Target": "5"}),
            ],
        },
        "Entry": {
            "Schedule": {"BeforeMarketCloseMinutes": "45.0", "Every": "mon, wed,fri"},
            "Conditions": ["underlying_iv_rank < 70", True],
            "VarDefines": {"best": 0, "twice": "2 * best"},
            "AbortConditions": ["abs(pos_delta) > 4"],
            "QtyMultiplier": "floor(max(1, nav / 50000))",
            "ReentryDays": "2",
            "Concurrency": {"MaxPositionsInFlight": 3, "EntryShiftDays": Decimal(7)},
        },
        "Adjustment": {
            "Schedule": {"AfterMarketOpenMinutes": 30, "Every": "5min"},
            "MaxAdjustmentCount": 4,
            "ConditionalAdjustments": {
                "pos_pnl > best": {"UpdateVarsAdjustment": {"VarDefines": {"best": "pos_pnl"}}},
                "pos_delta > 6 -- A": {
                    "MoveLegAdjustment": {
                        "LegName": "s",
                        "StrikeSelector": {"Delta": "30"},
                        "ExpirationName": "next",
                        "Expirations": [expiration("next", 60)],
                        "VarDefines": {"moved": 1},
                    }
                },
                "pos_delta < -6 -- B": {
                    "RemoveLegsAdjustment": {"LegNames": ["h"]},
                    "AddLegsAdjustment": {
                        "Legs": [leg("x", 1, "Put", "far", Delta=10)],
                        "AbortConditions": ["leg_x_price > 8"],
                        "VarDefines": {"hedged": "leg_x_price"},
                    },
                },
            },
        },
        "Exit": {
            "Schedule": {"AfterMarketOpenMinutes": 40, "Every": "5min"},
            "MaxDaysInTrade": 28,
            "ProfitTarget": "0.4 * best",
            "StopLoss": "2 * profit_target",
            "Conditions": ["underlying_price < 10 or hedged == 1"],
            "VarDefines": {"after": "pos_pnl"},
        },
        "ExternalData": {"CsvUrl": None},
        "Settings": {
            "Core": {
                "LegSelectionConstraint": "UniqueInPosition",
                "ExpirationSelectionConstraint": "AbortOnReuse",
                "Margin": {"Model": "RegT"},
            },
            "Sim": {"FillModel": "AtMidPrice"},
        },
    }


def test_every_field_of_version_3_is_read() -> None:
    found = parse_definition(full())
    assert (found.name, found.symbol, found.version) == ("Everything", "SPX", "3.1.0")
    near, far = found.expirations
    assert (near.dte.text, near.include, near.exclude) == ("21", ("SPXW", "SPX"), ())
    assert (near.minimum and near.minimum.text, near.maximum and near.maximum.text) == ("14", "28")
    assert far.dte.text == "expiration_near_dte + 21"
    short, long, hedge = found.legs
    assert (short.right, short.selector.kind) == (Right.CALL, SelectorKind.STRIKE_PRICE)
    assert (long.right, long.qty.text, long.group and long.group.text) == (Right.CALL, "1.0", "1")
    assert hedge.selector.kind is SelectorKind.COMPLEX
    schedule = found.entry.schedule
    assert schedule is not None
    assert (schedule.after_open, schedule.before_close, schedule.every) == (None, 45, (1, 3, 5))
    assert [condition.text for condition in found.entry.conditions] == ["underlying_iv_rank < 70", "true"]
    assert [name for name, _ in found.entry.variables] == ["best", "twice"]
    assert (found.entry.reentry_days, found.entry.max_positions, found.entry.shift_days) == (2, 3, 7)
    assert found.adjustment.max_count == 4
    assert found.exit.max_days_in_trade is not None
    assert found.leg_constraint is Constraint.UNIQUE_IN_POSITION
    assert found.expiration_constraint is ExpirationConstraint.ABORT_ON_REUSE
    compile_strategy(found)


def test_d7_adjustments_are_sorted_by_their_full_text() -> None:
    adjustments = parse_definition(full()).adjustment.adjustments
    texts = [adjustment.condition.text for adjustment in adjustments]
    assert texts == ["pos_delta < -6 -- B", "pos_delta > 6 -- A", "pos_pnl > best"]
    assert adjustments[0].operations == (Operation.REMOVE_LEGS, Operation.ADD_LEGS)


def test_json_text_bytes_and_values_give_the_same_definition() -> None:
    raw = definition(Entry={"QtyMultiplier": 1})
    text = json.dumps(raw)
    found = [parse_definition(form) for form in (raw, text, text.encode(), b"\xef\xbb\xbf" + text.encode())]
    assert all(other == found[0] for other in found)


def test_section_b_scalars_may_be_texts_or_numbers() -> None:
    as_text = parse_definition(definition([leg("a", "-1", Delta="20")], [expiration(dte="30", Min="20.0")]))
    as_number = parse_definition(definition([leg("a", -1, Delta=20)], [expiration(dte=30, Min=Decimal("20.0"))]))
    assert as_text == as_number


def test_section_b_null_means_unset_everywhere() -> None:
    raw = full()
    for section in ("Entry", "Exit", "Adjustment", "Settings", "ExternalData", "Backtest", "Description"):
        raw[section] = None
    raw["Structure"]["Expirations"][0].update(Min=None, Max=None, Roots=None)
    found = parse_definition(raw)
    assert found.entry.conditions == ()
    assert found.expirations[0].include is None
    inner = parse_definition(
        definition(Entry={"Schedule": None, "Conditions": [None], "VarDefines": {"x": None}, "QtyMultiplier": None})
    )
    assert inner.entry.variables == ()


def test_comments_ride_inside_expressions() -> None:
    raw = definition([leg("a", "-1 -- short", Delta="20 --[[ a fifth ]]")], Exit={"StopLoss": "-- twice\n200"})
    compile_strategy(parse_definition(raw))


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


# --- bad input: an error in bounded time and memory


def checked_within(raw: Any, seconds: float) -> list[Problem]:  # anything may come in
    started = time.thread_time()
    report = check_definition(raw)
    assert time.thread_time() - started < seconds
    assert report.definition is None
    return list(report.problems)


def test_a_definition_of_5_mb_is_refused_unread() -> None:
    raw = json.dumps(definition(Description="x" * 5_000_000))
    assert "5,000," in str(checked_within(raw, 0.1)[0])
    assert "too much text" in str(checked_within(definition(Description="x" * 5_000_000), 0.1)[0])


def test_a_definition_of_depth_10_000_is_refused() -> None:
    text = '{"a":' * 10_000 + "1" + "}" * 10_000
    assert "nested too deeply" in str(checked_within(text, 1.0)[0])
    nested: Json = {}
    for _ in range(10_000):
        nested = {"a": nested}
    assert "nested too deeply" in str(checked_within(nested, 1.0)[0])
    lists = "[" * 100_000 + "]" * 100_000
    assert checked_within(f'{{"Symbol":{lists}}}', 1.0)


def test_a_definition_with_10_000_legs_is_refused() -> None:
    raw = definition([leg(f"leg{number}") for number in range(10_000)])
    assert checked_within(raw, 2.0)
    small = definition([{"Name": "a"} for _ in range(10_000)])
    assert "has 10,000 entries; expected 1 to 50" in str(checked_within(small, 2.0)[0])


def test_legs_hidden_in_many_adjustments_are_bounded_too() -> None:
    adjustments = {
        f"pos_delta > {number}": {
            "AddLegsAdjustment": {"Legs": [leg(f"x{number}_{index}", Delta=5) for index in range(20)]}
        }
        for number in range(30)
    }
    found = checked_within(definition(Adjustment={"ConditionalAdjustments": adjustments}), 2.0)
    assert any("legs in all" in str(problem) for problem in found)


def test_thousands_of_errors_end_the_search() -> None:
    raw = definition(
        Entry={"Conditions": [f"nonsense_{number} > other_{number}" for number in range(100)]},
        Exit={"Conditions": [f"nonsens_{number} > othr_{number}" for number in range(100)]},
    )
    assert len(checked_within(raw, 5.0)) == MAX_PROBLEMS + 1


def test_thousands_of_names_that_nobody_knows_are_refused_or_read_in_bounded_time() -> None:
    legs = [leg(f"leg{number}") for number in range(50)]
    rows = [" + ".join(f"xleg_leg{n}x{k}_prce" for k in range(40)) for n in range(100)]
    raw = definition(legs, Exit={"Conditions": rows})
    assert checked_within(raw, 5.0)
    started = time.thread_time()
    outside = check_definition({**raw, "ExternalData": {"CsvUrl": "https://docs.google.com/x"}})
    assert time.thread_time() - started < 5.0
    assert outside.definition is not None
    fields = {f"ProfitTraget{number}": 1 for number in range(20_000)}
    assert "more than 100 fields" in str(checked_within(definition(Exit=fields), 5.0)[-1])


@pytest.mark.parametrize(
    "expression",
    [
        "(function() while true do end end)()",
        "while true do end",
        "('x'):rep(1e9)",
        "string.rep('x', 1e9)",
        "os.exit()",
        "io.open('/etc/passwd')",
        "python.eval('1')",
        "debug.getinfo(1)",
        "load('return 1')()",
        "_G",
        "(" * 5_000 + "1" + ")" * 5_000,
        "1" + " + 1" * 4_000,
        "max(" + ", ".join(["1"] * 5_000) + ")",
        " + ".join(["options.model(position, 0, 5, pnl)"] * 60),
    ],
    ids=lambda text: text[:24],
)
def test_an_expression_that_loops_allocates_or_reaches_out_is_refused_at_import(expression: str) -> None:
    found = checked_within(definition(Exit={"Conditions": [expression]}), 1.0)
    assert [problem.path for problem in found] == ["Exit.Conditions[0]"] * len(found)
    assert found


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("[]", "not a JSON object; found a list"),
        ("null", "not a JSON object; found null"),
        ('{"Symbol": "SPX",}', "not JSON"),
        ('{"Symbol": NaN}', "NaN is not JSON"),
        ('{"Symbol": "A", "Symbol": "B"}', '"Symbol" stands twice'),
        ('{"Symbol": ' + "9" * 10_000 + "}", "not JSON"),
        ({"Symbol": "SPX", 5: 1}, "a key in the definition is not a text"),
    ],
)
def test_what_is_no_definition_at_all_is_refused(raw: Any, said: str) -> None:
    assert said in str(checked_within(raw, 0.5)[0])


def test_values_from_anywhere_are_refused_and_never_crash() -> None:
    values: list[Any] = [object(), {1, 2}, b"x", float("nan"), float("inf"), True, [], {}]
    for odd in values:
        raw = full()
        raw["Structure"]["Legs"][0]["Qty"] = odd
        raw["Symbol"] = odd
        raw["Entry"]["ReentryDays"] = odd
        assert check_definition(raw).definition is None


def test_a_checked_definition_always_compiles() -> None:
    found: StrategyDefinition = parse_definition(full())
    assert compile_strategy(found).memory_used < 200_000


def test_maps_are_bounded_and_must_be_objects() -> None:
    many = {f"x{number}": 1 for number in range(101)}
    assert "has 101 entries" in problems(definition(Entry={"VarDefines": many}))["Entry.VarDefines"]
    assert "is not an object" in problems(definition(Entry={"VarDefines": ["x"]}))["Entry.VarDefines"]
    assert "is not an object" in problems(definition(Entry=[]))["Entry"]


def test_an_expression_that_lua_itself_cannot_hold_is_refused_at_import() -> None:
    wide = "max(" + ", ".join(["nav"] * 50) + ")"
    for _ in range(8):
        wide = "max(" + ", ".join(["1"] * 49) + f", {wide})"
    found = check_definition(definition(Exit={"Conditions": [wide]}))
    for problem in found.problems:
        assert problem.path == "Exit.Conditions[0]"
    if found.definition is not None:
        compile_strategy(found.definition)


def test_one_leg_may_be_closed_in_one_way_only() -> None:
    both = {"RemoveLegsAdjustment": {"LegNames": ["a"]}, "RemoveLegAdjustment": {"LegName": "a"}}
    found = problems(definition(Adjustment={"ConditionalAdjustments": {"true": both}}))
    assert "older form" in found['Adjustment.ConditionalAdjustments["true"]']


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # JSON
    """Return the path of every value of a JSON tree."""
    found = [path] if path else []
    if isinstance(tree, dict):
        for key, value in cast("Json", tree).items():
            found += places(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(cast("list[Any]", tree)):
            found += places(value, (*path, index))
    return found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["nav", "a", "s"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*full(), "Name", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(places(full())), JSON), min_size=1, max_size=3), st.booleans())
def test_a_definition_with_anything_anywhere_is_used_or_refused_and_never_crashes(
    changes: list[tuple[tuple[Any, ...], Any]], old: bool
) -> None:
    raw: Any = full()
    if old:
        raw |= {"MesoSimVersion": "2.8", "Cash": "1", "SimSettings": {"FillModel": "AtMidPrice"}}
    for path, value in changes:
        target = raw
        try:
            for part in path[:-1]:
                target = target[part]
            target[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    report = check_definition(raw)
    assert (report.definition is None) == bool(report.problems)
    if report.definition is not None:
        compile_strategy(report.definition)


def test_empty_texts_of_optional_fields_count_as_not_set() -> None:
    raw = definition(
        Entry={
            "ReentryDays": "",
            "Schedule": {"AfterMarketOpenMinutes": 30, "BeforeMarketCloseMinutes": " ", "Every": ""},
        },
        ExternalData={"CsvUrl": ""},
    )
    assert len(warnings(raw)) == 4
    found = parse_definition(raw)
    assert (found.csv_url, found.entry.reentry_days) == (None, None)
    assert found.entry.schedule is not None
    assert found.entry.schedule.every == "day"
