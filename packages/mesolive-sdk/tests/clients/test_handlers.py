"""How the handlers of events behave: in order, one after another, and never the end of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mesolive_sdk import MesoLiveEventHubClient, MesoLiveSignalRError, models
from mesolive_sdk_testkit.server import TOKEN, ScriptedServer, success
from mesolive_sdk_testkit.values import Maker
from signalr_asyncio import Hub


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest_asyncio.fixture
async def events(server: ScriptedServer) -> AsyncIterator[MesoLiveEventHubClient]:
    async with MesoLiveEventHubClient(server.url, TOKEN) as client:
        yield client


def update(number: int) -> models.PositionUpdateEvent:
    event: models.PositionUpdateEvent = Maker(number).make("PositionUpdateEvent")[0]
    event.EventSeqId = number
    return event


async def test_handlers_run_one_after_another_in_the_order_of_the_events(
    server: ScriptedServer, events: MesoLiveEventHubClient
) -> None:
    log: list[str] = []
    go = asyncio.Event()
    done = asyncio.Event()

    async def slow(event: models.PositionUpdateEvent) -> None:
        log.append(f"slow begins {event.EventSeqId}")
        await go.wait()
        log.append(f"slow ends {event.EventSeqId}")

    def quick(event: models.PositionUpdateEvent) -> None:
        log.append(f"quick {event.EventSeqId}")
        if event.EventSeqId == 2:
            done.set()

    events.on_position_update(slow)
    events.on_position_update(quick)
    await server.send(update(1))
    await server.send(update(2))
    go.set()
    await done.wait()
    assert log == ["slow begins 1", "slow ends 1", "quick 1", "slow begins 2", "slow ends 2", "quick 2"]


async def test_a_handler_that_raises_is_logged_and_ends_nothing(
    server: ScriptedServer, events: MesoLiveEventHubClient, caplog: pytest.LogCaptureFixture
) -> None:
    arrived: asyncio.Queue[Any] = asyncio.Queue()

    async def broken(_event: models.PositionUpdateEvent) -> None:
        raise RuntimeError("the handler's own fault")

    events.on_position_update(broken)
    events.on_position_update(arrived.put_nowait)
    for number in (1, 2):
        await server.send(update(number))
        assert (await arrived.get()).EventSeqId == number
    assert caplog.text.count("RuntimeError: the handler's own fault") == 2
    assert "OnPositionUpdate failed on event 2" in caplog.text


async def test_an_event_that_cannot_be_read_is_logged_and_ends_nothing(
    server: ScriptedServer, events: MesoLiveEventHubClient, caplog: pytest.LogCaptureFixture
) -> None:
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    events.on_position_update(arrived.put_nowait)
    await server.hubs.hub("/hubs/event/v1").clients.all.send("OnPositionUpdate", {"PositionId": "seven"})
    await server.send(update(2))
    assert (await arrived.get()).EventSeqId == 2
    assert "An event of OnPositionUpdate cannot be read" in caplog.text


async def test_registering_works_as_a_decorator_and_gives_the_function_back(
    server: ScriptedServer, events: MesoLiveEventHubClient
) -> None:
    arrived: asyncio.Queue[int] = asyncio.Queue()

    @events.on_position_update
    async def handler(event: models.PositionUpdateEvent) -> None:
        arrived.put_nowait(event.EventSeqId)

    await server.send(update(5))
    assert await arrived.get() == 5
    await handler(update(6))
    assert await arrived.get() == 6


async def test_a_removed_handler_is_called_no_more(server: ScriptedServer, events: MesoLiveEventHubClient) -> None:
    removed: list[Any] = []
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    events.on_position_update(removed.append)
    events.on_any_event(arrived.put_nowait)
    events.remove_handler(removed.append)
    await server.send(update(1))
    await arrived.get()
    assert removed == []


async def test_what_the_server_sends_on_connect_reaches_handlers_registered_before(server: ScriptedServer) -> None:
    signal: models.EntrySignalEvent = Maker(8).make("EntrySignalEvent")[0]

    async def on_connect(hub: Hub) -> None:
        await hub.clients.caller.send("OnEntrySignal", signal)

    server.on_connect = on_connect
    arrived: asyncio.Queue[models.MesoLiveEvent] = asyncio.Queue()
    client = MesoLiveEventHubClient(server.url, TOKEN)
    client.on_any_event(arrived.put_nowait)
    async with client:
        assert await arrived.get() == signal


async def test_a_handler_may_call_the_hub(server: ScriptedServer, events: MesoLiveEventHubClient) -> None:
    latest: models.GetLatestEventSeqIdResult = Maker(9).make("GetLatestEventSeqIdResult")[0]
    server.answers["GetLatestEventSeqId"] = success(latest)
    arrived: asyncio.Queue[Any] = asyncio.Queue()

    @events.on_position_update
    async def _(_event: models.PositionUpdateEvent) -> None:
        arrived.put_nowait(await events.get_latest_event_seq_id())

    await server.send(update(1))
    assert await arrived.get() == latest


async def test_replayed_events_are_models(server: ScriptedServer, events: MesoLiveEventHubClient) -> None:
    event = update(3)
    envelope = models.MesoLiveEventEnvelope(
        EventSeqId=3, EventId=event.EventId, EventTime=event.EventTime, EventType=event.callback, Event=event
    )
    server.answers["GetEventsSince"] = success(models.GetEventsSinceResult(Events=[envelope]))
    result = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=10))
    assert result.Events[0].Event == event
    assert isinstance(result.Events[0].Event, models.PositionUpdateEvent)


async def test_a_replayed_event_that_cannot_be_read_is_an_error_with_its_path(
    server: ScriptedServer, events: MesoLiveEventHubClient
) -> None:
    _, envelope = Maker(10).make("MesoLiveEventEnvelope")
    envelope |= {"EventType": "OnPositionUpdate", "Event": {"PositionId": 1}}
    server.answers["GetEventsSince"] = success({"Events": [envelope], "ContinuationToken": None})
    with pytest.raises(MesoLiveSignalRError, match=r"GetEventsSince: .*StrategyId: is required, but missing"):
        await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=10))
