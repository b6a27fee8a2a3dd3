"""Outlook: exchange sessions, scheduled times of strategies and expirations of what is held, for the next days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import validation
from mesolive.language.definition import Schedule, StrategyDefinition
from mesolive.language.schedule import next_due
from mesolive.market.calendar import ExchangeCalendar
from mesolive.signals.queries import StrategyAccount, load
from mesolive.store.database import Database
from mesolive.trading.evaluation.evaluator import StrategyEvaluator
from mesolive_sdk import models

MAX_SPAN = timedelta(days=14)
DEFAULT_SPAN = timedelta(days=7)
MAX_ITEMS = 1000
MAX_TIMES = 200
"""Times of one schedule: one that is due every five minutes has some 80 a day."""


class Outlook:
    """Answers `GetOutlook`.

    Parameters
    ----------
    evaluator
        Knows compiled strategies.
    calendar, clock
        The exchange's sessions, and market time.
    """

    def __init__(
        self, database: Database, evaluator: StrategyEvaluator, calendar: ExchangeCalendar, clock: Clock
    ) -> None:
        self._database = database
        self._evaluator = evaluator
        self._calendar = calendar
        self._clock = clock

    async def get(self, user: UserContext, args: models.GetOutlookArgs) -> models.GetOutlookResult:
        """Return what the server will do until a time.

        Raises
        ------
        ServiceError
            `ValidationError` for an end that has passed or lies too far ahead.
        """
        now = self._clock.now()
        until = args.To or now + DEFAULT_SPAN
        if not now < until <= now + MAX_SPAN:
            raise validation({"To": [f"expected a time within {MAX_SPAN.days} days of {now.isoformat()}"]})
        async with self._database.read() as tx:
            watch = await load(tx, user.user_id)
        items: list[models.OutlookItem] = []
        for pair in watch.pairs:
            items += self._items(pair, await self._evaluator.definition_of(pair.context), now, until)
        items.sort(key=lambda item: (item.At, item.What, item.StrategyId))
        return models.GetOutlookResult(At=now, Sessions=list(self._sessions(now, until)), Items=items[:MAX_ITEMS])

    def _items(
        self, pair: StrategyAccount, rules: StrategyDefinition, now: datetime, until: datetime
    ) -> Iterator[models.OutlookItem]:
        context = pair.context

        def item(at: datetime, what: str, position_id: int | None = None) -> models.OutlookItem:
            return models.OutlookItem(
                At=at,
                What=what,
                StrategyId=context.strategy_id,
                StrategyName=context.strategy_name,
                BrokerAccountId=context.account.broker_account_id,
                PositionId=position_id,
            )

        if pair.active:
            for at in self._times(rules.entry.schedule, now, until):
                yield item(at, "Entry")
        for position in pair.own:
            for at in self._times(rules.exit.schedule, now, until):
                yield item(at, "Exit", position.id)
            for at in self._times(rules.adjustment.schedule, now, until):
                yield item(at, "Adjustment", position.id)
            for at in {leg.traded.settles_at for leg in position.open_legs}:
                if now < at <= until:
                    yield item(at, "Expiration", position.id)

    def _times(self, schedule: Schedule | None, now: datetime, until: datetime) -> Iterator[datetime]:
        at = now
        for _ in range(MAX_TIMES):
            following = None if schedule is None else next_due(schedule, self._calendar, at)
            if following is None or following > until:
                return
            yield following
            at = following

    def _sessions(self, now: datetime, until: datetime) -> Iterator[models.OutlookSession]:
        day = self._calendar.local(now).date()
        while day <= self._calendar.local(until).date():
            session = self._calendar.session(day)
            if session is not None and session[1] > now:
                yield models.OutlookSession(Open=session[0], Close=session[1])
            day += timedelta(days=1)
