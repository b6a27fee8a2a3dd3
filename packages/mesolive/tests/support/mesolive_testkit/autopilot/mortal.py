"""Processes that die in the middle of a call."""

from __future__ import annotations

import inspect
from typing import Any

READING = ("get_", "list_", "tasks", "open_tasks", "intents", "stopped", "claimed", "reason")


class Killed(BaseException):
    """Stands for the end of the process."""


class Mortal:
    """A client or a memory whose process dies before or after its n-th call that changes something.

    Calls that only read are not counted: to die after one of them is to die before the next that changes something.
    """

    def __init__(self, real: Any, calls: list[int], last: int, after: bool) -> None:
        self._real = real
        self._calls = calls
        self._last = last
        self._after = after

    def _count(self) -> bool:
        self._calls[0] += 1
        return self._calls[0] == self._last

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._real, name)
        if not callable(attribute) or name.startswith("_") or name.startswith(READING):
            return attribute
        if inspect.iscoroutinefunction(attribute):

            async def call(*args: Any) -> Any:
                fatal = self._count()
                if fatal and not self._after:
                    raise Killed
                answer = await attribute(*args)
                if fatal:
                    raise Killed
                return answer

            return call

        def plain(*args: Any, **more: Any) -> Any:
            fatal = self._count()
            if fatal and not self._after:
                raise Killed
            answer = attribute(*args, **more)
            if fatal:
                raise Killed
            return answer

        return plain
