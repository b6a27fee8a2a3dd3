"""Signal evaluator: evaluates active strategies and open positions each minute and publishes changed signals.

Active signals are stored in the transaction that publishes their events: a restart neither repeats nor loses a signal.
One evaluator serves a database.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import structlog
from msgspec import Struct
from sqlalchemy import delete, insert

from mesolive.clock import Clock
from mesolive.errors import ServiceError
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.language.decision import AccountState, shown
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.chain_view import BookView
from mesolive.records import replace
from mesolive.signals.auto_updates import Update
from mesolive.signals.consideration import ConsideredTimes
from mesolive.signals.evaluation import EvaluationResult, Times, Watched, evaluate
from mesolive.signals.findings import error, no_entry
from mesolive.signals.keys import Kind, Scope, Subject
from mesolive.signals.latest import LatestEvaluations
from mesolive.signals.partial_positions import partial_positions
from mesolive.signals.queries import StrategyAccount, Watch, load
from mesolive.signals.stats import EvaluationStats
from mesolive.signals.transitions import ActiveState, Change, changes
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.signals import signal_states
from mesolive.tasks import Tasks, Turns
from mesolive.trading.evaluation.entry_retry import EntryVariableRetry
from mesolive.trading.evaluation.evaluator import StrategyContext, StrategyEvaluator, decision_name
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.position_queries import are_open
from mesolive.trading.portfolio.positions import Position
from mesolive.trading.portfolio.repository import open_with_variables, set_variables
from mesolive.trading.settlement.paper_settlements import PaperSettlements
from mesolive.trading.strategies import active_strategies
from mesolive_sdk import models, wire

_log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
"""How often signals are evaluated, in market time; besides at every instant that a schedule may name."""

INSTANTS = timedelta(minutes=5)
"""Sessions begin and end on a multiple of this, and the minutes of schedules are rounded to it."""

FAILED = "failed"
"""Marks in the store an automatic update that failed and is retried."""

CHANGES_PER_TRANSACTION = 200
"""Most changes in one transaction: it bounds how long other writers wait."""

U = TypeVar("U", bound=models.AutoUpdateVarsEvent)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Applied(Struct, frozen=True):
    """An automatic update with the job that publishes it."""

    job_id: str
    watched: Watched
    update: Update


class SignalEvaluator:
    """Evaluates active strategies and open positions, and publishes signals and errors that begin or end.

    Parameters
    ----------
    evaluator
        The strategy evaluator.
    calendar
        Exchange calendar: outside of an underlying's sessions its strategies are not evaluated, and none may enter.
    settlements
        Settles expired options before each evaluation.
    late
        Retries entry-time variables that failed to evaluate, before each evaluation.
    latest
        Keeps the last evaluations for `GetEvaluations`.
    every
        Seconds of market time between evaluations.
    new_id
        Makes the job ids of automatic updates.

    Attributes
    ----------
    pulse
        Statistics of the scheduled evaluations.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        evaluator: StrategyEvaluator,
        calendar: ExchangeCalendar,
        clock: Clock,
        settlements: PaperSettlements,
        late: EntryVariableRetry,
        *,
        latest: LatestEvaluations | None = None,
        every: float = EVERY_SECONDS,
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._database = database
        self._journal = journal
        self._evaluator = evaluator
        self._calendar = calendar
        self._clock = clock
        self._settlements = settlements
        self._late = late
        self._latest = latest or LatestEvaluations()
        self._every = timedelta(seconds=every)
        self._new_id = new_id
        self.pulse = EvaluationStats()
        self._turn = asyncio.Lock()
        self.tasks = Tasks()
        self._considered = ConsideredTimes()
        self._cached: tuple[int, Watch] | None = None

    async def start(self) -> None:
        """Begin to evaluate, at once and then in time with the market's clock."""
        self.tasks.start_loop("signals", self._run)

    async def stop(self) -> None:
        """Stop and cancel a running evaluation; its unpublished changes are published after the next start."""
        await self.tasks.stop()

    async def _run(self, turns: Turns) -> None:
        target = self._clock.now()
        while True:
            try:
                with self.pulse.record((self._clock.now() - target).total_seconds()):
                    await self.evaluate()
            except Exception as error:  # noqa: BLE001 - the next evaluation tries again; the log has the trace
                turns.failed(error, "signal_evaluation_failed")
            else:
                turns.turned()
            target = next_evaluation(self._clock.now(), self._every)
            while (left := (target - self._clock.now()).total_seconds()) > 0:
                await self._clock.sleep(left)

    async def evaluate(self) -> None:
        """Evaluate everything at the current market time and publish what has changed."""
        async with self._turn:
            await self._evaluate()

    async def _evaluate(self) -> None:
        now = self._clock.now()
        unsettled = await self._settle()
        sessions = _Sessions(self._evaluator, self._calendar, self._clock)
        await self._freeze(sessions)
        watch, in_part = await self._load(now)
        result = EvaluationResult()
        for pair in watch.pairs:
            for position in pair.own:
                if position.id in unsettled:
                    result.findings.append(error(pair.names_of(position), unsettled[position.id], cause="settlement"))
                if position.state is not models.LivePositionState.Open:
                    what = error(
                        pair.names_of(position), in_part.get(position.id, "an order of it works again"), cause="in part"
                    )
                    result.findings.append(replace(what, holds=position.id in in_part))
        accounts: dict[tuple[int, str], AccountState] = {}
        for pair in watch.pairs:
            if _being_settled(pair, sessions.now(pair.context.account), unsettled):
                result.findings.append(no_entry(pair.names))
                continue
            await self._evaluate_pair(pair, sessions, watch.active.get(pair.context.user_id, {}), accounts, result)
        self._latest.keep_only({pair.names.scope: {item.id for item in pair.own} for pair in watch.pairs})
        await self._publish(watch, result)
        self._considered.note(result.considered)
        self._considered.forget_before(min([now, *sessions.times]) - INSTANTS)

    async def _load(self, now: datetime) -> tuple[Watch, Mapping[int, str]]:
        """Return what is watched, and the messages about positions that are filled in part."""
        if self._cached is not None and self._database.is_unchanged_since(self._cached[0]):
            return self._cached[1], {}
        version = self._database.version
        async with self._database.read() as tx:
            watch = await load(tx)
            in_part = {} if watch.is_whole else await partial_positions(tx, now)
        self._cached = (version, watch) if watch.is_whole else None
        return watch, in_part

    async def _settle(self) -> Mapping[int, str]:
        """Settle expired options; return overdue ones by position. A failure here does not stop the evaluation."""
        try:
            return {item.position_id: item.reason for item in await self._settlements.settle()}
        except Exception:  # noqa: BLE001 - it is tried again with the next evaluation; the log has the trace
            _log.exception("settlement_failed")
            return {}

    async def _freeze(self, sessions: _Sessions) -> None:
        """Retry entry-time variables that failed. A failure here does not stop the evaluation."""
        try:
            await self._late.retry(sessions.trades)
        except Exception:  # noqa: BLE001 - it is tried again with the next evaluation; the log has the trace
            _log.exception("entry_variables_failed")

    async def _evaluate_pair(
        self,
        pair: StrategyAccount,
        sessions: _Sessions,
        active: Mapping[str, ActiveState],
        accounts: dict[tuple[int, str], AccountState],
        result: EvaluationResult,
    ) -> None:
        """Add the findings of a strategy on an account, with one market view for each underlying that it trades.

        An underlying whose sessions do not run is left out.
        """
        context, names = pair.context, pair.names
        open_now = [item for item in pair.own if item.state is models.LivePositionState.Open]
        symbol_of = {item.id: _symbol(item, context.symbol) for item in open_now}
        symbols = {context.symbol} if pair.active else set[str]()
        symbols.update(symbol_of.values())
        closed = {symbol for symbol in symbols if not sessions.is_open(context.account, symbol)}
        if not pair.active or context.symbol in closed:
            result.findings.append(no_entry(names))
        if closed and closed == symbols:
            return
        signalled_at = {
            key: state.since for key, state in active.items() if state.since is not None and state.body != FAILED
        }
        times = Times(self._considered, signalled_at)
        failed = False
        parts: list[EvaluationResult] = []
        for symbol in sorted(symbols - closed):
            entering = pair.active and symbol == context.symbol
            try:
                view = self._evaluator.fresh_view(symbol, None, context.account)
                account = self._account(context, view, accounts)
                watched = [
                    Watched(pair.names_of(position), account.positions[place])
                    for place, position in enumerate(context.positions)
                    if symbol_of.get(position.id) == symbol
                ]
                evaluated = await self._evaluator.run(
                    context,
                    f"signals/{context.strategy_id}/{context.account.id}",
                    view,
                    None,
                    lambda strategy, external, _random, v=view, a=account, e=entering, w=watched: evaluate(
                        strategy,
                        v,
                        a,
                        names if e else None,
                        w,
                        external,
                        lambda scope: self._evaluator.random(
                            decision_name(scope.strategy_id, scope.account_id, scope.position_id, v.now)
                        ),
                        times,
                    ),
                )
            except ServiceError as problem:
                failed = True
                result.findings.append(error(names, problem.message, cause=f"evaluation of {symbol}"))
            except Exception as problem:  # noqa: BLE001 - one strategy's failure must not silence the others
                failed = True
                _log.exception("strategy_evaluation_failed", strategy_id=context.strategy_id)
                text = f"internal error ({type(problem).__name__}); the server's log has it"
                result.findings.append(error(names, text, cause=f"evaluation of {symbol}"))
            else:
                result.findings.extend(evaluated.findings)
                result.evaluated |= evaluated.evaluated
                result.updates.extend(evaluated.updates)
                result.considered |= evaluated.considered
                parts.append(evaluated)
                continue
            if entering:
                result.findings.append(no_entry(names))
        if failed or closed:
            result.evaluated.discard(names.scope)
        else:
            result.evaluated.add(names.scope)
            self._latest.note(names, self._clock.now(), parts)

    def _account(
        self, context: StrategyContext, view: BookView, accounts: dict[tuple[int, str], AccountState]
    ) -> AccountState:
        """Return the account as a strategy reads it; what its strategies share is computed once per evaluation."""
        key = (context.account.id, view.underlying.underlying.symbol)
        if key not in accounts:
            accounts[key] = context.whole_account(self._evaluator.marks(view, context.account))
        return context.for_strategy(accounts[key])

    async def _publish(self, watch: Watch, result: EvaluationResult) -> None:
        existing = watch.existing
        users = {scope.user_id for scope in existing} | watch.active.keys()
        for user_id in sorted(users):
            active = watch.active.get(user_id, {})
            own = [finding for finding in result.findings if finding.subject.scope.user_id == user_id]
            changed = changes(active, own, evaluated=result.evaluated, existing=existing)
            for start in range(0, len(changed), CHANGES_PER_TRANSACTION):
                await self._publish_changes(user_id, changed[start : start + CHANGES_PER_TRANSACTION])
            for watched, update in result.updates:
                if watched.names.scope.user_id == user_id:
                    applied = _Applied(str(self._new_id()), watched, update)
                    await self._publish_update(user_id, applied, active)

    async def _publish_changes(self, user_id: int, changed: Sequence[Change]) -> None:
        """Publish signals and errors that begin or end, and store them, in one transaction."""
        async with self._database.write(user_id) as tx:
            present = await _still_there(tx, [change.scope for change in changed if change.begins])
            published = [
                change
                for change in changed
                if not change.begins or change.scope in present or change.kind is Kind.ERROR
            ]
            events = [change.event for change in published if change.event is not None]
            await self._journal.append(tx, user_id, events)
            # A signal that begins may be active already: it is raised again, and its row holds the latest event.
            keys = [change.key for change in published]
            if keys:
                await tx.execute(
                    delete(signal_states).where(signal_states.c.user_id == user_id, signal_states.c.subject.in_(keys))
                )
            begun = [self._row(change) for change in published if change.begins]
            if begun:
                await tx.execute(insert(signal_states), begun)

    def _row(self, change: Change) -> dict[str, object]:
        return {
            "user_id": change.scope.user_id,
            "subject": change.key,
            "kind": change.kind.value,
            "strategy_id": change.scope.strategy_id,
            "account_id": change.scope.account_id,
            "position_id": change.scope.position_id,
            "body": None if change.event is None else wire.encode_json(change.event).decode(),
            "since": self._clock.now(),
        }

    async def _publish_update(self, user_id: int, applied: _Applied, active: Mapping[str, ActiveState]) -> None:
        """Carry out an automatic update: its variables, its events and its state change are one transaction."""
        update, names = applied.update, applied.watched.names
        key = Subject(Kind.UPDATE, names.scope, update.condition).key
        if update.error is not None and key in active:
            return  # it failed before, and that error is published already
        async with self._database.write(user_id) as tx:
            assert names.position_id is not None  # noqa: S101 - an update is of a position
            record = await open_with_variables(tx, names.position_id, update.before)
            if record is None:
                return  # the position was closed or changed since: the next evaluation evaluates it again
            await self._journal.append(tx, user_id, _update_events(applied))
            if update.error is None:
                await set_variables(tx, record, update.variables)
            await tx.execute(
                delete(signal_states).where(signal_states.c.user_id == user_id, signal_states.c.subject == key)
            )
            if update.holds or update.scheduled_at is not None:
                change = Change(key, Kind.UPDATE, names.scope, begins=True, event=None)
                body = None if update.error is None else FAILED
                await tx.execute(insert(signal_states), [{**self._row(change), "body": body}])
        if update.scheduled_at is not None and update.error is None:
            self._considered.note({key: update.scheduled_at})


