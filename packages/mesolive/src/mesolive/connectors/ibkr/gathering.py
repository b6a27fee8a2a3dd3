"""Fills of combos gathered from executions: IB reports one for the combo and one per leg, in any order and in parts.

The dealing is a pure function of the executions of one order and of the fills that were reported before, so that a
restart comes to the same fills. Parts of one order may have execution ids of different prefixes; a leg may come in
several parts, or one report may belong to several fills.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import msgspec

from mesolive.connectors.ibkr.executions import ExecutionReport
from mesolive.connectors.ibkr.tws_messages import tidy

PRICE_STEP: Final = Decimal("0.00000001")
"""To which an average price is rounded."""

FROM_LEGS: Final = "legs:"
"""How the ids of fills begin for which no report of the combo came."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of an execution a fill took.

    Attributes
    ----------
    base_id
        The execution's id without the number of its correction.
    shares
        Contracts, greater than zero.
    """

    base_id: str
    con_id: int
    shares: Decimal


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill of a combo, or of a single contract, with what it was made of.

    Attributes
    ----------
    fill_id
        Permanent: the id of the combo's execution without the number of its correction.
    combos
        Greater than zero.
    """

    fill_id: str
    combos: Decimal
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Dealt:
    """The fills of one order.

    Attributes
    ----------
    fills
        Those that are complete and were not reported before, oldest first.
    incomplete
        Ids of the fills whose legs are not all there.
    left
        Shares of leg executions that belong to no fill, by the execution's id.
    """

    fills: Sequence[Fill]
    incomplete: Sequence[str]
    left: Mapping[str, Decimal]


def base_id(exec_id: str) -> str:
    """Return an execution's id without the number of its correction."""
    return exec_id.rpartition(".")[0] or exec_id


def correction_number(exec_id: str) -> int:
    """Return the number of an execution's correction: 1 is the first report."""
    last = exec_id.rpartition(".")[2]
    return int(last) if last.isdigit() else 0


def latest_versions(rows: Iterable[ExecutionReport]) -> dict[str, ExecutionReport]:
    """Return the last version of each execution by its base id, oldest first."""
    result: dict[str, ExecutionReport] = {}
    for row in rows:
        known = result.get(base_id(row.exec_id))
        if known is None or correction_number(row.exec_id) > correction_number(known.exec_id):
            result[base_id(row.exec_id)] = row
    return dict(sorted(result.items(), key=lambda item: (item[1].at, item[0])))


@dataclass(slots=True)
class _Need:
    """A fill that is being dealt to."""

    fill_id: str
    combos: Decimal
    missing: dict[int, Decimal]
    shares: list[Share] = field(default_factory=list[Share])

    def take(self, base: str, con_id: int, at_most: Decimal) -> Decimal:
        taken = min(at_most, self.missing.get(con_id, Decimal(0)))
        if taken > 0:
            self.missing[con_id] -= taken
            self.shares.append(Share(base_id=base, con_id=con_id, shares=taken))
        return max(taken, Decimal(0))

    @property
    def complete(self) -> bool:
        return not any(self.missing.values())


def deal(
    rows: Iterable[ExecutionReport],
    ratios: Mapping[int, int],
    reported: Sequence[Fill],
    *,
    from_legs: bool = False,
) -> Dealt:
    """Deal the executions of one order to its fills.

    Parameters
    ----------
    rows
        All its executions, in any order, corrections among them.
    ratios
        Signed contracts per combo by conId; a single contract has one entry.
    reported
        The fills of this order that were reported before. They keep what they were made of.
    from_legs
        Whether fills are made of legs for which no execution of the combo has come: the order is known to be filled.
    """
    latest = latest_versions(rows)
    legs = {base: row for base, row in latest.items() if not row.is_combo}
    left = {base: row.shares for base, row in legs.items()}
    for fill in reported:
        for share in fill.shares:
            left[share.base_id] = left.get(share.base_id, Decimal(0)) - share.shares
    known = {fill.fill_id: fill.combos for fill in reported}
    if len(ratios) == 1 and not any(row.is_combo for row in latest.values()):
        return _single(legs, ratios, known)
    # Combos that were made of legs alone stand for the reports of the combo that come after all.
    covered = sum((fill.combos for fill in reported if fill.fill_id.startswith(FROM_LEGS)), Decimal(0))
    # What earlier reports have left to them is taken first: a report of an earlier time may come later.
    covered -= sum(
        (max(row.shares - known[base], Decimal(0)) for base, row in latest.items() if row.is_combo and base in known),
        Decimal(0),
    )
    needs: list[_Need] = []
    for base, row in latest.items():
        if not row.is_combo or base in known:
            continue
        combos = row.shares - min(covered, row.shares)
        covered -= row.shares - combos
        if combos:
            needs.append(_Need(base, combos, {con_id: combos * abs(ratio) for con_id, ratio in ratios.items()}))
    _deal_same_prefix(needs, legs, left)
    _deal_in_order(needs, legs, left)
    fills = [
        Fill(fill_id=need.fill_id, combos=need.combos, shares=tuple(need.shares)) for need in needs if need.complete
    ]
    waiting = [need for need in needs if not need.complete]
    if from_legs and not waiting:
        fills += _made_of_legs(legs, left, ratios, known)
    return Dealt(
        fills, [need.fill_id for need in waiting], {base: shares for base, shares in left.items() if shares > 0}
    )


