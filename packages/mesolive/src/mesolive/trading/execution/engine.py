"""Execution engine: assembles order service, report handling and the reconciliation of each venue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.market.calendar import us_options_calendar
from mesolive.market.service import Market
from mesolive.store.database import Database
from mesolive.trading.account_actions import AccountActions
from mesolive.trading.evaluation.entry_variables import EntryVariableCapture
from mesolive.trading.execution.liquidation import Liquidation
from mesolive.trading.execution.order_service import ANSWER_SECONDS, OrderService
from mesolive.trading.execution.plan_completion import PlanCompletion
from mesolive.trading.execution.reconciliation import ReconciliationConfig, ReconciliationEngine
from mesolive.trading.execution.reconciliations import Reconciliations
from mesolive.trading.execution.report_queue import ReportQueue
from mesolive.trading.execution.send_permits import LIMITS, SendLimits, SendPermits
from mesolive.trading.execution.venue_registry import VenueRegistry
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.settlement.venue_settlements import VenueSettlements
from mesolive.venues.base import Venue

_log = structlog.get_logger(__name__)


class ExecutionEngine:
    """Owns the services that execute orders, and their tasks.

    Parameters
    ----------
    venues
        Where orders go, each for another type of account.
    reconciliation
        Intervals and time limits of reconciliation.
    answer_seconds
        How long a venue's answer to an order is awaited, in real time.
    send_limits
        How soon after its admission an order must be sent.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        idempotency: Idempotency,
        market: Market,
        capture: EntryVariableCapture,
        venues: Sequence[Venue],
        clock: Clock,
        *,
        reconciliation: ReconciliationConfig | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        send_limits: SendLimits = LIMITS,
    ) -> None:
        self.venues = VenueRegistry(venues)
        self.completion = PlanCompletion(database, journal, capture, clock)
        self.facts = ReportQueue(database, journal, clock, self.completion.begin, self._request_reconciliation)
        self.permits = SendPermits(database, send_limits)
        self.sending = OrderService(
            database,
            journal,
            idempotency,
            market,
            self.venues,
            self.facts,
            clock,
            self._request_reconciliation,
            self.completion.begin,
            permits=self.permits,
            answer_seconds=answer_seconds,
        )
        self.actions = AccountActions(journal, idempotency, clock, self._request_reconciliation)
        self.reconciliations = Reconciliations(database, market, self._engine_of)
        self.liquidation = Liquidation(database, idempotency, market, self.sending, clock)
        settlements = VenueSettlements(database, journal, market, us_options_calendar(), clock)
        self._reconciler = partial(
            ReconciliationEngine,
            database=database,
            journal=journal,
            facts=self.facts,
            settlements=settlements,
            sending=self.sending,
            permits=self.permits,
            config=reconciliation,
        )
        self.supervisors = [self._reconciler(venue, clock=clock) for venue in self.venues.all.values()]
        self.attached: dict[int, tuple[Venue, ReconciliationEngine]] = {}

    @property
    def task_owners(self) -> Sequence[object]:
        """The parts that run tasks."""
        return [*self.supervisors, *self.venues.all.values(), self.sending, self.liquidation, self.completion]

    async def start(self) -> None:
        """Complete positions that a stop interrupted, connect the venues, and reconcile with them."""
        # Before anything is judged: from now on no server before this one can send.
        await self.permits.begin_epoch()
        opened = await self.completion.recover()
        if opened:
            _log.info("plans_completed", number=opened)
        for venue in self.venues.all.values():
            await venue.start()
        for supervisor in self.supervisors:
            supervisor.start()

    async def attach(self, connection_id: int, name: str, venue: Venue, clock: Clock) -> ReconciliationEngine:
        """Start the venue of a connection, and reconcile its accounts with the books.

        Parameters
        ----------
        name
            The connection's.
        clock
            The venue's market time.
        """
        await venue.start()
        reconciler = self._reconciler(venue, clock=clock, connection=(connection_id, name))
        self.attached[connection_id] = (venue, reconciler)
        self.venues.attach(connection_id, venue)
        reconciler.start()
        return reconciler

    async def detach(self, connection_id: int, venue: Venue) -> None:
        """Stop the venue of a connection; its orders stay at the broker, and are looked up at the next attachment.

        Parameters
        ----------
        venue
            The venue that was attached: one that has taken its place since is left alone.
        """
        attached = self.attached.get(connection_id)
        if attached is None or attached[0] is not venue:
            return
        self.venues.detach(connection_id)
        _, reconciler = self.attached.pop(connection_id)
        await reconciler.stop()
        await venue.stop()

    async def stop(self) -> None:
        """Wait for running calls, then stop the reconciliation, then stop the venues."""
        await self.liquidation.close()
        await self.sending.close()
        for connection_id, (venue, _) in list(self.attached.items()):
            await self.detach(connection_id, venue)
        for supervisor in self.supervisors:
            await supervisor.stop()
        await self.facts.close()
        await self.completion.stop()
        for venue in self.venues.all.values():
            await venue.stop()

    async def wait_idle(self) -> None:
        """Wait until all venue reports are booked and their plans are completed."""
        await self.facts.close()
        await self.completion.close()

    def _engine_of(self, account: Account) -> ReconciliationEngine | None:
        if account.connection_id is not None:
            attached = self.attached.get(account.connection_id)
            return None if attached is None else attached[1]
        return next(
            (supervisor for supervisor in self.supervisors if supervisor.venue_name == account.broker_type.name), None
        )

    def request_reconciliation(self, account_id: int) -> None:
        """Have an account compared with its venue soon."""
        self._request_reconciliation(account_id)

    def _request_reconciliation(self, account_id: int) -> None:
        for supervisor in (*self.supervisors, *(reconciler for _, reconciler in self.attached.values())):
            supervisor.request_reconciliation(account_id)
