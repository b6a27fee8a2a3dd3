"""JSON of stream items from a template: the text around the numbers is made once per subject, the numbers per item.

An item of an eight-leg position has five hundred numbers in a hundred objects. To make the objects in Python and encode
them takes twice as long as to encode the numbers as one flat list and put their texts into a template.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isnan
from operator import itemgetter
from typing import Any, cast

import msgspec

from mesolive.trading.valuation.engine import Block, Valuation
from mesolive.trading.valuation.subjects import Subject

_encode = msgspec.json.Encoder(decimal_format="number").encode
_pass_over = msgspec.json.Decoder(msgspec.Raw).decode

MARK = 104_372_000_000_000
"""Placeholders are whole numbers from here on, by their place in the flat list: no age in milliseconds comes near."""
MAX_PLACES = 1_000_000
MAX_PATTERNS = 8
"""Templates that a subject keeps, one per set of greeks without a value and of qualities."""

_TIME = "<time>"
_PLACEHOLDER = re.compile(rb'(?<=[:\[,])(?:(104372\d{9})|"<time>")(?=[,\]}])')
_NAN = float("nan")

Write = Callable[[list[Any]], bytes]
_Pattern = tuple[tuple[bool, ...], tuple[int, ...] | None, tuple[int, ...] | None]


def sound_json(fields: object) -> bytes:
    """Return fields as JSON.

    Raises
    ------
    msgspec.DecodeError
        Where a decimal that is no finite number would be written as a bare word, which is no JSON.
    """
    text = _encode(fields)
    _pass_over(text)
    return text


class ItemTemplates:
    """Writes the items of one subject as JSON.

    Parameters
    ----------
    subject
        What is valued.
    fields
        Returns the fields of an item, from the subject and its values.
    """

    __slots__ = ("_fields", "_once", "_subject", "_write")

    def __init__(self, subject: Subject, fields: Callable[[Subject, Valuation], object]) -> None:
        self._subject = subject
        self._fields = fields
        self._write: dict[_Pattern, Write | None] = {}
        self._once: _Pattern | None = None

    def json(self, valuation: Valuation) -> bytes:
        """Return the item of these values: the same bytes as encoding its fields."""
        entries, segments = valuation.entries, valuation.segments
        # An element without a delta has no greeks on that basis, and its object is null: a template of its own.
        # So has one whose quotes are not live.
        pattern = (
            tuple(map(isnan, entries.greeks[::7] + segments.greeks[::7])),
            None if entries.qualities is None else tuple(entries.qualities),
            None if segments.qualities is None else tuple(segments.qualities),
        )
        try:
            write = self._write[pattern]
        except KeyError:
            if self._once != pattern:
                # To make a template takes as long as five items: the first of a kind is often the only one.
                self._once = pattern
                return sound_json(self._fields(self._subject, valuation))
            if len(self._write) >= MAX_PATTERNS:
                self._write.clear()
            write = self._write[pattern] = self._template(valuation)
        if write is None:
            return sound_json(self._fields(self._subject, valuation))
        return write(_flat(valuation))

    def _template(self, valuation: Valuation) -> Write | None:
        place = 1  # behind the time

        def marked(block: Block) -> Block:
            nonlocal place
            lists: list[list[Any]] = []
            for values in _lists(block):
                lists.append([MARK + place + at for at in range(len(values))])
                place += len(values)
            greeks = lists[2]
            for at in range(0, len(greeks), 7):
                if isnan(block.greeks[at]):
                    greeks[at] = _NAN
            return Block(block.size, *lists, qualities=block.qualities)

        marks = Valuation(cast("Any", _TIME), marked(valuation.entries), marked(valuation.segments))
        # Checked once: a float that is no number is written as null, so that the numbers put in cannot make it unsound.
        text = sound_json(self._fields(self._subject, marks))
        order: list[int] = []

        def taken(match: re.Match[bytes]) -> bytes:
            order.append(0 if match[1] is None else int(match[1]) - MARK)
            return b"%b"

        # Texts of the subject (keys of legs, realised PnL) may hold a percent sign.
        template = _PLACEHOLDER.sub(taken, text.replace(b"%", b"%%"))
        numbers = [each for each in order if each]
        if len(order) < 2 or len(set(numbers)) < len(numbers) or not all(each < place for each in numbers):
            # A number of the subject looks like a placeholder.
            return None
        pick = itemgetter(*order)

        def write(flat: list[Any]) -> bytes:
            # Neither a number nor a time has a comma in its text.
            return template % tuple(_encode(pick(flat))[1:-1].split(b","))

        return write


def _lists(block: Block) -> tuple[list[Any], ...]:
    return (block.prices, block.price_ages, block.greeks, block.greek_ages, block.pnl, block.pnl_ages)


def _flat(valuation: Valuation) -> list[Any]:
    entries, segments = valuation.entries, valuation.segments
    return [
        valuation.now,
        *entries.prices,
        *entries.price_ages,
        *entries.greeks,
        *entries.greek_ages,
        *entries.pnl,
        *entries.pnl_ages,
        *segments.prices,
        *segments.price_ages,
        *segments.greeks,
        *segments.greek_ages,
        *segments.pnl,
        *segments.pnl_ages,
    ]
