"""`mesolive connector verify`: walk a checklist at the broker's test system, and write a report."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
) -> None:
    """Try everything that a connector does, with orders of one contract, at the broker's test system.

    It needs no server, and refuses accounts of real money. Status 1: a step failed.
    """
    from mesolive.connectors.protocol import ConnectorError  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.registry import KINDS  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.settings_model import (  # noqa: PLC0415 - loaded when it runs
        ConnectorSettingsError,
        known_fields,
        read_settings,
    )
    from mesolive.connectors.verification import StepOutcome, report  # noqa: PLC0415 - loaded when it runs

    known = KINDS.get(kind)
    if known is None or known.verify is None:
        kinds = " or ".join(name for name, item in KINDS.items() if item.verify is not None)
        raise typer.BadParameter(f"expected {kinds}, got {kind!r}", param_hint="KIND")
    secrets = [field.name for field in known_fields(known.settings) if field.secret]
    values = setting_pairs(given) | settings_secrets(secrets, secrets_file)
    try:
        settings = read_settings(known.settings, values)
        if fill is None:
            question = "May orders of one contract be filled on the test account, and closed again?"
            fill = sys.stdin.isatty() and typer.confirm(question, default=True)
        steps, checklist = asyncio.run(_walk(known, settings, fill=bool(fill)))
    except (ConnectorSettingsError, ConnectorError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    file = path or Path(f"{kind}-verification.md")
    file.write_text(report(kind, mesolive.__version__, steps, checklist.messages), encoding="utf-8")
    failed = sum(step.outcome is StepOutcome.FAILED for step in steps)
    echo(f"{len(steps)} steps, {failed} failed. The report, without secrets and account numbers: {file}")
    if failed:
        sys.exit(1)


async def _walk(kind: ConnectorKind, settings: ConnectorSettings, *, fill: bool) -> tuple[list[Step], Checklist]:
    from mesolive.clock import WallClock  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.protocol import ConnectorRequest  # noqa: PLC0415 - loaded when it runs
    from mesolive.market.calendar import us_options_calendar  # noqa: PLC0415 - loaded when it runs

    assert kind.verify is not None  # noqa: S101 - the caller has looked
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="mesolive-verify-") as folder:
        request = ConnectorRequest("verification", settings, Path(folder), WallClock(), us_options_calendar())
        checklist = kind.verify(request, fill)
        async with aclosing(checklist.walk()) as walked:
            async for step in walked:
                steps.append(step)
                echo(f"{step.outcome.value:8} {step.title}{f': {step.detail}' if step.detail else ''}")
                if step.remedy:
                    echo(f"{'':8} {step.remedy}")
    return steps, checklist
