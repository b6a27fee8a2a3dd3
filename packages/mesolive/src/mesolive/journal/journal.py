"""The event log: events are appended in the transaction that makes them true, and read back in their order."""

from __future__ import annotations

import hashlib
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import structlog
from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from mesolive.clock import Clock
from mesolive.journal.bus import Bus
from mesolive.journal.position_news import may_change_positions
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.journal import active_events, event_counters
from mesolive.store.tables.journal import events as log
from mesolive_sdk import wire
from mesolive_sdk.models import (
    EVENT_MODELS,
    AdjustmentSignalEvent,
    EntrySignalEvent,
    ErrorEvent,
    ErrorState,
    ExitSignalEvent,
    MesoLiveEvent,
    MesoLiveEventEnvelope,
    SignalState,
)

_log = structlog.get_logger(__name__)

MAX_ACTIVE = 1000
MAX_ACTIVE_BYTES = 512 * 1024
"""The maximum number and JSON size of the active signals and errors that a new connection gets, the newest first. They
are queued at once, and a client whose queue overflows is disconnected."""

MAX_BYTES = 256 * 1024
"""The maximum size of the events of one answer, as JSON: it must fit into a client's queue."""

MAX_FRESH = 256
"""The maximum number of committed events cached per user until delivery; further ones are read from the database."""

MAX_FRESH_USERS = 1000

_BATCH_SIZE = 100
"""The number of events that one query reads."""

# Built once: SQLAlchemy compiles each of them once.
_COUNT = (
    update(event_counters)
    .where(event_counters.c.user_id == bindparam("user"))
    .values(latest_seq_id=event_counters.c.latest_seq_id + bindparam("number"))
    .returning(event_counters.c.latest_seq_id)
)
_COUNT_FIRST = insert(event_counters)
_APPEND = insert(log)
_ACTIVATE = insert(active_events)
_DEACTIVATE = delete(active_events).where(
    active_events.c.user_id == bindparam("user"), active_events.c.subject == bindparam("what")
)
_LATEST = select(event_counters.c.latest_seq_id).where(event_counters.c.user_id == bindparam("user"))
_PRUNED = select(event_counters.c.pruned_seq_id).where(event_counters.c.user_id == bindparam("user"))
_LATEST_OF_ALL = select(event_counters.c.user_id, event_counters.c.latest_seq_id)
_SINCE = (
    select(log)
    .where(log.c.user_id == bindparam("user"), log.c.event_seq_id > bindparam("since"))
    .order_by(log.c.event_seq_id)
    .limit(bindparam("limit"))
)
_ACTIVE = (
    select(log)
    .join(
        active_events,
        (active_events.c.user_id == log.c.user_id) & (active_events.c.event_seq_id == log.c.event_seq_id),
    )
    .where(active_events.c.user_id == bindparam("user"))
    .order_by(log.c.event_seq_id.desc())
    .limit(MAX_ACTIVE + 1)
)


