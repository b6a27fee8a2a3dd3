"""Acting on signals: a client loop that can be killed anywhere and started again.

`Autopilot` follows the event log, prepares what a signal asks for, checks that the strategy allows it, and carries it
out: by fills on paper accounts, by orders on others that it is told to trade (`Orders`, `OrderPolicy`). Where it stands
is in a small SQLite file (`Memory`). What it does and why it tells as `Notice`s.
"""

from mesolive_sdk.automation.autopilot import POLICIES, Autopilot, Orders
from mesolive_sdk.automation.log import LogRestoredError
from mesolive_sdk.automation.memory import Memory, MemoryInUseError, Task, TaskKind, TaskState
from mesolive_sdk.automation.notices import Notice, What
from mesolive_sdk.automation.policy import PAPER_COMMISSION, NoPriceError, PaperPolicy
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
    "What",
]
