"""Leg groups of a prepared plan chosen otherwise: one plan in the place of another, priced and sent as any."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key, wait_for_job
from mesolive_testkit.server import SPX, Kit, definition, fills_args, live_server
from mesolive_testkit.signals import Json, short_put, stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIMULATED = "SIM1000"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    async with live_server(Path(tmp_path_factory.mktemp("regrouping"))) as running:
        await running.control.create_account(
            models.CreateAccountArgs(
                BrokerAccountId=SIMULATED, BrokerType=models.BrokerType.Simulated, Cash=Decimal(200_000)
            )
        )
        yield running


async def planned(kit: Kit) -> tuple[str, models.PreparePositionEntryResult]:
    """Prepare an entry on the simulated account; return its job and its plan."""
    strategy = await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[SIMULATED])
    )
    job = await kit.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="regrouped",
            StrategyId=strategy.Id,
            BrokerAccountId=SIMULATED,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.None_,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    status = await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))
    assert status.Result is not None, status.Error
    return job.JobId, status.Result


def regroup(plan: int, groups: list[list[str]], key: str | None = None) -> models.RegroupExecPlanArgs:
    return models.RegroupExecPlanArgs(IdempotencyKey=key or new_idempotency_key(), ExecPlanId=plan, Groups=groups)


def order(plan: models.PreparePositionEntryResult, group: int) -> models.SendOrderArgs:
    return models.SendOrderArgs(
        IdempotencyKey=new_idempotency_key(),
        BrokerAccountId=SIMULATED,
        ExecPlanId=plan.ExecPlanId,
        LegGroupId=group,
        LegGroupOrder=models.LegGroupOrder(
            OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=plan.LegGroups[group]
        ),
    )


async def test_legs_are_sent_in_the_groups_that_were_chosen_and_the_old_plan_is_gone(kit: Kit) -> None:
    job, plan = await planned(kit)
    calls = [
        name for name, leg in plan.SelectedLegs.items() if leg.LiveContract.OptionType is models.MesoOptionType.Call
    ]
    puts = [name for name in plan.SelectedLegs if name not in calls]
    args = regroup(plan.ExecPlanId, [puts, calls])
    made = await kit.control.regroup_exec_plan(args)
    assert made.Entry is not None
    assert made.Entry.LegGroups == {1: puts, 2: calls}
    assert made.Warnings == []
    assert {leg.LegGroupId for name, leg in made.Entry.SelectedLegs.items() if name in calls} == {2}
    assert made.Entry.LegGreeks == plan.LegGreeks
    assert made.Entry.PositionPrice == plan.PositionPrice
    for group, names in made.Entry.LegGroups.items():
        quantities = made.Entry.LegGroupQtys[group]
        marks = [made.Entry.LegPrices[name].Mark for name in names]
        assert None not in marks
        worth = sum(
            mark * quantities.LegRatios[name] for name, mark in zip(names, marks, strict=True) if mark is not None
        )
        price = made.Entry.LegGroupPrices[group].Mark
        assert price is not None
        assert abs(price - worth) < Decimal("0.0001")
    again = await kit.control.get_prepare_position_entry_status(models.GetPreparePositionEntryStatusArgs(JobId=job))
    assert again.Result == made.Entry
    with pytest.raises(MesoLiveApiException) as gone:
        await kit.control.get_exec_plan(models.GetExecPlanArgs(ExecPlanId=plan.ExecPlanId))
    assert gone.value.status is models.StatusCode.NotFound
    with pytest.raises(MesoLiveApiException) as repeated:
        await kit.control.regroup_exec_plan(args)
    assert repeated.value.status is models.StatusCode.DuplicateRequest
    for group in (1, 2):
        await kit.control.send_order(order(made.Entry, group))
    read = await kit.control.get_exec_plan(models.GetExecPlanArgs(ExecPlanId=made.Plan.ExecPlanId))
    assert [each.LegGroupId for each in read.Plan.Groups] == [1, 2]
    with pytest.raises(MesoLiveApiException) as ordered:
        await kit.control.regroup_exec_plan(regroup(made.Plan.ExecPlanId, [[*puts, *calls]]))
    assert ordered.value.status is models.StatusCode.Conflict


async def test_a_group_that_sells_what_another_one_covers_is_warned_of(kit: Kit) -> None:
    _, plan = await planned(kit)
    sold = [name for name, leg in plan.SelectedLegs.items() if leg.Qty < 0]
    bought = [name for name, leg in plan.SelectedLegs.items() if leg.Qty > 0]
    made = await kit.control.regroup_exec_plan(regroup(plan.ExecPlanId, [bought, sold]))
    (warning,) = made.Warnings
    assert warning.startswith("group 2 ")
    whole = await kit.control.regroup_exec_plan(regroup(made.Plan.ExecPlanId, [[*sold, *bought]]))
    assert whole.Warnings == []


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ("bcd", "Groups"),
        ("abcd a", "Groups[1][0]"),
        ("abcdx", "Groups[0][4]"),
        ("abcd -", "Groups[1]"),
        ("", "Groups"),
    ],
)
async def test_groups_without_each_leg_once_are_refused_by_field(kit: Kit, wanted: str, field: str) -> None:
    _, plan = await planned(kit)
    names = dict(zip("abcd", plan.SelectedLegs, strict=True)) | {"x": "another"}
    groups = [[names[each] for each in group if each != "-"] for group in wanted.split()]
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.regroup_exec_plan(regroup(plan.ExecPlanId, groups))
    assert refused.value.status is models.StatusCode.ValidationError
    assert refused.value.error is not None
    assert field in (refused.value.error.ValidationErrors or {})
    stored = await kit.control.get_exec_plan(models.GetExecPlanArgs(ExecPlanId=plan.ExecPlanId))
    assert stored.Plan.ExecPlanId == plan.ExecPlanId, "what is refused leaves the plan as it was"


async def test_an_exit_is_regrouped_with_prices_of_its_orders_and_greeks_of_the_position(kit: Kit) -> None:
    held = (await kit.enter((await kit.strategy(StrategyName="to leave")).Id)).PositionId
    leaving = (await kit.prepare_exit(held)).Result
    assert leaving is not None
    made = await kit.control.regroup_exec_plan(regroup(leaving.ExecPlanId, [[name] for name in leaving.PositionLegs]))
    assert made.Exit is not None
    assert len(made.Exit.LegGroups) == len(leaving.PositionLegs) == 4
    assert made.Exit.PositionGreeks == leaving.PositionGreeks
    assert made.Exit.PositionPrice == leaving.PositionPrice
    assert made.Warnings
    for group, (name,) in made.Exit.LegGroups.items():
        sold = leaving.PositionLegs[name].Qty > 0
        price, mark = made.Exit.LegGroupPrices[group].Mark, made.Exit.LegPrices[name].Mark
        assert mark is not None
        assert price == (-mark if sold else mark)
    await kit.control.apply_paper_fills(fills_args(made.Exit.ExecPlanId, made.Exit.PositionLegs, made.Exit.LegPrices))
    closed = await kit.control.get_position(models.GetPositionArgs(PositionId=held))
    assert closed.State is models.LivePositionState.Closed


async def test_a_regrouped_adjustment_is_counted_and_sets_its_variables_as_the_first_one_would(tmp_path: Path) -> None:
    condition = "underlying_price > 0 -- move"
    actions: Json = {
        "MoveLegAdjustment": {
            "LegName": "p",
            "StrikeSelector": {"StrikePrice": "4700"},
            "VarDefines": {"moves": "moves + 1"},
        }
    }
    rules: Json = {
        "Entry": {"VarDefines": {"moves": "0"}},
        "Adjustment": {"ConditionalAdjustments": {condition: actions}},
    }
    async with stage(tmp_path) as play:
        _, position_id = await play.enter(short_put(**rules))
        status = await play.prepare_adjustment(position_id, condition, models.PositionAdjustmentOperation.MoveLeg)
        plan = status.Result
        assert plan is not None, status.Error
        apart = [[name] for name in plan.OrderLegs]
        made = await play.kit.control.regroup_exec_plan(regroup(plan.ExecPlanId, apart))
        assert made.Adjustment is not None
        assert list(made.Adjustment.LegGroups.values()) == apart
        assert {name: leg.LegGroupId for name, leg in made.Adjustment.OrderLegs.items()} == {
            name: place for place, (name,) in enumerate(apart, 1)
        }
        await play.kit.control.apply_paper_fills(
            fills_args(made.Adjustment.ExecPlanId, made.Adjustment.OrderLegs, made.Adjustment.LegPrices)
        )
        detail = await play.kit.control.get_position(models.GetPositionArgs(PositionId=position_id))
        assert detail.Vars["moves"] == 1
        assert detail.AdjustmentCount == 1


async def test_the_plan_of_another_user_is_not_found(kit: Kit) -> None:
    _, plan = await planned(kit)
    stranger = await kit.other_user()
    with pytest.raises(MesoLiveApiException) as refused:
        await stranger.regroup_exec_plan(regroup(plan.ExecPlanId, [list(plan.SelectedLegs)]))
    assert refused.value.status is models.StatusCode.NotFound
