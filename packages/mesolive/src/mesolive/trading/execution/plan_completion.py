"""Plan completion: after the last fill of an entry or an adjustment, its variables are evaluated and set.

The evaluation reads the market and is slow, so it is outside of the transaction that books the last fill. That
transaction marks the plan, so that the next start finds a plan whose completion was interrupted.

A start books what was filled before the connections of market data are there, and quotes may be away at a fill. Then a
completion waits for them: a variable that is not set is the strategy's for as long as the position lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.tasks import BackOff, Tasks
from mesolive.trading.evaluation.adjustment_variables import (
    PendingVariables,
    evaluate_adjustment_variables,
    pending_variables,
)
from mesolive.trading.evaluation.entry_variables import CapturedVariables, EntryVariableCapture
from mesolive.trading.portfolio.accounts import account_by_id
from mesolive.trading.portfolio.adjustments import count_adjustment
from mesolive.trading.portfolio.booking import (
    FillContext,
    complete_entry,
    leg_update,
    mark_legs_open,
    position_event,
)
from mesolive.trading.portfolio.plans import (
    Plan,
    PlanKind,
    PlanState,
    adjustments_to_complete,
    find_plan,
    mark_executed,
)
from mesolive.trading.portfolio.position_queries import entries_to_complete
from mesolive.trading.portfolio.positions import Position, find_position
from mesolive.trading.portfolio.repository import position_record, set_variables
from mesolive_sdk import models
from mesolive_sdk.models import LegStatus, LivePositionState

ZERO = Decimal(0)

RETRY = BackOff(first=1.0, longest=30.0)
"""Real time after which a plan that could not be completed is tried again."""

QUOTES_SECONDS = 60.0
"""Real time for which a completion waits for quotes; then its variables are reported as not set."""

LOOK_SECONDS = 0.5
"""Between two looks."""

MAX_EVALUATIONS = 5
"""Most evaluations of an adjustment's variables while other writers change the position's variables; after the last one
they are set beside the others' values."""


