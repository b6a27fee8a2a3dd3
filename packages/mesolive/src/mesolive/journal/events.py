"""Event queries of the Event Hub: a user's strategies, the latest `EventSeqId`, events since an id, active state."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from mesolive.errors import EVENTS_PRUNED, ServiceError, validation
from mesolive.journal.journal import Journal
from mesolive.store.database import Database
from mesolive.store.paging import Pager
from mesolive.store.tables.trading import strategies
from mesolive_sdk.models import (
    EVENT_MODELS,
    MAX_EVENTS_LIMIT,
    GetEventsArgs,
    GetEventsResult,
    GetEventsSinceArgs,
    GetEventsSinceResult,
    GetLatestEventSeqIdResult,
    MesoLiveApiError,
    MesoLiveEventEnvelope,
    StatusCode,
)


class Events:
    """Reads a user's events on their behalf.

    Parameters
    ----------
    database
        Where their strategies are.
    journal
        Where their events are.
    pager
        Makes continuation tokens.
    """

    def __init__(self, database: Database, journal: Journal, pager: Pager) -> None:
        self._database = database
        self._journal = journal
        self._pager = pager

    async def latest(self, user_id: int) -> GetLatestEventSeqIdResult:
        """Return where the user's log ends; 0 when it is empty."""
        latest, time = await self._journal.latest(user_id)
        return GetLatestEventSeqIdResult(LatestEventSeqId=latest, SnapshotTime=time)

    async def since(self, user_id: int, args: GetEventsSinceArgs) -> GetEventsSinceResult:
        """Return events strictly after an id, a page at a time; long events make a page shorter than its limit.

        Raises
        ------
        ServiceError
            `ValidationError` for a limit out of bounds or a token of another query. `NotFound` with the code
            `EventsPruned` when retention deleted events after the id: a client must not miss events unnoticed. Its
            `Detail` is the id after which the log is complete. A query from 0 returns all events that are left.
        """
        since = args.SinceEventSeqId
        page = self._pager.page(user_id, "GetEventsSince", args, start=since, maximum=MAX_EVENTS_LIMIT)
        result, more = await self._journal.since(user_id, page.after, page.limit)
        # Queried after the events are read, so that a deletion in between is noticed.
        if since > 0 and page.after < (pruned := await self._journal.pruned(user_id)):
            raise ServiceError(
                StatusCode.NotFound,
                f"events from {page.after + 1} to {pruned} were deleted for their age; ask for those after {pruned}",
                MesoLiveApiError(Code=EVENTS_PRUNED, Detail=str(pruned)),
            )
        return GetEventsSinceResult(
            Events=result, ContinuationToken=page.token(result[-1].EventSeqId) if more else None
        )

    async def before(self, user_id: int, args: GetEventsArgs) -> GetEventsResult:
        """Return events backwards, newest first: before an id, of some types, of a strategy.

        Raises
        ------
        ServiceError
            `ValidationError` for a type of events that there is not.
        """
        problems = {
            f"Types[{place}]": [f"expected one of {', '.join(EVENT_MODELS)}, got {name[:40]!r}"]
            for place, name in enumerate(args.Types or ())
            if name not in EVENT_MODELS
        }
        if problems:
            raise validation(problems)
        result, more = await self._journal.before(
            user_id,
            args.BeforeEventSeqId,
            args.Limit,
            types=args.Types,
            strategy_id=args.StrategyId,
            position_id=args.PositionId,
            order_id=args.OrderId,
            text=args.Text,
        )
        return GetEventsResult(Events=result, HasMore=more)

    async def active_state(self, user_id: int) -> tuple[Sequence[MesoLiveEventEnvelope], int]:
        """Return the events of the signals and errors that are active, and the number of the last event that counts."""
        return await self._journal.active_state(user_id)

    async def own_strategies(self, user_id: int, asked: Collection[int] | None) -> list[int]:
        """Return those of the user's strategies that are among `asked`, or all of them, in the order of their ids."""
        query = select(strategies.c.id).where(strategies.c.user_id == user_id, strategies.c.deleted_at.is_(None))
        if asked is not None:
            query = query.where(strategies.c.id.in_(asked))
        async with self._database.read() as tx:
            return [row.id for row in await tx.all(query.order_by(strategies.c.id))]
