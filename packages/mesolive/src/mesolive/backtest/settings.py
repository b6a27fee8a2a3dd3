"""Simulation settings of a definition: reads `Backtest` and `Settings.Sim`, and lists fields that are not used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from mesolive.backtest.fills import FillModel


class SettingsFieldError(ValueError):
    """A field of the definition's simulation settings has no value that can be used; the text names the field."""


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """The simulation settings of a definition; `None` for a field that it does not set.

    Attributes
    ----------
    name
        Of the run.
    start, end
        First and last day.
    cash
        The initial cash of the account.
    fill_model
        Where legs are filled.
    slippage
        Per leg, per unit of the underlying.
    commission
        Per contract.
    unused
        Fields that a backtest does not use, each with the reason.
    """

    name: str | None = None
    start: date | None = None
    end: date | None = None
    cash: Decimal | None = None
    fill_model: FillModel | None = None
    slippage: Decimal | None = None
    commission: Decimal | None = None
    unused: tuple[tuple[str, str], ...] = ()


_KNOWN_BACKTEST = frozenset({"Name", "Start", "End", "Cash"})
_KNOWN_SIMULATION = frozenset({"FillModel", "SlippageAmt", "Commission"})


def simulation_settings(source: Mapping[str, Any]) -> SimulationSettings:
    """Read the settings of a definition.

    Parameters
    ----------
    source
        The definition, version 3.

    Raises
    ------
    SettingsFieldError
        When a field has a value that cannot be used.
    """
    backtest = _section(source, "Backtest")
    simulation = _section(_section(source, "Settings"), "Sim", "Settings.Sim")
    commission, unused = _commission(simulation.get("Commission"))
    unused += [(f"Backtest.{name}", "is not known") for name in backtest if name not in _KNOWN_BACKTEST]
    for name, value in simulation.items():
        if name not in _KNOWN_SIMULATION and value is not None:
            why = "the account is recorded at every step" if name == "PositionMonitor" else "is not known"
            unused.append((f"Settings.Sim.{name}", why))
    named = backtest.get("Name")
    fill = simulation.get("FillModel")
    if fill is not None and fill not in set(FillModel):
        raise SettingsFieldError(f"Settings.Sim.FillModel: expected one of {', '.join(FillModel)}, got {_shown(fill)}")
    return SimulationSettings(
        name=named if isinstance(named, str) and named not in {"", "generate"} else None,
        start=_day(backtest, "Start"),
        end=_day(backtest, "End"),
        cash=_amount(backtest.get("Cash"), "Backtest.Cash"),
        fill_model=None if fill is None else FillModel(fill),
        slippage=_amount(simulation.get("SlippageAmt"), "Settings.Sim.SlippageAmt"),
        commission=commission,
        unused=tuple(unused),
    )


def _commission(written: object) -> tuple[Decimal | None, list[tuple[str, str]]]:
    path = "Settings.Sim.Commission"
    if written is None:
        return None, []
    if not isinstance(written, Mapping):
        raise SettingsFieldError(f"{path}: expected an object with CommissionModel, got {_shown(written)}")
    values = cast("Mapping[str, Any]", written)
    model = values.get("CommissionModel")
    if model not in {"FixedFee", None}:
        return None, [(f"{path}.CommissionModel", f"{_shown(model)} is not supported; use FixedFee or --commission")]
    return _amount(values.get("OptionFee"), f"{path}.OptionFee"), []


def _section(source: Mapping[str, Any], name: str, path: str | None = None) -> Mapping[str, Any]:
    result = source.get(name)
    if result is None:
        return {}
    if not isinstance(result, Mapping):
        raise SettingsFieldError(f"{path or name}: expected an object, got {_shown(result)}")
    return cast("Mapping[str, Any]", result)


def _amount(value: object, path: str) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise SettingsFieldError(f"{path}: expected an amount of 0 or more, got {_shown(value)}")
    return amount


def _day(section: Mapping[str, Any], name: str) -> date | None:
    value = section.get(name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError:
        raise SettingsFieldError(
            f"Backtest.{name}: expected a time such as 2026-01-05T09:30:00, got {_shown(value)}"
        ) from None


def _shown(value: object) -> str:
    return repr(str(value)[:60])
