"""`mesolive replay`: a backtest of a strategy over recorded or simulated days, as fast as they can be computed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, cast

import typer

from mesolive.backtest.chart import ChartError, draw
from mesolive.backtest.fills import FillModel
from mesolive.backtest.moments import once_a_day
from mesolive.backtest.report import write
from mesolive.backtest.runner import NoMarketError, Outcome, Request, must_have_market, replay
from mesolive.backtest.settings import SettingsFieldError, SimulationSettings, simulation_settings
from mesolive.backtest.statistics import Results, results
from mesolive.backtest.trading import AccountKind, BacktestTerms
from mesolive.cli.output import Console
from mesolive.cli.replay_market import Days, ReplayMarket, recorded_market, simulated_market
from mesolive.cli.replay_parallel import MAX_PROCESSES, replay_each
from mesolive.cli.replay_view import Screen, show, showing_progress
from mesolive.cli.text import echo
from mesolive.language import CheckReport, check_definition
from mesolive.language.loading import load
from mesolive.language.problems import DefinitionError
from mesolive.logs import configure_logs
from mesolive.market.calendar import us_options_calendar
from mesolive.market.dividends import DividendFileError, read_dividends
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.settings import from_environment
from mesolive_sdk import MesoLiveError
from mesolive_sdk.automation import PAPER_COMMISSION, POLICIES, HalfFilled, Style
from mesolive_sdk.display import json_text, visible

DEFAULT_CASH: Final = Decimal(100_000)
DEFAULT_COMMISSION: Final = PAPER_COMMISSION


def replay_command(
    strategy: Annotated[
        list[Path],
        typer.Option(help="The strategy's definition, a JSON file; given again, more strategies.", exists=True),
    ],
    market: Annotated[
        str | None,
        typer.Option(help="simulated, where no recording is given: SPX, or ES or MES where the strategy trades it."),
    ] = None,
    recording: Annotated[
        Path | None, typer.Option(help="Recorded days to replay: a file, or a folder of files.", exists=True)
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="The first day, such as 2026-01-05. [default: Backtest.Start]")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last day. [default: Backtest.End]")] = None,
    chain: Annotated[
        Path | None, typer.Option(help="An exchange chain export that the simulation starts from.", exists=True)
    ] = None,
    dividends: Annotated[
        Path | None,
        typer.Option(
            help="CSV table of cash dividends (Symbol, ExDate, Amount) that options are priced with.", exists=True
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the simulated market and of the strategy's random numbers.")
    ] = 1,
    every: Annotated[
        int,
        typer.Option(
            min=10, max=23_400, help="Market seconds between evaluations; scheduled times are evaluated besides."
        ),
    ] = 300,
    account_kind: Annotated[
        AccountKind, typer.Option(help="paper: filled by --fill-model. simulated: by orders at a simulated venue.")
    ] = AccountKind.paper,
    fill_model: Annotated[
        FillModel | None,
        typer.Option(
            help="Fill prices on paper: the mark, or bid and ask. [default: Settings.Sim.FillModel, or AtMidPrice]"
        ),
    ] = None,
    leg_slippage: Annotated[
        str | None,
        typer.Option(
            help="Paid on paper by each leg, per unit of the underlying. [default: Settings.Sim.SlippageAmt, or 0]"
        ),
    ] = None,
    order_style: Annotated[
        Style,
        typer.Option(
            "--order-style",
            "--policy",
            help="How orders are priced; walk begins at the middle and moves to the natural price.",
        ),
    ] = Style.WALK,
    step_seconds: Annotated[float, typer.Option(min=1, help="Market seconds between two steps of a walk.")] = 15.0,
    max_concession: Annotated[
        str, typer.Option(help="Maximum slippage of a price walk: 0 is the middle, 1 the natural price.")
    ] = "0.75",
    patience_seconds: Annotated[float, typer.Option(min=1, help="Timeout of a leg group, in seconds.")] = 300.0,
    half_filled: Annotated[
        HalfFilled, typer.Option(help="What is done about a partially filled plan.")
    ] = HalfFilled.REPORT,
    slippage: Annotated[
        str, typer.Option(help="Fill price at the simulated venue: 0 is the middle, 1 the natural price.")
    ] = "0.5",
    ignore_schedules: Annotated[
        bool,
        typer.Option(
            "--ignore-schedules", help="Watch exits and adjustments continuously, not at their scheduled times only."
        ),
    ] = False,
    cash: Annotated[
        str | None, typer.Option(help="What the account starts with. [default: Backtest.Cash, or 100000]")
    ] = None,
    commission: Annotated[
        str | None,
        typer.Option(help="Paid per contract. [default: Settings.Sim.Commission.OptionFee, or 0.65]"),
    ] = None,
    external_data: Annotated[
        Path | None,
        typer.Option(help="A CSV to read in place of the address in ExternalData.", exists=True, dir_okay=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for every row, the decisions and the chart; no files without.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
    processes: Annotated[
        int, typer.Option(min=1, max=MAX_PROCESSES, help="How many strategies are replayed at the same time.")
    ] = 1,
) -> None:
    """Backtest a strategy: run it with the autopilot over recorded or simulated days, and show the results.

    The definition's own settings count (Backtest, Settings.Sim) where no option says otherwise. The same inputs give
    the same output. Several strategies are replayed independently, each with an account of its own; --out then has a
    folder for each. Status 1: the strategy cannot run on this market, or the books do not balance.
    """
    if len(strategy) > 1:
        arguments = {name: value for name, value in locals().items() if name not in {"strategy", "processes"}}
        status = replay_each(strategy, arguments, processes)
        if status:
            raise typer.Exit(status)
        return
    if (recording is None) == (market is None) or market not in {None, "simulated"}:
        raise typer.BadParameter("expected either --recording FILE or --market simulated")
    definition = _definition(strategy[0])
    if external_data is not None:
        definition = _reading(definition, external_data.resolve())
    report = check_definition(definition)
    if report.definition is None:
        _refuse([str(problem) for problem in report.problems])
    try:
        own = simulation_settings(report.definition.source)
    except SettingsFieldError as error:
        _refuse([str(error)])
    try:
        paid = None if dividends is None else read_dividends(dividends)
    except DividendFileError as error:
        raise typer.BadParameter(str(error), param_hint="--dividends") from None
    calendar, days = us_options_calendar(), Days.of(first, last)
    if recording is not None:
        replayed = recorded_market(recording, calendar, days, own)
    else:
        replayed = simulated_market(chain, calendar, days, own, seed, report.definition.symbol)
    if replayed.once_a_day:
        definition = once_a_day(report.definition.source)
    configure_logs(logging.WARNING)
    request = Request(
        definition=definition,
        market=Market([replayed.provider], dividends=paid),
        clock=replayed.clock,
        first=replayed.begin,
        last=replayed.end,
        every=every,
        cash=_amount("--cash", cash, own.cash, DEFAULT_CASH),
        commission=_amount("--commission", commission, own.commission, DEFAULT_COMMISSION),
        seed=seed,
        external_folder=None if external_data is None else external_data.resolve().parent,
        terms=BacktestTerms(
            kind=account_kind,
            slippage=_part("--slippage", slippage),
            policies={
                kind: replace(
                    policy,
                    style=order_style,
                    step_seconds=step_seconds,
                    max_concession=_part("--max-concession", max_concession),
                    patience_seconds=patience_seconds,
                    half_filled=half_filled,
                )
                for kind, policy in POLICIES.items()
            },
            fill_model=fill_model or own.fill_model or FillModel.AT_MID_PRICE,
            leg_slippage=_amount("--leg-slippage", leg_slippage, own.slippage, Decimal(0)),
            ignore_schedules=ignore_schedules,
        ),
        enforce_max_adjustments=from_environment({}).enforce_max_adjustments,
        days=replayed.days,
    )
    try:
        must_have_market(request.market, report.definition.symbol)
    except NoMarketError as error:
        _refuse([str(error)])
    terms = _terms(request, replayed, own)
    warnings = _warnings(report)
    if not as_json:
        Screen(to_files=out is not None).fields(
            visible(own.name or report.definition.name or "replay"),
            [*terms, *_unused(request, replayed, own), *(("warning", text) for text in warnings)],
        )
    try:
        with showing_progress() as progress:
            outcome = asyncio.run(replay(request, progress))
    except MesoLiveError as error:
        _refuse([str(error)])
    result = results(outcome, request.cash)
    title = own.name or report.definition.name or "replay"
    subtitle = f"{replayed.title}, {request.first:%Y-%m-%d} to {request.last:%Y-%m-%d}"
    files = [] if out is None else _written(outcome, result, out, (title, subtitle))
    if as_json:
        unused = [{"Field": name, "Reason": why} for name, why in (*own.unused, *replayed.unused)]
        echo(
            json_text(
                {
                    "Strategy": report.definition.name,
                    "Settings": {name.capitalize(): text for name, text in terms},
                    "NotUsed": unused,
                    "Warnings": warnings,
                    "Results": result,
                    "BooksBalance": outcome.balances,
                    "Files": [str(path) for path in files],
                }
            )
        )
    else:
        show(outcome, result, to_files=out is not None)
        for path in files:
            echo(f"wrote {path}")
    if not outcome.balances:
        raise typer.Exit(1)


def _definition(path: Path) -> dict[str, Any]:
    try:
        return load(path.read_bytes())
    except (DefinitionError, OSError) as error:
        summary = (
            "; ".join(str(problem) for problem in error.problems)
            if isinstance(error, DefinitionError)
            else error.strerror
        )
        raise typer.BadParameter(f"{path.name} is not a JSON object: {summary}", param_hint="--strategy") from None


def _reading(definition: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the definition with a file as its external data."""
    named = definition.get("ExternalData")
    if not isinstance(named, dict):
        raise typer.BadParameter("the strategy reads no ExternalData", param_hint="--external-data")
    return definition | {"ExternalData": {**cast("dict[str, Any]", named), "CsvUrl": path.as_uri()}}


