"""Text of chain files: encoding, delimiter, decimal mark, rows with their line numbers, and numbers."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from mesolive.market.providers.chain_files.model import ChainFileError

MAX_LINE_CHARACTERS: Final = 4096
MAX_HEADER_LINE: Final = 30
"""Number of first lines that may hold the header."""
DELIMITERS: Final = ",;\t|"
BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
OTHER_FILES: Final = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook; save the sheet as CSV, or unpack the file"),
    (b"\x1f\x8b", "compressed with gzip; unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"PAR1", "a Parquet file; write it as CSV"),
    (b"%PDF", "a PDF document; the chain's CSV or JSON is needed"),
    (b"\x89PNG", "a picture (binary data); the chain's CSV or JSON is needed"),
    (b"SQLite format 3", "a SQLite database; the chain's CSV or JSON is needed"),
)
NO_VALUE: Final = frozenset({"", "-", "--", "n/a", "na", "nan", "null", "none", "#n/a", "."})

# A number that has only one reading: not three digits behind the mark, or the other mark before it.
_COMMA: Final = r"[+-]?(?:\d+,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3})+,\d+)"
_POINT: Final = r"[+-]?(?:\d*\.(?:\d{1,2}|\d{4,})|\d{1,3}(?:,\d{3})+\.\d+)"
_EDGES: Final = r"(?:(?<=[;\t|\"\n])|^){}(?=[;\t|\"\n]|$)"
_COMMA_DECIMALS: Final = re.compile(_EDGES.format(_COMMA), re.MULTILINE)
_POINT_DECIMALS: Final = re.compile(_EDGES.format(_POINT), re.MULTILINE)
_QUOTED_COMMA_DECIMALS: Final = re.compile(f'"{_COMMA}"')
_PLAIN_POINT_DECIMALS: Final = re.compile(rf'[,"]{_POINT}[,"]')
_SPACES: Final = re.compile(r"[\s\u00a0\u202f\u2009']")


class Text(Struct, frozen=True):
    """A file's text and how it was decoded."""

    content: str
    encoding: str


def decode(content: bytes) -> Text:
    """Return the text of a file: UTF-8, UTF-16, or what Excel on Windows writes (code page 1252).

    Raises
    ------
    ChainFileError
        When the bytes are not a text; names their format where it is recognised.
    """
    for magic, meaning in OTHER_FILES:
        if content.startswith(magic):
            raise ChainFileError(f"this is {meaning}")
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if content.startswith(mark)), None) or _utf16_by_zeros(
        content
    )
    if encoding is None:
        zero = content.find(b"\0")
        if zero >= 0:
            raise ChainFileError("this is not text but binary data", content.count(b"\n", 0, zero) + 1)
        encoding = "utf-8"
    try:
        return Text(content.decode(encoding), encoding.removesuffix("-sig"))
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise ChainFileError(
                f"the file begins as {encoding.upper()} but does not go on so: it is cut or damaged"
            ) from None
        try:
            return Text(content.decode("cp1252"), "cp1252")
        except UnicodeDecodeError:
            line = content.count(b"\n", 0, error.start) + 1
            raise ChainFileError("this is not text in UTF-8, UTF-16 or Windows-1252", line) from None


def _utf16_by_zeros(content: bytes) -> str | None:
    """Return UTF-16's byte order when every other byte at the beginning is zero, as in Latin text without a mark."""
    head = content[:64]
    if len(head) < 16:
        return None
    if head[1::2].count(0) >= len(head) // 2 - 2 and head[::2].count(0) <= 1:
        return "utf-16-le"
    if head[::2].count(0) >= len(head) // 2 - 2 and head[1::2].count(0) <= 1:
        return "utf-16-be"
    return None


class Numbers(Struct, frozen=True):
    """How a file writes numbers.

    Attributes
    ----------
    decimal_comma
        Whether the comma is the decimal mark and the point separates thousands.
    plain
        Whether Python's own reading of a number holds: no decimal comma, no underscores.
    """

    decimal_comma: bool
    plain: bool = False

    def value(self, text: str) -> float:
        """Return a number, or NaN for an empty cell or one that means no value.

        Raises
        ------
        ValueError
            When it is neither.
        """
        try:
            number = float(text)
        except ValueError:
            return self._written(text)
        if "_" in text or not math.isfinite(number) or (self.decimal_comma and "." in text):
            return self._written(text)
        return number

    def _written(self, text: str) -> float:
        bare = _SPACES.sub("", text).removeprefix("$").removesuffix("%").replace("\u2212", "-")
        if bare.lower() in NO_VALUE:
            return math.nan
        if self.decimal_comma:
            plain = re.sub(r"(?<=\d)\.(?=\d{3}(?:\D|$))", "", bare).replace(",", ".")
            if "." in bare and "," not in bare and plain.count(".") != 0:
                raise ValueError(text)
        else:
            plain = re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", bare)
        if not re.fullmatch(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d{1,2})?\.?", plain):
            raise ValueError(text)
        return float(plain)


