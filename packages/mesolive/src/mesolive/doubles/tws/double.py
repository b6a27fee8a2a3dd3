"""The double of TWS put together: the socket server, its services, and the dispatch of clients' requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import structlog

from mesolive.clock import Clock, MonotonicClock
from mesolive.doubles.markets import Markets
from mesolive.doubles.truth import Truth
from mesolive.doubles.tws.accounts import AccountService
from mesolive.doubles.tws.connectivity import Connectivity
from mesolive.doubles.tws.contract_service import ContractService
from mesolive.doubles.tws.executions import ExecutionBooks
from mesolive.doubles.tws.expirations import Expirations
from mesolive.doubles.tws.faults import Faults
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.lists import OrderLists
from mesolive.doubles.tws.market_data import MarketDataService
from mesolive.doubles.tws.messages import current_time, managed_accounts, next_valid_id
from mesolive.doubles.tws.order_life import OrderLife
from mesolive.doubles.tws.order_reports import OrderReports
from mesolive.doubles.tws.order_service import OrderService
from mesolive.doubles.tws.place_order import PlaceOrder
from mesolive.doubles.tws.records import State
from mesolive.doubles.tws.requests import (
    CancelAccountSummary,
    CancelAccountUpdatesMulti,
    CancelMktData,
    CancelOrder,
    CancelPositions,
    ReqAccountSummary,
    ReqAccountUpdates,
    ReqAccountUpdatesMulti,
    ReqAllOpenOrders,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqContractDetails,
    ReqCurrentTime,
    ReqExecutions,
    ReqGlobalCancel,
    ReqIds,
    ReqManagedAccounts,
    ReqMarketDataType,
    ReqMarketRule,
    ReqMktData,
    ReqOpenOrders,
    ReqPositions,
    ReqSecDefOptParams,
    Request,
    SetServerLogLevel,
    StartApi,
    UnknownRequestError,
    Unserved,
    read_request,
)
from mesolive.doubles.tws.session import Session, session_factory
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire import WireError
from mesolive.tasks import Tasks

log = structlog.get_logger(__name__)

STEP: Final = timedelta(seconds=1)
MAX_CLIENTS: Final = 32


class TwsDouble:
    """A double of TWS: accepts clients on a socket and behaves as TWS does, good days and bad.

    Parameters
    ----------
    markets
        Quotes; started and stopped by the caller.
    clock
        Market time.
    settings
        What it is like.
    timer
        Time on the connection (pacing, delays, outages); real time by default.
    seed
        Of the faults.
    step
        Market time between two looks at the market.
    """

    def __init__(
        self,
        markets: Markets,
        clock: Clock,
        settings: DoubleSettings | None = None,
        *,
        timer: Clock | None = None,
        seed: int = 1,
        step: timedelta = STEP,
    ) -> None:
        gateway = Gateway(settings or DoubleSettings(), markets, clock, timer or MonotonicClock(), seed)
        self.gateway = gateway
        self.accounts = AccountService(gateway)
        self.books = ExecutionBooks(gateway, self.accounts)
        self.reports = OrderReports(gateway)
        self.life = OrderLife(gateway, self.books, self.reports, self._traded)
        self.orders = OrderService(gateway, self.life, self.reports, self._cut_client)
        self.lists = OrderLists(gateway, self.orders, self.life, self.reports)
        self.contracts = ContractService(gateway)
        self.data = MarketDataService(gateway)
        self.expirations = Expirations(gateway, self.accounts, self.books)
        self.connectivity = Connectivity(gateway, self.data, self.contracts, self.orders, self.reports, self.cut_all)
        self.orders.forget_waiting()  # what a run before had not brought to IB's servers
        self._step = step
        self._sessions: set[Session] = set()
        self._lingering: dict[int, datetime] = {}
        self._server: asyncio.Server | None = None
        self._tasks = Tasks()
        self._loop: asyncio.Task[None] | None = None

    @property
    def faults(self) -> Faults:
        """The switches."""
        return self.gateway.faults

    @property
    def truth(self) -> Truth:
        """What really happened."""
        return self.gateway.truth

    @property
    def state(self) -> State:
        """Accounts, orders and executions."""
        return self.gateway.state

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        assert self._server is not None  # noqa: S101 - started
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Accept clients, and match orders at every step of the market."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(session_factory(self.gateway, self), host, port)
        self._loop = self._tasks.spawn("market steps", self._run())

    async def stop(self) -> None:
        """Close all sockets.

        Raises
        ------
        BaseException
            What failed in a step of the market, or in what happened later.
        """
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self.gateway.timeline.stop()
        for session in list(self._sessions):
            session.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        failures = list(self.gateway.timeline.failures)
        if self._loop is not None and not self._loop.cancelled() and self._loop.exception() is not None:
            failures.append(self._loop.exception() or RuntimeError())
        if failures:
            raise failures[0]

    def step(self) -> None:
        """Look at the market: send ticks, fill orders, settle what has expired, and do what the day brings."""
        self.connectivity.step()
        self.data.step()
        self.life.step()
        self.accounts.step()
        self.expirations.step()
        self.gateway.commit()
        for session in list(self._sessions):
            session.flush()

    async def _run(self) -> None:
        while True:
            await self.gateway.clock.sleep(self._step.total_seconds())
            self.step()

    # sockets

    def opened(self, session: Session) -> bool:
        """Note a new socket; return whether it may stay."""
        if self.connectivity.down or len(self._sessions) >= MAX_CLIENTS:
            return False
        self._sessions.add(session)
        return True

    def closed(self, session: Session) -> None:
        """Note that a socket has been lost or closed: its subscriptions end, its orders go on."""
        self._sessions.discard(session)
        client_id = session.client_id
        if self.gateway.clients.get(client_id) is not session:
            return
        del self.gateway.clients[client_id]
        self.data.leave(client_id)
        self.accounts.leave(client_id)
        lingering = self.faults.strike("client_id_lingers", client=client_id)
        if lingering is not None:
            until = self.gateway.timer.now() + timedelta(seconds=float(lingering["seconds"]))
            self._lingering[client_id] = until

    def cut_all(self) -> None:
        """Reset the sockets of all clients."""
        for session in list(self._sessions):
            session.cut()

    def cut(self, client_id: int) -> bool:
        """Reset the socket of one client; return whether there was one."""
        client = self.gateway.clients.get(client_id)
        if isinstance(client, Session):
            client.cut()
        return client is not None

    def _cut_client(self, client: Client) -> None:
        if isinstance(client, Session):
            client.cut()

    def _traded(self, account: str, con_ids: list[int]) -> None:
        self.reports.when_linked(partial(self.accounts.changed, self.gateway.account(account), con_ids))

    # requests

    def received(self, session: Session, fields: Sequence[str]) -> None:
        """Take a message of a client."""
        if not self._paced(session):
            return
        try:
            request = read_request(fields, session.version)
        except UnknownRequestError as error:
            log.warning("request_unknown", message_id=fields[0], reason=str(error))
            session.error(-1, 505)
        except WireError as error:
            log.warning("request_unreadable", message_id=fields[0], reason=str(error))
            session.error(-1, 320, cause=f" - {error}")
        else:
            self._dispatch(session, request)
        self.gateway.commit()

    def _paced(self, session: Session) -> bool:
        """Count a message; answer 100 when there were too many within a second, and close after some breaches."""
        limit = self.gateway.settings.messages_per_second
        if not limit:
            return True
        now = self.gateway.timer.now().timestamp()
        times = session.sent_at
        while times and now - times[0] >= 1.0:
            times.popleft()
        times.append(now)
        if len(times) <= limit:
            return True
        session.breaches += 1
        times.clear()
        session.error(-1, 100, limit=limit, count=limit + 1)
        self.gateway.commit()
        if session.breaches >= self.gateway.settings.pacing_breaches:
            session.close()
        return False

    def _dispatch(self, session: Session, request: Request) -> None:
        if isinstance(request, StartApi):
            self._log_in(session, request.client_id)
        elif self.gateway.clients.get(session.client_id) is not session:
            session.close()  # nothing is served before startApi
        else:
            self._serve(session, request)

    def _serve(self, client: Session, request: Request) -> None:
        match request:
            case PlaceOrder():
                self.orders.place(client, request)
            case CancelOrder():
                self.orders.cancel(client, request.order_id)
            case ReqGlobalCancel():
                self.orders.cancel_all(client)
            case ReqMktData():
                self.data.subscribe(client, request)
            case CancelMktData():
                self.data.cancel(client, request.req_id)
            case ReqMarketDataType():
                self.data.set_kind(client, request.kind)
            case ReqContractDetails():
                self.contracts.details(client, request)
            case ReqSecDefOptParams():
                self.contracts.option_classes(client, request)
            case ReqMarketRule():
                self.contracts.market_rule(client, request)
            case ReqOpenOrders() | ReqAllOpenOrders() | ReqAutoOpenOrders() | ReqCompletedOrders() | ReqExecutions():
                self.lists.serve(client, request)
            case ReqPositions():
                self.accounts.positions(client)
            case CancelPositions():
                self.accounts.cancel_positions(client)
            case ReqAccountUpdates():
                self.accounts.updates(client, request)
            case ReqAccountSummary():
                self.accounts.summary(client, request)
            case CancelAccountSummary():
                self.accounts.cancel_summary(client, request.req_id)
            case ReqAccountUpdatesMulti():
                self.accounts.updates_multi(client, request)
            case ReqIds():
                client.send(next_valid_id(self.orders.next_order_id(client.client_id)))
            case ReqManagedAccounts():
                client.send(managed_accounts(self.gateway.settings.accounts, advisor=self.gateway.settings.advisor))
            case ReqCurrentTime():
                client.send(current_time(int(self.gateway.now().timestamp())))
            case Unserved():
                client.error(request.req_id, 321, request=request.name, cause="The double of TWS does not serve this")
            case CancelAccountUpdatesMulti() | SetServerLogLevel() | StartApi():
                pass

    def _log_in(self, session: Session, client_id: int) -> None:
        """Take a client, unless its number is in use or no user is logged in at TWS."""
        gateway = self.gateway
        if client_id in gateway.clients or self._lingers(client_id):
            session.client_id = client_id
            session.error(-1, 326)
            gateway.after_commit(session.close)
            return
        session.client_id = client_id
        if self.faults.strike("closed_login", client=client_id) is not None:
            session.close()
            return
        gateway.clients[client_id] = session
        if not self.connectivity.logged_in or self.faults.strike("silent_login", client=client_id) is not None:
            return
        back = self.faults.strike("order_ids_roll_back", client=client_id)
        if back is not None:
            lowered = max(self.orders.next_order_id(client_id) - int(back["count"]), 1)
            gateway.state.next_order_ids[client_id] = lowered
        session.send(managed_accounts(gateway.settings.accounts, advisor=gateway.settings.advisor))
        session.send(next_valid_id(self.orders.next_order_id(client_id)))
        self.connectivity.greet(session)

    def _lingers(self, client_id: int) -> bool:
        until = self._lingering.get(client_id)
        if until is None:
            return False
        if self.gateway.timer.now() < until:
            return True
        del self._lingering[client_id]
        return False

    # what happens without a client

    def liquidate(self, account: str, con_id: int) -> str:
        """Close a position as IB does for margin; return the id of the execution.

        Raises
        ------
        ValueError
            When there is nothing to close.
        """
        quantity = self.gateway.account(account).position(con_id).quantity
        return self.execute_outside(account, con_id, -quantity, None, liquidation=1)

    def execute_outside(
        self, account: str, con_id: int, quantity: Decimal, price: Decimal | None, *, liquidation: int = 0
    ) -> str:
        """Book an execution of no order, as of a trade by telephone; return its id. The quantity is signed.

        Raises
        ------
        ValueError
            When there is no such contract or price, or nothing to trade.
        """
        instrument = self.gateway.instrument(con_id)
        at = price
        if at is None and instrument is not None and instrument.option is not None:
            quote = self.gateway.markets.quote(instrument.option)
            at = None if quote is None else quote.middle
        if instrument is None or at is None or not quantity:
            raise ValueError(f"nothing to execute of contract {con_id}")
        fill = self.books.outside(account, instrument, quantity, at, liquidation=liquidation, free=False)
        for client in self.reports.audience(0):
            self.reports.execution(client, -1, fill.executions[0])
            self.reports.commission(client, fill.executions[0].exec_id)
        self._traded(account, [con_id])
        self.gateway.commit()
        return fill.executions[0].exec_id

    def correct(self, exec_id: str, price: Decimal) -> str:
        """Correct the price of an execution and notify its client; return the new id.

        Raises
        ------
        ValueError
            When there is no such execution.
        """
        new = self.books.correct(exec_id, price)
        for client in self.reports.audience(new.client_id):
            self.reports.execution(client, -1, new)
        self.gateway.commit()
        return new.exec_id
