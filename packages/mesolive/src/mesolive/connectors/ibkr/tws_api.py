"""The client library ib_async behind a typed boundary: connects a socket, and writes requests.

Only `Client`, `Connection` and `Decoder` of the library are used. Its `IB`, `Wrapper` and `Trade` keep order states of
their own, and those are wrong: an order that lives and fills is called cancelled there.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from mesolive.connectors.ibkr.listeners import Record
from mesolive.connectors.ibkr.sliced_reader import SlicedReader
from mesolive.connectors.ibkr.tws_decoder import StrictDecoder
from mesolive.connectors.ibkr.tws_events import TwsEvents
from mesolive.connectors.ibkr.tws_messages import ComboLeg, Contract, OrderTicket
from mesolive.connectors.ibkr.tws_rows import Raw
from mesolive.tasks import Tasks

# The library's annotations are partial: its objects are of any type in these modules, and in no other.
_ib: Raw = importlib.import_module("ib_async")
_client: Raw = importlib.import_module("ib_async.client")

logging.getLogger("ib_async.client").setLevel(logging.CRITICAL)
"""Its lines say less than the session's own."""

LENGTH_BYTES: Final = 4
"""The length in front of each message."""

MAX_MESSAGE_BYTES: Final = 0xFFFFFF
"""The longest message: IB's own clients read no longer one."""

NOT_TWS: Final = "what answers there is no TWS: its answer is no message of TWS"


class TwsApi:
    """The library's client of one socket: connects, and writes requests. Every message goes to `events`.

    Parameters
    ----------
    zone
        IANA name of the zone that TWS is logged in with.
    record
        Takes each message; `None` for no record.
    """

    def __init__(self, events: TwsEvents, zone: str, record: Record | None = None) -> None:
        self._raw: Raw = None
        self._reader: SlicedReader | None = None
        self._record = record
        self._events = events
        self._zone = zone
        self._tasks = Tasks()

    @property
    def connected(self) -> bool:
        """Whether the handshake is complete and the socket open."""
        return self._raw is not None and bool(self._raw.isReady())

    @property
    def server_version(self) -> int:
        """The protocol version that both sides agreed on."""
        return 0 if self._raw is None else int(self._raw.serverVersion())

    async def connect(self, host: str, port: int, client_id: int, seconds: float) -> None:
        """Connect, and return once accounts and the next order id are known.

        Raises
        ------
        OSError, TimeoutError
            When there is no connection.
        """
        self.disconnect()
        decoder = StrictDecoder(self._events, self._zone, self._record)
        raw = _client.Client(decoder.wrapper)
        raw.decoder = decoder
        raw.conn.sendMsg = _while_open(raw.conn)
        if self._record is not None:
            raw.sendMsg = _recorded(raw.sendMsg, self._record)
        raw.MaxRequests = 0  # the session paces
        self._raw = raw
        # The library's own methods, called as before, but with slices of what comes, and all of it before the end.
        reader = self._reader = SlicedReader(raw._onSocketHasData)  # noqa: SLF001 - as above
        raw.conn.hasData.clear()
        raw.conn.hasData += reader.received

        def socket_lost(why: str = "") -> None:
            reader.flush()
            raw._onSocketDisconnected(why)  # noqa: SLF001 - as above

        raw.conn.disconnected.clear()
        raw.conn.disconnected += socket_lost
        # The library waits for its whole time limit when TWS closes the socket in place of an answer.
        closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def socket_closed(_why: str = "") -> None:
            if not closed.done():
                closed.set_result("TWS has closed the connection before it was made")

        head = bytearray()

        def first_bytes(data: bytes) -> None:
            # The library would wait for the rest of a message of gigabytes.
            head.extend(data[: LENGTH_BYTES - len(head)])
            if int.from_bytes(head.ljust(LENGTH_BYTES, b"\0"), "big") > MAX_MESSAGE_BYTES and not closed.done():
                closed.set_result(NOT_TWS)

        raw.conn.hasData += first_bytes
        raw.conn.disconnected += socket_closed
        attempt = self._tasks.spawn(
            "ibkr handshake", raw.connectAsync(host, port, client_id, seconds), expected=Exception
        )
        try:
            await asyncio.wait({attempt, closed}, return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                raise ConnectionAbortedError(closed.result())
            await attempt
        finally:
            raw.conn.hasData -= first_bytes
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)

    def disconnect(self) -> None:
        """End the connection; the library reports no end of one that is ended here."""
        raw, self._raw = self._raw, None
        if self._reader is not None:
            self._reader.stop()
        if raw is not None:
            raw.conn.disconnected.clear()
            raw.conn.hasData.clear()
            raw.disconnect()

    def next_id(self) -> int:
        """Return an id that no request or order of this connection has had."""
        return int(self._client().getReqId())

    def raise_ids(self, least: int) -> None:
        """Let later ids be at least `least`."""
        self._client().updateReqId(least)

    # --- requests: each writes one message -------------------------------------------------------------------------

    def place_order(
        self, order_id: int, contract: Contract, ticket: OrderTicket, legs: Sequence[ComboLeg] = ()
    ) -> None:
        """Write a new order, or an order that is modified."""
        order = _ib.Order(
            action=ticket.action,
            totalQuantity=ticket.quantity,
            orderType=ticket.order_type,
            tif=ticket.time_in_force,
            account=ticket.account,
            orderRef=ticket.order_ref,
            whatIf=ticket.what_if,
            outsideRth=ticket.outside_rth,
            transmit=True,
        )
        if ticket.limit_price is not None:
            order.lmtPrice = _plain(ticket.limit_price)
        if ticket.stop_price is not None:
            order.auxPrice = _plain(ticket.stop_price)
        order.totalQuantity = _plain(ticket.quantity)
        self._client().placeOrder(order_id, _encoded(contract, legs), order)

    def cancel_order(self, order_id: int) -> None:
        """Write a cancel."""
        self._client().cancelOrder(order_id)

    def ask_contract_details(self, req_id: int, contract: Contract) -> None:
        """Ask for the contracts that a description fits."""
        self._client().reqContractDetails(req_id, _encoded(contract))

    def ask_option_parameters(
        self, req_id: int, symbol: str, exchange: str, under_sec_type: str, under_con_id: int
    ) -> None:
        """Ask for expirations and strikes."""
        self._client().reqSecDefOptParams(req_id, symbol, exchange, under_sec_type, under_con_id)

    def ask_market_data(self, req_id: int, contract: Contract, generic_ticks: str, *, snapshot: bool = False) -> None:
        """Subscribe to market data."""
        self._client().reqMktData(req_id, _encoded(contract), generic_ticks, snapshot, False, [])

    def cancel_market_data(self, req_id: int) -> None:
        """End a subscription."""
        self._client().cancelMktData(req_id)

    def set_market_data_type(self, data_type: int) -> None:
        """Say which kind of data later subscriptions may be."""
        self._client().reqMarketDataType(data_type)

    def ask_market_rule(self, rule_id: int) -> None:
        """Ask for the price steps of a rule."""
        self._client().reqMarketRule(rule_id)

    def ask_current_time(self) -> None:
        """Ask for the time of TWS."""
        self._client().reqCurrentTime()

    def ask_open_orders(self) -> None:
        """Ask for the open orders of all clients."""
        self._client().reqAllOpenOrders()

    def ask_completed_orders(self) -> None:
        """Ask for the orders that have ended today, those by hand too."""
        self._client().reqCompletedOrders(False)

    def ask_executions(self, req_id: int) -> None:
        """Ask for the executions of today."""
        self._client().reqExecutions(req_id, _ib.ExecutionFilter())

    def ask_positions(self) -> None:
        """Ask for all positions; changes follow until they are cancelled."""
        self._client().reqPositions()

    def cancel_positions(self) -> None:
        """Ask for no more changes of positions."""
        self._client().cancelPositions()

    def ask_account_summary(self, req_id: int, tags: Sequence[str]) -> None:
        """Ask for figures of all accounts; changes follow until they are cancelled."""
        self._client().reqAccountSummary(req_id, "All", ",".join(tags))

    def cancel_account_summary(self, req_id: int) -> None:
        """Ask for no more changes of figures."""
        self._client().cancelAccountSummary(req_id)

    def _client(self) -> Raw:
        if self._raw is None:
            raise ConnectionError("there is no connection to TWS")
        return self._raw