class PlanCompletion:
    """Opens positions, and ends adjustments.

    Parameters
    ----------
    capture
        Captures entry-time variables; its evaluator evaluates adjustments too.
    """

    def __init__(self, database: Database, journal: Journal, capture: EntryVariableCapture, clock: Clock) -> None:
        self._database = database
        self._journal = journal
        self._capture = capture
        self._clock = clock
        self.tasks = Tasks()
        self._again: dict[int, asyncio.TimerHandle] = {}
        self._without_quotes: dict[int, float] = {}  # since when plans wait for quotes

    def begin(self, user_id: int, plan_id: int) -> None:
        """Complete a plan whose last fill is committed, in a task of its own.

        A failure, such as a full disk, is retried until it succeeds: a position that is not open is not evaluated.
        """
        self._begin(user_id, plan_id, RETRY.pauses())

    def _begin(self, user_id: int, plan_id: int, pauses: Iterator[float]) -> asyncio.Task[bool]:
        self._again.pop(plan_id, None)
        task = self.tasks.spawn("plan completion", self.complete(user_id, plan_id), detail=plan_id)
        task.add_done_callback(lambda task: self._ended(task, user_id, plan_id, pauses))
        return task

    async def recover(self) -> int:
        """Complete the plans that a stop of the server interrupted; return how many there were.

        A plan that fails is retried, as in `begin`, and one that waits for quotes goes on later; neither delays the
        positions of other plans.
        """
        async with self._database.read() as tx:
            incomplete = [*await entries_to_complete(tx), *await adjustments_to_complete(tx)]
        for user_id, plan_id in incomplete:
            await asyncio.wait({self._begin(user_id, plan_id, RETRY.pauses())})
        return len(incomplete)

    async def close(self) -> None:
        """Wait for what is under way."""
        await self.tasks.join()

    async def stop(self) -> None:
        """Wait for running completions without retries: the next start retries."""
        await self.close()
        for timer in self._again.values():
            timer.cancel()
        self._again.clear()

    async def complete(self, user_id: int, plan_id: int) -> bool:
        """Evaluate the plan's variables and publish its position; a completed plan is not changed.

        Returns
        -------
        bool
            False while there are no quotes, `QUOTES_SECONDS` at most: to be called again.
        """
        async with self._database.read() as tx:
            plan = await find_plan(tx, user_id, plan_id)
        try:
            if plan.kind is PlanKind.ENTRY:
                await self._open(user_id, plan)
            elif plan.kind is PlanKind.ADJUSTMENT:
                for attempt in range(MAX_EVALUATIONS):
                    if await self._adjust(user_id, plan, insist=attempt + 1 == MAX_EVALUATIONS):
                        break
        except _NoQuotesError:
            return False
        self._without_quotes.pop(plan_id, None)
        return True

    def _must_have_quotes(self, plan: Plan, captured: CapturedVariables) -> None:
        """Raise `_NoQuotesError` where variables could not be evaluated for want of quotes, for a while."""
        if not captured.without_quotes:
            return
        now = asyncio.get_running_loop().time()
        if now - self._without_quotes.setdefault(plan.id, now) < QUOTES_SECONDS:
            raise _NoQuotesError

    async def _open(self, user_id: int, plan: Plan) -> None:
        async with self._database.read() as tx:
            position = await _position_of(tx, user_id, plan)
            account = await account_by_id(tx, user_id, plan.account_id)
            strategy = await self._capture.context(tx, user_id, account, plan.strategy_id)
        captured = await self._capture.capture(strategy, position.language_state, plan.data_provider)
        self._must_have_quotes(plan, captured)
        context = FillContext(user_id, account, plan, position.id, {leg.name: leg.id for leg in position.legs})
        async with self._database.write(user_id) as tx:
            if not await complete_entry(tx, position.id, captured.variables):
                return
            bought = {leg.name: leg.qty for leg in position.legs}
            opened = [
                leg_update(context, leg, LegStatus.Open, bought[leg.name], ZERO)
                for leg in plan.legs
                if bought[leg.name] != 0
            ]
            await self._journal.append(tx, user_id, [*opened, *captured.error_events(plan, position.id)])

    async def _adjust(self, user_id: int, plan: Plan, *, insist: bool) -> bool:
        """Complete an adjustment whose orders are filled.

        Parameters
        ----------
        insist
            Whether the variables are set although others were set during the evaluation.

        Returns
        -------
        Whether it is complete; else it is to be retried.
        """
        pending = await self._pending(user_id, plan)
        evaluated = (
            None if pending is None else await evaluate_adjustment_variables(self._capture.evaluator, pending, plan)
        )
        if evaluated is not None:
            self._must_have_quotes(plan, evaluated.captured)
        async with self._database.write(user_id) as tx:
            if (await find_plan(tx, user_id, plan.id)).state is not PlanState.FILLED:
                return True
            position = await _position_of(tx, user_id, plan)
            if evaluated is not None and evaluated.before != position.variables and not insist:
                return False
            account = await account_by_id(tx, user_id, plan.account_id)
            context = FillContext(user_id, account, plan, position.id, {})
            await count_adjustment(tx, plan.id, position.id)
            await mark_executed(tx, plan.id, self._clock.now(), position.id)
            events: list[models.MesoLiveEvent] = []
            if position.state is LivePositionState.Open:
                events += await _open_partial_legs(tx, position)
            if position.state is not LivePositionState.Closed:
                events.append(position_event(context, models.PositionStatus.Adjusted, position.realized_pnl))
            if evaluated is not None:
                # Not what the evaluation started from: what was set beside it stays.
                record = await position_record(tx, position.id)
                await set_variables(tx, record, {**record.variables, **evaluated.captured.variables})
                events += evaluated.captured.error_events(plan, position.id, "not set by the adjustment")
            await self._journal.append(tx, user_id, events)
        return True

    async def _pending(self, user_id: int, plan: Plan) -> PendingVariables | None:
        """Read the inputs of an adjustment's variables; `None` when the position closes and they are not needed."""
        async with self._database.read() as tx:
            account = await account_by_id(tx, user_id, plan.account_id)
            context = await self._capture.context(tx, user_id, account, plan.strategy_id)
            for place, position in enumerate(context.positions):
                if position.id == plan.position_id and position.state is LivePositionState.Open:
                    return await pending_variables(tx, context, plan, place, position.language_state)
        return None

    def _ended(self, task: asyncio.Task[bool], user_id: int, plan_id: int, pauses: Iterator[float]) -> None:
        if task.cancelled():
            return
        failed = task.exception() is not None
        if failed or not task.result():
            # The plan stays as it is, with its position, legs and fills.
            pause = next(pauses) if failed else LOOK_SECONDS
            loop = asyncio.get_running_loop()
            self._again[plan_id] = loop.call_later(pause, self._begin, user_id, plan_id, pauses)


class _NoQuotesError(Exception):
    """A plan's variables wait for quotes."""


async def _position_of(tx: Transaction, user_id: int, plan: Plan) -> Position:
    assert plan.position_id is not None  # noqa: S101 - its fills are booked
    return await find_position(tx, user_id, plan.position_id)


async def _open_partial_legs(tx: WriteTransaction, position: Position) -> list[models.MesoLiveEvent]:
    """Mark every held leg as open, also one that an earlier adjustment opened only in part."""
    opened = await mark_legs_open(tx, position.id, {LegStatus.Opening, LegStatus.Closing})
    return [position.leg_event(leg, LegStatus.Open, leg.shown_pnl) for leg in position.open_legs if leg.id in opened]
