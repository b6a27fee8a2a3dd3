"""The venue of tastytrade accounts: sessions on the account stream, lists by REST, orders sent once.

The account stream is a hint. After each connection, and whenever something could not be read, the orders are read by
REST; every list of the server's reconciliation is read by REST in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from mesolive.clock import Clock
from mesolive.connectors.tastytrade.account_rows import DELIVERY, settlement_fact, settlement_rows, signed_change
from mesolive.connectors.tastytrade.executions import Executions
from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.connectors.tastytrade.replacements import Replacements
from mesolive.connectors.tastytrade.submissions import Submissions
from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.connectors.tastytrade.tracked_orders import TrackedOrder
from mesolive.connectors.tastytrade.venue_core import VenueCore, VenueRules, VenueTimes
from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.contracts import OptionContract
from mesolive.tasks import Tasks, until_first
from mesolive.tastytrade_client import (
    AccountStream,
    Notification,
    Order,
    Position,
    RestApi,
    StreamLostError,
    Transaction,
    Unreadable,
)
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
    VenueLeg,
    VenueOrder,
    VenueRequest,
    VenueStatus,
    VenueUnreachableError,
    unchecked,
)
from mesolive.venues.combo_quotes import ComboQuote
from mesolive_sdk.models import AgentStatus, BrokerType

_log = structlog.get_logger(__name__)

DAY: Final = timedelta(days=1)
HISTORY: Final = timedelta(days=400)
"""How far back the rows of a contract are read whose settlement does not say whether it was long."""
NOT_PERMITTED: Final = "NotPermitted"
"""The code of an order that the grant does not permit; it was not sent."""
RETENTION: Final = timedelta(days=5)
"""For how long orders that have ended stay in memory."""
MAX_WAITING_REPORTS: Final = 10_000
"""A reader that is so far behind reads the lists of another session faster."""


class TastytradeVenue:
    """Serves accounts of type `TastyTrade`; implements `mesolive.venues.base.Venue`.

    Parameters
    ----------
    quote
        Returns the market of a combo now, for combos at the market.

    Attributes
    ----------
    accounts
        The accounts of the login that may be traded.
    lost_reason
        Why the last session ended; empty while one is open.
    """

    kind = BrokerType.TastyTrade
    dedupes = Dedupes.NEVER
    """The broker makes a second order of an identifier that comes twice."""

    def __init__(
        self,
        api: RestApi,
        stream: AccountStream,
        clock: Clock,
        calendar: ExchangeCalendar,
        quote: Callable[[Sequence[VenueLeg]], ComboQuote | None],
        *,
        journal: OrderJournal | None = None,
        rules: VenueRules | None = None,
        times: VenueTimes | None = None,
    ) -> None:
        self.accounts: tuple[str, ...] = ()
        self.tasks = Tasks()
        self._stream = stream
        self._clock = clock
        self._calendar = calendar
        self._journal = journal or OrderJournal()
        self.core = VenueCore(api, self._journal, clock, calendar, quote, rules or VenueRules(), times or VenueTimes())
        self.core.report = self._report
        self.core.withdraw = self._withdraw
        self._executions = Executions(self.core)
        self.submissions = Submissions(self.core, self.tasks, lambda: self._sessions, self.lose)
        self._replacements = Replacements(self.core, self.submissions, self.tasks)
        self._refusal = ""
        self._served: set[str] = set()
        self._is_up = False
        self._session: _Session | None = None
        self._sessions = 0
        self._since: datetime | None = None
        self.lost_reason = ""
        self._settled: set[str] = set()
        self._signs: dict[str, list[Transaction]] = {}

    # --- the connector's side -----------------------------------------------------------------------------------------

    def come_up(self, accounts: Sequence[str], refusal: str = "") -> None:
        """Let sessions be opened, for these accounts.

        Parameters
        ----------
        refusal
            Why no order can be sent, in words; empty where orders can be sent.
        """
        self.accounts = tuple(accounts)
        self._served.update(accounts)
        self._refusal = refusal
        self._is_up = True

    def go_down(self, reason: str = "the connection is closed") -> None:
        """End the session, and open none until `come_up`."""
        self._is_up = False
        self.lose(reason)

    def disconnect(self) -> None:
        """End the session on request."""
        self.lose("the connection was cut on request")

    def lose(self, reason: str) -> None:
        """End the session; the server opens another one."""
        if self._session is not None:
            self._session.lose(reason)

    # --- the interface ------------------------------------------------------------------------------------------------

    @property
    def status(self) -> VenueStatus:
        """Whether a session is open, and problems that the trader must resolve."""
        connected = self._session is not None and self._session.lost is None and self._since is not None
        state = AgentStatus.Connected if connected else AgentStatus.Disconnected
        message = "; ".join(self.core.alarms.values())
        return VenueStatus(state=state, since=self._since if connected else None, message=message)

    @property
    def listing_seconds(self) -> float:
        """For how long the lists may lack an order: as long as it is searched for, also where the journal was lost."""
        return self.core.times.quarantine

    @property
    def lost_accounts(self) -> list[str]:
        """Accounts of the connection that the login has no more, or may not trade."""
        return sorted((self._served | self._journal.accounts) - set(self.accounts))

    @property
    def was_connected(self) -> bool:
        """Whether a session was ever open."""
        return self._sessions > 0

    async def start(self) -> None:
        """Read the journal, and search for orders with an unknown outcome."""
        self._journal.open(self._clock.now())
        if lines := self._journal.unreadable:
            text = f"{self._journal.file}: {len(lines)} lines cannot be read, the first is line {lines[0]}"
            self.core.alarm("journal", f"{text}: compare the orders and fills with the broker's")
        # All of them, however old: the server gives up an order that is listed neither here nor there, and the trader
        # sends another one beside it.
        for sent in self._journal.open_references():
            self.submissions.doubt(sent.request.account, sent.request.reference)

    async def stop(self) -> None:
        """End the session and close the journal."""
        self.lose("the venue was stopped")
        await self.tasks.stop()
        self.submissions.doubts.clear()
        self._journal.close()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        """Connect the account stream, read all orders and positions, and return the reports."""
        if not self._is_up:
            raise VenueUnreachableError("tastytrade is not connected")
        self.lose("another session was opened")
        session = _Session()
        self._session = session
        try:
            async with self._stream.connected(self.accounts) as notes:
                # The frames are taken from now on: an older state of an order never undoes a newer one.
                work = self.tasks.spawn("tastytrade session", self._serve(session, notes))
                try:
                    await self._hydrate(session)
                    self._sessions += 1
                    self._since = self._clock.now()
                    session.hydrated.set()
                    self.lost_reason = ""
                    yield session.facts()
                finally:
                    work.cancel()
                    await asyncio.gather(work, return_exceptions=True)
        except StreamLostError as error:
            session.lose(str(error))
            raise VenueUnreachableError(str(error)) from None
        finally:
            session.lose("the session has ended")
            self.lost_reason = session.lost or ""
            if self._session is session:
                self._session = None
                self._since = None

    async def submit(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        """Send an order once."""
        self._must_be_connected()
        if request.account not in self.accounts:
            raise VenueUnreachableError(f"account {request.account} is not connected")
        if self._refusal and (request.account, request.reference) not in self._journal.sent:
            return self.core.not_there(request.account, request.reference, self._refusal, NOT_PERMITTED)
        return await self.submissions.submit(request, check)

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck = unchecked
    ) -> Accepted | Ended:
        """Replace an order by one with another price."""
        self._must_be_connected()
        if self._refusal:
            return self.core.not_there(request.account, request.reference, self._refusal, NOT_PERMITTED)
        return await self._replacements.replace(reference, filled, request, check)

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        """Request a cancel, and watch it for a moment."""
        self._must_be_of_login(account)
        return await self._replacements.cancel(account, reference, venue_id)

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        """Return working orders, those that ended since, and those in doubt."""
        self._must_be_of_login(account)
        await self.core.read_orders(account, since)
        listed = [
            self._shown(account, tracked)
            for tracked in self.core.book.of(account)
            if tracked.status is OrderStatus.WORKING or tracked.changed_at >= since
        ]
        for (owner, reference), ended in self._journal.not_there.items():
            if owner == account and ended.at >= since and self.core.book.named(account, reference) is None:
                status = OrderStatus(ended.how.value)
                listed.append(self._shown_as(account, reference, status, ended.at, ended.reason, ended.code))
        for owner, reference in self.submissions.doubts:
            if owner == account and self.core.book.named(account, reference) is None:
                sent = self._journal.sent[account, reference]
                listed.append(self._shown_as(account, reference, OrderStatus.IN_DOUBT, sent.at, ""))
        return listed

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        """Return all fills since, as whole combos."""
        self._must_be_of_login(account)
        await self.core.read_orders(account, since)
        return await self._executions.listed(account, since)

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        """Return what expired or was exercised since, as far as the broker's history has it."""
        self._must_be_of_login(account)
        return await self._settlements(account, since)

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        """Return what the account holds of options."""
        self._must_be_of_login(account)
        positions = await self.core.read_positions(account)
        return {contract: qty for symbol, qty in positions.items() if (contract := contract_of(symbol)) is not None}

    # --- sessions -----------------------------------------------------------------------------------------------------

    def _must_be_connected(self) -> None:
        session = self._session
        if not self._is_up or session is None or session.lost is not None:
            raise VenueUnreachableError("tastytrade is not connected")

    def _must_be_of_login(self, account: str) -> None:
        """Raise `AccountUnreachableError` for an account that the login does not have, or may not trade.

        The server asks for accounts that it had once, also where neither this process nor the journal has a record.
        Their orders and positions go on, and an empty list would say that they are gone.
        """
        self._must_be_connected()
        if account not in self.accounts:
            raise AccountUnreachableError(f"the login has account {account} no more, or may not trade it")

    async def _hydrate(self, session: _Session) -> None:
        """Read all accounts; what the stream reported meanwhile is applied too."""
        now = self._clock.now()
        self.core.book.forget_before(now - RETENTION)
        for account in self.accounts:
            await self.core.read_orders(account, now - DAY)
            await self.core.read_positions(account)
        if session.lost is not None:
            raise VenueUnreachableError(session.lost)

    async def _serve(self, session: _Session, notes: AsyncIterator[Notification]) -> None:
        """Follow the stream and report what is due, until the stream is lost."""
        try:
            await until_first(
                self._follow(notes), self._report_due(session), self._follow_settlements(session), session.ended()
            )
        except (StreamLostError, VenueUnreachableError) as error:
            session.lose(str(error))
        except Exception as error:  # noqa: BLE001 - whatever an answer did, the log has the trace
            # The server opens another session, and reads everything anew.
            _log.exception("tastytrade_session_failed", error=type(error).__name__)
            session.lose(f"the session failed ({type(error).__name__})")

    async def _follow(self, notes: AsyncIterator[Notification]) -> None:
        async for note in notes:
            match note:
                case Order():
                    if note.account_number in self.accounts:
                        self.core.take(note.account_number, note)
                case Position():
                    if note.account_number in self.accounts and contract_of(note.symbol) is not None:
                        ledger = self.core.ledger(note.account_number)
                        ledger.record(note.symbol, note.signed_quantity, self.core.now(), note.updated)
                case Unreadable():
                    # It was about something: the lists say what.
                    for account in self.accounts:
                        await self.core.read_orders(account, self._clock.now() - DAY)
                case _:
                    pass
        raise StreamLostError("the account stream has ended")

    async def _report_due(self, session: _Session) -> None:
        await session.hydrated.wait()
        while True:
            await self._executions.report_due()
            waiting = any(self._executions.is_waiting(tracked) for _, tracked in self.core.book.all())
            with suppress(TimeoutError):
                async with asyncio.timeout(self.core.times.work if waiting else None):
                    await self.core.next_change()

    def _report(self, fact: VenueFact) -> None:
        if self._session is not None:
            self._session.report(fact)

    def _withdraw(self, account: str, tracked: TrackedOrder) -> None:
        """Cancel an order that must not work, until it has ended: a cancel may be lost, refused, or never done."""

        async def cancel() -> None:
            pauses = list(self.core.times.search_pauses)
            while not tracked.order.has_ended:
                outcome = await self.core.api.cancel(account, tracked.id)
                _log.warning("order_withdrawn", account=account, order_id=tracked.id, outcome=type(outcome).__name__)
                await asyncio.sleep(pauses.pop(0) if len(pauses) > 1 else pauses[0])
                with suppress(VenueUnreachableError):
                    await self.core.read_order(account, tracked.id)

        self.tasks.spawn("cancel of an order that must not work", cancel())

    # --- lists --------------------------------------------------------------------------------------------------------

    def _shown(self, account: str, tracked: TrackedOrder) -> VenueOrder:
        return VenueOrder(
            account=account,
            reference=tracked.reference,
            venue_id=tracked.id,
            status=tracked.status,
            qty=tracked.size,
            filled=tracked.filled,
            at=tracked.changed_at,
            reason=tracked.reason(),
        )

    def _shown_as(
        self,
        account: str,
        reference: str,
        status: OrderStatus,
        at: datetime,
        reason: str,
        code: str | None = None,
    ) -> VenueOrder:
        """Return an order of ours that the broker does not list."""
        request = self._journal.request(account, reference)
        qty = Decimal(0) if request is None else request.qty
        return VenueOrder(
            account=account,
            reference=reference,
            venue_id="",
            status=status,
            qty=qty,
            filled=Decimal(0),
            at=at,
            reason=reason,
            code=code,
        )

    # --- settlements --------------------------------------------------------------------------------------------------

    async def _settlements(self, account: str, since: datetime) -> list[SettlementFact]:
        # Rows come hours after the settlement, under the next day in UTC: nothing is left out by its row's time.
        rows = settlement_rows(await self.core.read_rows(account, since, DELIVERY))
        history: dict[str, list[Transaction]] = {}
        for row in rows:
            if row.symbol is not None and signed_change(row) is None:
                history[row.symbol] = await self._rows_of(account, row.symbol)
        facts = [fact for row in rows if (fact := settlement_fact(account, row, history, self._calendar)) is not None]
        return sorted((fact for fact in facts if fact.at >= since), key=lambda fact: (fact.at, fact.fact_id))

    async def _rows_of(self, account: str, symbol: str) -> list[Transaction]:
        """Return the whole history of a contract that has expired; it does not change any more."""
        known = self._signs.get(f"{account} {symbol}")
        if known is None:
            since = self._clock.now() - HISTORY
            known = self._signs[f"{account} {symbol}"] = await self.core.read_rows(account, since, symbol=symbol)
        return known

    async def _follow_settlements(self, session: _Session) -> None:
        """Tell settlements as they appear in the history; often while something that has expired is held."""
        await session.hydrated.wait()
        while True:
            due = False
            for account in self.accounts:
                try:
                    for fact in await self._settlements(account, self._clock.now() - 4 * DAY):
                        if fact.fact_id not in self._settled:
                            self._settled.add(fact.fact_id)
                            self._report(fact)
                    due = await self._holds_expired(account) or due
                except VenueUnreachableError as error:
                    _log.info("settlements_not_read", account=account, reason=str(error))
            times = self.core.times
            await asyncio.sleep(times.settlements_due if due else times.settlements)

    async def _holds_expired(self, account: str) -> bool:
        now = self._clock.now()
        positions = await self.core.read_positions(account)
        contracts = [contract for symbol in positions if (contract := contract_of(symbol)) is not None]
        return any(
            settlement_instant(contract.root, contract.day, calendar=self._calendar) <= now for contract in contracts
        )


