"""Requests of TWS clients: decoding of every message that a client sends, except placeOrder, into one record each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mesolive.doubles.tws.place_order import PlaceOrder, read_place_order
from mesolive.doubles.tws.wire import FieldReader, WireError
from mesolive.doubles.tws.wire_contract import ComboLeg, ContractQuery, read_contract


@dataclass(frozen=True, slots=True)
class StartApi:
    """The first message after the handshake: who the client is."""

    client_id: int
    capabilities: str = ""


@dataclass(frozen=True, slots=True)
class ReqMktData:
    """A subscription of market data, or one snapshot of it."""

    req_id: int
    contract: ContractQuery
    legs: Sequence[ComboLeg] = ()
    generic_ticks: frozenset[int] = frozenset()
    snapshot: bool = False
    regulatory: bool = False


@dataclass(frozen=True, slots=True)
class CancelMktData:
    """The end of a subscription of market data."""

    req_id: int


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """A cancel of an order of the same client."""

    order_id: int


@dataclass(frozen=True, slots=True)
class ReqOpenOrders:
    """The open orders of the same client."""


@dataclass(frozen=True, slots=True)
class ReqAllOpenOrders:
    """The open orders of all clients, and those entered by hand."""


@dataclass(frozen=True, slots=True)
class ReqAutoOpenOrders:
    """Binding of orders that are entered by hand, for client 0."""

    bind: bool


@dataclass(frozen=True, slots=True)
class ReqCompletedOrders:
    """The orders that were filled or cancelled today."""

    api_only: bool


@dataclass(frozen=True, slots=True)
class ReqExecutions:
    """Executions of today that pass a filter; empty text and 0 let everything pass."""

    req_id: int
    client_id: int = 0
    account: str = ""
    time: str = ""
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class ReqIds:
    """The next free order id."""


@dataclass(frozen=True, slots=True)
class ReqContractDetails:
    """All contracts that match a partly filled one."""

    req_id: int
    contract: ContractQuery
    include_expired: bool = False


@dataclass(frozen=True, slots=True)
class ReqManagedAccounts:
    """The accounts of the login."""


@dataclass(frozen=True, slots=True)
class ReqCurrentTime:
    """The server's time."""


@dataclass(frozen=True, slots=True)
class ReqGlobalCancel:
    """A cancel of every open order, whoever placed it."""


