"""`mesolive chain check`: format, contents and anomalies of an option chain file."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape

from mesolive.cli.output import Console, Table
from mesolive.cli.remote import console, print_json
from mesolive.market.calendar import NEW_YORK, us_options_calendar
from mesolive.market.contracts import UnderlyingKind
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class
from mesolive.market.providers.chain_files import (
    ChainExport,
    ChainFile,
    ChainFileError,
    Oddity,
    Treatment,
    read_chain_file,
)
from mesolive.market.providers.minute_bars import (
    BarsError,
    OptionBars,
    kind_of,
    read_daily,
    read_option_quotes,
    read_stock,
)

chain_app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="An option chain: CSV, JSON, .dat, or an archive of minute bars (.zip).")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]

KINDS = {UnderlyingKind.INDEX: "index", UnderlyingKind.STOCK: "stock or fund", UnderlyingKind.FUTURES: "future"}

MAX_SNAPSHOTS = 40
"""The maximum number of quote times that are listed for a file with several."""
_COLOURS = {
    Treatment.CORRECTED: "yellow",
    Treatment.LEFT_OUT: "yellow",
    Treatment.ASSUMED: "cyan",
    Treatment.NOTED: "dim",
}


@chain_app.callback()
def commands() -> None:
    """Look at option chain files."""


@chain_app.command()
def check(file: File, as_json: Json = False) -> None:
    """Show the format, the contents and the anomalies of an option chain file, without a server.

    The format is found by the content. Status 0: it can be used. 1: it cannot; the reason names what was recognised,
    where it fails and what is needed.
    """
    if file.is_dir():
        raise typer.BadParameter("a file is needed, this is a folder", param_hint="FILE")
    try:
        bars = _bars(file) if zipfile.is_zipfile(file) else None
        chains = read_chain_file(file) if bars is None else None
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror or error}", param_hint="FILE") from None
    except (ChainFileError, BarsError) as error:
        _refuse(file, error, as_json)
        raise typer.Exit(1) from None
    if chains is not None:
        _show_chain(file, chains, as_json)
    elif bars is not None:
        _show_bars(file, bars, as_json)


def _refuse(file: Path, error: ChainFileError | BarsError, as_json: bool) -> None:
    if as_json:
        chain = error if isinstance(error, ChainFileError) else None
        print_json(
            {
                "File": file.name,
                "Usable": False,
                "Format": None if chain is None or chain.format is None else chain.format.name,
                "Problem": str(error) if chain is None else chain.problem,
                "Line": None if chain is None else chain.line,
                "Column": None if chain is None else chain.column,
            }
        )
        return
    format_ = error.format if isinstance(error, ChainFileError) else None
    known = "" if format_ is None else f"{escape(format_.value)}, "
    console().print(f"[bold]{escape(file.name)}[/]: {known}[red]cannot be used[/]", soft_wrap=True)
    console().print(escape(str(error)))


def _show_chain(file: Path, chains: ChainFile, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "File": file.name,
                "Usable": True,
                "Format": chains.format.name,
                "FormatName": chains.format.value,
                "Encoding": chains.encoding,
                "Snapshots": [_snapshot(export) for export in chains.exports],
                "Oddities": [_oddity(oddity) for oddity in chains.all_oddities],
            }
        )
        return
    shown = console()
    shown.print(f"[bold]{escape(file.name)}[/]: {escape(chains.format.value)}, {chains.encoding}", soft_wrap=True)
    export = chains.exports[0]
    _fields(shown, _summary(export, len(chains.exports)))
    shown.print(_classes(export.listing))
    if len(chains.exports) > 1:
        shown.print(_snapshots(chains.exports))
    _show_oddities(shown, chains.all_oddities)


def _summary(export: ChainExport, snapshots: int) -> list[tuple[str, str]]:
    underlying = export.listing.underlying
    kind = KINDS[underlying.kind]
    name = "" if export.name == underlying.symbol else f", {export.name}"
    fields = [("underlying", f"{underlying.symbol}{name} ({kind})")]
    spot = f"{export.underlying_last:,.2f}"
    if export.underlying_print is None:
        spot += " (not in the file)"
    elif export.underlying_print != export.underlying_last:
        spot += f" (in the file: {export.underlying_print:,.2f})"
    fields.append(("spot", spot))
    if export.underlying_bid is not None and export.underlying_ask is not None:
        fields.append(("market", f"{export.underlying_bid:,.2f} / {export.underlying_ask:,.2f}"))
    more = f", the first of {snapshots} times" if snapshots > 1 else ""
    fields.append(("time", _time(export.exported_at) + more))
    days = sorted({expiration.day for expiration in export.listing.expirations})
    span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
    fields.append(("expirations", f"{len(export.listing.expirations):,}, {span}"))
    counts = _quoted(export)
    parts = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    fields.append(("contracts", f"{len(export.listing):,}: {parts}"))
    return fields


def _quoted(export: ChainExport) -> dict[str, int]:
    """Return the number of contracts with both quotes, one quote and none."""
    bid, ask = export.bid > 0.0, export.ask > 0.0
    return {
        "with bid and ask": int(np.count_nonzero(bid & ask)),
        "with an ask only": int(np.count_nonzero(~bid & ask)),
        "with a bid only": int(np.count_nonzero(bid & ~ask)),
        "without quote": int(np.count_nonzero(~bid & ~ask)),
    }


def _time(moment: datetime) -> str:
    local = moment.astimezone(NEW_YORK)
    return f"{local:%a %Y-%m-%d %H:%M %Z} ({moment:%H:%M} UTC)"


def _fields(shown: Console, fields: Sequence[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields:
        grid.add_row(name, escape(value))
    shown.print(grid)


def _classes(listing: Listing) -> Table:
    """Return a table of the trading classes and their terms."""
    table = _table("class", "exercise", "settles", "delivers")
    for column in ("per contract", "expirations", "contracts"):
        table.add_column(column, justify="right", no_wrap=True)
    for root, expirations, contracts in _by_root(listing):
        expiration = next(entry for entry in listing.expirations if entry.root == root)
        delivers = "cash" if listing.underlying.is_index else option_class(root).delivery.value
        table.add_row(
            root,
            expiration.style.value,
            expiration.settlement.value,
            delivers,
            f"{expiration.multiplier}",
            f"{expirations:,}",
            f"{contracts:,}",
        )
    return table


def _by_root(listing: Listing) -> list[tuple[str, int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for expiration, (start, _, end) in zip(listing.expirations, listing.bounds, strict=True):
        expirations, contracts = counts.get(expiration.root, (0, 0))
        counts[expiration.root] = expirations + 1, contracts + end - start
    return [(root, *count) for root, count in sorted(counts.items())]


def _snapshots(exports: Sequence[ChainExport]) -> Table:
    table = _table("time")
    for column in ("spot", "expirations", "contracts"):
        table.add_column(column, justify="right", no_wrap=True)
    for export in exports[:MAX_SNAPSHOTS]:
        spot, listing = f"{export.underlying_last:,.2f}", export.listing
        table.add_row(_time(export.exported_at), spot, f"{len(listing.expirations):,}", f"{len(listing):,}")
    if len(exports) > MAX_SNAPSHOTS:
        table.add_row(f"and {len(exports) - MAX_SNAPSHOTS} more", "", "", "")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _show_oddities(shown: Console, oddities: Sequence[Oddity]) -> None:
    if not oddities:
        shown.print("[green]nothing odd[/]")
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("[bold]odd[/]", "[bold]count[/]", "")
    for oddity in oddities:
        treatment = f"[{_COLOURS[oddity.treatment]}]{oddity.treatment.value}[/]"
        place = "" if oddity.line is None else f"line {oddity.line}"
        example = ", ".join(part for part in (oddity.example, place) if part)
        text = escape(oddity.text) + (f" [dim]({escape(example)})[/]" if example else "")
        grid.add_row(treatment, f"{oddity.count:,}", text)
    shown.print(grid)


def _snapshot(export: ChainExport) -> dict[str, Any]:
    listing = export.listing
    counts = _quoted(export)
    return {
        "Underlying": listing.underlying.symbol,
        "Name": export.name,
        "IsIndex": listing.underlying.is_index,
        "Time": export.exported_at,
        "Spot": export.underlying_last,
        "Print": export.underlying_print,
        "Bid": export.underlying_bid,
        "Ask": export.underlying_ask,
        "Contracts": len(listing),
        "BidAndAsk": counts["with bid and ask"],
        "AskOnly": counts["with an ask only"],
        "BidOnly": counts["with a bid only"],
        "WithoutQuote": counts["without quote"],
        "Expirations": [
            {
                "Root": expiration.root,
                "Day": expiration.day,
                "SettlesAt": expiration.settles_at,
                "Settlement": expiration.settlement.value,
                "Exercise": expiration.style.value,
                "Multiplier": expiration.multiplier,
                "Calls": middle - start,
                "Puts": end - middle,
            }
            for expiration, (start, middle, end) in zip(listing.expirations, listing.bounds, strict=True)
        ],
    }


def _oddity(oddity: Oddity) -> dict[str, Any]:
    return {
        "Code": oddity.code,
        "Treatment": oddity.treatment.value,
        "Text": oddity.text,
        "Count": oddity.count,
        "Example": oddity.example or None,
        "Line": oddity.line,
    }


def _bars(file: Path) -> list[tuple[str, str]] | OptionBars | None:
    """Return the contents of an archive of minute or daily bars; `None` when it is not such an archive.

    Raises
    ------
    BarsError
        When it is broken.
    """
    kind = kind_of(file)
    if kind == "options":
        return read_option_quotes(file, us_options_calendar())
    if kind in {"quote", "trade"}:
        stock = read_stock(file, kind)
        return [
            ("holds", f"minute {kind} bars of a stock"),
            ("day", f"{stock.day}"),
            ("minutes", f"{len(stock.times):,}"),
        ]
    if kind == "daily":
        days = read_daily(file)
        return [("holds", "daily bars of a stock"), ("days", f"{len(days):,}, {days[0].day} to {days[-1].day}")]
    return None


def _show_bars(file: Path, bars: list[tuple[str, str]] | OptionBars, as_json: bool) -> None:
    if isinstance(bars, OptionBars):
        listing = bars.listing
        days = sorted({expiration.day for expiration in listing.expirations})
        fields = [
            ("holds", "minute quotes of options"),
            (
                "underlying",
                f"{listing.underlying.symbol} ({KINDS[listing.underlying.kind]})",
            ),
            ("day", f"{bars.day}"),
            ("expirations", f"{len(listing.expirations):,}, {days[0]} to {days[-1]}"),
            ("contracts", f"{len(listing):,}"),
            ("quotes", f"{len(bars.times):,}"),
        ]
    else:
        fields = bars
    if as_json:
        print_json(
            {"File": file.name, "Usable": True, "Format": "BARS", **{name.capitalize(): text for name, text in fields}}
        )
        return
    shown = console()
    shown.print(f"[bold]{escape(file.name)}[/]: archive of bars (LEAN)", soft_wrap=True)
    _fields(shown, fields)
    if isinstance(bars, OptionBars):
        shown.print(_classes(bars.listing))
