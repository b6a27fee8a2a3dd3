"""Dispatch of TWS' messages: to the request that waits, to the line's sink, to the listener of orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from mesolive.connectors.ibkr.listeners import LineSink, OrderListener
from mesolive.connectors.ibkr.requests import ListKind, RequestRegistry
from mesolive.connectors.ibkr.tws_messages import (
    AccountValue,
    CommissionRow,
    ContractDetails,
    ExecutionRow,
    MarketRule,
    OptionParameters,
    OrderRow,
    OrderState,
    PositionRow,
)


class ReceivingSession(Protocol):
    """What the receiver needs of a session."""

    @property
    def requests(self) -> RequestRegistry:
        """Requests that wait."""
        ...

    @property
    def lines(self) -> dict[int, LineSink]:
        """Subscriptions by their request ids."""
        ...

    @property
    def order_listener(self) -> OrderListener | None:
        """The listener of messages about orders."""
        ...

    def now(self) -> datetime:
        """Return the computer's time."""
        ...

    def socket_closed(self) -> None:
        """Take that the other side has closed the socket."""
        ...

    def message_unreadable(self, message_id: str, error: Exception) -> None:
        """Take that a message could not be read."""
        ...

    def error_received(self, req_id: int, code: int, text: str) -> None:
        """Take an error: of a request, of a line, of an order, or a notice."""
        ...

    def accounts_received(self, accounts: str) -> None:
        """Take the accounts of the login."""
        ...


class Receiver:
    """What the library calls: sorts messages to requests, lines and the listener of orders."""

    def __init__(self, session: ReceivingSession) -> None:
        self._session = session

    def now(self) -> datetime:
        return self._session.now()

    def connection_closed(self) -> None:
        self._session.socket_closed()

    def unreadable(self, message_id: str, error: Exception) -> None:
        self._session.message_unreadable(message_id, error)

    def error(self, req_id: int, code: int, text: str) -> None:
        self._session.error_received(req_id, code, text)

    def managed_accounts(self, accounts: str) -> None:
        self._session.accounts_received(accounts)

    def current_time(self, seconds: int) -> None:
        self._session.requests.row(ListKind.CURRENT_TIME, seconds)
        self._session.requests.end(ListKind.CURRENT_TIME)

    def contract_details(self, req_id: int, details: ContractDetails) -> None:
        self._session.requests.row(req_id, details)

    def option_parameters(self, req_id: int, parameters: OptionParameters) -> None:
        self._session.requests.row(req_id, parameters)

    def market_rule(self, rule: MarketRule) -> None:
        self._session.requests.row(ListKind.MARKET_RULE, rule)
        self._session.requests.end(ListKind.MARKET_RULE)

    def request_ended(self, req_id: int) -> None:
        sink = self._session.lines.get(req_id)
        if sink is not None:
            sink.snapshot_ended()
        else:
            self._session.requests.end(req_id)

    def open_order(self, order: OrderRow) -> None:
        if order.margins is None:
            self._session.requests.row(ListKind.OPEN_ORDERS, order)
        if self._session.order_listener is not None:
            self._session.order_listener.open_order(order)

    def order_state(self, state: OrderState) -> None:
        if self._session.order_listener is not None:
            self._session.order_listener.order_state(state)

    def open_orders_ended(self) -> None:
        self._session.requests.end(ListKind.OPEN_ORDERS)

    def completed_order(self, order: OrderRow) -> None:
        self._session.requests.row(ListKind.COMPLETED_ORDERS, order)

    def completed_orders_ended(self) -> None:
        self._session.requests.end(ListKind.COMPLETED_ORDERS)

    def execution(self, execution: ExecutionRow) -> None:
        self._session.requests.row(execution.req_id, execution)
        if self._session.order_listener is not None:
            self._session.order_listener.execution(execution)

    def commission(self, report: CommissionRow) -> None:
        if self._session.order_listener is not None:
            self._session.order_listener.commission(report)

    def position(self, row: PositionRow) -> None:
        self._session.requests.row(ListKind.POSITIONS, row)

    def positions_ended(self) -> None:
        self._session.requests.end(ListKind.POSITIONS)

    def account_value(self, req_id: int, value: AccountValue) -> None:
        self._session.requests.row(req_id, value)

    def tick_price(self, req_id: int, tick_type: int, price: float, size: float) -> None:
        if (sink := self._session.lines.get(req_id)) is not None:
            sink.tick_price(tick_type, price, size)

    def tick_size(self, req_id: int, tick_type: int, size: float) -> None:
        if (sink := self._session.lines.get(req_id)) is not None:
            sink.tick_size(tick_type, size)

    def tick_computation(self, req_id: int, tick_type: int, values: Sequence[float]) -> None:
        if (sink := self._session.lines.get(req_id)) is not None:
            sink.tick_computation(tick_type, values)

    def tick_generic(self, req_id: int, tick_type: int, value: float) -> None:
        if (sink := self._session.lines.get(req_id)) is not None:
            sink.tick_generic(tick_type, value)

    def tick_string(self, req_id: int, tick_type: int, value: str) -> None:
        if (sink := self._session.lines.get(req_id)) is not None:
            sink.tick_string(tick_type, value)

    def tick_parameters(self, req_id: int, min_tick: float) -> None:
        """Take the price step of a line: it is known from the market rule."""

    def data_type(self, req_id: int, data_type: int) -> None:
        if (sink := self._session.lines.get(req_id)) is not None:
            sink.data_type(data_type)
