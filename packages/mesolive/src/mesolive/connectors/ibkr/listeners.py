"""Listeners of a session with TWS: sinks of market data lines, and the listener of orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from mesolive.connectors.ibkr.tws_messages import (
    CommissionRow,
    ExecutionRow,
    OrderError,
    OrderRow,
    OrderState,
)

Record: TypeAlias = Callable[[bool, Sequence[str]], None]
"""Takes each message of a connection: whether it was received, and its fields."""


class LineSink(Protocol):
    """Receives the ticks of one subscription. None of these calls may wait or raise."""

    def tick_price(self, tick_type: int, price: float, size: float) -> None:
        """Take a price with its size; a price of -1 is none."""
        ...

    def tick_size(self, tick_type: int, size: float) -> None:
        """Take a size, a volume or an open interest."""
        ...

    def tick_computation(self, tick_type: int, values: Sequence[float]) -> None:
        """Take IB's option model: iv, delta, price, dividend, gamma, vega, theta, underlying; -1 and -2 are none."""
        ...

    def tick_generic(self, tick_type: int, value: float) -> None:
        """Take a number, such as 49 for a halt."""
        ...

    def tick_string(self, tick_type: int, value: str) -> None:
        """Take a text, such as 45 for the time of the last trade."""
        ...

    def data_type(self, data_type: int) -> None:
        """Take what the data really are: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""
        ...

    def line_error(self, code: int, text: str) -> None:
        """Take an error or a warning of this subscription: the codes state whether data continue."""
        ...

    def snapshot_ended(self) -> None:
        """Take that a snapshot is complete."""
        ...

    def line_lost(self) -> None:
        """Take that the connection is lost, and the subscription with it."""
        ...


class OrderListener(Protocol):
    """Receives the messages of TWS about orders, unasked or as part of a list. No call may wait or raise."""

    def open_order(self, order: OrderRow) -> None:
        """Take an order as it is now."""
        ...

    def order_state(self, state: OrderState) -> None:
        """Take a status message: a hint."""
        ...

    def execution(self, execution: ExecutionRow) -> None:
        """Take an execution; the same may come again."""
        ...

    def commission(self, report: CommissionRow) -> None:
        """Take the commission of an execution."""
        ...

    def order_error(self, error: OrderError) -> None:
        """Take an error or a warning on an order id, or on a request without a waiting caller."""
        ...

    def unreadable(self, message_id: str) -> None:
        """Take that a message could not be read."""
        ...
