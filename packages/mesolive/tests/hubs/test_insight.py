"""Evaluations that were false, the outlook, checks of definitions and events backwards, by the hubs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import pairwise

import pytest
import pytest_asyncio

from mesolive_sdk import MesoLiveApiException, models
from mesolive_testkit.server import ACCOUNT, START, Kit, definition, live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    async with live_server(tmp_path_factory.mktemp("insight")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def position(kit: Kit) -> models.ApplyPaperFillsResult:
    strategy = await kit.strategy()
    return await kit.enter(strategy.Id)


async def test_evaluations_that_are_false_are_shown_with_what_they_read(
    kit: Kit, position: models.ApplyPaperFillsResult
) -> None:
    entry = definition()["Entry"] | {"Conditions": ["underlying_price < 1"]}
    strategy = await kit.strategy(Entry=entry)
    await kit.application.signals.evaluate()
    found = await kit.control.get_evaluations(models.GetEvaluationsArgs(StrategyId=strategy.Id))
    (evaluated,) = found.Evaluations
    assert evaluated.BrokerAccountId == ACCOUNT
    assert evaluated.Entry is not None
    assert not evaluated.Entry.EntryAllowed
    (condition,) = evaluated.Entry.Conditions
    assert condition.Result is False
    assert "underlying_price" in condition.Vars
    everything = (await kit.control.get_evaluations()).Evaluations
    held = [of for each in everything for of in each.Positions if of.PositionId == position.PositionId]
    assert [of.Exit.ProfitTarget is not None or bool(of.Exit.Conditions) for of in held] == [True]
    other = await kit.other_user()
    assert (await other.get_evaluations()).Evaluations == []


async def test_the_outlook_lists_sessions_scheduled_entries_and_expirations(
    kit: Kit, position: models.ApplyPaperFillsResult
) -> None:
    schedule = {"Every": "day", "AfterMarketOpenMinutes": "60"}
    strategy = await kit.strategy(Entry=definition()["Entry"] | {"Schedule": schedule})
    outlook = await kit.control.get_outlook(models.GetOutlookArgs(To=START + timedelta(days=7)))
    assert len(outlook.Sessions) == 6  # of Monday, which runs, to the next Monday
    entries = [item.At for item in outlook.Items if item.StrategyId == strategy.Id and item.What == "Entry"]
    assert len(entries) == 5
    assert all(later - earlier >= timedelta(days=1) for earlier, later in pairwise(entries))
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_outlook(models.GetOutlookArgs(To=START + timedelta(days=15)))
    assert refused.value.status is models.StatusCode.ValidationError
    del position


async def test_a_definition_is_checked_with_paths_and_not_stored(kit: Kit) -> None:
    before = len((await kit.control.list_strategies()).Strategies)
    good = await kit.control.check_strategy_definition(
        models.CheckStrategyDefinitionArgs(StrategyDefinition=definition())
    )
    assert good.Valid
    bad = await kit.control.check_strategy_definition(
        models.CheckStrategyDefinitionArgs(
            StrategyDefinition=definition(Entry=definition()["Entry"] | {"Conditions": ["no_such_thing > 1 +"]})
        )
    )
    assert not bad.Valid
    assert any(problem.Path == "Entry.Conditions[0]" and problem.Severity == "Error" for problem in bad.Problems)
    assert len((await kit.control.list_strategies()).Strategies) == before
    schema = await kit.control.get_strategy_schema()
    assert "Structure" in schema.Schema["properties"]


async def test_events_are_read_backwards_by_type(kit: Kit, position: models.ApplyPaperFillsResult) -> None:
    del position
    events = await kit.events()
    newest = await events.get_events(models.GetEventsArgs(Limit=2))
    assert newest.HasMore
    first, second = newest.Events
    assert first.EventSeqId > second.EventSeqId
    older = await events.get_events(models.GetEventsArgs(BeforeEventSeqId=second.EventSeqId, Limit=500))
    assert older.Events[0].EventSeqId == second.EventSeqId - 1
    assert not older.HasMore
    legs = await events.get_events(models.GetEventsArgs(Types=["OnLegUpdate"]))
    assert legs.Events
    assert {each.EventType for each in legs.Events} == {"OnLegUpdate"}
