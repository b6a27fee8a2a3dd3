"""Autopilot notices: one log line or JSON object per signal, decision, plan, order, fill and outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mesolive_sdk.automation.tasks import Task


class Category(StrEnum):
    """The kind of a notice."""

    SIGNAL = "signal"
    DECISION = "decision"
    PLAN = "plan"
    ORDER = "order"
    FILL = "fill"
    OUTCOME = "outcome"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Notice:
    """One signal, decision or action of an autopilot.

    Attributes
    ----------
    task
        The signal that it belongs to.
    text
        A description as text.
    details
        The same as structured values, for scripts.
    """

    at: datetime
    category: Category
    task: Task
    text: str
    details: Mapping[str, Decimal | int | str | None] = field(default_factory=dict[str, "Decimal | int | str | None"])

    @property
    def line(self) -> str:
        """The notice as one line of text."""
        task = self.task
        position = "" if task.position_id is None else f" position {task.position_id}"
        where = f"{task.kind.value} {task.strategy_id} {task.account}{position}"
        return f"{self.at:%Y-%m-%d %H:%M:%S}Z {self.category.value:<8} {where}: {self.text}"

    @property
    def values(self) -> dict[str, object]:
        """The notice as an object for JSON."""
        task = self.task
        values: dict[str, object] = {
            "At": self.at.isoformat(),
            "What": self.category.value,
            "Signal": task.kind.value,
            "EventId": task.event_id,
            "StrategyId": task.strategy_id,
            "StrategyName": task.strategy_name,
            "Account": task.account,
            "PositionId": task.position_id,
            "Condition": task.condition,
            "Text": self.text,
        }
        values.update(self.details)
        return values


Listener = Callable[[Notice], object]
"""Hears notices as they come."""


class Notices:
    """Tells a listener about the strategies that are executed.

    Parameters
    ----------
    listener
        Called with each notice.
    strategies
        Those whose notices are shown; `None` for all.
    now
        The time of a notice.
    """

    def __init__(self, listener: Listener, strategies: Collection[int] | None, now: Callable[[], datetime]) -> None:
        self._listener = listener
        self._strategies = strategies
        self._now = now

    def log(
        self,
        category: Category,
        task: Task,
        text: str,
        details: Mapping[str, Decimal | int | str | None] | None = None,
        **more: Decimal | int | str | None,
    ) -> None:
        """Tell of something that happened to a task."""
        if self._strategies is None or task.strategy_id in self._strategies:
            self._listener(Notice(self._now(), category, task, text, {**(details or {}), **more}))
