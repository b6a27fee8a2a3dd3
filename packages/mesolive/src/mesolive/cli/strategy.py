"""`mesolive strategy`: check strategy definitions before they trade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mesolive.language import check_definition

strategy_app = typer.Typer(no_args_is_help=True)


@strategy_app.callback()
def commands() -> None:
    """Check strategy definitions before they trade."""


@strategy_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The definition, JSON.", exists=True, dir_okay=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Say everything that is wrong with a definition. Status 0: it can run; 1: it cannot."""
    report = check_definition(file.read_bytes())
    if as_json:
        found = [
            {
                "Path": problem.path,
                "Severity": problem.severity.value,
                "Message": problem.message,
                "Expected": problem.expected,
                "Found": problem.found,
            }
            for problem in (*report.problems, *report.warnings)
        ]
        typer.echo(json.dumps(found, indent=2))
    else:
        console = Console(highlight=False, markup=False, soft_wrap=True)
        for problem in (*report.problems, *report.warnings):
            console.print(f"{problem.severity.value}: {problem}")
        console.print("it cannot run" if report.problems else "it can run")
    raise typer.Exit(1 if report.problems else 0)
