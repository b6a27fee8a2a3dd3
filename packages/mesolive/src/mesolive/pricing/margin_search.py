"""Optimal pairing for Reg-T margin: the division of a position into structures that requires the least.

It is a small integer program. It decides how many contracts of each leg belong to which structure:

* Of all spreads whose short legs expire by a moment T and whose long legs not before T, one suffices: put together
  they are such a spread again, and the largest loss of a sum is never more than the sum of the largest losses. So there
  is at most one spread per expiration of a short leg, and its loss is one variable that is at least the loss with the
  underlying at each strike.
* With proceeds applied there are two per expiration. A spread requires the lesser of its loss (for debits) and its loss
  less its net credit, at least zero: in one spread the credit is counted with its sign, in the other not at all.
* What is short and in no spread is paired, put with call, or stands alone, each at a fixed cost.

The solver (HiGHS) works in floating point and only proposes whole numbers. What they require is then computed exactly,
after checking that they do divide the position. The program is first solved without asking for whole numbers: for most
positions the answer has them nevertheless, or shows that a division made step by step cannot be bettered. Only what is
left needs the search for whole numbers, and its work is bounded by a number of nodes, not by time, so that the same
position always gets the same answer.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import numpy as np
from msgspec import Struct, field

from mesolive.pricing.margin_regt import (
    ZERO,
    NakedRates,
    RegTLeg,
    RegTMode,
    Requirement,
    Structure,
    StructureKind,
    naked_requirement,
    pair_requirement,
    spread_loss,
    step_of,
    steps,
    structure,
)

MAX_LEGS = 60
"""Positions of more legs than this are divided step by step and not searched."""

NODE_LIMIT = 40
"""How many nodes the solver may look at: positions of a dozen legs take one, random ones of fifty at times more."""

TOLERANCE = 1e-7
"""How far, in proportion, numbers of the solver may be from what they stand for."""

Parts = dict[int, int]
"""How many steps of which leg, by the leg's place."""


def reg_t(legs: Sequence[RegTLeg], spot: Decimal, rates: NakedRates, mode: RegTMode = RegTMode.VANILLA) -> Requirement:
    """Return the Reg-T margin of option legs on one underlying: the lowest of all divisions into structures.

    Parameters
    ----------
    legs
        In any order; a quantity of zero is nothing.
    spot
        Price of the underlying, greater than zero.
    rates
        The percentages that apply to the underlying.
    mode
        Whether what sales brought is applied.
    """
    result: list[Structure] = []
    lowest = True
    open_legs = sorted((leg for leg in legs if leg.quantity), key=RegTLeg.order)
    for _, same in itertools.groupby(open_legs, key=lambda leg: leg.multiplier):
        problem = _Problem(tuple(same), spot, rates, mode)
        division, proven = _divide(problem)
        result += problem.structures(division)
        lowest &= proven
    return Requirement(sum((item.requirement for item in result), ZERO), tuple(result), lowest)


class _Division(Struct, frozen=True):
    """Where each step of each short leg goes; what is short and in neither spreads nor pairs stands alone."""

    spreads: list[Parts] = field(default_factory=list[Parts])
    pairs: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])


