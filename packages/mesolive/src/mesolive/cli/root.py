"""Root of the command line: registers every command, and maps errors to messages and exit statuses."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from mesolive import __version__
from mesolive.cli.failures import failure_of
from mesolive.cli.lazy import LazyCommands
from mesolive.cli.text import echo, replace_what_cannot_be_encoded
from mesolive_sdk.display import visible

app = typer.Typer(
    name="mesolive",
    help="MesoLive, open: a self-hosted options-trading automation server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Without Rich, which would take longer to import than everything else that the help page needs.
    rich_markup_mode=None,
    cls=LazyCommands,
)


def _show_version(asked: bool) -> None:
    if asked:
        echo(f"mesolive {__version__}")
        raise typer.Exit


VersionFlag = Annotated[
    bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
]


@app.callback()
def commands(version: VersionFlag = False) -> None:  # noqa: ARG001 - its callback does all
    """MesoLive, open: a self-hosted options-trading automation server."""
    # The command's module is loaded by now. What it did not import cannot log.
    if "structlog" in sys.modules:
        from mesolive.logs import log_to_stderr  # noqa: PLC0415 - loads structlog

        log_to_stderr()


def main() -> None:
    """Run the command; errors of use and of the environment end in one clear line and status 2 or 1."""
    replace_what_cannot_be_encoded()
    try:
        # Not in standalone mode, in which Typer draws a box around usage errors.
        ended = app(standalone_mode=False)
        sys.exit(ended if isinstance(ended, int) else 0)
    except typer.Abort:
        echo(err=True)  # ends the line of the prompt
        fail("nothing was done", 1)
    except TyperException as error:
        misused(error)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        fail(*failure)


def misused(error: TyperException) -> NoReturn:
    """End with status 2 and one line on the usage error."""
    text = error.format_message()
    if not text:  # a group without a subcommand has shown its help
        sys.exit(error.exit_code)
    if text.startswith("Usage: "):  # without Rich, the help page is the error's message
        echo(text, err=True)
        sys.exit(error.exit_code)
    path = getattr(getattr(error, "ctx", None), "command_path", "mesolive")
    fail(f"{text} ({path} --help tells more)", 2)


def fail(message: str, status: int) -> NoReturn:
    """Write one line to standard error and end with `status`."""
    prefix = "mesolive:"
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        prefix = typer.style(prefix, fg=typer.colors.RED)
    typer.echo(f"{prefix} {visible(message, lines=True)}", err=True)
    sys.exit(status)
