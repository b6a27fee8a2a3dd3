"""`mesolive connector`: add, test, enable, disable and remove connections to brokers, and enable their accounts."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mesolive.cli.connector_settings import Given, SecretFile, setting_pairs, settings_secrets
from mesolive.cli.connector_verify import verify
from mesolive.cli.remote import AsJson, Token, Url, ask_control, print_json, print_result, print_table
from mesolive_sdk import MesoLiveControlHubClient, models

connector_app = typer.Typer(no_args_is_help=True)
connector_app.command(name="verify")(verify)

Name = Annotated[str, typer.Argument(help="The connector, as named when it was added.")]


@connector_app.callback()
def commands() -> None:
    """Manage connections to brokers and market data: add, test and enable them and their accounts.

    All commands ask the running server, started without --market. A connector is added disabled: `test` shows in one
    table what works and what is missing, `enable` connects it. Accounts are discovered, and none is used before
    `enable-account`. Secrets are asked for, or read from a file or standard input: never given as arguments, which
    other users of the machine can see.
    """


@connector_app.command(name="kinds")
def kinds(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the kinds of connectors, with their settings."""
    result = ask_control(url, token, lambda control: control.list_connector_kinds())
    if as_json:
        print_json(result)
        return
    for kind in result.Kinds:
        rows = [
            [
                setting.Name,
                "secret" if setting.Secret else "required" if setting.Required else setting.Default or "",
                setting.Help + (f" One of {', '.join(setting.Choices)}." if setting.Choices else ""),
            ]
            for setting in kind.Settings
        ]
        print_table(f"{kind.Kind}: {kind.Title}", ["setting", "default", "what it is"], rows, "no settings")


