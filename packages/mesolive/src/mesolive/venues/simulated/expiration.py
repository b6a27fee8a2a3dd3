"""Expiration and exercise of positions at the simulated venue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from mesolive.clock import Clock
from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.contracts import ExerciseStyle, OptionContract
from mesolive.market.service import Market, UnknownUnderlyingError
from mesolive.market.settlement import settlement_price, settlement_value
from mesolive.venues.base import ExerciseNotice, Settled, SettlementFact
from mesolive.venues.simulated.ledger import Gone, VenueLedger

RETRY_INTERVAL: Final = timedelta(minutes=1)
"""Retry interval of an expiration whose settlement price is missing."""

ZERO: Final = Decimal(0)

_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Expiring:
    """Settles and exercises the positions of a ledger.

    Parameters
    ----------
    tell
        Called with each fact once it is remembered.
    fee
        Per contract that settles in the money, in account currency.
    """

    def __init__(
        self,
        ledger: VenueLedger,
        market: Market,
        clock: Clock,
        calendar: ExchangeCalendar,
        report: Callable[[SettlementFact], None],
        fee: Decimal = ZERO,
    ) -> None:
        self._ledger = ledger
        self._market = market
        self._clock = clock
        self._calendar = calendar
        self._report = report
        self._fee = fee
        self._next = _EVER

    def traded(self, contract: OptionContract) -> None:
        """Note that a contract may be held now: it may settle earlier than all that was held before."""
        self._next = min(self._next, settlement_instant(contract.root, contract.day, calendar=self._calendar))

    def settle(self, now: datetime) -> datetime:
        """Settle what has expired and has a settlement price; return when to come again."""
        if now >= self._next:
            self._next = min((self._settle(*key) for key in list(self._ledger.positions.items())), default=_NEVER)
        return self._next if self._next > now else now + RETRY_INTERVAL

    def _settle(self, key: tuple[str, OptionContract], qty: Decimal) -> datetime:
        """Settle one position if it can be; return when it settles where it is still held."""
        account, contract = key
        now = self._clock.now()
        settles_at = settlement_instant(contract.root, contract.day, calendar=self._calendar)
        if settles_at > now:
            return settles_at
        try:
            book = self._market.book(contract.underlying)
        except UnknownUnderlyingError:
            return settles_at
        price = settlement_price(book, self._calendar, contract, settles_at, now)
        if price is None:
            return settles_at
        value = settlement_value(contract, price)
        self._gone(
            Settled(
                account=account,
                fact_id=self._ledger.name("S"),
                contract=contract,
                qty=qty,
                price=value,
                cash=value * qty * contract.multiplier - (self._fee * abs(qty) if value else ZERO),
                at=settles_at,
            )
        )
        return _NEVER

    def exercise(self, account: str, contract: OptionContract, qty: Decimal) -> ExerciseNotice:
        """Exercise options of American style early: see `SimulatedVenue.exercise_early`."""
        position_qty = self._ledger.positions_of(account).get(contract, ZERO)
        if position_qty * qty <= 0 or abs(qty) > abs(position_qty):
            raise ValueError(f"the account holds {position_qty} of {contract}, not {qty}")
        listing = self._market.book(contract.underlying).listing
        place = listing.position(contract.root, contract.day)
        if place is None or listing.expirations[place].style is not ExerciseStyle.AMERICAN:
            raise ValueError(f"{contract} cannot be exercised before its expiration")
        notice = ExerciseNotice(
            account=account, fact_id=self._ledger.name("X"), contract=contract, qty=qty, at=self._clock.now()
        )
        self._gone(notice)
        return notice

    def _gone(self, fact: SettlementFact) -> None:
        self._ledger.record(Gone(fact=fact))
        self._report(fact)
