"""Strategies: import, clone, change, activate and delete definitions.

python -m mesolive_sdk_examples.strategies_example list --limit 50
python -m mesolive_sdk_examples.strategies_example get --strategy-id 1
python -m mesolive_sdk_examples.strategies_example create --definition-file F --active-on-account ML1000
python -m mesolive_sdk_examples.strategies_example create --clone-strategy-id 1 --active-on-account ML1000
python -m mesolive_sdk_examples.strategies_example update --strategy-id 1 --definition-file F
python -m mesolive_sdk_examples.strategies_example rename --strategy-id 1 --name N
python -m mesolive_sdk_examples.strategies_example delete --strategy-id 1 --force
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk_examples.common import (
    AllowLive,
    AsJson,
    Continuation,
    Failure,
    Limit,
    LiveAccounts,
    Session,
    Token,
    Url,
    checked_account,
    command,
    example,
)
from mesolive_sdk_examples.printing import Columns, out, print_fields, print_json, print_page

app = example("Strategies: import, clone, change, activate and delete definitions.")

StrategyId = Annotated[int, typer.Option("--strategy-id", min=0, help="The strategy's number.")]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--active-on-account", help="An account on which it is active. May be given several times."),
]
DefinitionFile = Annotated[
    Path | None,
    typer.Option("--definition-file", exists=True, dir_okay=False, help="The definition, a JSON file."),
]
STRATEGIES: Columns[models.LiveStrategy] = {
    "Id": lambda item: item.Id,
    "Name": lambda item: item.Name,
    "Symbol": lambda item: item.Symbol,
    "Active on": lambda item: item.ActiveOnAccounts,
    "Open positions": lambda item: item.ActivePositions,
    "Updated at": lambda item: item.UpdatedAt,
}


@app.command("list")
@command
async def list_strategies(
    limit: Limit = 50,
    continuation_token: Continuation = None,
    active_on_account: Annotated[
        list[str] | None,
        typer.Option("--active-on-account", help="Only those active on this account. May be given several times."),
    ] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List strategies, page by page."""
    async with Session(url, token) as session:
        control = await session.control()
        result = await control.list_strategies(
            models.ListStrategiesArgs(
                Limit=limit, ContinuationToken=continuation_token, ActiveOnAccounts=active_on_account or None
            )
        )
    print_page(result, "Strategies", result.Strategies, STRATEGIES, token=result.ContinuationToken, as_json=as_json)


@app.command("get")
@command
async def get_strategy(
    strategy_id: StrategyId,
    save: Annotated[Path | None, typer.Option("--save", dir_okay=False, help="Write the definition here.")] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show one strategy with its definition."""
    async with Session(url, token) as session:
        strategy = await (await session.control()).get_strategy(models.GetStrategyArgs(StrategyId=strategy_id))
    definition = msgspec.json.format(msgspec.json.encode(strategy.StrategyDefinition))
    if save is not None:
        save.write_bytes(definition + b"\n")
    if as_json:
        print_json(strategy)
        return
    _print(strategy)
    if save is None:
        out.print_json(definition.decode())
    else:
        out.print(f"the definition is in {save}")


@app.command("create")
@command
async def create_strategy(
    definition_file: DefinitionFile = None,
    clone_strategy_id: Annotated[
        int | None, typer.Option("--clone-strategy-id", min=0, help="Take the definition of this strategy.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Its name; else the definition's.")] = None,
    backtest_id: Annotated[str | None, typer.Option("--backtest-id", help="The backtest it came from.")] = None,
    mesosim_instance: Annotated[
        str | None, typer.Option("--mesosim-instance", help="The simulator's instance it came from.")
    ] = None,
    active_on_account: Accounts = None,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Import a definition from a file, or clone that of another strategy."""
    if (definition_file is None) == (clone_strategy_id is None):
        raise typer.BadParameter("give either --definition-file or --clone-strategy-id")
    async with Session(url, token) as session:
        control = await session.control()
        await _check_accounts(control, active_on_account, allow_live=allow_live, live_accounts=live_account)
        if clone_strategy_id is not None:
            original = await control.get_strategy(models.GetStrategyArgs(StrategyId=clone_strategy_id))
            definition = original.StrategyDefinition
            name = name or f"{original.Name} (copy)"[:128]
            backtest_id = backtest_id or original.BacktestId
            mesosim_instance = mesosim_instance or original.MesoSimInstance
        else:
            definition = _definition(definition_file)
        strategy = await control.create_strategy(
            models.CreateStrategyArgs(
                StrategyDefinition=definition,
                Name=name,
                BacktestId=backtest_id,
                MesoSimInstance=mesosim_instance,
                ActiveOnAccounts=active_on_account or [],
            )
        )
    _show(strategy, as_json=as_json)


@app.command("update")
@command
async def update_strategy(
    strategy_id: StrategyId,
    definition_file: DefinitionFile = None,
    active_on_account: Accounts = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="Make it active on no account.")] = False,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Replace a strategy's definition, the accounts on which it is active, or both; the rest stays."""
    if definition_file is None and not active_on_account and not inactive:
        raise typer.BadParameter("give --definition-file, --active-on-account or --inactive")
    if active_on_account and inactive:
        raise typer.BadParameter("--active-on-account and --inactive contradict each other")
    async with Session(url, token) as session:
        control = await session.control()
        await _check_accounts(control, active_on_account, allow_live=allow_live, live_accounts=live_account)
        strategy = await control.update_strategy(
            models.UpdateStrategyArgs(
                StrategyId=strategy_id,
                StrategyDefinition=None if definition_file is None else _definition(definition_file),
                ActiveOnAccounts=[] if inactive else active_on_account or None,
            )
        )
    _show(strategy, as_json=as_json)


@app.command("rename")
@command
async def rename_strategy(
    strategy_id: StrategyId,
    name: Annotated[str, typer.Option("--name", help="Its new name.")],
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give a strategy another name."""
    async with Session(url, token) as session:
        control = await session.control()
        strategy = await control.rename_strategy(models.RenameStrategyArgs(StrategyId=strategy_id, Name=name))
    _show(strategy, as_json=as_json)


@app.command("delete")
@command
async def delete_strategy(
    strategy_id: StrategyId,
    force: Annotated[
        bool, typer.Option("--force", help="Delete it though positions are open: they are not watched any more.")
    ] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Delete a strategy."""
    async with Session(url, token) as session:
        control = await session.control()
        result = await control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy_id, Force=force))
    if as_json:
        print_json(result)
    else:
        out.print(f"strategy {result.StrategyId} is deleted")


def _definition(path: Path | None) -> dict[str, Any]:
    if path is None:
        raise typer.BadParameter("--definition-file is needed")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Failure(f"{path} holds no JSON object: {error}") from error


async def _check_accounts(
    control: MesoLiveControlHubClient,
    accounts: Sequence[str] | None,
    *,
    allow_live: bool,
    live_accounts: Sequence[str] | None,
) -> None:
    for account in accounts or ():
        await checked_account(control, account, allow_live=allow_live, live_accounts=live_accounts)


def _show(strategy: models.LiveStrategy, *, as_json: bool) -> None:
    if as_json:
        print_json(strategy)
    else:
        _print(strategy)


def _print(strategy: models.LiveStrategy) -> None:
    fields = [name for name in strategy.__struct_fields__ if name != "StrategyDefinition"]
    print_fields(f"Strategy {strategy.Id}", {name: getattr(strategy, name) for name in fields})


if __name__ == "__main__":
    app()
