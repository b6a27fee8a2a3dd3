"""`mesolive demo`: a server with a user, a paper account and a sample strategy, and one trade through the SDK."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mesolive import server
from mesolive.app import Application
from mesolive.assembly import connector_folder
from mesolive.cli.demo_broker import DOUBLES, BrokerDouble, chain_read, connect_broker
from mesolive.cli.demo_strategy import fitted, without_waits
from mesolive.cli.demo_trade import Trade, run_trade
from mesolive.cli.demo_view import StepFailedError
from mesolive.cli.options import Chain, DatabaseUrl, Port, Seed, Speed, Symbol
from mesolive.cli.output import Console
from mesolive.cli.serve import announce
from mesolive.errors import ServiceError
from mesolive.logs import configure_logs
from mesolive.samples import iron_condor
from mesolive.settings import from_environment
from mesolive.tasks import until_first
from mesolive_sdk import MesoLiveControlHubClient, models

USER = "demo"
ACCOUNT = "ML1000"
CASH = Decimal(100_000)
KEY_DAYS = 30


def demo(
    port: Port = None,
    database: DatabaseUrl = None,
    chain: Chain = None,
    symbol: Symbol = None,
    speed: Speed = None,
    seed: Seed = None,
    leave: Annotated[
        bool, typer.Option("--exit", help="End after the trade: status 0, or 1 when a step failed.")
    ] = False,
    hold: Annotated[float, typer.Option(help="For how many seconds to hold the position at most.", min=1.0)] = 12.0,
    broker: Annotated[
        str | None,
        typer.Option(help="Trade by orders at a double of a broker in this process: ibkr-double, tastytrade-double."),
    ] = None,
) -> None:
    """Start a server with a user, a paper account and a sample strategy, make one trade, and keep serving.

    The trade goes through the SDK over a real socket: connect, import, prepare the entry, fill, watch, prepare the
    exit, fill, replay the events.
    """
    given = {"port": port, "database": database, "chain": chain, "symbol": symbol, "speed": speed, "seed": seed}
    if broker is not None and broker not in DOUBLES:
        raise typer.BadParameter(f"expected {' or '.join(DOUBLES)}, got {broker!r}", param_hint="--broker")
    # A broker's double brings its market: the server is live then, whatever market the environment names.
    environ = {name: text for name, text in os.environ.items() if name != "MESOLIVE_MARKET" or broker is None}
    market = None if broker is not None else environ.get("MESOLIVE_MARKET") or "simulated"
    settings = from_environment({"market": market, **given}, environ)
    configure_logs(logging.WARNING, settings.log_format)
    console = Console(highlight=False)

    async def run() -> int:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        async with AsyncExitStack() as stack:
            double = None
            if broker is not None:
                folder = connector_folder(settings).parent
                folder.mkdir(parents=True, exist_ok=True)
                double = await stack.enter_async_context(DOUBLES[broker](settings.seed, folder))
            application = await stack.enter_async_context(server.serving(settings))
            trade: Trade | None = None
            try:
                trade = await _prepare(application, hold, double)
                await announce(application)
                await until_first(run_trade(trade, console), stopped.wait())
                if stopped.is_set():
                    return 1
            except StepFailedError as error:
                console.print(f"\n[bold red]failed[/] at step “{error.step}”: {escape(error.reason)}")
                if leave:
                    return 1
            else:
                console.print("\n[bold green]The trade is complete.[/]")
            if not leave:
                if trade is not None:
                    _say_what_next(console, application, trade)
                await stopped.wait()
        return 0

    raise typer.Exit(server.run(run()))


async def _prepare(application: Application, hold: float, broker: BrokerDouble | None = None) -> Trade:
    """Make the user, the API key and the account where they are not there yet."""
    made = await application.access.create_key(USER, "mesolive demo", KEY_DAYS)
    user = await application.access.user(USER)
    if broker is not None:
        async with MesoLiveControlHubClient(application.url, made.token) as control:
            await connect_broker(control, broker)
        await chain_read(application.market.book(application.market.underlyings()[0].symbol))
    else:
        try:
            await application.accounts.create_paper(user, ACCOUNT, CASH)
        except ServiceError as error:
            if error.status is not models.StatusCode.Conflict:
                raise
    underlying = application.market.underlyings()[0]
    view = application.market.view(underlying.symbol)
    spot = view.underlying.quote.mark
    listing = application.market.book(underlying.symbol).listing
    definition = iron_condor() if spot is None else fitted(iron_condor(), listing, spot, view.now)
    return Trade(
        url=application.url,
        token=made.token,
        account_id=ACCOUNT if broker is None else broker.account,
        sends_orders=broker is not None,
        provider=application.market.serving(underlying.symbol).name,
        definition=without_waits(definition),
        underlying=application.market.to_live_underlying(underlying.symbol),
        hold_seconds=hold,
    )


def _say_what_next(console: Console, application: Application, trade: Trade) -> None:
    python, command = Path(".venv/bin/python"), Path(".venv/bin/mesolive")
    examples = f"{python if python.exists() else 'python'} -m mesolive_sdk_examples"
    mesolive = command if command.exists() else "mesolive"
    symbol = trade.underlying.Symbol
    lines = [
        "",
        "The server keeps running. In another terminal:",
        f"  export MESOLIVE_URL={application.url}",
        f"  export MESOLIVE_API_KEY={trade.token}",
        f"  {mesolive} status",
        f"  {mesolive} position list --all",
        f"  {examples}.accounts_example list",
        f"  {examples}.positions_example create --strategy-id 1 --execute --paper-fill-price mid",
        f"  {examples}.data_example underlying stream --symbol {symbol} --seconds 10",
        f"  {examples}.events_example dump --seconds 10",
        "Ctrl-C stops the server.",
    ]
    console.print("\n".join(lines), soft_wrap=True, markup=False)
