"""Streaming engine: values all channels once per conflation window, whatever the number of their followers.

A window begins with the first market change after the last window and collects further changes; at overload it widens
(`conflation`). At its end all
channels whose own prices changed (or, where they have greeks, whose underlying moved) are valued together as arrays
and each gets one new item. What did not change is not sent; after `keep_alive` without an item the latest values are
sent again.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
from msgspec import Struct

from mesolive.clock import Clock
from mesolive.market.chain_view import BookView
from mesolive.market.columns import QualityArray
from mesolive.market.listing import Listing
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.streams.channels import Channel
from mesolive.streams.conflation import ConflationWindow
from mesolive.tasks import Turns
from mesolive.trading.valuation.engine import Valuation, value_all
from mesolive.trading.valuation.quotes import (
    IV,
    MARK,
    QuoteTable,
    fill_greeks,
    locate,
    parts_to_solve,
    read_quotes,
    rows_without_volatility,
    solve_own_greeks,
    spot_of,
)
from mesolive.trading.valuation.subjects import BoolArray, FloatArray, Instrument, IntArray
from mesolive.trading.valuation.wire_items import LiveItem, templates_of
from mesolive_sdk.models import DataProviderType

BookKey = tuple[DataProviderType | None, str]
"""A provider and an underlying's symbol; `None` is the provider that serves the underlying."""

KEEP_ALIVE_STEP = 1.0
CHANNELS_PER_TURN = 32
"""Channels from which on a further turn pays: each turn reads the market and solves greeks, which costs as much as ten
items."""
MAX_TURNS = 2
"""Turns of a window at most."""
VALUED_PER_SLICE = 32
"""Channels that are valued together before other tasks have their turn: a millisecond. Four at a time take twice as
long, because a call costs as much as five positions."""
ITEMS_PER_SLICE = 4
"""Items that are encoded and queued before other tasks have their turn."""
TURNS_GIVEN = 3
"""Turns of the loop that others get between two slices: a call that has come in is read in the first, and answered in
the second; with one turn it would wait for two slices more. An idle turn costs some microseconds."""
CONTRACTS_PER_SLICE = 192
"""Contracts whose greeks are solved before other tasks have their turn: a millisecond, of which half is the cost of a
call whatever its number."""
ONLY = (0,)


@dataclass(slots=True)
class _Book:
    """The instruments on one underlying that some channel needs, and where they stand in the table of all."""

    key: BookKey
    instruments: list[Instrument]
    rows: dict[Instrument, int]
    first: int = 0
    listing: Listing | None = None
    index: IntArray | None = None

    def located(self, listing: Listing) -> IntArray:
        """Return the places of the instruments in a listing; looked up once per listing."""
        if self.listing is not listing or self.index is None:
            self.listing, self.index = listing, locate(listing, self.instruments)
        return self.index


