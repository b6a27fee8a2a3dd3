"""Events of DXLink decoded into tables of the latest values: COMPACT and FULL frames, NaN, one-sided quotes.

A table keeps the latest event of each symbol until it is taken, so that a slow reader costs memory per symbol and not
per event. Symbols come as text; prices come as numbers, as the texts `NaN`, `Infinity` and `-Infinity`, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, Final, TypeAlias, cast

EVENT_TYPE: Final = "eventType"
EVENT_SYMBOL: Final = "eventSymbol"

DATA_BEGIN: Final = b'{"type":"FEED_DATA","channel":%d,"data":["'
"""The begin of the text of a COMPACT frame as servers write it; one in another form is decoded."""
DATA_END: Final = b"]]}"
"""The end of a COMPACT frame's text."""

Row: TypeAlias = tuple[Any, ...]
"""The values of one event, in the order of the table's fields."""


def number(value: object) -> float:
    """Return a value of an event as a number; NaN for none, and for what is no finite number."""
    if isinstance(value, int | float):
        try:
            result = float(value)
        except OverflowError:
            return math.nan
    elif isinstance(value, str):
        try:
            result = float(value)
        except ValueError:
            return math.nan
    else:
        return math.nan
    return result if math.isfinite(result) else math.nan


class EventTable:
    """The latest events of one type.

    Parameters
    ----------
    fields
        The fields to keep, without type and symbol.

    Attributes
    ----------
    changed
        The latest event of each symbol since the last `take`.
    events
        How many events were taken in.
    dropped
        How many frames did not fit the schema, and were dropped.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        self.changed: dict[str, Row] = {}
        self.events = 0
        self.dropped = 0
        self._width = 0
        self._symbol_at = 0
        self._offsets: tuple[int | None, ...] = ()
        self.configure(self.asked)

    @property
    def asked(self) -> list[str]:
        """The schema that is requested."""
        return [EVENT_TYPE, EVENT_SYMBOL, *self.fields]

    def configure(self, schema: Sequence[str]) -> None:
        """Take the order of fields that the server has announced; one without symbols is not usable, and ignored."""
        if EVENT_SYMBOL not in schema:
            return
        places = {name: place for place, name in enumerate(schema)}
        self._width = len(schema)
        self._symbol_at = places[EVENT_SYMBOL]
        self._offsets = tuple(places.get(name) for name in self.fields)

    def take_compact(self, values: list[Any]) -> bool:
        """Take one flat list of events; return whether it fits the schema."""
        width = self._width
        count, rest = divmod(len(values), width)
        if rest:
            self.dropped += 1
            return False
        columns = [repeat(None, count) if at is None else values[at::width] for at in self._offsets]
        # All of it runs in C: a frame has hundreds of events, and frames come by the thousand. The columns are of one
        # length, which is not checked again.
        self.changed.update(zip(values[self._symbol_at :: width], zip(*columns)))  # noqa: B905 - of one length
        self.events += count
        return True

    def take_text(self, events: bytes) -> bool:  # noqa: ARG002 - for tables that decode what they need by themselves
        """Take the text of a COMPACT frame's events; return whether it was taken. Otherwise the frame is decoded."""
        return False

    def take_full(self, event: Mapping[str, Any]) -> bool:
        """Take one event with named fields; empty fields may be left out."""
        symbol = event.get(EVENT_SYMBOL)
        if not isinstance(symbol, str):
            self.dropped += 1
            return False
        self.changed[symbol] = tuple(event.get(name) for name in self.fields)
        self.events += 1
        return True

    def take(self) -> dict[str, Row]:
        """Return the latest events since the last call, and forget them."""
        changed, self.changed = self.changed, {}
        return changed


class EventTables:
    """The tables of a feed by type of event.

    Parameters
    ----------
    fields
        The fields to keep, by type of event; or a table that keeps them in a way of its own.

    Attributes
    ----------
    dropped
        How many parts of frames could not be used.
    """

    def __init__(self, fields: Mapping[str, Sequence[str] | EventTable]) -> None:
        self.tables = {
            kind: names if isinstance(names, EventTable) else EventTable(names) for kind, names in fields.items()
        }
        self.dropped = 0

    def __getitem__(self, kind: str) -> EventTable:
        return self.tables[kind]

    def reset_schema(self) -> None:
        """Expect the order of fields that is requested: a new channel knows nothing of the last one's."""
        for table in self.tables.values():
            table.configure(table.asked)

    def configure(self, schemas: Mapping[str, Sequence[str]] | None) -> None:
        """Take the schemas that the server has announced; types that it leaves out keep theirs."""
        for kind, schema in (schemas or {}).items():
            if kind in self.tables:
                self.tables[kind].configure(schema)

    def take_text_of(self, frame: bytes, channel: int) -> bool:
        """Take a frame that is not decoded; return whether a table has taken it. Otherwise it is to be decoded."""
        begin = DATA_BEGIN % channel
        if not frame.startswith(begin) or not frame.endswith(DATA_END):
            return False
        kind, _, events = frame[len(begin) : -len(DATA_END)].partition(b'",[')
        table = self.tables.get(kind.decode("ascii", "replace"))
        return table is not None and table.take_text(events)

    def take_frame(self, data: list[Any]) -> bool:
        """Take the data of one frame in either format; return whether anything of it was of use.

        The server has changed the format in mid-session without announcing it, so each frame is read by its own shape.
        """
        if not data:
            return False
        if isinstance(data[0], str):
            return self._take_compact(data)
        used = False
        for event in data:
            if not isinstance(event, dict):
                self.dropped += 1
                continue
            named = cast("dict[str, Any]", event)
            table = self.tables.get(named.get(EVENT_TYPE, ""))
            used = (table is not None and table.take_full(named)) or used
        return used

    def _take_compact(self, data: list[Any]) -> bool:
        used = False
        for place in range(0, len(data) - 1, 2):
            kind, values = data[place], data[place + 1]
            table = self.tables.get(kind) if isinstance(kind, str) else None
            if table is None:
                continue
            if not isinstance(values, list):
                self.dropped += 1
                continue
            used = table.take_compact(cast("list[Any]", values)) or used
        return used
