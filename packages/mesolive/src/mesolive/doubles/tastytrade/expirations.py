"""Expiration of positions at the double of tastytrade: in the night, in cash or by delivery, or early."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from mesolive.doubles.products import PRODUCTS
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.fees import SETTLEMENT_FEE
from mesolive.doubles.tastytrade.instruments import EQUITY, FUTURE, Instrument
from mesolive.doubles.tastytrade.ledger import Ledger
from mesolive.doubles.tastytrade.records import Account
from mesolive.doubles.tastytrade.transactions import Transactions
from mesolive.doubles.tastytrade.values import ZERO
from mesolive.market.contracts import Right
from mesolive.market.settlement import settlement_value

AUTOMATIC_EXERCISE: Final = Decimal("0.01")
"""From how far in the money an option is exercised without being asked."""

DELIVERED_AT: Final = time(21, 0)
"""Hour, in UTC, that rows of assignments carry."""


class Expirations:
    """Settles expired positions in the night after their settlement."""

    def __init__(self, desk: Desk, ledger: Ledger, transactions: Transactions) -> None:
        self._desk = desk
        self._ledger = ledger
        self._transactions = transactions

    def step(self) -> None:
        """Settle what is due."""
        desk = self._desk
        now = desk.now()
        for account in desk.accounts.values():
            for symbol, position in list(account.positions.items()):
                if not position.quantity:
                    continue
                instrument = desk.instrument(symbol)
                expiration = instrument.expiration
                if expiration is None or now < self._due(expiration.settles_at):
                    continue
                if not desk.faults.is_on("positions_linger", account=account.number):
                    self._settle(account, instrument, position.quantity, expiration.settles_at)

    def assign(self, account: Account, instrument: Instrument, quantity: int) -> None:
        """Exercise or assign options of American style early: `quantity` signed as the position is.

        Raises
        ------
        ValueError
            When the account does not hold so many, or the option delivers nothing.
        """
        position_qty = account.position(instrument.symbol).quantity
        if position_qty * quantity <= 0 or abs(quantity) > abs(position_qty):
            raise ValueError(f"the account holds {position_qty} of {instrument.symbol}, not {quantity}")
        if not PRODUCTS[instrument.product].delivers_shares:
            raise ValueError(f"{instrument.symbol} cannot be exercised before its expiration")
        self._deliver(account, instrument, quantity, self._desk.now())

    def _due(self, settles_at: datetime) -> datetime:
        day = settles_at.astimezone(UTC).date() + timedelta(days=1)
        return datetime.combine(day, time(self._desk.settings.settlement_hour), UTC)

    def _settle(self, account: Account, instrument: Instrument, quantity: int, settles_at: datetime) -> None:
        desk = self._desk
        option, now = instrument.option, desk.now()
        if option is None:
            return
        price = desk.markets.settlement(option, settles_at, now)
        if price is None:
            return
        value = settlement_value(option, price)
        desk.truth.note(
            "settlement",
            account=account.number,
            symbol=instrument.symbol,
            quantity=quantity,
            settlement_price=price,
            value=value,
        )
        at = self._due(settles_at)
        late = desk.faults.strike("settlements_late", account=account.number)
        listed = None if late is None else at + timedelta(hours=float(late["hours"]))
        if value >= AUTOMATIC_EXERCISE and _delivers(instrument):
            self._deliver(account, instrument, quantity, settles_at, listed)
            return
        worthless = value < AUTOMATIC_EXERCISE
        sub_type = "Expiration" if worthless else f"Cash Settled {'Exercise' if quantity > 0 else 'Assignment'}"
        fee = ZERO if worthless else SETTLEMENT_FEE
        cash = ZERO if worthless else quantity * value * instrument.factor
        self._transactions.receive_deliver(
            account.number,
            instrument,
            sub_type,
            description=f"Removal of option due to {sub_type.lower()}",
            quantity=abs(quantity),
            at=at,
            day=desk.markets.today(settles_at),
            cash=cash,
            fee=fee,
            price=None if worthless else option.strike,
            listed_from_market=listed,
        )
        self._ledger.trade(account, instrument, -quantity, ZERO if worthless else value, fee)

    def _deliver(
        self,
        account: Account,
        instrument: Instrument,
        quantity: int,
        moment: datetime,
        listed: datetime | None = None,
    ) -> None:
        """Exercise or assign options: they go, and shares or a future come or go at the strike."""
        desk = self._desk
        option = instrument.option
        shares = desk.instruments.find(instrument.product if instrument.future is None else instrument.underlying)
        if option is None or shares is None or shares.kind not in {EQUITY, FUTURE}:
            raise ValueError(f"{instrument.symbol} has no shares to deliver")
        units = (
            quantity
            * (1 if option.right is Right.CALL else -1)
            * (int(instrument.factor) if shares.kind == EQUITY else 1)
        )
        day = desk.markets.today(moment)
        at = datetime.combine(day, DELIVERED_AT, UTC)
        position_qty = account.position(shares.symbol).quantity
        opens = position_qty * units >= 0
        verb = "Buy" if units > 0 else "Sell"
        action = verb if shares.kind == FUTURE else f"{verb} to {'Open' if opens else 'Close'}"
        number, sub_type = account.number, "Exercise" if quantity > 0 else "Assignment"
        desk.truth.note(
            "delivery", account=number, symbol=instrument.symbol, quantity=quantity, shares=units, strike=option.strike
        )
        self._transactions.receive_deliver(
            number,
            instrument,
            sub_type,
            description=f"Removal of option due to {sub_type.lower()}",
            quantity=abs(quantity),
            at=at,
            day=day,
            listed_from_market=listed,
        )
        self._transactions.receive_deliver(
            number,
            shares,
            action,
            description=f"{action} {abs(units)} {shares.symbol} @ {option.strike:.2f}",
            action=action,
            quantity=abs(units),
            price=option.strike,
            at=at,
            day=day,
            cash=ZERO if shares.kind == FUTURE else -units * option.strike,
            fee=SETTLEMENT_FEE,
            listed_from_market=listed,
        )
        self._ledger.trade(account, instrument, -quantity, ZERO, ZERO)
        self._ledger.trade(account, shares, units, option.strike, SETTLEMENT_FEE)


def _delivers(instrument: Instrument) -> bool:
    """Return whether an exercise delivers something; that of a future which ends in the same moment is its cash."""
    if instrument.future is not None:
        return instrument.option is not None and instrument.option.day < instrument.future.last_day
    return PRODUCTS[instrument.product].delivers_shares
