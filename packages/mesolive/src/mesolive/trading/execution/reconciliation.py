"""Keeps the books and a venue of one mind: listens, asks, and settles by evidence what nobody told.

It asks at every connection, regularly, and soon when something is in doubt: for the orders first and the executions
after them, so that no fill falls between the two. What is unresolved is settled by what the venue lists, never by
silence.
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
from mesolive.store.database import Database, Transaction
from mesolive.tasks import BackOff, Tasks, Turns, until_first
from mesolive.trading.execution.halts import halt_reason, standing_halts
from mesolive.trading.execution.inflight_reports import UNFIT, InflightReports, log_unfit
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.report_handler import report_from_server, report_from_venue
from mesolive.trading.execution.report_queue import ReportQueue
from mesolive.trading.orders.open_orders import known_references
from mesolive.trading.orders.report_log import known_executions_of_account
from mesolive.trading.orders.repository import StoredOrder, open_orders_of_account
from mesolive.trading.orders.state_machine import ContactLost, NotAtVenue, State, StillWorking
from mesolive.trading.portfolio.account_errors import no_trouble_event, standing_trouble, trouble_event
from mesolive.trading.portfolio.accounts import Account, accounts_at_venue
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.trading.settlement.venue_settlements import (
    VenueSettlements,
    end_notices,
    settlement_differences,
    waiting_facts,
)
from mesolive.venues.base import (
    Ended,
    Ending,
    Execution,
    ExerciseNotice,
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
"""How far back the venue is asked at least: fills of orders that ended may be told late."""


@dataclass(frozen=True, slots=True)
class ReconciliationConfig:
    """How long, in real seconds.

    Attributes
    ----------
    look
        Between two looks at what is unresolved or halted.
    ask
        Between two questions to the venue when nothing is in doubt.
    answer
        How long an answer to a question may take.
    reconnect
        Between two attempts to connect, at first; it doubles up to `reconnect_most`.
    arrive
        For how long the venue's lists must lack an order before it counts as never arrived: no message is under way for
        longer.
    """

    look: float = 1.0
    ask: float = 60.0
    answer: float = 15.0
    reconnect: float = 0.5
    reconnect_most: float = 30.0
    arrive: float = 10.0


class ReconciliationEngine:
    """Supervises one venue.

    Parameters
    ----------
    patience
        How long things may take.
    """

    def __init__(
        self,
        venue: Venue,
        database: Database,
        journal: Journal,
        facts: ReportQueue,
        settlements: VenueSettlements,
        sending: OrderService,
        clock: Clock,
        patience: ReconciliationConfig | None = None,
    ) -> None:
        self._venue = venue
        self._database = database
        self._journal = journal
        self._facts = facts
        self._settlements = settlements
        self._sending = sending
        self._clock = clock
        self._patience = patience or ReconciliationConfig()
        self._accounts: dict[str, Account] = {}
        self._doubtful: set[int] = set()
        self._woken = asyncio.Event()
        self._reconciled = asyncio.Event()
        self._forgotten: set[int] = set()
        self._missing: dict[int, float] = {}
        self._asked: dict[int, datetime] = {}
        self.tasks = Tasks()

    def start(self) -> None:
        """Begin to connect and to listen."""
        self.tasks.start_loop(f"reconciliation {self._venue.kind.name}", self._run)

    async def stop(self) -> None:
        """End; what was heard is handed to the fact desk, which brings it into the books."""
        await self.tasks.stop()

    def doubt(self, account_id: int) -> None:
        """Ask the venue about an account soon."""
        self._doubtful.add(account_id)
        self._woken.set()

    @property
    def venue_name(self) -> str:
        """Which type of accounts the venue serves."""
        return self._venue.kind.name

    @property
    def in_contact(self) -> bool:
        """Whether the venue is connected and has been asked about every account since."""
        return self._reconciled.is_set()

    async def reconciled(self) -> None:
        """Wait until the venue has been asked about every account since the last connection."""
        await self._reconciled.wait()

    async def reconcile(self) -> None:
        """Ask the venue about every account now, and settle what it shows.

        Raises
        ------
        VenueUnreachableError
            When it does not answer.
        """
        for account in (await self._all_accounts()).values():
            await self._reconcile(account)

    # --- listening ----------------------------------------------------------------------------------------------------

    async def _run(self, turns: Turns) -> None:
        back_off = BackOff(self._patience.reconnect, self._patience.reconnect_most)
        pauses = back_off.pauses()
        while True:
            try:
                async with self._venue.session() as facts:
                    pauses = back_off.pauses()
                    turns.turned()
                    await self._supervise(facts)
            except VenueUnreachableError as error:
                _log.info("venue_lost", venue=self._venue.kind.name, reason=str(error))
            except Exception as error:  # noqa: BLE001 - reconciliation must go on; the log has the trace
                # A report may not be in the books; the next connection asks for all of them.
                turns.failed(error, "reconciliation_failed")
            self._reconciled.clear()
            await asyncio.sleep(next(pauses))

    async def _supervise(self, facts: AsyncIterator[VenueFact]) -> None:
        """Listen and look after orders until one of both ends, or what was told could not be stored."""
        heard = InflightReports()
        await until_first(self._listen(facts, heard), self._look_after(), heard.until_failed())

    async def _listen(self, facts: AsyncIterator[VenueFact], heard: InflightReports) -> None:
        """Hand on what is told in its order; a burst of it is booked together, so nothing waits for its booking."""
        async for fact in facts:
            account = await self._account(fact)
            if account is None:
                continue
            if isinstance(fact, Settled | ExerciseNotice):
                await heard.all_booked()
                await self._take_settlement(account, fact)
            else:
                await heard.room()
                heard.follow(fact, self._hand_in(account, fact))

    async def _account(self, fact: VenueFact) -> Account | None:
        account = (await self._known_accounts(fact.account)).get(fact.account)
        if account is None:
            _log.warning("fact_of_unknown_account", account=fact.account, kind=type(fact).__name__)
        return account

    async def _take_settlement(self, account: Account, fact: SettlementFact) -> None:
        try:
            if await self._settlements.take(account, [fact]):
                self.doubt(account.id)  # a fill may be missing: the venue is asked for it first
        except UNFIT:
            log_unfit(fact)

    def _hand_in(self, account: Account, fact: OrderFact) -> asyncio.Future[StoredOrder | None]:
        return self._facts.hand_in(report_from_venue(account.user_id, account.id, fact))

    # --- asking -------------------------------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        loop = asyncio.get_running_loop()
        await self.reconcile()
        self._reconciled.set()
        asked = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience.look):
                    await self._woken.wait()
            self._woken.clear()
            if loop.time() - asked >= self._patience.ask:
                asked = loop.time()
                self._doubtful.clear()
                await self.reconcile()
            await self._cancel_halted()
            doubtful, self._doubtful = self._doubtful, set()
            by_id = {account.id: account for account in self._accounts.values()}
            for account_id in doubtful & by_id.keys():
                await self._reconcile(by_id[account_id])

    async def _reconcile(self, account: Account) -> None:
        now = self._clock.now()
        async with self._database.read() as tx:
            before = await open_orders_of_account(tx, account.id)
        oldest = await self._settlements.since(account)
        # Back to when it was last asked: what was lost since then may be of an order that has ended meanwhile.
        last = self._asked.get(account.id, oldest or now)
        since = min([now, last, *(order.created_at for order in before)]) - ASK_BACK
        name, ago = account.broker_account_id, since if oldest is None else min(since, oldest - ASK_BACK)
        async with asyncio.timeout(self._patience.answer):
            # Before the executions: what is settled, its fills are among them.
            settled = await self._venue.settlements(name, ago)
            listed = await self._venue.orders(name, since)
            filled = await self._venue.executions(name, since)
        await self._book_unknown(account, filled)
        self._asked[account.id] = now
        if await self._settlements.take(account, settled, asked_at=now):
            self.doubt(account.id)
        await self._settle(account, listed, {order.id for order in before})
        async with asyncio.timeout(self._patience.answer):
            held = await self._venue.positions(name)
            async with self._database.read() as tx:
                # Before the venue is asked again: a fill that is booked later than this makes no difference.
                booked = await held_in_books(tx, account.id)
            again = await self._venue.executions(name, since)
            settled_again = await self._venue.settlements(name, ago)
        if {one.execution_id for one in again} == {one.execution_id for one in filled} and {
            one.fact_id for one in settled_again
        } == {one.fact_id for one in settled}:
            await self._compare(account, held, booked, listed)
        else:
            self.doubt(account.id)  # something came in between: what is compared must be of one moment

    async def _book_unknown(self, account: Account, executions: Sequence[Execution]) -> None:
        async with self._database.read() as tx:
            known = await known_executions_of_account(tx, account.id, [one.execution_id for one in executions])
        missed = [one for one in executions if one.execution_id not in known]
        heard = InflightReports()
        try:
            for one in missed:
                await heard.room()
                heard.follow(one, self._hand_in(account, one))
            await heard.all_booked()
            if heard.failed.done():
                heard.failed.result()
        finally:
            heard.failed.cancel()  # errors that nobody waits for any more are logged

    async def _settle(self, account: Account, listed: Sequence[VenueOrder], asked: set[int]) -> None:
        """Tell each order that has not ended what the venue's list says of it."""
        by_reference = {one.reference: one for one in listed if one.reference is not None}
        by_venue_id = {one.venue_id: one for one in listed}
        async with self._database.read() as tx:
            mine = await open_orders_of_account(tx, account.id)
        for order in mine:
            if order.reference in self._sending.under_way or order.id not in asked:
                continue  # it may have left after the venue was asked
            found = by_reference.get(order.reference) or by_venue_id.get(order.view.venue_id or "")
            if found is None:
                await self._settle_missing(order)
            else:
                await self._settle_found(account, order, found)

    async def _settle_missing(self, order: StoredOrder) -> None:
        now = self._clock.now()
        if order.view.unresolved_since is None and order.view.state in {State.PENDING_SUBMIT, State.PENDING_CANCEL}:
            # The server was stopped after the order was committed: nobody waits for its answer any more.
            order = (
                await self._facts.tell(report_from_server(order, ContactLost("the server was stopped", now))) or order
            )
        moment = asyncio.get_running_loop().time()
        if moment - self._missing.setdefault(order.id, moment) < self._patience.arrive:
            self._doubtful.add(order.account_id)
            return
        if order.view.venue_id is not None or order.view.filled:
            if order.id in self._forgotten and not order.view.cancel_wanted:
                return  # told once; the venue may remember it again
            self._forgotten.add(order.id)
        self._missing.pop(order.id, None)
        await self._facts.tell(report_from_server(order, NotAtVenue(now)))

    async def _settle_found(self, account: Account, order: StoredOrder, found: VenueOrder) -> None:
        now = self._clock.now()
        self._missing.pop(order.id, None)
        if found.status is OrderStatus.WORKING:
            known = order.view.venue_id is not None and order.view.unresolved_since is None
            if not known or order.view.state is State.PENDING_SUBMIT:
                order = await self._facts.tell(report_from_server(order, StillWorking(found.venue_id, now))) or order
            if order.view.cancel_wanted:
                # It works: the cancel was not heard, or the server was stopped before it could ask.
                await self._sending.ask_to_cancel(order, account)
        elif found.status is OrderStatus.FILLED:
            self.doubt(account.id)  # its executions say so themselves; they are asked for again
        else:
            ended = Ended(
                account=found.account,
                reference=order.reference,
                venue_id=found.venue_id,
                how=Ending(found.status.value),
                at=found.at,
                reason=found.reason,
            )
            await self._facts.tell(report_from_venue(account.user_id, account.id, ended))

    async def _compare(
        self,
        account: Account,
        held: Mapping[OptionContract, Decimal],
        booked: Mapping[OptionContract, Decimal],
        listed: Sequence[VenueOrder],
    ) -> None:
        """Tell the owner when the books and the venue hold different things, and when they agree again."""
        async with self._database.read() as tx:
            lost = await lost_orders(tx, listed)
            waiting = await waiting_facts(tx, account.id)
            standing = await standing_trouble(tx, account)
        differing = {
            contract
            for contract in held.keys() | booked.keys()
            if held.get(contract, ZERO) != booked.get(contract, ZERO)
        }
        differences = [
            f"{contract}: the venue holds {held.get(contract, ZERO)}, the books {booked.get(contract, ZERO)}"
            for contract in sorted(differing, key=str)
        ]
        differences += settlement_differences(waiting)
        differences += [f"order {one.venue_id} works at the venue and is not in the books" for one in lost]
        event: models.ErrorEvent | None = None
        if differences:
            more = f" (and {len(differences) - 10} more)" if len(differences) > 10 else ""
            told = trouble_event(account, "; ".join(differences[:10]) + more)
            event = None if told.Message == standing else told
        elif standing is not None:
            event = no_trouble_event(account)
        if event is not None or waiting:
            async with self._database.write(account.user_id) as tx:
                ended = await end_notices(tx, account, waiting, differing)
                await self._journal.append(tx, account.user_id, ended if event is None else [event, *ended])

    # --- halts --------------------------------------------------------------------------------------------------------

    async def _cancel_halted(self) -> None:
        """Cancel what is open on accounts that are halted, again and again until nothing is."""
        async with self._database.read() as tx:
            standing = await standing_halts(tx)
            if not standing:
                return
            halted = [
                (account, reason, await open_orders_of_account(tx, account.id))
                for account in (await self._all_accounts()).values()
                if (reason := halt_reason(standing, account.id)) is not None
            ]
        for account, reason, open_orders in halted:
            for order in open_orders:
                if order.reference not in self._sending.under_way and order.view.unresolved_since is None:
                    await self._sending.cancel_by_us(order, account, f"halt: {reason}")

    # --- accounts -----------------------------------------------------------------------------------------------------

    async def _known_accounts(self, name: str) -> dict[str, Account]:
        return self._accounts if name in self._accounts else await self._all_accounts()

    async def _all_accounts(self) -> dict[str, Account]:
        async with self._database.read() as tx:
            self._accounts = await accounts_at_venue(tx, self._venue.kind)
        return self._accounts


async def lost_orders(tx: Transaction, listed: Sequence[VenueOrder]) -> list[VenueOrder]:
    """Return the orders of ours that work at the venue and are not in the books.

    An order is in the books before it leaves, so there are none, unless an older backup was put back.
    """
    ours = {one.reference: one for one in listed if one.reference is not None and one.status is OrderStatus.WORKING}
    known = await known_references(tx, ours)
    return [one for reference, one in ours.items() if reference not in known]
