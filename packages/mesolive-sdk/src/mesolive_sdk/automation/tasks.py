"""Records of the autopilot: tasks made of signals, and intents of calls about orders."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from mesolive_sdk.automation.walking import PriceStep

SCHEDULE_STEP = timedelta(minutes=5)
"""Minutes of schedules are multiples of this, and a scheduled time stays due for as long."""


NOT_SENT = "NotSent"
"""Code of an order that ended before it was written to the venue: too late, or the venue was not ready for it."""


OUT_OF_HOURS = "OutsideTradingHours"
"""Code of the refusal of an order while its option class takes none."""


class TaskKind(enum.Enum):
    """What a signal asks for."""

    ENTRY = "entry"
    EXIT = "exit"
    ADJUSTMENT = "adjustment"


class TaskState(enum.Enum):
    """The state of a task. `Executing` may have been sent: its outcome is resolved before any other step."""

    WAITING = "waiting"
    EXECUTING = "executing"
    DONE = "done"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
    UNFILLED = "unfilled"
    """Ordered, not filled, cancelled: nothing was traded."""
    HALF_FILLED = "half filled"
    """A part was traded, and the rest could not be: the user has to act."""
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether the task is complete."""
        return self not in {TaskState.WAITING, TaskState.EXECUTING}

    @property
    def needs_somebody(self) -> bool:
        """Whether the task needs attention by a user."""
        return self in {TaskState.HALF_FILLED, TaskState.FAILED}


@dataclass(frozen=True, slots=True)
class Task:
    """One signal and its processing state.

    Attributes
    ----------
    event_id, seq, at
        The event that began the signal.
    position_id, condition
        The position and the condition; `None` for an entry.
    step, attempt
        The index of the adjustment's operation, and the number of the attempt.
    request
        The execution's arguments as JSON, once they are fixed.
    note
        The outcome, as text.
    due
        The earliest time of the next attempt; `None` for at once.
    went_off
        Whether the signal ended after the task had started. Then no new attempt is made.
    """

    event_id: str
    seq: int
    kind: TaskKind
    strategy_id: int
    strategy_name: str
    account: str
    position_id: int | None
    condition: str | None
    at: datetime
    state: TaskState = TaskState.WAITING
    step: int = 0
    attempt: int = 0
    request: str | None = None
    note: str | None = None
    due: datetime | None = None
    went_off: bool = False

    @property
    def scheduled_at(self) -> datetime:
        """The scheduled time of the signal. Schedules have steps of five minutes."""
        return self.at - (self.at - self.at.min.replace(tzinfo=self.at.tzinfo)) % SCHEDULE_STEP

    @property
    def position_name(self) -> str:
        """The name of the position that an entry opens."""
        return f"{self.strategy_name[:100]} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_untouched(self) -> bool:
        """Whether the task has not been started yet."""
        return self.state is TaskState.WAITING and self.step == 0 and self.attempt == 0 and self.note is None

    @property
    def subject(self) -> tuple[TaskKind, int, str, int | None, str | None]:
        """The subject of the signal. Each subject has one signal state, on or off."""
        return self.kind, self.strategy_id, self.account, self.position_id, self.condition

    def key(self, what: str) -> str:
        """Return the idempotency key of a call for this attempt: the same after a restart."""
        return f"autopilot:{self.event_id}:{what}{self.step}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an order was rejected.

    Attributes
    ----------
    code
        The code of the party that rejected it; `None` where it gave none.
    """

    reason: str
    code: str | None = None

    @property
    def was_not_sent(self) -> bool:
        """Whether the order certainly never reached the venue: the same may be sent anew."""
        return self.code == NOT_SENT


class IntentKind(enum.Enum):
    """The kind of a call to the server."""

    SEND = "send"
    CANCEL = "cancel"


class IntentOutcome(enum.Enum):
    """The outcome of a call."""

    TAKEN = "taken"
    """The server has it."""
    PUT_OFF = "put off"
    """It was refused for a reason that passes."""
    REFUSED = "refused"
    """It was refused, and would be again."""
    OUT_OF_HOURS = "out of hours"
    """It was refused because the option class takes no orders now."""
    OUT_OF_DATE = "out of date"
    """It was refused because the plan does not fit any more."""
    NEVER_SENT = "never sent"
    """It did not arrive, and is too old to be sent now."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One call about an order, noted before it is made.

    Attributes
    ----------
    event_id, step, attempt, group, number
        The call's place: task, leg group and number.
    price_step
        The intended order; for a cancel, its time and its stage.
    request
        The call's arguments as JSON.
    order_id
        The id of the resulting order, or of the order to cancel.
    outcome
        The outcome; `None` while it is unknown.
    """

    event_id: str
    step: int
    attempt: int
    group: int
    number: int
    kind: IntentKind
    key: str
    price_step: PriceStep
    request: str
    order_id: int | None = None
    outcome: IntentOutcome | None = None
    note: str | None = None