def _refuse(reasons: Sequence[str]) -> NoReturn:
    """End with status 1 and the reasons, a line each."""
    console = Console(stderr=True)
    for reason in reasons:
        console.print(f"mesolive: {visible(reason)}", soft_wrap=True, markup=False, highlight=False)
    raise typer.Exit(1) from None


def _terms(request: Request, replayed: ReplayMarket, own: SimulationSettings) -> list[tuple[str, str]]:
    """Return the parameters of the replay as names and texts."""
    terms = request.terms
    if terms.kind is AccountKind.paper:
        slippage = f", slippage {terms.leg_slippage:f} per leg" if terms.leg_slippage else ""
        fills = f"{terms.fill_model}{slippage}, on a paper account"
    else:
        style = next(iter(terms.policies.values())).style.value
        fills = f"by orders ({style}) at the simulated venue, slippage {terms.slippage:f}"
    return [
        ("market", visible(replayed.title)),
        (
            "days",
            f"{request.first:%Y-%m-%d} to {request.last:%Y-%m-%d}, evaluated every {request.every} s and on schedule",
        ),
        ("cash", f"{request.cash:,.2f}{_origin(request.cash, own.cash, 'Backtest.Cash')}"),
        ("fills", fills),
        ("commission", f"{request.commission:f} per contract"),
    ]


