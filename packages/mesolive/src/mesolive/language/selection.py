"""Selects expirations and strikes: the nearest allowed candidate, with a reason for each rejected one."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from mesolive.language.compiled import CompiledExpiration, CompiledLeg, CompiledSelector, CompiledStrategy
from mesolive.language.decision import (
    AccountState,
    Constraint,
    Evaluation,
    PositionState,
    SelectedLeg,
    SelectionError,
    SelectionTrace,
    StatementKind,
    UnreadExpirationError,
)
from mesolive.language.definition import ExpirationConstraint, SelectorKind
from mesolive.language.legs import DAY, WEIGHTED_VEGA_DAYS, BoundLeg
from mesolive.language.problems import StatementError
from mesolive.language.scope import Scope
from mesolive.language.statement import CompiledStatement
from mesolive.market.contracts import FRACTIONAL_UNDERLYINGS, Expiration, OptionContract, Right
from mesolive.market.option_classes import why_adjusted
from mesolive.market.view import ChainSlice, FloatArray

MAX_PASSED_OVER = 10
"""Maximum rejected candidates in a trace."""

ROOT_ORDER: dict[str, tuple[str, ...]] = {
    "SPX": ("SPXW", "SPX"),
    "BTCUSD": ("BTCD", "BTCW", "BTCM", "BTCQ"),
    "ETHUSD": ("ETHD", "ETHW", "ETHM", "ETHQ"),
}
"""Order of roots on one expiration day when a definition sets none; others follow in alphabetical order."""

_TIE = 1e-9


def number_of(statement: CompiledStatement, scope: Scope, kind: StatementKind, what: str) -> float:
    """Return a statement's number, or raise a `SelectionError` that carries the failed evaluation."""
    try:
        return statement.number(scope)
    except StatementError as error:
        failed = Evaluation(kind, statement.text, None, error=str(error))
        raise SelectionError(
            what, f"{statement.path or 'a statement'} could not be evaluated: {error}", failed
        ) from None


# --- expirations ------------------------------------------------------------------------------------------------------


def choose_expirations(
    rules: Sequence[CompiledExpiration], strategy: CompiledStrategy, scope: Scope
) -> tuple[dict[str, Expiration], list[SelectionTrace]]:
    """Choose an expiration for every alias, in order; later rules see the earlier ones' `expiration_*` variables.

    Raises
    ------
    SelectionError
        When none fits, a statement fails, or two aliases meet under `AbortOnReuse`; `UnreadExpirationError` when the
        contracts of the one that fits are not read yet.
    """
    chosen: dict[str, Expiration] = {}
    traces: list[SelectionTrace] = []
    for rule in rules:
        expiration, trace = _choose_expiration(rule, strategy.definition.symbol, scope)
        name = rule.rule.name
        if strategy.definition.expiration_constraint is ExpirationConstraint.ABORT_ON_REUSE:
            for other, taken in chosen.items():
                if taken == expiration:
                    reason = f"{expiration.root} {expiration.day} is that of '{other}' already (AbortOnReuse)"
                    raise SelectionError(f"expiration '{name}'", reason)
        chosen[name] = expiration
        scope.expiration_days[name] = expiration
        scope.set_selected(f"expiration_{name}_dte", float(scope.calendar_days_to(expiration)))
        traces.append(trace)
    return chosen, traces


