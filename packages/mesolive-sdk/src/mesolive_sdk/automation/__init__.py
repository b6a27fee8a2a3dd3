"""Autopilot: trades strategy signals automatically, safe to kill and restart at any point.

`Autopilot` follows the event log, prepares what a signal asks for, checks that the strategy allows it, and carries it
out: by fills on paper accounts, by orders on the other accounts that are enabled (`Orders`, `OrderPolicy`). A small
SQLite file holds its state (`Memory`). Each action is reported as a `Notice`.
"""

from mesolive_sdk.automation.autopilot import Autopilot
from mesolive_sdk.automation.execution import POLICIES, Orders
from mesolive_sdk.automation.log import LogRestoredError
from mesolive_sdk.automation.memory import Memory, MemoryInUseError
from mesolive_sdk.automation.notices import Category, Notice
from mesolive_sdk.automation.policy import PAPER_COMMISSION, NoPriceError, PaperPolicy
from mesolive_sdk.automation.tasks import Task, TaskKind, TaskState
from mesolive_sdk.automation.walking import AtEnd, HalfFilled, OrderPolicy, Style

__all__ = [
    "PAPER_COMMISSION",
    "POLICIES",
    "AtEnd",
    "Autopilot",
    "HalfFilled",
    "LogRestoredError",
    "Memory",
    "MemoryInUseError",
    "NoPriceError",
    "Notice",
    "OrderPolicy",
    "Orders",
    "PaperPolicy",
    "Style",
    "Task",
    "TaskKind",
    "TaskState",
    "Category",
]
