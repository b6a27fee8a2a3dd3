"""Supervised background tasks: started by an owner, restarted with back-off, stopped with a deadline, seen in health.

Every task of the server, and of the doubles of brokers, is started here; `asyncio.create_task` is used nowhere else but
in `mesolive.tastytrade_client.tasks`: that client imports nothing of the server. A loop runs until its owner stops it:
one that raises or returns is logged, counted, and started again after a pause. A task with an end is spawned.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar, runtime_checkable

import structlog
from msgspec import Struct

from mesolive.clock import Clock, MonotonicClock

STOP_SECONDS = 10.0
"""How long cancelled tasks may take to end; their owner's stop goes on without those that take longer."""

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class BackOff(Struct, frozen=True):
    """Pauses between attempts: each `factor` times as long as the one before, up to a maximum.

    Attributes
    ----------
    first, longest
        Seconds.
    """

    first: float
    longest: float
    factor: float = 2.0

    def pauses(self) -> Iterator[float]:
        """Yield the pauses in seconds, without end. Ask for a new iterator after a success."""
        pause = self.first
        while True:
            yield pause
            pause = min(pause * self.factor, self.longest)


RESTART = BackOff(first=0.5, longest=30.0)
"""Pauses before a loop that has ended is started again."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """How a loop, or a kind of spawned tasks, is doing.

    Attributes
    ----------
    running
        How many run. 0 for a loop that waits to be started again.
    ended
        Whether a loop has come to the end that it may have.
    turns
        Completed turns of a loop; completed tasks of a kind.
    failures
        How many ended with an error, or unexpectedly.
    turn_age
        Real seconds since the last turn, or since the start where there was none.
    failure_age
        Real seconds since the last failure; `None` without one.
    error
        The type of the last failure's exception: its text may hold a user's data.
    turn_limit
        Real seconds after which a loop without a turn is stuck; `None` for one that waits for events.
    """

    name: str
    running: int
    ended: bool
    turns: int
    failures: int
    turn_age: float
    failure_age: float | None
    error: str | None
    turn_limit: float | None = None

    @property
    def stuck(self) -> bool:
        """Whether a turn is overdue."""
        return self.turn_limit is not None and not self.ended and self.turn_age > self.turn_limit


class Turns:
    """Progress of a loop: its completed turns and its failures."""

    def __init__(self, name: str, pace: Clock, turn_limit: float | None = None) -> None:
        self.name = name
        self.turns = 0
        self.failures = 0
        self.running = 0
        self.ended = False
        self._pace = pace
        self._turn_limit = turn_limit
        self._turned_at = pace.now()
        self._failed_at: datetime | None = None
        self._error: str | None = None

    def turned(self) -> None:
        """Record a completed turn."""
        self.turns += 1
        self._turned_at = self._pace.now()

    def failed(self, error: BaseException | None, event: str = "task_failed") -> None:
        """Report and log a failure; a loop that goes on by itself calls this.

        Parameters
        ----------
        error
            `None` for a loop that returned though it should not.
        event
            The log event.
        """
        self.failures += 1
        self._failed_at = self._pace.now()
        self._error = "returned" if error is None else type(error).__name__
        _log.error(event, task=self.name, failures=self.failures, exc_info=error)

    def state(self) -> TaskState:
        """Return the current state."""
        now = self._pace.now()
        return TaskState(
            name=self.name,
            running=self.running,
            ended=self.ended,
            turns=self.turns,
            failures=self.failures,
            turn_age=(now - self._turned_at).total_seconds(),
            failure_age=None if self._failed_at is None else (now - self._failed_at).total_seconds(),
            error=self._error,
            turn_limit=self._turn_limit,
        )


class Tasks:
    """The tasks of one part of the server.

    Parameters
    ----------
    pace
        Real time: pauses and ages are measured by it. By default the computer's monotonic clock.
    """

    def __init__(self, pace: Clock | None = None) -> None:
        self._pace: Clock = MonotonicClock() if pace is None else pace
        self._loops: dict[str, tuple[Turns, asyncio.Task[None]]] = {}
        self._spawned: set[asyncio.Task[Any]] = set()
        self._kinds: dict[str, Turns] = {}

    # --- loops --------------------------------------------------------------------------------------------------------

    def start_loop(
        self,
        name: str,
        run: Callable[[Turns], Awaitable[None]],
        *,
        back_off: BackOff = RESTART,
        may_return: bool = False,
        turn_limit: float | None = None,
        failed: Callable[[BaseException | None], None] | None = None,
    ) -> None:
        """Run a loop until `stop`.

        Parameters
        ----------
        run
            The loop. It calls `turned` of its argument once a turn.
        back_off
            Pauses before it is started again, from the first one after each turn.
        may_return
            Whether it may end by itself, as the replay of a recording does.
        turn_limit
            Real seconds without a turn after which it counts as stuck.
        failed
            Called after each unexpected end, before the pause.

        Raises
        ------
        RuntimeError
            When the owner runs a loop of this name already.
        """
        if name in self._loops:
            raise RuntimeError(f"the loop {name!r} runs already")
        turns = Turns(name, self._pace, turn_limit)
        work = self._supervise(turns, run, back_off, may_return=may_return, failed=failed)
        self._loops[name] = turns, asyncio.create_task(work, name=name)

    def start_periodic(
        self,
        name: str,
        turn: Callable[[], Awaitable[None]],
        every: float,
        *,
        at_once: bool = False,
        back_off: BackOff = RESTART,
        turn_limit: float | None = None,
    ) -> None:
        """Call `turn` every `every` real seconds until `stop`; a turn that fails is tried again after a pause.

        Parameters
        ----------
        at_once
            Whether the first turn comes without a pause.
        """
        waited = at_once

        async def run(turns: Turns) -> None:
            nonlocal waited
            while True:
                if not waited:
                    await self._pace.sleep(every)
                # A turn that fails is repeated after the back-off alone.
                waited = True
                await turn()
                waited = False
                turns.turned()

        self.start_loop(name, run, back_off=back_off, turn_limit=turn_limit)

    async def _supervise(
        self,
        turns: Turns,
        run: Callable[[Turns], Awaitable[None]],
        back_off: BackOff,
        *,
        may_return: bool,
        failed: Callable[[BaseException | None], None] | None,
    ) -> None:
        pauses = back_off.pauses()
        while True:
            before = turns.turns
            turns.running = 1
            error: Exception | None = None
            try:
                await run(turns)
                if may_return:
                    turns.ended = True
                    return
            except Exception as problem:  # noqa: BLE001 - whatever a loop raises, its work goes on; `failed` logs the trace
                error = problem
            finally:
                turns.running = 0
            turns.failed(error)
            if failed is not None:
                failed(error)
            if turns.turns > before:
                pauses = back_off.pauses()
            await self._pace.sleep(next(pauses))
            _log.info("task_restarted", task=turns.name)

    # --- tasks with an end --------------------------------------------------------------------------------------------

    def spawn(
        self,
        kind: str,
        work: Coroutine[Any, Any, T],
        *,
        detail: object = None,
        expected: type[BaseException] | tuple[type[BaseException], ...] = (),
    ) -> asyncio.Task[T]:
        """Run work with an end beside its caller, and return its task.

        Parameters
        ----------
        kind
            The kind of work; health and metrics show it.
        detail
            Which one of the kind, for the name of the task.
        expected
            Exception types that are results for the caller that awaits the task, not failures.
        """
        turns = self._kinds.get(kind)
        if turns is None:
            turns = self._kinds[kind] = Turns(kind, self._pace)
        turns.running += 1
        task = asyncio.create_task(work, name=kind if detail is None else f"{kind} {detail}")
        self._spawned.add(task)

        def ended(task: asyncio.Task[T]) -> None:
            self._spawned.discard(task)
            turns.running -= 1
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, expected):
                turns.failed(error)
            else:
                turns.turned()

        task.add_done_callback(ended)
        return task

    async def join(self) -> None:
        """Wait until no spawned task runs, those included that are spawned meanwhile."""
        while self._spawned:
            await asyncio.wait(set(self._spawned))

    # --- the end ------------------------------------------------------------------------------------------------------

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Cancel everything and wait for it to end; safe to call twice, and loops may be started again afterwards.

        Parameters
        ----------
        seconds
            The deadline. Tasks that go on are named in the log and left to themselves.
        """
        own = asyncio.current_task()
        tasks = [task for _, task in self._loops.values()] + list(self._spawned)
        tasks = [task for task in tasks if task is not own]
        self._loops.clear()
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        if late:
            _log.error("tasks_not_stopped", tasks=sorted(task.get_name() for task in late), seconds=seconds)

    def states(self) -> list[TaskState]:
        """Return how each loop and each kind of spawned tasks is doing."""
        return [turns.state() for turns, _ in self._loops.values()] + [kind.state() for kind in self._kinds.values()]


