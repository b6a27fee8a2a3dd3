"""Acknowledged errors: who has seen an active error, and when; one that begins again is not acknowledged."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, insert, select

from mesolive.access.context import UserContext
from mesolive.clock import Clock, WallClock
from mesolive.errors import not_found
from mesolive.store.database import Database
from mesolive.store.tables.journal import active_events, error_acknowledgements
from mesolive_sdk import models

_SUBJECT = "error:"


class ErrorAcknowledgements:
    """Answers `AcknowledgeError` and `ListErrorAcknowledgements`.

    Parameters
    ----------
    wall
        Real time.
    """

    def __init__(self, database: Database, wall: Clock | None = None) -> None:
        self._database = database
        self._wall: Clock = wall or WallClock()

    async def acknowledge(self, user: UserContext, args: models.AcknowledgeErrorArgs) -> models.ErrorAcknowledgement:
        """Note that the user has seen an error; the first acknowledgement remains.

        Raises
        ------
        ServiceError
            `NotFound` for an error that is not active, or another user's.
        """
        table = error_acknowledgements
        mine = (table.c.user_id == user.user_id) & (table.c.error_id == str(args.ErrorId))
        async with self._database.write(user.user_id) as tx:
            began = await tx.scalar(
                select(active_events.c.event_seq_id).where(
                    active_events.c.user_id == user.user_id, active_events.c.subject == f"{_SUBJECT}{args.ErrorId}"
                )
            )
            if began is None:
                raise not_found(f"active error {args.ErrorId}")
            known = await tx.first(select(table).where(mine, table.c.event_seq_id == began))
            if known is not None:
                return models.ErrorAcknowledgement(
                    ErrorId=args.ErrorId, EventSeqId=began, At=known.acknowledged_at, By=known.acknowledged_by
                )
            now = self._wall.now()
            await tx.execute(delete(table).where(mine))
            await tx.execute(
                insert(table).values(
                    user_id=user.user_id,
                    error_id=str(args.ErrorId),
                    event_seq_id=began,
                    acknowledged_at=now,
                    acknowledged_by=user.key_id,
                )
            )
        return models.ErrorAcknowledgement(ErrorId=args.ErrorId, EventSeqId=began, At=now, By=user.key_id)

    async def list(
        self, user: UserContext, args: models.ListErrorAcknowledgementsArgs
    ) -> models.ListErrorAcknowledgementsResult:
        """Return the acknowledgements of errors that are active."""
        del args
        table = error_acknowledgements
        async with self._database.read() as tx:
            rows = await tx.all(
                select(table)
                .join(
                    active_events,
                    (active_events.c.user_id == table.c.user_id)
                    & (active_events.c.event_seq_id == table.c.event_seq_id),
                )
                .where(table.c.user_id == user.user_id)
                .order_by(table.c.event_seq_id)
            )
        return models.ListErrorAcknowledgementsResult(
            Acknowledgements=[
                models.ErrorAcknowledgement(
                    ErrorId=uuid.UUID(row.error_id),
                    EventSeqId=row.event_seq_id,
                    At=row.acknowledged_at,
                    By=row.acknowledged_by,
                )
                for row in rows
            ]
        )