def _choose_expiration(compiled: CompiledExpiration, symbol: str, scope: Scope) -> tuple[Expiration, SelectionTrace]:
    rule = compiled.rule
    what = f"expiration '{rule.name}'"
    low, high = -math.inf, math.inf
    if compiled.minimum is not None:
        low = number_of(compiled.minimum, scope, StatementKind.EXPIRATION, what)
        scope.set_selected(f"expiration_{rule.name}_min", low)
    if compiled.maximum is not None:
        high = number_of(compiled.maximum, scope, StatementKind.EXPIRATION, what)
        scope.set_selected(f"expiration_{rule.name}_max", high)
    target = number_of(compiled.dte, scope, StatementKind.EXPIRATION, what)
    order = _root_order(symbol, rule.include)
    best: tuple[tuple[float, int, tuple[int, str]], Expiration] | None = None
    refused: list[tuple[float, str, str]] = []
    considered = 0
    listed_for = scope.view.underlying.underlying.symbol
    unread = scope.view.unread_expirations
    for expiration in (*scope.view.expirations, *unread):
        root = expiration.root.upper()
        if root in rule.exclude or (rule.include is not None and root not in rule.include):
            continue
        considered += 1
        days = scope.calendar_days_to(expiration)
        distance = abs(days - target)
        adjusted = why_adjusted(listed_for, expiration.root, expiration.multiplier)
        if adjusted is not None:
            refused.append((distance, f"{expiration.root} {expiration.day} ({days} days)", f"adjusted: {adjusted}"))
            continue
        if not low <= days <= high:
            bound = f"below Min {low:g}" if days < low else f"above Max {high:g}"
            refused.append((distance, f"{expiration.root} {expiration.day} ({days} days)", bound))
            continue
        # The nearest; of equally near ones the earlier; of one day's roots the preferred.
        rank = (distance, days, (order.get(root, len(order)), root))
        if best is None or rank < best[0]:
            best = (rank, expiration)
    if best is None:
        nearest = min(refused)[1:] if refused else None
        hint = f"; the nearest is {nearest[0]}, {nearest[1]}" if nearest else ""
        raise SelectionError(what, f"none of {considered} expirations is allowed{hint}")
    if best[1] in unread:
        raise UnreadExpirationError(what, best[1])
    passed = sorted(entry for entry in refused if entry[0] < best[0][0])[:MAX_PASSED_OVER]
    days = scope.calendar_days_to(best[1])
    passed_over = tuple((name, why) for _, name, why in passed)
    return best[1], SelectionTrace(what, considered, target, float(days), passed_over)


def _root_order(symbol: str, include: tuple[str, ...] | None) -> dict[str, int]:
    order = include if include is not None else ROOT_ORDER.get(symbol.upper(), ())
    return {root: index for index, root in enumerate(order)}


# --- strikes ----------------------------------------------------------------------------------------------------------


def _absolute(field: str) -> Callable[[ChainSlice, Scope], FloatArray]:
    def measure(chain: ChainSlice, _scope: Scope) -> FloatArray:
        values: FloatArray = getattr(chain, field)
        return np.abs(values) * float(chain.expiration.multiplier)

    return measure


def _weighted_vega(chain: ChainSlice, scope: Scope) -> FloatArray:
    days = (chain.expiration.settles_at - scope.view.now).total_seconds() / DAY
    weight = math.sqrt(WEIGHTED_VEGA_DAYS / days) if days > 0 else math.nan
    return chain.vega * (weight * float(chain.expiration.multiplier))


def _midpoints(chain: ChainSlice, _scope: Scope) -> FloatArray:
    """Return the midpoints of sound markets: an offer that is there and not below the bid."""
    bid, ask = chain.bid, chain.ask
    return np.where((ask > 0) & (ask >= bid), (bid + ask) / 2, np.nan)


MEASURES: dict[SelectorKind, Callable[[ChainSlice, Scope], FloatArray]] = {
    SelectorKind.BID_PRICE: lambda chain, _: chain.bid,
    SelectorKind.ASK_PRICE: lambda chain, _: chain.ask,
    SelectorKind.MID_PRICE: _midpoints,
    SelectorKind.DELTA: lambda chain, _: np.abs(chain.delta) * 100.0,
    SelectorKind.STRIKE_PRICE: lambda chain, _: chain.strikes,
    SelectorKind.GAMMA: _absolute("gamma"),
    SelectorKind.THETA: _absolute("theta"),
    SelectorKind.VEGA: _absolute("vega"),
    SelectorKind.WVEGA: _weighted_vega,
    SelectorKind.RHO: _absolute("rho"),
    SelectorKind.IV: lambda chain, _: chain.iv * 100.0,
}
"""What each selector measures, over a whole slice, in the selector's unit."""