@dataclass(frozen=True, slots=True)
class ReqMarketDataType:
    """The kind of data that later subscriptions ask for: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""

    kind: int


@dataclass(frozen=True, slots=True)
class ReqPositions:
    """All positions of all accounts, then their changes."""


@dataclass(frozen=True, slots=True)
class CancelPositions:
    """The end of the changes of positions."""


@dataclass(frozen=True, slots=True)
class ReqAccountUpdates:
    """Values and portfolio of one account, then their changes; or their end."""

    subscribe: bool
    account: str


@dataclass(frozen=True, slots=True)
class ReqAccountSummary:
    """Values of all accounts by tag, then their changes."""

    req_id: int
    group: str
    tags: Sequence[str] = field(default_factory=tuple[str, ...])


@dataclass(frozen=True, slots=True)
class CancelAccountSummary:
    """The end of a summary."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqAccountUpdatesMulti:
    """Values of one account or model."""

    req_id: int
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class CancelAccountUpdatesMulti:
    """The end of these values."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqSecDefOptParams:
    """The option classes of an underlying with their expirations and strikes."""

    req_id: int
    symbol: str
    exchange: str
    sec_type: str
    con_id: int


@dataclass(frozen=True, slots=True)
class ReqMarketRule:
    """The price increments of a market rule."""

    rule_id: int


@dataclass(frozen=True, slots=True)
class SetServerLogLevel:
    """How much TWS writes into its log."""

    level: int


@dataclass(frozen=True, slots=True)
class Unserved:
    """A request of TWS that this double knows by name and does not serve.

    Attributes
    ----------
    req_id
        Its request id; -1 where it has none.
    """

    name: str
    req_id: int


Request = (
    StartApi
    | ReqMktData
    | CancelMktData
    | PlaceOrder
    | CancelOrder
    | ReqOpenOrders
    | ReqAllOpenOrders
    | ReqAutoOpenOrders
    | ReqCompletedOrders
    | ReqExecutions
    | ReqIds
    | ReqContractDetails
    | ReqManagedAccounts
    | ReqCurrentTime
    | ReqGlobalCancel
    | ReqMarketDataType
    | ReqPositions
    | CancelPositions
    | ReqAccountUpdates
    | ReqAccountSummary
    | CancelAccountSummary
    | ReqAccountUpdatesMulti
    | CancelAccountUpdatesMulti
    | ReqSecDefOptParams
    | ReqMarketRule
    | SetServerLogLevel
    | Unserved
)


class UnknownRequestError(WireError):
    """A message id that TWS does not know."""


def read_request(fields: Sequence[str], version: int) -> Request:
    """Return the request that a client's message is.

    Parameters
    ----------
    fields
        Of the message, its id first.
    version
        The server version that was agreed on.

    Raises
    ------
    UnknownRequestError
        When no request has this id.
    WireError
        When the fields are not those of the request.
    """
    reader = FieldReader(fields)
    message_id = reader.integer(-1)
    known = _READERS.get(message_id)
    if known is not None:
        return known(reader, version)
    unserved = _UNSERVED.get(message_id)
    if unserved is None:
        raise UnknownRequestError(f"Unknown message id {message_id}")
    name, place = unserved
    text = fields[place] if place and len(fields) > place else ""
    return Unserved(name, int(text) if text.lstrip("-").isdigit() else -1)


def _mkt_data(reader: FieldReader, version: int) -> ReqMktData:
    del version
    reader.text()  # the version of the message
    req_id, contract = reader.integer(), read_contract(reader)
    legs: list[ComboLeg] = []
    if contract.sec_type == "BAG":
        for _ in range(reader.integer()):
            con_id, ratio = reader.integer(), reader.integer()
            action, exchange = reader.texts(2)
            legs.append(ComboLeg(con_id, ratio, action, exchange))
    if reader.flag():
        reader.texts(3)  # the delta-neutral contract
    ticks = frozenset(int(tick) for tick in reader.text().split(",") if tick.strip().isdigit())
    return ReqMktData(req_id, contract, tuple(legs), ticks, reader.flag(), reader.flag())


def _cancel_order(reader: FieldReader, version: int) -> CancelOrder:
    reader.text()
    order_id = reader.integer()
    if version >= 169:
        reader.text()  # the time of a cancel by telephone
    return CancelOrder(order_id)


def _executions(reader: FieldReader, version: int) -> ReqExecutions:
    del version
    reader.text()
    return ReqExecutions(reader.integer(), reader.integer(), *reader.texts(6))


def _contract_details(reader: FieldReader, version: int) -> ReqContractDetails:
    reader.text()
    req_id, contract = reader.integer(), read_contract(reader)
    include_expired = reader.flag()
    reader.texts(3 if version >= 176 else 2)  # kind and value of another identifier, and the bond's issuer
    return ReqContractDetails(req_id, contract, include_expired)


def _account_updates(reader: FieldReader, version: int) -> ReqAccountUpdates:
    del version
    reader.text()
    return ReqAccountUpdates(reader.flag(), reader.text())


def _account_summary(reader: FieldReader, version: int) -> ReqAccountSummary:
    del version
    reader.text()
    req_id, group = reader.integer(), reader.text()
    return ReqAccountSummary(req_id, group, tuple(tag for tag in reader.text().split(",") if tag))


def _account_updates_multi(reader: FieldReader, version: int) -> ReqAccountUpdatesMulti:
    del version
    reader.text()
    result = ReqAccountUpdatesMulti(reader.integer(), *reader.texts(2))
    reader.text()  # whether only balances and the liquidation value are wanted
    return result


def _sec_def(reader: FieldReader, version: int) -> ReqSecDefOptParams:
    del version
    req_id = reader.integer()
    symbol, exchange, sec_type = reader.texts(3)
    return ReqSecDefOptParams(req_id, symbol, exchange, sec_type, reader.integer())


def _market_rule(reader: FieldReader, version: int) -> ReqMarketRule:
    del version
    return ReqMarketRule(reader.integer())


def _completed_orders(reader: FieldReader, version: int) -> ReqCompletedOrders:
    del version
    return ReqCompletedOrders(reader.flag())


def _start_api(reader: FieldReader, version: int) -> StartApi:
    del version
    reader.text()
    return StartApi(reader.integer(), reader.text())


def _by_number(kind: Callable[[int], Request]) -> Callable[[FieldReader, int], Request]:
    """Return the reader of a request that has a version and one whole number."""

    def read(reader: FieldReader, version: int) -> Request:
        del version
        reader.text()
        return kind(reader.integer())

    return read


def _plain(kind: Callable[[], Request]) -> Callable[[FieldReader, int], Request]:
    """Return the reader of a request that has only a version."""

    def read(reader: FieldReader, version: int) -> Request:
        del version
        reader.text()
        return kind()

    return read


_READERS: Final[Mapping[int, Callable[[FieldReader, int], Request]]] = {
    1: _mkt_data,
    2: _by_number(CancelMktData),
    3: read_place_order,
    4: _cancel_order,
    5: _plain(ReqOpenOrders),
    6: _account_updates,
    7: _executions,
    8: _plain(ReqIds),
    9: _contract_details,
    14: _by_number(SetServerLogLevel),
    15: _by_number(lambda bind: ReqAutoOpenOrders(bind != 0)),
    16: _plain(ReqAllOpenOrders),
    17: _plain(ReqManagedAccounts),
    49: _plain(ReqCurrentTime),
    58: _plain(ReqGlobalCancel),
    59: _by_number(ReqMarketDataType),
    61: _plain(ReqPositions),
    62: _account_summary,
    63: _by_number(CancelAccountSummary),
    64: _plain(CancelPositions),
    71: _start_api,
    76: _account_updates_multi,
    77: _by_number(CancelAccountUpdatesMulti),
    78: _sec_def,
    91: _market_rule,
    99: _completed_orders,
}

_UNSERVED: Final[Mapping[int, tuple[str, int]]] = {
    10: ("reqMktDepth", 2),
    11: ("cancelMktDepth", 2),
    12: ("reqNewsBulletins", 0),
    13: ("cancelNewsBulletins", 0),
    18: ("requestFA", 0),
    19: ("replaceFA", 0),
    20: ("reqHistoricalData", 1),
    21: ("exerciseOptions", 2),
    22: ("reqScannerSubscription", 1),
    23: ("cancelScannerSubscription", 2),
    24: ("reqScannerParameters", 0),
    25: ("cancelHistoricalData", 2),
    50: ("reqRealTimeBars", 2),
    51: ("cancelRealTimeBars", 2),
    52: ("reqFundamentalData", 2),
    53: ("cancelFundamentalData", 2),
    54: ("calculateImpliedVolatility", 2),
    55: ("calculateOptionPrice", 2),
    56: ("cancelCalculateImpliedVolatility", 2),
    57: ("cancelCalculateOptionPrice", 2),
    65: ("verifyRequest", 0),
    66: ("verifyMessage", 0),
    67: ("queryDisplayGroups", 2),
    68: ("subscribeToGroupEvents", 2),
    69: ("updateDisplayGroup", 2),
    70: ("unsubscribeFromGroupEvents", 2),
    72: ("verifyAndAuthRequest", 0),
    73: ("verifyAndAuthMessage", 0),
    74: ("reqPositionsMulti", 2),
    75: ("cancelPositionsMulti", 2),
    79: ("reqSoftDollarTiers", 1),
    80: ("reqFamilyCodes", 0),
    81: ("reqMatchingSymbols", 1),
    82: ("reqMktDepthExchanges", 0),
    83: ("reqSmartComponents", 1),
    84: ("reqNewsArticle", 1),
    85: ("reqNewsProviders", 0),
    86: ("reqHistoricalNews", 1),
    87: ("reqHeadTimeStamp", 1),
    88: ("reqHistogramData", 1),
    89: ("cancelHistogramData", 1),
    90: ("cancelHeadTimeStamp", 1),
    92: ("reqPnL", 1),
    93: ("cancelPnL", 1),
    94: ("reqPnLSingle", 1),
    95: ("cancelPnLSingle", 1),
    96: ("reqHistoricalTicks", 1),
    97: ("reqTickByTickData", 1),
    98: ("cancelTickByTickData", 1),
    100: ("reqWshMetaData", 1),
    101: ("cancelWshMetaData", 1),
    102: ("reqWshEventData", 1),
    103: ("cancelWshEventData", 1),
    104: ("reqUserInfo", 1),
}
"""Name and place of the request id of each request that is not served; place 0 where it has none."""