class _Problem:
    """Legs of one underlying and multiplier, with their quantities in steps."""

    def __init__(self, legs: tuple[RegTLeg, ...], spot: Decimal, rates: NakedRates, mode: RegTMode) -> None:
        self.legs, self.spot, self.rates, self.mode = legs, spot, rates, mode
        self.step = step_of(legs)
        self.unit = self.step * legs[0].multiplier
        self.counts = [steps(leg, self.step) for leg in legs]
        self.shorts = [place for place, leg in enumerate(legs) if leg.quantity < 0]
        self.longs = [place for place, leg in enumerate(legs) if leg.quantity > 0 and self.counts[place]]
        self.puts = [place for place in self.shorts if not legs[place].is_call]
        self.calls = [place for place in self.shorts if legs[place].is_call]

    def alone(self, place: int) -> Decimal:
        """Return what one unit of a short leg requires alone, in this mode."""
        leg = self.legs[place]
        return self._applied(naked_requirement(leg, self.spot, self.rates), leg.paid)

    def together(self, put: int, call: int) -> Decimal:
        """Return what one unit of a short put and a short call require together, in this mode."""
        put_leg, call_leg = self.legs[put], self.legs[call]
        return self._applied(pair_requirement(put_leg, call_leg, self.spot, self.rates), put_leg.paid + call_leg.paid)

    def _applied(self, required: Decimal, brought: Decimal) -> Decimal:
        return max(required - brought, ZERO) if self.mode is RegTMode.PERMISSIVE else required

    def structures(self, division: _Division) -> list[Structure]:
        """Return the structures of a division with their exact requirements."""
        left = {place: self.counts[place] for place in self.shorts}
        chosen: list[tuple[StructureKind, Parts]] = [(StructureKind.SPREAD, parts) for parts in division.spreads]
        chosen += [(StructureKind.SHORT_PAIR, {put: many, call: many}) for put, call, many in division.pairs]
        for _, parts in chosen:
            for place in parts.keys() & left.keys():
                left[place] -= parts[place]
        chosen += [(StructureKind.NAKED, {place: many}) for place, many in left.items() if many]
        return [structure(kind, self._legs_of(parts), self.spot, self.rates, self.mode) for kind, parts in chosen]

    def _legs_of(self, parts: Parts) -> list[tuple[RegTLeg, Decimal]]:
        return [
            (leg, many * self.step * (1 if leg.quantity > 0 else -1))
            for leg, many in ((self.legs[place], many) for place, many in sorted(parts.items()))
        ]

    def cost(self, division: _Division) -> Decimal:
        """Return what a division requires in all."""
        return sum((item.requirement for item in self.structures(division)), ZERO)

    def divides(self, division: _Division) -> bool:
        """Return whether no leg is used more than it is held, and every spread is one."""
        used: defaultdict[int, int] = defaultdict(int)
        for parts in (*division.spreads, *({put: n, call: n} for put, call, n in division.pairs)):
            for place, many in parts.items():
                used[place] += many
        return all(many <= self.counts[place] for place, many in used.items()) and all(
            self.is_spread(parts) for parts in division.spreads
        )

    def is_spread(self, parts: Parts) -> bool:
        """Return whether parts of the legs are a spread."""
        net = {True: 0, False: 0}
        for place, many in parts.items():
            leg = self.legs[place]
            net[leg.is_call] += many if leg.quantity > 0 else -many
        if any(net.values()):
            return False
        last_short = max(self.legs[place].expires for place in parts if self.legs[place].quantity < 0)
        return all(self.legs[place].expires >= last_short for place in parts if self.legs[place].quantity > 0)


def _divide(problem: _Problem) -> tuple[_Division, bool]:
    """Return the best division that was found, and whether it is proven to be the best."""
    if not problem.shorts or not (problem.longs or (problem.puts and problem.calls)):
        return _Division(), True
    if (whole := _whole_spread(problem)) is not None:
        return _Division([whole]), True
    best = _one_by_one(problem)
    least = problem.cost(best)
    if len(problem.legs) > MAX_LEGS:
        return best, least == 0
    program = _Program(problem)
    for whole in (False, True):
        answer = program.solve(whole=whole)
        if answer.division is not None and problem.divides(answer.division):
            cost = problem.cost(answer.division)
            if cost < least:
                best, least = answer.division, cost
        if float(least / problem.unit) <= answer.bound + TOLERANCE * max(1.0, abs(answer.bound)):
            return best, True
    return best, False