@dataclass(frozen=True, slots=True)
class Table:
    """A delimited text.

    Attributes
    ----------
    delimiter
        Between the cells.
    numbers
        How numbers are written.
    header_line
        Number of the line of the header, counted from 1.
    header
        The names of the columns, stripped.
    preamble
        The lines before it that are not blank, with their numbers.
    """

    delimiter: str
    numbers: Numbers
    header_line: int
    header: Sequence[str]
    preamble: Sequence[tuple[int, list[str]]]
    _lines: Sequence[str]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows after the header that are not blank, with their line numbers, cut to the header's width.

        Raises
        ------
        ChainFileError
            When a line is too long, no CSV, or has fewer or more cells than the header.
        """
        width = len(self.header)
        start = self.header_line
        # Plain lines are split in one go by the reader; a cell must not run over its line.
        for number, line in enumerate(self._lines[start:], start=start + 1):
            if '"' not in line and len(line) <= MAX_LINE_CHARACTERS:
                row = line.split(self.delimiter)
                if row == [""]:
                    continue
            else:
                row = cells(line, self.delimiter, number)
            if len(row) != width:
                while len(row) > width and not row[-1].strip():
                    row.pop()
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != width:
                    row = self._unfolded(row, number)
            yield number, row

    def _unfolded(self, row: list[str], number: int) -> list[str]:
        """Return the cells of a line that a spreadsheet has put into one cell."""
        width = len(self.header)
        if len(row) == 1 and self.delimiter in row[0]:
            row = cells(row[0], self.delimiter, number)
        if len(row) != width:
            last = not any(line.strip() for line in self._lines[number:])
            cut = ": the file is cut here, or not copied whole" if last and len(row) < width else ""
            raise ChainFileError(f"{width} columns were expected, there are {len(row)}{cut}", number)
        return row


def lines_of(content: str) -> list[str]:
    """Return the lines of a text by any of the usual line ends; a line that Excel names its delimiter in is emptied."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and re.fullmatch(r'"?sep=.?"?', lines[0].strip(), re.IGNORECASE):
        lines[0] = ""
    return lines


def table_of(content: str, marks: Sequence[str]) -> Table | None:
    """Return the table whose header has one of `marks` (lower case) among its first lines, or `None`.

    Parameters
    ----------
    content
        The file's text.
    marks
        Names of columns that only the header of such a table has.
    """
    head = content[: MAX_HEADER_LINE * MAX_LINE_CHARACTERS].lower()
    if not all(mark in head for mark in marks):
        return None
    lines = lines_of(content)
    for place, line in enumerate(lines[:MAX_HEADER_LINE]):
        folded = line.lower()
        if len(line) > MAX_LINE_CHARACTERS or not all(mark in folded for mark in marks):
            continue
        delimiter = max(DELIMITERS, key=line.count)
        header = [cell.strip().strip("\ufeff") for cell in cells(line, delimiter, place + 1)]
        if len(header) == 1 and delimiter in header[0]:
            header = [cell.strip() for cell in cells(header[0], delimiter, place + 1)]
        while header and not header[-1]:
            header.pop()
        above = [(number, _folded(text, delimiter, number)) for number, text in enumerate(lines[:place], start=1)]
        preamble = [(number, row) for number, row in above if any(cell.strip() for cell in row)]
        numbers = _numbers("\n".join(lines[place + 1 :]), delimiter)
        return Table(delimiter, numbers, place + 1, header, preamble, lines)
    return None


def _folded(line: str, delimiter: str, number: int) -> list[str]:
    row = cells(line, delimiter, number)
    return cells(row[0], delimiter, number) if len(row) == 1 and delimiter in row[0] else row


def cells(line: str, delimiter: str, number: int) -> list[str]:
    """Return the cells of a line of CSV.

    Raises
    ------
    ChainFileError
        When the line is too long, or is not a line of CSV.
    """
    if len(line) > MAX_LINE_CHARACTERS:
        raise ChainFileError(f"the line is longer than {MAX_LINE_CHARACTERS} characters", number)
    if not line:
        return []
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        raise ChainFileError("this is not a line of CSV", number) from None


def _numbers(body: str, delimiter: str) -> Numbers:
    """Return how numbers are written: with a decimal comma where some have no other reading, and none has a point."""
    if delimiter == ",":
        # A comma inside a number would have to be quoted.
        comma = '"' in body and _QUOTED_COMMA_DECIMALS.search(body) and not _PLAIN_POINT_DECIMALS.search(body)
    else:
        comma = _COMMA_DECIMALS.search(body) and not _POINT_DECIMALS.search(body)
    return Numbers(decimal_comma=bool(comma), plain=not comma and "_" not in body)
