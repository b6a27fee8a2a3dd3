"""Comparison of a broker's option model with ours: how far both are apart, per underlying.

The broker's figures decide nothing; they show a wrong rate, dividend, expiration or multiplier on either side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct

from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.provider import Provider

VALUES: Final = ("volatility", "delta", "gamma", "vega", "theta")
RELATIVE: Final = frozenset({"gamma", "vega", "theta"})
"""Values that are compared as parts of ours: their sizes differ by orders of magnitude over a chain."""


class StatedGreeks(Protocol):
    """What a broker states of one contract; NaN for what it does not state.

    Units are ours: volatility and delta are fractions, gamma is per 1.00 of the underlying, vega per point of
    volatility, theta per calendar day.
    """

    @property
    def volatility(self) -> float: ...  # noqa: D102 - as the class says

    @property
    def delta(self) -> float: ...  # noqa: D102 - as the class says

    @property
    def gamma(self) -> float: ...  # noqa: D102 - as the class says

    @property
    def vega(self) -> float: ...  # noqa: D102 - as the class says

    @property
    def theta(self) -> float: ...  # noqa: D102 - as the class says


@runtime_checkable
class GreeksProvider(Provider, Protocol):
    """A provider whose broker states an option model."""

    def greeks(self, symbol: str) -> Sequence[tuple[OptionContract, StatedGreeks]]:
        """Return what the broker states of an underlying's contracts that are quoted now."""
        ...


class Difference(Struct, frozen=True):
    """How far a value of both models is apart.

    Attributes
    ----------
    median, largest
        Absolute, of volatility and delta; of the others as a part of ours.
    contracts
        Of how many contracts.
    """

    median: float
    largest: float
    contracts: int


def compare(view: BookView, stated: Iterable[tuple[OptionContract, StatedGreeks]]) -> dict[str, Difference]:
    """Return how far a broker's model and ours are apart, by the value; what one of the two lacks is left out."""
    apart: dict[str, list[float]] = {name: [] for name in VALUES}
    for contract, theirs in stated:
        location = view.find(contract)
        if location is None:
            continue
        part, place = location
        for name in VALUES:
            ours = float((part.iv if name == "volatility" else getattr(part, name))[place])
            difference = (
                abs(getattr(theirs, name) - ours) / (abs(ours) if name in RELATIVE else 1.0) if ours else np.nan
            )
            if np.isfinite(difference):
                apart[name].append(difference)
    return {
        name: Difference(float(np.median(values)), max(values), len(values)) for name, values in apart.items() if values
    }


def in_words(differences: dict[str, Difference]) -> str:
    """Return the differences as one line for the trader."""
    texts: list[str] = []
    for name, difference in differences.items():
        unit = f"{difference.median:.4f} (at most {difference.largest:.4f})"
        if name in RELATIVE:
            unit = f"{difference.median:.1%} (at most {difference.largest:.1%})"
        texts.append(f"{name} {unit}")
    number = max((difference.contracts for difference in differences.values()), default=0)
    return f"{number} contracts, median difference from ours: {', '.join(texts)}" if number else "none is stated yet"
