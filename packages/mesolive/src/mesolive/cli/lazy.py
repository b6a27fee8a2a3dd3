"""Lazy command loading: a command's module is imported only when the command runs, so `mesolive --help` starts fast."""

from __future__ import annotations

import gc
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from mesolive.lean_imports import without


class CommandPlace(NamedTuple):
    """Where a command is defined, and its line of the root help page.

    Attributes
    ----------
    module
        The module below `mesolive.cli`.
    attribute
        The name of its function, or of its `Typer` where it is a group.
    help
        One line. For a function the first paragraph of its docstring: written here again because reading the
        docstring would import the module. A test compares them.
    """

    module: str
    attribute: str
    help: str


COMMANDS: Final[Mapping[str, CommandPlace]] = {
    "serve": CommandPlace("serve", "serve", "Run the server until Ctrl-C or SIGTERM."),
    "demo": CommandPlace(
        "demo",
        "demo",
        "Start a server with a user, a paper account and a sample strategy, make one trade, and keep serving.",
    ),
    "replay": CommandPlace(
        "replay",
        "replay_command",
        "Backtest a strategy: run it with the autopilot over recorded or simulated days, and show the results.",
    ),
    "apikey": CommandPlace("apikey", "apikey_app", "Create, list and revoke API keys."),
    "portal": CommandPlace(
        "portal",
        "portal_app",
        "Print a link that signs a browser in to the Portal, once; list and end sessions.",
    ),
    "status": CommandPlace(
        "status",
        "status",
        "Show the running server: its health, agents, accounts, halts, active signals and errors, and the last events.",
    ),
    "account": CommandPlace("account", "account_app", "List and create accounts, and set their risk limits."),
    "connector": CommandPlace(
        "connector",
        "connector_app",
        "Manage connections to brokers and market data: add, test and enable them and their accounts.",
    ),
    "agent": CommandPlace(
        "agent",
        "agent_app",
        "Run the connectors of this machine until Ctrl-C or SIGTERM, and link them to the server.",
    ),
    "notify": CommandPlace(
        "notify",
        "notify_app",
        "Manage notification rules: messages about signals, fills, errors, lost agents, limits and halts.",
    ),
    "position": CommandPlace(
        "position", "position_app", "List and show positions; close, correct or liquidate them by hand."
    ),
    "order": CommandPlace("order", "order_app", "List, show and cancel orders."),
    "halt": CommandPlace("halt", "halt", "Stop sending orders at once, and cancel open orders."),
    "resume": CommandPlace(
        "halt",
        "resume",
        "Allow orders again; without an account it lifts the halt of all accounts.",
    ),
    "backup": CommandPlace("backup", "backup", "Write all data of a server into one file, also while it runs."),
    "restore": CommandPlace(
        "backup", "restore", "Restore a backup while no server runs, and halt trading until the accounts are compared."
    ),
    "strategy": CommandPlace("strategy", "strategy_app", "Check strategy definitions; import and list strategies."),
    "chain": CommandPlace("chain", "chain_app", "Check option chain files."),
}
"""All commands, in the order of the help page."""


class LazyCommands(TyperGroup):
    """The group of all commands. It knows their names and help lines, and imports a command to run it."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - as the base declares it
        super().__init__(**attributes)
        # Only the names are read, for the suggestion after a mistyped command.
        self.commands = dict[str, Any].fromkeys(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - as the base declares it
        """Return the names of the commands, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - as the base declares it
        """Return a command's name and help line without its module; `None` where no command has the name.

        The help page and the shell's completion ask this of every command.
        """
        place = COMMANDS.get(cmd_name)
        return None if place is None else TyperCommand(cmd_name, callback=None, help=place.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as the base declares it
        """Return the command that the arguments name, imported, and the arguments left for it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load_command(ctx, name), rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as the base declares it
        """Write every help line whole; the base would cut each to one line of the terminal."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in COMMANDS.items()])


def load_command(ctx: Any, name: str) -> Any:  # noqa: ANN401 - Typer's own types are private
    """Import a command.

    Parameters
    ----------
    ctx
        The context of the root command.
    name
        A key of `COMMANDS`.
    """
    place = COMMANDS[name]
    # httpx has a command of its own, which imports Rich and Click: two fifths of what the clients' commands load.
    with _no_collections(), without("httpx._main"):
        module = import_module(f"mesolive.cli.{place.module}")
    loaded: Any = getattr(module, place.attribute)
    alone = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="markdown", add_completion=False)
    if isinstance(loaded, typer.Typer):
        alone.add_typer(loaded, name=name, help=place.help)
    else:
        alone.command(name)(loaded)
    command = typer.main.get_command(alone)
    return command.get_command(ctx, name) if isinstance(command, TyperGroup) else command


@contextmanager
def _no_collections() -> Generator[None]:
    """Keep the garbage collector from searching while modules are imported, and from ever searching what they made.

    Modules live until the process ends. To search them again and again takes a tenth of the time of the imports, and
    another tenth of a second at the first full collection of a server.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
