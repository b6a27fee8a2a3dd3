"""Evaluations that were false, the outlook, checks of definitions and events backwards, by the hubs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from mesolive.market.calendar import NEW_YORK
from mesolive_sdk import MesoLiveApiException, MesoLiveDataHubClient, models, new_idempotency_key
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
    result = await kit.control.get_evaluations(models.GetEvaluationsArgs(StrategyId=strategy.Id))
    (evaluated,) = result.Evaluations
    assert evaluated.BrokerAccountId == ACCOUNT
    assert evaluated.Entry is not None
    assert not evaluated.Entry.EntryAllowed
    (condition,) = evaluated.Entry.Conditions
    assert condition.Result is False
    assert "underlying_price" in condition.Vars
    everything = (await kit.control.get_evaluations()).Evaluations
    held = [of for each in everything for of in each.Positions if of.PositionId == position.PositionId]
    assert [of.Exit.ProfitTarget is not None or bool(of.Exit.Conditions) for of in held] == [True]
    (alone,) = (
        await kit.control.get_evaluations(models.GetEvaluationsArgs(PositionId=position.PositionId))
    ).Evaluations
    assert (alone.Entry, [of.PositionId for of in alone.Positions]) == (None, [position.PositionId])
    unknown = models.GetEvaluationsArgs(PositionId=999_999)
    assert (await kit.control.get_evaluations(unknown)).Evaluations == []
    other = await kit.other_user()
    assert (await other.get_evaluations()).Evaluations == []
    of_another = models.GetEvaluationsArgs(PositionId=position.PositionId)
    assert (await other.get_evaluations(of_another)).Evaluations == []


async def test_evaluations_are_pushed_when_they_are_made_also_false_ones_and_to_their_user_alone(kit: Kit) -> None:
    entry = definition()["Entry"] | {"Conditions": ["underlying_price < 2"]}
    strategy = await kit.strategy(Entry=entry)
    theirs = (await kit.application.access.create_key("a follower")).token
    data = await kit.data()
    own = data.stream_evaluations(models.StreamEvaluationsArgs(StrategyId=strategy.Id, BrokerAccountId=ACCOUNT))
    strange = (await kit.client(MesoLiveDataHubClient, theirs)).stream_evaluations()
    async with asyncio.timeout(60):
        assert (await anext(own)).Evaluations == []
        assert (await anext(strange)).Evaluations == []
        await kit.application.signals.evaluate()
        (evaluated,) = (await anext(own)).Evaluations
        assert evaluated.Entry is not None
        (condition,) = evaluated.Entry.Conditions
        assert (condition.Result, evaluated.StrategyId) == (False, strategy.Id)
        assert "underlying_price" in condition.Vars
        await kit.advance(60)
        await kit.application.signals.evaluate()
        (again,) = (await anext(own)).Evaluations
    assert again.At > evaluated.At
    everything = data.stream_evaluations()
    assert (await anext(everything)).Evaluations == (await kit.control.get_evaluations()).Evaluations
    for stream in (own, strange, everything):
        await stream.aclose()


async def test_what_is_evaluated_no_more_is_not_shown_any_more(kit: Kit, tmp_path: Path) -> None:
    del kit
    async with live_server(tmp_path) as own:
        deleted, other = await own.strategy(), await own.strategy()
        entered = await own.enter(other.Id)
        await own.application.signals.evaluate()
        stream = (await own.data()).stream_evaluations()
        async with asyncio.timeout(60):
            assert [each.StrategyId for each in (await anext(stream)).Evaluations] == [deleted.Id, other.Id]
            await own.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=deleted.Id))
            await own.advance(60)
            await own.application.signals.evaluate()
            (left,) = (await anext(stream)).Evaluations
        assert (left.StrategyId, [of.PositionId for of in left.Positions]) == (other.Id, [entered.PositionId])
        await own.control.set_position_closed(
            models.SetPositionClosedArgs(IdempotencyKey=new_idempotency_key(), PositionId=entered.PositionId)
        )
        await own.advance(7 * 3600)  # behind the close, nothing is evaluated
        await own.application.signals.evaluate()
        (left,) = (await own.control.get_evaluations()).Evaluations
        assert left.Positions == []
        await stream.aclose()


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
    of_strategy = next(each for each in outlook.Strategies or () if each.StrategyId == strategy.Id)
    assert of_strategy.NextEntryAt == entries[0]
    later = await kit.control.get_outlook(models.GetOutlookArgs(From=entries[1], To=entries[1] + timedelta(days=2)))
    assert [item.At for item in later.Items if item.StrategyId == strategy.Id] == entries[2:4]
    detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position.PositionId))
    settles = {leg.LiveContract.Expiration for leg in detail.Legs}
    far = await kit.control.get_outlook(models.GetOutlookArgs(To=START + timedelta(days=13)))
    for item in (item for item in far.Items if item.What == "Expiration" and item.PositionId == position.PositionId):
        assert item.At in settles
        assert item.PositionName == detail.Name
        assert item.Legs is not None
        assert {leg.LegId for leg in item.Legs} <= {leg.Id for leg in detail.Legs}


@pytest.mark.parametrize(
    ("field", "args"),
    [
        ("To", models.GetOutlookArgs(To=START + timedelta(days=15))),
        ("To", models.GetOutlookArgs(From=START + timedelta(days=2), To=START + timedelta(days=1))),
        ("From", models.GetOutlookArgs(From=START - timedelta(hours=1))),
        ("From", models.GetOutlookArgs(From=START + timedelta(days=14, minutes=5))),
    ],
)
async def test_an_outlook_of_no_time_names_the_field_and_what_came(
    kit: Kit, field: str, args: models.GetOutlookArgs
) -> None:
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_outlook(args)
    assert refused.value.status is models.StatusCode.ValidationError
    assert refused.value.error is not None
    problems = refused.value.error.ValidationErrors or {}
    given = args.To if field == "To" else args.From
    assert given is not None
    assert list(problems) == [field]
    assert given.isoformat() in problems[field][0]


async def test_the_outlook_says_which_gates_are_closed_and_until_when(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        schedule = {"Every": "day", "AfterMarketOpenMinutes": "60"}
        concurrency = {"MaxPositionsInFlight": "1", "EntryShiftDays": "2"}
        entry = definition()["Entry"] | {"Schedule": schedule, "Concurrency": concurrency, "ReentryDays": "3"}
        strategy = await kit.strategy(Entry=entry)

        async def gates() -> tuple[models.OutlookStrategy, dict[str, models.OutlookGate]]:
            outlook = await kit.control.get_outlook()
            (of,) = outlook.Strategies or []
            return of, {gate.Gate: gate for gate in of.Gates or ()}

        _, at_first = await gates()
        assert {name for name, gate in at_first.items() if not gate.Open} == {"Schedule"}
        held = (await kit.enter(strategy.Id)).PositionId
        _, entered = await gates()
        assert {name for name, gate in entered.items() if not gate.Open} == {
            "Schedule",
            "MaxPositionsInFlight",
            "EntryShiftDays",
        }
        assert entered["MaxPositionsInFlight"].Until is None
        assert entered["MaxPositionsInFlight"].Why == "1 of 1 positions are in flight"
        await kit.leave(held)
        key = new_idempotency_key()
        await kit.control.halt_trading(models.HaltTradingArgs(IdempotencyKey=key, Reason="lunch"))
        of, left = await gates()
        midnight = START.astimezone(NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)
        assert left["EntryShiftDays"].Until == midnight + timedelta(days=2)
        assert left["ReentryDays"].Until == midnight + timedelta(days=3)
        assert (left["Halt"].Open, left["Halt"].Until, left["Halt"].Why) == (False, None, "halted: lunch")
        outlook = await kit.control.get_outlook()
        assert [halt.Reason for halt in outlook.Halts or ()] == ["lunch"]
        entries = [item for item in outlook.Items if item.What == "Entry"]
        assert [item.Closed for item in entries[:3]] == [
            ["EntryShiftDays", "ReentryDays", "Halt"],
            ["ReentryDays", "Halt"],
            ["Halt"],
        ]
        assert of.NextEntryAt == entries[2].At
        other = await kit.other_user()
        assert ((await other.get_outlook()).Strategies, (await other.get_outlook()).Halts) == ([], [])


async def test_times_of_many_strategies_come_in_order_and_the_first_thousand_are_shown(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        often = {"Every": "5min", "AfterMarketOpenMinutes": "0"}
        entry, leaving = definition()["Entry"] | {"Schedule": often}, definition()["Exit"] | {"Schedule": often}
        held = (await kit.enter((await kit.strategy(Entry=entry, Exit=leaving)).Id)).PositionId
        end = models.GetOutlookArgs(To=START + timedelta(days=14))
        items = (await kit.control.get_outlook(end)).Items
        assert len(items) == 400, "200 times of the entry, and of the exit of the position"
        assert [item.PositionId for item in items[:4]] == [None, held, None, held]
        for _ in range(5):
            await kit.strategy(Entry=entry)
        items = (await kit.control.get_outlook(end)).Items
        assert len(items) == 1000
        order = [(item.At, item.What, item.StrategyId) for item in items]
        assert order == sorted(order)
        assert len({item.At for item in items[:7]}) == 1, "six entries and an exit at the first time"


async def test_an_expiration_lists_the_legs_that_settle(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        structure = definition()["Structure"]
        near = [each | {"DTE": "5", "Min": "3", "Max": "7"} for each in structure["Expirations"]]
        strategy = await kit.strategy(Structure=structure | {"Expirations": near})
        held = (await kit.enter(strategy.Id)).PositionId
        detail = await kit.control.get_position(models.GetPositionArgs(PositionId=held))
        outlook = await kit.control.get_outlook(models.GetOutlookArgs(To=START + timedelta(days=14)))
        (item,) = [item for item in outlook.Items if item.What == "Expiration"]
        assert (item.PositionId, item.PositionName) == (held, detail.Name)
        assert {(leg.LegId, leg.Name, leg.Qty, leg.Contract) for leg in item.Legs or ()} == {
            (leg.Id, leg.Name, leg.Qty, leg.LiveContract) for leg in detail.Legs
        }


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
