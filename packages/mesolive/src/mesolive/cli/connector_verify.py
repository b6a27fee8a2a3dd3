"""`mesolive connector verify`: walk a checklist at the broker's test system, and write a report."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import mesolive
from mesolive.cli.connector_settings import Given, SecretFile, setting_pairs, settings_secrets
from mesolive.cli.text import echo

if TYPE_CHECKING:  # imported where they are used: other commands need no connector, and start fast
    from mesolive.connectors.kinds import ConnectorKind
    from mesolive.connectors.settings_model import ConnectorSettings
    from mesolive.connectors.verification import Checklist, Step


def verify(
    kind: Annotated[str, typer.Argument(help="The kind, as `mesolive connector kinds` lists it.")],
    given: Given = None,
    secrets_file: SecretFile = None,
    path: Annotated[Path | None, typer.Option("--report", help="The report. [default: KIND-verification.md]")] = None,
    fill: Annotated[
        bool | None,
        typer.Option("--fill/--no-fill", help="Whether one contract may be bought and sold again. [default: asks]"),
    ] = None,
    overnight: Annotated[
        bool,
        typer.Option(
            "--overnight",
            help="Leave an order that rests and, with --fill, options that expire today, until a run with --resume.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Look only at what an earlier run has left, by its report; add to it.")
    ] = False,
) -> None:
    """Verify a connector at the broker's test system, with orders of one contract.

    It needs no server, and refuses accounts of real money. Status 1: a step failed.
    """
    from mesolive.connectors.protocol import ConnectorError  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.registry import KINDS  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.settings_model import (  # noqa: PLC0415 - loaded when it runs
        ConnectorSettingsError,
        known_fields,
        read_settings,
    )
    from mesolive.connectors.verification import (  # noqa: PLC0415 - loaded when it runs
        OvernightChecklist,
        StepOutcome,
        report,
    )

    known = KINDS.get(kind)
    if known is None or known.verify is None:
        kinds = " or ".join(name for name, item in KINDS.items() if item.verify is not None)
        raise typer.BadParameter(f"expected {kinds}, got {kind!r}", param_hint="KIND")
    file = path or Path(f"{kind}-verification.md")
    earlier, overnight_state = _earlier(file, resume=resume, overnight=overnight)
    secrets = [field.name for field in known_fields(known.settings) if field.secret]
    values = setting_pairs(given) | settings_secrets(secrets, secrets_file)
    try:
        settings = read_settings(known.settings, values)
        if fill is None and not resume:
            question = "May orders of one contract be filled on the test account, and closed again?"
            fill = sys.stdin.isatty() and typer.confirm(question, default=True)
        steps, checklist = asyncio.run(
            _walk(known, settings, fill=bool(fill), overnight=overnight, overnight_state=overnight_state)
        )
    except (ConnectorSettingsError, ConnectorError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    left = checklist.overnight_state if isinstance(checklist, OvernightChecklist) else None
    text = report(kind, mesolive.__version__, steps, checklist.messages, overnight_state=left, earlier=earlier)
    file.write_text(text, encoding="utf-8")
    failed = sum(step.outcome is StepOutcome.FAILED for step in steps)
    echo(f"{len(steps)} steps, {failed} failed. The report, without secrets and account numbers: {file}")
    if left is not None:
        echo("Something was left for another day: run this again then, with --resume and the same report.")
    if failed:
        sys.exit(1)


def _earlier(file: Path, *, resume: bool, overnight: bool) -> tuple[str, Mapping[str, Any] | None]:
    """Return the text of the earlier report that is gone on with, and what it has left; nothing without `resume`."""
    from mesolive.connectors.verification import overnight_state_in  # noqa: PLC0415 - loaded when it runs

    if resume and overnight:
        raise typer.BadParameter("expected one of --overnight and --resume", param_hint="--resume")
    try:
        text = file.read_text(encoding="utf-8") if resume or file.exists() else ""
        overnight_state = overnight_state_in(text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}", param_hint="--report") from None
    if resume and overnight_state is None:
        raise typer.BadParameter(f"{file} has nothing that was left for another day", param_hint="--report")
    if not resume and overnight_state is not None:
        # To write over it would be to forget an order that rests.
        raise typer.BadParameter(
            f"{file} has something that was left for another day: add --resume, or name another file",
            param_hint="--report",
        )
    return (text, overnight_state) if resume else ("", None)


async def _walk(
    kind: ConnectorKind,
    settings: ConnectorSettings,
    *,
    fill: bool,
    overnight: bool,
    overnight_state: Mapping[str, Any] | None,
) -> tuple[list[Step], Checklist]:
    from mesolive.clock import WallClock  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.protocol import ConnectorRequest  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.verification import OvernightChecklist  # noqa: PLC0415 - loaded when it runs
    from mesolive.market.calendar import us_options_calendar  # noqa: PLC0415 - loaded when it runs

    assert kind.verify is not None  # noqa: S101 - the caller has looked
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="mesolive-verify-") as folder:
        request = ConnectorRequest("verification", settings, Path(folder), WallClock(), us_options_calendar())
        checklist = kind.verify(request, fill)
        if isinstance(checklist, OvernightChecklist):
            if overnight_state is not None:
                checklist.resume(overnight_state)
            elif overnight:
                checklist.leave_overnight()
        elif overnight or overnight_state is not None:
            raise typer.BadParameter(f"the checklist of {kind.name} has no step that needs a night", param_hint="KIND")
        async with aclosing(checklist.walk()) as walked:
            async for step in walked:
                steps.append(step)
                echo(f"{step.outcome.value:8} {step.title}{f': {step.detail}' if step.detail else ''}")
                if step.remedy:
                    echo(f"{'':8} {step.remedy}")
    return steps, checklist
