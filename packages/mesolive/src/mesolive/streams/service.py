"""Data Hub streams and snapshots: positions, legs, combos, contracts and underlyings with prices, greeks and PnL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from mesolive.access.context import UserContext
from mesolive.clock import Clock, ScaledClock
from mesolive.errors import ServiceError, rate_limited, unavailable
from mesolive.journal.bus import Bus
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market
from mesolive.market.subscriptions import SubscriptionHandle, TooManySubscriptionsError
from mesolive.streams.account_data import AccountReader
from mesolive.streams.chain_data import ChainStream, ChainStreams
from mesolive.streams.channels import Channel
from mesolive.streams.engine import Engine
from mesolive.streams.many_positions import ManyPositions, check_many
from mesolive.streams.sources import StreamSource, StreamSources
from mesolive.tasks import BackOff, Tasks, Turns
from mesolive.trading.valuation.from_positions import PositionReader
from mesolive.trading.valuation.subjects import Subject
from mesolive.trading.valuation.wire_items import (
    EXACT,
)
from mesolive_sdk import models
from signalr_asyncio import Shared

_log = structlog.get_logger(__name__)

T = TypeVar("T")

LOAD_SECONDS = 30.0
ACCOUNT_SECONDS = 5.0
RETRY_SECONDS = 1.0
RETRY = BackOff(first=RETRY_SECONDS, longest=5.0)


class Streams:
    """Streams and snapshots of live prices, greeks and PnL.

    Parameters
    ----------
    positions
        Reads the users' positions and legs.
    market
        The quotes.
    bus
        Announces the users whose positions may have changed: every change of a position appends an event.
    clock
        Market time.
    accounts
        Reads the users' accounts; without it no account is known.
    pace
        Real time; by default the computer's monotonic clock.
    window
        For how many seconds changes are gathered into one item.
    keep_alive
        After how many seconds without an item the latest values are sent again.
    max_channels
        The maximum of channels at the same time, over all users.
    processor_time
        The processor time of this thread, in seconds: the window widens when the values take too much of it.
    """

    def __init__(
        self,
        positions: PositionReader,
        market: Market,
        bus: Bus,
        clock: Clock,
        *,
        accounts: AccountReader | None = None,
        pace: Clock | None = None,
        window: float = 0.1,
        keep_alive: float = 15.0,
        max_channels: int = 20_000,
        processor_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self._market = market
        # Subscribe first, so that no event is missed; the subscription is read once a stream is followed.
        self._news = bus.subscribe(positions_only=True)
        self._started = False
        self._closed = False
        self._pace = pace if pace is not None else ScaledClock(datetime(2000, 1, 1, tzinfo=UTC))
        self._max_channels = max_channels
        self.engine = Engine(market, clock, self._pace, window, keep_alive, processor_time)
        self._chains = ChainStreams(market, self._pace)
        self.tasks = Tasks(self._pace)
        self._sources = StreamSources(positions, market, self.tasks, accounts)

    async def close(self) -> None:
        """End all streams and what keeps them up to date; safe to call twice."""
        self._closed = True
        for channel in list(self.engine.channels.values()):
            channel.end()
        await self.tasks.stop()
        self._news.close()

    def _start(self) -> None:
        """Begin to follow the market and the users' positions."""
        self._started = True
        self.tasks.start_loop("live values", self.engine.run, back_off=RETRY)
        self.tasks.start_loop("live keep-alive", self.engine.run_keep_alive, back_off=RETRY)
        self.tasks.start_loop("live positions", self._follow_news, back_off=RETRY)
        self.tasks.start_loop("live accounts", self._read_accounts, back_off=RETRY)

    # Streams

    def position(self, user: UserContext, args: models.PositionDataArgs) -> LiveStream:
        """Stream a position's values; ends after the item that shows it closed.

        The first item of every stream raises `ServiceError` for an unknown id or one of another user, a provider that
        this server does not have, an unknown contract, or flags that select no field.
        """
        return LiveStream(self, lambda: self._sources.position(user, args))

    def positions(self, user: UserContext, args: models.StreamPositionsDataArgs) -> ManyPositions:
        """Stream the values of many positions; ends after the item that shows the last of them closed."""
        check_many(args)
        return ManyPositions(self, self._sources.positions(user, args))

    def leg(self, user: UserContext, args: models.LegDataArgs) -> LiveStream:
        """Stream a leg's values; ends after the item that shows it closed."""
        return LiveStream(self, lambda: self._sources.leg(user, args))

    def legs(self, user: UserContext, args: models.LegsDataArgs) -> LiveStream:
        """Stream the values of several legs; a leg that is closed leaves the items, and with the last one it ends."""
        return LiveStream(self, lambda: self._sources.legs(user, args))

    def combo(self, _user: UserContext, args: models.ComboContractsDataArgs) -> LiveStream:
        """Stream the values of a combo of contracts."""
        return LiveStream(self, lambda: self._sources.combo(args))

    def contract(self, _user: UserContext, args: models.ContractDataArgs) -> LiveStream:
        """Stream the values of one contract."""
        return LiveStream(self, lambda: self._sources.contract(args))

    def underlying(self, _user: UserContext, args: models.UnderlyingDataArgs) -> LiveStream:
        """Stream an underlying's prices."""
        return LiveStream(self, lambda: self._sources.underlying(args))

    def account(self, user: UserContext, args: models.AccountDataArgs) -> LiveStream:
        """Stream an account's values, at most once a second."""
        return LiveStream(self, lambda: self._sources.account(user, args))

    def chain(self, user: UserContext, args: models.StreamChainDataArgs) -> ChainStream:
        """Stream a window of strikes, at most once a second."""
        return self._chains.follow(user, args)

    # Snapshots

    async def position_snapshot(
        self, user: UserContext, args: models.PositionDataArgs
    ) -> models.GetPositionSnapshotResult:
        """Return a position's values now; raises as the streams do."""
        return await self._snapshot(self._sources.position(user, args), models.GetPositionSnapshotResult)

    async def leg_snapshot(self, user: UserContext, args: models.LegDataArgs) -> models.GetLegSnapshotResult:
        """Return a leg's values now."""
        return await self._snapshot(self._sources.leg(user, args), models.GetLegSnapshotResult)

    async def legs_snapshot(self, user: UserContext, args: models.LegsDataArgs) -> models.GetLegsSnapshotResult:
        """Return the values of several legs now."""
        return await self._snapshot(self._sources.legs(user, args), models.GetLegsSnapshotResult)

    async def combo_snapshot(
        self, _user: UserContext, args: models.ComboContractsDataArgs
    ) -> models.GetComboContractsSnapshotResult:
        """Return the values of a combo now."""
        return await self._snapshot(self._sources.combo(args), models.GetComboContractsSnapshotResult)

    async def contract_snapshot(
        self, _user: UserContext, args: models.ContractDataArgs
    ) -> models.GetContractSnapshotResult:
        """Return the values of a contract now."""
        return await self._snapshot(self._sources.contract(args), models.GetContractSnapshotResult)

    async def underlying_snapshot(
        self, _user: UserContext, args: models.UnderlyingDataArgs
    ) -> models.GetUnderlyingSnapshotResult:
        """Return an underlying's prices now."""
        return await self._snapshot(self._sources.underlying(args), models.GetUnderlyingSnapshotResult)

    async def account_snapshot(
        self, user: UserContext, args: models.AccountDataArgs
    ) -> models.GetAccountSnapshotResult:
        """Return an account's values now."""
        return await self._snapshot(self._sources.account(user, args), models.GetAccountSnapshotResult)

    # How they are followed

    async def _snapshot(self, source: StreamSource, type_: type[T]) -> T:
        subject, _ = await source.load()
        channel = source.channel()
        channel.subject = subject
        return type_(**channel.form.build(subject, self.engine.value(channel))(EXACT))

    def join(self, source: StreamSource) -> Channel:
        """Follow a source: its channel, with one follower more. `leave` must follow."""
        if self._closed:
            raise unavailable("the server is shutting down", code="ServerStopping")
        if not self._started:
            self._start()
        channel = self.engine.channels.get(source.key)
        if channel is None:
            if len(self.engine.channels) >= self._max_channels:
                raise rate_limited(
                    f"the server streams {self._max_channels} different things already", code="TooManyStreams"
                )
            channel = source.channel()
            channel.reload = lambda: self._reload(channel, source)
            self.engine.add(channel)
            channel.reload()
        channel.followers += 1
        return channel

    def leave(self, channel: Channel) -> None:
        """Follow it no more; a channel without followers ends."""
        channel.followers -= 1
        if channel.followers == 0:
            self._end(channel)
            if channel.loading is not None:
                channel.loading.cancel()

    def _reload(self, channel: Channel, source: StreamSource) -> None:
        """Have the channel's subject read, again where that is under way."""
        channel.stale = True
        if channel.loading is None:
            channel.loading = self.tasks.spawn("live subject", self._load(channel, source), detail=source.key[0])

    async def _load(self, channel: Channel, source: StreamSource) -> None:
        try:
            while channel.stale and not channel.ended:
                channel.stale = False
                await self._load_once(channel, source)
        finally:
            channel.loading = None

    async def _load_once(self, channel: Channel, source: StreamSource) -> None:
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                subject, closed = await source.load()
            if channel.followers == 0:
                return
            if subject != channel.subject or channel.item is None or closed:
                self._lease(channel, subject)
                channel.subject = subject
                await self.engine.refresh(channel)
        except ServiceError as error:
            self._end(channel, error)
        except TooManySubscriptionsError as error:
            self._end(channel, rate_limited(str(error), code="TooManySubscriptions"))
        except Exception:  # noqa: BLE001 - a fault of the server: logged, then retried or sent
            _log.exception("live_subject_not_read", kind=source.key[0], user_id=source.user_id)
            if channel.item is None:
                self._end(channel, ServiceError(models.StatusCode.InternalError, "the server could not read it"))
            else:
                # Followers keep the latest item; the channel stays marked for a reload.
                await self._pace.sleep(RETRY_SECONDS)
                channel.stale = True
        else:
            if closed:
                self._end(channel)

    def _lease(self, channel: Channel, subject: Subject) -> None:
        """Subscribe to the subject's contracts at the provider, and release the subscriptions held before."""
        wanted: dict[models.DataProviderType | None, list[OptionContract]] = {}
        for entry in subject.entries:
            if isinstance(entry.contract, OptionContract):
                wanted.setdefault(channel.provider or entry.provider, []).append(entry.contract)
        leases = [self._market.subscribe(contracts, kind) for kind, contracts in wanted.items() if self._runs(kind)]
        lease, channel.lease = channel.lease, SubscriptionHandle.joined(leases)
        if lease is not None:
            lease.close()

    def _runs(self, provider: models.DataProviderType | None) -> bool:
        return provider is None or provider in self._market.providers

    def _end(self, channel: Channel, error: ServiceError | None = None) -> None:
        self.engine.remove(channel)
        if channel.lease is not None:
            channel.lease.close()
        channel.end(error)

    async def _follow_news(self, turns: Turns) -> None:
        while True:
            users = await self._news.changed()
            for channel in (channel for user_id in users for channel in self.engine.of_user(user_id)):
                if channel.reload is not None:
                    channel.reload()
            turns.turned()

    async def _read_accounts(self, turns: Turns) -> None:
        """Read again every few seconds what changes of an account without an event: margin, its broker's figures."""
        while True:
            await self._pace.sleep(ACCOUNT_SECONDS)
            for channel in list(self.engine.channels.values()):
                if channel.form.every and channel.reload is not None:
                    channel.reload()
            turns.turned()


class LiveStream(AsyncIterator[Shared]):
    """A stream of live values: to iterate, or to have pushed into connections. One of the two, and once.

    Parameters
    ----------
    streams
        Where the channels are.
    source_of
        Returns the source when the stream begins; raises `ServiceError` where the request cannot be served.
    """

    def __init__(self, streams: Streams, source_of: Callable[[], StreamSource]) -> None:
        self._streams = streams
        self._source_of = source_of
        self._items: AsyncGenerator[Shared] | None = None

    async def push(self, put: Callable[[Shared], None]) -> None:
        """Call `put` with each item until the stream ends; see `Channel.push`."""
        channel = self._streams.join(self._source_of())
        try:
            await channel.push(put)
        finally:
            self._streams.leave(channel)

    async def __anext__(self) -> Shared:
        if self._items is None:
            self._items = self._follow()
        return await anext(self._items)

    async def aclose(self) -> None:
        """End the stream."""
        if self._items is not None:
            await self._items.aclose()

    async def _follow(self) -> AsyncGenerator[Shared]:
        channel = self._streams.join(self._source_of())
        try:
            async for item in channel.follow():
                yield item
        finally:
            self._streams.leave(channel)
