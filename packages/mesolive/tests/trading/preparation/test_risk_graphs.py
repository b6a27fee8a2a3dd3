"""Risk graphs of open positions over the hub: the numbers of the model, for the caller's own positions only."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from mesolive.pricing.risk_graph import RiskLeg, risk_graph
from mesolive.trading.preparation.risk_graphs import break_evens
from mesolive_sdk import MesoLiveApiException, models
from mesolive_testkit.server import ACCOUNT, Kit, live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    """Run a server for the tests of the module."""
    async with live_server(Path(tmp_path_factory.mktemp("risk"))) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def position(kit: Kit) -> int:
    """Open a position of four legs."""
    strategy = await kit.strategy()
    return (await kit.enter(strategy.Id)).PositionId


async def test_the_graph_has_the_values_of_the_model_to_the_cent(kit: Kit, position: int) -> None:
    graph = await kit.control.get_risk_graph(
        models.GetRiskGraphArgs(PositionIds=[position], Points=5, Days=[Decimal(0), Decimal(7)])
    )
    detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position))
    view = kit.application.market.view("SPX")
    spot = view.underlying.quote.mark
    assert spot is not None
    legs: list[RiskLeg] = []
    for leg in detail.Legs:
        contract = leg.LiveContract
        assert contract.Expiration is not None
        assert contract.Strike is not None
        expiration = next(each for each in view.expirations if each.settles_at == contract.Expiration)
        greeks = detail.LegGreeks[leg.Id].Mark
        assert greeks is not None
        assert greeks.IV is not None
        forward = view.forward(expiration)
        assert forward is not None
        days = (contract.Expiration - view.now).total_seconds() / 86_400
        scale = float(leg.Qty) * 100
        legs.append(
            RiskLeg(
                is_call=contract.OptionType is models.MesoOptionType.Call,
                strike=float(contract.Strike),
                quantity=scale,
                cost=scale * float(leg.AvgEntryPrice),
                volatility=float(greeks.IV) / 100,
                years=days / 365,
                days=days,
                forward=forward,
                discount=view.discount(expiration),
            )
        )
    wanted = risk_graph(legs, spot, np.array(graph.Prices, dtype=float), np.array([0.0, 7.0]))
    for place, curve in enumerate(graph.Curves):
        assert [float(value or 0) for value in curve.PnL] == pytest.approx(wanted.pnl[place].tolist(), abs=2.0)
    assert graph.Spot == Decimal(repr(spot))
    assert graph.MissingLegs == []


async def test_now_at_the_price_of_now_the_graph_is_the_running_pnl(kit: Kit, position: int) -> None:
    graph = await kit.control.get_risk_graph(models.GetRiskGraphArgs(PositionIds=[position], Points=3))
    detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position))
    assert detail.PositionPnL.Mark is not None
    assert float(graph.Curves[0].PnL[1] or 0) == pytest.approx(float(detail.PositionPnL.Mark), abs=2.0)
    assert len(graph.Curves) == 4


async def test_a_graph_of_two_positions_is_the_sum_of_their_graphs(kit: Kit, position: int) -> None:
    strategy = await kit.strategy(StrategyName="another")
    other = (await kit.enter(strategy.Id)).PositionId

    async def pnl(*ids: int) -> np.ndarray:
        args = models.GetRiskGraphArgs(PositionIds=list(ids), Days=[Decimal(0), Decimal(20)])
        return np.array([curve.PnL for curve in (await kit.control.get_risk_graph(args)).Curves], dtype=float)

    assert await pnl(position, other) == pytest.approx(await pnl(position) + await pnl(other), abs=0.02)


async def test_the_graph_of_a_choice_is_that_of_the_open_positions_that_it_names(kit: Kit, position: int) -> None:
    one, two = [await kit.strategy(StrategyName=name) for name in ("choice one", "choice two")]
    closed = (await kit.enter(one.Id)).PositionId
    await kit.leave(closed)
    first, other = [(await kit.enter(each.Id)).PositionId for each in (one, two)]

    async def graph(**choice: Any) -> models.GetRiskGraphResult:
        return await kit.control.get_risk_graph(models.GetRiskGraphArgs(Points=5, **choice))

    of_strategy = await graph(StrategyId=one.Id)
    assert of_strategy == await graph(PositionIds=[first])
    assert await graph(StrategyId=one.Id, BrokerAccountId=ACCOUNT, Symbol="SPX") == of_strategy
    assert (await graph(StrategyId=one.Id, PositionIds=[other])).PositionIds == [other, first]
    of_account = await graph(BrokerAccountId=ACCOUNT)
    assert {first, other, position} <= set(of_account.PositionIds)
    assert closed not in of_account.PositionIds
    assert of_account == await graph(PositionIds=of_account.PositionIds)
    for each in (first, other):
        await kit.leave(each)  # their strikes are free again for the other tests


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ({"Symbol": "SPX"}, "Symbol"),
        ({"BrokerAccountId": ACCOUNT, "Symbol": "QQQ"}, "BrokerAccountId"),
        ({"StrategyId": 999}, None),
        ({"BrokerAccountId": "SIM999"}, None),
    ],
)
async def test_a_choice_of_nothing_is_refused_by_field(
    kit: Kit, position: int, choice: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_risk_graph(models.GetRiskGraphArgs(**choice))
    problems = refused.value.error.ValidationErrors if refused.value.error is not None else None
    assert list(problems or ()) == ([] if field is None else [field])
    expected = models.StatusCode.NotFound if field is None else models.StatusCode.ValidationError
    assert refused.value.status is expected


async def test_a_choice_of_another_users_strategy_or_account_is_not_found(kit: Kit, position: int) -> None:
    stranger = await kit.other_user("a chooser")
    strategy = await kit.strategy(StrategyName="not theirs")
    for args in (
        models.GetRiskGraphArgs(StrategyId=strategy.Id),
        models.GetRiskGraphArgs(BrokerAccountId=ACCOUNT),
    ):
        with pytest.raises(MesoLiveApiException) as refused:
            await stranger.get_risk_graph(args)
        assert refused.value.status is models.StatusCode.NotFound


async def test_maximum_profit_and_loss_bound_the_curve_at_expiration(kit: Kit, position: int) -> None:
    args = models.GetRiskGraphArgs(PositionIds=[position], Points=401, PriceFrom=Decimal(2000), PriceTo=Decimal(8000))
    graph = await kit.control.get_risk_graph(args)
    values = [value for value in graph.Curves[-1].PnL if value is not None]
    assert graph.MaxProfit is not None
    assert graph.MaxLoss is not None
    assert (graph.UnlimitedProfit, graph.UnlimitedLoss, graph.MaxProfitEstimated) == (False, False, False)
    assert (float(max(values)), float(-min(values))) == pytest.approx(
        (float(graph.MaxProfit), float(graph.MaxLoss)), abs=0.05
    )


async def test_an_unbounded_profit_or_loss_is_shown_as_unlimited(kit: Kit, position: int) -> None:
    detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position))
    call = next(
        leg.LiveContract for leg in detail.Legs if leg.LiveContract.OptionType is models.MesoOptionType.Call and leg.Qty
    )

    async def graph(ratio: int) -> models.GetRiskGraphResult:
        combo = [models.ComboLeg(Contract=call, Ratio=Decimal(ratio))]
        return await kit.control.get_risk_graph(models.GetRiskGraphArgs(Combo=combo, Points=5))

    sold, bought = await graph(-1), await graph(1)
    assert (sold.MaxLoss, sold.UnlimitedLoss, sold.UnlimitedProfit) == (None, True, False)
    assert (bought.MaxProfit, bought.UnlimitedLoss, bought.UnlimitedProfit) == (None, False, True)
    assert sold.MaxProfit is not None
    assert sold.MaxProfit > 0
    assert bought.MaxLoss == sold.MaxProfit


async def test_a_shift_of_volatility_moves_the_graph_by_about_vega(kit: Kit, position: int) -> None:
    plain = models.GetRiskGraphArgs(PositionIds=[position], Points=3, Days=[Decimal(0)])
    shifted = models.GetRiskGraphArgs(PositionIds=[position], Points=3, Days=[Decimal(0)], VolShift=Decimal("0.5"))
    before, after = [(await kit.control.get_risk_graph(args)).Curves[0] for args in (plain, shifted)]
    vega, first, second = before.Vega[1], before.PnL[1], after.PnL[1]
    assert vega is not None
    assert first is not None
    assert second is not None
    assert float(second - first) == pytest.approx(0.5 * float(vega), rel=0.1)


async def test_a_graph_is_valued_by_the_provider_that_is_named_or_refused(kit: Kit, position: int) -> None:
    plain = models.GetRiskGraphArgs(PositionIds=[position], Points=3)
    simulated = models.GetRiskGraphArgs(PositionIds=[position], Points=3, Provider=models.DataProviderType.Simulated)
    assert (await kit.control.get_risk_graph(simulated)).Curves == (await kit.control.get_risk_graph(plain)).Curves
    elsewhere = models.GetRiskGraphArgs(PositionIds=[position], Provider=models.DataProviderType.Ibkr)
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_risk_graph(elsewhere)
    assert refused.value.status is models.StatusCode.ProviderUnavailable
    assert "Ibkr" in str(refused.value)


async def test_a_position_of_another_user_is_not_found(kit: Kit, position: int) -> None:
    stranger = await kit.other_user()
    with pytest.raises(MesoLiveApiException) as refused:
        await stranger.get_risk_graph(models.GetRiskGraphArgs(PositionIds=[position]))
    assert refused.value.status is models.StatusCode.NotFound


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"PriceFrom": Decimal(0)}, "PriceFrom"),
        ({"PriceFrom": Decimal(5000), "PriceTo": Decimal(4000)}, "PriceTo"),
        ({"Points": 2}, "Points"),
        ({"VolShift": Decimal(201)}, "VolShift"),
        ({"Days": [Decimal(-1)]}, "Days"),
        ({"PositionIds": []}, "PositionIds"),
    ],
)
async def test_a_range_that_is_none_is_refused_by_field(
    kit: Kit, position: int, changes: dict[str, object], field: str
) -> None:
    args = models.GetRiskGraphArgs(PositionIds=[position])
    for name, value in changes.items():
        setattr(args, name, value)
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_risk_graph(args)
    assert refused.value.status is models.StatusCode.ValidationError
    assert refused.value.error is not None
    assert any(path.startswith(field) for path in refused.value.error.ValidationErrors or {})


async def test_a_plan_and_the_same_candidates_have_one_graph_that_begins_at_nothing(kit: Kit) -> None:
    strategy = await kit.strategy(StrategyName="a plan")
    entry = (await kit.prepare_entry(strategy.Id)).Result
    assert entry is not None
    plan = await kit.control.get_risk_graph(models.GetRiskGraphArgs(ExecPlanId=entry.ExecPlanId, Points=5))
    combo = [models.ComboLeg(Contract=leg.LiveContract, Ratio=leg.Qty) for leg in entry.SelectedLegs.values()]
    assert (await kit.control.get_risk_graph(models.GetRiskGraphArgs(Combo=combo, Points=5))).Curves == plan.Curves
    now, expiration = plan.Curves[0], plan.Curves[-1]
    assert float(now.PnL[2] or 0) == pytest.approx(0, abs=2.0), "at the mark, at the price of now"
    assert min(value for value in expiration.PnL if value is not None) < 0
    threefold = models.GetRiskGraphArgs(ExecPlanId=entry.ExecPlanId, Points=5, QtyMultiplier=Decimal(3))
    more = (await kit.control.get_risk_graph(threefold)).Curves[-1]
    assert [float(value or 0) for value in more.PnL] == pytest.approx(
        [3 * float(value or 0) for value in expiration.PnL], abs=0.05
    )


async def test_an_exit_leaves_what_it_would_realise_at_every_price(kit: Kit) -> None:
    held = (await kit.enter((await kit.strategy(StrategyName="to leave")).Id)).PositionId
    leaving = (await kit.prepare_exit(held)).Result
    assert leaving is not None
    args = models.GetRiskGraphArgs(ExecPlanId=leaving.ExecPlanId, Points=5, Days=[Decimal(0), Decimal(9)])
    graph = await kit.control.get_risk_graph(args)
    detail = await kit.control.get_position(models.GetPositionArgs(PositionId=held))
    assert {value for curve in graph.Curves for value in curve.PnL} == {
        round((detail.PositionPnL.Mark or 0) + detail.RealizedPnL, 2)
    }
    assert {value for curve in graph.Curves for value in curve.Delta} == {0}
    await kit.leave(held)
    executed = (await kit.control.list_exec_plans(models.ListExecPlansArgs(PositionId=held, Open=False))).Plans
    done = next(plan.ExecPlanId for plan in executed if plan.State == "Executed")
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_risk_graph(models.GetRiskGraphArgs(ExecPlanId=done))
    assert refused.value.status is models.StatusCode.Conflict
    with pytest.raises(MesoLiveApiException) as hidden:
        await (await kit.other_user("a plan's stranger")).get_risk_graph(models.GetRiskGraphArgs(ExecPlanId=done))
    assert hidden.value.status is models.StatusCode.NotFound


async def test_break_evens_lie_where_a_curve_crosses_zero() -> None:
    prices = np.array([90.0, 100.0, 110.0, 120.0])
    assert break_evens(prices, np.array([-10.0, 10.0, 10.0, -30.0])) == [95.0, 112.5]
    assert break_evens(prices, np.array([1.0, 2.0, 3.0, 4.0])) == []
    assert break_evens(prices, np.array([np.nan, -2.0, 2.0, np.nan])) == [105.0]
