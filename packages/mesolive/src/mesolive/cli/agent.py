"""`mesolive agent`: run connectors on this machine, joined to a server elsewhere by one outbound connection."""

from __future__ import annotations

import asyncio
import logging
import platform
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesolive.cli.connector_settings import Given, SecretFile, setting_pairs, settings_secrets
from mesolive.cli.remote import AsJson, print_json, print_table
from mesolive.cli.text import echo
from mesolive.settings import SettingsError, client_url, from_environment

if TYPE_CHECKING:  # imported where they are used: the help page starts fast
    from mesolive.connectors.kinds import ConnectorKind
    from mesolive.connectors.remote.agent_folder import AgentFolder

agent_app = typer.Typer(invoke_without_command=True)

Folder = Annotated[
    Path,
    typer.Option("--folder", envvar="MESOLIVE_AGENT_DIR", help="Where the agent keeps its connectors and reports."),
]
Name = Annotated[str, typer.Argument(help="The connector, as named when it was added.")]
DEFAULT_FOLDER = Path("~/.mesolive-agent")


@agent_app.callback()
def run(
    context: typer.Context,
    server: Annotated[
        str | None,
        typer.Option("--server", envvar="MESOLIVE_URL", help="The server. [default: http://127.0.0.1:8700]"),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", envvar="MESOLIVE_AGENT_KEY", help="The agent's API key; better set as the variable."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The agent's name at the server. [default: this machine's]")] = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Run the connectors of this machine until Ctrl-C or SIGTERM, and link them to the server.

    First, at the server: mesolive apikey create --user NAME --agent. Then, here: mesolive agent add KIND. The server
    lists what the agent offers (mesolive connector list), and uses a connector once it is enabled there. Settings and
    secrets of the connectors stay on this machine.
    """
    if context.invoked_subcommand is not None:
        return
    from mesolive.logs import configure_logs  # noqa: PLC0415 - loads structlog
    from mesolive.server import run as run_on_a_loop  # noqa: PLC0415 - loads the web server

    if not key:
        raise SettingsError(
            "an agent's key is needed: set MESOLIVE_AGENT_KEY (at the server: mesolive apikey create --user NAME "
            "--agent)"
        )
    settings = from_environment({})
    configure_logs(getattr(logging, settings.log_level.upper()), settings.log_format)
    called = re.sub(r"[^A-Za-z0-9 ._-]", "-", name or platform.node() or "agent")[:64]
    run_on_a_loop(_run(called, server or client_url(), key, _folder(folder)))


@agent_app.command(name="add")
def add(
    kind: Annotated[str, typer.Argument(help="The kind, as `mesolive connector kinds` lists it.")],
    name: Annotated[str | None, typer.Option(help="Name of the connector. [default: the kind]")] = None,
    given: Given = None,
    secrets_file: SecretFile = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Store a connector on this machine, in place of one of this name; a running agent reads it at its next start."""
    from mesolive.connectors.settings_model import (  # noqa: PLC0415 - loaded when it runs
        ConnectorSettingsError,
        known_fields,
        read_settings,
    )

    known = _kind(kind)
    settings = setting_pairs(given)
    secrets = settings_secrets([field.name for field in known_fields(known.settings) if field.secret], secrets_file)
    try:
        read_settings(known.settings, settings | secrets)
    except ConnectorSettingsError as error:
        raise SettingsError(str(error)) from None
    _folder(folder).add(name or kind, kind, settings, secrets)
    echo(f"Connector {name or kind} is added to this agent. Next: mesolive agent test {name or kind}")


@agent_app.command(name="list")
def list_connectors(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the connectors of this machine: kind, settings, and the names of the secrets that are set."""
    connectors = _folder(folder).connectors
    if as_json:
        print_json(
            [
                {"Name": name, "Kind": item.kind, "Settings": item.settings, "Secrets": sorted(item.secrets)}
                for name, item in connectors.items()
            ]
        )
        return
    rows = [
        [name, item.kind, ", ".join(f"{key}={value}" for key, value in item.settings.items()), ", ".join(item.secrets)]
        for name, item in connectors.items()
    ]
    print_table(
        "Connectors of this agent",
        ["name", "kind", "settings", "secrets set"],
        rows,
        "no connector; add one: mesolive agent add KIND (ibkr, tastytrade, simulated)",
    )


@agent_app.command(name="test")
def try_connection(name: Name, folder: Folder = DEFAULT_FOLDER) -> None:
    """Connect from this machine, and show what works and what is missing; sends no order.

    Status 1: something failed.
    """
    from mesolive.connectors.remote.agent import opened_connector  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.supervisor import SupervisionConfig, tested  # noqa: PLC0415 - loaded when it runs

    async def test() -> bool:
        connector = opened_connector(stored, name)
        try:
            report = await tested(connector, SupervisionConfig().test_seconds)
        finally:
            await connector.disconnect()
        rows = [[item.topic, item.check.value, item.detail, item.remedy] for item in report.findings]
        print_table(f"Test of {name}", ["what", "outcome", "found", "what to do"], rows, "nothing was found")
        return all(item.check.value != "failed" for item in report.findings)

    stored = _folder(folder)
    with stored.locked():  # two logins of one session end each other at some brokers
        passed = asyncio.run(test())
    if not passed:
        sys.exit(1)


@agent_app.command(name="remove")
def remove(name: Name, folder: Folder = DEFAULT_FOLDER) -> None:
    """Delete a connector of this machine and its secrets. Working orders stay at the broker."""
    _folder(folder).remove(name)
    echo(f"Connector {name} is removed from this agent. The server still lists it: mesolive connector remove {name}")


def _folder(path: Path) -> AgentFolder:
    from mesolive.connectors.remote.agent_folder import AgentFolder  # noqa: PLC0415 - loaded when it runs

    return AgentFolder(path.expanduser())


def _kind(name: str) -> ConnectorKind:
    from mesolive.connectors.registry import KINDS  # noqa: PLC0415 - loaded when it runs

    known = KINDS.get(name)
    if known is None:
        raise typer.BadParameter(f"expected {' or '.join(sorted(KINDS))}, got {name!r}", param_hint="KIND")
    return known


async def _run(name: str, server: str, key: str, folder: AgentFolder) -> None:
    from mesolive.connectors.remote.agent import Agent  # noqa: PLC0415 - loaded when it runs
    from mesolive.connectors.remote.hub_link import hub_transport  # noqa: PLC0415 - loaded when it runs

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    with folder.locked():
        agent = Agent(name, folder, hub_transport(server, key), report=echo)
        if not agent.hosted:
            raise SettingsError("this agent has no connector: mesolive agent add KIND (ibkr, tastytrade, simulated)")
        echo(f"Agent {name} with {', '.join(hosted.name for hosted in agent.hosted)}. Ctrl-C stops it.")
        await agent.start()
        try:
            await stopped.wait()
        finally:
            await agent.stop()