def _origin(used: Decimal, own: Decimal | None, field: str) -> str:
    return f" ({field})" if own is not None and used == own else ""


def _unused(request: Request, replayed: ReplayMarket, own: SimulationSettings) -> list[tuple[str, str]]:
    """Return a line for each setting of the definition that is not used."""
    result = [*own.unused, *replayed.unused]
    if request.terms.kind is AccountKind.simulated:
        why = "orders are filled by the simulated venue: --slippage and --order-style"
        result += [("Settings.Sim.FillModel", why)] if own.fill_model is not None else []
        result += [("Settings.Sim.SlippageAmt", why)] if own.slippage is not None else []
    return [("not used", f"{field}: {why}") for field, why in result]


def _warnings(report: CheckReport) -> list[str]:
    """Return the warnings of checking, but for those about fields that replay uses and about mere labels."""
    left_out = ("Backtest.", "Settings.Sim.", "Structure.Name.")
    return [str(warning) for warning in report.advice if not f"{warning.path}.".startswith(left_out)]


def _written(outcome: Outcome, results: Results, folder: Path, titles: tuple[str, str]) -> list[Path]:
    """Write the files before anything is printed, so that a failing display loses no result."""
    try:
        files = write(outcome, results, folder)
        try:
            files.append(draw(outcome, results, folder / "equity.png", *titles))
        except ChartError as error:
            echo(f"no chart: {error}", err=True)
    except OSError as error:
        raise typer.BadParameter(f"{folder} cannot be written: {error.strerror}", param_hint="--out") from None
    return files


def _amount(option: str, text: str | None, own: Decimal | None, default: Decimal) -> Decimal:
    """Return the amount of an option; without it the definition's own, or else the default."""
    if text is None:
        return default if own is None else own
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(f"expected an amount of 0 or more, got {text!r}", param_hint=option)
    return amount


def _part(option: str, text: str) -> Decimal:
    part = _amount(option, text, None, Decimal(0))
    if part > 1:
        raise typer.BadParameter(f"expected a number from 0 to 1, got {text!r}", param_hint=option)
    return part