@runtime_checkable
class OwnsTasks(Protocol):
    """A part of the server that owns tasks."""

    @property
    def tasks(self) -> Tasks:
        """Its tasks."""
        ...


class TaskRegistry:
    """The tasks of all parts, for health and metrics."""

    def __init__(self) -> None:
        self._owners: list[Tasks] = []

    def watch(self, *parts: object) -> None:
        """Add the tasks of those parts that own some."""
        self._owners += [part.tasks for part in parts if isinstance(part, OwnsTasks)]

    def unwatch(self, *parts: object) -> None:
        """Leave out the tasks of parts that were stopped."""
        gone = [part.tasks for part in parts if isinstance(part, OwnsTasks)]
        self._owners = [owner for owner in self._owners if not any(owner is item for item in gone)]

    def states(self) -> dict[str, TaskState]:
        """Return all tasks by their name; two parts with the same name get a number behind it."""
        states: dict[str, TaskState] = {}
        seen: Counter[str] = Counter()
        for owner in self._owners:
            for state in owner.states():
                seen[state.name] += 1
                number = seen[state.name]
                states[state.name if number == 1 else f"{state.name} {number}"] = state
        return states


async def until_first(*work: Coroutine[Any, Any, object]) -> None:
    """Run coroutines side by side until the first one ends, then cancel the others and wait for them.

    Raises
    ------
    Exception
        What the first one raised.
    """
    tasks = [asyncio.create_task(item) for item in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
