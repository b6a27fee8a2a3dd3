"""Event log reader: replays the server's events from a stored cursor and yields each signal once.

The cursor and the signals behind it are stored together, so that a restart neither repeats nor forgets one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from mesolive_sdk import models
from mesolive_sdk.automation.memory import Memory
from mesolive_sdk.automation.tasks import Rejection, Task, TaskKind
from mesolive_sdk.clients import MesoLiveEventHubClient
from mesolive_sdk.exceptions import MesoLiveApiException

PAGE = 500

EVENTS_PRUNED = "EventsPruned"
"""The code of the answer when events after the cursor were deleted for their age."""

_log = logging.getLogger(__name__)


class LogRestoredError(Exception):
    """The server's log has a gap after the cursor: the server was restored from a backup.

    Activity between the backup and the restore is missing on the server. Reconcile its positions with the broker's
    before trading again, then call `Autopilot.accept_restored_log`.
    """

    def __init__(self, cursor: int, first: int) -> None:
        super().__init__(
            f"the server's log goes on from event {cursor} with event {first}: it was restored from a backup and does "
            "not know what was done since"
        )


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal that begins, ends, or is repeated at a scheduled time.

    Attributes
    ----------
    task
        The task that the signal asks for.
    is_due
        Whether the event is at a scheduled time (`ScheduleOk`, `AdjustmentTimeOk`).
    """

    task: Task
    is_on: bool
    is_due: bool


class LogReader:
    """Reads a user's log into a memory.

    Parameters
    ----------
    events
        A connected client.
    memory
        The state file with the cursor; new signals are stored in it.
    ignore_schedules
        Whether exits and adjustments outside of their scheduled times are signals to act on too.
    """

    def __init__(self, events: MesoLiveEventHubClient, memory: Memory, *, ignore_schedules: bool = False) -> None:
        self._events = events
        self._memory = memory
        self._ignore_schedules = ignore_schedules

    async def read(self, on_signal: Callable[[Signal], None]) -> int:
        """Read to the end of the log; return how many pages it took.

        Parameters
        ----------
        heard
            Called with each signal after it is stored.

        Raises
        ------
        MesoLiveSignalRError
            When the connection failed.
        MesoLiveApiException
            When the server refused to show the log.
        LogRestoredError
            When the server was restored to a state before what was read.
        """
        since = self._memory.cursor
        must_follow = since > 0
        token: str | None = None
        pages = 0
        while True:
            pages += 1
            try:
                page = await self._events.get_events_since(
                    models.GetEventsSinceArgs(SinceEventSeqId=since, Limit=PAGE, ContinuationToken=token)
                )
            except MesoLiveApiException as error:
                if since == 0 or error.error is None or error.error.Code != EVENTS_PRUNED:
                    raise
                # A read from the beginning returns all active signals and all kept events; stored tasks stay.
                _log.warning("away for longer than the server keeps events, so its log is read anew: %s", error)
                since, token, must_follow = 0, None, False
                continue
            if page.Events:
                first = page.Events[0].EventSeqId
                if must_follow and first != since + 1:
                    raise LogRestoredError(since, first)
                must_follow = False
                self._take(page.Events, on_signal)
            token = page.ContinuationToken
            if not token:
                return pages

    async def first_behind_hole(self) -> int | None:
        """Return the number of the first event after a gap behind the cursor; `None` without a gap.

        Only a server restored to an earlier state has a gap in its log.
        """
        cursor = self._memory.cursor
        page = await self._events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=cursor, Limit=1))
        if cursor == 0 or not page.Events or page.Events[0].EventSeqId == cursor + 1:
            return None
        return page.Events[0].EventSeqId

    def _take(self, events: list[models.MesoLiveEventEnvelope], on_signal: Callable[[Signal], None]) -> None:
        signals: list[Signal] = []
        for envelope in events:
            event = envelope.Event
            if isinstance(event, models.OrderUpdateEvent) and event.Rejection is not None:
                # Orders themselves do not say why.
                self._memory.rejected(event.OrderId, Rejection(event.Rejection.Reason, event.Rejection.Code))
            result = _signal(event)
            if result is not None:
                signals.append(result)
        # Of a signal that was raised several times only the latest counts: the earlier times have passed.
        latest = {signal.task.subject: signal for signal in signals if signal.is_on and signal.is_due}
        signals = [
            signal
            for signal in signals
            if not signal.is_on or not signal.is_due or latest[signal.task.subject] is signal
        ]
        begun = [signal.task for signal in signals if signal.is_on and (signal.is_due or self._ignore_schedules)]
        ended = [signal.task for signal in signals if not signal.is_on]
        # A signal that went off within the page is withdrawn here too: all are noted, then those that ended.
        self._memory.take(begun, ended, events[-1].EventSeqId)
        for signal in sorted(signals, key=lambda item: not item.is_on):
            on_signal(signal)


def _signal(event: object) -> Signal | None:
    """Return the signal of an event, or `None` for an event of another kind."""
    match event:
        case models.EntrySignalEvent():
            kind, position_id, condition = TaskKind.ENTRY, None, None
            due = True  # it is on at its scheduled times only
        case models.ExitSignalEvent():
            kind, position_id, condition = TaskKind.EXIT, event.PositionId, None
            due = event.ExitSignalResult is not None and event.ExitSignalResult.ScheduleOk
        case models.AdjustmentSignalEvent():
            kind, position_id, condition = TaskKind.ADJUSTMENT, event.PositionId, event.Condition.Statement
            due = event.AdjustmentTimeOk
        case _:
            return None
    task = Task(
        event_id=str(event.EventId),
        seq=event.EventSeqId,
        kind=kind,
        strategy_id=event.StrategyId,
        strategy_name=event.StrategyName,
        account=event.BrokerAccountId or "",
        position_id=position_id,
        condition=condition,
        at=event.EventTime,
    )
    return Signal(task, event.State is models.SignalState.On, due)
