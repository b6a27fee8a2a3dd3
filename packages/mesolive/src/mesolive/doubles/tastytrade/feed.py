"""Feeds of the double of tastytrade: the subscriptions of one DXLink channel, and the data that they bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.market_events import FIELDS, Event, MarketEvents, as_lists, as_objects
from mesolive.doubles.tastytrade.sockets import Socket
from mesolive.doubles.tastytrade.values import JsonObject

PRICES: Final = frozenset({"bidPrice", "askPrice", "bidSize", "askSize", "price", "size"})
UNCHANGED: Final = frozenset({"time", "index"})
"""Fields that do not make an event a new one."""

LATEST_SECONDS: Final = 4.0e9
"""A first moment lies before the year 2096."""

MAX_PERIOD: Final = 3600.0
"""Seconds of aggregation at most."""

_Subject = tuple[str, str]


class FeedError(ValueError):
    """A message to a feed that is refused; the name of the error comes first."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message


class Feed:
    """The feed of one channel.

    Parameters
    ----------
    desk
        Settings, faults and time.
    events
        The market.
    socket
        Where the data goes.
    channel
        The number of the channel.

    Attributes
    ----------
    frames
        How many frames of data were sent.
    """

    def __init__(self, desk: Desk, events: MarketEvents, socket: Socket, channel: int) -> None:
        self._desk = desk
        self._events = events
        self._socket = socket
        self.channel = channel
        self.frames = 0
        self._fields: dict[str, Sequence[str]] = {}
        self._asked: dict[str, Sequence[str]] = {}
        self._format = "FULL"
        self._period = 0.0
        self._configured = False
        self._flushed_at: datetime | None = None
        self._sent: dict[_Subject, Event | None] = {}

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return len(self._sent)

    def set_up(self, message: JsonObject) -> None:
        """Take what a client wants its data to be like."""
        asked = message.get("acceptEventFields")
        if isinstance(asked, dict):
            self._asked = {
                kind: [str(name) for name in cast("list[object]", names) if name in FIELDS[kind]]
                for kind, names in cast("Mapping[str, object]", asked).items()
                if kind in FIELDS and isinstance(names, list)
            }
        wanted = message.get("acceptDataFormat")
        if isinstance(wanted, str):
            self._format = wanted
        period = message.get("acceptAggregationPeriod")
        if isinstance(period, int | float):
            self._period = min(max(float(period), 0.0), MAX_PERIOD)
        self._configured = False
        if self._sent and not self._desk.faults.is_on("config_late"):
            self._configure()

    def subscribe(self, message: JsonObject) -> None:
        """Add and remove subscriptions; each new one brings the latest event that there is.

        Raises
        ------
        FeedError
            When there are too many, or one is of no type that exists.
        """
        if message.get("reset") is True:
            self._sent.clear()
        for subject in _subjects(message.get("remove")):
            self._sent.pop((subject[0], subject[1]), None)
        added = [(kind, symbol, start) for kind, symbol, start in _subjects(message.get("add"))]
        big = self._desk.faults.strike("subscription_too_big") if added else None
        if big is not None and len(self._sent) + len(added) > int(big["symbols"]):
            kind = added[0][0]
            raise FeedError("BAD_ACTION", f"Your subscription size for event type '{kind}' is too big")
        if not self._configured and not self._desk.faults.is_on("config_late"):
            self._configure()
        first: list[tuple[str, str, Event]] = []
        missing = self._desk.faults.is_on("snapshot_missing")
        for kind, symbol, start in added:
            if kind == "Candle":
                self._sent[kind, symbol] = None
                first += [(kind, symbol, event) for event in self._events.candles(symbol, start)]
                continue
            event = self._events.event(kind, symbol)
            self._sent[kind, symbol] = event
            if event is not None and not missing:
                first.append((kind, symbol, event))
        self._send(first)

    def flush(self) -> None:
        """Send what has changed, no sooner than the aggregation period after the last time."""
        now = self._desk.timer.now()
        period = timedelta(seconds=max(self._period, self._desk.settings.market_data_period))
        if self._flushed_at is not None and timedelta(0) <= now - self._flushed_at < period:
            return
        self._flushed_at = now
        self._send(list(self._changes()))

    def repeat(self, number: int) -> None:
        """Send the latest events again, so many in all."""
        known = [(kind, symbol, event) for (kind, symbol), event in self._sent.items() if event is not None]
        while known and number > 0:
            self._send(known[:number])
            number -= len(known)

    def _changes(self) -> Iterator[tuple[str, str, Event]]:
        for (kind, symbol), before in self._sent.items():
            event = self._events.event(kind, symbol)
            if event is None or (before is not None and _same(before, event)):
                continue
            self._sent[kind, symbol] = event
            yield kind, symbol, event

    def _configure(self) -> None:
        """Tell how the data comes."""
        faults = self._desk.faults
        self._fields = {kind: list(self._asked.get(kind) or names) for kind, names in FIELDS.items()}
        if faults.strike("fields_permuted") is not None:
            for names in self._fields.values():
                faults.shuffle("fields_permuted", cast("list[str]", names))
        fields = {kind: self._fields[kind] for kind in self._asked or {subject[0] for subject in self._sent}}
        config: JsonObject = {
            "type": "FEED_CONFIG",
            "channel": self.channel,
            "dataFormat": self._format,
            "aggregationPeriod": self._period,
        }
        if faults.strike("config_without_fields") is None and fields:
            config["eventFields"] = fields
        self._socket.send(config)
        self._configured = True

    def _send(self, events: Sequence[tuple[str, str, Event]]) -> None:
        """Send events, some hundred in a frame."""
        faults = self._desk.faults
        disturbed = [
            (kind, symbol, self._disturbed(symbol, event)) for kind, symbol, event in events if self._heard(symbol)
        ]
        if not disturbed:
            return
        fields = self._fields or {kind: list(self._asked.get(kind) or names) for kind, names in FIELDS.items()}
        size = self._desk.settings.events_per_frame
        for first in range(0, len(disturbed), size):
            part = disturbed[first : first + size]
            full = self._format == "FULL" or faults.strike("full_format") is not None
            data: list[object] = [*as_objects(part, fields)] if full else as_lists(part, fields)
            if not full and faults.strike("frame_cut") is not None:
                cast("list[object]", data[1]).pop()
            self._socket.send({"type": "FEED_DATA", "channel": self.channel, "data": data})
            self.frames += 1
        if not self._configured:
            self._configure()

    def _heard(self, symbol: str) -> bool:
        faults = self._desk.faults
        return not faults.on.get("feed_silent") or faults.strike("feed_silent", symbol=symbol) is None

    def _disturbed(self, symbol: str, event: Event) -> Event:
        faults = self._desk.faults
        if faults.on.get("one_sided") and faults.strike("one_sided", symbol=symbol) is not None and "bidPrice" in event:
            event = event | {"bidPrice": float("nan"), "bidSize": float("nan")}
        if faults.on.get("values_missing") and faults.strike("values_missing", symbol=symbol) is not None:
            event = event | dict.fromkeys(PRICES & set(event), float("nan"))
        return event


