from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mesolive.journal.journal import MAX_ACTIVE
from mesolive.store.database import Database
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_sdk.models import MesoLiveEvent, StatusCode
from mesolive_testkit.store.event_server import NOW, EventServer, event_server
from mesolive_testkit.store.samples import (
    add_strategy,
    agent_status,
    entry_signal,
    error,
    exit_signal,
    position_update,
)


@pytest.fixture
async def server(ready_sqlite_url: str) -> AsyncIterator[EventServer]:
    database = await Database.open(ready_sqlite_url)
    async with event_server(database) as running:
        yield running
    await database.close()


def subscribe(*strategies: int) -> models.SubscribeToStrategiesArgs:
    return models.SubscribeToStrategiesArgs(Strategies=list(strategies))


def unsubscribe(*strategies: int) -> models.UnsubscribeFromStrategiesArgs:
    return models.UnsubscribeFromStrategiesArgs(Strategies=list(strategies))


def numbers(events: list[MesoLiveEvent]) -> list[int]:
    return [event.EventSeqId for event in events]


class TestOnConnect:
    @pytest.mark.parametrize("encoding", ["json", "messagepack"])
    async def test_a_client_receives_the_active_events_with_their_original_ids(
        self, server: EventServer, encoding: str
    ) -> None:
        ann = await server.user("ann")
        active = [entry_signal(on=True), exit_signal(on=True), error(on=True)]
        await server.append(ann, position_update(), *active, entry_signal(on=True, account="ML2"))
        await server.append(ann, entry_signal(on=False, account="ML2"))
        listener = await server.listen("ann", encoding)
        assert await listener.until(3) == active

    async def test_what_is_active_comes_before_what_happens_next(self, server: EventServer) -> None:
        ann = await server.user("ann")
        await server.append(ann, error(on=True, number=1))
        listener = await server.listen("ann")
        await server.append(ann, agent_status())
        assert numbers(await listener.until(2)) == [1, 2]

    @pytest.mark.parametrize("encoding", ["json", "messagepack"])
    async def test_a_client_with_too_many_active_events_receives_the_newest(
        self, server: EventServer, encoding: str
    ) -> None:
        ann = await server.user("ann")
        events = [error(on=True, number=number) for number in range(MAX_ACTIVE)]
        for event in events:
            event.Message = "x" * 2000  # two megabytes together: more than may wait for one client
        await server.append(ann, *events)
        listener = await server.listen("ann", encoding)
        await server.append(ann, agent_status())
        while not isinstance((await listener.until(1))[-1], models.AgentStatusEvent):
            await listener.until(len(listener.heard) + 1)
        received = numbers(listener.heard)
        assert len(received) > 200
        assert received == list(range(received[0], MAX_ACTIVE + 2))

    async def test_nothing_that_happens_while_a_client_connects_is_lost_or_out_of_order(
        self, server: EventServer
    ) -> None:
        ann = await server.user("ann")
        await server.append(ann, error(on=True, number=1))

        connected = asyncio.Event()
        last = 1

        async def happen() -> None:
            nonlocal last
            while not connected.is_set():
                await server.append(ann, agent_status())
                last += 1

        happening = asyncio.create_task(happen())
        listeners = [await server.listen("ann") for _ in range(4)]
        connected.set()
        await happening
        await server.append(ann, agent_status())
        last += 1
        for listener in listeners:
            while listener.heard[-1:] == [] or listener.heard[-1].EventSeqId < last:
                await listener.until(len(listener.heard) + 1)
            first, *later = numbers(listener.heard)
            assert first == 1
            assert later[0] > 1
            assert later == list(range(later[0], last + 1))

    async def test_a_user_receives_no_event_of_another_user(self, server: EventServer) -> None:
        ann, bob = await server.user("ann"), await server.user("bob")
        await server.append(ann, error(on=True, number=1))
        listener = await server.listen("bob")
        await server.append(ann, agent_status())
        await server.append(bob, agent_status("for bob"))
        (received,) = await listener.until(1)
        assert isinstance(received, models.AgentStatusEvent)
        assert received.Message == "for bob"

    async def test_a_client_without_a_valid_key_is_turned_away(self, server: EventServer) -> None:
        server.tokens["nobody"] = "no token"
        with pytest.raises(MesoLiveSignalRError):
            await server.listen("nobody")


