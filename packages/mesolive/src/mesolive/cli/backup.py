"""`mesolive backup` and `mesolive restore`: save and restore all data of a server in one file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from mesolive.assembly import venue_memory
from mesolive.cli.options import DatabaseUrl, DataDir
from mesolive.cli.output import Console
from mesolive.cli.text import echo
from mesolive.operations.backup import make_backup, restore_backup
from mesolive.operations.backup_archive import Manifest
from mesolive.operations.backup_archive import Progress as Tell
from mesolive.settings import from_environment

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    database: DatabaseUrl = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write all data of a server into one file, also while it runs.

    The file is checked after it is written. It holds the secret that signs API keys: keep it where no other user
    can read it. It is an ordinary tar archive, packed by gzip.
    """
    settings = from_environment({"database": database, "data_dir": data_dir})
    with _shown() as report:
        manifest = make_backup(
            settings.database,
            file.absolute(),
            venue_memory(settings),
            named=settings.data_dir is not None,
            progress=report,
        )
    if as_json:
        echo(json.dumps({"File": str(file), "Bytes": file.stat().st_size, **_summary(manifest)}, indent=2))
        return
    echo(f"{file}: {file.stat().st_size:,} bytes, checked; {_what(manifest)}.")
    if not any(member.name == "secret.key" for member in manifest.files):
        echo("The secret of the API keys is not in it: it is MESOLIVE_SECRET_KEY, keep that too.", err=True)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `mesolive backup` has written.")],
    database: DatabaseUrl = None,
    data_dir: DataDir = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing database; it is kept under another name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup while no server runs, and halt trading until the accounts are compared.

    What was traded after the backup is missing in the books: start the server, compare the accounts with their venues
    (it tells every difference as an error), then run `mesolive resume`.
    """
    settings = from_environment({"database": database, "data_dir": data_dir})
    with _shown() as report:
        restoring = restore_backup(
            file,
            settings.database,
            venue_memory(settings),
            named=settings.data_dir is not None,
            force=force,
            progress=report,
        )
        done = asyncio.run(restoring)
    if as_json:
        replaced = [str(path) for path in done.replaced]
        shown = {**_summary(done.manifest), "Replaced": replaced, "VenueKept": done.venue_was_present, "Halted": True}
        echo(json.dumps(shown, indent=2))
        return
    echo(f"Restored from the backup of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC: {_what(done.manifest)}.")
    for path in done.replaced:
        echo(f"What was there before is kept as {path}.")
    if done.manifest.venue is not None and not done.venue_was_present:
        echo(f"The simulated venue's memory is {done.venue}; start the server with --data-dir {done.venue.parent}.")
    if done.venue_was_present:
        echo("The simulated venue's memory was there and is as it was: a venue is not set back.")
    echo("Trading is halted. Start the server, look at errors and positions, then: mesolive resume")


@contextmanager
def _shown() -> Generator[Tell]:
    """Show a bar on a terminal, and nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not Console(stderr=True).is_terminal
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield report


def _summary(manifest: Manifest) -> dict[str, object]:
    return {"MadeAt": manifest.made_at.isoformat(), "Server": manifest.server, "Rows": manifest.rows}


def _what(manifest: Manifest) -> str:
    shown = ("users", "accounts", "positions", "orders", "events")
    return ", ".join(f"{name} {manifest.rows.get(name, 0):,}" for name in shown)
