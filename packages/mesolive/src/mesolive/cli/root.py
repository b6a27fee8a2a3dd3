"""The command line's root: every command, and how errors end."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from mesolive.access.secret import UnusableSecretError
from mesolive.backup import BackupError
from mesolive.cli.account import account_app
from mesolive.cli.apikey import apikey_app
from mesolive.cli.backup import backup, restore
from mesolive.cli.demo import demo
from mesolive.cli.halt import halt, resume
from mesolive.cli.order import order_app
from mesolive.cli.position import position_app
from mesolive.cli.replay import replay_command
from mesolive.cli.serve import serve
from mesolive.cli.status import status
from mesolive.cli.strategy import strategy_app
from mesolive.errors import ServiceError
from mesolive.settings import SettingsError
from mesolive.store.engines import UnusableDatabaseError
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError

SHOWN_PROBLEMS = 10

app = typer.Typer(
    name="mesolive",
    help="MesoLive, open: a self-hosted options-trading automation server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(serve)
app.command()(demo)
app.command(name="replay")(replay_command)
app.add_typer(apikey_app, name="apikey", help="Make, list and revoke API keys.")
app.command()(status)
app.add_typer(account_app, name="account", help="List accounts, create them, and limit what they may send.")
app.add_typer(position_app, name="position", help="Look at positions; close, correct or liquidate one by hand.")
app.add_typer(order_app, name="order", help="Look at orders.")
app.command()(halt)
app.command()(resume)
app.command()(backup)
app.command()(restore)
app.add_typer(strategy_app, name="strategy", help="Check strategy definitions; import and list strategies.")


def main() -> None:
    """Run the command; errors of use and of the environment end in one clear line and status 2 or 1."""
    try:
        app()
    except SettingsError as error:
        fail(str(error), 2)
    except (UnusableDatabaseError, UnusableSecretError, BackupError) as error:
        fail(str(error), 1)
    except ServiceError as error:
        fail(error.message, 1)
    except MesoLiveApiException as error:
        fail(_said(error), 1)
    except MesoLiveSignalRError as error:
        away = error.method is None and error.status is None
        fail(f"{error}; --url or MESOLIVE_URL says where the server is" if away else str(error), 1)


def _said(error: MesoLiveApiException) -> str:
    """Return what the server said, with the fields that were wrong."""
    problems = {} if error.error is None else error.error.ValidationErrors or {}
    message = error.message or error.status.value
    texts = [f"{path}: {text}" for path, found in problems.items() for text in found if text not in message]
    more = f" (and {len(texts) - SHOWN_PROBLEMS} more)" if len(texts) > SHOWN_PROBLEMS else ""
    return "; ".join([message, *texts[:SHOWN_PROBLEMS]]) + more


def fail(message: str, status: int) -> None:
    """Write one line to standard error and end with `status`."""
    Console(stderr=True, highlight=False).print(f"[red]mesolive:[/] {escape(message)}", soft_wrap=True, markup=True)
    sys.exit(status)
