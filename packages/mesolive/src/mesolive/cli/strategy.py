"""`mesolive strategy`: check, convert and describe definitions; import, list, activate and delete strategies."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from mesolive.cli.output import Console
from mesolive.cli.remote import AsJson, Token, Url, client, everything, print_json, print_result, print_table
from mesolive.cli.text import echo
from mesolive.errors import validation
from mesolive.language import CheckReport, DefinitionError, Problem, check_definition, convert_v2
from mesolive.language.conversion import Level
from mesolive.language.loading import MAX_BYTES
from mesolive.language.schema import definition_schema
from mesolive.market.calendar import us_options_calendar
from mesolive.market.providers.recorded.recordings import RecordingError, open_recordings
from mesolive.records import replace
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.display import visible

strategy_app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A strategy definition (JSON); - reads standard input.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
StrategyId = Annotated[int, typer.Argument(min=0, help="The strategy's number, as `mesolive strategy list` shows it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_definition = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)

_COLOURS = {Level.AUTO: "green", Level.WARN: "yellow", Level.ERROR: "red"}


@strategy_app.command()
def check(
    file: File,
    market_data: Annotated[
        Path | None,
        typer.Option(
            "--market-data",
            help="A chain file or a recording that must contain the strategy's underlying.",
            exists=True,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a definition: every problem at once, each with its path. Status 0: it is valid, 1: it is not."""
    report = check_definition(_read(file))
    if market_data is not None:
        report = _against(report, market_data)
    if as_json:
        echo(_json(_report(report)))
    else:
        _print(report, str(file))
    if report.definition is None:
        raise typer.Exit(1)