_UNSIGNED = {
    SelectorKind.DELTA,
    SelectorKind.GAMMA,
    SelectorKind.THETA,
    SelectorKind.VEGA,
    SelectorKind.WVEGA,
    SelectorKind.RHO,
}


class Taken(Struct, frozen=True):
    """Contracts that may not be used (again), each with the reason."""

    reasons: dict[OptionContract, str]

    @classmethod
    def under(
        cls, constraint: Constraint, account: AccountState, position: PositionState | None, skip: Collection[str] = ()
    ) -> Taken:
        """Return what the open legs take under a constraint.

        Parameters
        ----------
        position
            The position concerned, where there is one.
        skip
            Legs of it that are being replaced: they take nothing.
        """
        reasons: dict[OptionContract, str] = {}
        if constraint is Constraint.NONE:
            return cls(reasons)
        if constraint is Constraint.FULLY_UNIQUE:
            for other in account.positions:
                if position is None or not (other is position or other == position):
                    reasons |= {leg.contract: "held by another position" for leg in other.legs if leg.closed_at is None}
        if position is not None:
            reasons |= {
                leg.contract: f"used by leg '{leg.name}'"
                for leg in position.legs
                if leg.closed_at is None and leg.name not in skip
            }
        return cls(reasons)

    def add(self, leg: SelectedLeg, constraint: Constraint) -> None:
        """Take the contract of a leg that was just chosen."""
        if constraint is not Constraint.NONE:
            self.reasons[leg.contract] = f"used by leg '{leg.name}'"

    def within(self, chain: ChainSlice) -> dict[int, str]:
        """Return the taken places of a slice."""
        expiration, right = chain.expiration, chain.right
        result: dict[int, str] = {}
        for contract, reason in self.reasons.items():
            if (contract.root, contract.day, contract.right) == (expiration.root, expiration.day, right):
                index = chain.index_of(contract.strike)
                if index is not None:
                    result[index] = reason
        return result


class Choice(NamedTuple):
    """A chosen place in a slice."""

    place: int
    trace: SelectionTrace


class Candidate(NamedTuple):
    """The leg that a Complex selector tries contracts for.

    Attributes
    ----------
    qty
        Its quantity: a number, or the statement that gives it.
    """

    name: str
    alias: str | None
    qty: float | CompiledStatement


def choose_strike(
    selector: CompiledSelector, chain: ChainSlice, scope: Scope, taken: Taken, what: str, candidate: Candidate
) -> Choice:
    """Choose the allowed contract of a slice whose measure is nearest to the target.

    Parameters
    ----------
    candidate
        The leg concerned; a Complex selector tries the contracts in its place.

    Raises
    ------
    SelectionError
        When no contract fits, a statement fails, or the chain's prices are too old to choose by.
    """
    if scope.outdated is not None:
        raise SelectionError(what, scope.outdated)
    if selector.rule.kind is SelectorKind.COMPLEX:
        measures, reasons = _complex_measures(selector, chain, scope, candidate, taken)
        target = number_of(selector.target, scope, StatementKind.STRIKE_SELECTOR, what)
    else:
        target = number_of(selector.target, scope, StatementKind.STRIKE_SELECTOR, what)
        measures = MEASURES[selector.rule.kind](chain, scope)
        reasons = {}
        if selector.rule.kind in _UNSIGNED:
            target = abs(target)
    low, high = _bounds(selector, scope, what)
    return _nearest(chain, measures, target, low, high, taken.within(chain), reasons, what)


