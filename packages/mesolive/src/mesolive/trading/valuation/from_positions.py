"""Valuation subjects of stored positions and legs, for the streams."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from mesolive.trading.portfolio.positions import Leg, Position
from mesolive.trading.valuation.subjects import ZERO, Entry, Subject, of_legs


class PositionReader(Protocol):
    """Reads a user's positions and legs; `mesolive.trading.portfolio.positions.Positions` does."""

    async def read_many(self, user_id: int, position_ids: Collection[int]) -> Mapping[int, Position]:
        """Return those of the user's positions that are among `position_ids`, by id."""
        ...

    async def read_legs(self, user_id: int, leg_ids: Sequence[int]) -> Sequence[Leg]:
        """Return those of the user's legs that are among `leg_ids`, in the order asked; unknown ids are left out."""
        ...


def entry_of(leg: Leg) -> Entry:
    """Return the valuation entry of a leg: an open leg at its exact cost, a marker leg as one contract at its price.

    Nothing is held of a closed leg, so it has no running PnL.
    """
    contract = leg.traded.contract
    marker, closed = leg.qty == 0, leg.closed_at is not None
    cost = leg.entry_price * contract.multiplier if marker else leg.holding.cost
    return Entry(
        key=leg.id,
        contract=contract,
        qty=ZERO if marker or closed else leg.holding.qty,
        cost=None if closed else cost,
        realized=leg.shown_pnl,
        group=leg.leg_group_id,
        marker=marker,
        provider=leg.provider,
    )


def position_subject(position: Position) -> Subject:
    """Return the subject of a position: its open legs, and the realised PnL of it and its leg groups."""
    entries = [entry_of(leg) for leg in position.legs if leg.closed_at is None]
    closed: dict[int, Decimal] = {}
    for leg in position.legs:
        if leg.closed_at is not None:
            closed[leg.leg_group_id] = closed.get(leg.leg_group_id, ZERO) + leg.shown_pnl
    return of_legs(entries, realized=position.realized_pnl, closed=closed)


def legs_subject(legs: Sequence[Leg]) -> Subject:
    """Return the subject of some legs; those that are closed are left out."""
    return Subject(entries=tuple(entry_of(leg) for leg in legs if leg.closed_at is None), realized=ZERO)
