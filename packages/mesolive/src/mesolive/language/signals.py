"""Entry, exit and adjustment signals of a strategy, computed from a view, an account and a position alone."""

from __future__ import annotations

import random as random_module
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from mesolive.language.compiled import CompiledStrategy
from mesolive.language.decision import (
    AccountState,
    AdjustmentEvaluation,
    EntryGate,
    Evaluation,
    ExitEvaluation,
    Operation,
    PositionState,
    StatementKind,
)
from mesolive.language.entry import NO_VALUES, any_holds, judge_all
from mesolive.language.schedule import is_due, next_due, scheduled_time
from mesolive.language.scope import Scope
from mesolive.language.statement import CompiledStatement
from mesolive.market.view import MarketView


class _Limits(Struct, frozen=True):
    """What limits entries besides the conditions: days since the last ones, and how many there may be."""

    since_entry: int | None
    since_exit: int | None
    shift: int
    reentry: int
    open_positions: int
    max_positions: int

    @classmethod
    def of(cls, strategy: CompiledStrategy, view: MarketView, account: AccountState) -> _Limits:
        rules = strategy.definition.entry
        today = view.calendar.local(view.now).date()

        def days_since(moment: datetime | None) -> int | None:
            return None if moment is None else (today - view.calendar.local(moment).date()).days

        return cls(
            since_entry=days_since(account.last_entry_at),
            since_exit=days_since(account.last_exit_at),
            shift=rules.shift_days,
            reentry=rules.reentry_days or 0,
            open_positions=account.strategy_positions,
            max_positions=rules.max_positions,
        )

    @property
    def has_room(self) -> bool:
        return self.open_positions < self.max_positions

    @property
    def shifted(self) -> bool:
        return self.since_entry is None or self.since_entry >= self.shift

    @property
    def reentry_ok(self) -> bool:
        return self.since_exit is None or self.since_exit >= self.reentry

    @property
    def waiting_days(self) -> int:
        return max(
            0 if self.since_entry is None else self.shift - self.since_entry,
            0 if self.since_exit is None else self.reentry - self.since_exit,
            0,
        )