def _bounds(selector: CompiledSelector, scope: Scope, what: str) -> tuple[float, float]:
    low, high = -math.inf, math.inf
    if selector.minimum is not None:
        low = number_of(selector.minimum, scope, StatementKind.STRIKE_SELECTOR, what)
    if selector.maximum is not None:
        high = number_of(selector.maximum, scope, StatementKind.STRIKE_SELECTOR, what)
    if selector.rule.kind in _UNSIGNED and (low < 0 or high < 0) and math.isfinite(low) and math.isfinite(high):
        low, high = sorted((abs(low), abs(high)))
    return low, high


def _nearest(
    chain: ChainSlice,
    measures: FloatArray,
    target: float,
    low: float,
    high: float,
    taken: dict[int, str],
    reasons: dict[int, str],
    what: str,
) -> Choice:
    distances = np.abs(measures - target)
    valued = ~np.isnan(distances)
    count = int(np.count_nonzero(valued))
    allowed = valued & (measures >= low) & (measures <= high)
    if taken:
        allowed[list(taken)] = False
    if not allowed.any():
        raise SelectionError(what, _why_none(chain, measures, distances, low, high, taken, reasons))
    nearest = float(distances[allowed].min())
    # Equally near: the lower strike of puts, the higher of calls; equal up to the rounding of the subtraction.
    as_near = distances <= nearest + _TIE * max(1.0, abs(target))
    equal = np.flatnonzero(allowed & as_near)
    index = int(equal[0] if chain.right is Right.PUT else equal[-1])
    places = np.arange(len(distances))
    preferred = places < index if chain.right is Right.PUT else places > index
    nearer = np.flatnonzero(valued & ~allowed & as_near & ((distances < nearest) | preferred))
    order = nearer[np.argsort(distances[nearer], kind="stable")][:MAX_PASSED_OVER]
    passed_over = tuple(
        (chain.contract(int(place)).symbol, _why_not(float(measures[place]), low, high, taken.get(int(place))))
        for place in order
    )
    trace = SelectionTrace(what, count, target, float(measures[index]), passed_over)
    return Choice(index, trace)


def _why_not(value: float, low: float, high: float, taken: str | None) -> str:
    if taken is not None:
        return taken
    return f"{value:g} is below Min {low:g}" if value < low else f"{value:g} is above Max {high:g}"


def _why_none(
    chain: ChainSlice,
    measures: FloatArray,
    distances: FloatArray,
    low: float,
    high: float,
    taken: dict[int, str],
    reasons: dict[int, str],
) -> str:
    valued = np.flatnonzero(~np.isnan(distances))
    if not valued.size:
        hint = f"; {next(iter(reasons.values()))}" if reasons else ""
        return f"strike not found: none of {len(measures)} contracts has a value{hint}"
    index = int(valued[np.argmin(distances[valued])])
    why = _why_not(float(measures[index]), low, high, taken.get(index))
    return (
        f"strike not found: {valued.size} contracts have a value, the nearest is {chain.contract(index).symbol}: {why}"
    )


def _complex_measures(
    selector: CompiledSelector, chain: ChainSlice, scope: Scope, candidate: Candidate, taken: Taken
) -> tuple[FloatArray, dict[int, str]]:
    """Evaluate the selector's statement for every contract that its constraints allow; others stay NaN."""
    strikes = chain.strikes
    measures = np.full(len(strikes), np.nan)
    reasons: dict[int, str] = {}
    statement = selector.statement
    if statement is None:
        return measures, reasons
    excluded = taken.within(chain)
    trial = scope.trying(candidate.name, candidate.alias, chain)
    sizing = candidate.qty if isinstance(candidate.qty, CompiledStatement) else None
    qty = candidate.qty if isinstance(candidate.qty, float) else 0.0
    for index in range(len(strikes)):
        if index in excluded:
            continue
        try:
            trial.place(index, qty)
            if sizing is not None:
                trial.place(index, sizing.number(scope))
            if all(constraint.truth(scope) for constraint in selector.constraints):
                measures[index] = statement.number(scope)
        except StatementError as error:
            reasons[index] = str(error)
    trial.end()
    return measures, reasons


# --- legs -------------------------------------------------------------------------------------------------------------


