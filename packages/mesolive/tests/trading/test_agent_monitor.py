"""A data provider that goes away is told to every user, once, and told again when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.store.database import Database, WriteTransaction
from mesolive.trading.agent_monitor import AgentMonitor
from mesolive_sdk import MesoLiveEventHubClient, models
from mesolive_testkit.server import Kit, live_server, manual_market


def provider(kit: Kit) -> SimulatedProvider:
    market_provider = kit.application.market.provider()
    assert isinstance(market_provider, SimulatedProvider)
    return market_provider


class Listener:
    """Gathers what one connection of the Event Hub is told."""

    def __init__(self, client: MesoLiveEventHubClient) -> None:
        self.heard: asyncio.Queue[models.MesoLiveEvent] = asyncio.Queue()
        client.on_any_event(self.heard.put_nowait)

    async def next(self) -> models.MesoLiveEvent:
        return await asyncio.wait_for(self.heard.get(), 60)


async def listening(kit: Kit) -> Listener:
    client = MesoLiveEventHubClient(kit.url, kit.token)
    listener = Listener(client)
    await kit.stack.enter_async_context(client)
    await client.get_latest_event_seq_id()  # an answer says that the hub has taken the connection among its listeners
    return listener


async def test_a_provider_that_is_lost_and_comes_back_is_an_agent_event_and_an_error_each_time(kit: Kit) -> None:
    listener = await listening(kit)
    provider(kit).disconnect("the line is cut")
    lost, error = await listener.next(), await listener.next()
    assert isinstance(lost, models.AgentStatusEvent)
    assert (lost.Status, lost.Connector) == (models.AgentStatus.Disconnected, models.AgentConnector.Simulated)
    assert "the line is cut" in lost.Message
    assert isinstance(error, models.ErrorEvent)
    assert error.State is models.ErrorState.Active
    (agent,) = (await kit.control.list_agents()).Agents
    assert agent.Status is models.AgentStatus.Disconnected

    provider(kit).reconnect()
    back, resolved = await listener.next(), await listener.next()
    assert isinstance(back, models.AgentStatusEvent)
    assert back.Status is models.AgentStatus.Connected
    assert isinstance(resolved, models.ErrorEvent)
    assert (resolved.State, resolved.ErrorId) == (models.ErrorState.Resolved, error.ErrorId)
    latest = await (await kit.events()).get_latest_event_seq_id()
    assert latest.LatestEventSeqId == resolved.EventSeqId


async def test_a_client_that_connects_during_the_outage_receives_its_event_with_the_original_id(kit: Kit) -> None:
    first = await listening(kit)
    provider(kit).disconnect()
    error = [await first.next(), await first.next()][1]
    late = await listening(kit)
    message = await late.next()
    assert isinstance(message, models.ErrorEvent)
    assert message.EventId == error.EventId


async def test_a_restart_reports_the_return_of_a_provider_lost_before_it(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        listener = await listening(kit)
        provider(kit).disconnect()
        await listener.next()
        await listener.next()
    async with live_server(tmp_path) as again:
        events = await (await again.events()).get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=10))
    states = [event.Event.State for event in events.Events if isinstance(event.Event, models.ErrorEvent)]
    assert states == [models.ErrorState.Active, models.ErrorState.Resolved]


async def test_no_event_is_raised_while_all_providers_are_connected(kit: Kit) -> None:
    client = await kit.events()
    before = await client.get_latest_event_seq_id()
    await kit.advance(600)
    assert (await client.get_latest_event_seq_id()).LatestEventSeqId == before.LatestEventSeqId


@pytest.mark.parametrize("outage", [30.0])
async def test_a_stream_stays_open_through_an_outage_and_continues_after_it(kit: Kit, outage: float) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    stream = (await kit.data()).stream_position_data(models.StreamPositionDataArgs(PositionId=entered.PositionId))
    before = await anext(stream)
    provider(kit).disconnect()
    await kit.advance(outage)
    snapshot = await (await kit.data()).get_position_snapshot(
        models.GetPositionSnapshotArgs(PositionId=entered.PositionId)
    )
    assert snapshot.PositionPrices is not None
    assert snapshot.PositionPrices.MarkAgeMs is not None
    assert snapshot.PositionPrices.MarkAgeMs >= outage * 1000, "ages grow"
    provider(kit).reconnect()
    await kit.advance(5)
    after = await asyncio.wait_for(anext(stream), 60)
    assert after.PositionPrices != before.PositionPrices
    await stream.aclose()


async def test_a_provider_that_returns_while_the_monitor_starts_is_reported_as_back(tmp_path: Path) -> None:
    market, clock = manual_market()
    database = await Database.open(f"sqlite:///{tmp_path / 'watch.sqlite3'}")
    await Access(database, ServerSecret("x" * 32)).create_key("ann")
    market_provider = market.provider()
    assert isinstance(market_provider, SimulatedProvider)
    simulated: SimulatedProvider = market_provider
    reported: list[models.AgentStatus] = []
    both = asyncio.Event()

    class Watched(Journal):
        async def append(self, tx: WriteTransaction, user_id: int, events: Sequence[models.MesoLiveEvent]) -> None:
            await super().append(tx, user_id, events)
            reported.extend(event.Status for event in events if isinstance(event, models.AgentStatusEvent))
            if len(reported) == 1:
                simulated.reconnect()
            else:
                both.set()

    await market.start()
    watch = AgentMonitor(database, Watched(database, LocalBus(), clock), market)
    simulated.disconnect("before the start")
    try:
        await watch.start()
        await asyncio.wait_for(both.wait(), 60)
    finally:
        await watch.stop()
        await market.stop()
        await database.close()
    assert reported == [models.AgentStatus.Disconnected, models.AgentStatus.Connected]


async def test_a_user_created_during_an_outage_receives_its_event(tmp_path: Path) -> None:
    market, clock = manual_market()
    database = await Database.open(f"sqlite:///{tmp_path / 'watch.sqlite3'}")
    access = Access(database, ServerSecret("x" * 32))
    await access.create_key("ann")
    market_provider = market.provider()
    assert isinstance(market_provider, SimulatedProvider)
    received: asyncio.Queue[tuple[int, models.AgentStatus]] = asyncio.Queue()

    class Watched(Journal):
        async def append(self, tx: WriteTransaction, user_id: int, events: Sequence[models.MesoLiveEvent]) -> None:
            await super().append(tx, user_id, events)
            for event in events:
                if isinstance(event, models.AgentStatusEvent):
                    received.put_nowait((user_id, event.Status))

    await market.start()
    watch = AgentMonitor(database, Watched(database, LocalBus(), clock), market, look_seconds=0.01)
    try:
        await watch.start()
        market_provider.disconnect("the line is cut")
        ann = (await access.user("ann")).user_id
        assert await asyncio.wait_for(received.get(), 60) == (ann, models.AgentStatus.Disconnected)
        await access.create_key("bob")
        bob = (await access.user("bob")).user_id
        assert await asyncio.wait_for(received.get(), 60) == (bob, models.AgentStatus.Disconnected)
        market_provider.reconnect()
        back = [await asyncio.wait_for(received.get(), 60), await asyncio.wait_for(received.get(), 60)]
        assert back == [(ann, models.AgentStatus.Connected), (bob, models.AgentStatus.Connected)]
    finally:
        await watch.stop()
        await market.stop()
        await database.close()
    assert received.empty(), "each is told once"
