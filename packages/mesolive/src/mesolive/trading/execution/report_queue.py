"""Report queue: venue reports are booked in order of arrival, a burst of them in one transaction.

Three parts stand between a venue and the books, each for a failure of its own:

* `InflightReports`, one for each session of a venue, bounds what is submitted and surfaces errors that no caller
awaits.
* This queue, one for the server, keeps one order of reports for all submitters: sessions, polls, and the answers
  to orders that were sent. Two writers could book a cancel before the fill that came before it.
* `GroupCommit` within it makes one transaction of what waits. A batch is split by user, because a transaction writes
  one user's data; and where one report cannot be booked, the others of its batch are booked one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.store.database import Database, WriteTransaction
from mesolive.trading.execution.group_commit import GroupCommit
from mesolive.trading.execution.report_handler import ReportHandler, VenueReport
from mesolive.trading.orders.repository import StoredOrder

_log = structlog.get_logger(__name__)


class ReportQueue:
    """Books venue reports.

    Parameters
    ----------
    completed, in_doubt
        See `ReportHandler`.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        clock: Clock,
        completed: Callable[[int, int], None],
        in_doubt: Callable[[int], None],
    ) -> None:
        self._database = database
        self._handler = ReportHandler(journal, clock, completed, in_doubt)
        self._batches: GroupCommit[tuple[VenueReport, ...], StoredOrder | None] = GroupCommit(
            self._book_batch, "venue reports"
        )

    async def apply(self, *reports: VenueReport) -> StoredOrder | None:
        """Book related reports, and return the resulting order of the first.

        Returns
        -------
        `None` where this server did not send the order.
        """
        return await self.enqueue(*reports)

    def enqueue(self, *reports: VenueReport) -> asyncio.Future[StoredOrder | None]:
        """Submit reports behind all that were submitted before, without waiting for them."""
        return self._batches.submit(reports)

    async def apply_in_transaction(self, tx: WriteTransaction, *reports: VenueReport) -> StoredOrder | None:
        """Book reports within a transaction of the caller's; else as `apply`."""
        return (await self._handler.apply(tx, reports[0].user_id, reports))[0]

    async def close(self) -> None:
        """Wait until all submitted reports are booked."""
        await self._batches.close()

    async def _book_batch(
        self, batch: Sequence[tuple[VenueReport, ...]]
    ) -> Sequence[StoredOrder | BaseException | None]:
        results: dict[int, StoredOrder | BaseException | None] = {}
        # A transaction per user: writers of one user exclude each other, those of several do not. Within a user the
        # order of submission stays: an end that is booked before the order's last fill makes that fill an anomaly.
        by_user: dict[int, list[int]] = {}
        for place, reports in enumerate(batch):
            by_user.setdefault(reports[0].user_id, []).append(place)
        for user_id, places in by_user.items():
            try:
                results |= await self._apply(user_id, batch, places)
            except Exception as error:  # noqa: BLE001 - one by one, so that a report that cannot be booked stops no other
                # The whole transaction was rolled back, so each report is booked anew, in the order of submission.
                if len(places) == 1:
                    results[places[0]] = error
                    continue
                _log.warning("report_batch_failed", number=len(places), error=type(error).__name__)
                for place in places:
                    try:
                        results |= await self._apply(user_id, batch, [place])
                    except Exception as single:  # noqa: BLE001 - its own caller sees it
                        results[place] = single
        return [results[place] for place in range(len(batch))]

    async def _apply(
        self, user_id: int, batch: Sequence[tuple[VenueReport, ...]], places: Sequence[int]
    ) -> dict[int, StoredOrder | None]:
        flat = [report for place in places for report in batch[place]]
        async with self._database.write(user_id) as tx:
            orders = await self._handler.apply(tx, user_id, flat)
        firsts: dict[int, StoredOrder | None] = {}
        at = 0
        for place in places:
            firsts[place] = orders[at]
            at += len(batch[place])
        return firsts
