"""Command line of the double of tastytrade: runs it, lists its faults and actions, and commands one that runs."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from mesolive.clock import Clock, ManualClock, ScaledClock, WallClock
from mesolive.doubles.command_line import (
    UsageError,
    add_control_commands,
    add_fault_option,
    print_catalogue,
    run_control,
    switch_on,
)
from mesolive.doubles.control_port import ControlError
from mesolive.doubles.fault_switches import FaultError
from mesolive.doubles.markets import DEFAULT_SYMBOLS, Markets
from mesolive.doubles.tastytrade.actions import ACTIONS
from mesolive.doubles.tastytrade.control import control_port
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.faults import FAULTS
from mesolive.doubles.tastytrade.settings import DoubleSettings, Environment
from mesolive.market.calendar import us_options_calendar
from mesolive.market.providers.simulated.models import default_start

PORT: Final = 7480
DEFAULTS: Final = DoubleSettings()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "list":
                print_catalogue(FAULTS.values(), ACTIONS.values())
            case "control":
                run_control(options)
            case _:
                with suppress(KeyboardInterrupt):
                    asyncio.run(_run(options))
    except (UsageError, FaultError, ControlError, OSError) as error:
        sys.stderr.write(f"tastytrade double: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mesolive.doubles.tastytrade", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    with_defaults = argparse.ArgumentDefaultsHelpFormatter
    run = commands.add_parser("run", help="run a double until it is interrupted", formatter_class=with_defaults)
    add = run.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=PORT, help="port of REST, account stream and market data; 0 takes a free one")
    add("--control-port", type=int, default=0, help="port for commands; 0 takes a free one")
    add("--accounts", default=",".join(DEFAULTS.accounts), help="numbers, separated by commas")
    add("--cash", type=Decimal, default=DEFAULTS.cash, help="cash of each account")
    add(
        "--environment",
        choices=[environment.value for environment in Environment],
        default="production",
        help="which system it is",
    )
    add("--client-secret", default=DEFAULTS.client_secret, help="what the token call must be given")
    add("--refresh-token", default=DEFAULTS.refresh_token, help="what the token call must be given")
    add("--token-seconds", type=float, default=DEFAULTS.token_seconds, help="life of an access token")
    add("--seed", type=int, default=1, help="of the market and of the faults")
    add("--symbols", default=",".join(DEFAULT_SYMBOLS), help="underlyings")
    add("--spot", type=float, default=5000.0, help="the index at the start")
    add("--start", help="market time at the start, as 2026-11-30T15:00:00Z; else in a session")
    add("--speed", type=float, default=1.0, help="market seconds per real second; 0: only `control advance` moves time")
    add("--step", type=float, default=1.0, help="market seconds between two prices")
    add("--around-the-clock", action="store_true", help="real time, and a market that moves and fills at any hour")
    add("--state", type=Path, help="file of its books; a double that finds it goes on with them")
    add("--truth", type=Path, help="file of JSON lines with what really happened")
    add_fault_option(run)
    add_control_commands(commands)
    return parser


def settings_of(options: argparse.Namespace) -> DoubleSettings:
    """Return the settings that the options of `run` make.

    Raises
    ------
    UsageError
        When a setting is out of its range.
    """
    try:
        return DoubleSettings(
            accounts=tuple(number for number in options.accounts.split(",") if number),
            cash=options.cash,
            environment=Environment(options.environment),
            client_secret=options.client_secret,
            refresh_token=options.refresh_token,
            token_seconds=options.token_seconds,
            state_path=options.state,
            truth_path=options.truth,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


async def _run(options: argparse.Namespace) -> None:
    calendar = us_options_calendar()
    settings = settings_of(options)
    step = timedelta(seconds=options.step)
    try:
        start = default_start(datetime.now(UTC), calendar)
        if options.start is not None:
            start = datetime.fromisoformat(options.start)
        clock: Clock = ManualClock(start) if options.speed == 0 else ScaledClock(start, options.speed)
        if options.around_the_clock:
            clock = WallClock()
        markets = Markets.simulated(
            clock,
            seed=options.seed,
            symbols=[symbol for symbol in options.symbols.split(",") if symbol],
            spot=options.spot,
            step=step,
            calendar=calendar,
            around_the_clock=options.around_the_clock,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    await markets.start()
    double = TastytradeDouble(markets, clock, settings, seed=options.seed, step=step)
    switch_on(double.faults, options.fault)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await double.start(options.host, options.port)
    control = control_port(double, ended.set)
    await control.start(options.host, options.control_port)
    sys.stdout.write(
        f"tastytrade double ready: REST {double.url}, account stream {double.stream_url},"
        f" market data {double.market_data_url}, control port {control.port}\n"
    )
    sys.stdout.flush()
    await ended.wait()
    await control.close()
    await double.stop()
    await markets.stop()


if __name__ == "__main__":
    sys.exit(main())