class _Plan:
    """The channels of one moment laid out as arrays: made anew when a channel comes, goes or changes its legs."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self.channels = channels
        self._subjects = [channel.subject for channel in channels]
        books: dict[BookKey, _Book] = {}
        placed: list[list[tuple[_Book, int]]] = []
        for channel in channels:
            places: list[tuple[_Book, int]] = []
            for entry in channel.subject.entries:
                key = (channel.provider or entry.provider, entry.contract.underlying)
                book = books.get(key)
                if book is None:
                    book = books[key] = _Book(key, [], {})
                row = book.rows.get(entry.contract)
                if row is None:
                    row = book.rows[entry.contract] = len(book.instruments)
                    book.instruments.append(entry.contract)
                places.append((book, row))
            placed.append(places)
        first = 0
        for book in books.values():
            book.first = first
            first += len(book.instruments)
        self.size = first
        # Of each instrument, on each basis, as last solved: where the next solve begins.
        self.volatilities = np.full((first, 4), np.nan)
        self.books = list(books.values())
        self.rows = [np.array([book.first + row for book, row in places], dtype=np.intp) for places in placed]
        counts = np.array([rows.size for rows in self.rows], dtype=np.intp)
        self._filled = np.flatnonzero(counts)
        start = np.concatenate(([0], np.cumsum(counts)))
        self._starts = start[:-1][self._filled]
        self._all_rows = np.concatenate(self.rows) if self.rows else np.empty(0, dtype=np.intp)
        owner = np.repeat(np.arange(len(channels)), counts)
        self._bases = np.array([channel.form.bases for channel in channels], dtype=np.bool_).reshape(-1, 4)[owner]
        self._greeks = np.array([channel.form.greeks for channel in channels], dtype=np.bool_)[owner]
        # The last values of all channels are kept in one array, so that one comparison covers all of them.
        self._seen: FloatArray = np.concatenate([np.empty((0, 4)), *(channel.seen for channel in channels)])
        self._seen_spot: FloatArray = np.concatenate([np.empty(0), *(channel.seen_spot for channel in channels)])
        self._seen_quality: QualityArray = np.concatenate(
            [np.empty(0, dtype=np.int8), *(channel.seen_quality for channel in channels)]
        )
        for channel, begin, end in zip(channels, start[:-1], start[1:], strict=True):
            channel.seen, channel.seen_spot = self._seen[begin:end], self._seen_spot[begin:end]
            channel.seen_quality = self._seen_quality[begin:end]

    def is_current(self, place: int) -> bool:
        """Return whether a channel still is what this plan was made for."""
        channel = self.channels[place]
        return not channel.ended and channel.subject is self._subjects[place]

    def changed(self, table: QuoteTable, spots: FloatArray) -> list[int]:
        """Return the places of the channels whose quotes differ from those of their latest items."""
        if not self._filled.size:
            return []
        differs = (_differs(table.prices[self._all_rows], self._seen) & self._bases).any(axis=1)
        differs |= table.quality[self._all_rows] != self._seen_quality
        differs |= _differs(spots[self._all_rows], self._seen_spot) & self._greeks
        changed: list[int] = self._filled[np.logical_or.reduceat(differs, self._starts)].tolist()
        return changed


class _Fresh(Struct, frozen=True):
    """Channels that are valued together at the end of this turn of the loop, and what they wait for."""

    channels: list[Channel]
    published: asyncio.Future[None]


class _Market(Struct, frozen=True):
    """The quotes of a plan's instruments at one moment."""

    views: Sequence[BookView | None]
    table: QuoteTable
    spots: FloatArray


