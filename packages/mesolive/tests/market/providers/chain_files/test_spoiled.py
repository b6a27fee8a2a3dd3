"""Chain files that are spoiled on purpose: the same chain, or a refusal that says why and where."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.providers.chain_files import ChainFileError, ChainFormat, parse_chain_file, parse_export
from mesolive.records import replace
from mesolive_testkit.market.chain_files import ChainText

CHAIN = ChainText(strikes=tuple(range(6300, 6701, 100)))
TEXTS = {
    ChainFormat.EXCHANGE_CSV: CHAIN.csv(),
    ChainFormat.EXCHANGE_JSON: CHAIN.json(),
    ChainFormat.YFINANCE: CHAIN.yfinance(),
    ChainFormat.OPTIONSDX: CHAIN.optionsdx(),
    ChainFormat.QUOTE_DATA: CHAIN.quote_data(),
}
PLAIN = parse_export(CHAIN.csv().encode())

# Changes after which the same chain must be read.
HARMLESS: dict[str, Callable[[str, random.Random], str]] = {
    "nothing": lambda text, _: text,
    "Windows line ends": lambda text, _: text.replace("\n", "\r\n"),
    "blank lines": lambda text, dice: "\n".join(line + "\n" * dice.choice((0, 0, 1)) for line in text.split("\n")),
    "spaces behind": lambda text, _: "\n".join(
        line + "  " if not line.startswith(("Fri", "Thu")) else line for line in text.split("\n")
    ),
    "empty cells behind": lambda text, dice: text.replace("\n", "," * dice.randint(1, 5) + "\n"),
    "all cells quoted": lambda text, _: "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) if line.startswith(("Fri", "Thu")) else line
        for line in text.split("\n")
    ),
    "rows in another order": lambda text, dice: "\n".join(
        [*text.split("\n")[:4], *dice.sample(rows := text.strip("\n").split("\n")[3:], len(rows))]
    ),
    "rows repeated": lambda text, _: text + text.strip("\n").split("\n")[-1] + "\n",
    "no blank line in front": lambda text, _: text.lstrip("\n"),
    "capital letters": lambda text, _: text.replace("Expiration Date", "EXPIRATION DATE").replace("Strike", "STRIKE"),
}


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(HARMLESS)),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    seed=st.integers(0, 99),
)
def test_a_harmless_change_gives_the_same_chain(name: str, encoding: str, seed: int) -> None:
    spoiled = HARMLESS[name](CHAIN.csv(), random.Random(seed))  # noqa: S311 - repeatable, not secret
    export = parse_export(spoiled.encode(encoding))
    assert export.exported_at == PLAIN.exported_at
    assert export.underlying_last == PLAIN.underlying_last
    assert np.array_equal(export.bid, PLAIN.bid, equal_nan=True)
    assert np.array_equal(export.ask, PLAIN.ask, equal_nan=True)


@settings(max_examples=80, deadline=None)
@given(format_=st.sampled_from(list(TEXTS)), data=st.data())
def test_damaged_bytes_are_read_or_refused_but_never_break_anything(format_: ChainFormat, data: st.DataObject) -> None:
    content = bytearray(TEXTS[format_].encode())
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    _read_or_refused(bytes(content[:cut]))


@settings(max_examples=80, deadline=None)
@given(
    format_=st.sampled_from(
        [ChainFormat.EXCHANGE_CSV, ChainFormat.YFINANCE, ChainFormat.OPTIONSDX, ChainFormat.QUOTE_DATA]
    ),
    value=st.sampled_from(
        [
            "",
            "-1",
            "x",
            "1e9",
            "1e400",
            "nan",
            "1,5",
            "0",
            "6500",
            "\u00bd",
            "=1+1",
            "2026-02-30",
            "'",
            '"',
            "1_0",
            "\x1b[31m",
        ]
    ),
    data=st.data(),
)
def test_a_spoiled_cell_is_read_or_refused_by_line_and_column(
    format_: ChainFormat, value: str, data: st.DataObject
) -> None:
    lines = TEXTS[format_].splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    cells = lines[number].split(",")
    cells[data.draw(st.integers(0, len(cells) - 1))] = value
    lines[number] = ",".join(cells)
    error = _read_or_refused("\n".join(lines).encode())
    assert error is None or "\x1b" not in str(error), "nothing in a message steers the terminal"


def _read_or_refused(content: bytes) -> ChainFileError | None:
    try:
        file = parse_chain_file(content)
    except ChainFileError as error:
        return error
    for export in file.exports:
        assert export.listing.size == len(export.bid) == len(export.ask) > 0
        assert np.nanmin(export.bid, initial=0.0) >= 0.0
        assert np.nanmin(export.ask, initial=1.0) > 0.0
        assert export.underlying_last > 0.0
    return None


@pytest.mark.parametrize("field", ["bid", "ask", "volume", "open_interest"])
def test_a_negative_number_in_json_is_refused_by_its_field(field: str) -> None:
    content = CHAIN.json().replace(f'"{field}": ', f'"{field}": -', 1)
    with pytest.raises(ChainFileError, match=rf"data\.options\[0\]\.{field}"):
        parse_chain_file(content.encode())


def test_json_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(ChainFileError):
        parse_chain_file(b'{"options": ' + b"[" * 200_000)


@pytest.mark.slow
def test_more_contracts_than_any_chain_has_are_refused() -> None:
    wide = replace(CHAIN, strikes=tuple(range(1, 402)), days=CHAIN.days[:1]).csv().splitlines()
    rows = [
        row.replace("SPXW260320", f"SPXW{26 + year:02d}{month:02d}15").replace(
            "Fri Mar 20 2026", f"{2026 + year}-{month:02d}-15"
        )
        for year in range(25)
        for month in range(1, 13)
        for row in wide[4:]
    ]
    with pytest.raises(ChainFileError, match="more than 200000 contracts"):
        parse_chain_file("\n".join([*wide[:4], *rows]).encode())
