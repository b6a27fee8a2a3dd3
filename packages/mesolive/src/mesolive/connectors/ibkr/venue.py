"""Venue of Interactive Brokers: implements `mesolive.venues.base.Venue` on the orders session with TWS.

Facts come from executions and from TWS' lists; statuses and errors only say that the lists are to be asked. See
`docs/ibkr.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import structlog

from mesolive.clock import Clock
from mesolive.connectors.ibkr.attempts import Attempts
from mesolive.connectors.ibkr.catch_up import CatchUp
from mesolive.connectors.ibkr.contract_ids import ContractIds
from mesolive.connectors.ibkr.execution_reader import ExecutionReader
from mesolive.connectors.ibkr.fills import FillGatherer
from mesolive.connectors.ibkr.journal import Journal
from mesolive.connectors.ibkr.margin_preview import MarginPreviews
from mesolive.connectors.ibkr.order_entry import EntryRules, OrderEntry
from mesolive.connectors.ibkr.order_life import OrderLife
from mesolive.connectors.ibkr.position_watch import PositionWatch, SettlementPrices
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.session_errors import RequestTimeoutError, TwsError
from mesolive.connectors.ibkr.time_limit import limited
from mesolive.connectors.ibkr.tws_messages import CommissionRow, ExecutionRow, Margins, OrderError, OrderRow, OrderState
from mesolive.connectors.ibkr.venue_state import UNANSWERED, VenueState
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract
from mesolive.tasks import Turns
from mesolive.venues.base import (
    Accepted,
    AccountUnreachableError,
    CancelDenied,
    Dedupes,
    Ended,
    Execution,
    OrderStatus,
    SendCheck,
    SettlementFact,
    VenueFact,
    VenueOrder,
    VenueRequest,
    VenueStatus,
    VenueUnreachableError,
    unchecked,
)
from mesolive_sdk.models import AgentStatus, BrokerType

_log = structlog.get_logger(__name__)

JOURNAL_FILE: Final = "ibkr-orders.jsonl"

FILL_SECONDS: Final = 7.0
"""How long a list waits for fills whose legs or commissions are on their way."""

ORDER_MESSAGES: Final = frozenset({"3", "4", "5", "11", "59"})
"""Messages that tell of orders unasked: when one cannot be read, something was missed."""

NOT_ENDED: Final = frozenset({OrderStatus.WORKING, OrderStatus.IN_DOUBT})


class IbkrVenue:
    """Order entry of one login.

    Parameters
    ----------
    session
        The session of orders; the connector connects it.
    folder
        Where the journal is kept; `None` for nowhere.
    clock
        Market time.
    timer
        Time of waiting.
    prices
        Settlement prices of underlyings.
    chains
        Returns the conId of a contract that the chains have, or `None`.
    """

    kind = BrokerType.Ibkr
    dedupes = Dedupes.SESSION
    listing_seconds = 60.0

    def __init__(
        self,
        session: TwsSession,
        folder: Path | None,
        *,
        clock: Clock,
        timer: Clock,
        prices: SettlementPrices,
        chains: Callable[[OptionContract], int | None] | None = None,
        rules: EntryRules | None = None,
        calendar: ExchangeCalendar | None = None,
    ) -> None:
        journal = Journal(None if folder is None else folder / JOURNAL_FILE)
        self._session = session
        self._state = VenueState(session, journal, clock, timer, calendar or us_options_calendar())
        self._attempts = Attempts()
        self._executions = ExecutionReader(self._state, (rules or EntryRules()).zone)
        self._fills = FillGatherer(self._state, self._executions.read)
        self._life = OrderLife(self._state, self._attempts, self._fills)
        self._catch_up = CatchUp(self._state, self._life, self._fills, self._attempts, self._executions)
        self._contracts = ContractIds(session, chains)
        self._previews = MarginPreviews(self._state)
        self._entry = OrderEntry(
            self._state,
            self._life,
            self._attempts,
            self._catch_up,
            self._contracts,
            self._previews,
            rules or EntryRules(),
        )
        self._positions = PositionWatch(self._state, prices, self._executions)
        self._since: datetime | None = None
        self._sendable = False
        self._started = False
        self.tasks = self._state.tasks

    @property
    def status(self) -> VenueStatus:
        """Whether orders go through."""
        connected = self._session.state.sendable and self._state.listening
        state = AgentStatus.Connected if connected else AgentStatus.Disconnected
        message = "" if self._session.state.sendable else self._session.why_not_sendable
        return VenueStatus(state=state, since=self._since if connected else None, message=message)

    @property
    def problems(self) -> Sequence[str]:
        """Problems that a person must resolve."""
        return self._state.problems

    @property
    def has_unanswered_order(self) -> bool:
        """Whether TWS has not answered an order: a dialog may hold it."""
        return self._state.has_problem(UNANSWERED)

    @property
    def problem_changes(self) -> ChangeSignal:
        """Signals every change of `problems`."""
        return self._state.changes

    def order_is_open(self, reference: str) -> bool:
        """Whether more may come of an order of ours."""
        order = self._state.book.orders.get(reference)
        return order is not None and order.open

    async def start(self) -> None:
        """Read the journal, and listen to TWS; safe to call again.

        Raises
        ------
        JournalError
            When the journal cannot be used.
        """
        if self._started:
            return
        self._state.open()
        for con_id, contract in self._state.book.contract_of.items():
            self._contracts.learn(contract, con_id)
        self._session.listen_to_orders(self)
        self.tasks.start_loop("ibkr connection", self._follow_connection)
        self.tasks.start_loop("ibkr catch-up", self._catch_up.run)
        self.tasks.start_loop("ibkr positions", self._positions.run)
        self._started = True

    async def stop(self) -> None:
        """End the stream of reports, and close the journal."""
        self._state.cut_stream()
        self._session.listen_to_orders(None)
        await self.tasks.stop()
        self._executions.store()
        self._state.close()
        self._started = False

    def disconnect(self) -> None:
        """Break the stream of reports: the next session asks for everything."""
        self._state.cut_stream()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        """Return the stream of reports, after a catch-up with TWS' lists."""
        if not self._session.state.sendable:
            raise VenueUnreachableError(self._session.why_not_sendable)
        stream = self._state.open_stream()
        self._since = self._state.clock.now()
        try:
            await self._catch_up.refresh()
            await self._positions.look()
            yield stream.reports()
        except TwsError as error:
            raise VenueUnreachableError(str(error)) from error
        finally:
            self._state.close_stream(stream)

    async def submit(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        """Send a new order."""
        self._state.must_be_connected()
        return await self._entry.submit(request, check)

    async def margins(self, request: VenueRequest) -> Margins | str:
        """Return IB's margins with an order that is not sent, or why there are none."""
        self._state.must_be_connected()
        return await self._entry.margins(request)

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck = unchecked
    ) -> Accepted | Ended:
        """Modify an order in place."""
        self._state.must_be_connected()
        return await self._entry.replace(reference, filled, request, check)

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        """Cancel an order."""
        self._must_be_of_login(account)
        return await self._entry.cancel(account, reference, venue_id)

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        """Return what works and what ended since, orders by hand too."""
        self._must_be_of_login(account)
        await self._refresh(account)
        ours = [order.shown for order in self._state.book.orders.values() if order.request.account == account]
        others = [order for order in self._catch_up.foreign.values() if order.account == account]
        return [order for order in (*ours, *others) if order.status in NOT_ENDED or order.at >= since]

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        """Return the account's fills since."""
        self._must_be_of_login(account)
        await self._refresh(account, lists=False)
        book = self._state.book
        executions = [execution for chain in book.chains.values() for execution in chain.reported]
        fills = [*executions, *book.reported_others.values()]
        result = [fill for fill in fills if fill.account == account and fill.at >= since]
        return sorted(result, key=lambda fill: (fill.at, fill.execution_id))

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        """Return what expired or was exercised since."""
        self._must_be_of_login(account)
        facts = [fact for fact in self._state.book.settled.values() if fact.account == account and fact.at >= since]
        return sorted(facts, key=lambda fact: (fact.at, fact.fact_id))

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        """Return what the account holds."""
        self._must_be_of_login(account)
        try:
            return await self._positions.positions(account)
        except TwsError as error:
            raise VenueUnreachableError(str(error)) from error

    def _must_be_of_login(self, account: str) -> None:
        """Raise `AccountUnreachableError` for an account that is not of the login: no list is about it.

        The server asks for accounts that the login had once, also where the journal has no record of it.
        """
        self._state.must_be_connected()
        if account not in self._session.accounts:
            raise AccountUnreachableError(f"TWS is logged in without account {account}")

    async def _refresh(self, account: str, *, lists: bool = True) -> None:
        """Read TWS' lists, and wait for fills whose legs or commissions are on their way."""
        self._state.must_be_connected()
        try:
            if lists:
                await self._catch_up.refresh()
            else:
                await self._catch_up.read_executions()
            async with limited(self._state.timer, FILL_SECONDS, "fills are not complete"):
                await self._fills.settled()
        except RequestTimeoutError:
            if self._fills.incomplete(account):
                raise VenueUnreachableError("a fill has been reported in part only") from None
        except TwsError as error:
            raise VenueUnreachableError(str(error)) from error

    # --- the connection ----------------------------------------------------------------------------------------------

    async def _follow_connection(self, turns: Turns) -> None:
        """Cut the stream of reports when the connection is lost; the server then opens another, which catches up."""
        async with self._session.changes.subscribe() as changes:
            while True:
                self.connection_changed()
                turns.turned()
                await anext(changes)

    def connection_changed(self) -> None:
        """Take the state of the session."""
        sendable = self._session.state.sendable
        if self._sendable and not sendable:
            self._state.cut_stream()
            self._catch_up.connection_lost()
        if not self._session.state.connected:
            self._life.order_ids.clear()
        self._sendable = sendable

    # --- what TWS tells: the listener of the session -----------------------------------------------------------------

    def open_order(self, order: OrderRow) -> None:
        """Take an order as it is, or the margins of a preview."""
        if order.margins is not None:
            self._previews.answer(order.order_id, order.margins)
            return
        self._life.open_order(order)
        self._wake_in_doubt()

    def order_state(self, state: OrderState) -> None:
        """Take a status message."""
        self._life.order_state(state)
        self._wake_in_doubt()

    def execution(self, execution: ExecutionRow) -> None:
        """Take an execution, also while IB's servers are lost."""
        chain = self._fills.execution(execution)
        if chain is not None:
            self._life.executed(chain, execution.perm_id)
        self._wake_in_doubt()

    def commission(self, report: CommissionRow) -> None:
        """Take a commission."""
        chain = self._fills.commission(report)
        if chain is not None:
            self._fills.gather(chain)
            self._life.close_filled(chain)

    def order_error(self, error: OrderError) -> None:
        """Take an error on an order."""
        if not self._previews.refuse(error.order_id, error.code, error.text):
            self._life.error(error)
        self._wake_in_doubt()

    def unreadable(self, message_id: str) -> None:
        """Take that a message could not be read: the server asks for everything again."""
        if message_id in ORDER_MESSAGES:
            self._state.cut_stream()

    def _wake_in_doubt(self) -> None:
        if self._life.doubtful:
            self._catch_up.wake()
