"""Paper settlement: expired options are cash settled; expired options at venues are reported as overdue.

Every option counts as cash settled: at the difference of the settlement price and its strike, or at nothing
(`mesolive.market.settlement`). Settlement reports of a venue are booked by
`mesolive.trading.settlement.venue_settlements`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.market.settlement import settlement_price, settlement_value
from mesolive.store.database import Database
from mesolive.trading.portfolio.position_queries import expired_positions, next_expiration
from mesolive.trading.portfolio.positions import Leg, Position, find_position
from mesolive.trading.settlement.booking import SettledLeg, book_settlement

ZERO = Decimal(0)
_NEVER = datetime.max.replace(tzinfo=UTC)

PRICE_GRACE = timedelta(minutes=15)
"""How long after an expiration its settlement price may be unknown before that is an error."""

BATCH = 200
"""Positions per read."""


class Unsettled(Struct, frozen=True):
    """A position with a leg that has expired and could not be settled."""

    position_id: int
    reason: str


class PaperSettlements:
    """Settles expired options of paper accounts, and reports overdue settlements of venues.

    Parameters
    ----------
    market
        Where settlement prices are read: of the provider that values the account, in its market time.
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
        self._nothing_at = -1  # the database's version at which nothing had expired until `_next`
        self._next = _NEVER

    async def settle(self) -> list[Unsettled]:
        """Settle every expired leg of paper accounts whose settlement price is known; return what is overdue."""
        latest = max([self._clock.now(), *(self._market.now(kind, self._clock) for kind in self._market.providers)])
        if self._database.is_unchanged_since(self._nothing_at) and latest < self._next:
            return []
        version = self._database.version
        unsettled: list[Unsettled] = []
        last = 0
        while part := await self._expired(latest, last):
            for is_paper, position in part:
                last = position.id
                now = self._market.now(position.provider, self._clock)
                due, problem = self._due(position, now) if is_paper else _overdue(position, now)
                if due:
                    await self._settle(position, due, now)
                if problem is not None:
                    unsettled.append(Unsettled(position.id, problem))
        if last == 0 and self._database.is_unchanged_since(version):
            async with self._database.read() as tx:
                self._next = await next_expiration(tx) or _NEVER
            self._nothing_at = version
        return unsettled

    async def _expired(self, now: datetime, after: int) -> list[tuple[bool, Position]]:
        """Return the next positions with a leg that has expired, and whether each is on a paper account."""
        async with self._database.read() as tx:
            return await expired_positions(tx, now, after, BATCH)

    def _due(self, position: Position, now: datetime) -> tuple[list[SettledLeg], str | None]:
        due: list[SettledLeg] = []
        problem: str | None = None
        for leg in position.open_legs:
            contract, settles_at = leg.traded.contract, leg.traded.settles_at
            if settles_at > now:
                continue
            price = self._price(leg, settles_at, now)
            if price is not None:
                due.append(SettledLeg(leg, leg.holding.qty, settlement_value(contract, price), settles_at))
            elif now - settles_at >= PRICE_GRACE:
                problem = f"leg '{leg.name}': the settlement price of {contract} is not known"
        return due, problem

    def _price(self, leg: Leg, settles_at: datetime, now: datetime) -> Decimal | None:
        contract = leg.traded.contract
        try:
            book = self._market.book(contract.underlying, leg.provider)
        except (UnknownUnderlyingError, UnknownProviderError):
            return None
        return settlement_price(book, self._calendar, contract, settles_at, now)

    async def _settle(self, position: Position, due: list[SettledLeg], now: datetime) -> None:
        async with self._database.write(position.user_id) as tx:
            present = await find_position(tx, position.user_id, position.id)
            still_open = {leg.id: leg for leg in present.open_legs}
            settled = [
                item
                for item in due
                if item.leg.id in still_open and still_open[item.leg.id].holding == item.leg.holding
            ]
            if settled:
                await self._journal.append(tx, position.user_id, await book_settlement(tx, present, settled, now))


def _overdue(position: Position, now: datetime) -> tuple[list[SettledLeg], str | None]:
    """Return the legs to close and the overdue report of a venue position whose legs expired some time ago.

    Legs that hold nothing, such as markers, are closed here; what is held the venue should have settled.
    """
    late = [leg for leg in position.open_legs if now - leg.traded.settles_at >= PRICE_GRACE]
    names = ", ".join(f"'{leg.name}'" for leg in late if leg.holding.qty != 0)
    problem = f"{names}: expired, and the venue has reported no settlement of it; look what it holds" if names else None
    return [SettledLeg(leg, ZERO, ZERO, leg.traded.settles_at) for leg in late if leg.holding.qty == 0], problem