class Engine:
    """Values the channels.

    Parameters
    ----------
    market
        The quotes.
    clock
        Market time, used where no quote has a time.
    pace
        Real time, in which windows and keep-alives are counted: not the market's clock, which may run faster, and not
        the wall's, which may be set back.
    window
        For how long changes are gathered, in seconds.
    keep_alive
        After how many seconds without an item the latest values are sent again.
    processor_time
        The processor time of this thread, in seconds.

    Attributes
    ----------
    window
        For how long changes are gathered at the moment: longer at overload.
    items, turns, busy_seconds
        How many items were made, how many turns there were, and the processor time that they took; for metrics.
    """

    def __init__(
        self,
        market: Market,
        clock: Clock,
        pace: Clock,
        window: float,
        keep_alive: float,
        processor_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self._market = market
        self._clock = clock
        self._pace = pace
        self.window = ConflationWindow(window)
        self._processor_time = processor_time
        self._keep_alive = keep_alive
        self._channels: dict[Hashable, Channel] = {}
        self._of_user: dict[int, dict[Hashable, Channel]] = {}
        self._plans: list[_Plan] | None = None
        self._fresh: _Fresh | None = None
        self._epoch = pace.now()
        self._numbers = itertools.count()
        self._round = 0
        self.items = 0
        self.turns = 0
        self.busy_seconds = 0.0

    @property
    def channels(self) -> dict[Hashable, Channel]:
        """The channels by key; change it with `add` and `remove` only."""
        return self._channels

    def add(self, channel: Channel) -> None:
        """Keep a channel up to date from now on."""
        self._channels[channel.key] = channel
        if channel.user_id is not None:
            self._of_user.setdefault(channel.user_id, {})[channel.key] = channel
        channel.number = next(self._numbers)

    def remove(self, channel: Channel) -> None:
        """Forget a channel."""
        if self._channels.get(channel.key) is channel:
            del self._channels[channel.key]
            if channel.user_id is not None:
                own = self._of_user[channel.user_id]
                del own[channel.key]
                if not own:
                    del self._of_user[channel.user_id]
            self._plans = None

    def of_user(self, user_id: int) -> list[Channel]:
        """Return the channels of a user's positions and legs, which that user's events may change."""
        return list(self._of_user.get(user_id, {}).values())

    async def refresh(self, channel: Channel) -> None:
        """Value a channel now, because it is new or its subject changed, and publish the item.

        Those that ask within one turn of the loop are valued together.
        """
        channel.templates = None
        channel.forget()
        self._plans = None
        fresh = self._fresh
        if fresh is None or len(fresh.channels) >= CHANNELS_PER_TURN:
            loop = asyncio.get_running_loop()
            fresh = self._fresh = _Fresh([], loop.create_future())
            loop.call_soon(self._publish_fresh, fresh)
        fresh.channels.append(channel)
        await asyncio.shield(fresh.published)

    def _publish_fresh(self, fresh: _Fresh) -> None:
        if self._fresh is fresh:
            self._fresh = None
        plan = _Plan([channel for channel in fresh.channels if not channel.ended])
        try:
            if plan.channels:
                self._publish(plan, self._read(plan), range(len(plan.channels)))
        except Exception as failure:  # noqa: BLE001 - whoever waits for it raises it
            fresh.published.set_exception(failure)
        else:
            fresh.published.set_result(None)

    def value(self, channel: Channel) -> Valuation:
        """Return the values of a channel that need not be one of the engine's: for snapshots."""
        channel.forget()
        alone = _Plan([channel])
        market = self._read(alone)
        return self._values(alone, market, ONLY, self._solve(alone, market, ONLY))[0]

    async def run(self, turns: Turns) -> None:
        """Follow the market until cancelled, as a loop of `Tasks`."""
        due = self._now()
        async with self._market.changed() as changes:
            self._round += 1
            for plan in self._current_plans():
                await self._take_turn(plan)  # changes from before this call
            async for _ in changes:
                # While the market is busy windows join without a pause, and a turn that took long is caught up with.
                # After a quiet time a change begins a window of its own.
                window = self.window.seconds
                if not 0.0 <= self._now() - due < window:
                    due = self._now()
                self._round += 1
                begun = self._current_plans()
                busy, late = self.busy_seconds, 0.0
                for turn in range(len(begun)):
                    due += window / len(begun)
                    # A turn that is due waits a turn of the loop too: whoever calls meanwhile comes in between.
                    await self._pace.sleep(max(due - self._now(), 0.0))
                    late = max(late, self._now() - due)
                    for plan in self._current_plans()[turn :: len(begun)]:
                        await self._take_turn(plan)
                if begun is not self._current_plans():
                    # Channels were added or removed and the plans rebuilt: every channel must still get its turn.
                    for plan in self._current_plans():
                        await self._take_turn(plan)
                self.window.account(self.busy_seconds - busy + late)
                turns.turned()

    async def _take_turn(self, plan: _Plan) -> None:
        """Value what changed among the channels that had no turn in this window yet."""
        started = self._processor_time()
        if plan.channels:
            market = self._read(plan)
            changed = [
                place for place in plan.changed(market.table, market.spots) if plan.channels[place].round != self._round
            ]
            for channel in plan.channels:
                channel.round = self._round
            if changed:
                # What is little is done in one go: to read, to solve and to value it takes less than to pause.
                sliced = len(changed) > ITEMS_PER_SLICE
                greeks = np.full((plan.size, 4, 7), np.nan)
                if sliced:
                    started = await self._give_way(started)
                for _ in self._solving(plan, market, changed, greeks):
                    started = await self._give_way(started)
                for first in range(0, len(changed), VALUED_PER_SLICE):
                    if sliced:
                        started = await self._give_way(started)
                    part = [place for place in changed[first : first + VALUED_PER_SLICE] if plan.is_current(place)]
                    if not part:
                        continue
                    values = self._values(plan, market, part, greeks)
                    for at, place in enumerate(part):
                        if sliced and at % ITEMS_PER_SLICE == 0:
                            started = await self._give_way(started)
                        # Who ended meanwhile, or got other legs and an item of these, is passed over.
                        if plan.is_current(place):
                            self._hand_out(plan, market, place, values[at])
        self.turns += 1
        self.busy_seconds += self._processor_time() - started

    async def _give_way(self, started: float) -> float:
        """Let calls and events that came meanwhile have their turn; return the processor time at which work goes on.

        A turn takes milliseconds: a call would wait for all of it.
        """
        self.busy_seconds += self._processor_time() - started
        for _ in range(TURNS_GIVEN):
            await asyncio.sleep(0)
        return self._processor_time()

    async def run_keep_alive(self, turns: Turns) -> None:
        """Repeat items that are old, and make those of slow channels, until cancelled, as a loop of `Tasks`."""
        while True:
            await self._pace.sleep(min(KEEP_ALIVE_STEP, self._keep_alive))
            self._publish_slow()
            now = self._now()
            for plan in self._current_plans():
                late = [
                    place for place, channel in enumerate(plan.channels) if now - channel.sent_at >= self._keep_alive
                ]
                if late:
                    self._publish(plan, self._read(plan), late)
            turns.turned()

    def _publish_slow(self) -> None:
        """Give each slow channel that is due an item, where its values changed or the latest item is old."""
        now = self._now()
        due = [
            channel
            for channel in self._channels.values()
            if channel.form.every and _is_ready(channel) and now - channel.sent_at >= channel.form.every
        ]
        if not due:
            return
        plan = _Plan(due)
        market = self._read(plan)
        changed = set(plan.changed(market.table, market.spots))
        changed.update(place for place, channel in enumerate(due) if now - channel.sent_at >= self._keep_alive)
        if changed:
            self._publish(plan, market, sorted(changed))

    def _current_plans(self) -> Sequence[_Plan]:
        """Return the plans of all turns; at least one."""
        if self._plans is None:
            ready = [channel for channel in self._channels.values() if not channel.form.every and _is_ready(channel)]
            turns = min(max(len(ready) // CHANNELS_PER_TURN, 1), MAX_TURNS)
            dealt: list[list[Channel]] = [[] for _ in range(turns)]
            for channel in ready:
                dealt[channel.number % turns].append(channel)
            self._plans = [_Plan(channels) for channels in dealt]
        return self._plans

    def _read(self, plan: _Plan) -> _Market:
        views = [self._view(book.key) for book in plan.books]
        prices, ages = np.full((plan.size, 4), np.nan), np.full((plan.size, 4), np.nan)
        quality, modelled = np.zeros(plan.size, dtype=np.int8), np.zeros(plan.size, dtype=np.bool_)
        spots = np.full(plan.size, np.nan)
        moments: list[datetime] = []
        for book, view in zip(plan.books, views, strict=True):
            if view is None:
                continue
            part = slice(book.first, book.first + len(book.instruments))
            table = read_quotes(view, book.located(view.listing))
            prices[part], ages[part], quality[part] = table.prices, table.ages, table.quality
            modelled[part] = table.modelled
            spot = spot_of(view)
            spots[part] = np.nan if spot is None else spot
            moments.append(view.now)
        now = max(moments) if moments else self._clock.now()
        return _Market(views, QuoteTable(now, np.empty(0, dtype=np.intp), prices, ages, quality, modelled), spots)

    def _view(self, key: BookKey) -> BookView | None:
        try:
            return self._market.view(key[1], key[0])
        except (UnknownUnderlyingError, UnknownProviderError):
            return None

    def _publish(self, plan: _Plan, market: _Market, places: Sequence[int]) -> None:
        """Value the channels at `places` together and give each its item."""
        values = self._values(plan, market, places, self._solve(plan, market, places))
        for place, result in zip(places, values, strict=True):
            self._hand_out(plan, market, place, result)

    def _hand_out(self, plan: _Plan, market: _Market, place: int, result: Valuation) -> None:
        """Give a channel the item of its values."""
        channel, rows = plan.channels[place], plan.rows[place]
        channel.seen[:] = market.table.prices[rows]
        channel.seen_quality[:] = market.table.quality[rows]
        channel.seen_spot[:] = market.spots[rows]
        form, templates = channel.form, channel.templates
        if templates is None and not form.every:
            templates = channel.templates = templates_of(channel.subject, form.build)
        write = None if templates is None else partial(templates.json, result)
        self.items += 1
        channel.publish(LiveItem(form.build(channel.subject, result), form.type_, write), self._now())

    def _values(self, plan: _Plan, market: _Market, places: Sequence[int], greeks: FloatArray) -> Sequence[Valuation]:
        """Return the values of the channels at `places`, from the greeks of their contracts."""
        chosen = [plan.channels[place] for place in places]
        rows = [plan.rows[place] for place in places]
        subjects = [channel.subject for channel in chosen]
        return value_all(subjects, rows, [channel.form.wanted for channel in chosen], market.table, greeks)

    def _solve(self, plan: _Plan, market: _Market, places: Sequence[int]) -> FloatArray:
        """Solve the greeks that the channels at `places` want, each contract once."""
        result = np.full((plan.size, 4, 7), np.nan)
        for _ in self._solving(plan, market, places, result):
            pass
        return result

    def _solving(self, plan: _Plan, market: _Market, places: Sequence[int], result: FloatArray) -> Iterator[None]:
        """Solve the greeks that the channels at `places` want into `result`, pausing between parts of the contracts."""
        needed = np.zeros(plan.size, dtype=np.bool_)
        bits = 0
        for place in places:
            channel = plan.channels[place]
            if channel.form.greeks:
                needed[plan.rows[place]] = True
                bits |= channel.form.wanted.greeks
        bases: BoolArray = np.array([bool(bits >> place & 1) for place in range(4)])
        if not needed.any() or not bits:
            return
        begun = False
        for book, view in zip(plan.books, market.views, strict=True):
            if view is None:
                continue
            part = slice(book.first, book.first + len(book.instruments))
            wanted = np.flatnonzero(needed[part])
            quotes = market.table
            table = QuoteTable(
                view.now,
                book.located(view.listing),
                quotes.prices[part],
                quotes.ages[part],
                quotes.quality[part],
                quotes.modelled[part],
            )
            for chosen in parts_to_solve(view, table, wanted, CONTRACTS_PER_SLICE):
                if begun:
                    yield
                begun = True
                start = plan.volatilities[book.first + chosen]
                own = solve_own_greeks(view, table, chosen, bases, start)
                plan.volatilities[book.first + chosen] = 0.01 * own[:, :, IV]
                result[book.first + chosen] = own
            # Those that need other contracts' volatilities come together: a call costs more than ten of them.
            missing = wanted[rows_without_volatility(table, wanted, bases, result[book.first + wanted])]
            for chosen in parts_to_solve(view, table, missing, CONTRACTS_PER_SLICE):
                yield
                result[book.first + chosen, MARK] = fill_greeks(view, table, chosen)

    def _now(self) -> float:
        return (self._pace.now() - self._epoch).total_seconds()


def _is_ready(channel: Channel) -> bool:
    return channel.item is not None and not channel.ended


def _differs(new: FloatArray, old: FloatArray) -> BoolArray:
    """Where two arrays differ; no value is equal to no value."""
    return (new != old) & ~(np.isnan(new) & np.isnan(old))
