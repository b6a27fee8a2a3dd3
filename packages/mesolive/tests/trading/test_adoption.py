"""Contracts held at a broker are compared with the books, and adopted into a position without an order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.trading import adoption as adoption_module
from mesolive.venues.base import Execution, VenueLeg
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.models import LivePositionState, OrderState, OrderType, StatusCode
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import Kit
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

PRICE = Decimal("12.5")


async def some_contracts(control: MesoLiveControlHubClient, desk: Desk, strategy_id: int) -> dict[str, OptionContract]:
    """Return contracts of the chain by leg name: those that an entry would select."""
    plan = await desk.prepare_entry(strategy_id)
    return {name: desk.application.market.resolve(leg.LiveContract) for name, leg in plan.SelectedLegs.items()}


def by_hand(desk: Desk, legs: Mapping[OptionContract, int]) -> Execution:
    """Trade at the broker past the server."""
    return desk.venue.trade_by_hand(
        SIM,
        [VenueLeg(name=str(contract), contract=contract, ratio=Decimal(qty)) for contract, qty in legs.items()],
        Decimal(1),
    )


def adopted(desk: Desk, name: str, contract: OptionContract, qty: int, price: Decimal = PRICE) -> models.AdoptedLeg:
    return models.AdoptedLeg(
        Name=name, Contract=desk.application.market.to_live(contract), Qty=Decimal(qty), EntryPrice=price
    )


def adoption(strategy_id: int, legs: list[models.AdoptedLeg], account: str = SIM) -> models.AdoptPositionArgs:
    return models.AdoptPositionArgs(
        IdempotencyKey=new_idempotency_key(),
        StrategyId=strategy_id,
        BrokerAccountId=account,
        PositionName="adopted",
        Legs=legs,
    )


async def compared(desk: Desk) -> dict[str, tuple[int, int]]:
    """Return broker and books by contract, as text."""
    reconciliation = await desk.control.get_reconciliation(
        models.GetReconciliationArgs(BrokerAccountId=SIM, Refresh=True)
    )
    return {
        str(desk.application.market.resolve(contract.Contract)): (int(contract.AtBroker), int(contract.InBooks))
        for contract in reconciliation.Contracts
    }


async def test_a_trade_by_hand_is_listed_with_what_broker_and_books_hold(desk: Desk) -> None:
    strategy = await desk.strategy()
    contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).values()))
    fill = by_hand(desk, {contract: 2})
    reconciliation = await desk.control.get_reconciliation(
        models.GetReconciliationArgs(BrokerAccountId=SIM, Refresh=True)
    )
    assert [(int(item.AtBroker), int(item.InBooks), int(item.Difference)) for item in reconciliation.Contracts] == [
        (2, 0, 2)
    ]
    assert [trade.ExecutionId for trade in reconciliation.Trades] == [fill.execution_id]
    assert [(leg.Qty, leg.Price) for leg in reconciliation.Trades[0].Legs] == [(Decimal(2), fill.legs[0].price)]
    last = await desk.control.get_reconciliation(models.GetReconciliationArgs(BrokerAccountId=SIM))
    assert last == reconciliation


async def test_a_trade_by_hand_is_adopted_and_broker_and_books_agree_again(desk: Desk) -> None:
    strategy = await desk.strategy()
    contracts = await some_contracts(desk.control, desk, strategy.Id)
    names = list(contracts)
    by_hand(desk, {contracts[names[0]]: 1, contracts[names[1]]: -1})
    await compared(desk)
    await desk.until(lambda: any(isinstance(event, models.ErrorEvent) for event in desk.events))
    legs = [adopted(desk, names[0], contracts[names[0]], 1), adopted(desk, names[1], contracts[names[1]], -1)]
    position = await desk.control.adopt_position(adoption(strategy.Id, legs))
    assert (position.State, position.Name, position.LiveStrategyId) == (
        LivePositionState.Open,
        "adopted",
        strategy.Id,
    )
    assert {at == booked for at, booked in (await compared(desk)).values()} == {True}
    detail = await desk.control.get_position(models.GetPositionArgs(PositionId=position.Id))
    assert {leg.Name: (leg.Qty, leg.AvgEntryPrice) for leg in detail.Legs} == {
        names[0]: (Decimal(1), PRICE),
        names[1]: (Decimal(-1), PRICE),
    }
    errors = [event for event in await desk.log() if isinstance(event, models.ErrorEvent)]
    assert errors[-1].State is models.ErrorState.Resolved


async def test_an_adopted_position_is_exited_like_any_other(desk: Desk) -> None:
    strategy = await desk.strategy()
    contracts = await some_contracts(desk.control, desk, strategy.Id)
    name, contract = next(iter(contracts.items()))
    by_hand(desk, {contract: 3})
    position = await desk.control.adopt_position(adoption(strategy.Id, [adopted(desk, name, contract, 3)]))
    plan = await desk.prepare_exit(position.Id)
    await desk.send(at_venue(plan))
    assert (await desk.position_in(LivePositionState.Closed)).Id == position.Id
    assert {at == booked for at, booked in (await compared(desk)).values()} <= {True}


@pytest.mark.parametrize(("held", "asked"), [(2, 3), (2, -1), (0, 1), (-2, -3), (-2, 1)])
async def test_no_more_is_adopted_than_the_broker_holds_beyond_the_books(desk: Desk, held: int, asked: int) -> None:
    strategy = await desk.strategy()
    name, contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).items()))
    if held:
        by_hand(desk, {contract: held})
    error = await refused(desk.control.adopt_position(adoption(strategy.Id, [adopted(desk, name, contract, asked)])))
    assert error.status is StatusCode.Conflict
    assert f"{held} can be adopted, not {asked}" in str(error)
    assert await desk.positions() == []


async def test_the_same_contracts_are_not_adopted_twice(desk: Desk) -> None:
    strategy = await desk.strategy()
    name, contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).items()))
    by_hand(desk, {contract: 1})
    args = adoption(strategy.Id, [adopted(desk, name, contract, 1)])
    first = await desk.control.adopt_position(args)
    repeated = await refused(desk.control.adopt_position(args))
    assert repeated.status is StatusCode.DuplicateRequest
    again = await refused(desk.control.adopt_position(adoption(strategy.Id, args.Legs)))
    assert again.status is StatusCode.Conflict
    assert [position.Id for position in await desk.positions()] == [first.Id]


async def test_nothing_is_adopted_while_an_order_of_the_account_works(desk: Desk) -> None:
    strategy = await desk.strategy()
    contracts = await some_contracts(desk.control, desk, strategy.Id)
    name, contract = next(iter(contracts.items()))
    by_hand(desk, {contract: 1})
    plan = await desk.prepare_entry(strategy.Id, "another")
    sent = await desk.send(at_venue(plan, kind=OrderType.Limit, limit=Decimal(-500)))
    await desk.order_in(sent.LiveOrderId, OrderState.Submitted)
    args = adoption(strategy.Id, [adopted(desk, name, contract, 1)])
    error = await refused(desk.control.adopt_position(args))
    assert "has not ended" in str(error)
    await desk.control.cancel_order(
        models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=sent.LiveOrderId)
    )
    await desk.order_in(sent.LiveOrderId, OrderState.Cancelled)
    assert (await desk.control.adopt_position(args)).State is LivePositionState.Open


async def test_a_broker_that_does_not_answer_is_an_error_and_nothing_is_adopted(desk: Desk) -> None:
    strategy = await desk.strategy()
    name, contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).items()))
    by_hand(desk, {contract: 1})
    desk.venue.go_down()
    error = await refused(desk.control.adopt_position(adoption(strategy.Id, [adopted(desk, name, contract, 1)])))
    assert error.status is StatusCode.BrokerError
    assert await desk.positions() == []


async def test_a_comparison_that_has_grown_old_before_the_booking_is_not_used(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = await desk.strategy()
    name, contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).items()))
    by_hand(desk, {contract: 1})
    moments = itertools.count(100.0, adoption_module.COMPARISON_SECONDS + 1)
    monkeypatch.setattr(adoption_module, "boot_time", lambda: next(moments))
    error = await refused(desk.control.adopt_position(adoption(strategy.Id, [adopted(desk, name, contract, 1)])))
    assert error.status is StatusCode.Conflict
    assert "old" in str(error)
    assert await desk.positions() == []


async def test_bad_legs_are_refused_with_the_field_and_what_was_expected(desk: Desk) -> None:
    strategy = await desk.strategy()
    name, contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).items()))
    good = adopted(desk, name, contract, 1)
    unlisted = adopted(desk, name, contract, 1)
    unlisted.Contract = replace(unlisted.Contract, Strike=Decimal("1.5"))
    for legs, path in (
        ([], "Legs"),
        ([good, good], "Legs[0].Name"),
        ([adopted(desk, "no name!", contract, 1)], "Legs[0].Name"),
        ([adopted(desk, name, contract, 0)], "Legs[0].Qty"),
        ([adopted(desk, name, contract, 1, Decimal(-1))], "Legs[0].EntryPrice"),
        ([unlisted], "Legs[0].Contract"),
    ):
        error = await refused(desk.control.adopt_position(adoption(strategy.Id, legs)))
        assert error.status is StatusCode.ValidationError
        assert path in str(error)


async def test_a_paper_account_is_deposited_to_and_its_cash_pays_for_it(kit: Kit) -> None:
    strategy = await kit.strategy()
    plan = (await kit.prepare_entry(strategy.Id)).Result
    assert plan is not None
    name, leg = next(iter(plan.SelectedLegs.items()))
    account = (await kit.control.list_accounts()).Accounts[0]
    legs = [models.AdoptedLeg(Name=name, Contract=leg.LiveContract, Qty=Decimal(-2), EntryPrice=PRICE)]
    position = await kit.control.adopt_position(adoption(strategy.Id, legs, account.BrokerAccountId))
    assert position.State is LivePositionState.Open
    after = (await kit.control.list_accounts()).Accounts[0]
    assert account.Cash is not None
    assert after.Cash == account.Cash + 2 * PRICE * 100
    error = await refused(
        kit.control.get_reconciliation(models.GetReconciliationArgs(BrokerAccountId=account.BrokerAccountId))
    )
    assert error.status is StatusCode.NotSupported


async def test_another_users_account_and_strategy_are_not_found(desk: Desk) -> None:
    made = await desk.application.access.create_key("stranger")
    strategy = await desk.strategy()
    name, contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).items()))
    by_hand(desk, {contract: 1})
    async with MesoLiveControlHubClient(desk.application.url, made.token) as stranger:
        error = await refused(stranger.adopt_position(adoption(strategy.Id, [adopted(desk, name, contract, 1)])))
        assert error.status is StatusCode.NotFound
        error = await refused(stranger.get_reconciliation(models.GetReconciliationArgs(BrokerAccountId=SIM)))
        assert error.status is StatusCode.NotFound


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 4), min_size=1, max_size=4), sold=st.booleans())
async def test_what_is_adopted_in_parts_adds_up_to_what_the_broker_holds(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], sold: bool
) -> None:
    async with desk_server(tmp_path_factory.mktemp("desk")) as desk:
        strategy = await desk.strategy()
        name, contract = next(iter((await some_contracts(desk.control, desk, strategy.Id)).items()))
        sign = -1 if sold else 1
        by_hand(desk, {contract: sign * sum(parts)})
        for part in parts:
            await desk.control.adopt_position(adoption(strategy.Id, [adopted(desk, name, contract, sign * part)]))
        assert set((await compared(desk)).values()) == {(sign * sum(parts), sign * sum(parts))}
        error = await refused(desk.control.adopt_position(adoption(strategy.Id, [adopted(desk, name, contract, sign)])))
        assert error.status is StatusCode.Conflict
