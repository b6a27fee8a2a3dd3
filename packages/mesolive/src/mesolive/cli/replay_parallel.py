"""Replays of several strategies, each in a process of its own: the output of each, in the order of the options.

A strategy's days follow from each other, for positions are carried over the night; so strategies run side by side, and
days do not. Each process runs the command for one strategy and hands back what it wrote: the output is the same
whatever the number of processes.
"""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import typer
from typer.exceptions import TyperException

from mesolive.cli.failures import failure_of
from mesolive.cli.text import echo

MAX_PROCESSES = 64


class Written(NamedTuple):
    """What a replay wrote, and its exit status."""

    output: str
    errors: str
    status: int


def replay_each(strategies: Sequence[Path], arguments: Mapping[str, Any], processes: int) -> int:
    """Replay strategies in processes of their own, print the output of each, and return the worst exit status.

    Parameters
    ----------
    strategies
        The definitions' files; with `--out` the files of each go into a folder that is named like it.
    arguments
        The command's other arguments.
    processes
        How many run at the same time.
    """
    folder: Path | None = arguments["out"]
    if folder is not None and len({path.stem for path in strategies}) < len(strategies):
        raise typer.BadParameter("two files have the same name, and so the same folder", param_hint="--strategy")
    each = [
        {**arguments, "strategy": [path], "processes": 1, "out": None if folder is None else folder / path.stem}
        for path in strategies
    ]
    worst = 0
    # A fresh interpreter: a forked one would share this one's threads and locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(each)), mp_context=context) as pool:
        for place, written in enumerate(pool.map(_replay, each)):
            typer.echo(("\n" if place else "") + written.output, nl=False)
            typer.echo(written.errors, nl=False, err=True)
            worst = max(worst, written.status)
    return worst


def _replay(arguments: Mapping[str, Any]) -> Written:
    """Run the command for one strategy, in its process."""
    from mesolive.cli.replay import replay_command  # noqa: PLC0415 - that module imports this one

    output, errors, status = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(output), redirect_stderr(errors):
        try:
            replay_command(**arguments)
        except typer.Exit as ended:
            status = ended.exit_code
        except TyperException as refused:
            echo(f"mesolive: {refused.format_message()}", err=True)
            status = refused.exit_code
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            echo(f"mesolive: {failure[0]}", err=True)
            status = failure[1]
    return Written(output.getvalue(), errors.getvalue(), status)
