"""Transactions of the double of tastytrade: rows for fills, settlements and money, each listed some time later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.fees import Fees
from mesolive.doubles.tastytrade.instruments import Instrument
from mesolive.doubles.tastytrade.records import BUYING, Fill, Leg, Order, Transaction
from mesolive.doubles.tastytrade.settings import Environment
from mesolive.doubles.tastytrade.values import ZERO, JsonObject, amount, moment, signed


class Transactions:
    """The rows of all accounts.

    Parameters
    ----------
    desk
        The books.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def trade(self, order: Order, leg: Leg, fill: Fill, instrument: Instrument, fees: Fees, cash: Decimal) -> None:
        """Add the row of a fill.

        Parameters
        ----------
        cash
            What the fill paid or cost without fees; signed.
        """
        desk = self._desk
        if desk.faults.strike("transactions_missing", account=order.account) is not None:
            return
        shown = fees
        if desk.faults.strike("commission_missing", account=order.account) is not None:
            shown = Fees(regulatory=fees.regulatory, clearing=fees.clearing, index=fees.index)
        verb = "Bought" if leg.action in BUYING else "Sold"
        fields: JsonObject = {
            **self._head(instrument, "Trade", leg.action),
            "description": f"{verb} {fill.quantity} {_described(instrument)} @ {fill.price}",
            "action": leg.action,
            "quantity": amount(Decimal(fill.quantity)),
            "price": amount(fill.price),
            **signed("value", cash),
            **shown.as_json(),
            **signed("net-value", cash - shown.total),
            "order-id": order.id,
            "leg-count": len(order.legs),
            "exec-id": fill.fill_id,
            "exchange": "D",
            "exchange-affiliation-identifier": "",
            "destination-venue": fill.venue,
            "ext-group-id": "0",
        }
        if desk.settings.environment is Environment.PRODUCTION:
            fields |= {
                "ext-exchange-order-number": order.exchange_number or "",
                "ext-global-order-number": order.global_number or 0,
                "ext-group-fill-id": fill.group_id or "",
                "ext-exec-id": fill.exec_id or "",
            }
        late = desk.faults.strike("transactions_late", account=order.account)
        lag = max(desk.settings.transaction_lag, 0.0 if late is None else float(late["seconds"]))
        self._add(order.account, fill.at, fields, listed_from=desk.timer.now() + timedelta(seconds=lag))

    def receive_deliver(
        self,
        account: str,
        instrument: Instrument,
        sub_type: str,
        *,
        description: str,
        quantity: int,
        at: datetime,
        day: date,
        cash: Decimal = ZERO,
        fee: Decimal = ZERO,
        price: Decimal | None = None,
        action: str | None = None,
        listed_from_market: datetime | None = None,
    ) -> Transaction:
        """Add the row of a settlement, an assignment or a delivery.

        Parameters
        ----------
        quantity
            Greater than zero: rows are unsigned.
        cash
            What it paid or cost without the fee; signed.
        price
            The strike.
        """
        fields: JsonObject = {**self._head(instrument, "Receive Deliver", sub_type), "description": description}
        if action is not None:
            fields["action"] = action
        fields["quantity"] = amount(Decimal(quantity))
        if price is not None:
            fields["price"] = amount(price)
        fields |= signed("value", cash)
        if fee:
            fields |= signed("clearing-fees", -fee)
        fields |= signed("net-value", cash - fee)
        return self._add(account, at, fields, day=day, listed_from_market=listed_from_market)

    def money(self, account: str, sub_type: str, description: str, cash: Decimal) -> Transaction:
        """Add a movement of money: a deposit, a fee, a dividend."""
        fields: JsonObject = {
            "transaction-type": "Money Movement",
            "transaction-sub-type": sub_type,
            "description": description,
            **signed("value", cash),
            **signed("net-value", cash),
        }
        return self._add(account, self._desk.now(), fields)

    def reverse(self, row: Transaction) -> Transaction:
        """Add a row that undoes another one."""
        fields = dict(row.fields)
        for name in ("value", "net-value"):
            effect = fields.get(f"{name}-effect")
            fields[f"{name}-effect"] = {"Credit": "Debit", "Debit": "Credit"}.get(str(effect), "None")
        fields |= {"description": f"Reversal of {row.fields['description']}", "reverses-id": row.id}
        return self._add(row.account, self._desk.now(), fields)

    def listed(self, account: str) -> Sequence[Transaction]:
        """Return the rows that are listed now, the newest first."""
        timer, now = self._desk.timer.now(), self._desk.now()
        rows = [
            row
            for row in self._desk.transactions
            if row.account == account
            and (row.listed_from is None or row.listed_from <= timer)
            and (row.listed_from_market is None or row.listed_from_market <= now)
        ]
        return sorted(rows, key=lambda row: (row.at, row.id), reverse=True)

    def view(self, row: Transaction) -> JsonObject:
        """Return the JSON object of a row; fees are estimates until the night."""
        head: JsonObject = {"id": row.id, "account-number": row.account}
        tail: JsonObject = {
            "executed-at": moment(row.at),
            "transaction-date": row.day.isoformat(),
            "is-estimated-fee": self._desk.today() <= row.day,
        }
        view = head | row.fields | tail
        if self._desk.faults.strike("fields_added", account=row.account, message="Transaction") is not None:
            view |= {"lots": [], "cost-basis-reconciliation-date": row.day.isoformat()}
        return view

    def _head(self, instrument: Instrument, kind: str, sub_type: str) -> JsonObject:
        return {
            "symbol": instrument.symbol,
            "instrument-type": instrument.kind,
            "underlying-symbol": instrument.underlying,
            "transaction-type": kind,
            "transaction-sub-type": sub_type,
        }

    def _add(
        self,
        account: str,
        at: datetime,
        fields: JsonObject,
        *,
        day: date | None = None,
        listed_from: datetime | None = None,
        listed_from_market: datetime | None = None,
    ) -> Transaction:
        desk = self._desk
        row = Transaction(
            desk.next_id("transaction"),
            account,
            day or desk.markets.today(at),
            at,
            fields,
            listed_from,
            listed_from_market,
        )
        desk.transactions.append(row)
        desk.truth.note(
            "transaction",
            account=account,
            id=row.id,
            type=str(fields["transaction-type"]),
            sub_type=str(fields["transaction-sub-type"]),
            symbol=str(fields.get("symbol", "")),
            net_value=str(fields["net-value"]),
            effect=str(fields["net-value-effect"]),
        )
        return row


def total_fees(rows: Sequence[Transaction], day: date) -> Decimal:
    """Return what the rows of a day cost in commission and fees."""
    names = ("regulatory-fees", "clearing-fees", "commission", "proprietary-index-option-fees")
    today = [row.fields for row in rows if row.day == day]
    return sum((Decimal(str(fields.get(name, "0"))) for fields in today for name in names), ZERO)


def _described(instrument: Instrument) -> str:
    option = instrument.option
    if option is None:
        return instrument.symbol
    right = "Call" if option.right.value == "C" else "Put"
    return f"{instrument.underlying} {option.day:%m/%d/%y} {right} {option.strike:.2f}"
