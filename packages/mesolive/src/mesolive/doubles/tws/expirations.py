"""Expiration of positions at the double of TWS: overnight and without a message, in cash or by delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from mesolive.doubles.products import PRODUCTS
from mesolive.doubles.tws.accounts import AccountService
from mesolive.doubles.tws.executions import ExecutionBooks
from mesolive.doubles.tws.gateway import Gateway
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.records import ZERO, Account
from mesolive.market.calendar import NEW_YORK, settlement_of
from mesolive.market.contracts import OptionContract, Settlement
from mesolive.market.settlement import settlement_value

AUTOMATIC_EXERCISE: Final = Decimal("0.01")
"""From how far in the money an option is exercised without being asked."""


class Expirations:
    """Settles expired positions in the night after their settlement."""

    def __init__(self, gateway: Gateway, accounts: AccountService, books: ExecutionBooks) -> None:
        self._gateway = gateway
        self._accounts = accounts
        self._books = books

    def step(self) -> None:
        """Settle what is due."""
        gateway = self._gateway
        now = gateway.now()
        for account in gateway.state.accounts.values():
            for con_id, position in list(account.positions.items()):
                instrument = gateway.instrument(con_id)
                if instrument is None or instrument.option is None or not position.quantity:
                    continue
                if instrument.settles_at is None or now < self._due(instrument.settles_at):
                    continue
                if not gateway.faults.is_on("positions_linger"):
                    self._settle(account, instrument, instrument.option, position.quantity, now)

    def assign(self, account: Account, instrument: Instrument, quantity: Decimal) -> None:
        """Exercise options of American style early: `quantity` signed as the position is.

        Raises
        ------
        ValueError
            When the account does not hold so many, or the option delivers nothing.
        """
        position_qty = account.position(instrument.con_id).quantity
        if position_qty * quantity <= 0 or abs(quantity) > abs(position_qty):
            raise ValueError(f"the account holds {position_qty} of {instrument.local_symbol}, not {quantity}")
        if not self._delivers(instrument):
            raise ValueError(f"{instrument.local_symbol} cannot be exercised before its expiration")
        self._deliver(account, instrument, quantity)

    def _due(self, settles_at: datetime) -> datetime:
        day = settles_at.astimezone(NEW_YORK).date() + timedelta(days=1)
        return datetime.combine(day, self._gateway.settings.expiry_at, NEW_YORK).astimezone(UTC)

    def _settle(
        self, account: Account, instrument: Instrument, option: OptionContract, quantity: Decimal, now: datetime
    ) -> None:
        gateway = self._gateway
        settles_at = instrument.settles_at or now
        price = gateway.markets.settlement(option, settles_at, now)
        if price is None:
            return
        value = settlement_value(option, price)
        gateway.truth.note(
            "settlement",
            account=account.name,
            con_id=instrument.con_id,
            local_symbol=instrument.local_symbol,
            quantity=quantity,
            settlement_price=price,
            value=value,
        )
        if self._delivers(instrument):
            if value >= AUTOMATIC_EXERCISE:
                self._deliver(account, instrument, quantity)
            else:
                self._trade(account, instrument, -quantity, ZERO)
                self._accounts.changed(account, [instrument.con_id])
            return
        self._trade(account, instrument, -quantity, value)
        self._accounts.changed(account, [instrument.con_id])

    def _delivers(self, instrument: Instrument) -> bool:
        """Whether an exercised option delivers shares or a future; index options and quarterlies of ES pay cash."""
        product = PRODUCTS[instrument.product]
        if product.sec_type == "FUT":
            return settlement_of(instrument.trading_class) is Settlement.PM and instrument.trading_class != "ES"
        return product.delivers_shares

    def _deliver(self, account: Account, instrument: Instrument, quantity: Decimal) -> None:
        """Exercise or assign options: they go, and the underlying comes or goes at the strike."""
        gateway = self._gateway
        underlying = gateway.instrument(instrument.under_con_id)
        if underlying is None:
            raise ValueError(f"{instrument.local_symbol} has no underlying to deliver")
        units = quantity * (1 if instrument.right == "C" else -1)
        if underlying.sec_type == "STK":
            units *= instrument.factor
        gateway.truth.note(
            "delivery",
            account=account.name,
            con_id=instrument.con_id,
            quantity=quantity,
            underlying=underlying.con_id,
            units=units,
            strike=instrument.strike,
        )
        self._trade(account, instrument, -quantity, ZERO)
        self._trade(account, underlying, units, instrument.strike)
        self._accounts.changed(account, [instrument.con_id, underlying.con_id])

    def _trade(self, account: Account, instrument: Instrument, quantity: Decimal, price: Decimal) -> None:
        if self._gateway.faults.strike("expiry_executions") is not None:
            self._books.outside(account.name, instrument, quantity, price, liquidation=0, free=True)
        else:
            self._accounts.trade(account, instrument, quantity, price, ZERO)
