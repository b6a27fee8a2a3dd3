"""Section B.1: version 2 job definitions become version 3, with a report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mesolive.language import DefinitionError, check_definition, convert_v2, parse_definition
from mesolive.language.conversion import ConversionReport, Level
from mesolive_testkit.language.strategies import Json, definition, leg


def old(**more: object) -> Json:
    """Return a version 2 definition, written as published files of that version are."""
    return {
        "MesoSimVersion": "2.11.70-0-gbe0d0ef7",
        "TemplateName": "Old put",
        "Name": "generate",
        "Start": "2019-01-01T00:00:00",
        "End": "2020-01-01T00:00:00",
        "Cash": "100000.0000",
        "Symbol": "SPX",
        "Structure": {
            "Expirations": [{"Name": "e", "DTE": "45"}],
            "Legs": [
                {
                    "Name": "a",
                    "Qty": "-1",
                    "OptionType": "Put",
                    "ExpirationName": "e",
                    "StrikeSelector": {"Min": None, "Statement": "underlying_price * 0.9", "Delta": None},
                }
            ],
        },
        "Entry": {"Schedule": {"BeforeMarketCloseMinutes": "30", "Every": "day"}, "Conditions": []},
        "Exit": {"MaxDaysInTrade": "30", "Conditions": []},
        "SimSettings": {
            "FillModel": "AtMidPrice",
            "SlippageAmt": "0.05",
            "LegSelectionConstraint": "UniqueInPosition",
            "Margin": {"Model": "RegT"},
            "Commission": {"CommissionModel": "FixedFee", "OptionFee": "1.5"},
        },
        "PositionMonitor": {"TraceCollectionInterval": "Daily"},
        **more,
    }


def lines(report: ConversionReport, level: Level) -> dict[str, str]:
    return {line.path: line.message for line in report.lines if line.level is level}


def test_b1_top_level_fields_move_to_backtest_and_settings() -> None:
    report = convert_v2(old())
    parsed = report.definition
    assert report.converted
    assert parsed["MesoSimVersion"] == "3.0"
    assert parsed["StrategyName"] == "Old put"
    assert parsed["Backtest"] == {
        "Name": "generate",
        "Start": "2019-01-01T00:00:00",
        "End": "2020-01-01T00:00:00",
        "Cash": "100000.0000",
    }
    assert parsed["Settings"]["Core"] == {"LegSelectionConstraint": "UniqueInPosition", "Margin": {"Model": "RegT"}}
    assert set(parsed["Settings"]["Sim"]) == {"FillModel", "SlippageAmt", "Commission", "PositionMonitor"}
    for gone in ("TemplateName", "Name", "Start", "End", "Cash", "SimSettings", "PositionMonitor"):
        assert gone not in parsed
        assert any(gone in line.message for line in report.lines), gone


def test_b1_the_statement_selector_is_called_strike_price_now() -> None:
    report = convert_v2(old())
    selector = report.definition["Structure"]["Legs"][0]["StrikeSelector"]
    assert selector["StrikePrice"] == "underlying_price * 0.9"
    assert "Statement" not in selector
    assert "renamed" in lines(report, Level.AUTO)["Structure.Legs[0].StrikeSelector.StrikePrice"]


def test_the_statement_of_a_complex_selector_keeps_its_name() -> None:
    raw = old()
    inner: Json = {"Statement": "leg_a_price", "Target": "5", "Constraints": []}
    raw["Structure"]["Legs"][0]["StrikeSelector"] = {"Complex": inner}
    assert convert_v2(raw).definition["Structure"]["Legs"][0]["StrikeSelector"] == {"Complex": inner}


@pytest.mark.parametrize("selector", ["Gamma", "Theta", "Vega", "WVega", "Rho", "IV"])
def test_decision_1_greek_selectors_remain_with_a_warning(selector: str) -> None:
    raw = old()
    raw["Structure"]["Legs"][0]["StrikeSelector"] = {selector: "20"}
    report = convert_v2(raw)
    assert report.converted
    assert "extension" in lines(report, Level.WARN)[f"Structure.Legs[0].StrikeSelector.{selector}"]
    assert parse_definition(raw).legs[0].selector.kind.value == selector


def test_decision_1_indicators_remain_with_a_warning() -> None:
    raw = old(Indicators={"Standard": {"rsi14": {"Type": "RSI", "Instrument": None, "Param1": "14"}}})
    raw["Entry"]["Conditions"] = ["rsi14 < 30"]
    report = convert_v2(raw)
    assert "extension" in lines(report, Level.WARN)["Indicators.Standard.rsi14"]
    assert parse_definition(raw).indicators[0].parameters == (14.0,)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"Indicators": {"Standard": {"x": {"Type": "ADX"}}}}, "Indicators.Standard.x"),
        (
            {"Indicators": {"Standard": {"x": {"Type": "RSI", "Instrument": "VIX"}}}},
            "Indicators.Standard.x.Instrument",
        ),
        ({"StrategyName": "Another"}, "StrategyName"),
        ({"Backtest": {"Cash": []}}, "Backtest.Cash"),
        ({"SimSettings": "AtMidPrice"}, "SimSettings"),
        (
            {"Adjustment": {"ConditionalAdjustments": {"true": {"TransitionAdjustment": {}}}}},
            'Adjustment.ConditionalAdjustments["true"].TransitionAdjustment',
        ),
    ],
)
def test_decision_1_what_has_no_meaning_in_version_3_is_an_error(change: Json, path: str) -> None:
    report = convert_v2(old(**change))
    assert not report.converted
    assert path in lines(report, Level.ERROR)
    with pytest.raises(DefinitionError) as caught:
        parse_definition(old(**change))
    assert path in {problem.path for problem in caught.value.problems}


def test_b1_equality_tests_on_times_that_are_decimals_now_are_warned_of() -> None:
    raw = old()
    raw["Exit"]["Conditions"] = ["days_in_trade == 3", "21 ~= leg_a_dte", "leg_a_dit >= 3", "pos_delta == 0"]
    raw["Adjustment"] = {
        "ConditionalAdjustments": {"leg_a_dte == 7": {"UpdateVarsAdjustment": {"VarDefines": {"x": "1"}}}}
    }
    warned = lines(convert_v2(raw), Level.WARN)
    assert {path for path, text in warned.items() if "decimals" in text} == {
        "Exit.Conditions[0]",
        "Exit.Conditions[1]",
        "Adjustment.ConditionalAdjustments.leg_a_dte == 7",
    }


def test_the_older_form_of_removing_a_leg_is_rewritten() -> None:
    raw = old(
        Adjustment={
            "ConditionalAdjustments": {"true": {"RemoveLegAdjustment": {"LegName": "a", "VarDefines": {"x": "1"}}}}
        }
    )
    actions = convert_v2(raw).definition["Adjustment"]["ConditionalAdjustments"]["true"]
    assert actions == {"RemoveLegsAdjustment": {"LegNames": ["a"], "VarDefines": {"x": "1"}}}


def test_a_converted_definition_checks_and_keeps_its_meaning() -> None:
    result = check_definition(old())
    assert result.definition is not None
    assert result.definition.version == "3.0"
    assert result.definition.exit.max_days_in_trade is not None
    assert any("moved here from TemplateName" in str(warning) for warning in result.warnings)


def test_converting_does_not_change_what_came_in() -> None:
    raw = old()
    before = json.dumps(raw)
    convert_v2(raw)
    assert json.dumps(raw) == before


@pytest.mark.parametrize(
    ("raw", "converts"),
    [
        (definition(), False),
        (definition(MesoSimVersion="3.2.1"), False),
        (definition(MesoSimVersion="v3"), False),
        (definition(MesoSimVersion="2.8"), True),
        (definition(Cash="5"), True),
        (definition(MesoSimVersion="10.0", Cash="5"), False),
    ],
)
def test_version_2_is_known_by_its_number_or_by_fields_that_only_it_has(raw: Json, converts: bool) -> None:
    report = convert_v2(raw)
    assert any("becomes 3.0" in line.message for line in report.lines) is converts


def test_lines_of_the_report_begin_with_their_level() -> None:
    assert all(str(line).startswith(f"[{line.level.value}] ") for line in convert_v2(old()).lines)


def test_hostile_structures_convert_or_fail_and_never_crash() -> None:
    values: list[Any] = [None, 5, "x", [], {}, [[{}]], {"Standard": 5}, {"ConditionalAdjustments": {"a": 5}}]
    for odd in values:
        for key in ("Indicators", "Adjustment", "SimSettings", "Structure", "Backtest", "Settings", "Entry"):
            convert_v2(old(**{key: odd}))
            check_definition(old(**{key: odd}))


def test_both_names_of_one_selector_are_an_error() -> None:
    raw = old()
    raw["Structure"]["Legs"] = [leg("a", StrikePrice="1", Statement="2")]
    assert (
        "has both Statement and StrikePrice" in lines(convert_v2(raw), Level.ERROR)["Structure.Legs[0].StrikeSelector"]
    )
