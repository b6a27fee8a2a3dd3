"""Margin rules of a strategy definition (`Settings.Core.Margin`), and the margin of a position by them."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from mesolive.pricing.margin_pm import pm_like
from mesolive.pricing.margin_regt import NakedRates, RegTLeg, RegTMode
from mesolive.pricing.margin_search import reg_t
from mesolive.pricing.risk_graph import RiskLeg

CENT = Decimal("0.01")


class MarginModel(enum.Enum):
    """How margin is calculated; the values are those of strategy definitions, whose `None` is no `MarginRules`."""

    REG_T = "RegT"
    PM_LIKE = "PMLike"


class MarginRules(Struct, frozen=True):
    """How the margin of a strategy's positions is calculated.

    Attributes
    ----------
    house_multiplier
        What a broker multiplies the result by; greater than zero.
    mode
        Of `MarginModel.REG_T`: whether what sales brought is applied.
    lower, upper
        Of `MarginModel.PM_LIKE`: how far the underlying's price may fall and rise, as fractions of it.
    """

    model: MarginModel = MarginModel.REG_T
    house_multiplier: Decimal = Decimal(1)
    mode: RegTMode = RegTMode.VANILLA
    lower: Decimal = Decimal("0.10")
    upper: Decimal = Decimal("0.10")


def reg_t_margin(legs: Sequence[RegTLeg], spot: Decimal, rates: NakedRates, rules: MarginRules) -> Decimal:
    """Return the Reg-T margin of a position's legs on one underlying, in its currency, rounded to cents.

    Parameters
    ----------
    legs
        What is held.
    spot
        Price of the underlying, greater than zero.
    rates
        The percentages that apply to the underlying.
    rules
        Of which the mode and the house multiplier are read.
    """
    return (reg_t(legs, spot, rates, rules.mode).amount * rules.house_multiplier).quantize(CENT)


def pm_like_margin(legs: Sequence[RiskLeg], spot: float, rules: MarginRules) -> Decimal | None:
    """Return the margin by risk graph of a position's legs on one underlying, in its currency, rounded to cents.

    Parameters
    ----------
    legs
        What is held.
    spot
        Price of the underlying, of the same moment as the legs' forwards.
    rules
        Of which the range of prices and the house multiplier are read.

    Returns
    -------
    Decimal or None
        `None` when a leg has no volatility.
    """
    loss = pm_like(legs, spot, float(rules.lower), float(rules.upper))
    return (Decimal(loss) * rules.house_multiplier).quantize(CENT) if math.isfinite(loss) else None
