"""The names that statements of a definition may read, with what they are: for editors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from mesolive.language.calls import FUNCTIONS
from mesolive.language.legs import LEG_FIELDS
from mesolive.language.variables import BUILT_IN, FROZEN
from mesolive_sdk import models

FIELD_HELP: Mapping[str, str] = {
    "pnl": "realised and unrealised PnL, in account currency",
    "margin": "margin by the definition's rules, in account currency",
    "delta": "delta times quantity and multiplier",
    "gamma": "gamma times quantity and multiplier",
    "theta": "theta times quantity and multiplier, per calendar day",
    "vega": "vega times quantity and multiplier, per volatility point",
    "wvega": "vega weighted by the time to expiration",
    "rho": "rho times quantity and multiplier, per 1.00 of rate",
    "price": "mark per unit of the underlying",
    "bid": "bid per unit of the underlying",
    "ask": "offer per unit of the underlying",
    "qty": "signed contracts",
    "strike": "strike price",
    "iv": "implied volatility in percent",
    "dit": "days since the leg was opened",
    "dte": "days to expiration, with their fraction",
    "min": "the earliest day to expiration that is allowed, during selection",
    "max": "the latest day to expiration that is allowed, during selection",
}
INTEGERS = frozenset(
    {
        "timing.minutes_after_open",
        "timing.minutes_before_close",
        "timing.day_of_week",
        "timing.year",
        "timing.month",
        "timing.day",
        "timing.days_in_trade",
        "days_in_trade",
        "minutes_after_open",
        "minutes_before_close",
        "pos_in_flight",
        "open_trades_cnt",
    }
)
"""The names that count or number something; all others have fractions, days to expiration too."""
HELP: Mapping[str, str] = {
    "timing.minutes_after_open": "minutes since the stocks' session of the trading day began",
    "timing.minutes_before_close": "minutes until the stocks' session of the trading day ends",
    "timing.day_of_week": "1 for Monday to 7 for Sunday, at the exchange",
    "timing.year": "year, at the exchange",
    "timing.month": "month, 1 to 12, at the exchange",
    "timing.day": "day of the month, at the exchange",
    "timing.days_in_trade": "days since the position was opened",
    "days_in_trade": "days since the position was opened",
    "minutes_after_open": "minutes since the stocks' session of the trading day began",
    "minutes_before_close": "minutes until the stocks' session of the trading day ends",
    "nav": "net liquidation value of the account, in its currency",
    "initial_cash": "what the account began with",
    "pos_in_flight": "positions of the strategy on the account that are not closed",
    "open_trades_cnt": "legs of the position that hold contracts",
    "underlying_price": "mark of the underlying",
    "underlying_today_open": "opening price of today",
    "underlying_prevday_close": "close of the previous session",
    "underlying_iv": "implied volatility of the underlying, in percent",
    "underlying_hv": "historical volatility of the underlying, in percent",
    "underlying_iv_rank": "rank of the implied volatility within a year, 0 to 100",
    "underlying_iv_pct": "percentile of the implied volatility within a year, 0 to 100",
    "profit_target": "the target that was captured at entry",
    "stop_loss": "the stop that was captured at entry",
    "max_days_in_trade": "the longest time in trade, captured at entry",
}


def variables_of(definition: Mapping[str, Any] | None) -> models.ListVariablesResult:
    """Return the language's names, and those of a definition as far as it can be read."""
    variables = [_language(name) for name in BUILT_IN]
    variables += [models.DefinitionVariable(Name=name, Source="Position", Help=HELP[name]) for name in FROZEN]
    if definition is not None:
        structure = _mapping(definition.get("Structure"))
        for name in _named(structure.get("Legs")):
            variables += [
                models.DefinitionVariable(
                    Name=f"leg_{name}_{field}", Source="Leg", Help=f"leg {name}: {FIELD_HELP[field]}"
                )
                for field in LEG_FIELDS
            ]
        for name in _named(structure.get("Expirations")):
            variables += [
                models.DefinitionVariable(
                    Name=f"expiration_{name}_{field}",
                    Source="Expiration",
                    Help=f"expiration {name}: {FIELD_HELP[field]}",
                )
                for field in ("dte", "min", "max")
            ]
        variables += [
            models.DefinitionVariable(Name=name, Source="VarDefines", Help=f"defined as {text}")
            for name, text in dict(_defines(definition)).items()
        ]
    variables.sort(key=lambda item: (item.Source, item.Name))
    return models.ListVariablesResult(Variables=variables, Functions=sorted(FUNCTIONS))


def _language(name: str) -> models.DefinitionVariable:
    scope, _, field = name.partition("_")
    if name in HELP:
        text = HELP[name]
    else:
        text = f"{'position' if scope == 'pos' else 'account'}: {FIELD_HELP.get(field, field)}"
    kind = "Integer" if name in INTEGERS else "Number"
    return models.DefinitionVariable(Name=name, Source="Language", Help=text, Type=kind)


def _mapping(value: object) -> Mapping[str, Any]:
    """Return an object's fields; of anything else none."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _named(items: object) -> Iterator[str]:
    """Yield the names of a list's objects that have one; what is broken is left to the check."""
    for item in cast("Iterable[object]", items) if isinstance(items, list) else ():
        name = _mapping(item).get("Name")
        if isinstance(name, str):
            yield name


def _defines(value: object) -> Iterator[tuple[str, str]]:
    """Yield every variable that a `VarDefines` sets, wherever it stands."""
    fields = _mapping(value)
    if isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _defines(item)
    for name, inner in fields.items():
        if name == "VarDefines":
            yield from ((each, str(text)[:200]) for each, text in _mapping(inner).items())
        else:
            yield from _defines(inner)
