"""Executions of the double of TWS: booking of fills, a report for the combo and one per leg, and commissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mesolive.doubles.tws.accounts import AccountService
from mesolive.doubles.tws.gateway import Gateway
from mesolive.doubles.tws.instruments import BAG_CON_ID, Instrument
from mesolive.doubles.tws.matching import FillQuote, LegPrice
from mesolive.doubles.tws.records import ZERO, Commission, Execution, Order, OrderStatus
from mesolive.records import replace

PREFIX: Final = "00025b49"
OTHER_PREFIX: Final = "0000dc8f"
"""Of executions at another exchange: parts of one order may have different prefixes."""

NO_ORDER_ID: Final = 2147483647
"""The order id of executions that belong to no order of a client."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill: its reports, that of the combo first, and the commissions of all but the combo's."""

    executions: Sequence[Execution]
    commissions: Sequence[Commission]


class ExecutionBooks:
    """Books fills into accounts, orders and the truth ledger."""

    def __init__(self, gateway: Gateway, accounts: AccountService) -> None:
        self._gateway = gateway
        self._accounts = accounts

    def fill(self, order: Order, quantity: Decimal, quote: FillQuote, *, liquidation: int = 0) -> Fill:
        """Fill a part of an order at a quote; return the reports."""
        gateway, state = self._gateway, self._gateway.state
        number = self._number()
        executions: list[Execution] = []
        commissions: list[Commission] = []
        before = order.filled * order.average_price
        order.filled += quantity
        order.average_price = (before + quantity * quote.price) / order.filled
        order.last_fill_price = quote.price
        if order.remaining == 0:
            order.status, order.live, order.ended_at = OrderStatus.FILLED, False, gateway.now()
        if order.is_combo:
            exchange = "SMART" if order.exchange == "SMART" else order.exchange
            bag = Execution(
                exec_id=f"{PREFIX}.{number:08x}.01.01",
                at=gateway.now(),
                account=order.account,
                client_id=order.client_id,
                order_id=order.order_id,
                perm_id=order.perm_id,
                con_id=BAG_CON_ID,
                symbol=order.symbol,
                sec_type="BAG",
                exchange=exchange,
                side="BOT" if order.action == "BUY" else "SLD",
                shares=quantity,
                price=quote.price,
                cumulative=order.filled,
                average=order.average_price,
                order_ref=order.order_ref,
                of_bag=True,
                liquidation=liquidation,
            )
            executions.append(bag)
            state.executions.append(bag)
        prefix = PREFIX
        if order.is_combo and gateway.faults.strike("leg_prefixes", client=order.client_id) is not None:
            prefix, number = OTHER_PREFIX, self._number()
        split = order.is_combo and gateway.faults.strike("legs_split", client=order.client_id) is not None
        for place, leg in enumerate(quote.legs, 2 if order.is_combo else 1):
            shares = quantity * abs(leg.ratio)
            first = (shares / 2).to_integral_value() if split and shares > 1 else shares
            for part in (first, shares - first):
                if not part:
                    continue
                at = number if part is first else self._number()
                execution = self._leg(order, leg, part, f"{prefix}.{at:08x}.{place:02x}.01", liquidation)
                executions.append(execution)
                state.executions.append(execution)
                commissions.append(self._book(execution, leg.instrument))
        for report in commissions:
            state.commissions[report.exec_id] = report
        gateway.truth.note(
            "fill",
            perm_id=order.perm_id,
            order_ref=order.order_ref,
            account=order.account,
            quantity=quantity,
            price=quote.price,
            filled=order.filled,
            executions=[execution.exec_id for execution in executions],
        )
        return Fill(executions, commissions)

    def outside(
        self, account: str, instrument: Instrument, quantity: Decimal, price: Decimal, *, liquidation: int, free: bool
    ) -> Fill:
        """Book an execution that belongs to no order of any client: by hand elsewhere, by IB, or at expiration.

        Parameters
        ----------
        quantity
            Signed contracts.
        free
            Whether it costs nothing.
        """
        execution = Execution(
            exec_id=f"{OTHER_PREFIX}.{self._number():08x}.01.01",
            at=self._gateway.now(),
            account=account,
            client_id=0,
            order_id=NO_ORDER_ID,
            perm_id=0,
            con_id=instrument.con_id,
            symbol=instrument.symbol,
            sec_type=instrument.sec_type,
            exchange=instrument.exchange,
            side="BOT" if quantity > 0 else "SLD",
            shares=abs(quantity),
            price=price,
            cumulative=abs(quantity),
            average=price,
            order_ref="",
            liquidation=liquidation,
        )
        report = self._book(execution, instrument, free=free)
        self._gateway.state.executions.append(execution)
        self._gateway.state.commissions[report.exec_id] = report
        self._gateway.truth.note("execution_of_no_order", account=account, executions=[execution.exec_id])
        return Fill([execution], [report])

    def correct(self, exec_id: str, price: Decimal) -> Execution:
        """Correct the price of an execution; return the report that replaces it.

        Raises
        ------
        ValueError
            When there is no such execution.
        """
        gateway = self._gateway
        old = next((execution for execution in gateway.state.executions if execution.exec_id == exec_id), None)
        if old is None:
            raise ValueError(f"there is no execution {exec_id!r}")
        stem, _, number = exec_id.rpartition(".")
        new = replace(old, exec_id=f"{stem}.{int(number) + 1:02d}", price=price, average=price)
        instrument = None if old.of_bag else gateway.instrument(old.con_id)
        if instrument is not None:
            account = gateway.account(old.account)
            moved = (price - old.price) * old.signed * instrument.factor
            account.cash -= moved
            position = account.position(old.con_id)
            if position.quantity:
                position.average_cost += moved / position.quantity
        gateway.state.executions.append(new)
        gateway.truth.note("correction", replaces=exec_id, exec_id=new.exec_id, price=price)
        return new

    def _number(self) -> int:
        state = self._gateway.state
        state.next_execution += 1
        return 0x69B20000 + state.next_execution - 1

    def _leg(self, order: Order, leg: LegPrice, shares: Decimal, exec_id: str, liquidation: int) -> Execution:
        earlier = [
            execution
            for execution in self._gateway.state.executions
            if execution.perm_id == order.perm_id and execution.con_id == leg.instrument.con_id and not execution.of_bag
        ]
        total = shares + sum((execution.shares for execution in earlier), ZERO)
        paid = shares * leg.price + sum((execution.shares * execution.price for execution in earlier), ZERO)
        return Execution(
            exec_id=exec_id,
            at=self._gateway.now(),
            account=order.account,
            client_id=order.client_id,
            order_id=order.order_id,
            perm_id=order.perm_id,
            con_id=leg.instrument.con_id,
            symbol=leg.instrument.symbol,
            sec_type=leg.instrument.sec_type,
            exchange="CBOE" if order.exchange == "SMART" else order.exchange,
            side="BOT" if leg.ratio > 0 else "SLD",
            shares=shares,
            price=leg.price,
            cumulative=total,
            average=paid / total,
            order_ref=order.order_ref,
            liquidation=liquidation,
        )

    def _book(self, execution: Execution, instrument: Instrument, *, free: bool = False) -> Commission:
        """Book an execution into its account; return what it costs."""
        gateway = self._gateway
        settings = gateway.settings
        per_unit = settings.commission if instrument.sec_type != "STK" else settings.share_commission
        cost = ZERO if free else max(per_unit * execution.shares, settings.min_commission)
        account = gateway.account(execution.account)
        gateway.instrument(instrument.con_id)
        realized = self._accounts.trade(account, instrument, execution.signed, execution.price, cost)
        gateway.truth.note(
            "execution",
            exec_id=execution.exec_id,
            perm_id=execution.perm_id,
            order_ref=execution.order_ref,
            account=execution.account,
            con_id=execution.con_id,
            local_symbol=instrument.local_symbol,
            side=execution.side,
            shares=execution.shares,
            price=execution.price,
            commission=cost,
        )
        return Commission(execution.exec_id, cost, realized)