@strategy_app.command(name="list")
def list_strategies(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List your strategies on the running server, and the accounts on which they are active."""

    async def ask() -> list[models.LiveStrategy]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.ListStrategiesArgs()
            return await everything(control.list_strategies, args, lambda answer: answer.Strategies, 10_000)

    result = asyncio.run(ask())
    if as_json:
        print_json({"Strategies": result})
        return
    print_table(
        "Strategies",
        ("Id", "Name", "Symbol", "Active on", "Positions", "Imported, market time", "Changed, market time"),
        (
            (
                strategy.Id,
                strategy.Name,
                strategy.Symbol,
                ", ".join(strategy.ActiveOnAccounts) or None,
                strategy.ActivePositions,
                strategy.CreatedAt,
                strategy.UpdatedAt,
            )
            for strategy in result
        ),
        "none; mesolive strategy import brings one",
    )


@strategy_app.command(name="import")
def import_strategy(
    file: File,
    name: Annotated[str | None, typer.Option(help="Name of the strategy. [default: the definition's own name]")] = None,
    active_on: Annotated[
        list[str] | None, typer.Option("--active-on", help="An account to watch it on. May be given several times.")
    ] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Import a definition into the running server, and activate it on accounts.

    Warnings of `mesolive strategy check` are printed to standard error. Status 1: it is not valid.

    For example: mesolive strategy import condor.json --active-on ML1000
    """
    raw = _read(file)
    try:
        definition = _definition.decode(raw)
    except msgspec.MsgspecError as error:
        raise validation({str(file): [f"expected a JSON object: {error}"]}) from None

    async def ask() -> models.LiveStrategy:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.CreateStrategyArgs(
                StrategyDefinition=definition, Name=name, ActiveOnAccounts=list(active_on or ())
            )
            return await control.create_strategy(args)

    made = asyncio.run(ask())
    for note in check_definition(raw).notes:
        echo(f"warning  {visible(note)}", err=True)
    if as_json:
        print_json(made)
        return
    where = ", ".join(made.ActiveOnAccounts) or "no account"
    echo(f"Strategy {made.Id} ({made.Name}) on {made.Symbol} is imported, active on {where}.")


@strategy_app.command()
def activate(
    strategy_id: StrategyId,
    account: Annotated[list[str], typer.Option("--account", help="An account. May be given several times.")],
    yes: Yes = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Activate a strategy on accounts, besides those on which it is active: it raises signals there.

    For example: mesolive strategy activate 1 --account ML1000
    """
    strategy = asyncio.run(_strategy(strategy_id, url, token))
    missing = [name for name in dict.fromkeys(account) if name not in strategy.ActiveOnAccounts]
    if missing and not yes:
        _confirm(strategy, f"Activate it on {', '.join(missing)}?")
    _report_active(_set_accounts(strategy, [*strategy.ActiveOnAccounts, *missing], url, token), as_json=as_json)


@strategy_app.command()
def deactivate(
    strategy_id: StrategyId,
    account: Annotated[
        list[str] | None,
        typer.Option("--account", help="An account. May be given several times. [default: all of them]"),
    ] = None,
    yes: Yes = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Deactivate a strategy: it raises no signals any more, not for the exits of its open positions either.

    Status 1: it is not active on an account that was named, and nothing was changed.
    """
    strategy = asyncio.run(_strategy(strategy_id, url, token))
    for name in account or ():
        if name not in strategy.ActiveOnAccounts:
            active = ", ".join(strategy.ActiveOnAccounts) or "no account"
            raise validation({"--account": [f"expected an account on which it is active ({active}), got {name}"]})
    removed = account or strategy.ActiveOnAccounts
    if removed and not yes:
        _confirm(strategy, f"Deactivate it on {', '.join(removed)}?")
    remaining = [name for name in strategy.ActiveOnAccounts if name not in removed]
    _report_active(_set_accounts(strategy, remaining, url, token), as_json=as_json)


@strategy_app.command()
def delete(
    strategy_id: StrategyId,
    force: Annotated[
        bool, typer.Option("--force", help="Delete it though it has open positions or working orders.")
    ] = False,
    yes: Yes = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Delete a strategy.

    Status 1: refused, as while it has open positions, and nothing was changed.
    """
    strategy = asyncio.run(_strategy(strategy_id, url, token))
    if not yes:
        _confirm(strategy, "Delete it?")

    async def ask() -> models.DeleteStrategyResult:
        async with client(MesoLiveControlHubClient, url, token) as control:
            return await control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy_id, Force=force))

    result = asyncio.run(ask())
    print_result(result, f"Strategy {result.StrategyId} ({strategy.Name}) is deleted.", as_json=as_json)


async def _strategy(strategy_id: int, url: str | None, token: str | None) -> models.LiveStrategyDetail:
    async with client(MesoLiveControlHubClient, url, token) as control:
        return await control.get_strategy(models.GetStrategyArgs(StrategyId=strategy_id))


def _set_accounts(
    strategy: models.LiveStrategy, accounts: list[str], url: str | None, token: str | None
) -> models.LiveStrategy:
    """Set the accounts on which a strategy is active; where they are the same, nothing is sent."""
    if accounts == strategy.ActiveOnAccounts:
        return strategy

    async def ask() -> models.LiveStrategy:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.UpdateStrategyArgs(StrategyId=strategy.Id, ActiveOnAccounts=accounts)
            return await control.update_strategy(args)

    return asyncio.run(ask())


def _report_active(strategy: models.LiveStrategy, *, as_json: bool) -> None:
    if as_json:
        fields = {name: getattr(strategy, name) for name in models.LiveStrategy.__struct_fields__}
        print_json(models.LiveStrategy(**fields))
        return
    where = ", ".join(strategy.ActiveOnAccounts) or "no account"
    echo(f"Strategy {strategy.Id} ({strategy.Name}) is active on {where}.")


def _confirm(strategy: models.LiveStrategy, question: str) -> None:
    """Show the effect and ask for confirmation; a no, or the end of input, ends the command with status 1."""
    where = ", ".join(strategy.ActiveOnAccounts) or "no account"
    positions = f"{strategy.ActivePositions} position{'' if strategy.ActivePositions == 1 else 's'} not closed"
    echo(f"Strategy {strategy.Id} ({strategy.Name}) on {strategy.Symbol}: active on {where}, {positions}.", err=True)
    typer.confirm(question, abort=True, err=True)


@strategy_app.command()
def schema(output: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None) -> None:
    """Write the JSON Schema of definitions, for editors: name it in the file's "$schema"."""
    _write(_json(definition_schema()), output)


@strategy_app.command()
def convert(
    file: File,
    output: Annotated[Path | None, typer.Option(help="Write the definition to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Convert a version 2 job definition to version 3.

    The definition goes to standard output (or --output), the report to standard error; with --json both are one JSON
    object. Status 1: something in it has no meaning in version 3.
    """
    try:
        report = convert_v2(_read(file))
    except DefinitionError as error:
        for problem in error.problems:
            Console(stderr=True).print(f"[red]error[/]  {escape(str(problem))}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    if as_json:
        lines = [{"Level": line.level.value, "Path": line.path, "Message": line.message} for line in report.lines]
        _write(_json({"Definition": report.definition, "Lines": lines}), output)
    else:
        console = Console(stderr=True)
        for line in report.lines:
            colour = _COLOURS[line.level]
            console.print(f"[{colour}]{escape(str(line))}[/]", soft_wrap=True, highlight=False)
        if report.converted:
            _write(_json(report.definition), output)
    if not report.converted:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    """Read no more than a definition may have."""
    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        Console(stderr=True).print(
            f"[red]mesolive:[/] {escape(str(file))}: {error.strerror}", highlight=False, soft_wrap=True
        )
        raise typer.Exit(2) from None


def _write(text: str, output: Path | None) -> None:
    if output is None:
        echo(text)
    else:
        output.write_text(f"{text}\n", encoding="utf-8")


def _json(value: object) -> str:
    encoded = msgspec.json.Encoder(decimal_format="number").encode(value)
    return msgspec.json.format(encoded, indent=2).decode()


def _report(report: CheckReport) -> dict[str, Any]:
    return {
        "CanRun": report.definition is not None,
        "Problems": [_fields(problem) for problem in report.problems],
        "Warnings": [_fields(problem) for problem in report.warnings],
    }


def _against(report: CheckReport, path: Path) -> CheckReport:
    """Return the report, with an error where the market data lacks the strategy's underlying."""
    try:
        recordings = open_recordings(path, us_options_calendar())
    except (RecordingError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--market-data") from None
    symbols = sorted({recording.listing.underlying.symbol for recording in recordings})
    if report.definition is None or report.definition.symbol in symbols:
        return report
    missing = Problem(
        "Symbol", f"{path.name} has no market of it", expected=" or ".join(symbols), found=report.definition.symbol
    )
    return replace(report, problems=(*report.problems, missing), definition=None)


def _fields(problem: Problem) -> dict[str, str | None]:
    return {
        "Path": problem.path,
        "Message": problem.message,
        "Expected": problem.expected,
        "Found": problem.found,
    }


def _print(report: CheckReport, name: str) -> None:
    console = Console(highlight=False)
    for problem in report.problems:
        console.print(f"[red]error[/]    {escape(str(problem))}", soft_wrap=True)
    for problem in report.warnings:
        console.print(f"[yellow]warning[/]  {escape(str(problem))}", soft_wrap=True)
    definition = report.definition
    if definition is None:
        count = len(report.problems)
        console.print(f"{escape(name)} is not valid: {count} error{'s' if count > 1 else ''}", soft_wrap=True)
        return
    legs = ", ".join(leg.name for leg in definition.legs)
    console.print(f"{escape(name)} is valid: {escape(definition.symbol)}, legs {escape(legs)}", soft_wrap=True)
