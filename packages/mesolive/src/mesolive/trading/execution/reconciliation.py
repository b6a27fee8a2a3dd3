"""Reconciliation engine: keeps the books and one venue in agreement.

It consumes the venue's reports, polls its lists at every connection, regularly, and soon when something is in doubt,
and resolves in-doubt orders by what these lists show, never by silence. Positions are compared at the end of each poll.

The order of the calls within a poll decides what is true of their answers: `_reconcile` names the race that each
prevents.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.market.contracts import OptionContract
from mesolive.shares import URGENT
from mesolive.store.database import Database, Transaction
from mesolive.tasks import BackOff, Tasks, Turns, until_first
from mesolive.trading.execution.halts import active_halts, halt_reason, noted_halts
from mesolive.trading.execution.inflight_reports import UNBOOKABLE_ERRORS, InflightReports, log_rejected
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.report_handler import report_from_server, report_from_venue
from mesolive.trading.execution.report_queue import ReportQueue
from mesolive.trading.execution.send_permits import SendPermits
from mesolive.trading.execution.unwatched import tell_unwatched
from mesolive.trading.execution.user_halts import halted_orders
from mesolive.trading.orders.open_orders import known_references
from mesolive.trading.orders.report_log import known_executions_of_account
from mesolive.trading.orders.repository import StoredOrder, open_orders_of_account
from mesolive.trading.orders.state_machine import ContactLost, NotAtVenue, State, StillWorking
from mesolive.trading.portfolio.account_errors import active_trouble, no_trouble_event, trouble_event
from mesolive.trading.portfolio.accounts import Account, accounts_at_venue
from mesolive.trading.portfolio.comparison import Comparison
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.trading.settlement.venue_settlements import (
    VenueSettlements,
    end_notices,
    settlement_differences,
    waiting_facts,
)
from mesolive.venues.base import (
    AccountUnreachableError,
    Dedupes,
    Ended,
    Ending,
    Execution,
    ExerciseNotice,
    KeptReports,
    OrderFact,
    OrderStatus,
    Settled,
    SettlementFact,
    Venue,
    VenueFact,
    VenueOrder,
    VenueUnreachableError,
)
from mesolive_sdk import models

_log = structlog.get_logger(__name__)

ZERO = Decimal(0)
ASK_BACK = timedelta(days=1)
"""Shortest period of a poll of executions: fills of ended orders may be reported late."""


@dataclass(frozen=True, slots=True)
class ReconciliationConfig:
    """Intervals and time limits, all in seconds of real time.

    Attributes
    ----------
    check_interval
        Between two checks for requested reconciliations and for halts.
    poll_interval
        Between two polls of the venue while nothing is in doubt.
    request_timeout
        How long the answers of one poll may take together.
    reconnect_delay
        Before the first attempt to connect again; it doubles up to `max_reconnect_delay`.
    missing_grace
        For how long the venue's lists must lack an order before it counts as never arrived. It must be longer than any
        message may be on its way.
    takeover_grace
        The same for an order that a server before this one was permitted to send, and may still be sending.
    """

    check_interval: float = 1.0
    poll_interval: float = 60.0
    request_timeout: float = 15.0
    reconnect_delay: float = 0.5
    max_reconnect_delay: float = 30.0
    missing_grace: float = 10.0
    takeover_grace: float = 30.0


class ReconciliationEngine:
    """Reconciles one venue with the books.

    Parameters
    ----------
    clock
        The venue's market time.
    config
        Intervals and time limits.
    connection
        Id and name of the connection whose accounts it serves; `None` for accounts without a connection.

    Attributes
    ----------
    venue_name
        Which type of accounts the venue serves, and by which connection.
    """

    def __init__(
        self,
        venue: Venue,
        database: Database,
        journal: Journal,
        facts: ReportQueue,
        settlements: VenueSettlements,
        sending: OrderService,
        permits: SendPermits,
        clock: Clock,
        config: ReconciliationConfig | None = None,
        *,
        connection: tuple[int, str] | None = None,
    ) -> None:
        self._connection_id = None if connection is None else connection[0]
        self.venue_name = venue.kind.name if connection is None else f"{venue.kind.name} {connection[1]}"
        self._venue = venue
        self._database = database
        self._journal = journal
        self._facts = facts
        self._settlements = settlements
        self._sending = sending
        self._permits = permits
        self._clock = clock
        self._config = config or ReconciliationConfig()
        self.comparisons: dict[int, Comparison] = {}
        """The last comparison of each account whose lists and books were of one moment."""
        self._accounts: dict[str, Account] = {}
        self._requested: set[int] = set()
        self._woken = asyncio.Event()
        self._reconciled = asyncio.Event()
        self._forgotten: set[int] = set()
        self._missing: dict[int, float] = {}
        self._polled: dict[int, datetime] = {}
        self.tasks = Tasks()

    def start(self) -> None:
        """Start to connect and to consume reports."""
        self.tasks.start_loop(f"reconciliation {self.venue_name}", self._run)

    async def stop(self) -> None:
        """Stop consuming reports; those that were submitted are booked by the report queue."""
        await self.tasks.stop()

    def request_reconciliation(self, account_id: int) -> None:
        """Request a poll of an account: at once, or when the present poll has ended."""
        self._requested.add(account_id)
        self._woken.set()

    @property
    def in_contact(self) -> bool:
        """Whether the venue is connected and every account that its login has was polled since."""
        return self._reconciled.is_set()

    async def reconciled(self) -> None:
        """Wait until every account has been polled since the last connection."""
        await self._reconciled.wait()

    async def reconcile(self) -> None:
        """Poll every account of the venue now, and book and resolve its answers.

        An account that the login has no more is left as it is, and the others are polled.

        Raises
        ------
        VenueUnreachableError
            When it does not answer.
        """
        for account in (await self._all_accounts()).values():
            await self._poll(account)

    async def compare(self, account: Account) -> Comparison | None:
        """Poll the venue about an account now; `None` when its lists changed while they were read.

        Raises
        ------
        VenueUnreachableError, TimeoutError
            When it does not answer.
        """
        self.comparisons.pop(account.id, None)
        await self._reconcile(account)
        return self.comparisons.get(account.id)

    # --- reports ------------------------------------------------------------------------------------------------------

    async def _run(self, turns: Turns) -> None:
        back_off = BackOff(self._config.reconnect_delay, self._config.max_reconnect_delay)
        pauses = back_off.pauses()
        while True:
            try:
                async with self._venue.session() as facts:
                    pauses = back_off.pauses()
                    turns.turned()
                    await self._run_session(facts)
            except VenueUnreachableError as error:
                _log.info("venue_disconnected", venue=self.venue_name, reason=str(error))
            except Exception as error:  # noqa: BLE001 - reconciliation must go on; the log has the trace
                # A report may not be booked; the next connection requests all of them.
                turns.failed(error, "reconciliation_failed")
            self._reconciled.clear()
            await asyncio.sleep(next(pauses))

    async def _run_session(self, facts: AsyncIterator[VenueFact]) -> None:
        """Consume reports and poll until one of both ends, or a report could not be stored."""
        in_flight = InflightReports(booked=facts.booked if isinstance(facts, KeptReports) else None)
        await until_first(self._consume(facts, in_flight), self._poll_loop(), in_flight.until_failed())

    async def _consume(self, facts: AsyncIterator[VenueFact], in_flight: InflightReports) -> None:
        """Submit reports in the order in which they come.

        Nothing here waits for a report to be booked, so that a burst of fills shares transactions. Settlements are the
        exception: they are booked on what is held, so all fills that came before must be in the books.
        """
        async for fact in facts:
            account = await self._account(fact)
            if account is None:
                in_flight.note_booked(fact)
            elif isinstance(fact, Settled | ExerciseNotice):
                await in_flight.wait_booked()
                await self._submit_settlement(account, fact)
                in_flight.note_booked(fact)
            else:
                await in_flight.wait_for_room()
                in_flight.follow(fact, self._submit(account, fact))

    async def _account(self, fact: VenueFact) -> Account | None:
        account = (await self._known_accounts(fact.account)).get(fact.account)
        if account is None:
            _log.warning("unknown_account_reported", account=fact.account, kind=type(fact).__name__)
        return account

    async def _submit_settlement(self, account: Account, fact: SettlementFact) -> None:
        try:
            if await self._settlements.take(account, [fact]):
                self.request_reconciliation(account.id)  # a fill may be missing: the venue is polled for it first
        except UNBOOKABLE_ERRORS:
            log_rejected(fact)

    def _submit(self, account: Account, fact: OrderFact) -> asyncio.Future[StoredOrder | None]:
        return self._facts.enqueue(report_from_venue(account.user_id, account.id, fact))

    # --- polling ------------------------------------------------------------------------------------------------------

    async def _poll_loop(self) -> None:
        loop = asyncio.get_running_loop()
        await self.reconcile()
        self._reconciled.set()
        polled = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.check_interval):
                    await self._woken.wait()
            self._woken.clear()
            if loop.time() - polled >= self._config.poll_interval:
                polled = loop.time()
                self._requested.clear()
                await self.reconcile()
            await self._cancel_halted()
            # Taken before the poll: a request that arrives during the poll is served by the next check.
            requested, self._requested = self._requested, set()
            by_id = {account.id: account for account in self._accounts.values()}
            for account_id in requested & by_id.keys():
                await self._poll(by_id[account_id])

    async def _poll(self, account: Account) -> None:
        try:
            await self._reconcile(account)
        except AccountUnreachableError as error:
            self.comparisons.pop(account.id, None)
            _log.warning("account_not_polled", account=account.broker_account_id, reason=str(error))
            await tell_unwatched(self._database, self._journal, account, str(error))

    async def _reconcile(self, account: Account) -> None:
        """Poll the venue about an account, book what was missed, resolve orders, and compare positions."""
        now = self._clock.now()
        # 1. Our open orders, before the venue is asked. An order that is committed and sent after the venue made its
        #    list is not in that list: were it judged, it would count as never arrived while it works.
        async with self._database.read() as tx:
            before = await open_orders_of_account(tx, account.id)
        oldest = await self._settlements.since(account)
        # Back to the last poll, and a day more: a fill that was lost since then may be of an order that has ended.
        last = self._polled.get(account.id, oldest or now)
        since = min([now, last, *(order.created_at for order in before)]) - ASK_BACK
        name, ago = account.broker_account_id, since if oldest is None else min(since, oldest - ASK_BACK)
        async with asyncio.timeout(self._config.request_timeout):
            # 2. Settlements before executions: what is in this list, its fills are in the later one. The other way
            #    round, a fill and its settlement between the two calls would give a settlement without its fill: more
            #    would be settled than the books hold, and the rest reported as a difference.
            settled = await self._venue.settlements(name, ago)
            # 3. Orders before executions: an order that is listed as ended, its fills are in the later list. The other
            #    way round, an order that fills and ends between the two calls would be ended here before its last
            #    fill is known, and the fill be an anomaly when it comes.
            listed = await self._venue.orders(name, since)
            filled = await self._venue.executions(name, since)
        # 4. Fills are booked before anything is concluded from the other lists, for the same two reasons.
        await self._book_missed(account, filled)
        # 5. Recorded only now: when booking fails, the next poll reaches as far back as this one.
        self._polled[account.id] = now
        if await self._settlements.take(account, settled, asked_at=now):
            self.request_reconciliation(account.id)
        await self._resolve_orders(account, listed, {order.id for order in before})
        async with asyncio.timeout(self._config.request_timeout):
            # 6. Positions, then our books, then executions and settlements once more. Where these lists are what they
            #    were, nothing was filled or settled from step 2 until after the books were read, so positions and
            #    books are of one moment. A report that is booked beside us, between the positions and the books,
            #    shows in the last lists; read after them, the books could hold a fill that no list has.
            at_broker = await self._venue.positions(name)
            async with self._database.read() as tx:
                booked = await held_in_books(tx, account.id)
            again = await self._venue.executions(name, since)
            settled_again = await self._venue.settlements(name, ago)
        if {item.execution_id for item in again} == {item.execution_id for item in filled} and {
            item.fact_id for item in settled_again
        } == {item.fact_id for item in settled}:
            foreign = tuple(item for item in filled if item.reference is None)
            self.comparisons[account.id] = Comparison(self._clock.now(), dict(at_broker), dict(booked), foreign)
            await self._compare(account, at_broker, booked, listed)
        else:
            # Not of one moment: a difference would be a false alarm, and agreement a false all-clear.
            self.request_reconciliation(account.id)

    async def _book_missed(self, account: Account, executions: Sequence[Execution]) -> None:
        async with self._database.read() as tx:
            known = await known_executions_of_account(
                tx, account.id, [execution.execution_id for execution in executions]
            )
        missed = [execution for execution in executions if execution.execution_id not in known]
        in_flight = InflightReports()
        try:
            for item in missed:
                await in_flight.wait_for_room()
                in_flight.follow(item, self._submit(account, item))
            await in_flight.wait_booked()
            if in_flight.failed.done():
                in_flight.failed.result()
        finally:
            in_flight.failed.cancel()  # errors without a caller that waits are logged

    async def _resolve_orders(self, account: Account, listed: Sequence[VenueOrder], judged: set[int]) -> None:
        """Apply the venue's list to each order that has not ended.

        Parameters
        ----------
        judged
            Ids of the orders that were open before the list was made: the list is no evidence about others.
        """
        by_reference = {item.reference: item for item in listed if item.reference is not None}
        by_venue_id = {item.venue_id: item for item in listed if item.venue_id}
        async with self._database.read() as tx:
            mine = await open_orders_of_account(tx, account.id)
        for order in mine:
            if order.reference in self._sending.in_flight or order.id not in judged:
                continue  # it may have been sent after the venue was polled
            at_venue = by_reference.get(order.reference) or by_venue_id.get(order.view.venue_id or "")
            if at_venue is None:
                await self._resolve_missing(order)
            else:
                await self._resolve_listed(account, order, at_venue)

    async def _resolve_missing(self, order: StoredOrder) -> None:
        """Judge an order that the venue does not list, by the send permits and by how long the lists lack it."""
        if self._permits.is_of_successor(order):
            return  # this server was taken over: the other one sends, and judges
        now = self._clock.now()
        if self._permits.never_sent(order):
            # Certain at once: no server can be permitted to send it any more.
            self._missing.pop(order.id, None)
            await self._facts.apply(report_from_server(order, NotAtVenue(now)))
            return
        if order.view.unresolved_since is None and order.view.state in {State.PENDING_SUBMIT, State.PENDING_CANCEL}:
            # The server was stopped after the order was committed: no call waits for its answer.
            order = (
                await self._facts.apply(report_from_server(order, ContactLost("the server was stopped", now))) or order
            )
        moment = asyncio.get_running_loop().time()
        grace = max(self._config.missing_grace, self._venue.listing_seconds)
        if self._permits.sent_by_other(order) and not order.view.cancel_wanted:
            grace = max(grace, self._config.takeover_grace)
            if self._venue.dedupes is Dedupes.NEVER:
                return  # nothing keeps the other server's order out of the venue: a person must look, and cancel it
        if moment - self._missing.setdefault(order.id, moment) < grace:
            self._requested.add(order.account_id)
            return
        if order.view.venue_id is not None or order.view.filled:
            if order.id in self._forgotten and not order.view.cancel_wanted:
                return  # reported once; the venue may list it again
            self._forgotten.add(order.id)
        self._missing.pop(order.id, None)
        await self._facts.apply(report_from_server(order, NotAtVenue(now)))

    async def _resolve_listed(self, account: Account, order: StoredOrder, at_venue: VenueOrder) -> None:
        now = self._clock.now()
        self._missing.pop(order.id, None)
        if at_venue.status is OrderStatus.IN_DOUBT:
            self._requested.add(order.account_id)
            await self._facts.apply(report_from_server(order, ContactLost("it is searched for at the venue", now)))
        elif at_venue.status is OrderStatus.WORKING:
            known = order.view.venue_id is not None and order.view.unresolved_since is None
            if not known or order.view.state is State.PENDING_SUBMIT:
                order = (
                    await self._facts.apply(report_from_server(order, StillWorking(at_venue.venue_id, now))) or order
                )
            if order.view.cancel_wanted:
                # The order works: the venue has not received the cancel, or the server was stopped before it was sent.
                await self._sending.ask_to_cancel(order, account)
        elif at_venue.status is OrderStatus.FILLED:
            self.request_reconciliation(account.id)  # its executions report that; they are requested again
        else:
            ended = Ended(
                account=at_venue.account,
                reference=order.reference,
                venue_id=at_venue.venue_id,
                how=Ending(at_venue.status.value),
                at=at_venue.at,
                reason=at_venue.reason,
                code=at_venue.code,
            )
            await self._facts.apply(report_from_venue(account.user_id, account.id, ended))

    async def _compare(
        self,
        account: Account,
        at_broker: Mapping[OptionContract, Decimal],
        booked: Mapping[OptionContract, Decimal],
        listed: Sequence[VenueOrder],
    ) -> None:
        """Report to the owner that the books and the venue hold different positions, and that they agree again."""
        async with self._database.read() as tx:
            lost = await lost_orders(tx, listed)
            waiting = await waiting_facts(tx, account.id)
            active_message = await active_trouble(tx, account)
        differing = {
            contract
            for contract in at_broker.keys() | booked.keys()
            if at_broker.get(contract, ZERO) != booked.get(contract, ZERO)
        }
        differences = [
            f"{contract}: the venue holds {at_broker.get(contract, ZERO)}, the books {booked.get(contract, ZERO)}"
            for contract in sorted(differing, key=str)
        ]
        differences += settlement_differences(waiting)
        differences += [f"order {item.venue_id} works at the venue and is not in the books" for item in lost]
        event: models.ErrorEvent | None = None
        if differences:
            more = f" (and {len(differences) - 10} more)" if len(differences) > 10 else ""
            active = trouble_event(account, "; ".join(differences[:10]) + more)
            event = None if active.Message == active_message else active
        elif active_message is not None:
            event = no_trouble_event(account)
        if event is not None or waiting:
            async with self._database.write(account.user_id) as tx:
                ended = await end_notices(tx, account, waiting, differing)
                await self._journal.append(tx, account.user_id, ended if event is None else [event, *ended])

    # --- halts --------------------------------------------------------------------------------------------------------

    async def _cancel_halted(self) -> None:
        """Cancel what is open on accounts that are halted, again and again until nothing is."""
        async with self._database.read() as tx:
            halts = [*noted_halts(self._database), *await active_halts(tx)]
            if not halts:
                return
            halted = [
                (account, reason, await halted_orders(tx, halts, account))
                for account in (await self._all_accounts()).values()
                if (reason := halt_reason(halts, account, entry=True)) is not None
            ]
        urgent = URGENT.set(True)  # a halt is not queued behind other accounts' orders
        try:
            for account, reason, open_orders in halted:
                for order in open_orders:
                    if order.reference not in self._sending.in_flight and order.view.unresolved_since is None:
                        await self._sending.cancel_by_us(order, account, f"halt: {reason}")
        finally:
            URGENT.reset(urgent)

    # --- accounts -----------------------------------------------------------------------------------------------------

    async def _known_accounts(self, name: str) -> dict[str, Account]:
        return self._accounts if name in self._accounts else await self._all_accounts()

    async def _all_accounts(self) -> dict[str, Account]:
        async with self._database.read() as tx:
            self._accounts = await accounts_at_venue(tx, self._venue.kind, self._connection_id)
        return self._accounts


async def lost_orders(tx: Transaction, listed: Sequence[VenueOrder]) -> list[VenueOrder]:
    """Return the orders of ours that work at the venue and are not in the books.

    An order is stored before it is sent, so there are none, unless an older backup was restored.
    """
    ours = {
        item.reference: item for item in listed if item.reference is not None and item.status is OrderStatus.WORKING
    }
    known = await known_references(tx, ours)
    return [order for reference, order in ours.items() if reference not in known]
