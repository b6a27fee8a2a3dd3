"""The autopilot: acts on the signals of your strategies, on paper accounts and on others that you name.

    python -m mesolive_sdk_examples.autopilot_example run --memory autopilot.sqlite3
    python -m mesolive_sdk_examples.autopilot_example run --memory autopilot.sqlite3 --allow-account SIM1000
    python -m mesolive_sdk_examples.autopilot_example tasks --memory autopilot.sqlite3
    python -m mesolive_sdk_examples.autopilot_example orders --memory autopilot.sqlite3
    python -m mesolive_sdk_examples.autopilot_example release --memory autopilot.sqlite3 --position-id 7

It may be stopped anywhere, by whatever means, and started again with the same memory: each signal is acted on once, and
an order that walks goes on where it would be.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.automation import (
    PAPER_COMMISSION,
    POLICIES,
    AtEnd,
    Autopilot,
    HalfFilled,
    LogRestoredError,
    Memory,
    MemoryInUseError,
    Notice,
    OrderPolicy,
    Orders,
    PaperPolicy,
    Style,
    Task,
    TaskKind,
)
from mesolive_sdk_examples.common import (
    NEEDS_USER,
    REFUSED,
    AsJson,
    Failure,
    Provider,
    Session,
    Token,
    Url,
    command,
    example,
    number,
)
from mesolive_sdk_examples.printing import out, print_json, print_json_line, print_table

app = example("The autopilot: acts on the signals of your strategies, on paper accounts and on others that you name.")

MemoryFile = Annotated[Path, typer.Option("--memory", help="Where it remembers what it has done. Keep this file.")]
Strategies = Annotated[
    list[int] | None,
    typer.Option("--strategy-id", help="A strategy to act for, all without. May be given several times."),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="A paper account to trade, all without. May be given several times."),
]
AllowAccounts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-account",
        help="An account that is not paper and may be traded, by orders. May be given several times.",
    ),
]
TASKS = ("Signal", "Strategy", "Account", "Position", "Condition", "At", "State", "Note")
ORDERS = ("At", "Signal", "Group", "Call", "Part", "Limit", "At most", "Order", "Outcome", "Note")
MAX_TASKS = 1000


@app.command("run")
@command
async def run(
    memory: MemoryFile,
    strategy_id: Strategies = None,
    account: Accounts = None,
    allow_account: AllowAccounts = None,
    allow_live: Annotated[
        bool, typer.Option("--allow-live", help="Let accounts of real money be among those that --allow-account names.")
    ] = False,
    policy: Annotated[
        Style,
        typer.Option(
            "--order-style",
            "--policy",
            help="How leg groups are ordered: walk from the middle, stay there, or market. --policy is its older name.",
        ),
    ] = Style.WALK,
    step_seconds: Annotated[float, typer.Option(min=0.1, help="Between two steps of a walk.")] = 15.0,
    step_ticks: Annotated[int, typer.Option(min=1, help="How far one step gives way.")] = 1,
    max_concession: Annotated[
        Decimal,
        typer.Option(parser=number, metavar="DECIMAL", help="How far a walk goes: 0 the middle, 1 the natural price."),
    ] = Decimal("0.75"),
    patience_seconds: Annotated[float, typer.Option(min=0.1, help="For how long a leg group is tried.")] = 300.0,
    at_end: Annotated[
        AtEnd, typer.Option(help="What comes then for entries and adjustments: cancel, or the natural price.")
    ] = AtEnd.CANCEL,
    exit_at_end: Annotated[AtEnd, typer.Option(help="What comes then for exits.")] = AtEnd.NATURAL,
    half_filled: Annotated[
        HalfFilled,
        typer.Option(help="A plan that is filled in part: report it and leave the position alone, or finish it."),
    ] = HalfFilled.REPORT,
    ignore_schedules: Annotated[
        bool,
        typer.Option(
            "--ignore-schedules", help="Watch exits and adjustments continuously, not at their scheduled times only."
        ),
    ] = False,
    provider: Provider = None,
    commission: Annotated[
        Decimal,
        typer.Option("--commission", parser=number, metavar="DECIMAL", help="Booked per contract, on paper accounts."),
    ] = PAPER_COMMISSION,
    once: Annotated[bool, typer.Option("--once", help="Act on what is on now until that is done, then end.")] = False,
    after_restore: Annotated[
        bool,
        typer.Option(
            "--after-restore",
            help="Go on with a server that was restored, once you have compared its books with the broker's.",
        ),
    ] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Follow the signals and act on them: prepare, check that the strategy allows it, carry it out.

    Paper accounts are filled at the marks. On accounts that --allow-account names, the plan is carried out by orders:
    its leg groups one after another, as --order-style says. An account of real money needs --allow-live besides. Each
    signal, decision, plan, order, fill and outcome is a line (with --json, an object).

    With --once it ends with status 5 when something failed or was left half filled: see `tasks`. It ends with status 5
    too when the server was restored to a state before what it has read.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    if commission < 0:
        raise typer.BadParameter(f"expected an amount of 0 or more, got {commission}", param_hint="--commission")
    policies = _policies(
        policy, step_seconds, step_ticks, max_concession, patience_seconds, at_end, exit_at_end, half_filled
    )
    seen: set[str] = set()

    def show_notice(notice: Notice) -> None:
        seen.add(notice.task.event_id)
        if as_json:
            print_json_line(notice.values)
        else:
            out.print(notice.line, highlight=False, soft_wrap=True)

    async with Session(url, token) as session:
        control = await session.control()
        with Memory(memory) as remembered:
            autopilot = Autopilot(
                control,
                await session.enter_async_context(session.events()),
                remembered,
                policy=PaperPolicy(commission=commission),
                strategies=strategy_id,
                accounts=account,
                orders=Orders(await session.data(), allow_account or (), allow_live, policies, provider),
                ignore_schedules=ignore_schedules,
                listener=show_notice,
            )
            await _check(control, autopilot, allow_account or ())
            try:
                if after_restore:
                    await autopilot.accept_restored_log()
                await (autopilot.finish() if once else autopilot.run())
            except MemoryInUseError as error:
                raise Failure(str(error)) from None
            except LogRestoredError as error:
                advice = "compare its positions and orders with the broker's, then start with --after-restore"
                raise Failure(f"{error}; {advice}", NEEDS_USER) from None
            worked = [task for task in remembered.tasks(MAX_TASKS) if task.event_id in seen]
            # What waits with a note could not be done now; whoever runs it once has to know.
            troubled = [task for task in worked if task.state.needs_somebody or (not task.state.is_final and task.note)]
            if troubled:
                raise Failure(f"{len(troubled)} signals need the user: see `tasks`", NEEDS_USER)


@app.command("tasks")
@command
async def tasks(memory: MemoryFile, as_json: AsJson = False) -> None:
    """Show the latest signals that it knows of, and what became of them. Asks no server."""
    with _remembered(memory) as remembered:
        rows = [_cells(task) for task in remembered.tasks()]
        stopped = remembered.stopped()
    _print_rows("Signals", TASKS, rows, "market time", as_json=as_json)
    if stopped and not as_json:
        print_table("Left alone", ("Position", "Why"), list(stopped.items()))
    await asyncio.sleep(0)


@app.command("orders")
@command
async def orders(memory: MemoryFile, as_json: AsJson = False) -> None:
    """Show the latest orders that it meant to send, replace or cancel, and what became of these calls."""
    with _remembered(memory) as remembered:
        kinds = {task.event_id: task.kind.value for task in remembered.tasks(MAX_TASKS)}
        rows = [
            (
                f"{intent.price_step.at:%Y-%m-%d %H:%M:%S}Z",
                kinds.get(intent.event_id, intent.event_id),
                str(intent.group),
                intent.kind.value,
                intent.price_step.stage.value,
                "" if intent.price_step.price is None else f"{intent.price_step.price:f}",
                "" if intent.price_step.worst is None else f"{intent.price_step.worst:f}",
                "" if intent.order_id is None else str(intent.order_id),
                "not known yet" if intent.outcome is None else intent.outcome.value,
                intent.note or "",
            )
            for intent in remembered.latest_intents()
        ]
    _print_rows("Orders", ORDERS, rows, "wall clock", as_json=as_json)
    await asyncio.sleep(0)


@app.command("release")
@command
async def release(
    memory: MemoryFile,
    position_id: Annotated[int, typer.Option("--position-id", min=0, help="The position's number.")],
) -> None:
    """Let a position be traded again that was left alone because it was half filled."""
    with _remembered(memory) as remembered:
        if not remembered.release(position_id):
            raise Failure(f"position {position_id} is not left alone")
    out.print(f"position {position_id} is traded again")
    await asyncio.sleep(0)


def _policies(
    style: Style,
    step_seconds: float,
    step_ticks: int,
    max_concession: Decimal,
    patience_seconds: float,
    at_end: AtEnd,
    exit_at_end: AtEnd,
    half_filled: HalfFilled,
) -> dict[TaskKind, OrderPolicy]:
    ends = dict.fromkeys(POLICIES, at_end) | {TaskKind.EXIT: exit_at_end}
    try:
        return {
            kind: OrderPolicy(style, step_seconds, step_ticks, max_concession, patience_seconds, end, half_filled)
            for kind, end in ends.items()
        }
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--max-concession") from None


async def _check(control: MesoLiveControlHubClient, autopilot: Autopilot, allowed: Sequence[str]) -> None:
    """Refuse at once what would be refused signal by signal."""
    for name in allowed:
        account = await control.get_account(models.GetAccountArgs(BrokerAccountId=name))
        refusal = autopilot.refusal_of(account)
        if refusal is not None:
            raise Failure(f"{name}: {refusal}", REFUSED)


def _remembered(memory: Path) -> Memory:
    if not memory.exists():
        raise Failure(f"there is no such file: {memory}")
    return Memory(memory)


def _print_rows(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], clock: str, *, as_json: bool
) -> None:
    """Print rows; in a table, the heading of the times names their clock."""
    if as_json:
        print_json([dict(zip(headings, row, strict=True)) for row in rows])
    else:
        print_table(title, [f"At, {clock}" if heading == "At" else heading for heading in headings], rows)


def _cells(task: Task) -> tuple[str, ...]:
    return (
        task.kind.value,
        str(task.strategy_id),
        task.account,
        "" if task.position_id is None else str(task.position_id),
        task.condition or "",
        f"{task.at:%Y-%m-%d %H:%M:%S}Z",
        task.state.value,
        task.note or "",
    )


if __name__ == "__main__":
    app()