def _same(before: Event, event: Event) -> bool:
    """Whether nothing but the time has changed; NaN is equal to NaN."""
    return all(
        value == event.get(name) or (value != value and event.get(name) != event.get(name)) or name in UNCHANGED  # noqa: PLR0124 - NaN
        for name, value in before.items()
    )


def _subjects(entries: object) -> Iterator[tuple[str, str, datetime]]:
    """Return the types, symbols and first moments of a list of subscriptions.

    Raises
    ------
    FeedError
        When an entry is none, or of a type that does not exist.
    """
    if entries is None:
        return
    if not isinstance(entries, list):
        raise FeedError("INVALID_MESSAGE", "a list of subscriptions was expected")
    for entry in cast("list[object]", entries):
        if not isinstance(entry, dict):
            raise FeedError("INVALID_MESSAGE", "a subscription was expected")
        given = cast("JsonObject", entry)
        kind, symbol = given.get("type"), given.get("symbol")
        if not isinstance(kind, str) or not isinstance(symbol, str) or kind not in FIELDS:
            raise FeedError("INVALID_MESSAGE", f"there are no events of type {kind!r} for {symbol!r}")
        start = given.get("fromTime")
        seconds = start / 1000 if isinstance(start, int | float) else 0.0
        if not 0.0 <= seconds < LATEST_SECONDS:
            raise FeedError("INVALID_MESSAGE", f"fromTime {start!r} is no time in milliseconds")
        yield kind, symbol, datetime.fromtimestamp(seconds, UTC)
