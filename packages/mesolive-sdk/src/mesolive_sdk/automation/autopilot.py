"""The autopilot loop: reads the event log and executes each signal at most once, also across restarts.

What makes a restart safe: the cursor and the signals behind it are stored together; an execution's arguments and its
key are stored before it is sent; keys follow from the event's id; and what was sent is asked about with
`get_idempotency_record` before anything else is done. Announced events only wake the loop, which then reads the log.

Paper accounts are filled at once. On other accounts a plan is carried out by orders (`orders.OrderRunner`), which takes
its time: nothing waits for it, each round of the loop does what is due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from mesolive_sdk import models, wire
from mesolive_sdk.automation.log import LogReader, Signal
from mesolive_sdk.automation.memory import SCHEDULE_STEP, Memory, Task, TaskKind, TaskState
from mesolive_sdk.automation.notices import Category, Listener, Notice
from mesolive_sdk.automation.orders import Carried, Ended, OrderRunner, PlanToOrder, Why, Working
from mesolive_sdk.automation.policy import NoPriceError, PaperPolicy
from mesolive_sdk.automation.preparing import Prepared, Preparer
from mesolive_sdk.automation.walking import AtEnd, HalfFilled, OrderPolicy
from mesolive_sdk.clients import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError

ATTEMPTS = 3
"""How often a preparation that fails, or whose plan is out of date when it is carried out, is tried; exits are tried
for as long as their signal is on."""

POLL_SECONDS = 15.0
"""How often the log is read without being woken."""

EXIT_AGAIN = timedelta(minutes=1)
MAX_AGAIN = timedelta(minutes=15)
"""When an exit that failed is tried again: after a minute, then twice as long each time, up to this."""

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

_log = logging.getLogger(__name__)


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


class Autopilot:
    """Executes the signals of a user's strategies on paper accounts and on the accounts enabled in `orders`.

    Parameters
    ----------
    control, events
        Connected clients.
    memory
        The state file. One file per user and server.
    policy
        The fill prices on paper accounts.
    strategies
        The strategies whose signals are executed; `None` for all.
    accounts
        The paper accounts to trade; `None` for all of them.
    orders
        The other accounts to trade, and how. Without it only paper accounts are traded.
    ignore_schedules
        Whether it watches exits and adjustments continuously. By default it acts at their scheduled times only, as
        entries always are.
    now
        The time by which orders walk.
    listener
        Called with each `Notice`. Without it, notices are logged.
    """

    def __init__(
        self,
        control: MesoLiveControlHubClient,
        events: MesoLiveEventHubClient,
        memory: Memory,
        *,
        policy: PaperPolicy | None = None,
        strategies: Collection[int] | None = None,
        accounts: Collection[str] | None = None,
        orders: Orders | None = None,
        ignore_schedules: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        listener: Listener | None = None,
    ) -> None:
        self._control = control
        self._events = events
        self._memory = memory
        self._reader = LogReader(events, memory, ignore_schedules=ignore_schedules)
        self._ignore_schedules = ignore_schedules
        self._policy = policy if policy is not None else PaperPolicy()
        self._strategies = strategies
        self._accounts = accounts
        self._orders = orders
        self._policies = POLICIES if orders is None else {**POLICIES, **orders.policies}
        self._now = now
        self._listener: Listener = listener if listener is not None else lambda notice: _log.info("%s", notice.line)
        self._runner = (
            None
            if orders is None
            else OrderRunner(
                control, orders.data, memory, self._policies, provider=orders.provider, now=now, say=self._log
            )
        )
        self._preparer = Preparer(control, None if orders is None else orders.provider)
        self._known: dict[str, models.LiveAccount] = {}
        self._again: dict[str, datetime] = {}
        self._woken = asyncio.Event()

    @property
    def due(self) -> datetime | None:
        """When the next step is due without any event; `None` for never."""
        moments = [self._again[task.event_id] for task in self._memory.open_tasks() if task.event_id in self._again]
        return min(moments, default=None)

    @property
    def is_idle(self) -> bool:
        """Whether no task is open: then there is nothing to do until an event comes."""
        return not self._memory.open_tasks()

    async def run(self, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Follow the signals until cancelled.

        Parameters
        ----------
        poll_seconds
            How often the log is read without being woken by an event.

        Raises
        ------
        MemoryInUseError
            When another autopilot works with the memory.
        LogRestoredError
            When the server was restored to a state before what was read.
        sqlite3.Error
            When the memory cannot be written.
        """
        with self._memory.claimed():
            self._register()
            while True:
                await self._act()
                await self._rest(poll_seconds)

    async def finish(self, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Execute the signals that are on now until no work is left; raises what `run` raises.

        Tasks with a later retry, such as a failed exit, are left to the next run.
        """
        with self._memory.claimed():
            self._register()
            await self.catch_up()
            while any(task.state is TaskState.EXECUTING for task in self._memory.open_tasks()):
                await self._rest(poll_seconds)
                await self._act()

    def _register(self) -> None:
        for register in (
            self._events.on_entry_signal,
            self._events.on_exit_signal,
            self._events.on_adjustment_signal,
            self._events.on_order_update,
        ):
            register(lambda _event: self._woken.set())
        self._events.on_reconnected(lambda _id: self._woken.set())

    async def _act(self) -> None:
        """Execute the tasks that are due. A failure of the connection or the server is retried in the next round."""
        self._woken.clear()
        try:
            await self._events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=None))
            await self.catch_up()
        except MesoLiveSignalRError as error:
            _log.warning("the connection failed, it is tried again: %s", error)
            self._again.clear()
        except MesoLiveApiException as error:
            _log.warning("the server refused, it is tried again: %s", error)
            self._again.clear()

    async def _rest(self, poll_seconds: float) -> None:
        """Wait until a task is due or an event arrives."""
        due = self.due
        seconds = poll_seconds if due is None else min(poll_seconds, max((due - self._now()).total_seconds(), 0.05))
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def catch_up(self) -> list[Task]:
        """Read the log to its end and execute the tasks that are due; return the tasks that were worked on.

        The call does not wait for orders. Walking orders are processed by a later call, from `due` on.

        Raises
        ------
        MesoLiveSignalRError
            When the connection failed. The next call resolves what was sent.
        MesoLiveApiException
            When the server refused to show the log.
        LogRestoredError
            When the server was restored to a state before what was read.
        """
        pages = await self._reader.read(self._signalled)
        worked = self._one_per_subject(behind=pages > 1)
        for listed in self._memory.open_tasks():
            # An earlier task may have changed this one, or the other tasks under way.
            open_tasks = {task.event_id: task for task in self._memory.open_tasks()}
            task = open_tasks.get(listed.event_id)
            if task is not None and self._is_due(task, list(open_tasks.values())):
                worked.append(await self._carry_out(task, list(open_tasks.values())))
        return worked

    def _one_per_subject(self, *, behind: bool) -> list[Task]:
        """Keep one task per subject and end the others, which an event repeated meanwhile has superseded.

        A task that was started is kept. Otherwise the latest task is kept.

        Parameters
        ----------
        behind
            Whether more was read than one page of the log: then one notice tells of all that end.
        """
        subjects: dict[object, list[Task]] = {}
        for task in self._memory.open_tasks():
            subjects.setdefault(task.subject, []).append(task)
        superseded: list[list[Task]] = []
        for tasks in subjects.values():
            begun = next((task for task in tasks if not task.is_untouched), None)
            kept = begun if begun is not None else tasks[-1]
            superseded.append([task for task in tasks if task.event_id != kept.event_id])
            if len(tasks) > 1 and kept.state is TaskState.WAITING and kept.due is not None:
                self._memory.change(kept, due=None)  # a new scheduled time is a new occasion
        behind = behind or any(len(others) > 1 for others in superseded)
        return self._end_superseded([task for others in superseded for task in others], in_one=behind)

    def _end_superseded(self, tasks: Sequence[Task], *, in_one: bool) -> list[Task]:
        """End superseded tasks, with a notice for each or with one for all of them."""
        note = "the same is being acted on already"
        if not in_one or len(tasks) == 1:
            return [self._end(task, TaskState.SKIPPED, note) for task in tasks]
        own = [task for task in tasks if self._strategies is None or task.strategy_id in self._strategies]
        if own:
            text = f"{TaskState.SKIPPED.value} {len(own)} signals ({note})"
            self._log(Category.OUTCOME, own[-1], text, State=TaskState.SKIPPED.value, Signals=len(own))
        return [self._memory.change(task, state=TaskState.SKIPPED, note=note) for task in tasks]

    def _is_due(self, task: Task, others: Sequence[Task]) -> bool:
        """Whether a task may run now: the tasks of one position run one after another."""
        if task.due is not None and self._now() < task.due:
            return False
        if task.state is TaskState.EXECUTING or task.position_id is None:
            return True
        return not any(
            other.position_id == task.position_id and other.state is TaskState.EXECUTING
            for other in others
            if other.event_id != task.event_id
        )

    # -- reading

    def _signalled(self, signal: Signal) -> None:
        task, text = signal.task, "on" if signal.is_on else "off"
        outside = signal.is_on and not signal.is_due
        when = " outside of its scheduled times" if outside else ""
        why = "" if task.condition is None else f": {task.condition}"
        self._log(Category.SIGNAL, task, f"{text}{when}{why}", State=text, Scheduled=str(not outside).lower())

    async def accept_restored_log(self) -> list[Task]:
        """Accept the gap that a restored backup leaves in the log; return the tasks that end because of it.

        The restored server has lost the open tasks. They end as failed, so none of their calls is sent again. Without a
        gap nothing changes.

        Raises
        ------
        MemoryInUseError
            When another autopilot works with the memory.
        """
        first = await self._reader.first_behind_hole()
        if first is None:
            return []
        with self._memory.claimed():
            ended = [
                self._end(task, TaskState.FAILED, "the server was restored to an earlier state")
                for task in self._memory.open_tasks()
            ]
            self._memory.take([], [], first - 1)
        return ended

    # -- acting

    async def _carry_out(self, task: Task, others: Sequence[Task]) -> Task:
        self._again.pop(task.event_id, None)
        urgent = any(_closes(other, task) for other in others)
        if urgent and task.state is TaskState.WAITING:
            return self._end(task, TaskState.SKIPPED, "the position is to be left")
        refusal = await self._refusal(task)
        if refusal is None and task.is_untouched:
            missed = await self._missed(task)
            if missed is not None:
                return self._end(task, TaskState.SKIPPED, missed)
        if refusal is not None:
            if task.state is TaskState.WAITING and task.step == 0:
                return self._end(task, TaskState.SKIPPED, refusal)
            # The task was started under another configuration: nothing is sent for it, and its state is kept.
            return self._put_off(task, f"left as it is: {refusal}")
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
                    return self._end(task, TaskState.SKIPPED, "the position is closed")
                task = self._try_again(task, str(error))
            except NoPriceError as error:
                return self._put_off(task, str(error))
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
            return self._end(task, TaskState.DONE, "nothing is left to trade")
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
            self._log(
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
            self._log(Category.DECISION, task, f"fill on paper: {prices}", Plan=prepared.ExecPlanId)
        else:
            request = PlanToOrder.of(prepared, task.account, legs, self._now())
            policy = self._policies[task.kind]
            self._log(Category.DECISION, task, f"order by {policy.style.value}", Plan=prepared.ExecPlanId)
        return self._memory.change(
            task, state=TaskState.EXECUTING, request=wire.encode_json(request).decode(), due=None
        )

    async def _not_prepared(self, task: Task, why: str) -> Task:
        """Decide the next step after a preparation without a result (for example, no matching strike)."""
        if task.kind is TaskKind.EXIT or task.step > 0:
            return self._try_again(task, why)
        if await self._preparer.is_scheduled(task) and not self._ignore_schedules:
            return self._end(task, TaskState.SKIPPED, f"{why}; considered anew at the next scheduled time")
        if task.attempt + 1 < ATTEMPTS:
            return self._try_again(task, why)
        return await self._come_to_nothing(task, TaskState.FAILED, why)

    async def _come_to_nothing(self, task: Task, state: TaskState, note: str) -> Task:
        """End a task without any trade. Its signal is raised again at its next scheduled time.

        A signal without a schedule is not raised again. It is retried at the rate of a schedule while it is on.
        """
        ended = self._end(task, state, note)
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
                self._again[task.event_id] = verdict.again
                return task
            case Carried():
                return await self._next_step(task)
            case Ended(filled=True):
                return await self._half_filled(task, plan, verdict, urgent=urgent)
            case Ended():
                return self._unfilled(task, verdict)

    def _unfilled(self, task: Task, ended: Ended) -> Task:
        """Decide the next step after orders that ended without a complete fill."""
        if ended.why is Why.OTHERS:
            return self._end(task, TaskState.FAILED, f"nothing was traded: {ended.text}")
        if task.kind is TaskKind.EXIT or ended.why is Why.OUT_OF_DATE:
            return self._try_again(task, ended.text)
        state = TaskState.FAILED if ended.why is Why.REFUSED else TaskState.UNFILLED
        return self._end(task, state, f"nothing was traded: {ended.text}")

    async def _half_filled(self, task: Task, plan: PlanToOrder, ended: Ended, *, urgent: bool) -> Task:
        why = f"a part of plan {plan.plan} is filled and the rest is not: {ended.text}"
        if urgent and task.kind is not TaskKind.EXIT:
            return self._end(task, TaskState.FAILED, why)  # the exit that waits closes what is held
        policy = self._policies[task.kind]
        if task.kind is TaskKind.EXIT and policy.half_filled is HalfFilled.FINISH and ended.why is not Why.OTHERS:
            return self._try_again(task, why)  # a new plan closes what is still held
        position_id = task.position_id
        if position_id is None:
            args = models.ListPositionsArgs(LiveExecPlanId=plan.plan, Limit=1)
            listed = (await self._control.list_positions(args)).Positions
            if not listed:
                return self._end(task, TaskState.HALF_FILLED, why)
            position_id = listed[0].Id
        self._log(Category.OUTCOME, task, f"HALF FILLED; position {position_id} is left alone from now on: {why}")
        return self._memory.stop(task, position_id, why)

    async def _next_step(self, task: Task) -> Task:
        """Advance a task after one of its steps was executed."""
        steps = 1 if task.kind is not TaskKind.ADJUSTMENT else len(await self._preparer.operations(task))
        if task.step + 1 < steps and not await self._is_closed(task):
            return self._memory.change(
                task, state=TaskState.WAITING, step=task.step + 1, attempt=0, request=None, note=None
            )
        return self._end(task, TaskState.DONE, None)

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
            return self._end(task, TaskState.WITHDRAWN, f"the signal went off; before that: {why}")
        changes: dict[str, Any] = {
            "state": TaskState.WAITING,
            "attempt": task.attempt + 1,
            "request": None,
            "note": why,
        }
        if task.kind is TaskKind.EXIT:
            wait = min(EXIT_AGAIN * 2 ** min(task.attempt, 10), MAX_AGAIN)
            self._log(Category.TROUBLE, task, f"tried again in {wait.total_seconds():.0f} s: {why}")
            self._again[task.event_id] = self._now() + wait
            return self._memory.change(task, **changes, due=self._now() + wait)
        if task.attempt + 1 >= ATTEMPTS:
            return self._end(task, TaskState.FAILED, why)
        return self._memory.change(task, **changes)

    def _put_off(self, task: Task, why: str) -> Task:
        """Leave a task as it is for now."""
        if task.note != why:
            self._log(Category.TROUBLE, task, why)
        return self._memory.change(task, note=why)

    def _end(self, task: Task, state: TaskState, note: str | None) -> Task:
        self._log(Category.OUTCOME, task, f"{state.value}{f' ({note})' if note else ''}", State=state.value)
        return self._memory.change(task, state=state, note=note)

    def _report_plan(self, task: Task, prepared: Prepared) -> None:
        groups: list[str] = []
        for group, quantity in sorted(prepared.LegGroupQtys.items()):
            price = prepared.LegGroupPrices.get(group, models.LivePrices())
            legs = ", ".join(f"{ratio:+f} {name}" for name, ratio in quantity.LegRatios.items() if ratio != 0)
            groups.append(f"group {group}: {quantity.Qty:f} x ({legs}) bid {_shown(price.Bid)} ask {_shown(price.Ask)}")
        self._log(Category.PLAN, task, f"plan {prepared.ExecPlanId}; {'; '.join(groups)}", Plan=prepared.ExecPlanId)

    def _log(
        self,
        category: Category,
        task: Task,
        text: str,
        details: Mapping[str, Decimal | int | str | None] | None = None,
        **more: Decimal | int | str | None,
    ) -> None:
        if self._strategies is None or task.strategy_id in self._strategies:
            self._listener(Notice(self._now(), category, task, text, {**(details or {}), **more}))


def _traded(task: Task, legs: Mapping[str, models.LiveLeg]) -> Mapping[str, models.LiveLeg]:
    """Return legs with the quantities to trade. The legs of an exit arrive with the quantities held."""
    if task.kind is not TaskKind.EXIT:
        return legs
    return {name: msgspec.structs.replace(leg, Qty=-leg.Qty) for name, leg in legs.items()}


def _closes(one: Task, other: Task) -> bool:
    """Whether `one` is an exit of the position that `other` adjusts."""
    return (
        one.kind is TaskKind.EXIT
        and other.kind is TaskKind.ADJUSTMENT
        and one.position_id == other.position_id
        and not one.state.is_final
    )


def _shown(value: Decimal | bool | None) -> str:
    match value:
        case None:
            return "unknown"
        case Decimal():
            return f"{value:f}"
        case _:
            return "true" if value else "false"
