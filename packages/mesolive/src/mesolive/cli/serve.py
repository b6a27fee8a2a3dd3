"""`mesolive serve`: run the server."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mesolive import server
from mesolive.app import Application
from mesolive.cli.options import Chain, DatabaseUrl, Host, Port, Seed, Speed, Start, moment
from mesolive.logs import LogFormat, LogLevel, configure_logs
from mesolive.settings import MarketKind, from_environment, redacted_url


def serve(
    host: Host = None,
    port: Port = None,
    database: DatabaseUrl = None,
    market: Annotated[
        str | None,
        typer.Option(help="Where prices come from: simulated or recorded. [default: simulated]"),
    ] = None,
    chain: Chain = None,
    start: Start = None,
    speed: Speed = None,
    seed: Seed = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder of the simulated venue's memory. [default: the database's, else .mesolive]"),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Allow a non-loopback address without TLS.")] = False,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file: serve HTTPS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    log_format: Annotated[
        str | None, typer.Option(help="console, json, or auto: console on a terminal. [default: auto]")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error. [default: info]")] = None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM.

    Every option can also be set as a MESOLIVE_… environment variable; the option wins.

    As variables only: MESOLIVE_SECRET_KEY (signs API keys), MESOLIVE_SIGNALS_EVERY (seconds between evaluations, 60),
    MESOLIVE_ENFORCE_MAX_ADJUSTMENTS (true or false), MESOLIVE_EXTERNAL_HOSTS and MESOLIVE_EXTERNAL_FOLDER (where
    strategies may take external data from), MESOLIVE_KEEP_EVENTS_DAYS (400), MESOLIVE_KEEP_JOBS_DAYS (90) and
    MESOLIVE_KEEP_RECORDS_DAYS (90) (for how long things are kept; 0 is for ever), MESOLIVE_MAX_STRATEGIES (1000),
    MESOLIVE_MAX_PREPARATIONS (8), MESOLIVE_MAX_PLANS (20000) and MESOLIVE_MAX_CONNECTIONS (1000) (of one user).
    """
    _one_of("--market", market, get_args(MarketKind))
    _one_of("--log-format", log_format, get_args(LogFormat))
    _one_of("--log-level", log_level, get_args(LogLevel))
    given: dict[str, object] = {
        "host": host,
        "port": port,
        "database": database,
        "market": market,
        "chain": chain,
        "start": moment(start),
        "speed": speed,
        "seed": seed,
        "data_dir": data_dir,
        "insecure": insecure or None,
        "tls_certificate": tls_certificate,
        "tls_key": tls_key,
        "log_format": log_format,
        "log_level": log_level,
    }
    settings = from_environment(given)
    configure_logs(getattr(logging, settings.log_level.upper()), settings.log_format)
    server.run(server.serve(settings, announce))


def _one_of(option: str, given: str | None, choices: tuple[str, ...]) -> None:
    if given is not None and given not in choices:
        raise typer.BadParameter(f"expected {' or '.join(choices)}, got {given!r}", param_hint=option)


def announce(application: Application) -> None:
    """Print where the server listens and what it uses."""
    console = Console()
    settings = application.settings
    table = Table.grid(padding=(0, 2))
    table.add_row("listening on", f"[bold]{application.url}[/]")
    table.add_row("database", escape(redacted_url(settings.database)))
    table.add_row("market", escape(describe_market(settings.market, settings.chain, application)))
    table.add_row("market time", f"{application.clock.now():%Y-%m-%d %H:%M:%S} UTC, speed {settings.speed:g}")
    console.print(table)
    console.print("Ctrl-C stops it.", style="dim")


def describe_market(kind: MarketKind, chain: Path | None, application: Application) -> str:
    """Return one line on where prices come from."""
    source = "" if chain is None else f" from {chain.name}"
    return f"{kind}{source}: {', '.join(application.market_summary())}"
