"""Reads option chain files; detects the format by content, not by file name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from mesolive.market.providers.chain_files import exchange_csv, exchange_json, optionsdx_csv, yfinance_csv
from mesolive.market.providers.chain_files.assemble import assemble
from mesolive.market.providers.chain_files.builder import RawChain
from mesolive.market.providers.chain_files.model import (
    ChainExport,
    ChainFile,
    ChainFileError,
    ChainFormat,
    Oddity,
    Treatment,
)
from mesolive.market.providers.chain_files.text import Text, decode, lines_of, table_of

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
HEAD_CHARACTERS: Final = 4000

_OTHERS: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (
        lambda head: head.lstrip()[:15].lower().startswith(("<!doctype", "<html", "<?xml")),
        "this is a web page, not the file that it offers: download the CSV or JSON itself",
    ),
    (
        lambda head: head.startswith("#expiry,strike,right"),
        "this is a LEAN universe file, which has no bids and asks: the archive of option minute quotes is needed",
    ),
    (
        lambda head: "quote_datetime" in head or "bid_1545" in head or "underlying_bid" in head,
        "this is a Cboe DataShop file, which is not read yet: a chain export of the delayed quotes page is needed",
    ),
    (
        lambda head: head.lstrip().startswith(("{", "[")),
        "this is JSON, but not the exchange's delayed quotes: 'timestamp', and 'data' with 'options', are needed",
    ),
    (
        lambda head: re.search(r"strike", head, re.IGNORECASE) is not None,
        "this is a table with a column of strikes, but of no format that is known",
    ),
)
READABLE: Final = (
    "the exchange's CSV export or delayed JSON, an old quotedata.dat, a yfinance option chain as CSV, or an OptionsDX "
    "file"
)


def read_chain_file(path: Path | str) -> ChainFile:
    """Read the chains of a file.

    Parameters
    ----------
    path
        A file of any format of `ChainFormat`, at most 64 MB. Its name is a hint where the content leaves the underlying
        open.

    Raises
    ------
    OSError
        When it cannot be read.
    ChainFileError
        When it holds no chain, or an unusable one; names the recognised format, the place of the failure, and what is
        needed.
    """
    with Path(path).open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    return parse_chain_file(content, Path(path).stem)


def parse_chain_file(content: bytes, file_stem: str = "") -> ChainFile:
    """Return the chains that the bytes of a file hold.

    Parameters
    ----------
    content
        The bytes.
    file_stem
        The file's name without its ending, a last hint; empty for none.

    Raises
    ------
    ChainFileError
        As `read_chain_file`.
    """
    if len(content) > MAX_FILE_BYTES:
        raise ChainFileError(f"the file is larger than {MAX_FILE_BYTES // 1024 // 1024} MB; split it by day or month")
    text = decode(content)
    if not text.content.strip().strip(",;\t"):
        raise ChainFileError(f"the file is empty; {READABLE} is needed")
    notes = _encoding_notes(text)
    format_, read = _recognised(text, file_stem)
    try:
        exports = [assemble(chain, format_, file_stem) for chain in read()]
    except ChainFileError as error:
        error.format = format_
        raise
    exports.sort(key=lambda export: export.exported_at)
    return ChainFile(format_, text.encoding, tuple(exports), notes)


def _recognised(text: Text, file_stem: str) -> tuple[ChainFormat, Callable[[], Iterable[RawChain]]]:
    """Return what a text is, by its content, and how its chains are read.

    Raises
    ------
    ChainFileError
        When its format is unknown.
    """
    body = text.content
    if body.lstrip()[:1] == "{" and '"options"' in body:
        return ChainFormat.EXCHANGE_JSON, lambda: [exchange_json.read(body.encode())]
    optionsdx = table_of(body, optionsdx_csv.MARKS)
    if optionsdx is not None:
        return ChainFormat.OPTIONSDX, lambda: optionsdx_csv.read(optionsdx, file_stem)
    yfinance = table_of(body, yfinance_csv.MARKS)
    if yfinance is not None:
        return ChainFormat.YFINANCE, lambda: [yfinance_csv.read(yfinance)]
    exchange = table_of(body, exchange_csv.MARKS)
    if exchange is not None:
        format_ = ChainFormat.QUOTE_DATA if exchange_csv.is_old(exchange) else ChainFormat.EXCHANGE_CSV
        return format_, lambda: [exchange_csv.read(exchange)]
    raise _unknown(text)


def read_export(path: Path | str) -> ChainExport:
    """Read the chain of a file; of an OptionsDX file with several, the first.

    Raises
    ------
    OSError, ChainFileError
        As `read_chain_file`.
    """
    return _first(read_chain_file(path))


def parse_export(content: bytes, file_stem: str = "") -> ChainExport:
    """Return the chain that the bytes of a file hold; of several, the first.

    Raises
    ------
    ChainFileError
        As `read_chain_file`.
    """
    return _first(parse_chain_file(content, file_stem))


def _first(file: ChainFile) -> ChainExport:
    return file.exports[0]


def _encoding_notes(text: Text) -> tuple[Oddity, ...]:
    if text.encoding != "cp1252":
        return ()
    return (Oddity("encoding", Treatment.ASSUMED, "the text is not UTF-8: Windows-1252 is taken, as Excel writes it"),)


def _unknown(text: Text) -> ChainFileError:
    """Return the error of a file of unknown format: the recognised and the missing parts."""
    head = text.content[:HEAD_CHARACTERS]
    lines = lines_of(head)
    number = next((place for place, line in enumerate(lines, start=1) if line.strip()), 1)
    if re.search(r"\blast\s*:", head, re.IGNORECASE):
        return ChainFileError(
            "this begins like the exchange's CSV export, but its header with Calls, Puts, Bid and Ask is missing",
            number,
        )
    for fits, meaning in _OTHERS:
        if fits(head):
            return ChainFileError(f"{meaning}; {READABLE} can be read")
    begins = lines[number - 1].strip()[:40] if lines else ""
    return ChainFileError(f"this is not an option chain; it begins with {begins!r}; {READABLE} can be read", number)