class _Session:
    """The reports of one connection.

    Attributes
    ----------
    lost
        Why the connection was lost; `None` while it lasts.
    hydrated
        Set once the lists were read.
    """

    def __init__(self) -> None:
        self.lost: str | None = None
        self.hydrated = asyncio.Event()
        self._end = asyncio.Event()
        self._facts: asyncio.Queue[VenueFact | None] = asyncio.Queue()

    def report(self, fact: VenueFact) -> None:
        """Report, or end the session when its reader has fallen behind: what is not reported is in the lists."""
        if self.lost is None and self._facts.qsize() >= MAX_WAITING_REPORTS:
            self.lose(f"{MAX_WAITING_REPORTS} reports were not read")
        if self.lost is None:
            self._facts.put_nowait(fact)

    def lose(self, reason: str) -> None:
        if self.lost is None:
            self.lost = reason
            self._end.set()
            self._facts.put_nowait(None)

    async def ended(self) -> None:
        await self._end.wait()
        raise VenueUnreachableError(self.lost or "the session has ended")

    async def facts(self) -> AsyncIterator[VenueFact]:
        """Yield reports; raises `VenueUnreachableError` behind the last one."""
        while True:
            fact = await self._facts.get()
            if fact is None:
                raise VenueUnreachableError(self.lost or "the session has ended")
            yield fact