@connector_app.command(name="add")
def add(
    kind: Annotated[str, typer.Argument(help="The kind, as `mesolive connector kinds` lists it.")],
    name: Annotated[str | None, typer.Option(help="Name of the connector. [default: the kind]")] = None,
    given: Given = None,
    secrets_file: SecretFile = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Store a connection, disabled. Its secrets are encrypted, and never shown again."""
    settings = setting_pairs(given)

    async def run(control: MesoLiveControlHubClient) -> models.ConnectorInfo:
        known = {item.Kind: item for item in (await control.list_connector_kinds()).Kinds}
        names = [setting.Name for setting in known[kind].Settings if setting.Secret] if kind in known else []
        secrets = settings_secrets(names, secrets_file)
        args = models.AddConnectorArgs(Name=name or kind, Kind=kind, Settings=settings, Secrets=secrets)
        return await control.add_connector(args)

    result = ask_control(url, token, run)
    print_result(
        result,
        f"Connector {result.Name} is added, disabled. Next: mesolive connector test {result.Name}",
        as_json=as_json,
    )


@connector_app.command(name="set")
def change(
    name: Name,
    given: Given = None,
    secret: Annotated[
        list[str] | None, typer.Option("--secret", help="The name of a secret to replace; may be given several times.")
    ] = None,
    secrets_file: SecretFile = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Change settings and secrets; those not given are kept. An enabled connector reconnects."""
    settings, secrets = setting_pairs(given), settings_secrets(secret or [], secrets_file)
    args = models.UpdateConnectorArgs(Name=name, Settings=settings, Secrets=secrets)
    result = ask_control(url, token, lambda control: control.update_connector(args))
    print_result(result, f"Connector {result.Name} is changed. It is {_state(result)}.", as_json=as_json)


@connector_app.command(name="list")
def list_connectors(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List your connectors: state, what to do, and discovered accounts."""
    result = ask_control(url, token, lambda control: control.list_connectors())
    if as_json:
        print_json(result)
        return
    print_table(
        "Connectors",
        ["name", "kind", "runs in", "state", "what it says", "what to do", "accounts"],
        [
            [
                item.Name,
                item.Kind,
                "the server" if item.Agent is None else f"agent {item.Agent}",
                item.State.value,
                item.Message,
                item.Remedy,
                ", ".join(f"{account.BrokerAccountId} ({_account(account)})" for account in item.Accounts),
            ]
            for item in result.Connectors
        ],
        "no connector; add one: mesolive connector add KIND (mesolive connector kinds lists them)",
    )


@connector_app.command(name="test")
def try_connection(name: Name, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Connect, and show accounts, data quality, permissions, clock difference and what is missing; sends no order.

    Status 1: something failed.
    """
    result = ask_control(
        url, token, lambda control: control.test_connector(models.ConnectorArgs(Name=name)), seconds=120
    )
    if as_json:
        print_json(result)
    else:
        rows = [[item.Topic, item.Check.value.lower(), item.Detail, item.Remedy] for item in result.Findings]
        print_table(f"Test of {name}", ["what", "outcome", "found", "what to do"], rows, "nothing was found")
    if not result.Passed:
        sys.exit(1)


@connector_app.command(name="enable")
def enable(name: Name, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Connect a connector, now and at every start of the server; one that waits for its user retries."""
    result = ask_control(url, token, lambda control: control.enable_connector(models.ConnectorArgs(Name=name)))
    print_result(result, f"Connector {name} is enabled. How it is: mesolive connector list", as_json=as_json)


@connector_app.command(name="disable")
def disable(name: Name, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Disconnect a connector until it is enabled again. Working orders stay at the broker."""
    result = ask_control(url, token, lambda control: control.disable_connector(models.ConnectorArgs(Name=name)))
    print_result(result, f"Connector {name} is disabled.", as_json=as_json)


@connector_app.command(name="remove")
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Delete a connector and its secrets; refused while its accounts have positions or open orders."""
    if not yes:
        typer.confirm(f"Remove connector {name} with its secrets?", abort=True)
    result = ask_control(url, token, lambda control: control.remove_connector(models.ConnectorArgs(Name=name)))
    print_result(result, f"Connector {name} is removed.", as_json=as_json)


@connector_app.command(name="log")
def log(
    name: Name,
    limit: Annotated[int, typer.Option(help="Number of newest entries to show.", min=1, max=1000)] = 50,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show the log of a connector: its states with their reasons, newest first."""
    args = models.GetConnectorLogArgs(Name=name, Limit=limit)
    result = ask_control(url, token, lambda control: control.get_connector_log(args))
    if as_json:
        print_json(result)
        return
    print_table(
        f"Log of {name}",
        ["at (UTC)", "state", "what it said", "what to do"],
        [[f"{entry.At:%Y-%m-%d %H:%M:%S}", entry.State.value, entry.Message, entry.Remedy] for entry in result.Entries],
        "nothing yet",
    )


@connector_app.command(name="enable-account")
def enable_account(
    name: Name,
    account: Annotated[str, typer.Argument(help="A discovered account, as `mesolive connector list` shows it.")],
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Enable a discovered account. One of real money sends no orders before `mesolive account limits --allow-live`."""
    args = models.EnableBrokerAccountArgs(Name=name, BrokerAccountId=account)
    result = ask_control(url, token, lambda control: control.enable_broker_account(args))
    print_result(
        result,
        f"Account {result.BrokerAccountId} is enabled. Its limits: mesolive account limits --id {account} --user …",
        as_json=as_json,
    )


@connector_app.command(name="disable-account")
def disable_account(
    name: Name,
    account: Annotated[str, typer.Argument(help="An enabled account without open positions and open orders.")],
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Disable an account: it is not watched and sends no orders. Its history, cash and limits are kept."""
    args = models.DisableBrokerAccountArgs(Name=name, BrokerAccountId=account)
    result = ask_control(url, token, lambda control: control.disable_broker_account(args))
    print_result(
        result,
        f"Account {result.BrokerAccountId} is disabled. To use it again: mesolive connector enable-account.",
        as_json=as_json,
    )


@connector_app.command(name="account-data")
def account_data(
    account: Annotated[str, typer.Argument(help="One of your accounts.")],
    provider: Annotated[
        str | None, typer.Option(help="Provider of the account's quotes, such as Ibkr. [default: its broker's own]")
    ] = None,
    accept_delayed: Annotated[
        bool, typer.Option("--accept-delayed/--live-only", help="Whether decisions are made on delayed quotes too.")
    ] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Choose the provider of an account's quotes, and whether decisions may use delayed quotes."""
    args = models.SetAccountMarketDataArgs(
        BrokerAccountId=account, DataProvider=_provider(provider), AcceptDelayed=accept_delayed
    )
    result = ask_control(url, token, lambda control: control.set_account_market_data(args))
    delayed = "live and delayed" if accept_delayed else "live"
    text = f"Account {account} is valued by {provider or 'its broker'}, and decides on {delayed} quotes."
    print_result(result, text, as_json=as_json)


def _provider(name: str | None) -> models.DataProviderType | None:
    if name is None:
        return None
    known = {kind.name.lower(): kind for kind in models.DataProviderType if kind is not models.DataProviderType.Unknown}
    if name.lower() not in known:
        expected = ", ".join(kind.name for kind in known.values())
        raise typer.BadParameter(f"expected {expected}, got {name!r}", param_hint="--provider")
    return known[name.lower()]


def _state(item: models.ConnectorInfo) -> str:
    words = item.State.value.lower()
    return f"{words}: {item.Message}" if item.Message else words


def _account(account: models.ConnectorAccount) -> str:
    kind = "real money" if account.Live else "paper"
    return f"{kind}, {'enabled' if account.Enabled else 'not enabled'}"