def next_evaluation(now: datetime, every: timedelta) -> datetime:
    """Return the next moment to evaluate at: a multiple of `every`, or an instant that a schedule may name."""
    return min(_EPOCH + step * ((now - _EPOCH) // step + 1) for step in (every, INSTANTS))


async def _still_there(tx: WriteTransaction, scopes: Sequence[Scope]) -> set[Scope]:
    """Return the scopes that still exist: their position is open, or their strategy may enter."""
    ids = {scope.position_id for scope in scopes if scope.position_id is not None}
    open_now = await are_open(tx, ids)
    active = await active_strategies(tx, {scope.strategy_id for scope in scopes})
    return {
        scope
        for scope in scopes
        if (
            (scope.strategy_id, scope.account_id) in active
            if scope.position_id is None
            else scope.position_id in open_now
        )
    }


class _Sessions:
    """Market time and session of each account during one evaluation: those of the provider that values the account."""

    def __init__(self, evaluator: StrategyEvaluator, calendar: ExchangeCalendar, clock: Clock) -> None:
        self._evaluator = evaluator
        self._calendar = calendar
        self._clock = clock
        self._now: dict[models.DataProviderType | None, datetime] = {}
        self._open: dict[tuple[models.DataProviderType | None, bool, str], bool] = {}

    @property
    def times(self) -> list[datetime]:
        """The market times that were read."""
        return list(self._now.values())

    def now(self, account: Account) -> datetime:
        """Return the account's market time, the same throughout the evaluation."""
        known = self._now.get(account.provider)
        if known is None:
            known = self._now[account.provider] = self._evaluator.now(account, self._clock)
        return known

    def is_open(self, account: Account, symbol: str) -> bool:
        """Return whether strategies on an underlying are evaluated at that time."""
        key = account.provider, account.night_sessions, symbol
        known = self._open.get(key)
        if known is None:
            now = self.now(account)
            known = self._open[key] = self._evaluator.is_open(symbol, account, now, self._calendar)
        return known

    def trades(self, account: Account, symbol: str) -> bool:
        """Return whether the account trades the options on an underlying at that time: then they are quoted."""
        if self.is_open(account, symbol):
            return True
        return self._evaluator.takes_orders(symbol, account, self.now(account), self._calendar)


def _being_settled(pair: StrategyAccount, now: datetime, overdue: Mapping[int, str]) -> bool:
    """Whether the account holds what has just expired, and is not valued until that is settled or overdue."""
    return any(
        leg.traded.settles_at <= now and leg.holding.qty != 0
        for position in pair.context.positions
        if position.id not in overdue
        for leg in position.open_legs
    )


def _symbol(position: Position, otherwise: str) -> str:
    """Return the underlying that a position trades."""
    return position.legs[0].traded.contract.underlying if position.legs else otherwise


def _update_events(applied: _Applied) -> list[models.MesoLiveEvent]:
    """Return the events of an automatic update: its beginning and its outcome."""
    names, update = applied.watched.names, applied.update
    scope = names.scope

    def stamped(model: type[U], **more: Any) -> U:  # noqa: ANN401 - the fields that one of the three has by itself
        return model(
            EventTime=UNSTAMPED,
            JobId=applied.job_id,
            StrategyId=scope.strategy_id,
            StrategyName=names.strategy_name,
            PositionId=names.position_id,
            PositionName=names.position_name,
            BrokerAccountId=names.broker_account_id,
            Condition=update.condition,
            **more,
        )

    started = stamped(models.AutoUpdateVarsAdjustmentStartedEvent)
    if update.error is not None:
        return [started, stamped(models.AutoUpdateVarsAdjustmentFailedEvent, Error=update.error)]
    return [started, stamped(models.AutoUpdateVarsAdjustmentCompletedEvent, UpdatedVars=shown(update.changed))]
