"""Verification of a connector: a checklist walked at the broker's test system, and a report that can be sent on.

`mesolive connector verify KIND` runs it beside the server, with a connector of its own. Each step says what it looked
at, and a step that fails does not end the walk unless the others depend on it. The report has every message that was
recorded, without secrets and with accounts renamed.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeAlias, cast, runtime_checkable

from msgspec import Struct

from mesolive.connectors.protocol import ConnectorRequest

MAX_MESSAGES: Final = 5000
MAX_MESSAGE_CHARACTERS: Final = 20_000
HIDDEN: Final = "***"
LEFT: Final = "## Left for another day"
WAS_LEFT: Final = "## What was left for another day"
OVERNIGHT_STATE: Final = re.compile(rf"^{LEFT}\n\n```json\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


class StepOutcome(enum.Enum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It could not be tried: the market is closed, or a step before it failed."""


class Step(Struct, frozen=True):
    """One step of a checklist.

    Attributes
    ----------
    title
        What was looked at, as a statement that is true when the step has passed.
    detail
        What was found.
    remedy
        What to do where it has failed, as one imperative sentence; empty where nothing is known.
    """

    title: str
    outcome: StepOutcome
    detail: str = ""
    remedy: str = ""


class Checklist(Protocol):
    """A checklist of one kind of connector."""

    @property
    def messages(self) -> Sequence[str]:
        """What was exchanged with the broker so far, as `MessageRecorder` kept it."""
        ...

    def walk(self) -> AsyncGenerator[Step]:
        """Walk the steps in their order, and yield each as it ends; everything is released at the end."""
        ...


@runtime_checkable
class OvernightChecklist(Checklist, Protocol):
    """A checklist with steps that begin in one walk and end in another, on a later day."""

    @property
    def overnight_state(self) -> Mapping[str, Any] | None:
        """What a later walk needs, as JSON, account numbers aside; `None` when nothing was left."""
        ...

    def leave_overnight(self) -> None:
        """Let the walk leave what is to pass a night."""
        ...

    def resume(self, overnight_state: Mapping[str, Any]) -> None:
        """Let the walk look at what an earlier one has left; raises `ConnectorError` when it cannot be read."""
        ...


Verify: TypeAlias = Callable[[ConnectorRequest, bool], Checklist]
"""Makes the checklist of a kind, and receives whether orders may be filled.

It raises `ConnectorError` for settings of an account of real money.
"""


class MessageRecorder:
    """Keeps messages in their order, without secrets and with accounts renamed.

    Parameters
    ----------
    secrets
        Texts that are replaced wherever they stand.
    hidden_fields
        Names of JSON fields whose values are left out.
    """

    def __init__(self, secrets: Iterable[str], hidden_fields: Sequence[str] = ()) -> None:
        self.messages: list[str] = []
        self._secrets = [text for text in secrets if text]
        names = "|".join(map(re.escape, hidden_fields))
        self._fields = re.compile(rf'("(?:{names})"\s*:\s*)"[^"]*"') if names else None
        self._accounts: dict[str, str] = {}

    def rename(self, accounts: Iterable[str]) -> None:
        """Write `ACCOUNT-1` and so on in place of accounts, in what was recorded, too."""
        for account in accounts:
            self._accounts.setdefault(account, f"ACCOUNT-{len(self._accounts) + 1}")
        self.messages = [self.clean(text) for text in self.messages]

    def record(self, text: str) -> None:
        """Keep a message; those beyond `MAX_MESSAGES` are dropped."""
        if len(self.messages) < MAX_MESSAGES:
            self.messages.append(self.clean(text[:MAX_MESSAGE_CHARACTERS]))

    def clean(self, text: str) -> str:
        """Return a text without secrets and accounts."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        if self._fields is not None:
            text = self._fields.sub(rf'\1"{HIDDEN}"', text)
        # The longer first: one account's number may begin another's.
        for account in sorted(self._accounts, key=len, reverse=True):
            text = text.replace(account, self._accounts[account])
        return text


def report(
    kind: str,
    version: str,
    steps: Sequence[Step],
    messages: Sequence[str],
    at: datetime | None = None,
    *,
    overnight_state: Mapping[str, Any] | None = None,
    earlier: str = "",
) -> str:
    """Return the report as Markdown: the steps as a table, what is left for another day, then the messages.

    Parameters
    ----------
    overnight_state
        What a later walk needs.
    earlier
        The report of the walk that this one has gone on with: it follows.
    """
    moment = at or datetime.now(UTC)
    failed = sum(step.outcome is StepOutcome.FAILED for step in steps)
    lines = [
        f"# Verification of the connector `{kind}`",
        "",
        f"mesolive {version}, {moment:%Y-%m-%d %H:%M} UTC. {len(steps)} steps, {failed} failed.",
        "",
        "| expected | verdict | came | what to do |",
        "|---|---|---|---|",
        *(
            f"| {_cell(step.title)} | {step.outcome.value} | {_cell(step.detail)} | {_cell(step.remedy)} |"
            for step in steps
        ),
        "",
        *([] if overnight_state is None else [LEFT, "", "```json", json.dumps(overnight_state, indent=1), "```", ""]),
        f"## Messages ({len(messages)})",
        "",
        "```",
        *(text.replace("```", "'''") for text in messages),
        "```",
        "",
        *([] if not earlier else ["---", "", earlier.replace(LEFT, WAS_LEFT, 1)]),
    ]
    return "\n".join(lines)


def overnight_state_in(text: str) -> Mapping[str, Any] | None:
    """Return what a report has left for another day; `None` when it has nothing.

    Raises
    ------
    ValueError
        When that part of it is no JSON object.
    """
    match = OVERNIGHT_STATE.search(text)
    if match is None:
        return None
    value: object = json.loads(match[1])
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")  # noqa: TRY004 - of a text, not of a type
    return cast("Mapping[str, Any]", value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
