"""First step of a coroutine, run in the current task, which learns whether the coroutine has to wait.

Most calls and sends end without waiting. To run their first step in a task that is there saves a task and a turn of the
event loop each. Whoever runs a first step that has to wait must await the `Rest` in the same task: timeouts and task
groups of the coroutine have bound to that task.

    try:
        waits_for = work.send(None)
    except StopIteration:
        ...  # it has ended
    else:
        await Rest(work, waits_for)
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any


class Rest:
    """What is left of a coroutine after its first step.

    Parameters
    ----------
    work
        The coroutine.
    waits_for
        What its first step waits for.
    context
        What the first step ran in, and the others shall run in; `None` for that of the task.
    """

    __slots__ = ("_context", "_waits_for", "_work")

    def __init__(self, work: Coroutine[Any, Any, None], waits_for: object, context: Context | None = None) -> None:
        self._work = work
        self._waits_for = waits_for
        self._context = context

    def __await__(self) -> Generator[Any, Any, None]:
        work, waits_for, context = self._work, self._waits_for, self._context
        step: Callable[[Any], Any]
        argument: Any
        while True:
            try:
                argument = yield waits_for
                step = work.send
            except BaseException as error:  # noqa: BLE001 - a cancellation above all: the coroutine gets whatever comes
                step, argument = work.throw, error
            try:
                waits_for = step(argument) if context is None else context.run(step, argument)
            except StopIteration:
                return
