"""Expired options: what they settle at is booked, their legs close, and with the last leg the position.

Every option counts as cash settled: at the difference of the settlement price and its strike, or at nothing. Options of
AM-settled classes settle at the underlying's opening price of their last day, all others at its close of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.market.calendar import ExchangeCalendar, settlement_of
from mesolive.market.contracts import OptionContract, Right, Settlement
from mesolive.market.service import Market, UnknownUnderlyingError
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.trading import accounts, legs, positions
from mesolive.trading.accounts import account_by_id
from mesolive.trading.booking import Fill
from mesolive.trading.books import (
    Books,
    FilledLeg,
    book_legs,
    close_position,
    leg_event,
    leg_update,
    position_event,
    realize,
    set_leg_status,
)
from mesolive.trading.freezing import resolved_events
from mesolive.trading.marks import exact
from mesolive.trading.plans import NewPlan, PlanKind, PlanLeg, find_plan, mark_executed, store_plan
from mesolive.trading.positions import Leg, Position, find_position
from mesolive.trading.prepared import MARK_DECIMALS
from mesolive_sdk import models

ZERO = Decimal(0)

PATIENCE = timedelta(minutes=15)
"""How long after an expiration its settlement price may be unknown before that is an error."""

LARGEST_PASS = 200
"""So many positions are settled at once; the others follow with the next evaluation."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A position with a leg that has expired and could not be settled."""

    position_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Due:
    """An expired leg with the price of the underlying that it settles at."""

    leg: Leg
    price: Decimal

    @property
    def value(self) -> Decimal:
        """What the option is worth at its settlement, per unit of the underlying."""
        contract = self.leg.traded.contract
        gain = self.price - contract.strike if contract.right is Right.CALL else contract.strike - self.price
        return max(gain, ZERO)


class Settlements:
    """Settles what has expired on paper accounts. At a venue the venue settles, and its owner books what it says.

    Parameters
    ----------
    market
        Where settlement prices are read: the default provider's.
    calendar
        The exchange's days.
    """

    def __init__(
        self, database: Database, journal: Journal, market: Market, calendar: ExchangeCalendar, clock: Clock
    ) -> None:
        self._database = database
        self._journal = journal
        self._market = market
        self._calendar = calendar
        self._clock = clock

    async def settle(self) -> list[Unsettled]:
        """Settle every expired leg whose settlement price is known; return what is overdue."""
        now = self._clock.now()
        unsettled: list[Unsettled] = []
        async with self._database.read() as tx:
            rows = await tx.all(
                select(positions.c.id, positions.c.user_id, accounts.c.is_paper)
                .join(legs, legs.c.position_id == positions.c.id)
                .join(accounts, accounts.c.id == positions.c.account_id)
                .where(
                    positions.c.state != models.LivePositionState.Closed.name,
                    legs.c.closed_at.is_(None),
                    legs.c.settles_at <= now,
                )
                .distinct()
                .order_by(positions.c.id)
                .limit(LARGEST_PASS)
            )
            found = [(row, await find_position(tx, row.user_id, row.id)) for row in rows]
        for row, position in found:
            due, problem = self._due(position, now)
            if due and row.is_paper:
                await self._settle(position, due, now)
            elif due:
                expired = ", ".join(one.leg.name for one in due)
                problem = f"{expired}: expired, and the venue tells no settlement; close the position by hand"
            if problem is not None:
                unsettled.append(Unsettled(position.id, problem))
        return unsettled

    def _due(self, position: Position, now: datetime) -> tuple[list[_Due], str | None]:
        due: list[_Due] = []
        problem: str | None = None
        for leg in position.open_legs:
            if leg.traded.settles_at > now:
                continue
            price = self._price(leg.traded.contract, leg.traded.settles_at, now)
            if price is not None:
                due.append(_Due(leg, price))
            elif now - leg.traded.settles_at >= PATIENCE:
                problem = f"leg '{leg.name}': the settlement price of {leg.traded.contract} is not known"
        return due, problem

    def _price(self, contract: OptionContract, settles_at: datetime, now: datetime) -> Decimal | None:
        """Return the underlying's price that a contract settles at, or `None` while it is not known."""
        try:
            book = self._market.book(contract.underlying)
        except UnknownUnderlyingError:
            return None
        view = book.view()
        day = self._calendar.local(settles_at).date()
        same_day = self._calendar.local(now).date() == day and not view.stale
        if settlement_of(contract.root) is Settlement.AM:
            found = view.underlying.today_open if same_day else None
        else:
            found = next((one.close for one in book.history.days if one.day == day), None)
            if found is None and same_day:
                found = view.underlying.quote.mark
        return None if found is None else exact(round(found, MARK_DECIMALS))

    async def _settle(self, position: Position, due: list[_Due], now: datetime) -> None:
        async with self._database.write(position.user_id) as tx:
            present = await find_position(tx, position.user_id, position.id)
            still_open = {leg.id: leg for leg in present.open_legs}
            settled = [
                one for one in due if one.leg.id in still_open and still_open[one.leg.id].holding == one.leg.holding
            ]
            if settled:
                await self._book(tx, present, settled, now)

    async def _book(self, tx: WriteTransaction, position: Position, settled: list[_Due], now: datetime) -> None:
        user_id = position.user_id
        account = await account_by_id(tx, user_id, position.account_id)
        plan_id = await store_plan(tx, user_id, _plan(position, settled, now))
        plan = await find_plan(tx, user_id, plan_id)
        books = Books(user_id, account, plan, position.id, {one.leg.name: one.leg.id for one in settled})
        events: list[models.MesoLiveEvent] = []
        held = [
            FilledLeg(leg, Fill(one.value, leg.qty, leg.traded.contract.multiplier, ZERO, one.leg.traded.settles_at))
            for one, leg in zip(settled, plan.legs, strict=True)
            if leg.qty != 0
        ]
        booked = await book_legs(tx, books, held, None) if held else {}
        for one, leg in zip(settled, plan.legs, strict=True):
            await set_leg_status(tx, one.leg.id, models.LegStatus.Closed, one.leg.traded.settles_at)
            filled = booked.get(leg.name)
            events.append(
                leg_update(books, leg, models.LegStatus.Closed, ZERO, ZERO)
                if filled is None
                else leg_event(books, filled, models.LegStatus.Closed)
            )
        total = await realize(tx, books, sum((one.realized for one in booked.values()), ZERO))
        await mark_executed(tx, plan_id, now, position.id)
        ids = {one.leg.id for one in settled}
        if all(leg.holding.qty == 0 for leg in position.legs if leg.id not in ids):
            await close_position(tx, books, max(one.leg.traded.settles_at for one in settled))
            events.append(position_event(books, models.PositionStatus.Closed, total))
            events += await resolved_events(tx, user_id, position.id)
        else:
            events.append(position_event(books, models.PositionStatus.RealizedPnLChanged, total))
        await self._journal.append(tx, user_id, events)


def _plan(position: Position, settled: list[_Due], now: datetime) -> NewPlan:
    """Return the plan by which a settlement is booked: it closes what has expired."""
    return NewPlan(
        kind=PlanKind.EXIT,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        position_id=position.id,
        position_name=position.name,
        data_provider=None,
        qty_multiplier=None,
        legs=tuple(
            PlanLeg(
                name=one.leg.name,
                traded=one.leg.traded,
                qty=-one.leg.holding.qty,
                leg_group_id=one.leg.leg_group_id,
                expiration_name=one.leg.expiration_name,
                leg_id=one.leg.id,
                mark=one.value,
            )
            for one in settled
        ),
        created_at=now,
    )