class TestASubscriber:
    async def test_hears_the_events_of_its_strategies_in_their_order(self, server: EventServer) -> None:
        ann = await server.user("ann")
        followed, other = await add_strategy(server.database, ann), await add_strategy(server.database, ann)
        listener = await server.listen("ann")
        await listener.client.subscribe_to_strategies(subscribe(followed))
        for _ in range(5):
            await server.append(ann, position_update(followed), position_update(other), position_update(followed))
        assert numbers(await listener.until(10)) == [1, 3, 4, 6, 7, 9, 10, 12, 13, 15]

    async def test_hears_agents_and_errors_of_no_strategy_like_everybody(self, server: EventServer) -> None:
        ann = await server.user("ann")
        strategy_id = await add_strategy(server.database, ann)
        one, another = await server.listen("ann"), await server.listen("ann")
        await one.client.subscribe_to_strategies(subscribe(strategy_id))
        await server.append(ann, agent_status(), position_update(strategy_id), error(on=True))
        assert numbers(await one.until(3)) == [1, 2, 3]
        assert numbers(await another.until(2)) == [1, 3]

    async def test_to_all_follows_each_strategy_of_the_user(self, server: EventServer) -> None:
        ann, bob = await server.user("ann"), await server.user("bob")
        mine = [await add_strategy(server.database, ann) for _ in range(3)]
        await add_strategy(server.database, bob)
        listener = await server.listen("ann")
        result = await listener.client.subscribe_to_strategies()
        assert (result.SuccessfulStrategies, result.FailedStrategies) == (mine, [])
        await server.append(ann, *(position_update(strategy_id) for strategy_id in mine))
        assert numbers(await listener.until(3)) == [1, 2, 3]

    async def test_to_none_follows_nothing(self, server: EventServer) -> None:
        ann = await server.user("ann")
        strategy_id = await add_strategy(server.database, ann)
        listener = await server.listen("ann")
        result = await listener.client.subscribe_to_strategies(subscribe())
        assert (result.SuccessfulStrategies, result.FailedStrategies) == ([], [])
        await server.append(ann, position_update(strategy_id), agent_status())
        assert numbers(await listener.until(1)) == [2]

    async def test_names_the_strategies_of_other_users_in_its_answer(self, server: EventServer) -> None:
        ann, bob = await server.user("ann"), await server.user("bob")
        mine, foreign = await add_strategy(server.database, ann), await add_strategy(server.database, bob)
        listener = await server.listen("ann")
        result = await listener.client.subscribe_to_strategies(subscribe(foreign, mine, 999, mine))
        assert (result.SuccessfulStrategies, result.FailedStrategies) == ([mine], [foreign, 999])
        await server.append(bob, position_update(foreign))
        await server.append(ann, position_update(mine))
        assert [event.EventTime for event in await listener.until(1)] == [NOW]

    async def test_to_more_than_a_connection_may_follow_names_those_it_does_not(self, server: EventServer) -> None:
        ann = await server.user("ann")
        mine = [await add_strategy(server.database, ann) for _ in range(22)]
        listener = await server.listen("ann")
        result = await listener.client.subscribe_to_strategies(subscribe(*mine))
        assert result.SuccessfulStrategies == mine[:19]  # the twentieth group is the user's own
        assert result.FailedStrategies == mine[19:]

    async def test_to_all_hears_strategies_that_are_created_later(self, server: EventServer) -> None:
        ann = await server.user("ann")
        before = await add_strategy(server.database, ann)
        listener = await server.listen("ann")
        await listener.client.subscribe_to_strategies(subscribe(before))
        await listener.client.subscribe_to_strategies()
        later = await add_strategy(server.database, ann)
        await server.append(ann, position_update(before), position_update(later))
        assert numbers(await listener.until(2)) == [1, 2]  # each once, though it followed the first before

    async def test_to_all_that_unsubscribes_from_some_follows_the_others_and_no_later_ones(
        self, server: EventServer
    ) -> None:
        ann = await server.user("ann")
        one, two = await add_strategy(server.database, ann), await add_strategy(server.database, ann)
        listener = await server.listen("ann")
        await listener.client.subscribe_to_strategies()
        await listener.client.unsubscribe_from_strategies(unsubscribe(one))
        later = await add_strategy(server.database, ann)
        await server.append(ann, *(position_update(strategy) for strategy in (one, two, later)), agent_status())
        assert numbers(await listener.until(2)) == [2, 4]

    async def test_that_unsubscribes_hears_no_more_of_those(self, server: EventServer) -> None:
        ann = await server.user("ann")
        one, two = await add_strategy(server.database, ann), await add_strategy(server.database, ann)
        listener = await server.listen("ann")
        await listener.client.subscribe_to_strategies()
        result = await listener.client.unsubscribe_from_strategies(unsubscribe(one, 999))
        assert (result.SuccessfulStrategies, result.FailedStrategies) == ([one], [999])
        await server.append(ann, position_update(one), position_update(two))
        assert numbers(await listener.until(1)) == [2]

    async def test_that_unsubscribes_from_all_hears_only_what_everybody_hears(self, server: EventServer) -> None:
        ann = await server.user("ann")
        mine = [await add_strategy(server.database, ann) for _ in range(2)]
        listener = await server.listen("ann")
        await listener.client.subscribe_to_strategies()
        result = await listener.client.unsubscribe_from_strategies()
        assert (result.SuccessfulStrategies, result.FailedStrategies) == (mine, [])
        assert (await listener.client.unsubscribe_from_strategies(unsubscribe())).SuccessfulStrategies == []
        await server.append(ann, *(position_update(strategy_id) for strategy_id in mine), agent_status())
        assert numbers(await listener.until(1)) == [3]


