"""`mesolive notify`: rules that send events to you by mail, chat or webhook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mesolive.cli.remote import AsJson, Token, Url, ask_control, print_json, print_result, print_table
from mesolive_sdk import models

ALL = "all"
"""Ends a restriction to one strategy or account."""

notify_app = typer.Typer(no_args_is_help=True)

RuleId = Annotated[int, typer.Argument(help="The rule's id, as `mesolive notify list` shows it.")]
Kinds = Annotated[
    list[models.NotificationKind] | None,
    typer.Option(
        "--kind",
        help="Kind of events to report; may be given several times. [default: everything]",
        case_sensitive=False,
    ),
]
TargetFile = Annotated[
    Path | None,
    typer.Option("--target-file", help="File with the address; - reads standard input. [default: it is asked for]"),
]
Quiet = Annotated[
    str | None, typer.Option("--quiet", help="Quiet hours as HH:MM-HH:MM; events within them are counted.")
]
Zone = Annotated[str, typer.Option("--zone", help="Time zone of the quiet hours.")]
Except = Annotated[
    list[models.NotificationKind] | None,
    typer.Option(
        "--except", help="Kind of events reported in quiet hours too; may be given several times.", case_sensitive=False
    ),
]


@notify_app.callback()
def commands() -> None:
    """Manage notification rules: messages about signals, fills, errors, lost agents, limits and halts.

    All commands ask the running server. An address is one of Apprise, such as `tgram://TOKEN/CHAT`,
    `mailto://user:password@example.com`, `slack://TOKEN/#channel` or `jsons://example.com/hook` for a webhook. It holds
    secrets: it is asked for, or read from a file or standard input, stored encrypted, and never shown again.
    """


@notify_app.command(name="add")
def add(
    name: Annotated[str, typer.Argument(help="Name of the rule.")],
    target_file: TargetFile = None,
    kind: Kinds = None,
    strategy: Annotated[int | None, typer.Option("--strategy", help="Only events of this strategy (its id).")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only events of this account.")] = None,
    quiet: Quiet = None,
    zone: Zone = "America/New_York",
    except_kind: Except = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Create a notification rule. It reports events from now on, each at most once."""
    args = models.AddNotificationRuleArgs(
        Name=name,
        Url=_target(target_file),
        Kinds=kind or None,
        StrategyId=strategy,
        BrokerAccountId=account,
        Quiet=_quiet(quiet, zone, except_kind),
    )
    result = ask_control(url, token, lambda control: control.add_notification_rule(args))
    print_result(
        result,
        f"Rule {result.RuleId} sends to {result.Service}. Next: mesolive notify test {result.RuleId}",
        as_json=as_json,
    )


@notify_app.command(name="list")
def list_rules(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List your notification rules: kinds of events, state, and why the last message failed."""
    result = ask_control(url, token, lambda control: control.list_notification_rules())
    if as_json:
        print_json(result)
        return
    print_table(
        "Notification rules",
        ["id", "name", "service", "tells of", "state", "sent", "failed", "last sent", "last error"],
        [
            [
                rule.RuleId,
                rule.Name,
                rule.Service,
                ", ".join(kind.value for kind in rule.Kinds),
                rule.State.value,
                rule.Sent,
                rule.Failed,
                rule.LastSentAt,
                rule.LastError,
            ]
            for rule in result.Rules
        ],
        "none; make one: mesolive notify add NAME",
    )


@notify_app.command(name="set")
def change(
    rule: RuleId,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Enable or disable the rule.")] = None,
    kind: Kinds = None,
    new_target: Annotated[bool, typer.Option("--target", help="Ask for a new address.")] = False,
    target_file: TargetFile = None,
    quiet: Quiet = None,
    zone: Zone = "America/New_York",
    except_kind: Except = None,
    no_quiet: Annotated[bool, typer.Option("--no-quiet", help="End its quiet hours.")] = False,
    strategy: Annotated[
        str | None, typer.Option("--strategy", help="Only events of this strategy (its id); all: of every strategy.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="Only events of this account; all: of every account.")
    ] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Change a notification rule; what is not given is kept."""
    args = models.UpdateNotificationRuleArgs(
        RuleId=rule,
        Url=_target(target_file) if new_target or target_file is not None else None,
        Kinds=kind or None,
        Quiet=_quiet(quiet, zone, except_kind),
        Enabled=enabled,
        NoQuiet=no_quiet,
        StrategyId=None if strategy in {None, ALL} else _strategy_id(strategy),
        BrokerAccountId=None if account == ALL else account,
        AllStrategies=strategy == ALL,
        AllAccounts=account == ALL,
    )
    result = ask_control(url, token, lambda control: control.update_notification_rule(args))
    print_result(result, f"Rule {result.RuleId} is {result.State.value.lower()}.", as_json=as_json)


@notify_app.command(name="test")
def try_rule(rule: RuleId, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Send a test message to the address of a rule. Status 1: it was not accepted."""
    args = models.NotificationRuleArgs(RuleId=rule)
    result = ask_control(url, token, lambda control: control.test_notification_rule(args), seconds=60)
    print_result(result, "Sent." if result.Sent else f"Not sent: {result.Message}.", as_json=as_json)
    if not result.Sent:
        sys.exit(1)


@notify_app.command(name="remove")
def remove(
    rule: RuleId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Delete a notification rule and its address."""
    if not yes:
        typer.confirm(f"Remove notification rule {rule}?", abort=True)
    args = models.NotificationRuleArgs(RuleId=rule)
    result = ask_control(url, token, lambda control: control.remove_notification_rule(args))
    print_result(result, f"Rule {rule} is removed.", as_json=as_json)


def _strategy_id(text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdecimal():
        raise typer.BadParameter(f"expected the id of a strategy, or {ALL}, got {text!r}", param_hint="--strategy")
    return int(text)


def _target(file: Path | None) -> str:
    """Return the address from a file, from standard input, or as it is typed."""
    if file is None:
        return typer.prompt("Address (not shown)", hide_input=True).strip()
    if str(file) == "-":
        return sys.stdin.readline().strip()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"cannot be read: {error}", param_hint="--target-file") from None


def _quiet(text: str | None, zone: str, except_kind: list[models.NotificationKind] | None) -> models.QuietHours | None:
    if text is None:
        if except_kind:
            raise typer.BadParameter("goes with --quiet", param_hint="--except")
        return None
    begin, dash, end = text.partition("-")
    if not dash:
        raise typer.BadParameter(f"expected HH:MM-HH:MM, got {text!r}", param_hint="--quiet")
    return models.QuietHours(From=begin.strip(), To=end.strip(), TimeZone=zone, Except=except_kind or None)
