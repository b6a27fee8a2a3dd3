"""Catalogue of variables: names, the places where each exists, and how each is read from a scope."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mesolive.language.legs import LEG_FIELDS, SUMMED_FIELDS
from mesolive.language.problems import Hints, MissingValueError
from mesolive.language.scope import Scope
from mesolive.language.timing import VALUES as TIMING_VALUES
from mesolive.language.timing import days_in_trade, minutes_after_open, minutes_before_close
from mesolive.records import replace

Reader = Callable[[Scope], float]


def _known(value: float | None, what: str) -> float:
    if value is None or value != value:  # noqa: PLR0124  # NaN is the only number unequal to itself
        raise MissingValueError(f"there is no {what}")
    return value


def _underlying_price(scope: Scope) -> float:
    state = scope.underlying()
    return _known(state.quote.mark, f"price of {state.underlying.symbol}")


def _summing_position(field: str) -> Reader:
    return lambda scope: scope.sum_of_position(field)


def _summing_account(field: str) -> Reader:
    return lambda scope: scope.sum_of_account(field)


_SUMS = ("pnl", "margin", *SUMMED_FIELDS)

BUILT_IN: Mapping[str, Reader] = {
    **TIMING_VALUES,
    **{f"pos_{field}": _summing_position(field) for field in _SUMS},
    **{f"acc_{field}": _summing_account(field) for field in _SUMS},
    "days_in_trade": days_in_trade,
    "minutes_after_open": minutes_after_open,
    "minutes_before_close": minutes_before_close,
    "nav": lambda scope: float(scope.account.nav),
    "initial_cash": lambda scope: float(scope.account.initial_cash),
    "pos_in_flight": lambda scope: float(scope.account.strategy_positions),
    "open_trades_cnt": lambda scope: float(sum(1 for leg in scope.legs.values() if leg.qty)),
    "underlying_price": _underlying_price,
    "underlying_today_open": lambda scope: _known(scope.underlying().today_open, "opening price of today"),
    "underlying_prevday_close": lambda scope: _known(scope.underlying().previous_close, "previous close"),
    "underlying_iv": lambda scope: _known(scope.underlying().iv, "implied volatility of the underlying"),
    "underlying_hv": lambda scope: _known(scope.underlying().hv, "historical volatility of the underlying"),
    "underlying_iv_rank": lambda scope: _known(scope.underlying().iv_rank, "rank of the implied volatility"),
    "underlying_iv_pct": lambda scope: _known(scope.underlying().iv_percentile, "percentile of the volatility"),
}
"""The variables that exist in every strategy."""

FROZEN = ("profit_target", "stop_loss", "max_days_in_trade")
"""The variables that entering a position leaves with it, besides those of `VarDefines`."""

LEG_NAME = re.compile(r"leg_(?P<leg>.+)_(?P<field>[a-z]+)")
EXPIRATION_NAME = re.compile(r"expiration_(?P<alias>.+)_(?P<field>dte|min|max)")


def is_own_name(name: str) -> bool:
    """Return whether a name is the language's own, so that no user variable may take it."""
    if name in BUILT_IN or name in FROZEN or EXPIRATION_NAME.fullmatch(name):
        return True
    leg = LEG_NAME.fullmatch(name)
    return leg is not None and leg["field"] in LEG_FIELDS


def leg_variables(leg: str) -> list[str]:
    """Return the names of all variables of a leg."""
    return [f"leg_{leg}_{field}" for field in LEG_FIELDS]


def expiration_variables(alias: str, *, selecting: bool) -> list[str]:
    """Return the names of the variables of an expiration alias; `_min` and `_max` exist during selection only."""
    fields = ("dte", "min", "max") if selecting else ("dte",)
    return [f"expiration_{alias}_{field}" for field in fields]


def bind(name: str) -> Reader:
    """Return how the variable `name` is read. The name must have been checked to exist."""
    built_in = BUILT_IN.get(name)
    if built_in is not None:
        return built_in
    leg = LEG_NAME.fullmatch(name)
    if leg is not None and leg["field"] in LEG_FIELDS:
        return _reading_leg(leg["leg"], leg["field"])
    expiration = EXPIRATION_NAME.fullmatch(name)
    if expiration is not None:
        if expiration["field"] == "dte":
            return _reading_dte(expiration["alias"])
        return _reading_bound(name)
    return lambda scope: scope.user_value(name)


def _reading_leg(leg: str, field: str) -> Reader:
    return lambda scope: scope.leg(leg).value(field)


def _reading_dte(alias: str) -> Reader:
    return lambda scope: scope.expiration_dte(alias)


def _reading_bound(name: str) -> Reader:
    def read(scope: Scope) -> float:
        value = scope.selected.get(name)
        if value is None:
            raise MissingValueError(f"'{name}' is not set")
        return value

    return read


@dataclass(frozen=True, slots=True)
class Names:
    """The variables that exist at one place of a definition.

    Attributes
    ----------
    known
        Readable here.
    later
        Names that exist elsewhere, with the reason why they cannot be read here.
    legs
        Legs that `options.model` accepts here.
    external
        Whether external data may supply further names.
    """

    known: frozenset[str]
    later: Mapping[str, str]
    legs: tuple[str, ...] = ()
    external: bool = False

    def adding(self, names: Iterable[str], *, legs: Sequence[str] = ()) -> Names:
        """Return the same place with more names readable."""
        return replace(self, known=self.known | frozenset(names), legs=(*self.legs, *legs))

    def unknown(self, name: str, hints: Hints) -> str | None:
        """Return why `name` cannot be read here, or `None` when it can be."""
        if name in self.known:
            return None
        reason = self.later.get(name)
        if reason is not None:
            return f"'{name}' cannot be read here: {reason}"
        if self.external and "." not in name and not is_own_name(name):
            return None
        return f"there is no variable '{name}'{hints.suggest(name, [*self.known, *self.later])}"


def base_names(*, external: bool) -> Names:
    """Return the names that exist everywhere."""
    return Names(known=frozenset(BUILT_IN), later={}, external=external)
