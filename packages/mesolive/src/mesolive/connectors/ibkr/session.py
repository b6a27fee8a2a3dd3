"""Session with TWS or IB Gateway: one socket with a fixed client id, paced requests, and their answers.

How the parts of the connector use it:

* `await session.contract_details(contract, priority=Priority.BULK, seconds=60.0)`, `option_parameters`,
  `market_rule`, `positions`, `open_orders`, `completed_orders`, `executions`, `account_summary`: requests with an
  answer. They raise `RequestRefusedError` (with the code), `RequestTimeoutError`, `UnreadableAnswerError` or
  `SessionLostError`.
* `line = session.open_line(contract, sink, generic_ticks="106")` and `line.close()`: a subscription to market data.
  The sink gets ticks and errors of that line. It hears nothing after `close`, nor after `line_lost`.
* `await session.place_order(...)`: written, or `NotSentError`. Answers come to the listener of orders.
* `session.state`, `session.changes`: `SessionState` and a signal of its changes.

A session object connects once; `connect` after a loss uses the same object again. It belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

import structlog

from mesolive.clock import Clock
from mesolive.connectors.ibkr.listeners import LineSink, OrderListener, Record
from mesolive.connectors.ibkr.pacing import MAX_MESSAGES_PER_SECOND, NotSentError, PacedQueue, Priority
from mesolive.connectors.ibkr.receiver import Receiver
from mesolive.connectors.ibkr.requests import ListKind, RequestRegistry
from mesolive.connectors.ibkr.session_errors import RequestTimeoutError, SessionLostError, WrongLoginError
from mesolive.connectors.ibkr.session_state import CLIENT_ID_IN_USE, LINK_LOST, PORT_CHANGED, SessionState
from mesolive.connectors.ibkr.subscription import Line
from mesolive.connectors.ibkr.time_limit import limited
from mesolive.connectors.ibkr.tws_api import TwsApi
from mesolive.connectors.ibkr.tws_messages import (
    NO_REQUEST,
    AccountValue,
    ComboLeg,
    Contract,
    ContractDetails,
    ExecutionRow,
    MarketRule,
    Notice,
    OptionParameters,
    OrderError,
    OrderRow,
    OrderTicket,
    PositionRow,
)
from mesolive.market.change_signal import ChangeSignal
from mesolive.records import replace
from mesolive.tasks import Tasks
from mesolive.venues.base import SendCheck, unchecked

_log = structlog.get_logger(__name__)

T = TypeVar("T")

HANDSHAKE_SECONDS: Final = 10.0
HEARTBEAT_SECONDS: Final = 12.0
HEARTBEAT_ANSWER_SECONDS: Final = 5.0
LIST_SECONDS: Final = 10.0
DETAILS_SECONDS: Final = 60.0
PORT_CHANGED_WORDS: Final = "TWS has changed its port"


def _turn() -> None:
    """Write nothing: the order of which it is the turn follows after its check."""


class TwsSession:
    """One connection with a fixed client id.

    Parameters
    ----------
    name
        Of the session in logs: `orders` or `data`.
    clock
        The computer's time, for messages that bear no time and for the difference of the clocks.
    timer
        Time of pacing, time limits and heartbeats.
    zone
        IANA name of the zone that TWS is logged in with.
    messages_per_second
        Zero for no limit.
    record
        Takes each message that is sent or received; `None` for no record.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        client_id: int,
        *,
        clock: Clock,
        timer: Clock,
        zone: str = "America/New_York",
        messages_per_second: int = MAX_MESSAGES_PER_SECOND,
        record: Record | None = None,
    ) -> None:
        self.name = name
        self.client_id = client_id
        self._host, self._port = host, port
        self._clock, self._timer = clock, timer
        self._api = TwsApi(Receiver(self), zone, record)
        self._queue = PacedQueue(timer, messages_per_second)
        self.requests = RequestRegistry()
        self._lines: dict[int, LineSink] = {}
        self._heartbeat: asyncio.Task[None] | None = None
        self._tasks = Tasks()
        self._current_time: asyncio.Future[int] | None = None
        self._last_notice: Notice | None = None
        self._port_changed = False
        self._orders: OrderListener | None = None
        self._notices: list[Callable[[Notice], None]] = []
        self.accounts: tuple[str, ...] = ()
        self.login_check: Callable[[Sequence[str]], str | None] | None = None
        """Says why the accounts of a login are not the configured ones: then no connection is made."""
        self.state = SessionState()
        self.changes = ChangeSignal()
        self.unreadable_messages = 0
        self.interruptions = 0
        """How often a message may have been missed: the socket or IB's servers were lost, or one was unreadable."""

    # --- the connection --------------------------------------------------------------------------------------------

    async def connect(self, seconds: float = HANDSHAKE_SECONDS) -> None:
        """Connect, and return once requests may be made.

        Raises
        ------
        SessionLostError
            When there is no connection: nothing listens, no answer within the time, or the client id is in use.
        WrongLoginError
            When TWS is logged in as another user than `login_check` expects.
        """
        self._last_notice = None
        try:
            await self._api.connect(self._host, self._port, self.client_id, seconds)
        except (OSError, TimeoutError) as error:
            self._api.disconnect()
            raise SessionLostError(self._why_not(error)) from error
        if self.login_check is not None and (reason := self.login_check(self.accounts)) is not None:
            # Before anything listens: the lists of another login would say that our orders and positions are gone.
            self._api.disconnect()
            raise WrongLoginError(reason)
        self._port_changed = False
        # 1100 may have come with the greeting already.
        lost = self._last_notice is not None and self._last_notice.code in LINK_LOST
        self._set_state(replace(self.state, connected=True, link=not lost, loss=""))
        self._heartbeat = self._tasks.spawn("ibkr heartbeat", self._beat(), detail=self.name)

    def attempt_failed(self, why: str) -> None:
        """Store why an attempt to connect failed: the state shows it until the next one."""
        self._set_state(replace(self.state, loss=why))

    def disconnect(self, why: str = "disconnected") -> None:
        """End the connection; safe without one."""
        self._api.disconnect()
        self._ended(why)

    @property
    def server_version(self) -> int:
        """The protocol version that both sides agreed on; 0 without a connection."""
        return self._api.server_version

    @property
    def refused_client_id(self) -> bool:
        """Whether the last attempt failed because the client id is in use."""
        return self._last_notice is not None and self._last_notice.code == CLIENT_ID_IN_USE

    def listen_to_orders(self, listener: OrderListener | None) -> None:
        """Report orders and executions to a listener from now on."""
        self._orders = listener

    def listen_to_notices(self, listener: Callable[[Notice], None]) -> None:
        """Report every notice to a listener too."""
        self._notices.append(listener)

    def next_id(self, least: int = 0) -> int:
        """Return an id for an order, not below `least`."""
        self._must_be_connected()
        self._api.raise_ids(least)
        return self._api.next_id()

    # --- requests --------------------------------------------------------------------------------------------------

    async def contract_details(
        self, contract: Contract, *, priority: Priority = Priority.INTERACTIVE, seconds: float = DETAILS_SECONDS
    ) -> list[ContractDetails]:
        """Return the contracts that a description fits. Never ask for a combo: TWS may not answer at all."""
        if contract.sec_type == "BAG":
            raise ValueError("TWS has no details of combos")

        def write(req_id: int) -> None:
            self._api.ask_contract_details(req_id, contract)

        return await self._rows(ContractDetails, write, priority, seconds)

    async def option_parameters(
        self,
        symbol: str,
        exchange: str,
        under_sec_type: str,
        under_con_id: int,
        *,
        priority: Priority = Priority.INTERACTIVE,
        seconds: float = DETAILS_SECONDS,
    ) -> list[OptionParameters]:
        """Return expirations and strikes per exchange and class; `exchange` is empty but for options on futures."""

        def write(req_id: int) -> None:
            self._api.ask_option_parameters(req_id, symbol, exchange, under_sec_type, under_con_id)

        return await self._rows(OptionParameters, write, priority, seconds)

    async def executions(self, *, seconds: float = LIST_SECONDS) -> list[ExecutionRow]:
        """Return the executions of today; commissions go to the listener of orders."""
        return await self._rows(ExecutionRow, self._api.ask_executions, Priority.LIFE, seconds)

    async def open_orders(self, *, seconds: float = LIST_SECONDS) -> list[OrderRow]:
        """Return the open orders of all clients."""
        return await self._list(ListKind.OPEN_ORDERS, OrderRow, self._api.ask_open_orders, seconds)

    async def completed_orders(self, *, seconds: float = LIST_SECONDS) -> list[OrderRow]:
        """Return the orders that have ended today."""
        return await self._list(ListKind.COMPLETED_ORDERS, OrderRow, self._api.ask_completed_orders, seconds)

    async def positions(self, *, seconds: float = LIST_SECONDS) -> list[PositionRow]:
        """Return the positions of all accounts, without those of zero."""
        rows = await self._list(ListKind.POSITIONS, PositionRow, self._api.ask_positions, seconds)
        self._queue.post(self._api.cancel_positions, Priority.LIFE)
        # A fill while the list was sent shows as a second row of the contract: the later is the present one.
        latest = {(row.account, row.contract.con_id): row for row in rows}
        return [row for row in latest.values() if row.quantity]

    async def market_rule(self, rule_id: int, *, seconds: float = LIST_SECONDS) -> MarketRule:
        """Return the price steps of a market rule."""

        def write() -> None:
            self._api.ask_market_rule(rule_id)

        (rule,) = await self._list(ListKind.MARKET_RULE, MarketRule, write, seconds)
        return rule

    async def account_summary(self, tags: Sequence[str], *, seconds: float = LIST_SECONDS) -> list[AccountValue]:
        """Return figures of all accounts by their tags."""
        async with self.requests.one_at_a_time("account summary"):
            asked: list[int] = []

            def write(req_id: int) -> None:
                asked.append(req_id)
                self._api.ask_account_summary(req_id, tags)

            try:
                return await self._rows(AccountValue, write, Priority.INTERACTIVE, seconds)
            finally:
                if asked and self._api.connected:
                    self._queue.post(lambda: self._api.cancel_account_summary(asked[0]), Priority.LIFE)

    async def current_time(self, *, seconds: float = HEARTBEAT_ANSWER_SECONDS) -> int:
        """Return the time of TWS in seconds since 1970."""
        (value,) = await self._list(ListKind.CURRENT_TIME, int, self._api.ask_current_time, seconds)
        return value

    def set_market_data_type(self, data_type: int) -> None:
        """Let later lines be live (1), frozen (2), delayed (3), or delayed and frozen (4) at best."""
        self._must_be_connected()
        self._queue.post(lambda: self._api.set_market_data_type(data_type), Priority.LIFE)

    def open_line(
        self,
        contract: Contract,
        sink: LineSink,
        *,
        generic_ticks: str = "",
        snapshot: bool = False,
        priority: Priority = Priority.LINE,
    ) -> Line:
        """Subscribe to the market data of a contract; raises `SessionLostError` without a connection."""
        self._must_be_connected()
        req_id = self._api.next_id()
        self._lines[req_id] = sink

        def write() -> None:
            self._api.ask_market_data(req_id, contract, generic_ticks, snapshot=snapshot)

        return Line(self, req_id, self._queue.post(write, priority))

    def has_line(self, req_id: int) -> bool:
        """Whether ticks of a subscription are passed on."""
        return req_id in self._lines

    def close_line(self, req_id: int, written: asyncio.Future[None]) -> None:
        """End a subscription."""
        if self._lines.pop(req_id, None) is None or not self._api.connected:
            return
        if written.cancel():
            return  # it was never requested
        self._queue.post(lambda: self._api.cancel_market_data(req_id), Priority.LINE)

    @property
    def waiting_messages(self) -> int:
        """Messages that wait for the limit."""
        return len(self._queue)

    # --- orders ----------------------------------------------------------------------------------------------------

    async def place_order(
        self,
        order_id: int,
        contract: Contract,
        ticket: OrderTicket,
        legs: Sequence[ComboLeg] = (),
        check: SendCheck = unchecked,
    ) -> None:
        """Write an order, new or modified; return once it was written, which is no proof that it arrived.

        A call that is cancelled has written nothing.

        Parameters
        ----------
        check
            Awaited when it is the order's turn; nothing is awaited between it and the write.

        Raises
        ------
        NotSentError
            When there is no connection, TWS has lost IB's servers, or the check says no: certainly nothing was sent.
        """
        await self._queue.post(_turn, Priority.ORDER)
        if (reason := await check()) is not None:
            raise NotSentError(reason)
        self._must_be_sendable()
        self._api.place_order(order_id, contract, ticket, legs)

    async def cancel_order(self, order_id: int) -> None:
        """Write a cancel of an order of this client; raises `NotSentError` as `place_order` does."""

        def write() -> None:
            self._must_be_sendable()
            self._api.cancel_order(order_id)

        await self._queue.post(write, Priority.ORDER)

    def _must_be_sendable(self) -> None:
        if not self.state.sendable or not self._api.connected:
            raise NotSentError(self.why_not_sendable)

    @property
    def lines_wait(self) -> bool:
        """Whether openings or ends of market data lines wait for the limit of messages."""
        return self._queue.backlog(Priority.LINE) > 0

    @property
    def why_not_sendable(self) -> str:
        """Why no order may be sent now."""
        if not self.state.connected:
            return f"there is no connection to TWS: {self.state.loss or 'not connected'}"
        return "TWS has lost the connection to IB's servers (1100)"

    # --- what TWS says ---------------------------------------------------------------------------------------------

    async def _rows(self, kind: type[T], write: Callable[[int], None], priority: Priority, seconds: float) -> list[T]:
        self._must_be_connected()
        req_id = self._api.next_id()
        answer = self.requests.begin(req_id, kind)
        try:
            written = self._queue.post(lambda: write(req_id), priority)
            await self._within(written, seconds)
            return await self._within(answer.done, seconds)
        except NotSentError as error:
            raise SessionLostError(str(error)) from error
        finally:
            self.requests.forget(req_id)

    async def _list(self, kind: ListKind, row: type[T], write: Callable[[], None], seconds: float) -> list[T]:
        async with self.requests.one_at_a_time(kind.value):
            self._must_be_connected()
            answer = self.requests.begin(kind, row)
            try:
                await self._within(self._queue.post(write, Priority.LIFE), seconds)
                return await self._within(answer.done, seconds)
            except NotSentError as error:
                raise SessionLostError(str(error)) from error
            finally:
                self.requests.forget(kind)

    async def _within(self, future: asyncio.Future[T], seconds: float) -> T:
        async with limited(self._timer, seconds, f"no answer of TWS within {seconds:g} s"):
            return await future

    def _must_be_connected(self) -> None:
        if not self._api.connected:
            raise SessionLostError(self.state.loss or "there is no connection to TWS")

    async def _beat(self) -> None:
        """Ask for the time again and again: a socket that is half open, or a hung TWS, shows in nothing else."""
        while True:
            await self._timer.sleep(HEARTBEAT_SECONDS)
            try:
                seconds = await self.current_time()
            except RequestTimeoutError:
                _log.warning("ibkr_heartbeat_unanswered", session=self.name)
                self.disconnect("TWS does not answer")
                return
            except SessionLostError:
                return
            ahead = seconds - self._clock.now().timestamp()
            if self.state.clock_ahead is None or abs(self.state.clock_ahead - ahead) >= 1:
                self._set_state(replace(self.state, clock_ahead=ahead))

    def _why_not(self, error: Exception) -> str:
        if self.refused_client_id:
            return f"client id {self.client_id} is in use"
        if isinstance(error, TimeoutError):
            return "TWS accepts the connection and says nothing: it may be logging in, or show a dialog"
        if isinstance(error, ConnectionAbortedError):
            return str(error)
        if isinstance(error, ConnectionRefusedError):
            changed = f"{PORT_CHANGED_WORDS}: " if self._port_changed else ""
            return f"{changed}nothing listens at {self._host}:{self._port}"
        return (
            f"{self._host}:{self._port}: {error.strerror if isinstance(error, OSError) and error.strerror else error}"
        )

    def _ended(self, why: str) -> None:
        heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None and heartbeat is not asyncio.current_task():
            heartbeat.cancel()
        self._queue.drop_all(why)
        self.requests.fail_all(SessionLostError(why))
        lines, self._lines = self._lines, {}
        if self.state.connected:
            self.interruptions += 1
            self._set_state(replace(self.state, connected=False, link=False, farms={}, loss=why))
        for sink in lines.values():
            sink.line_lost()

    def _set_state(self, state: SessionState) -> None:
        if state != self.state:
            self.state = state
            self.changes.bump()

    # Called by the receiver.

    def now(self) -> datetime:
        """Return the computer's time."""
        return self._clock.now()

    def socket_closed(self) -> None:
        """Take that the other side has closed the socket."""
        self._port_changed = self._last_notice is not None and self._last_notice.code == PORT_CHANGED
        self._ended(PORT_CHANGED_WORDS if self._port_changed else "TWS has closed the connection")

    def message_unreadable(self, message_id: str, error: Exception) -> None:
        """Take that a message could not be read: what waits for one of its kind has no whole answer."""
        self.unreadable_messages += 1
        self.interruptions += 1
        if self.unreadable_messages <= 10 or self.unreadable_messages % 1000 == 0:
            _log.warning(
                "ibkr_message_unreadable",
                session=self.name,
                message_id=message_id,
                error=type(error).__name__,
                count=self.unreadable_messages,
            )
        self.requests.fail_unreadable(message_id)
        if self._orders is not None:
            self._orders.unreadable(message_id)

    def error_received(self, req_id: int, code: int, text: str) -> None:
        """Take an error: of a request, of a line, of an order, or a notice."""
        if req_id == NO_REQUEST:
            notice = Notice(code, text)
            self.interruptions += code in LINK_LOST
            self._last_notice = notice
            self.requests.refuse_lists(code, text)
            self._set_state(self.state.after_notice(code, text))
            for listener in self._notices:
                listener(notice)
        elif (sink := self._lines.get(req_id)) is not None:
            sink.line_error(code, text)
        elif not self.requests.refuse(req_id, code, text) and self._orders is not None:
            self._orders.order_error(OrderError(req_id, code, text))

    def accounts_received(self, accounts: str) -> None:
        """Take the accounts of the login."""
        self.accounts = tuple(name.strip() for name in accounts.split(",") if name.strip())

    @property
    def order_listener(self) -> OrderListener | None:
        """The listener of messages about orders."""
        return self._orders

    @property
    def lines(self) -> dict[int, LineSink]:
        """Subscriptions by their request ids."""
        return self._lines