def evaluate_entry_gate(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    *,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> EntryGate:
    """Return whether the strategy may enter now: schedule, concurrency, re-entry and conditions.

    There is no position yet: `pos_*` are 0, and a condition that reads a leg fails.
    """
    schedule = strategy.definition.entry.schedule
    limits = _Limits.of(strategy, view, account)
    scope = strategy.scope(view, account, None, external, random)
    conditions = judge_all(strategy.entry_conditions, scope, StatementKind.ENTRY)
    schedule_ok = is_due(schedule, view)
    concurrency_ok = limits.shifted and limits.has_room
    return EntryGate(
        schedule_ok=schedule_ok,
        concurrency_ok=concurrency_ok,
        reentry_ok=limits.reentry_ok,
        conditions=conditions,
        entry_allowed=schedule_ok and concurrency_ok and limits.reentry_ok and any_holds(conditions),
        next_entry_at=_next_entry(strategy, view, limits.waiting_days),
        scheduled_at=scheduled_time(schedule, view.calendar, view.now),
    )


def entry_refusals(strategy: CompiledStrategy, view: MarketView, account: AccountState) -> tuple[Evaluation, ...]:
    """Return the reasons against an entry now, besides the strategy's own conditions, each with its values.

    The session, the schedule, the number of positions, and the days since the last entry and exit: the preconditions
    of an entry signal, for an entry that is prepared without one.
    """
    calendar, now = view.calendar, view.now
    limits = _Limits.of(strategy, view, account)
    session = calendar.session(view.trading_day)
    opened = view.in_session
    schedule = strategy.definition.entry.schedule
    minutes = (
        {}
        if session is None
        else {
            "minutes_after_open": (now - session[0]) // timedelta(minutes=1),
            "minutes_before_close": (session[1] - now) // timedelta(minutes=1),
        }
    )
    rules: tuple[tuple[bool, str, Mapping[str, int | None]], ...] = (
        (opened, "the session is open", minutes),
        (not opened or is_due(schedule, view), "Entry.Schedule is due", minutes),
        (
            limits.has_room,
            "pos_in_flight < MaxPositionsInFlight",
            {"pos_in_flight": limits.open_positions, "MaxPositionsInFlight": limits.max_positions},
        ),
        (
            limits.shifted,
            "days_since_entry >= EntryShiftDays",
            {"days_since_entry": limits.since_entry, "EntryShiftDays": limits.shift},
        ),
        (
            limits.reentry_ok,
            "days_since_exit >= ReentryDays",
            {"days_since_exit": limits.since_exit, "ReentryDays": limits.reentry},
        ),
    )
    return tuple(
        Evaluation(
            StatementKind.ENTRY,
            statement,
            False,
            {name: float(value) for name, value in values.items() if value is not None},
        )
        for holds, statement, values in rules
        if not holds
    )


def _next_entry(strategy: CompiledStrategy, view: MarketView, waiting_days: int) -> datetime | None:
    schedule = strategy.definition.entry.schedule
    if schedule is None:
        return None
    after = view.now
    if waiting_days:
        local = view.calendar.local(view.now) + timedelta(days=waiting_days)
        # From the last microsecond of the day before, so that an instant at midnight counts.
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        after = midnight.astimezone(view.now.tzinfo) - timedelta(microseconds=1)
    return next_due(schedule, view.calendar, after)


def evaluate_exit(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    position: PositionState,
    *,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> ExitEvaluation:
    """Return which reasons for closing a position hold now.

    Target, stop and days are those fixed at entry, from the position's variables; a rule whose value is missing there
    cannot be evaluated and reports an error.
    """
    scope = strategy.scope(view, account, position, external, random)
    return _exit(strategy, scope)


def _exit(strategy: CompiledStrategy, scope: Scope) -> ExitEvaluation:
    def threshold(rule: CompiledStatement | None, check: CompiledStatement, kind: StatementKind) -> Evaluation | None:
        return None if rule is None else check.judge(scope, kind)

    checks = strategy.exit_checks
    schedule_ok, at = scope.moment.schedule(strategy.definition.exit.schedule)
    return ExitEvaluation(
        schedule_ok=schedule_ok,
        max_days_in_trade=threshold(strategy.max_days_in_trade, checks.days, StatementKind.MAX_DAYS_IN_TRADE),
        profit_target=threshold(strategy.profit_target, checks.target, StatementKind.PROFIT_TARGET),
        stop_loss=threshold(strategy.stop_loss, checks.stop, StatementKind.STOP_LOSS),
        conditions=judge_all(strategy.exit_conditions, scope, StatementKind.EXIT),
        scheduled_at=at,
    )


def evaluate_adjustments(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    position: PositionState,
    *,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> tuple[AdjustmentEvaluation, ...]:
    """Return every conditional adjustment with its condition's outcome, on one view, in the order of their text."""
    scope = strategy.scope(view, account, position, external, random)
    return _adjustments(strategy, scope, position)


def _adjustments(strategy: CompiledStrategy, scope: Scope, position: PositionState) -> tuple[AdjustmentEvaluation, ...]:
    rules = strategy.definition.adjustment
    schedule_ok, at = scope.moment.schedule(rules.schedule)
    spent = count_is_spent(strategy, position)
    result: list[AdjustmentEvaluation] = []
    for adjustment in strategy.adjustments:
        operations = adjustment.operations
        automatic = operations == (Operation.UPDATE_VARS,)
        result.append(
            AdjustmentEvaluation(
                condition=adjustment.condition.text,
                evaluation=adjustment.condition.judge(scope, StatementKind.ADJUSTMENT),
                operations=operations,
                schedule_ok=schedule_ok,
                liquidates=spent and not automatic,
                automatic=automatic,
                scheduled_at=at,
            )
        )
    return tuple(result)


def count_is_spent(strategy: CompiledStrategy, position: PositionState, *, begun: bool = False) -> bool:
    """Return whether the position has had as many adjustments as `MaxAdjustmentCount` allows.

    Parameters
    ----------
    begun
        Whether this is a further operation of an adjustment whose first one has been counted.
    """
    max_count = strategy.definition.adjustment.max_count
    return max_count is not None and position.adjustment_count - begun >= max_count


class Signals(Struct, frozen=True):
    """All signals of a strategy at one moment.

    Attributes
    ----------
    entry
        Set when no position was given.
    exit, adjustments
        Set when a position was given.
    """

    entry: EntryGate | None = None
    exit: ExitEvaluation | None = None
    adjustments: tuple[AdjustmentEvaluation, ...] = ()


def evaluate_signals(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    position: PositionState | None,
    *,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> Signals:
    """Return the signals of the strategy: an entry without a position; an exit and adjustments with one.

    Exit and adjustments share one scope, so that a value which several of their conditions read is computed once.
    """
    if position is None:
        return Signals(entry=evaluate_entry_gate(strategy, view, account, external=external, random=random))
    scope = strategy.scope(view, account, position, external, random)
    return Signals(exit=_exit(strategy, scope), adjustments=_adjustments(strategy, scope, position))
