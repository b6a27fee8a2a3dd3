"""Acting on signals: a client loop that can be killed anywhere and started again.

`Autopilot` follows the event log, prepares what a signal asks for, checks that the strategy allows it, and fills it on
paper accounts. Where it stands is in a small SQLite file (`Memory`).
"""

from mesolive_sdk.automation.autopilot import Autopilot
from mesolive_sdk.automation.memory import Memory, Task, TaskKind, TaskState
from mesolive_sdk.automation.policy import NoPriceError, PaperPolicy

__all__ = ["Autopilot", "Memory", "NoPriceError", "PaperPolicy", "Task", "TaskKind", "TaskState"]
