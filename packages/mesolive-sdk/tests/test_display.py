"""Texts for terminals: nothing from outside can carry out an escape sequence or turn what follows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive_sdk.display import json_text, visible
from mesolive_sdk.models import RenameStrategyArgs


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – ünïcode 変", "plain – ünïcode 変"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\ud800", "\\ud800"),
        ("\x07\x7f", "\\x07\\x7f"),
    ],
)
def test_control_characters_are_written_out_and_letters_stay(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_line_feeds_stay_where_they_are_meant() -> None:
    assert visible("one\ntwo\x1b", lines=True) == "one\ntwo\\x1b"


@given(st.text())
def test_whatever_is_shown_holds_no_control_character(text: str) -> None:
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in visible(text))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_is_ascii_and_reads_back_equal(name: str) -> None:
    text = json_text(RenameStrategyArgs(StrategyId=1, Name=name))
    assert text.isascii()
    assert json.loads(text)["Name"] == name
