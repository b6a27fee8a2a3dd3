"""Command line of the double of TWS: runs it, lists its faults and actions, and commands one that runs."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
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
from mesolive.doubles.tws.actions import ACTIONS
from mesolive.doubles.tws.control import control_port
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.faults import FAULTS
from mesolive.doubles.tws.records import State, decode_state
from mesolive.doubles.tws.settings import DoubleSettings, Entitlement
from mesolive.doubles.tws.wire import SERVER_VERSION
from mesolive.market.calendar import us_options_calendar
from mesolive.market.providers.simulated.models import default_start

PAPER_PORT: Final = 7497
LIVE_PORT: Final = 7496
PAPER_ACCOUNT: Final = "DU1234567"
LIVE_ACCOUNT: Final = "U1234567"
RESTART_AT: Final = time(23, 45)
RESET_AT: Final = time(0, 15)


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
        sys.stderr.write(f"tws double: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mesolive.doubles.tws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    with_defaults = argparse.ArgumentDefaultsHelpFormatter
    run = commands.add_parser("run", help="run a double until it is interrupted", formatter_class=with_defaults)
    add = run.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add(
        "--port",
        type=int,
        help=f"port of the API; 0 takes a free one; else {PAPER_PORT}, or {LIVE_PORT} if live",
    )
    add("--live", action="store_true", help=f"a live login: port {LIVE_PORT}, account {LIVE_ACCOUNT}")
    add("--control-port", type=int, default=0, help="port for commands; 0 takes a free one")
    add("--accounts", default="", help=f"names, separated by commas; {PAPER_ACCOUNT} when not given")
    add("--cash", type=Decimal, default=Decimal(1_000_000), help="cash of each account")
    add("--advisor", action="store_true", help="the login is a financial advisor's")
    add("--seed", type=int, default=1, help="of the market and of the faults")
    add("--symbols", default=",".join(DEFAULT_SYMBOLS), help="underlyings")
    add("--spot", type=float, default=5000.0, help="the index at the start")
    add(
        "--start",
        help="market time at the start, as 2026-11-30T15:00:00Z; else where the state ends, or in a session",
    )
    add("--speed", type=float, default=1.0, help="market seconds per real second; 0: only `control advance` moves time")
    add("--step", type=float, default=1.0, help="market seconds between two prices")
    add("--around-the-clock", action="store_true", help="real time, and a market that moves and fills at any hour")
    add("--zone", default="America/New_York", help="time zone that TWS is logged in with")
    add(
        "--data",
        choices=[entitlement.value for entitlement in Entitlement],
        default="live",
        help="market data subscriptions",
    )
    add("--lines", type=int, default=100, help="market data lines")
    add("--master-client", type=int, help="the client that receives the orders of all clients")
    add("--server-version", type=int, default=SERVER_VERSION, help="of the protocol")
    add("--schedule", action="store_true", help="restart and reset every night, end the login every Sunday")
    add("--state", type=Path, help="file that keeps accounts and orders over restarts")
    add("--truth", type=Path, help="file of JSON lines with what really happened")
    add_fault_option(run)
    add_control_commands(commands)
    return parser


def settings_of(options: argparse.Namespace) -> DoubleSettings:
    """Return the settings that the options of `run` make.

    Raises
    ------
    UsageError
        When an account does not fit the port, or a setting is out of its range.
    """
    names = tuple(name for name in options.accounts.split(",") if name)
    names = names or ((LIVE_ACCOUNT,) if options.live else (PAPER_ACCOUNT,))
    for name in names:
        if name.startswith("D") == options.live:
            kind = "live" if options.live else "paper"
            raise UsageError(f"{name} is no {kind} account: paper accounts begin with D, live ones do not")
    try:
        return DoubleSettings(
            accounts=names,
            cash=options.cash,
            advisor=options.advisor,
            server_version=options.server_version,
            zone=options.zone,
            written_zone="US/Eastern" if options.zone == "America/New_York" else "",
            master_client=options.master_client,
            lines=options.lines,
            entitlement=Entitlement(options.data),
            restart_at=RESTART_AT if options.schedule else None,
            reset_at=RESET_AT if options.schedule else None,
            weekly_login=options.schedule,
            state_path=options.state,
            truth_path=options.truth,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


async def _run(options: argparse.Namespace) -> None:
    calendar = us_options_calendar()
    settings = settings_of(options)
    spot: float = options.spot
    step = timedelta(seconds=options.step)
    before = State()
    if settings.state_path is not None and settings.state_path.exists():
        # The market goes on where it was: positions of a run before are worth something there.
        before = decode_state(settings.state_path.read_bytes())
        spot = before.spots.get("SPX", spot)
    try:
        start = before.reached or default_start(datetime.now(UTC), calendar)
        if options.start is not None:
            start = datetime.fromisoformat(options.start)
        clock: Clock = ManualClock(start) if options.speed == 0 else ScaledClock(start, options.speed)
        if options.around_the_clock:
            clock = WallClock()
    except ValueError as error:
        raise UsageError(f"--start or --speed: {error}") from None
    try:
        symbols = [symbol for symbol in options.symbols.split(",") if symbol]
        markets = Markets.simulated(
            clock,
            seed=options.seed,
            symbols=symbols,
            spot=spot,
            step=step,
            calendar=calendar,
            around_the_clock=options.around_the_clock,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    await markets.start()
    double = TwsDouble(markets, clock, settings, seed=options.seed, step=step)
    switch_on(double.faults, options.fault)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    port = options.port if options.port is not None else (LIVE_PORT if options.live else PAPER_PORT)
    await double.start(options.host, port)
    control = control_port(double, ended.set)
    await control.start(options.host, options.control_port)
    sys.stdout.write(f"TWS double ready: port {double.port}, control port {control.port}\n")
    sys.stdout.flush()
    await ended.wait()
    await control.close()
    await double.stop()
    await markets.stop()


if __name__ == "__main__":
    sys.exit(main())
