"""Where facts arrive: they go into the books in the order in which they come, those that wait together in one go."""

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
    """Takes facts into the books.

    Parameters
    ----------
    completed, doubtful
        See `ReportHandler`.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        clock: Clock,
        completed: Callable[[int, int], None],
        doubtful: Callable[[int], None],
    ) -> None:
        self._database = database
        self._facts = ReportHandler(journal, clock, completed, doubtful)
        self._gathering: GroupCommit[tuple[VenueReport, ...], StoredOrder | None] = GroupCommit(
            self._work, "order-facts"
        )

    async def tell(self, *told: VenueReport) -> StoredOrder | None:
        """Take facts that belong together into the books, and return the order of the first as it is afterwards.

        Returns
        -------
        `None` where this server did not send the order.
        """
        return await self.hand_in(*told)

    def hand_in(self, *told: VenueReport) -> asyncio.Future[StoredOrder | None]:
        """Take facts as `tell` does, behind all that were told before, without waiting for it."""
        return self._gathering.put(told)

    async def tell_within(self, tx: WriteTransaction, *told: VenueReport) -> StoredOrder | None:
        """Take facts into the books with a transaction of the caller's; else as `tell`."""
        return (await self._facts.apply(tx, told[0].user_id, told))[0]

    async def close(self) -> None:
        """Wait until all that was told is in the books."""
        await self._gathering.close()

    async def _work(self, batch: Sequence[tuple[VenueReport, ...]]) -> Sequence[StoredOrder | BaseException | None]:
        results: dict[int, StoredOrder | BaseException | None] = {}
        by_user: dict[int, list[int]] = {}
        for place, told in enumerate(batch):
            by_user.setdefault(told[0].user_id, []).append(place)
        for user_id, places in by_user.items():
            try:
                results |= await self._apply(user_id, batch, places)
            except Exception as error:  # noqa: BLE001 - one by one, so that a fact that cannot be booked stops no other
                if len(places) == 1:
                    results[places[0]] = error
                    continue
                _log.warning("facts_not_taken_together", number=len(places), error=type(error).__name__)
                for place in places:
                    try:
                        results |= await self._apply(user_id, batch, [place])
                    except Exception as single:  # noqa: BLE001 - its own caller sees it
                        results[place] = single
        return [results[place] for place in range(len(batch))]

    async def _apply(
        self, user_id: int, batch: Sequence[tuple[VenueReport, ...]], places: Sequence[int]
    ) -> dict[int, StoredOrder | None]:
        flat = [told for place in places for told in batch[place]]
        async with self._database.write(user_id) as tx:
            found = await self._facts.apply(tx, user_id, flat)
        firsts: dict[int, StoredOrder | None] = {}
        at = 0
        for place in places:
            firsts[place] = found[at]
            at += len(batch[place])
        return firsts