def _whole_spread(problem: _Problem) -> Parts | None:
    """Return all legs as one spread where that is proven to require the least without a search; else `None`.

    Condors, verticals, butterflies and calendars, which most positions are, need no solver, which takes milliseconds.

    Of any division let what is short and in no spread be matched with the long options that are in none: there are as
    many of each kind, because the whole has as many long as short ones. The whole is the spreads and these verticals,
    so it loses at most the sum of what they lose. Where each short option alone requires at least what its worst
    vertical loses, and each pair what the worst two lose, no division requires less than the whole. With proceeds
    applied this does not hold: the credit of one part would not pay for the debit of another.
    """
    if problem.mode is RegTMode.PERMISSIVE:
        return None
    whole = {place: problem.counts[place] for place in (*problem.shorts, *problem.longs)}
    if not problem.is_spread(whole):
        return None
    worst: dict[int, Decimal] = {}
    for short in problem.shorts:
        sold = problem.legs[short]
        of_kind = [leg for leg in (problem.legs[place] for place in problem.longs) if leg.is_call == sold.is_call]
        worst[short] = max((leg.strike - sold.strike) * (1 if sold.is_call else -1) for leg in of_kind)
        if problem.alone(short) < worst[short]:
            return None
    for put, call in itertools.product(problem.puts, problem.calls):
        if problem.together(put, call) < max(worst[put], ZERO) + max(worst[call], ZERO):
            return None
    return whole


def _one_by_one(problem: _Problem) -> _Division:
    """Return a good division made step by step: two-legged spreads first, by what they save, then pairs."""
    left = list(problem.counts)
    savings: list[tuple[Decimal, int, int]] = []
    for short, long in itertools.product(problem.shorts, problem.longs):
        sold, bought = problem.legs[short], problem.legs[long]
        if sold.is_call == bought.is_call and bought.expires >= sold.expires:
            loss = spread_loss([(sold, Decimal(-1)), (bought, Decimal(1))])
            if (saved := problem.alone(short) - loss) > 0:
                savings.append((-saved, short, long))
    spreads: dict[datetime, Parts] = {}
    for _, short, long in sorted(savings):
        if many := min(left[short], left[long]):
            # Spreads whose short legs expire together are one spread, which never loses more than they do.
            parts = spreads.setdefault(problem.legs[short].expires, defaultdict(int))
            for place in (short, long):
                left[place] -= many
                parts[place] += many
    pairs: list[tuple[int, int, int]] = []
    for put, call in itertools.product(problem.puts, problem.calls):
        if many := min(left[put], left[call]):
            left[put] -= many
            left[call] -= many
            pairs.append((put, call, many))
    return _Division(list(spreads.values()), pairs)


class _Answer(Struct, frozen=True):
    """The result of the solver.

    Attributes
    ----------
    division
        The whole numbers that it found, if any.
    bound
        Lower bound of the requirement; minus infinity without one.
    """

    division: _Division | None
    bound: float


