"""Technical indicators (TA-Lib) over the underlying's daily closes: an extension kept from version 2.

They are computed by TA-Lib, which is an optional part of the installation (`mesolive[indicators]`). Their values reach
statements as external values: compute them with `indicator_values` off the evaluation path and pass them as `external`.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from mesolive.language.definition import Indicator, StrategyDefinition

FloatArray = npt.NDArray[np.float64]


class _Kind(NamedTuple):
    """A TA-Lib function: the names of its parameters in the order of `Param1..3`, and its outputs' suffixes."""

    parameters: tuple[str, ...]
    outputs: tuple[str, ...] = ("",)


_PERIOD = ("timeperiod",)
KINDS: Mapping[str, _Kind] = {
    "APO": _Kind(("fastperiod", "slowperiod", "matype")),
    "BBANDS": _Kind(("timeperiod", "nbdevup", "nbdevdn"), ("_upper", "_middle", "_lower")),
    "CMO": _Kind(_PERIOD),
    "DEMA": _Kind(_PERIOD),
    "EMA": _Kind(_PERIOD),
    "KAMA": _Kind(_PERIOD),
    "MACD": _Kind(("fastperiod", "slowperiod", "signalperiod"), ("_macd", "_signal", "_hist")),
    "MAMA": _Kind(("fastlimit", "slowlimit"), ("_mama", "_fama")),
    "MOM": _Kind(_PERIOD),
    "PPO": _Kind(("fastperiod", "slowperiod", "matype")),
    "ROC": _Kind(_PERIOD),
    "RSI": _Kind(_PERIOD),
    "SMA": _Kind(_PERIOD),
    "STOCHRSI": _Kind(("timeperiod", "fastk_period", "fastd_period"), ("_fast_k", "_fast_d")),
    "TEMA": _Kind(_PERIOD),
    "TRIMA": _Kind(_PERIOD),
    "TRIX": _Kind(_PERIOD),
    "TSF": _Kind(_PERIOD),
    "VAR": _Kind(("timeperiod", "nbdev")),
    "WMA": _Kind(_PERIOD),
}
"""The indicators of version 2."""

_REAL = {"nbdevup", "nbdevdn", "nbdev", "fastlimit", "slowlimit"}


class IndicatorError(Exception):
    """An indicator cannot be computed: TA-Lib is not installed, or refuses the parameters."""


def outputs(indicator: Indicator) -> list[str]:
    """Return the names of the variables that an indicator brings."""
    kind = KINDS.get(indicator.kind)
    return [f"{indicator.name}{suffix}" for suffix in (kind.outputs if kind else ("",))]


def problem(indicator: Indicator) -> str | None:
    """Return what is wrong with an indicator's definition, or `None`."""
    kind = KINDS.get(indicator.kind)
    if kind is None:
        return f"'{indicator.kind}' is not an indicator; there are {', '.join(KINDS)}"
    if len(indicator.parameters) > len(kind.parameters):
        return f"{indicator.kind} has {len(kind.parameters)} parameters, not {len(indicator.parameters)}"
    for name, value in zip(kind.parameters, indicator.parameters, strict=False):
        if name not in _REAL and value != int(value):
            return f"{name} of {indicator.kind} is a whole number, not {value:g}"
        if not 0 <= value <= 100_000:
            return f"{name} of {indicator.kind} is out of range: {value:g}"
    return None


def indicator_values(definition: StrategyDefinition, closes: Sequence[float]) -> dict[str, float]:
    """Return the latest value of every indicator of a strategy.

    Parameters
    ----------
    closes
        Daily closes of the underlying, oldest first, up to the last finished day.

    Returns
    -------
    dict
        By variable name. A value that needs more days than there are is left out, so that statements which read it
        fail instead of deciding on nothing.

    Raises
    ------
    IndicatorError
        When TA-Lib is not installed or refuses a parameter.
    """
    if not definition.indicators:
        return {}
    try:
        library = importlib.import_module("talib")
    except ImportError:
        raise IndicatorError("indicators need TA-Lib: install 'mesolive[indicators]'") from None
    series = np.asarray(closes, dtype=np.float64)
    matches: dict[str, float] = {}
    for indicator in definition.indicators:
        kind = KINDS[indicator.kind]
        given = zip(kind.parameters, indicator.parameters, strict=False)
        settings = {name: value if name in _REAL else int(value) for name, value in given}
        compute = cast("Callable[..., FloatArray | tuple[FloatArray, ...]]", getattr(library, indicator.kind))
        try:
            result = compute(series, **settings)
        except Exception as error:  # TA-Lib raises bare Exceptions
            raise IndicatorError(f"{indicator.kind} of '{indicator.name}': {error}") from error
        columns = result if isinstance(result, tuple) else (result,)
        for name, column in zip(outputs(indicator), columns, strict=True):
            if len(column) and math.isfinite(column[-1]):
                matches[name] = float(column[-1])
    return matches
