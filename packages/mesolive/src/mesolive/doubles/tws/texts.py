"""Texts of TWS' errors and notices by code, in English and as TWS writes them in another language of its window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[int, str]] = {
    100: "Max rate of messages per second has been exceeded: max={limit} rec={count}",
    101: "Max number of tickers has been reached",
    103: "Duplicate order id",
    104: "Cannot modify a filled order.",
    105: "Order being modified does not match original order.",
    106: "Can't transmit order ID:{order_id}",
    109: "Price is out of the range defined by the Percentage setting at order defaults frame. The order will not be "
    "transmitted.",
    110: "The price does not conform to the minimum price variation for this contract.",
    135: "Can't find order with id ={order_id}",
    161: "Cancel attempted when order is not in a cancellable state.  Order permId ={perm_id}",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:{reason}",
    202: "Order Canceled - reason:{reason}",
    203: "The security {symbol} is not available or allowed for this account.",
    300: "Can't find EId with tickerId:{req_id}",
    320: "Server error when reading an API client request.{cause}",
    321: "Error validating request.-'{request}' : cause - {cause}",
    322: "Error processing request.-'{request}' : cause - {cause}",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    329: "Order modify failed. Cannot change to the new order type.",
    354: "Requested market data is not subscribed. Check API status by selecting the Account menu then under "
    "Management choose Market Data Subscription Manager and/or availability of delayed data.",
    387: "Unsupported order type for this exchange and security type.",
    399: "Order Message:\n{action} {quantity} {symbol}\nWarning: your order will not be placed at the exchange until "
    "{until}.",
    404: "Order held while securities are located.",
    434: "The order size cannot be zero.",
    435: "You must specify an account.",
    436: "You must specify an allocation (either a single account, group, or profile).",
    460: "No trading permissions.",
    478: "Parameters in request conflicts with contract parameters received by contract id: {cause}",
    505: "Fatal Error: Unknown message id.",
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained. All data farms are "
    "connected: usfarm; usopt; ushmds; secdefil.",
    1300: "TWS socket port has been reset and this connection is being dropped. Please reconnect on the new port - "
    "{port}",
    2103: "Market data farm connection is broken:{farm}",
    2104: "Market data farm connection is OK:{farm}",
    2105: "HMDS data farm connection is broken:{farm}",
    2106: "HMDS data farm connection is OK:{farm}",
    2108: "Market data farm connection is inactive but should be available upon demand.{farm}",
    2109: "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored based on the order type and "
    "destination. PlaceOrder is now being processed.",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored automatically.",
    2119: "Market data farm is connecting:{farm}",
    2157: "Sec-def data farm connection is broken:{farm}",
    2158: "Sec-def data farm connection is OK:{farm}",
    10043: "Missing or invalid NonGuaranteed value. Combo orders must be guaranteed here.",
    10058: "Per-leg prices are not supported for this combo.",
    10089: "Requested market data requires additional subscription for API. See link in 'Market Data Connections' "
    "dialog for more details.",
    10090: "Part of requested market data is not subscribed. Subscription-independent ticks are still active.",
    10091: "Part of requested market data requires additional subscription for API.",
    10147: "OrderId {order_id} that needs to be cancelled is not found.",
    10148: "OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {state}.",
    10149: "Invalid order id: {order_id}.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10182: "Failed to request live updates (disconnected).",
    10186: "Requested market data is not subscribed. Delayed market data is not available.",
    10197: "No market data during competing live session",
    10349: "Order TIF was set to DAY based on order preset.",
}

FARM_CODES: Final = frozenset({2103, 2104, 2105, 2106, 2108, 2119, 2157, 2158})


def text_for(code: int, *, foreign: bool = False, **details: object) -> str:
    """Return the text of a code.

    Parameters
    ----------
    code
        A key of `TEXTS`, or any other code, which has a text without meaning.
    foreign
        Whether TWS runs in another language: only the names of farms are then as in English.
    details
        What the text mentions.
    """
    if foreign:
        farm = details.get("farm")
        return f"错误 {code}" if farm is None else f"行情服务器连接:{farm}"
    template = TEXTS.get(code)
    return f"Message {code}" if template is None else template.format_map(_Details(details))


class _Details(dict[str, object]):
    """Details of a text; what is not given is empty."""

    def __missing__(self, key: str) -> str:
        del key
        return ""
