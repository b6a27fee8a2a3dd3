"""The autopilot: acts on the signals of your strategies, on paper accounts only.

python -m mesolive_sdk_examples.autopilot_example run --memory autopilot.sqlite3
python -m mesolive_sdk_examples.autopilot_example tasks --memory autopilot.sqlite3

It may be stopped anywhere, by whatever means, and started again with the same memory: each signal is acted on once.
"""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from mesolive_sdk.automation import Autopilot, Memory, PaperPolicy, Task
from mesolive_sdk_examples.common import (
    AsJson,
    Failure,
    Session,
    Token,
    Url,
    command,
    example,
    out,
    print_json,
    print_table,
)

app = example("The autopilot: acts on the signals of your strategies, on paper accounts only.")

MemoryFile = Annotated[Path, typer.Option("--memory", help="Where it remembers what it has done. Keep this file.")]
Strategies = Annotated[
    list[int] | None,
    typer.Option("--strategy-id", help="A strategy to act for, all without. May be given several times."),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="A paper account to trade, all without. May be given several times."),
]
HEADINGS = ("Signal", "Strategy", "Account", "Position", "Condition", "At", "State", "Note")


@app.command("run")
@command
async def run(
    memory: MemoryFile,
    strategy_id: Strategies = None,
    account: Accounts = None,
    commission: Annotated[str, typer.Option(help="Paid per contract, in account currency.")] = "0",
    once: Annotated[bool, typer.Option("--once", help="Act on what is on now, then end.")] = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Follow the signals and act on them: prepare, check that the strategy allows it, fill at the marks."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    policy = PaperPolicy(commission=_amount(commission))
    async with Session(url, token) as session:
        with Memory(memory) as remembered:
            autopilot = Autopilot(
                await session.control(),
                await session.enter_async_context(session.events()),
                remembered,
                policy=policy,
                strategies=strategy_id,
                accounts=account,
            )
            if once:
                for task in await autopilot.catch_up():
                    out.print(" ".join(_cells(task)), soft_wrap=True)
            else:
                await autopilot.run()


@app.command("tasks")
@command
async def tasks(memory: MemoryFile, as_json: AsJson = False) -> None:
    """Show the latest signals that it knows of, and what became of them. Asks no server."""
    if not memory.exists():
        raise Failure(f"there is no such file: {memory}")
    with Memory(memory) as remembered:
        known = remembered.tasks()
    rows = [_cells(task) for task in known]
    if as_json:
        print_json([dict(zip(HEADINGS, row, strict=True)) for row in rows])
    else:
        print_table("Signals", HEADINGS, rows)
    await asyncio.sleep(0)


def _cells(task: Task) -> tuple[str, ...]:
    return (
        task.kind.value,
        str(task.strategy_id),
        task.account,
        "" if task.position_id is None else str(task.position_id),
        task.condition or "",
        f"{task.at:%Y-%m-%d %H:%M:%S}",
        task.state.value,
        task.note or "",
    )


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(f"expected an amount of 0 or more, got {text!r}", param_hint="--commission")
    return amount


if __name__ == "__main__":
    app()
