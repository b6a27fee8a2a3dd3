"""The notifier: follows the event log for the notification rules, and reports each event at most once.

The log is the queue, and the number up to which a rule has dealt with it is its place. The place is committed before a
message leaves, never after: whether a message arrived that was interrupted by a crash or a lost answer cannot be known,
and an alarm that rings twice for one fill teaches people to doubt it. What may be lost by this is not lost silently:
the row says that a message was under way, and the next one says how many events were not reported.

While a service fails, no further event is claimed: they stay in the log, and the first message after the pause tells of
them together. So nothing grows in memory, and a person who was away gets one message, not hundreds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from msgspec import Struct, field
from sqlalchemy.exc import SQLAlchemyError

from mesolive.access.sealing import SealedSecretError, Sealing
from mesolive.clock import Clock, MonotonicClock, WallClock
from mesolive.errors import ServiceError
from mesolive.journal.bus import Bus, Subscription
from mesolive.journal.journal import Journal
from mesolive.notifications.matching import wanted_note
from mesolive.notifications.quiet_hours import is_quiet
from mesolive.notifications.rules import (
    StoredRule,
    claim,
    enabled_rules,
    find_rule,
    interrupted_rules,
    note_failed,
    note_sent,
    place_of,
    reseal_rules,
)
from mesolive.notifications.targets import Target, TargetError
from mesolive.records import replace
from mesolive.store.database import Database
from mesolive.tasks import BackOff, Tasks, Turns
from mesolive_sdk.models import MesoLiveEventEnvelope, NotificationKind, NotificationState

_log = structlog.get_logger(__name__)

BATCH = 200
"""Events that are read at once."""

MAX_LINES = 12
"""Events that one message names; it says how many more there were."""

STOP_SECONDS = 5.0
"""For how long a stopping server waits for messages under way."""

MAX_UNCLAIMED = 5_000
"""Events of no concern after which a rule's place is stored all the same."""


class NotifierConfig(Struct, frozen=True):
    """Times of the notifier, in real seconds.

    Attributes
    ----------
    gather
        From the first event until its message is written: one fill makes several events.
    sweep
        Between two looks for events that the bus did not announce, ends of quiet hours, and ends of pauses.
    failure
        Pauses after a message that was not sent.
    """

    gather: float = 1.0
    sweep: float = 5.0
    failure: BackOff = field(default_factory=lambda: BackOff(first=30.0, longest=900.0))


@dataclass
class _Standing:
    """A rule as the notifier knows it.

    Attributes
    ----------
    seen
        The number up to which events were read. It is ahead of the stored place by events of no concern.
    paused_until
        A time of the pace clock before which nothing is sent, after a failure.
    """

    rule: StoredRule
    seen: int
    pauses: Iterator[float]
    paused_until: datetime | None = None
    working: bool = False