def _while_open(connection: Raw) -> Callable[[bytes], None]:
    """Return the connection's write, without what asyncio drops: it reports a loss a turn after a failed write."""
    send = connection.sendMsg

    def written(message: bytes) -> None:
        if connection.transport is not None and not connection.transport.is_closing():
            send(message)

    return written


def _recorded(send: Callable[[str], None], record: Record) -> Callable[[str], None]:
    def recorded(message: str) -> None:
        record(False, message.split("\0")[:-1])
        send(message)

    return recorded


def _plain(number: Decimal) -> Decimal:
    """Return a number that the library writes without an exponent."""
    return Decimal(f"{number:f}")


def _encoded(contract: Contract, legs: Sequence[ComboLeg] = ()) -> Raw:
    result = _ib.Contract(
        conId=contract.con_id,
        symbol=contract.symbol,
        secType=contract.sec_type,
        lastTradeDateOrContractMonth=contract.last_trade,
        strike=float(contract.strike),
        right=contract.right,
        multiplier=contract.multiplier,
        exchange=contract.exchange,
        primaryExchange=contract.primary_exchange,
        currency=contract.currency,
        localSymbol=contract.local_symbol,
        tradingClass=contract.trading_class,
    )
    if legs:
        result.comboLegs = [
            _ib.ComboLeg(conId=leg.con_id, ratio=leg.ratio, action=leg.action, exchange=leg.exchange) for leg in legs
        ]
    return result
