"""Execution of one task of the autopilot: prepare, fill on paper or by orders, and decide about the next step.

The arguments of an execution and its key are stored before it is sent, and what was sent is asked about with
`get_idempotency_record` before anything else is done: a task can be taken up again at any of its steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from mesolive_sdk import models, wire
from mesolive_sdk.automation.memory import Memory
from mesolive_sdk.automation.notices import Category, Notices
from mesolive_sdk.automation.order_plans import PlanToOrder
from mesolive_sdk.automation.orders import LOOK_AGAIN, Carried, Ended, OrderRunner, Why, Working
from mesolive_sdk.automation.policy import NoPriceError, PaperPolicy
from mesolive_sdk.automation.preparing import Prepared, Preparer
from mesolive_sdk.automation.tasks import SCHEDULE_STEP, Task, TaskKind, TaskState
from mesolive_sdk.automation.walking import AtEnd, HalfFilled, OrderPolicy
from mesolive_sdk.clients import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient
from mesolive_sdk.exceptions import MesoLiveApiException

ATTEMPTS = 3
"""How often a preparation that fails, or whose plan is out of date when it is carried out, is tried; exits are tried
for as long as their signal is on."""

EXIT_AGAIN = timedelta(minutes=1)
MAX_AGAIN = timedelta(minutes=15)
"""When an exit that failed is tried again: after a minute, then twice as long each time, up to this."""

EVALUATED_WITHIN = timedelta(minutes=2)
"""How long a task that waited for its session also waits for the first evaluation of it, which may end the signal."""

STILL_PROCESSING = (models.IdempotencyRecordStatus.Processing,)

NO_MONEY = frozenset({models.BrokerType.Simulated})
"""Types of accounts besides paper on which no real money is at stake."""

POLICIES: Mapping[TaskKind, OrderPolicy] = MappingProxyType(
    {
        TaskKind.ENTRY: OrderPolicy(at_end=AtEnd.CANCEL),
        TaskKind.ADJUSTMENT: OrderPolicy(at_end=AtEnd.CANCEL),
        TaskKind.EXIT: OrderPolicy(at_end=AtEnd.NATURAL),
    }
)
"""Without others: an entry that is missed costs nothing, but what the strategy wants to leave is to be left."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Configuration for trading accounts other than paper accounts.

    Attributes
    ----------
    data
        A connected client of the Data Hub, for the quotes.
    accounts
        The accounts that may be traded, besides paper accounts. No other account is traded.
    real_money
        Whether `accounts` may include live accounts. Simulated accounts only have to be listed.
    policies
        The order policy per kind of signal. A kind that is missing uses the one in `POLICIES`.
    provider
        The data provider, also for preparations on all accounts; `None` for that of the account's agent.
    """

    data: MesoLiveDataHubClient
    accounts: Collection[str]
    real_money: bool = False
    policies: Mapping[TaskKind, OrderPolicy] = field(default_factory=lambda: POLICIES)
    provider: models.DataProviderType | None = None


class TaskExecutor:
    """Carries out tasks step by step, each call as far as it goes without waiting for orders.

    Parameters
    ----------
    control, events, memory, policy, strategies, accounts, orders, ignore_schedules, now
        As `Autopilot` takes them.
    notices
        Tells what happens.

    Attributes
    ----------
    again
        When a task is due again without any event, by the id of its event.
    """

    def __init__(
        self,
        control: MesoLiveControlHubClient,
        events: MesoLiveEventHubClient,
        memory: Memory,
        notices: Notices,
        *,
        policy: PaperPolicy,
        strategies: Collection[int] | None,
        accounts: Collection[str] | None,
        orders: Orders | None,
        ignore_schedules: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._control = control
        self._events = events
        self._memory = memory
        self._notices = notices
        self._policy = policy
        self._strategies = strategies
        self._accounts = accounts
        self._orders = orders
        self._ignore_schedules = ignore_schedules
        self._now = now
        self._policies = POLICIES if orders is None else {**POLICIES, **orders.policies}
        self._runner = (
            None
            if orders is None
            else OrderRunner(
                control, orders.data, memory, self._policies, provider=orders.provider, now=now, say=notices.log
            )
        )
        self._preparer = Preparer(control, None if orders is None else orders.provider)
        self._known: dict[str, models.LiveAccount] = {}
        self.again: dict[str, datetime] = {}

    async def carry_out(self, task: Task, others: Sequence[Task]) -> Task:
        """Work on a task that is due, beside the other open ones, and return it as it is then."""
        self.again.pop(task.event_id, None)
        urgent = any(_closes(other, task) for other in others)
        if urgent and task.state is TaskState.WAITING:
            return self.end(task, TaskState.SKIPPED, "the position is to be left")
        try:
            kept_back = await self._kept_back(task)
        except MesoLiveApiException as error:
            if error.status is models.StatusCode.NotFound and task.state is TaskState.WAITING:
                return self._try_again(task, str(error))  # such as a strategy that was deleted
            return task  # it is as it was, so that the next round asks again; other tasks do not wait for it
        if kept_back is not None:
            return kept_back
        while not task.state.is_final and (task.due is None or task.due <= self._now()):
            try:
                if task.state is TaskState.WAITING:
                    task = await self._prepare(task)
                elif self._is_paper(task):
                    task = await self._fill(task)
                else:
                    before = task
                    task = await self._order(task, urgent=urgent)
                    if task is before:
                        return task
            except MesoLiveApiException as error:
                if error.status in {models.StatusCode.RateLimited, models.StatusCode.ProviderUnavailable}:
                    return self._put_off(task, str(error))  # it waits for the next time
                if task.state is TaskState.EXECUTING and not self._is_paper(task):
                    return self._put_off(task, str(error))  # orders may work: nothing is begun anew
                if error.status is models.StatusCode.Conflict and await self._is_closed(task):
                    return self.end(task, TaskState.SKIPPED, "the position is closed")
                task = self._try_again(task, str(error))
            except NoPriceError as error:
                return self._put_off(task, str(error))
        return task

    async def _kept_back(self, task: Task) -> Task | None:
        """Return a task that is not worked on now, because it is not ours, too late or too early; else `None`."""
        refusal = await self._refusal(task)
        if refusal is None and task.is_untouched:
            missed = await self._missed(task)
            if missed is not None:
                return self.end(task, TaskState.SKIPPED, missed)
        if refusal is not None:
            if task.state is TaskState.WAITING and task.step == 0:
                return self.end(task, TaskState.SKIPPED, refusal)
            # The task was started under another configuration: nothing is sent for it, and its state is kept.
            return self._put_off(task, f"left as it is: {refusal}")
        return await self._not_yet(task) if self._waited(task) else None

    def _waited(self, task: Task) -> bool:
        """Whether an exit or adjustment at a venue is due again after an attempt that came to nothing."""
        return (
            task.state is TaskState.WAITING
            and task.kind is not TaskKind.ENTRY
            and task.due is not None
            and task.due <= self._now()
            and not self._is_paper(task)
        )

    async def _not_yet(self, task: Task) -> Task | None:
        """Return a task that still has to wait for its class or for an evaluation, or that holds no more; else `None`.

        What was signalled before the close may hold no more at the opening. The evaluation is asked for, because the
        event that ends the signal may come behind the look at the log.
        """
        assert task.due is not None  # noqa: S101 - see `_waited`
        session = await self._preparer.session(task)
        if not session.takes_orders:
            return self._wait(task, session.opens_in, task.note)
        holds = True if task.step > 0 else await self._preparer.holds_since(task, session.opened_at)
        if holds is False:
            return self.end(task, TaskState.WITHDRAWN, f"it holds no more; before that: {task.note}")
        if holds or self._now() >= task.due + EVALUATED_WITHIN:
            return None
        self.again[task.event_id] = self._now() + LOOK_AGAIN
        return task

    async def _missed(self, task: Task) -> str | None:
        """Return why a signal's scheduled time has passed, or `None`. Without a schedule it never passes."""
        if self._ignore_schedules or not await self._preparer.is_scheduled(task):
            return None
        if self._memory.considered(task):
            return f"its scheduled time, {task.scheduled_at:%Y-%m-%d %H:%M}, was considered before"
        if task.kind is TaskKind.ENTRY:
            return None  # its signal goes off with its time, and its preparation asks whether it is due
        # A signal due every fifth minute is raised again soon: a short delay on a fast market does not matter.
        grace = SCHEDULE_STEP * (2 if await self._preparer.is_every_five(task) else 1)
        moment = (await self._events.get_latest_event_seq_id()).SnapshotTime
        if moment >= task.scheduled_at + grace:
            return f"its scheduled time, {task.scheduled_at:%Y-%m-%d %H:%M}, is over: the next one counts"
        return None

    async def _refusal(self, task: Task) -> str | None:
        """Return why this autopilot skips a task, or `None`."""
        if self._strategies is not None and task.strategy_id not in self._strategies:
            return "the strategy is not among those that are traded"
        if task.position_id is not None and (why := self._memory.stopped().get(task.position_id)) is not None:
            return f"the position is left alone: {why}"
        if task.account not in self._known:
            args = models.GetAccountArgs(BrokerAccountId=task.account)
            try:
                self._known[task.account] = await self._control.get_account(args)
            except MesoLiveApiException as error:
                if error.status is not models.StatusCode.NotFound:
                    raise
                return "the account is not known to the server"
        return self.refusal_of(self._known[task.account])

    def refusal_of(self, account: models.LiveAccount) -> str | None:
        """Return why an account is not traded, or `None`."""
        name = account.BrokerAccountId
        if account.IsPaperAccount:
            allowed = self._accounts is None or name in self._accounts
            return None if allowed else "the account is not among those that are traded"
        if self._orders is None or name not in self._orders.accounts:
            return "the account is not a paper account, and it is not among those that may be traded"
        if account.BrokerType not in NO_MONEY and not self._orders.real_money:
            return "the account is one of real money, and those are not allowed"
        return None

    def _is_paper(self, task: Task) -> bool:
        return self._known[task.account].IsPaperAccount

    async def _prepare(self, task: Task) -> Task:
        """Prepare a task's next step and store the arguments of its execution."""
        result = await self._preparer.prepare(task)
        if result is None:
            return self.end(task, TaskState.DONE, "nothing is left to trade")
        prepared, error = result
        if prepared is None:
            return await self._not_prepared(task, error)
        match prepared:
            case models.PreparePositionEntryResult():
                allowed, legs = prepared.EntryAllowed, prepared.SelectedLegs
                conditions = [*prepared.EntryConditions, *prepared.AbortConditions]
            case models.PreparePositionExitResult():
                allowed, legs, conditions = True, prepared.PositionLegs, []
            case models.PreparePositionAdjustmentResult():
                allowed, legs = prepared.AdjustmentAllowed is not False, prepared.OrderLegs
                conditions = prepared.AbortConditions or []
        self._report_plan(task, prepared)
        if not allowed:
            reasons = "; ".join(f"{condition.Statement} is {_shown(condition.Result)}" for condition in conditions)
            self._notices.log(
                Category.DECISION, task, f"not allowed: {reasons or 'no reason is given'}", Plan=prepared.ExecPlanId
            )
            return await self._come_to_nothing(task, TaskState.SKIPPED, "the strategy does not allow it")
        if self._is_paper(task):
            fills = self._policy.fills(_traded(task, legs), prepared.LegPrices)
            args = models.ApplyPaperFillsArgs(
                IdempotencyKey=task.key("x"),
                BrokerAccountId=task.account,
                ExecPlanId=prepared.ExecPlanId,
                QtyMultiplier=None,
                PaperLegFills=fills,
            )
            request: object = args
            prices = ", ".join(f"{name} {fill.Price:f}" for name, fill in fills.items())
            self._notices.log(Category.DECISION, task, f"fill on paper: {prices}", Plan=prepared.ExecPlanId)
        else:
            request = PlanToOrder.of(prepared, task.account, legs, self._now())
            policy = self._policies[task.kind]
            self._notices.log(Category.DECISION, task, f"order by {policy.style.value}", Plan=prepared.ExecPlanId)
        return self._memory.change(
            task, state=TaskState.EXECUTING, request=wire.encode_json(request).decode(), due=None
        )

    async def _not_prepared(self, task: Task, why: str) -> Task:
        """Decide the next step after a preparation without a result (for example, no matching strike)."""
        if task.kind is TaskKind.EXIT or task.step > 0:
            return self._try_again(task, why)
        if await self._preparer.is_scheduled(task) and not self._ignore_schedules:
            return self.end(task, TaskState.SKIPPED, f"{why}; considered anew at the next scheduled time")
        if task.attempt + 1 < ATTEMPTS:
            return self._try_again(task, why)
        return await self._come_to_nothing(task, TaskState.FAILED, why)

    async def _come_to_nothing(self, task: Task, state: TaskState, note: str) -> Task:
        """End a task without any trade. Its signal is raised again at its next scheduled time.

        A signal without a schedule is not raised again. It is retried at the rate of a schedule while it is on.
        """
        ended = self.end(task, state, note)
        if task.step == 0 and not task.went_off and not await self._preparer.is_scheduled(task):
            self._memory.again(task, self._now() + SCHEDULE_STEP)
        return ended

    async def _fill(self, task: Task) -> Task:
        """Send the stored paper fills, unless the server has booked them already."""
        assert task.request is not None  # noqa: S101 - it is stored with the state
        args = wire.decode_json(task.request.encode(), models.ApplyPaperFillsArgs)
        if not await self._was_executed(args.IdempotencyKey):
            try:
                await self._control.apply_paper_fills(args)
            except MesoLiveApiException as error:
                if error.status is not models.StatusCode.DuplicateRequest:
                    raise
        return await self._next_step(task)

    async def _order(self, task: Task, *, urgent: bool) -> Task:
        """Run the due order steps of a task; return the task itself while its orders work."""
        assert task.request is not None  # noqa: S101 - it is stored with the state
        assert self._runner is not None  # noqa: S101 - other accounts are refused without
        plan = wire.decode_json(task.request.encode(), PlanToOrder)
        verdict = await self._runner.look(task, plan, urgent=urgent and task.kind is not TaskKind.EXIT)
        match verdict:
            case Working():
                self.again[task.event_id] = verdict.again
                return task
            case Carried():
                return await self._next_step(task)
            case Ended(filled=True):
                return await self._half_filled(task, plan, verdict, urgent=urgent)
            case Ended(why=Why.OUT_OF_HOURS):
                return await self._out_of_hours(task, verdict.text)
            case Ended():
                return self._unfilled(task, verdict)

    async def _out_of_hours(self, task: Task, why: str) -> Task:
        """Put off an exit or adjustment until its class takes orders; an entry has times of its own."""
        if task.kind is TaskKind.ENTRY:
            return await self._come_to_nothing(
                task, TaskState.SKIPPED, f"{why}; considered anew at the next scheduled time"
            )
        if task.went_off and task.step == 0:
            return self.end(task, TaskState.WITHDRAWN, f"the signal went off; before that: {why}")
        session = await self._preparer.session(task)
        wait = session.opens_in if not session.takes_orders else LOOK_AGAIN
        self._notices.log(
            Category.TROUBLE, task, f"prepared anew in {wait.total_seconds():.0f} s, when its class takes orders: {why}"
        )
        return self._wait(task, wait, why, state=TaskState.WAITING, attempt=task.attempt + 1, request=None)

    def _wait(self, task: Task, wait: timedelta, why: str | None, **changes: Any) -> Task:  # noqa: ANN401 - as `Memory.change`
        """Have a task wait."""
        due = self._now() + wait
        self.again[task.event_id] = due
        return self._memory.change(task, note=why, due=due, **changes)

    def _unfilled(self, task: Task, ended: Ended) -> Task:
        """Decide the next step after orders that ended without a complete fill."""
        if ended.why is Why.OTHERS:
            return self.end(task, TaskState.FAILED, f"nothing was traded: {ended.text}")
        if task.kind is TaskKind.EXIT or ended.why is Why.OUT_OF_DATE:
            return self._try_again(task, ended.text)
        state = TaskState.FAILED if ended.why is Why.REFUSED else TaskState.UNFILLED
        return self.end(task, state, f"nothing was traded: {ended.text}")

    async def _half_filled(self, task: Task, plan: PlanToOrder, ended: Ended, *, urgent: bool) -> Task:
        why = f"a part of plan {plan.plan} is filled and the rest is not: {ended.text}"
        if urgent and task.kind is not TaskKind.EXIT:
            return self.end(task, TaskState.FAILED, why)  # the exit that waits closes what is held
        policy = self._policies[task.kind]
        if task.kind is TaskKind.EXIT and policy.half_filled is HalfFilled.FINISH and ended.why is not Why.OTHERS:
            if ended.why is Why.OUT_OF_HOURS:
                return await self._out_of_hours(task, why)
            return self._try_again(task, why)  # a new plan closes what is still held
        position_id = task.position_id
        if position_id is None:
            args = models.ListPositionsArgs(LiveExecPlanId=plan.plan, Limit=1)
            listed = (await self._control.list_positions(args)).Positions
            if not listed:
                return self.end(task, TaskState.HALF_FILLED, why)
            position_id = listed[0].Id
        self._notices.log(
            Category.OUTCOME, task, f"HALF FILLED; position {position_id} is left alone from now on: {why}"
        )
        return self._memory.stop(task, position_id, why)

    async def _next_step(self, task: Task) -> Task:
        """Advance a task after one of its steps was executed."""
        steps = 1 if task.kind is not TaskKind.ADJUSTMENT else len(await self._preparer.operations(task))
        if task.step + 1 < steps and not await self._is_closed(task):
            return self._memory.change(
                task, state=TaskState.WAITING, step=task.step + 1, attempt=0, request=None, note=None
            )
        return self.end(task, TaskState.DONE, None)

    async def _is_closed(self, task: Task) -> bool:
        """Whether a position is closed: the adjustment after the last that `MaxAdjustmentCount` allows closes it."""
        if task.position_id is None:
            return False
        position = await self._control.get_position(models.GetPositionArgs(PositionId=task.position_id))
        return position.State is models.LivePositionState.Closed

    async def _was_executed(self, key: str) -> bool:
        """Query the outcome of an idempotency key. The answer to an earlier call may have been lost."""
        while True:
            try:
                record = await self._control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))
            except MesoLiveApiException as error:
                if error.status is models.StatusCode.NotFound:
                    return False
                raise
            if record.Status not in STILL_PROCESSING:
                return record.Status is models.IdempotencyRecordStatus.Completed
            await asyncio.sleep(1.0)

    def _try_again(self, task: Task, why: str) -> Task:
        """Retry a step from its preparation, or give it up. This attempt was not executed, or it has ended.

        An exit is retried while its signal is on, at growing intervals.
        """
        if task.went_off and task.step == 0:
            return self.end(task, TaskState.WITHDRAWN, f"the signal went off; before that: {why}")
        changes: dict[str, Any] = {"state": TaskState.WAITING, "attempt": task.attempt + 1, "request": None}
        if task.kind is TaskKind.EXIT:
            wait = min(EXIT_AGAIN * 2 ** min(task.attempt, 10), MAX_AGAIN)
            self._notices.log(Category.TROUBLE, task, f"tried again in {wait.total_seconds():.0f} s: {why}")
            return self._wait(task, wait, why, **changes)
        if task.attempt + 1 >= ATTEMPTS:
            return self.end(task, TaskState.FAILED, why)
        return self._memory.change(task, note=why, **changes)

    def _put_off(self, task: Task, why: str) -> Task:
        """Leave a task as it is for now."""
        if task.note != why:
            self._notices.log(Category.TROUBLE, task, why)
        return self._memory.change(task, note=why)

    def end(self, task: Task, state: TaskState, note: str | None) -> Task:
        """End a task, with a notice."""
        self._notices.log(Category.OUTCOME, task, f"{state.value}{f' ({note})' if note else ''}", State=state.value)
        return self._memory.change(task, state=state, note=note)

    def _report_plan(self, task: Task, prepared: Prepared) -> None:
        groups: list[str] = []
        for group, quantity in sorted(prepared.LegGroupQtys.items()):
            price = prepared.LegGroupPrices.get(group, models.LivePrices())
            legs = ", ".join(f"{ratio:+f} {name}" for name, ratio in quantity.LegRatios.items() if ratio != 0)
            groups.append(f"group {group}: {quantity.Qty:f} x ({legs}) bid {_shown(price.Bid)} ask {_shown(price.Ask)}")
        self._notices.log(
            Category.PLAN, task, f"plan {prepared.ExecPlanId}; {'; '.join(groups)}", Plan=prepared.ExecPlanId
        )


def _traded(task: Task, legs: Mapping[str, models.LiveLeg]) -> Mapping[str, models.LiveLeg]:
    """Return legs with the quantities to trade. The legs of an exit arrive with the quantities held."""
    if task.kind is not TaskKind.EXIT:
        return legs
    return {name: msgspec.structs.replace(leg, Qty=-leg.Qty) for name, leg in legs.items()}


def _closes(first: Task, second: Task) -> bool:
    """Whether `one` is an exit of the position that `other` adjusts."""
    return (
        first.kind is TaskKind.EXIT
        and second.kind is TaskKind.ADJUSTMENT
        and first.position_id == second.position_id
        and not first.state.is_final
    )


def _shown(value: Decimal | bool | None) -> str:
    match value:
        case None:
            return "unknown"
        case Decimal():
            return f"{value:f}"
        case _:
            return "true" if value else "false"
