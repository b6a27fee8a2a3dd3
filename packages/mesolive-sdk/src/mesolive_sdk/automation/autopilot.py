"""The autopilot loop: reads the event log and executes each signal at most once, also across restarts.

What makes a restart safe: the cursor and the signals behind it are stored together, keys follow from the event's id,
and `execution` stores what it sends before. Announced events only wake the loop, which then reads the log.

Paper accounts are filled at once. On other accounts a plan is carried out by orders (`orders.OrderRunner`), which takes
its time: nothing waits for it, each round of the loop does what is due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from mesolive_sdk import models
from mesolive_sdk.automation.execution import Orders, TaskExecutor
from mesolive_sdk.automation.log import LogReader, Signal
from mesolive_sdk.automation.memory import Memory
from mesolive_sdk.automation.notices import Category, Listener, Notices
from mesolive_sdk.automation.policy import PaperPolicy
from mesolive_sdk.automation.tasks import Task, TaskState
from mesolive_sdk.clients import MesoLiveControlHubClient, MesoLiveEventHubClient
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError

POLL_SECONDS = 15.0
"""How often the log is read without being woken."""

_log = logging.getLogger(__name__)


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
        self._events = events
        self._memory = memory
        self._reader = LogReader(events, memory, ignore_schedules=ignore_schedules)
        self._strategies = strategies
        self._now = now
        tell: Listener = listener if listener is not None else lambda notice: _log.info("%s", notice.line)
        self._notices = Notices(tell, strategies, now)
        self._executor = TaskExecutor(
            control,
            events,
            memory,
            self._notices,
            policy=policy if policy is not None else PaperPolicy(),
            strategies=strategies,
            accounts=accounts,
            orders=orders,
            ignore_schedules=ignore_schedules,
            now=now,
        )
        self._woken = asyncio.Event()

    @property
    def due(self) -> datetime | None:
        """When the next step is due without any event; `None` for never."""
        again = self._executor.again
        moments = [again[task.event_id] for task in self._memory.open_tasks() if task.event_id in again]
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
            self._executor.again.clear()
        except MesoLiveApiException as error:
            _log.warning("the server refused, it is tried again: %s", error)
            self._executor.again.clear()

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
                worked.append(await self._executor.carry_out(task, list(open_tasks.values())))
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
            current = begun if begun is not None else tasks[-1]
            superseded.append([task for task in tasks if task.event_id != current.event_id])
            if len(tasks) > 1 and current.state is TaskState.WAITING and current.due is not None:
                self._memory.change(current, due=None)  # a new scheduled time is a new occasion
        behind = behind or any(len(others) > 1 for others in superseded)
        return self._end_superseded([task for others in superseded for task in others], in_one=behind)

    def _end_superseded(self, tasks: Sequence[Task], *, in_one: bool) -> list[Task]:
        """End superseded tasks, with a notice for each or with one for all of them."""
        note = "the same is being acted on already"
        if not in_one or len(tasks) == 1:
            return [self._executor.end(task, TaskState.SKIPPED, note) for task in tasks]
        own = [task for task in tasks if self._strategies is None or task.strategy_id in self._strategies]
        if own:
            text = f"{TaskState.SKIPPED.value} {len(own)} signals ({note})"
            self._notices.log(Category.OUTCOME, own[-1], text, State=TaskState.SKIPPED.value, Signals=len(own))
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
        self._notices.log(Category.SIGNAL, task, f"{text}{when}{why}", State=text, Scheduled=str(not outside).lower())

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
                self._executor.end(task, TaskState.FAILED, "the server was restored to an earlier state")
                for task in self._memory.open_tasks()
            ]
            self._memory.take([], [], first - 1)
        return ended

    def refusal_of(self, account: models.LiveAccount) -> str | None:
        """Return why an account is not traded, or `None`."""
        return self._executor.refusal_of(account)
