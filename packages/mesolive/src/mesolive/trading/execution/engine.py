"""Everything that orders at venues need, put together: sending, listening, settling, opening positions."""

from __future__ import annotations

from collections.abc import Sequence

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
from mesolive.trading.execution.report_queue import ReportQueue
from mesolive.trading.execution.venue_registry import VenueRegistry
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.settlement.venue_settlements import VenueSettlements
from mesolive.venues.base import Venue

_log = structlog.get_logger(__name__)


class ExecutionEngine:
    """Owns the parts that carry orders out, and their tasks.

    Parameters
    ----------
    venues
        Where orders go, each for another type of account.
    patience, answer_seconds
        How long venues may take.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        idempotency: Idempotency,
        market: Market,
        freezer: EntryVariableCapture,
        venues: Sequence[Venue],
        clock: Clock,
        *,
        patience: ReconciliationConfig | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.venues = VenueRegistry(venues)
        self.completion = PlanCompletion(database, journal, freezer, clock)
        self.facts = ReportQueue(database, journal, clock, self.completion.begin, self._doubt)
        self.sending = OrderService(
            database,
            journal,
            idempotency,
            market,
            self.venues,
            self.facts,
            clock,
            self._doubt,
            self.completion.begin,
            answer_seconds=answer_seconds,
        )
        self.actions = AccountActions(journal, idempotency, clock, self._doubt)
        self.liquidation = Liquidation(database, idempotency, market, self.sending, clock)
        settlements = VenueSettlements(database, journal, market, us_options_calendar(), clock)
        self.supervisors = [
            ReconciliationEngine(venue, database, journal, self.facts, settlements, self.sending, clock, patience)
            for venue in self.venues.all.values()
        ]

    @property
    def task_owners(self) -> Sequence[object]:
        """The parts that run tasks."""
        return [*self.supervisors, *self.venues.all.values(), self.sending, self.liquidation, self.completion]

    async def start(self) -> None:
        """Open positions that were left half way, start the venues, and ask them what happened meanwhile."""
        opened = await self.completion.recover()
        if opened:
            _log.info("positions_opened_at_start", number=opened)
        for venue in self.venues.all.values():
            await venue.start()
        for supervisor in self.supervisors:
            supervisor.start()

    async def stop(self) -> None:
        """Let calls under way end, then stop to listen, then stop the venues."""
        await self.liquidation.close()
        await self.sending.close()
        for supervisor in self.supervisors:
            await supervisor.stop()
        await self.facts.close()
        await self.completion.stop()
        for venue in self.venues.all.values():
            await venue.stop()

    async def at_rest(self) -> None:
        """Wait until all that was heard of venues is in the books, with what follows from it."""
        await self.facts.close()
        await self.completion.close()

    def _doubt(self, account_id: int) -> None:
        for supervisor in self.supervisors:
            supervisor.doubt(account_id)
