"""Root of the command line: registers every command, and maps errors to messages and exit statuses."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer
from rich.markup import escape
from sqlalchemy.exc import DBAPIError
from typer.exceptions import TyperException

from mesolive import __version__
from mesolive.access.secret import UnusableSecretError
from mesolive.cli.lazy import LazyCommands
from mesolive.cli.output import Console, echo, replace_what_cannot_be_encoded
from mesolive.errors import ServiceError, storage_failure
from mesolive.logs import log_to_stderr
from mesolive.operations.backup import BackupError
from mesolive.settings import SettingsError
from mesolive.store.engines import UnusableDatabaseError
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError

SHOWN_PROBLEMS = 10

DATABASE_FAILED = 3
"""The exit status when the database is full, locked or away."""

app = typer.Typer(
    name="mesolive",
    help="MesoLive, open: a self-hosted options-trading automation server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
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
    except SettingsError as error:
        fail(str(error), 2)
    except UnusableDatabaseError as error:
        failed = error.__cause__ is not None and storage_failure(error.__cause__) is not None
        fail(str(error), DATABASE_FAILED if failed else 1)
    except (UnusableSecretError, BackupError) as error:
        fail(str(error), 1)
    except (DBAPIError, OSError) as error:
        failure = storage_failure(error)
        if failure is None:
            raise
        fail(failure.message, DATABASE_FAILED)
    except ServiceError as error:
        fail(error.message, 1)
    except MesoLiveApiException as error:
        fail(_said(error), 1)
    except MesoLiveSignalRError as error:
        fail(str(error).replace("url=... or MESOLIVE_URL", "--url or MESOLIVE_URL"), 1)


def misused(error: TyperException) -> NoReturn:
    """End with status 2 and one line on the usage error."""
    text = error.format_message()
    if not text:  # a group without a subcommand has shown its help
        sys.exit(error.exit_code)
    path = getattr(getattr(error, "ctx", None), "command_path", "mesolive")
    fail(f"{text} ({path} --help tells more)", 2)


def _said(error: MesoLiveApiException) -> str:
    """Return the server's error message with the invalid fields."""
    problems = {} if error.error is None else error.error.ValidationErrors or {}
    message = error.message or error.status.value
    texts = [f"{path}: {text}" for path, result in problems.items() for text in result if text not in message]
    more = f" (and {len(texts) - SHOWN_PROBLEMS} more)" if len(texts) > SHOWN_PROBLEMS else ""
    return "; ".join([message, *texts[:SHOWN_PROBLEMS]]) + more


def fail(message: str, status: int) -> NoReturn:
    """Write one line to standard error and end with `status`."""
    Console(stderr=True, highlight=False).print(f"[red]mesolive:[/] {escape(message)}", soft_wrap=True, markup=True)
    sys.exit(status)
