"""A definition that uses every field, and what checking says about one."""

from __future__ import annotations

from decimal import Decimal

from mesolive.language import (
    check_definition,
)
from mesolive_testkit.language.strategies import Json, expiration, leg


def problems(raw: Json) -> dict[str, str]:
    """Return the errors of a definition by path."""
    report = check_definition(raw)
    return {problem.path: str(problem) for problem in report.problems}


def warnings(raw: Json) -> dict[str, str]:
    """Return the warnings of a definition without errors by path."""
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