def select_legs(
    legs: Iterable[CompiledLeg],
    expirations: dict[str, Expiration],
    scope: Scope,
    constraint: Constraint,
    taken: Taken,
) -> list[SelectedLeg]:
    """Build legs one by one; each sees those before it.

    Raises
    ------
    SelectionError
        When a strike is not found, a quantity is not whole, or a statement fails.
    """
    selected: list[SelectedLeg] = []
    for leg in legs:
        chosen = _select_leg(leg, expirations, scope, taken)
        taken.add(chosen, constraint)
        selected.append(chosen)
    return selected


def chain_of(scope: Scope, expiration: Expiration, right: Right, what: str) -> ChainSlice:
    """Return the contracts of an expiration and right.

    Raises
    ------
    SelectionError
        When none is listed.
    """
    chain = scope.view.slice(expiration.root, expiration.day, right)
    if chain is None or not len(chain.strikes):
        raise SelectionError(what, f"{expiration.root} {expiration.day} lists no {right.name.lower()}s")
    return chain


def _select_leg(leg: CompiledLeg, expirations: dict[str, Expiration], scope: Scope, taken: Taken) -> SelectedLeg:
    rule = leg.rule
    what = f"leg '{rule.name}'"
    expiration = expirations.get(rule.expiration)
    if expiration is None:
        raise SelectionError(what, f"expiration '{rule.expiration}' has not been chosen")
    chain = chain_of(scope, expiration, rule.right, what)
    choice = choose_strike(leg.selector, chain, scope, taken, what, _candidate(leg, scope))
    bound = _bound(rule.name, chain, choice.place, 0.0, scope, rule.expiration)
    scope.put_leg(bound)
    qty = number_of(leg.qty, scope, StatementKind.LEG_QTY, what)
    quantity = whole_quantity(qty, scope, f"{what}: Qty")
    scope.put_leg(bound.with_qty(float(quantity)))
    group = 0
    if leg.group is not None:
        value = number_of(leg.group, scope, StatementKind.LEG_GROUP, what)
        if value != int(value) or not 0 <= value <= 1000:
            raise SelectionError(what, f"LegGroupId gives {value:g}; it must be a whole number, 0 to 1000")
        group = int(value)
    return SelectedLeg(rule.name, bound.contract, quantity, group, rule.expiration, choice.trace)


def _candidate(leg: CompiledLeg, scope: Scope) -> Candidate:
    """Return the leg as a Complex selector tries it; a quantity that no contract changes is evaluated before."""
    own = f"leg_{leg.rule.name}_"
    qty: float | CompiledStatement = leg.qty
    if leg.selector.rule.kind is SelectorKind.COMPLEX and not leg.qty.may_read(
        (own, "pos_", "acc_", "open_trades_cnt")
    ):
        qty = number_of(leg.qty, scope, StatementKind.LEG_QTY, f"leg '{leg.rule.name}'")
    return Candidate(leg.rule.name, leg.rule.expiration, qty)


def _bound(name: str, chain: ChainSlice, index: int, qty: float, scope: Scope, alias: str | None) -> BoundLeg:
    return BoundLeg(name, chain.contract(index), qty, scope.view.now, chain, index, expiration_name=alias)


def whole_quantity(value: float, scope: Scope, what: str) -> Decimal:
    """Return a quantity as it is booked: whole contracts, except of crypto currencies.

    Raises
    ------
    SelectionError
        When it is not whole, or beyond a million.
    """
    if not abs(value) <= 1e6:
        raise SelectionError(what, f"gives {value:g} contracts")
    nearest = round(value)
    if abs(value - nearest) <= 1e-9 * max(1.0, abs(value)):
        return Decimal(nearest)
    if scope.view.underlying.underlying.symbol in FRACTIONAL_UNDERLYINGS:
        return Decimal(repr(round(value, 8)))
    raise SelectionError(what, f"gives {value:g}; whole contracts are needed: use floor(…) or int(…)")
