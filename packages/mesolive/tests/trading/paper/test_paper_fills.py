"""Paper fills are facts that the user tells: what cannot be one is refused by its field, the rest is booked as told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive_sdk import MesoLiveApiException, MesoLiveEventHubClient, models
from mesolive_testkit.server import ACCOUNT, START, Kit, fills_args

D = Decimal
Fill = models.PaperLegFill
LEG = "short_put"


async def entry_args(kit: Kit, fill: Fill | None = None, multiplier: str | None = None) -> models.ApplyPaperFillsArgs:
    """Prepare an entry and return its fills, one of them replaced."""
    strategy = await kit.strategy()
    result = (await kit.prepare_entry(strategy.Id)).Result
    assert result is not None
    args = fills_args(
        result.ExecPlanId,
        result.SelectedLegs,
        result.LegPrices,
        multiplier=None if multiplier is None else Decimal(multiplier),
    )
    if fill is not None:
        args.PaperLegFills[LEG] = fill
    return args


async def refusal(kit: Kit, args: models.ApplyPaperFillsArgs) -> MesoLiveApiException:
    with pytest.raises(MesoLiveApiException) as caught:
        await kit.control.apply_paper_fills(args)
    return caught.value


def fields(error: MesoLiveApiException) -> set[str]:
    assert error.status is models.StatusCode.ValidationError
    assert error.error is not None
    return set(error.error.ValidationErrors or {})


@pytest.mark.parametrize(
    ("fill", "field"),
    [
        (Fill(Price=D("12345678901234567890")), "Price"),
        (Fill(Price=D("1.00000000001")), "Price"),
        (Fill(Price=D(1), Commission=D("99999999999999999999")), "Commission"),
        (Fill(Price=D(1), Commission=D("-10000001")), "Commission"),
        (Fill(Price=D(1), Commission=D("0.000000000000000000000000000001")), "Commission"),
        (Fill(Price=D(1), FilledAt=START + timedelta(seconds=1)), "FilledAt"),
        (Fill(Price=D(1), FilledAt=datetime(1, 1, 1, tzinfo=UTC)), "FilledAt"),
        (Fill(Price=D(1), FilledAt=datetime(2020, 3, 2, 15, tzinfo=UTC)), "FilledAt"),
        (Fill(Price=D(1), FilledAt=START - timedelta(seconds=1)), "FilledAt"),
    ],
)
async def test_a_fill_that_cannot_be_is_refused_by_its_field_and_books_nothing(
    kit: Kit, fill: Fill, field: str
) -> None:
    error = await refusal(kit, await entry_args(kit, fill))
    assert fields(error) == {f"PaperLegFills[{LEG}].{field}"}
    assert (await kit.control.list_positions()).Positions == []


@pytest.mark.parametrize("multiplier", ["0", "-1", "1000001", "0.5", "1.00000000001", "1e-30"])
async def test_a_multiplier_that_makes_no_whole_contracts_is_refused(kit: Kit, multiplier: str) -> None:
    assert fields(await refusal(kit, await entry_args(kit, multiplier=multiplier))) == {"QtyMultiplier"}


async def test_the_largest_fills_are_booked_to_the_last_digit(kit: Kit) -> None:
    args = await entry_args(
        kit, Fill(Price=D("9999999.0123456789"), Commission=D("9999999.0123456789")), multiplier="1000000"
    )
    filled = await kit.control.apply_paper_fills(args)
    account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    executions = (await kit.control.list_executions(models.ListExecutionsArgs(PositionId=filled.PositionId))).Executions
    # In whole numbers of the last decimal: nothing is rounded here.
    units = [int(item.Price.scaleb(10)) * int(item.Qty) * 100 + int(item.Commission.scaleb(10)) for item in executions]
    assert account.Cash is not None
    assert int(account.Cash.scaleb(10)) == 100_000 * 10**10 - sum(units)


async def test_a_position_is_closed_when_its_last_leg_was(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    plan = (await kit.prepare_exit(entered.PositionId)).Result
    assert plan is not None
    await kit.advance(600)
    args = fills_args(plan.ExecPlanId, plan.PositionLegs, plan.LegPrices)
    for minutes, fill in enumerate(args.PaperLegFills.values(), 1):
        fill.FilledAt = START + timedelta(minutes=minutes)
    await kit.control.apply_paper_fills(args)
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    assert position.ClosedAt == max(leg.ClosedAt for leg in position.Legs if leg.ClosedAt is not None)
    assert position.ClosedAt == START + timedelta(minutes=len(args.PaperLegFills))


async def test_nothing_is_closed_before_it_was_opened(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    plan = (await kit.prepare_exit(entered.PositionId)).Result
    assert plan is not None
    args = fills_args(plan.ExecPlanId, plan.PositionLegs, plan.LegPrices)
    args.PaperLegFills[LEG].FilledAt = START - timedelta(seconds=1)
    assert fields(await refusal(kit, args)) == {f"PaperLegFills[{LEG}].FilledAt"}


async def test_nothing_is_filled_before_its_plan_was_prepared(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    await kit.advance(600)
    plan = (await kit.prepare_exit(entered.PositionId)).Result
    assert plan is not None
    args = fills_args(plan.ExecPlanId, plan.PositionLegs, plan.LegPrices)
    args.PaperLegFills[LEG].FilledAt = START + timedelta(seconds=599)
    error = await refusal(kit, args)
    assert fields(error) == {f"PaperLegFills[{LEG}].FilledAt"}
    assert f"expected a time from the preparation of exec plan {plan.ExecPlanId}" in str(error)
    args.PaperLegFills[LEG].FilledAt = START + timedelta(seconds=600)
    await kit.control.apply_paper_fills(args)


async def test_the_fills_of_a_strategy_that_was_deleted_meanwhile_are_booked_with_its_target(kit: Kit) -> None:
    args = await entry_args(kit)
    (strategy,) = (await kit.control.list_strategies()).Strategies
    await kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id))
    filled = await kit.control.apply_paper_fills(args)
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=filled.PositionId))
    assert {"profit_target", "stop_loss"} <= position.Vars.keys()


async def test_an_entry_that_could_not_freeze_its_variables_is_an_error_until_it_is_closed(kit: Kit) -> None:
    strategy = await kit.strategy()
    plan = (await kit.prepare_entry(strategy.Id)).Result
    assert plan is not None
    await silence(kit)
    filled = await kit.control.apply_paper_fills(fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices))
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=filled.PositionId))
    assert (position.State, position.Vars) == (models.LivePositionState.Open, {})
    (active,) = await errors_of(kit, filled.PositionId)
    assert (active.State, active.ConditionType) == (models.ErrorState.Active, models.ConditionType.VarDefine)
    assert "no quotes of SPX are coming in" in (active.Message or "")

    await kit.leave(filled.PositionId)
    _, resolved = await errors_of(kit, filled.PositionId)
    assert (resolved.State, resolved.ErrorId) == (models.ErrorState.Resolved, active.ErrorId)
    # Who connects now is not told of it any more.
    late = MesoLiveEventHubClient(kit.url, kit.token)
    standing: list[models.ErrorEvent] = []
    late.on_error(standing.append)
    async with late:
        await late.get_latest_event_seq_id()
    assert [error.ErrorId for error in standing if error.PositionId == filled.PositionId] == []


async def test_nothing_is_entered_on_quotes_of_a_provider_that_has_fallen_silent(kit: Kit) -> None:
    strategy = await kit.strategy()
    await silence(kit)
    status = await kit.prepare_entry(strategy.Id)
    assert status.Status is models.PreparationStatus.Failed
    assert "no quotes of SPX are coming in" in (status.Error or "")


async def silence(kit: Kit) -> None:
    """Cut the provider's connection and let its quotes grow old."""
    provider = kit.application.market.provider()
    assert isinstance(provider, SimulatedProvider)
    provider.disconnect()
    await kit.advance(600)


async def errors_of(kit: Kit, position_id: int) -> list[models.ErrorEvent]:
    events = await kit.events()
    replay = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
    result = [item.Event for item in replay.Events if isinstance(item.Event, models.ErrorEvent)]
    return [event for event in result if event.PositionId == position_id]