class Journal:
    """Appends events and reads them.

    Parameters
    ----------
    database
        Where the log is.
    bus
        Notified after each commit that a user has new events.
    clock
        Gives events their times: the market's time.
    new_id
        Makes event ids.
    """

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, new_id: Callable[[], uuid.UUID] = uuid.uuid4
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._new_id = new_id
        self._fresh: dict[int, deque[MesoLiveEventEnvelope]] = {}

    async def append(self, tx: WriteTransaction, user_id: int, events: Sequence[MesoLiveEvent]) -> None:
        """Give the events their numbers, store them with the transaction, and announce them once it is committed.

        Sets `EventId`, `EventSeqId` and `EventTime` of each. When the transaction rolls back, the numbers are free
        again: the sequence of committed events has no gaps.

        Parameters
        ----------
        tx
            The transaction that makes the events true.
        user_id
            Whose events they are.
        events
            In the order in which they shall be delivered.
        """
        if not events:
            return
        now = self._clock.now()
        # This row is locked until the transaction ends: events of one user are committed in the order of their numbers.
        latest: int | None = await tx.scalar(_COUNT, {"user": user_id, "number": len(events)})
        if latest is None:
            latest = len(events)
            await tx.execute(_COUNT_FIRST, {"user_id": user_id, "latest_seq_id": latest})
        rows: list[dict[str, Any]] = []
        appended: list[MesoLiveEventEnvelope] = []
        for number, event in enumerate(events, latest - len(events) + 1):
            event_id, strategy_id = self._new_id(), getattr(event, "StrategyId", None)
            event.EventId, event.EventSeqId, event.EventTime = event_id, number, now
            rows.append(
                {
                    "user_id": user_id,
                    "event_seq_id": number,
                    "event_id": str(event_id),
                    "event_time": now,
                    "event_type": event.callback,
                    "strategy_id": strategy_id,
                    "body": wire.encode_json(event).decode(),
                }
            )
            appended.append(
                MesoLiveEventEnvelope(
                    EventSeqId=number,
                    EventId=event_id,
                    EventTime=now,
                    EventType=event.callback,
                    StrategyId=strategy_id,
                    Event=copy(event),  # the caller may use their own again
                )
            )
        await tx.execute(_APPEND, rows)
        for event in events:
            await _note_active(tx, user_id, event)
        tx.after_commit(partial(self._announce, user_id, appended))

    def fresh(self, user_id: int, since: int) -> Sequence[MesoLiveEventEnvelope]:
        """Return committed events that follow `since` directly, as far as they are at hand; the rest is in the log.

        For the deliverer: events up to `since` are dropped from the cache.
        """
        cached = self._fresh.get(user_id)
        while cached and cached[0].EventSeqId <= since:
            cached.popleft()
        if not cached or cached[0].EventSeqId != since + 1:
            return ()
        return tuple(cached)

    def _announce(self, user_id: int, appended: Sequence[MesoLiveEventEnvelope]) -> None:
        """Cache the committed events and publish them on the bus."""
        cached = self._fresh.get(user_id)
        if cached is None:
            if len(self._fresh) >= MAX_FRESH_USERS:
                self._fresh.clear()
            cached = self._fresh[user_id] = deque(maxlen=MAX_FRESH)
        if cached and cached[-1].EventSeqId + 1 != appended[0].EventSeqId:
            cached.clear()  # another process has appended in between
        cached.extend(appended)
        positions = any(may_change_positions(envelope.Event) for envelope in appended)
        self._bus.publish(user_id, appended[-1].EventSeqId, positions=positions)

    async def latest(self, user_id: int) -> tuple[int, datetime]:
        """Return the `EventSeqId` of the user's last committed event (0 when there is none) and the present time."""
        async with self._database.read() as tx:
            latest: int | None = await tx.scalar(_LATEST, {"user": user_id})
        return latest or 0, self._clock.now()

    async def pruned(self, user_id: int) -> int:
        """Return the number up to which the user's events were deleted for their age; 0 while none was."""
        async with self._database.read() as tx:
            pruned: int | None = await tx.scalar(_PRUNED, {"user": user_id})
        return pruned or 0

    async def latest_of_all(self) -> Mapping[int, int]:
        """Return the `EventSeqId` of the last committed event of every user that has any."""
        async with self._database.read() as tx:
            return {row.user_id: row.latest_seq_id for row in await tx.all(_LATEST_OF_ALL)}

    async def since(
        self, user_id: int, since: int, limit: int, max_bytes: int = MAX_BYTES
    ) -> tuple[list[MesoLiveEventEnvelope], bool]:
        """Return the user's events strictly after `since`, in order, and whether there are more.

        Parameters
        ----------
        user_id
            Whose events.
        since
            The `EventSeqId` that is known already.
        limit
            How many events to return at most.
        max_bytes
            How long they may be together, as JSON; one event is returned however long it is.
        """
        result: list[Row[Any]] = []
        size = 0
        async with self._database.read() as tx:
            while len(result) < limit:
                # Read in batches: the byte limit can be reached long before the row limit.
                part = min(_BATCH_SIZE, limit - len(result))
                rows = await tx.all(_SINCE, {"user": user_id, "since": since, "limit": part + 1})
                for row in rows[:part]:
                    size += len(row.body)
                    if result and size > max_bytes:
                        return [_envelope(stored) for stored in result], True
                    result.append(row)
                    since = row.event_seq_id
                if len(rows) <= part:
                    return [_envelope(stored) for stored in result], False
        return [_envelope(stored) for stored in result], True

    async def before(
        self,
        user_id: int,
        before: int | None,
        limit: int,
        *,
        types: Sequence[str] | None = None,
        strategy_id: int | None = None,
        position_id: int | None = None,
        order_id: int | None = None,
        text: str | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> tuple[list[MesoLiveEventEnvelope], bool]:
        """Return the user's newest events before `before` (`None` for the last ones), and whether there are more.

        Parameters
        ----------
        types
            The names of events that fit; `None` for all.
        strategy_id
            The strategy whose events fit; `None` for all.
        position_id, order_id
            The position or the order that events name; `None` for all.
        text
            What the event's JSON contains, in any case; `None` for all.
        max_bytes
            How long they may be together, as JSON; one event is returned however long it is.
        """
        query = select(log).where(log.c.user_id == user_id).order_by(log.c.event_seq_id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(log.c.event_seq_id < before)
        if types is not None:
            query = query.where(log.c.event_type.in_(types))
        if strategy_id is not None:
            query = query.where(log.c.strategy_id == strategy_id)
        for name, number in (("PositionId", position_id), ("OrderId", order_id)):
            if number is not None:
                member = f'"{name}":{number}'
                query = query.where(log.c.body.contains(f"{member},") | log.c.body.contains(member + "}"))
        if text:
            query = query.where(func.lower(log.c.body).contains(text.lower(), autoescape=True))
        async with self._database.read() as tx:
            rows = await tx.all(query)
        selected: list[Row[Any]] = []
        size = 0
        for row in rows[:limit]:
            size += len(row.body)
            if selected and size > max_bytes:
                break
            selected.append(row)
        return [_envelope(row) for row in selected], len(rows) > len(selected)

    async def active_state(self, user_id: int) -> tuple[list[MesoLiveEventEnvelope], int]:
        """Return the events of the signals and errors that are active, in order, with their original ids.

        The number returned with them is the `EventSeqId` of the last event that is taken into account.
        When there are more than `MAX_ACTIVE`, or they are longer than `MAX_ACTIVE_BYTES`, the oldest are left out.
        """
        async with self._database.read() as tx:
            rows = await tx.all(_ACTIVE, {"user": user_id})
            latest: int | None = await tx.scalar(_LATEST, {"user": user_id})
        newest: list[Row[Any]] = []
        size = 0
        for row in rows:  # the newest first
            size += len(row.body)
            if len(newest) == MAX_ACTIVE or size > MAX_ACTIVE_BYTES:
                _log.warning("active_state_cut", user_id=user_id, events=len(newest))
                break
            newest.append(row)
        return [_envelope(row) for row in reversed(newest)], latest or 0


async def _note_active(tx: WriteTransaction, user_id: int, event: MesoLiveEvent) -> None:
    subject = _subject(event)
    if subject is None:
        return
    what, active = subject
    await tx.execute(_DEACTIVATE, {"user": user_id, "what": what})
    if active:
        await tx.execute(_ACTIVATE, {"user_id": user_id, "subject": what, "event_seq_id": event.EventSeqId})


def _subject(event: MesoLiveEvent) -> tuple[str, bool] | None:
    """Return the subject of a signal or an error, and whether it is raised; `None` for all other events."""
    match event:
        case EntrySignalEvent():
            return f"entry:{event.StrategyId}:{event.BrokerAccountId}", event.State is SignalState.On
        case ExitSignalEvent():
            return f"exit:{event.PositionId}", event.State is SignalState.On
        case AdjustmentSignalEvent():
            statement = hashlib.sha256(event.Condition.Statement.encode()).hexdigest()
            return f"adjustment:{event.PositionId}:{statement}", event.State is SignalState.On
        case ErrorEvent():
            return f"error:{event.ErrorId}", event.State is ErrorState.Active
        case _:
            return None


def _envelope(row: Row[Any]) -> MesoLiveEventEnvelope:
    return MesoLiveEventEnvelope(
        EventSeqId=row.event_seq_id,
        EventId=uuid.UUID(row.event_id),
        EventTime=row.event_time,
        EventType=row.event_type,
        StrategyId=row.strategy_id,
        Event=_decode(row.event_type, row.body),
    )


_plain = msgspec.json.Decoder(float_hook=Decimal)


def _decode(event_type: str, body: str) -> Any:  # noqa: ANN401 - one of many models
    model = EVENT_MODELS.get(event_type)
    if model is not None:
        try:
            return wire.decode_json(body, model)
        except wire.WireValidationError:
            pass  # written by another version of the server: it travels on as it was written
    return _plain.decode(body)
