"""Accounts served to clients: summary, values, portfolio and positions; and what executions do to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from mesolive.doubles.tws.contract_messages import Holding, portfolio_value, position
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.margins import CENT, AccountValues, price_of, values_of
from mesolive.doubles.tws.messages import (
    account_download_end,
    account_summary,
    account_time,
    account_update_multi,
    account_value,
    end_of,
)
from mesolive.doubles.tws.records import ZERO, Account, Position
from mesolive.doubles.tws.requests import ReqAccountSummary, ReqAccountUpdates, ReqAccountUpdatesMulti

MAX_SUMMARIES: Final = 2
"""How many summaries may be subscribed to at once, over all clients."""

MAX_STORED_TRADES: Final = 1000

EVERY: Final = timedelta(minutes=3)
"""How often values of accounts are sent without a fill."""


class AccountService:
    """Answers requests about accounts, and sends their changes to whom they were promised."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._position_readers: set[int] = set()
        self._summaries: dict[tuple[int, int], Sequence[str]] = {}
        self._updates: dict[int, str] = {}
        self._sent_at = gateway.now()
        self._trades: deque[tuple[datetime, str, int, Decimal]] = deque(maxlen=MAX_STORED_TRADES)

    # requests

    def positions(self, client: Client) -> None:
        """Send all positions, then their end; later changes follow."""
        self._position_readers.add(client.client_id)
        zero_rows = self._gateway.faults.strike("zero_rows", client=client.client_id) is not None
        for account in self._gateway.state.accounts.values():
            for row in account.positions.values():
                if row.quantity or zero_rows:
                    self._send_position(client, account, row)
        client.send(end_of(62))

    def cancel_positions(self, client: Client) -> None:
        """Send no more changes of positions."""
        self._position_readers.discard(client.client_id)

    def summary(self, client: Client, request: ReqAccountSummary) -> None:
        """Send the values of all accounts that were asked for, then their end; later changes follow."""
        key = (client.client_id, request.req_id)
        if key not in self._summaries and len(self._summaries) >= MAX_SUMMARIES:
            cause = "Maximum number of account summary requests exceeded"
            client.error(request.req_id, 322, request="reqAccountSummary", cause=cause)
            return
        self._summaries[key] = request.tags
        self._send_summary(client, request.req_id, request.tags)
        client.send(end_of(64, request.req_id))

    def cancel_summary(self, client: Client, req_id: int) -> None:
        """Send no more changes of a summary."""
        self._summaries.pop((client.client_id, req_id), None)

    def updates(self, client: Client, request: ReqAccountUpdates) -> None:
        """Send the values and the portfolio of one account, then their end; later changes follow."""
        if not request.subscribe:
            self._updates.pop(client.client_id, None)
            return
        name = request.account or self._gateway.settings.accounts[0]
        if name not in self._gateway.state.accounts:
            client.error(-1, 321, request="reqAccountUpdates", cause="Invalid account code")
            return
        self._updates[client.client_id] = name
        self._send_updates(client, name)
        client.send(account_download_end(name))

    def updates_multi(self, client: Client, request: ReqAccountUpdatesMulti) -> None:
        """Send the values of one account, or of all, then their end."""
        wanted = [request.account] if request.account else list(self._gateway.state.accounts)
        for name in wanted:
            account = self._gateway.state.accounts.get(name)
            if account is None:
                cause = "Invalid account code"
                client.error(request.req_id, 321, request="reqAccountUpdatesMulti", cause=cause)
                return
            for key, value, currency in _values(values_of(self._gateway, account)):
                client.send(account_update_multi(request.req_id, name, request.model, key, value, currency))
        client.send(end_of(74, request.req_id))

    def leave(self, client_id: int) -> None:
        """End what a client had when its socket was lost."""
        self._position_readers.discard(client_id)
        self._updates.pop(client_id, None)
        for key in [key for key in self._summaries if key[0] == client_id]:
            del self._summaries[key]

    # changes

    def trade(
        self, account: Account, instrument: Instrument, quantity: Decimal, price: Decimal, cost: Decimal
    ) -> Decimal | None:
        """Book a trade; return the profit that it realized, or `None` when it only opened.

        Parameters
        ----------
        quantity
            Signed contracts.
        price
            Per unit of the underlying.
        cost
            Commission: it adds to the cost of what is opened, and lessens the profit of what is closed.
        """
        self._trades.append((self._gateway.timer.now(), account.name, instrument.con_id, quantity))
        row = account.position(instrument.con_id)
        per_contract = price * instrument.factor
        account.cash -= quantity * per_contract + cost
        realized: Decimal | None = None
        opening = quantity
        if row.quantity * quantity < 0:
            closing = min(abs(quantity), abs(row.quantity)) * (1 if row.quantity > 0 else -1)
            realized = closing * (per_contract - row.average_cost) - cost * abs(closing / quantity)
            row.realized += realized
            row.quantity -= closing
            opening = quantity + closing
        if opening:
            before = row.quantity * row.average_cost
            row.quantity += opening
            row.average_cost = (before + opening * per_contract + cost * abs(opening / quantity)) / row.quantity
        if not row.quantity:
            row.average_cost = ZERO
        return realized

    def changed(self, account: Account, con_ids: Sequence[int]) -> None:
        """Send changed positions, and the portfolio of the account, to whom they were promised."""
        for client in self._gateway.all_clients():
            if client.client_id in self._position_readers:
                for con_id in con_ids:
                    self._send_position(client, account, account.position(con_id))
            if self._updates.get(client.client_id) == account.name:
                self._send_updates(client, account.name)

    def step(self) -> None:
        """Send values again every three minutes."""
        now = self._gateway.now()
        if now - self._sent_at < EVERY:
            return
        self._sent_at = now
        for client in self._gateway.all_clients():
            name = self._updates.get(client.client_id)
            if name is not None:
                self._send_updates(client, name)
            for (client_id, req_id), tags in self._summaries.items():
                if client_id == client.client_id:
                    self._send_summary(client, req_id, tags)

    def _send_position(self, client: Client, account: Account, row: Position) -> None:
        instrument = self._gateway.instrument(row.con_id)
        if instrument is None:
            return
        writing = self._gateway.writing(client)
        average = row.average_cost.quantize(Decimal("0.0001"))
        quantity = row.quantity - self._not_shown(client, account.name, row.con_id)
        client.send(position(account.name, instrument, quantity, average, writing.sessions, self._gateway.zone))

    def _not_shown(self, client: Client, account: str, con_id: int) -> Decimal:
        """Return what the latest fills have changed and a fault does not show yet."""
        late = self._gateway.faults.strike("positions_late", client=client.client_id)
        if late is None:
            return ZERO
        since = self._gateway.timer.now() - timedelta(seconds=float(late["seconds"]))
        return sum((trade[3] for trade in self._trades if trade[0] > since and trade[1:3] == (account, con_id)), ZERO)

    def _send_summary(self, client: Client, req_id: int, tags: Sequence[str]) -> None:
        for account in self._gateway.state.accounts.values():
            for key, value, currency in _values(values_of(self._gateway, account)):
                if key in tags:
                    client.send(account_summary(req_id, account.name, key, value, currency))

    def _send_updates(self, client: Client, name: str) -> None:
        gateway = self._gateway
        account = gateway.account(name)
        for key, value, currency in _values(values_of(gateway, account)):
            client.send(account_value(key, value, currency, name))
        for row in account.positions.values():
            instrument = gateway.instrument(row.con_id)
            if instrument is None or not (row.quantity or row.realized):
                continue
            price = price_of(gateway, instrument)
            worth = price * row.quantity * instrument.factor
            unrealized = worth - row.quantity * row.average_cost
            holding = Holding(
                quantity=row.quantity,
                price=price,
                value=worth.quantize(CENT),
                average_cost=row.average_cost.quantize(CENT),
                unrealized=unrealized.quantize(CENT),
                realized=row.realized.quantize(CENT),
            )
            client.send(portfolio_value(name, instrument, holding, gateway.markets.calendar, gateway.zone))
        client.send(account_time(f"{gateway.now().astimezone(gateway.zone.zone):%H:%M}"))


def _values(values: AccountValues) -> list[tuple[str, str, str]]:
    """Return the values of an account as TWS names them, with their currencies."""
    free = values.equity_with_loan - values.initial
    excess = values.equity_with_loan - values.maintenance
    money = {
        "NetLiquidation": values.net_liquidation,
        "TotalCashValue": values.cash,
        "SettledCash": values.cash,
        "EquityWithLoanValue": values.equity_with_loan,
        "GrossPositionValue": abs(values.option_value) + abs(values.share_value),
        "StockMarketValue": values.share_value,
        "OptionMarketValue": values.option_value,
        "InitMarginReq": values.initial,
        "MaintMarginReq": values.maintenance,
        "FullInitMarginReq": values.initial,
        "FullMaintMarginReq": values.maintenance,
        "AvailableFunds": free,
        "ExcessLiquidity": excess,
        "BuyingPower": max(free, ZERO) * 4,
    }
    rows = [("AccountType", "INDIVIDUAL", "")]
    rows += [(key, f"{value.quantize(CENT):f}", "USD") for key, value in money.items()]
    rows.append(("CashBalance", f"{values.cash.quantize(CENT):f}", "USD"))
    return rows