class Notifier:
    """Sends the notifications that the rules ask for.

    Parameters
    ----------
    database, journal, bus
        Where rules and events are, and what announces new events.
    sealing
        Opens the addresses.
    target
        Sends messages.
    wall
        Real time, for quiet hours.
    pace
        Real time for pauses.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        bus: Bus,
        sealing: Sealing,
        target: Target,
        *,
        config: NotifierConfig | None = None,
        wall: Clock | None = None,
        pace: Clock | None = None,
    ) -> None:
        self._database = database
        self._journal = journal
        self._bus = bus
        self._sealing = sealing
        self._target = target
        self._config = config or NotifierConfig()
        self._wall: Clock = wall or WallClock()
        self._pace: Clock = pace or MonotonicClock()
        self._rules: dict[int, _Standing] = {}
        self._latest: dict[int, int] = {}
        self._subscription: Subscription | None = None
        self.tasks = Tasks(self._pace)

    async def start(self) -> None:
        """Note messages that a crash has interrupted, and follow the log."""
        self._subscription = self._bus.subscribe()
        async with self._database.write() as tx:
            resealed = await reseal_rules(tx, self._sealing)
            for rule in await interrupted_rules(tx):
                reason = "the server ended while a message was under way; whether it arrived is not known"
                await note_failed(tx, rule, self._wall.now(), reason, rule.in_flight)
        if resealed:
            _log.info("notification_addresses_resealed", number=resealed)
        async with self._database.read() as tx:
            for rule in await enabled_rules(tx):
                self._stand(rule)
        self.tasks.start_loop("notifications", self._follow)

    async def stop(self) -> None:
        """Begin no further message, and wait a moment for those under way."""
        if self._subscription is not None:
            self._subscription.close()
        self._rules.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.tasks.join()
        await self.tasks.stop()

    async def changed(self, rule_id: int) -> None:
        """Take a rule as it is stored now: it was added, changed or removed."""
        async with self._database.read() as tx:
            try:
                rule = await find_rule(tx, rule_id)
            except ServiceError:
                self._rules.pop(rule_id, None)
                return
        if rule.enabled:
            self._stand(rule)
        else:
            self._rules.pop(rule_id, None)

    def state_of(self, rule: StoredRule) -> NotificationState:
        """Return how a rule is doing."""
        if not rule.enabled:
            return NotificationState.Disabled
        failing = rule.last_error_at is not None and (
            rule.last_sent_at is None or rule.last_error_at > rule.last_sent_at
        )
        if failing:
            return NotificationState.Failing
        return NotificationState.Quiet if is_quiet(rule.quiet, self._wall.now()) else NotificationState.Ready

    def report(self) -> tuple[int, int]:
        """Return how many rules are enabled, and how many of them pause after a failure."""
        return len(self._rules), sum(1 for standing in self._rules.values() if standing.paused_until is not None)

    def seen_by(self, rule_id: int) -> int | None:
        """Return up to which number a rule has read the log; `None` for one that is not enabled."""
        standing = self._rules.get(rule_id)
        return None if standing is None else standing.seen

    def _stand(self, rule: StoredRule) -> None:
        known = self._rules.get(rule.id)
        if known is None:
            self._rules[rule.id] = _Standing(rule, rule.cursor, self._config.failure.pauses())
        else:  # a new address is tried at once
            known.rule, known.seen = rule, max(known.seen, rule.cursor)
            known.paused_until, known.pauses = None, self._config.failure.pauses()

    async def _follow(self, turns: Turns) -> None:
        assert self._subscription is not None  # noqa: S101 - set by `start`
        while True:
            try:
                async with asyncio.timeout(self._config.sweep):
                    news = await self._subscription.changed()
            except TimeoutError:
                news = await self._journal.latest_of_all() if self._rules else dict[int, int]()
            for user_id, latest in news.items():
                self._latest[user_id] = max(latest, self._latest.get(user_id, 0))
            for standing in list(self._rules.values()):
                if not standing.working and self._is_due(standing):
                    standing.working = True
                    self.tasks.spawn("notification", self._work(standing), detail=standing.rule.id)
            turns.turned()

    def _is_due(self, standing: _Standing) -> bool:
        if standing.paused_until is not None and self._pace.now() < standing.paused_until:
            return False
        rule = standing.rule
        behind = self._latest.get(rule.user_id, 0) > standing.seen
        return behind or (bool(rule.held) and not is_quiet(rule.quiet, self._wall.now()))

    async def _work(self, standing: _Standing) -> None:
        """Read and tell until nothing is due."""
        try:
            await self._pace.sleep(self._config.gather)
            while self._rules.get(standing.rule.id) is standing and self._is_due(standing):
                await self._turn(standing)
        except (ServiceError, SQLAlchemyError, OSError):
            # The database is full or away: the events are in the log, and the next sweep tries again.
            _log.exception("notification_not_prepared", rule=standing.rule.id)
            self._pause(standing)
        finally:
            standing.working = False

    async def _turn(self, standing: _Standing) -> None:
        """Deal with the next events of a rule: claim them, and send those that it wants."""
        rule = standing.rule
        quiet = is_quiet(rule.quiet, self._wall.now())
        except_kinds = set(rule.quiet.Except or ()) if rule.quiet is not None else set[NotificationKind]()
        counts = Counter(dict(rule.held))
        lines: list[str] = []
        telling = 0
        seen = standing.seen
        while seen < self._latest.get(rule.user_id, 0):
            events, _ = await self._journal.since(rule.user_id, seen, BATCH)
            if not events:
                seen = self._latest.get(rule.user_id, 0)  # deleted for their age
            for event in events:
                seen = event.EventSeqId
                note = wanted_note(event.Event, rule.kinds, rule.strategy_id, rule.broker_account_id)
                if note is None:
                    continue
                if quiet and note.kind not in except_kinds:
                    counts[note.kind.value] += 1
                    continue
                telling += 1
                if len(lines) < MAX_LINES:
                    lines.append(_line(event, note.line))
        summary = dict(counts) if counts and not quiet else {}
        deferred: Mapping[str, int] = dict(counts) if quiet else {}
        if not telling and not summary and dict(rule.held) == dict(deferred):
            standing.seen = seen
            if seen - rule.cursor >= MAX_UNCLAIMED:
                await self._claim(standing, seen, telling=0, held=deferred)
            return
        counted = telling + sum(summary.values())
        if not await self._claim(standing, seen, telling=counted, held=deferred):
            return
        if counted:
            await self._send(standing, lines, telling, summary)

    async def _claim(self, standing: _Standing, seen: int, *, telling: int, held: Mapping[str, int]) -> bool:
        """Commit that events are dealt with; `False` when the rule was changed meanwhile, which is read anew."""
        rule = standing.rule
        async with self._database.write(rule.user_id) as tx:
            stood = await claim(tx, rule, seen, telling=telling, held=held)
        if not stood:
            await self.changed(rule.id)
            return False
        standing.seen = seen
        standing.rule = replace(rule, cursor=seen, in_flight=telling, held=held)
        return True

    async def _send(self, standing: _Standing, lines: list[str], telling: int, summary: Mapping[str, int]) -> None:
        rule = standing.rule
        counted = telling + sum(summary.values())
        title, body = _message(lines, telling, summary, rule.missed)
        error: str | None = None
        try:
            url = self._sealing.open(place_of(rule.id), rule.sealed)
            await self._target.send(url, title, body)
        except (TargetError, SealedSecretError) as problem:
            error = str(problem)
        now = self._wall.now()
        async with self._database.write(rule.user_id) as tx:
            if error is None:
                await note_sent(tx, rule, now)
            else:
                await note_failed(tx, rule, now, error, counted)
        if error is None:
            standing.paused_until, standing.pauses = None, self._config.failure.pauses()
            standing.rule = replace(standing.rule, in_flight=0, missed=0)
        else:
            _log.warning("notification_failed", rule=rule.id, service=rule.service, reason=error, events=counted)
            standing.rule = replace(standing.rule, in_flight=0, missed=rule.missed + counted)
            self._pause(standing)

    def _pause(self, standing: _Standing) -> None:
        standing.paused_until = self._pace.now() + timedelta(seconds=next(standing.pauses))


def _line(event: MesoLiveEventEnvelope, text: str) -> str:
    return f"{event.EventTime:%Y-%m-%d %H:%M:%S}Z #{event.EventSeqId} {text}"


def _message(lines: list[str], telling: int, summary: Mapping[str, int], missed: int) -> tuple[str, str]:
    """Return the title and the text of a message."""
    if telling == 1:
        title = f"MesoLive: {lines[0].split(' ', 3)[3]}"[:120]
    elif telling:
        title = f"MesoLive: {telling} events"
    else:
        title = "MesoLive: what quiet hours held back"
    body = list(lines)
    if telling > len(lines):
        body.append(f"and {telling - len(lines)} more: see the event log")
    if summary:
        listed = ", ".join(f"{number} {kind}" for kind, number in sorted(summary.items()))
        body.append(f"during quiet hours: {listed}")
    if missed:
        body.append(f"{missed} earlier events may not have been reported: see the event log")
    return title, "\n".join(body)