def _single(legs: Mapping[str, ExecutionReport], ratios: Mapping[int, int], known: Collection[str]) -> Dealt:
    (con_id,) = ratios
    fills = [
        Fill(
            fill_id=base,
            combos=row.shares / abs(ratios[con_id]),
            shares=(Share(base_id=base, con_id=con_id, shares=row.shares),),
        )
        for base, row in legs.items()
        if base not in known
    ]
    return Dealt(fills, [], {})


def _prefix(base: str) -> str:
    return base.rpartition(".")[0]


def _deal_same_prefix(needs: Sequence[_Need], legs: Mapping[str, ExecutionReport], left: dict[str, Decimal]) -> None:
    """Deal each fill the legs that were reported with it."""
    by_prefix = {_prefix(need.fill_id): need for need in needs}
    for base, row in legs.items():
        need = by_prefix.get(_prefix(base))
        if need is not None and left[base] > 0:
            left[base] -= need.take(base, row.con_id, left[base])


def _deal_in_order(needs: Sequence[_Need], legs: Mapping[str, ExecutionReport], left: dict[str, Decimal]) -> None:
    """Deal what is left first in, first out."""
    for need in needs:
        for base, row in legs.items():
            if left[base] > 0:
                left[base] -= need.take(base, row.con_id, left[base])


def _made_of_legs(
    legs: Mapping[str, ExecutionReport], left: dict[str, Decimal], ratios: Mapping[int, int], known: Collection[str]
) -> list[Fill]:
    available = dict.fromkeys(ratios, Decimal(0))
    for base, row in legs.items():
        if row.con_id in available and left[base] > 0:
            available[row.con_id] += left[base]
    combos = min((shares // abs(ratios[con_id]) for con_id, shares in available.items()), default=Decimal(0))
    if not combos:
        return []
    first = min(base for base, row in legs.items() if left[base] > 0 and row.con_id in available)
    # One execution of a leg may belong to several fills, so its id alone does not name one.
    names = itertools.chain([FROM_LEGS + first], (f"{FROM_LEGS}{first}/{number}" for number in itertools.count(2)))
    need = _Need(
        next(name for name in names if name not in known),
        combos,
        {con_id: combos * abs(ratio) for con_id, ratio in ratios.items()},
    )
    _deal_in_order([need], legs, left)
    return [Fill(fill_id=need.fill_id, combos=combos, shares=tuple(need.shares))]


@dataclass(frozen=True, slots=True)
class LegFill:
    """A leg of a fill: signed contracts, average price, and the commission as far as it is known.

    Attributes
    ----------
    commission_known
        Whether every execution of it has had its commission.
    """

    con_id: int
    qty: Decimal
    price: Decimal
    commission: Decimal
    commission_known: bool


def legs_of_fill(
    fill: Fill, rows: Iterable[ExecutionReport], commissions: Mapping[str, Decimal], ratios: Mapping[int, int]
) -> list[LegFill]:
    """Return price and commission of each leg of a fill, in the order of `ratios`.

    Parameters
    ----------
    commissions
        By the id of the execution, corrections included.
    """
    latest = latest_versions(rows)
    result: list[LegFill] = []
    for con_id, ratio in ratios.items():
        shares = [share for share in fill.shares if share.con_id == con_id]
        total = sum((share.shares for share in shares), Decimal(0))
        paid, cost, known = Decimal(0), Decimal(0), True
        for share in shares:
            row = latest[share.base_id]
            paid += share.shares * row.price
            reported = commissions.get(row.exec_id)
            known = known and reported is not None
            cost += (reported or Decimal(0)) * share.shares / row.shares
        price = tidy((paid / total).quantize(PRICE_STEP)) if total else Decimal(0)
        result.append(
            LegFill(
                con_id,
                total if ratio > 0 else -total,
                price,
                tidy(cost.quantize(PRICE_STEP)),
                known,
            )
        )
    return result