class _Program:
    """The whole-number program; see the module's text."""

    def __init__(self, problem: _Problem) -> None:
        self._problem = problem
        self._costs: list[float] = []
        self._highest: list[float] = []
        self._whole: list[bool] = []
        self._rows: list[tuple[dict[int, float], float, float]] = []
        self._uses: dict[int, list[int]] = {place: [] for place in (*problem.shorts, *problem.longs)}
        self._spreads: list[dict[int, int]] = []
        self._pairs: list[tuple[int, int, int]] = []
        self._build()

    def _variable(self, cost: float, highest: float, *, whole: bool) -> int:
        self._costs.append(cost)
        self._highest.append(highest)
        self._whole.append(whole)
        return len(self._costs) - 1

    def _steps_of(self, place: int, cost: float, highest: int) -> int:
        variable = self._variable(cost, highest, whole=True)
        self._uses[place].append(variable)
        return variable

    def _build(self) -> None:
        problem = self._problem
        applying = (False, True) if problem.mode is RegTMode.PERMISSIVE else (False,)
        for moment in sorted({problem.legs[place].expires for place in problem.shorts}):
            for with_credit in applying:
                self._spread(moment, with_credit=with_credit)
        for place in problem.shorts:
            self._steps_of(place, float(problem.alone(place)), problem.counts[place])
        for put, call in itertools.product(problem.puts, problem.calls):
            pairs = min(problem.counts[put], problem.counts[call])
            variable = self._steps_of(put, float(problem.together(put, call)), pairs)
            self._uses[call].append(variable)
            self._pairs.append((put, call, variable))
        for place, variables in self._uses.items():
            count = float(problem.counts[place])
            least = count if place in problem.shorts else 0.0
            self._rows.append((dict.fromkeys(variables, 1.0), least, count))

    def _spread(self, moment: datetime, *, with_credit: bool) -> None:
        legs, counts = self._problem.legs, self._problem.counts
        shorts = [place for place in self._problem.shorts if legs[place].expires <= moment]
        longs = [place for place in self._problem.longs if legs[place].expires >= moment]
        kinds = {legs[place].is_call for place in shorts} & {legs[place].is_call for place in longs}
        places = [place for place in (*shorts, *longs) if legs[place].is_call in kinds]
        if not any(legs[place].expires == moment for place in places if place in shorts):
            return  # the spread of an earlier moment can hold the same
        parts = {place: self._steps_of(place, 0.0, counts[place]) for place in places}
        signs = {place: 1.0 if legs[place].quantity > 0 else -1.0 for place in places}
        for kind in kinds:
            row = {parts[place]: signs[place] for place in places if legs[place].is_call is kind}
            self._rows.append((row, 0.0, 0.0))
        loss = self._variable(1.0, np.inf, whole=False)
        for price in sorted({legs[place].strike for place in places}):
            row = {loss: 1.0}
            for place in places:
                paid = legs[place].paid if with_credit else ZERO
                row[parts[place]] = signs[place] * float(legs[place].intrinsic(price) - paid)
            self._rows.append((row, 0.0, np.inf))
        self._spreads.append(parts)

    def solve(self, *, whole: bool) -> _Answer:
        """Return what the solver finds; without `whole` it does not insist on whole numbers."""
        # Loading them takes a third of a second, which no command should wait for that calculates no margin.
        from scipy import optimize  # noqa: PLC0415 - see above
        from scipy.sparse import csr_array  # noqa: PLC0415 - see above

        solver = cast("Any", optimize)  # what is taken of it has no types
        entries = [(row, at, number) for row, (terms, _, _) in enumerate(self._rows) for at, number in terms.items()]
        rows, columns, numbers = zip(*entries, strict=True)
        result = solver.milp(
            np.array(self._costs),
            integrality=np.array(self._whole, dtype=np.int64) if whole else None,
            bounds=solver.Bounds(0.0, np.array(self._highest)),
            constraints=solver.LinearConstraint(
                csr_array(
                    # SciPy 1.14 hands the indices to HiGHS as they are, which takes 32 bits.
                    (np.array(numbers), (np.array(rows, dtype=np.int32), np.array(columns, dtype=np.int32))),
                    shape=(len(self._rows), len(self._costs)),
                ),
                np.array([lower for _, lower, _ in self._rows]),
                np.array([upper for _, _, upper in self._rows]),
            ),
            options={"node_limit": NODE_LIMIT, "mip_rel_gap": 0.0},
        )
        bound: float | None = result.mip_dual_bound if whole else result.fun
        values: list[float] | None = None if result.x is None else result.x.tolist()
        return _Answer(
            None if values is None else self._division(values),
            -np.inf if bound is None or (result.status != 0 and not whole) else bound,
        )

    def _division(self, values: Sequence[float]) -> _Division | None:
        """Return the division that the solver's numbers mean; `None` when they are not whole."""
        counted = [round(value) for value in values]
        if any(asked and abs(values[at] - counted[at]) > TOLERANCE for at, asked in enumerate(self._whole)):
            return None
        spreads = [{place: counted[at] for place, at in parts.items() if counted[at]} for parts in self._spreads]
        pairs = [(put, call, counted[at]) for put, call, at in self._pairs if counted[at]]
        return _Division([parts for parts in spreads if parts], pairs)
