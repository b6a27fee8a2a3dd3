"""Lazy command loading: a command imports its module only when it runs, so `mesolive halt` starts fast."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperGroup

HELP: Mapping[str, str] = {
    "apikey": "Make, list and revoke API keys.",
    "account": "List accounts, create them, and limit what they may send.",
    "position": "Look at positions; close, correct or liquidate one by hand.",
    "order": "Look at orders.",
    "chain": "Check option chain files.",
    "strategy": "Check strategy definitions; import and list strategies.",
}
"""Help texts of command groups; the help of a single command is its docstring."""

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("serve", "serve"),
    "demo": ("demo", "demo"),
    "replay": ("replay", "replay_command"),
    "apikey": ("apikey", "apikey_app"),
    "status": ("status", "status"),
    "account": ("account", "account_app"),
    "position": ("position", "position_app"),
    "order": ("order", "order_app"),
    "halt": ("halt", "halt"),
    "resume": ("halt", "resume"),
    "backup": ("backup", "backup"),
    "restore": ("backup", "restore"),
    "strategy": ("strategy", "strategy_app"),
    "chain": ("chain", "chain_app"),
}
"""Maps each command to its module below `mesolive.cli` and its name there, in the order of the help page."""


class LazyCommands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - as the base declares it
        super().__init__(**attributes)
        # Only the names are read, for the suggestion after a mistyped command.
        self.commands = dict[str, Any].fromkeys(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - as the base declares it
        """Return the names of the commands, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as the base declares it
        """Load a command; `None` where there is none of this name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, attribute = place
        result: Any = getattr(import_module(f"mesolive.cli.{module}"), attribute)
        alone = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="markdown", add_completion=False)
        if isinstance(result, typer.Typer):
            alone.add_typer(result, name=cmd_name, help=HELP[cmd_name])
        else:
            alone.command(cmd_name)(result)
        command = typer.main.get_command(alone)
        return command.get_command(ctx, cmd_name) if isinstance(command, TyperGroup) else command
