"""Messages of TWS to its clients except those of orders: one function per message, which returns its fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from mesolive.doubles.tws.wire import Message

NAMES: Final = {
    1: "tickPrice",
    2: "tickSize",
    3: "orderStatus",
    4: "error",
    5: "openOrder",
    6: "accountValue",
    7: "portfolioValue",
    8: "accountTime",
    9: "nextValidId",
    10: "contractData",
    11: "execDetails",
    15: "managedAccounts",
    21: "optionComputation",
    45: "tickGeneric",
    46: "tickString",
    49: "currentTime",
    52: "contractDataEnd",
    53: "openOrderEnd",
    54: "accountDownloadEnd",
    55: "execDetailsEnd",
    57: "tickSnapshotEnd",
    58: "marketDataType",
    59: "commissionReport",
    61: "position",
    62: "positionEnd",
    63: "accountSummary",
    64: "accountSummaryEnd",
    73: "accountUpdateMulti",
    74: "accountUpdateMultiEnd",
    75: "secDefOptParams",
    76: "secDefOptParamsEnd",
    81: "tickReqParams",
    93: "marketRule",
    100: "orderBound",
    101: "completedOrder",
    102: "completedOrdersEnd",
}
"""Names of the messages by id: faults are switched on for messages by these names."""


def tick_price(req_id: int, tick: int, price: Decimal | float, size: int, mask: int = 0) -> Message:
    """Return a price with its size; a price of -1 is no price."""
    return (1, 6, req_id, tick, price, size, mask)


def tick_size(req_id: int, tick: int, size: int) -> Message:
    """Return a size alone."""
    return (2, 6, req_id, tick, size)


def tick_generic(req_id: int, tick: int, value: float) -> Message:
    """Return a value of its own, such as a volatility."""
    return (45, 6, req_id, tick, value)


def tick_string(req_id: int, tick: int, text: str) -> Message:
    """Return a text, such as the time of the last trade."""
    return (46, 6, req_id, tick, text)


def option_computation(req_id: int, tick: int, values: Sequence[float]) -> Message:
    """Return iv, delta, price, present value of dividends, gamma, vega, theta and price of the underlying."""
    return (21, req_id, tick, 0, *values)


def tick_req_params(req_id: int, min_tick: Decimal | float, exchange: str, permissions: int) -> Message:
    """Return what a subscription is of: the price step, and the code of the exchanges behind bid and offer."""
    return (81, req_id, min_tick, exchange, permissions)


def market_data_type(req_id: int, kind: int) -> Message:
    """Return what kind of data a subscription really has: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""
    return (58, 1, req_id, kind)


def tick_snapshot_end(req_id: int) -> Message:
    """Return the end of a snapshot."""
    return (57, 1, req_id)


def error(req_id: int, code: int, text: str, version: int) -> Message:
    """Return an error, a warning or a notice; `req_id` is -1 for those of no request."""
    return (4, 2, req_id, code, text, "") if version >= 166 else (4, 2, req_id, code, text)


def managed_accounts(accounts: Iterable[str], *, advisor: bool) -> Message:
    """Return the accounts of the login; the list of a financial advisor ends with a comma."""
    return (15, 1, ",".join(accounts) + ("," if advisor else ""))


def next_valid_id(order_id: int) -> Message:
    """Return the first order id that the client may use."""
    return (9, 1, order_id)


def current_time(epoch: int) -> Message:
    """Return the server's time in seconds."""
    return (49, 1, epoch)


def end_of(message_id: int, req_id: int | None = None) -> Message:
    """Return the end of a list: of contract details, open orders, executions, positions or a summary."""
    if message_id == 76:
        return (message_id, req_id)
    if message_id == 102:
        return (message_id,)
    return (message_id, 1) if req_id is None else (message_id, 1, req_id)


def account_value(key: str, value: str, currency: str, account: str) -> Message:
    """Return one value of an account."""
    return (6, 2, key, value, currency, account)


def account_time(clock: str) -> Message:
    """Return when the values of the account were computed, as HH:MM."""
    return (8, 1, clock)


def account_download_end(account: str) -> Message:
    """Return the end of the values and the portfolio of an account."""
    return (54, 1, account)


def account_summary(req_id: int, account: str, tag: str, value: str, currency: str) -> Message:
    """Return one value of a summary."""
    return (63, 1, req_id, account, tag, value, currency)


def account_update_multi(req_id: int, account: str, model: str, key: str, value: str, currency: str) -> Message:
    """Return one value of an account or model."""
    return (73, 1, req_id, account, model, key, value, currency)


def sec_def_opt_params(
    req_id: int,
    exchange: str,
    under_con_id: int,
    trading_class: str,
    multiplier: str,
    expirations: Sequence[str],
    strikes: Sequence[Decimal],
) -> Message:
    """Return one option class at one exchange: its expirations and its strikes, not which strike is where."""
    return (
        75,
        req_id,
        exchange,
        under_con_id,
        trading_class,
        multiplier,
        len(expirations),
        *expirations,
        len(strikes),
        *(float(strike) for strike in strikes),
    )


def market_rule(rule_id: int, increments: Sequence[tuple[float, float]]) -> Message:
    """Return the price steps of a rule, each with the lowest price that it holds for."""
    return (93, rule_id, len(increments), *(value for pair in increments for value in pair))


def order_bound(perm_id: int, client_id: int, order_id: int) -> Message:
    """Return the order id under which a client may touch an order that was entered by hand."""
    return (100, perm_id, client_id, order_id)