class TestReplay:
    async def test_states_the_end_of_the_log(self, server: EventServer) -> None:
        ann = await server.user("ann")
        listener = await server.listen("ann")
        result = await listener.client.get_latest_event_seq_id()
        assert (result.LatestEventSeqId, result.SnapshotTime) == (0, NOW)
        await server.append(ann, agent_status(), agent_status())
        assert (await listener.client.get_latest_event_seq_id()).LatestEventSeqId == 2

    async def test_gives_all_events_after_a_number_page_by_page(self, server: EventServer) -> None:
        ann, bob = await server.user("ann"), await server.user("bob")
        events = [agent_status(f"message {number}") for number in range(12)]
        await server.append(bob, agent_status("for bob"))
        await server.append(ann, *events)
        client = (await server.listen("ann")).client
        seen: list[MesoLiveEvent] = []
        token: str | None = None
        pages = 0
        while True:
            args = models.GetEventsSinceArgs(SinceEventSeqId=2, Limit=4, ContinuationToken=token)
            result = await client.get_events_since(args)
            seen += [envelope.Event for envelope in result.Events]
            pages += 1
            token = result.ContinuationToken
            if not token:
                break
        assert seen == events[2:]
        assert pages == 3

    async def test_of_long_events_comes_in_answers_that_a_client_can_take(self, server: EventServer) -> None:
        ann = await server.user("ann")
        client = (await server.listen("ann")).client
        for _ in range(10):
            await server.append(ann, *(agent_status("x" * 20_000) for _ in range(10)))
        seen: list[int] = []
        token: str | None = None
        while not seen or token:
            args = models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000, ContinuationToken=token)
            result = await client.get_events_since(args)
            seen += [envelope.EventSeqId for envelope in result.Events]
            token = result.ContinuationToken
        assert seen == list(range(1, 101))

    async def test_together_with_what_is_live_misses_nothing(self, server: EventServer) -> None:
        ann = await server.user("ann")
        await server.append(ann, *(agent_status() for _ in range(5)))
        listener = await server.listen("ann")
        _, replayed = await asyncio.gather(
            server.append(ann, *(agent_status() for _ in range(5))),
            listener.client.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000)),
        )
        live = await listener.until(5)
        seen = {envelope.EventSeqId for envelope in replayed.Events} | set(numbers(live))
        assert seen == set(range(1, 11))

    @pytest.mark.parametrize("limit", [0, 1001])
    async def test_of_too_many_at_once_is_refused(self, server: EventServer, limit: int) -> None:
        await server.user("ann")
        client = (await server.listen("ann")).client
        with pytest.raises(MesoLiveApiException) as caught:
            await client.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=limit))
        assert caught.value.status is StatusCode.ValidationError

    async def test_with_the_token_of_another_user_is_refused(self, server: EventServer) -> None:
        for name in ("ann", "bob"):
            await server.append(await server.user(name), *(agent_status() for _ in range(3)))
        args = models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1)
        mine = await (await server.listen("ann")).client.get_events_since(args)
        args.ContinuationToken = mine.ContinuationToken
        client = (await server.listen("bob")).client
        with pytest.raises(MesoLiveApiException) as caught:
            await client.get_events_since(args)
        assert caught.value.status is StatusCode.ValidationError
