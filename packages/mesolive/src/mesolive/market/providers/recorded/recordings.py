"""Loads recordings from a file or a folder: days of minute bars, or series of option chain snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.providers.chain_files import ChainExport, ChainFileError, read_chain_file
from mesolive.market.providers.minute_bars import BarsError, kind_of
from mesolive.market.providers.recorded.bars import BarFiles, BarRecording, DailyBarRecordings, read_bars
from mesolive.market.providers.recorded.exports import ExportRecording
from mesolive.market.providers.recorded.recording import Recording, RecordingError

__all__ = [
    "BarRecording",
    "DailyBarRecordings",
    "ExportRecording",
    "Recording",
    "RecordingError",
    "open_recordings",
]

MAX_FILES: Final = 5000
CHAIN_SUFFIXES: Final = frozenset({".csv", ".txt", ".dat", ".json"})
CHAIN_MARKS: Final = (b"Last:", b"QUOTE_UNIXTIME", b"contractSymbol", b"Expiration Date", b'"options"', b"Calls")
"""What the beginning of a chain file has; a folder may hold other files."""

HEAD_BYTES: Final = 2048


def open_recordings(path: Path, calendar: ExchangeCalendar, *, into_session: bool = False) -> list[Recording]:
    """Return what can be replayed from a file or a folder.

    A file of option chains of any format that is read (an OptionsDX file has many times), an archive of option minute
    bars (`.zip`), or a folder with any number of them at any depth. Files of one underlying follow one another by what
    they hold. In a folder, the underlying's minute bars of the same days and its daily bars are found by content.

    Parameters
    ----------
    into_session
        As `ExportRecording` takes it.

    Raises
    ------
    OSError
        When the path cannot be read.
    RecordingError
        When nothing in it can be replayed, or a file is broken; the text names the file.
    """
    files = _files(path)
    kinds: dict[str, list[Path]] = {}
    for file in files:
        kind = kind_of(file) if file.suffix == ".zip" else None
        if kind is not None:
            kinds.setdefault(kind, []).append(file)
    by_symbol: dict[str, list[ChainExport]] = {}
    for file in files:
        if file.suffix.lower() in CHAIN_SUFFIXES and (file == path or _is_chain(file)):
            for export in _chains(file):
                by_symbol.setdefault(export.listing.underlying.symbol, []).append(export)
    try:
        result: list[Recording] = [
            ExportRecording(of_one, calendar, into_session=into_session) for of_one in by_symbol.values()
        ]
        bars = BarFiles(*(kinds.get(kind, ()) for kind in ("options", "trade", "quote", "daily")))
        result.extend(read_bars(bars, calendar))
    except (BarsError, RecordingError) as error:
        raise RecordingError(f"{path.name}: {error}") from None
    if not result:
        raise RecordingError(f"{path.name}: neither option chains nor option minute bars were found")
    symbols = [recording.listing.underlying.symbol for recording in result]
    if len(set(symbols)) < len(symbols):
        raise RecordingError(f"{path.name}: there are both chains and minute bars of one underlying")
    return result


def _files(path: Path) -> Sequence[Path]:
    if not path.is_dir():
        path.stat()  # a missing file is an OSError, not an empty folder
        return [path]
    files: list[Path] = []
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in CHAIN_SUFFIXES | {".zip"} and file.is_file():
            files.append(file)
            if len(files) > MAX_FILES:
                raise RecordingError(f"{path.name}: the folder holds more than {MAX_FILES:,} files")
    return files


def _is_chain(file: Path) -> bool:
    """Whether a file begins like a chain; a folder may hold others."""
    with file.open("rb") as opened:
        head = opened.read(HEAD_BYTES).replace(b"\0", b"")
    return any(mark in head for mark in CHAIN_MARKS)


def _chains(file: Path) -> Sequence[ChainExport]:
    try:
        return read_chain_file(file).exports
    except ChainFileError as error:
        raise RecordingError(f"{file.name}: {error}") from None
