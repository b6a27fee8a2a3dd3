"""Outlook: sessions, scheduled times of strategies with their closed gates, expirations of what is held, halts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice

from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import validation
from mesolive.language.definition import StrategyDefinition
from mesolive.language.schedule import Schedule, next_due
from mesolive.market.calendar import ExchangeCalendar, settlement_of
from mesolive.signals.entry_gates import closed_at, entry_gates, next_entry
from mesolive.signals.queries import StrategyAccount, load
from mesolive.store.database import Database
from mesolive.trading.evaluation.evaluator import StrategyEvaluator
from mesolive.trading.execution.user_halts import Halts
from mesolive.trading.portfolio.positions import Leg, Position
from mesolive_sdk import models

MAX_SPAN = timedelta(days=14)
DEFAULT_SPAN = timedelta(days=7)
MAX_ITEMS = 1000
MAX_TIMES = 200
"""Times of one schedule: one that is due every five minutes has some 80 a day."""


class _Coming(Struct, frozen=True):
    """Something that will happen."""

    pair: StrategyAccount
    at: datetime
    what: str
    position: Position | None = None
    gates: Sequence[models.OutlookGate] = ()
    legs: Sequence[Leg] | None = None

    @property
    def live(self) -> models.OutlookItem:
        """The item as the wire shows it."""
        context, position = self.pair.context, self.position
        return models.OutlookItem(
            At=self.at,
            What=self.what,
            StrategyId=context.strategy_id,
            StrategyName=context.strategy_name,
            BrokerAccountId=context.account.broker_account_id,
            PositionId=None if position is None else position.id,
            PositionName=None if position is None else position.name,
            Closed=closed_at(self.gates, self.at),
            Legs=None if self.legs is None else [_settling(leg) for leg in self.legs],
        )


class Outlook:
    """Answers `GetOutlook`.

    Parameters
    ----------
    evaluator
        Knows compiled strategies.
    halts
        Knows which halts are in force.
    calendar, clock
        The exchange's sessions, and market time.
    """

    def __init__(
        self,
        database: Database,
        evaluator: StrategyEvaluator,
        halts: Halts,
        calendar: ExchangeCalendar,
        clock: Clock,
    ) -> None:
        self._database = database
        self._evaluator = evaluator
        self._halts = halts
        self._calendar = calendar
        self._clock = clock

    async def get(self, user: UserContext, args: models.GetOutlookArgs) -> models.GetOutlookResult:
        """Return what the server will do between two times, and what keeps strategies from entering.

        Raises
        ------
        ServiceError
            `ValidationError` for times that have passed or lie too far ahead.
        """
        now = self._clock.now()
        first, until = _span(args, now)
        async with self._database.read() as tx:
            watch = await load(tx, user.user_id)
            halts = await self._halts.in_force(tx, user)
        strategies: list[models.OutlookStrategy] = []
        coming: list[Iterator[_Coming]] = []
        for pair in watch.pairs:
            rules = await self._evaluator.definition_of(pair.context)
            strategy = self._strategy(pair, rules, halts)
            strategies.append(strategy)
            coming += self._coming(pair, rules, first, until, strategy.Gates or [])
        # Many positions share a schedule that is due every five minutes: only what is shown is made.
        shown = islice(merge(*coming, key=lambda item: (item.at, item.what, item.pair.context.strategy_id)), MAX_ITEMS)
        return models.GetOutlookResult(
            At=now,
            Sessions=list(self._sessions(first, until)),
            Items=[item.live for item in shown],
            Strategies=strategies,
            Halts=halts,
        )

    def _strategy(
        self, pair: StrategyAccount, rules: StrategyDefinition, halts: Sequence[models.TradingHalt]
    ) -> models.OutlookStrategy:
        context = pair.context
        symbol, account = context.symbol, context.account
        market = self._evaluator.market
        now = market.now_of(account.provider, symbol, self._clock.now())
        hours = market.hours(symbol, account.provider, self._calendar)
        opening, close = hours.next_decision_session(now, night=account.night_sessions)
        gates = entry_gates(pair, rules.entry, self._calendar, now, (opening, close), halts) if pair.active else []
        held, adjusts = bool(pair.own), bool(rules.adjustment.adjustments)
        return models.OutlookStrategy(
            StrategyId=context.strategy_id,
            StrategyName=context.strategy_name,
            BrokerAccountId=account.broker_account_id,
            Symbol=symbol,
            SessionOpen=opening,
            SessionClose=close,
            IsOpen=opening <= now < close,
            Active=pair.active,
            Gates=gates,
            NextEntryAt=next_entry(rules.entry, self._calendar, now, gates) if pair.active else None,
            NextExitAt=self._next(rules.exit.schedule, now) if held else None,
            NextAdjustmentAt=self._next(rules.adjustment.schedule, now) if held and adjusts else None,
        )

    def _next(self, schedule: Schedule | None, now: datetime) -> datetime | None:
        return None if schedule is None else next_due(schedule, self._calendar, now)

    def _coming(
        self,
        pair: StrategyAccount,
        rules: StrategyDefinition,
        now: datetime,
        until: datetime,
        gates: Sequence[models.OutlookGate],
    ) -> list[Iterator[_Coming]]:
        """Return what will happen of one strategy on one account, each in the order of time."""
        own = pair.own
        entries = self._times(rules.entry.schedule, now, until) if pair.active else iter(())
        exits = self._times(rules.exit.schedule, now, until) if own else iter(())
        adjustments = self._times(rules.adjustment.schedule, now, until) if own else iter(())
        return [
            (_Coming(pair, at, "Entry", gates=gates) for at in entries),
            (_Coming(pair, at, "Exit", position) for at in exits for position in own),
            (_Coming(pair, at, "Adjustment", position) for at in adjustments for position in own),
            iter(sorted(_expirations(pair, now, until), key=lambda item: item.at)),
        ]

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


def _span(args: models.GetOutlookArgs, now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when is asked for."""
    first = now if args.From is None else args.From
    problems: dict[str, list[str]] = {}
    if not now <= first < now + MAX_SPAN:
        problems["From"] = [
            f"expected a time between {now.isoformat()} and {MAX_SPAN.days} days later, got {first.isoformat()}"
        ]
    until = min(first + DEFAULT_SPAN, now + MAX_SPAN) if args.To is None else args.To
    if not problems and not first < until <= now + MAX_SPAN:
        latest = f"within {MAX_SPAN.days} days of {now.isoformat()}"
        problems["To"] = [f"expected a time after {first.isoformat()} and {latest}, got {until.isoformat()}"]
    if problems:
        raise validation(problems)
    return first, until


def _expirations(pair: StrategyAccount, now: datetime, until: datetime) -> Iterator[_Coming]:
    for position in pair.own:
        settling: dict[datetime, list[Leg]] = {}
        for leg in position.open_legs:
            settling.setdefault(leg.traded.settles_at, []).append(leg)
        for at, legs in settling.items():
            if now < at <= until:
                yield _Coming(pair, at, "Expiration", position, legs=legs)


def _settling(leg: Leg) -> models.OutlookLeg:
    return models.OutlookLeg(
        LegId=leg.id,
        Name=leg.name,
        Contract=leg.traded.live,
        Qty=leg.holding.qty,
        Settlement=settlement_of(leg.traded.contract.root).value,
    )
