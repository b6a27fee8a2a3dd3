"""Interface of TWS' messages to a session: one call per kind of message, with typed values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

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


class TwsEvents(Protocol):
    """What a session does with the messages of TWS. None of these calls may wait."""

    def now(self) -> datetime:
        """Return the time of the computer."""
        ...

    def connection_closed(self) -> None:
        """Take that the socket was closed by the other side."""
        ...

    def unreadable(self, message_id: str, error: Exception) -> None:
        """Take that a message could not be read, or that its handling failed."""
        ...

    def error(self, req_id: int, code: int, text: str) -> None:
        """Take an error, a warning or a notice."""
        ...

    def managed_accounts(self, accounts: str) -> None:
        """Take the accounts of the login, comma-separated."""
        ...

    def current_time(self, seconds: int) -> None:
        """Take the time of TWS, in seconds since 1970."""
        ...

    def contract_details(self, req_id: int, details: ContractDetails) -> None:
        """Take the details of one contract."""
        ...

    def option_parameters(self, req_id: int, parameters: OptionParameters) -> None:
        """Take expirations and strikes of one class."""
        ...

    def market_rule(self, rule: MarketRule) -> None:
        """Take the price steps of a rule."""
        ...

    def request_ended(self, req_id: int) -> None:
        """Take that an answer is complete."""
        ...

    def open_order(self, order: OrderRow) -> None:
        """Take an order of a list, or as it has changed."""
        ...

    def order_state(self, state: OrderState) -> None:
        """Take a status message."""
        ...

    def open_orders_ended(self) -> None:
        """Take that the list of open orders is complete."""
        ...

    def completed_order(self, order: OrderRow) -> None:
        """Take an order that has ended today."""
        ...

    def completed_orders_ended(self) -> None:
        """Take that the list of ended orders is complete."""
        ...

    def execution(self, execution: ExecutionRow) -> None:
        """Take an execution."""
        ...

    def commission(self, report: CommissionRow) -> None:
        """Take the commission of an execution."""
        ...

    def position(self, row: PositionRow) -> None:
        """Take a position."""
        ...

    def positions_ended(self) -> None:
        """Take that the list of positions is complete."""
        ...

    def account_value(self, req_id: int, value: AccountValue) -> None:
        """Take a figure of an account."""
        ...

    def tick_price(self, req_id: int, tick_type: int, price: float, size: float) -> None:
        """Take a price."""
        ...

    def tick_size(self, req_id: int, tick_type: int, size: float) -> None:
        """Take a size."""
        ...

    def tick_computation(self, req_id: int, tick_type: int, values: Sequence[float]) -> None:
        """Take the figures of an option model."""
        ...

    def tick_generic(self, req_id: int, tick_type: int, value: float) -> None:
        """Take a number."""
        ...

    def tick_string(self, req_id: int, tick_type: int, value: str) -> None:
        """Take a text."""
        ...

    def tick_parameters(self, req_id: int, min_tick: float) -> None:
        """Take the price step of a subscription."""
        ...

    def data_type(self, req_id: int, data_type: int) -> None:
        """Take what the data of a subscription really are."""
        ...
