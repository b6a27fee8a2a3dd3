"""Section B.4: the indicators of version 2, over daily closes."""

from __future__ import annotations

import builtins
import importlib
import math
from collections.abc import Sequence

import numpy as np
import pytest

from mesolive.language import check_definition, parse_definition
from mesolive.language.indicators import KINDS, IndicatorError, indicator_values
from mesolive_testkit.language.strategies import Json, definition, select

CLOSES = (4000 + 50 * np.sin(np.arange(300) / 7) + np.arange(300) / 2).tolist()


def with_indicator(kind: str, *parameters: float, name: str = "x", condition: str | None = None) -> Json:
    numbered = {f"Param{number}": value for number, value in enumerate(parameters, start=1)}
    entry = {"Conditions": [condition]} if condition else {}
    return definition(Indicators={"Standard": {name: {"Type": kind, "Instrument": None, **numbered}}}, Entry=entry)


def values(raw: Json, closes: Sequence[float] = CLOSES) -> dict[str, float]:
    return indicator_values(parse_definition(raw), closes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_computes_and_names_its_outputs(kind: str) -> None:
    result = values(with_indicator(kind.lower()))
    suffixes = {
        "BBANDS": ["_upper", "_middle", "_lower"],
        "MACD": ["_macd", "_signal", "_hist"],
        "MAMA": ["_mama", "_fama"],
        "STOCHRSI": ["_fast_k", "_fast_d"],
    }.get(kind, [""])
    assert list(result) == [f"x{suffix}" for suffix in suffixes]
    assert all(math.isfinite(value) for value in result.values())


def test_a_simple_average_is_the_mean_of_the_last_closes() -> None:
    assert values(with_indicator("SMA", 20))["x"] == pytest.approx(sum(CLOSES[-20:]) / 20)


def test_bands_lie_two_deviations_around_the_average() -> None:
    result = values(with_indicator("BBANDS", 20, 2, 2))
    spread = float(np.std(CLOSES[-20:]))
    assert result["x_upper"] - result["x_middle"] == pytest.approx(2 * spread)
    assert result["x_middle"] - result["x_lower"] == pytest.approx(2 * spread)


def test_an_exponential_average_follows_its_recursion() -> None:
    average = sum(CLOSES[:10]) / 10
    for close in CLOSES[10:]:
        average += (close - average) * 2 / 11
    assert values(with_indicator("EMA", 10))["x"] == pytest.approx(average)


def test_values_reach_statements_by_their_names() -> None:
    raw = with_indicator("MACD", 12, 26, 9, name="trend", condition="trend_macd > trend_signal or trend_hist < 0")
    assert check_definition(raw).problems == ()
    assert select(raw, external=values(raw)).conditions[0].result in {True, False}
    assert select(raw).conditions[0].result is None


def test_too_few_closes_leave_the_value_out_so_that_statements_fail() -> None:
    assert values(with_indicator("SMA", 200), CLOSES[:50]) == {}
    assert values(with_indicator("SMA", 200), []) == {}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (with_indicator("ADX"), "'ADX' is not an indicator"),
        (with_indicator("RSI", 14, 3), "has 1 parameters, not 2"),
        (with_indicator("RSI", 14.5), "whole number"),
        (with_indicator("RSI", -3), "out of range"),
        (with_indicator("RSI", name="nav"), "language's own"),
        (with_indicator("BBANDS", condition="x > 5"), "there is no variable 'x'"),
    ],
)
def test_errors_of_an_indicator_are_reported_at_import(raw: Json, message: str) -> None:
    assert any(message in str(problem) for problem in check_definition(raw).problems)


def test_parameters_that_the_library_refuses_are_an_error() -> None:
    with pytest.raises(IndicatorError, match="SMA of 'x'"):
        values(with_indicator("SMA", 0))


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise builtins.ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(IndicatorError, match=r"mesolive\[indicators\]"):
        values(with_indicator("SMA", 5))
    assert values(definition()) == {}
