"""Orders through the hub, the books and the simulated venue."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from mesolive.errors import ServiceError
from mesolive.store.tables.trading import audit_entries
from mesolive.trading.execution.halts import halt, resume
from mesolive.trading.execution.risk_limits import Limits
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import fills_args
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server


async def test_an_entry_and_an_exit_go_through_the_venue_and_leave_books_that_balance(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        entry = await desk.prepare_entry(strategy.Id)
        sent = await desk.send(at_venue(entry))
        assert sent.State is models.OrderState.Submitted
        opened = await desk.position_in(models.LivePositionState.Open)
        detail = await desk.control.get_position(models.GetPositionArgs(PositionId=opened.Id))
        assert {leg.Name: leg.Qty for leg in detail.Legs} == {n: leg.Qty for n, leg in entry.SelectedLegs.items()}
        assert detail.Vars
        leave = await desk.prepare_exit(opened.Id)
        await desk.send(at_venue(leave))
        await desk.position_in(models.LivePositionState.Closed)
        account = await desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        closed = await desk.control.get_position(models.GetPositionArgs(PositionId=opened.Id))
        assert account.Cash == 100_000 + closed.RealizedPnL
        assert desk.venue.ledger.positions_of(SIM) == {}
        await desk.until(
            lambda: any(
                isinstance(e, models.PositionUpdateEvent) and e.Status is models.PositionStatus.Closed
                for e in desk.events
            )
        )
        states = [e.State.name for e in desk.events if isinstance(e, models.OrderUpdateEvent)]
        assert states == ["PendingSubmit", "Submitted", "Filled"] * 2


async def test_an_exit_states_to_the_venue_the_quantities_of_all_positions_in_its_contracts(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        shared = models.LiveLegSelectionConstraint.UniqueInPosition
        for _ in range(2):
            entry = await desk.prepare_entry(strategy.Id, constraint=shared)
            await desk.order_in((await desk.send(at_venue(entry))).LiveOrderId, models.OrderState.Filled)
        held = desk.venue.ledger.positions_of(SIM)
        leave = await desk.prepare_exit((await desk.position_in(models.LivePositionState.Open)).Id)
        await desk.send(at_venue(leave))
        opening, _, leaving = (order.request for order in desk.venue.ledger.orders.values())
        assert {leg.held for leg in opening.legs} == {None}
        assert {leg.contract: leg.held for leg in leaving.legs} == held
        assert all(abs(held[leg.contract]) == 2 * abs(leg.ratio) for leg in leaving.legs)


def code_of(error: MesoLiveApiException) -> str | None:
    return None if error.error is None else error.error.Code


def far(plan: models.PreparePositionEntryResult | models.PreparePositionExitResult) -> Decimal:
    """Return a limit that the market is far from: more credit than it gives, on the tick."""
    mark = plan.LegGroupPrices[min(plan.LegGroupPrices)].Mark
    assert mark is not None
    return Decimal(round(mark * 20)) / 20 - 1


async def test_a_limit_order_rests_and_is_cancelled(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    sent = await desk.send(at_venue(entry, kind=models.OrderType.Limit, limit=far(entry)))
    assert sent.State is models.OrderState.Submitted
    cancel = models.CancelOrderArgs(IdempotencyKey="cancel", LiveOrderId=sent.LiveOrderId)
    assert (await desk.control.cancel_order(cancel)).State is models.OrderState.Cancelled
    again = await refused(desk.control.cancel_order(cancel))
    assert again.status is models.StatusCode.DuplicateRequest
    assert isinstance(again.data, models.CancelOrderResult)
    assert again.data.State is models.OrderState.Cancelled
    other = models.CancelOrderArgs(IdempotencyKey="another", LiveOrderId=sent.LiveOrderId)
    assert (await desk.control.cancel_order(other)).State is models.OrderState.Cancelled
    assert await desk.positions() == []
    assert desk.venue.ledger.working == {}


async def test_a_filled_order_cannot_be_cancelled(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    sent = await desk.send(at_venue(entry))
    await desk.order_in(sent.LiveOrderId, models.OrderState.Filled)
    error = await refused(
        desk.control.cancel_order(models.CancelOrderArgs(IdempotencyKey="late", LiveOrderId=sent.LiveOrderId))
    )
    assert error.status is models.StatusCode.Conflict


async def test_a_group_is_filled_once(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    await desk.send(at_venue(entry))
    await desk.position_in(models.LivePositionState.Open)
    assert (await refused(desk.send(at_venue(entry)))).status is models.StatusCode.Conflict
    assert len(desk.venue.ledger.orders) == 1


async def test_a_hundred_calls_with_one_key_are_one_order(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    args = at_venue(entry, kind=models.OrderType.Limit, limit=far(entry))
    answers = await asyncio.gather(*(desk.send(args) for _ in range(100)), return_exceptions=True)
    sent = [answer for answer in answers if isinstance(answer, models.SendOrderResult)]
    rest = [answer for answer in answers if isinstance(answer, MesoLiveApiException)]
    assert len(sent) == 1
    assert len(rest) == 99
    assert {answer.status for answer in rest} <= {models.StatusCode.Conflict, models.StatusCode.DuplicateRequest}
    assert len(desk.venue.ledger.orders) == 1
    duplicate = await refused(desk.send(args))
    assert duplicate.status is models.StatusCode.DuplicateRequest
    assert duplicate.data == sent[0]


async def test_of_many_orders_of_one_group_sent_at_once_one_is_sent(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    orders = [at_venue(entry, kind=models.OrderType.Limit, limit=far(entry)) for _ in range(20)]
    answers = await asyncio.gather(*(desk.send(args) for args in orders), return_exceptions=True)
    assert sum(isinstance(answer, models.SendOrderResult) for answer in answers) == 1
    assert {answer.status for answer in answers if isinstance(answer, MesoLiveApiException)} == {
        models.StatusCode.Conflict
    }
    assert len(desk.venue.ledger.orders) == 1


async def test_of_two_replacements_of_one_order_one_wins(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    limit = far(entry)
    first = await desk.send(at_venue(entry, kind=models.OrderType.Limit, limit=limit))
    answers = await asyncio.gather(
        *(
            desk.send(at_venue(entry, kind=models.OrderType.Limit, limit=limit + better, replaces=first.LiveOrderId))
            for better in (Decimal("0.05"), Decimal("0.10"))
        ),
        return_exceptions=True,
    )
    (won,) = [answer for answer in answers if isinstance(answer, models.SendOrderResult)]
    (lost,) = [answer for answer in answers if isinstance(answer, MesoLiveApiException)]
    assert lost.status is models.StatusCode.Conflict
    assert won.State is models.OrderState.Submitted
    old, new = await desk.order(first.LiveOrderId), await desk.order(won.LiveOrderId)
    assert old.State is models.OrderState.Replaced
    assert (old.ReplacedByOrderId, new.ReplacesOrderId) == (new.OrderId, old.OrderId)
    (key,) = (await desk.control.list_api_keys()).Keys
    (strategy,) = (await desk.control.list_strategies()).Strategies
    assert (new.SentBy, new.StrategyId, new.PositionId) == (key.KeyId, strategy.Id, None)
    assert len(desk.venue.ledger.working) == 1


async def test_a_replacement_that_the_venue_refuses_leaves_the_order_as_it_was(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    limit = far(entry)
    first = await desk.send(at_venue(entry, kind=models.OrderType.Limit, limit=limit))
    desk.venue.faults.ask(Fault.REJECT)
    again = at_venue(entry, kind=models.OrderType.Limit, limit=limit, replaces=first.LiveOrderId)
    rejected = await desk.send(again)
    assert rejected.State is models.OrderState.Rejected
    assert (await desk.order(rejected.LiveOrderId)).Reason
    assert (await desk.order(first.LiveOrderId)).State is models.OrderState.Submitted
    better = at_venue(entry, kind=models.OrderType.Limit, limit=limit, replaces=first.LiveOrderId)
    assert (await desk.send(better)).State is models.OrderState.Submitted


async def test_a_partial_fill_that_is_cancelled_leaves_a_position_that_can_be_completed_or_closed(
    tmp_path: Path,
) -> None:
    async with desk_server(tmp_path, terms=SimulatedVenueConfig(displayed=Decimal(1))) as desk:
        entry = await desk.prepare_entry((await desk.strategy()).Id)
        sent = await desk.send(at_venue(entry, multiplier=Decimal(3)))
        part = await desk.order_in(sent.LiveOrderId, models.OrderState.PartiallyFilled)
        assert (part.Qty, part.CumQty) == (3, 1)
        await desk.control.cancel_order(models.CancelOrderArgs(IdempotencyKey="enough", LiveOrderId=sent.LiveOrderId))
        opening = await desk.position_in(models.LivePositionState.Opening)
        detail = await desk.control.get_position(models.GetPositionArgs(PositionId=opening.Id))
        assert {abs(leg.Qty) for leg in detail.Legs} == {Decimal(1)}
        other = await refused(desk.send(at_venue(entry, multiplier=Decimal(2))))
        assert other.status is models.StatusCode.Conflict
        rest = await desk.send(at_venue(entry))
        assert (await desk.order(rest.LiveOrderId)).Qty == 2
        await desk.order_in(rest.LiveOrderId, models.OrderState.PartiallyFilled)
        await desk.advance(1)
        opened = await desk.position_in(models.LivePositionState.Open)
        assert opened.QtyMultiplier == 3
        leave = await desk.prepare_exit(opened.Id)
        out = await desk.send(at_venue(leave))
        await desk.order_in(out.LiveOrderId, models.OrderState.PartiallyFilled)
        assert (await desk.positions())[-1].State is models.LivePositionState.Closing
        assert (await refused(desk.send(at_venue(await desk.prepare_exit(opened.Id))))).status is (
            models.StatusCode.Conflict
        )
        await desk.advance(1)
        await desk.advance(1)
        await desk.position_in(models.LivePositionState.Closed)
        assert desk.venue.ledger.positions_of(SIM) == {}


async def test_the_error_of_an_order_that_does_not_fit_its_plan_states_why_and_leaves_no_record(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    names = list(entry.LegGroups[1])
    wrong = [
        (at_venue(entry, legs=names[:2]), "LegGroupOrder.LegNames"),
        (at_venue(entry, legs=[*names, "another"]), "LegGroupOrder.LegNames"),
        (at_venue(entry, legs=[*names, names[0]]), "LegGroupOrder.LegNames"),
        (at_venue(entry, kind=models.OrderType.Limit), "LegGroupOrder.LimitPrice"),
        (at_venue(entry, limit=Decimal(-1)), "LegGroupOrder.LimitPrice"),
        (at_venue(entry, kind=models.OrderType.Limit, limit=Decimal("-1.03")), "LegGroupOrder.LimitPrice"),
        (at_venue(entry, kind=models.OrderType.StopLimit, limit=Decimal(-1)), "LegGroupOrder.StopPrice"),
        (at_venue(entry, multiplier=Decimal("0.5")), "QtyMultiplier"),
        (at_venue(entry, multiplier=Decimal(0)), "QtyMultiplier"),
    ]
    for args, field in wrong:
        error = await refused(desk.send(args))
        assert error.status is models.StatusCode.ValidationError
        assert error.error is not None
        assert list(error.error.ValidationErrors or {}) == [field], error
        record = models.GetIdempotencyRecordArgs(IdempotencyKey=args.IdempotencyKey)
        assert (await refused(desk.control.get_idempotency_record(record))).status is models.StatusCode.NotFound
    assert desk.venue.ledger.orders == {}


async def test_a_paper_plan_never_reaches_a_venue(desk: Desk) -> None:
    owner = await desk.application.access.user("trader")
    await desk.application.accounts.create_paper(owner, "ML1000", Decimal(100_000))
    strategy = await desk.strategy()
    paper = await desk.prepare_entry(strategy.Id, account="ML1000")
    error = await refused(desk.send(at_venue(paper, account="ML1000")))
    assert error.status is models.StatusCode.NotSupported
    assert (await refused(desk.send(at_venue(paper)))).status is models.StatusCode.NotFound
    assert desk.venue.ledger.orders == {}


async def test_a_venue_account_takes_no_paper_fills(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    args = fills_args(entry.ExecPlanId, entry.SelectedLegs, entry.LegPrices)
    args.BrokerAccountId = SIM
    assert (await refused(desk.control.apply_paper_fills(args))).status is models.StatusCode.NotSupported


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_contracts=Decimal(3)), "OrderTooLarge"),
        (Limits(max_premium=Decimal(100)), "PremiumTooLarge"),
        (Limits(max_orders_per_minute=0), "TooManyOrders"),
    ],
)
async def test_a_guard_refuses_with_its_code_and_leaves_an_audit_entry(desk: Desk, limits: Limits, code: str) -> None:
    await desk.set_limits(limits)
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    args = at_venue(entry)
    assert code_of(await refused(desk.send(args))) == code
    async with desk.application.database.read() as tx:
        record = await tx.first(select(audit_entries).where(audit_entries.c.idempotency_key == args.IdempotencyKey))
    assert record is not None
    assert record.action == "SendOrderRefused"
    assert record.detail["code"] == code
    assert desk.venue.ledger.orders == {}


async def test_the_price_band_and_the_sign_of_the_price_are_guarded(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    debit = at_venue(entry, kind=models.OrderType.Limit, limit=Decimal("3.00"))
    assert code_of(await refused(desk.send(debit))) == "WrongSign"
    await desk.set_limits(Limits(price_band_fraction=Decimal(0)))
    cheap = at_venue(entry, kind=models.OrderType.Limit, limit=far(entry) + 2)
    assert code_of(await refused(desk.send(cheap))) == "PriceOutsideBand"
    assert desk.venue.ledger.orders == {}


async def test_a_halt_stops_sending_and_cancels_what_is_open_until_it_is_lifted(desk: Desk) -> None:
    strategy = await desk.strategy()
    entry = await desk.prepare_entry(strategy.Id)
    resting = await desk.send(at_venue(entry, kind=models.OrderType.Limit, limit=far(entry)))
    database, clock = desk.application.database, desk.application.clock
    assert await halt(database, "the model is wrong", clock.now()) == 1
    await desk.order_in(resting.LiveOrderId, models.OrderState.Cancelled)
    error = await refused(desk.send(at_venue(entry)))
    assert code_of(error) == "Halted"
    assert "the model is wrong" in str(error)
    assert await resume(database, clock.now()) == 1
    await desk.send(at_venue(entry))
    await desk.position_in(models.LivePositionState.Open)


async def test_orders_of_one_combo_that_are_sent_at_once_are_each_judged_by_their_own_terms(desk: Desk) -> None:
    strategy = await desk.strategy()
    entries = [await desk.prepare_entry(strategy.Id, f"position {number}") for number in range(6)]
    contracts = sum((abs(leg.Qty) for leg in entries[0].SelectedLegs.values()), Decimal(0))
    await desk.set_limits(Limits(max_contracts=contracts))
    limit = far(entries[0])

    def order(place: int, price: Decimal = limit, multiplier: Decimal | None = None) -> models.SendOrderArgs:
        return at_venue(entries[place], kind=models.OrderType.Limit, limit=price, multiplier=multiplier)

    # The first is committed alone; what comes meanwhile is one batch.
    wanted = [order(0), order(1), order(2, Decimal("3.00")), order(3), order(4, multiplier=Decimal(100)), order(5)]
    user = await desk.application.access.user("trader")
    sending = desk.application.desk.sending
    answers = await asyncio.gather(*(sending.send(user, each) for each in wanted), return_exceptions=True)
    codes = [
        answer.error.Code if isinstance(answer, ServiceError) and answer.error is not None else None
        for answer in answers
    ]
    assert codes == [None, None, "WrongSign", None, "OrderTooLarge", None]
    assert {each.request.limit_price for each in desk.venue.ledger.working.values()} == {limit}
    assert len(desk.venue.ledger.working) == 4
