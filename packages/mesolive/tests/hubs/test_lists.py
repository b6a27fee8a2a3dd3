"""Each filter of each list shows what fits it, all of that, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key, wait_for_job
from mesolive_testkit.server import ACCOUNT, SPX, Kit, definition, fills_args, live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECOND = "ML2000"


@dataclass
class Books:
    """Three positions: one closed and one open on the first account, one open on the second."""

    kit: Kit
    strategies: tuple[int, int]
    filled: list[models.ApplyPaperFillsResult]

    async def all(self, ask: Callable[..., Any], args: type[Any], items: str, **filters: object) -> list[Any]:
        """Return what a list shows."""
        return list(getattr(await ask(args(Limit=500, **filters)), items))


async def enter(kit: Kit, strategy_id: int, account: str) -> models.ApplyPaperFillsResult:
    job = await kit.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="one of three",
            StrategyId=strategy_id,
            BrokerAccountId=account,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.UniqueInPosition,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    plan = (await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))).Result
    assert plan is not None
    fills = fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices)
    fills.BrokerAccountId = account
    return await kit.control.apply_paper_fills(fills)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def books(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Books]:
    directory: Path = tmp_path_factory.mktemp("lists")
    async with live_server(directory) as kit:
        owner = await kit.application.access.user("trader")
        await kit.application.accounts.create_paper(owner, SECOND, Decimal(50_000))
        first = await kit.strategy()
        second = await kit.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[SECOND])
        )
        filled = [
            await enter(kit, first.Id, ACCOUNT),
            await enter(kit, second.Id, ACCOUNT),
            await enter(kit, first.Id, SECOND),
        ]
        await kit.leave(filled[0].PositionId)
        yield Books(kit, (first.Id, second.Id), filled)


def of(items: Sequence[Any], **fields: object) -> list[int]:
    """Return the ids of those items whose fields have these values."""
    return [
        getattr(item, "Id", None) or item.OrderId
        for item in items
        if all(getattr(item, name) == value for name, value in fields.items())
    ]


async def test_positions_by_strategy_account_state_and_the_plan_that_opened_them(books: Books) -> None:
    ask, args = books.kit.control.list_positions, models.ListPositionsArgs
    everything = await books.all(ask, args, "Positions")
    assert of(everything) == [filled.PositionId for filled in books.filled]
    for strategy_id, number in zip(books.strategies, (2, 1), strict=True):
        shown = of(await books.all(ask, args, "Positions", LiveStrategyId=strategy_id))
        assert shown == of(everything, LiveStrategyId=strategy_id)
        assert len(shown) == number
    for account, number in ((ACCOUNT, 2), (SECOND, 1), ("ML3000", 0)):
        shown = of(await books.all(ask, args, "Positions", BrokerAccountId=account))
        assert shown == of(everything, BrokerAccountId=account)
        assert len(shown) == number
    for state, number in ((models.LivePositionState.Open, 2), (models.LivePositionState.Closed, 1)):
        shown = of(await books.all(ask, args, "Positions", State=state))
        assert shown == of(everything, State=state)
        assert len(shown) == number
    for filled in books.filled:
        assert of(await books.all(ask, args, "Positions", LiveExecPlanId=filled.ExecPlanId)) == [filled.PositionId]


async def test_legs_by_position_account_and_status(books: Books) -> None:
    ask, args = books.kit.control.list_legs, models.ListLegsArgs
    everything = await books.all(ask, args, "Legs")
    assert len(everything) == 12
    for filled in books.filled:
        shown = of(await books.all(ask, args, "Legs", PositionId=filled.PositionId))
        assert shown == of(everything, LivePositionId=filled.PositionId)
        assert len(shown) == 4
    for account, number in ((ACCOUNT, 8), (SECOND, 4)):
        shown = of(await books.all(ask, args, "Legs", BrokerAccountId=account))
        assert shown == of(everything, AccountId=account)
        assert len(shown) == number
    closed = await books.all(ask, args, "Legs", Status=models.LegStatus.Closed)
    assert of(closed) == of(everything, LivePositionId=books.filled[0].PositionId)
    assert all(leg.ClosedAt is not None for leg in closed)
    held = await books.all(ask, args, "Legs", Status=models.LegStatus.Open)
    assert of(held) == of(everything, ClosedAt=None)
    assert len(held) == 8


async def test_executions_by_plan_order_position_and_account(books: Books) -> None:
    ask, args = books.kit.control.list_executions, models.ListExecutionsArgs
    everything = await books.all(ask, args, "Executions")
    assert len(everything) == 16
    for filled in books.filled:
        shown = of(await books.all(ask, args, "Executions", ExecPlanId=filled.ExecPlanId))
        assert shown == of(everything, ExecPlanId=filled.ExecPlanId) == filled.ExecutionIds
        (order_id,) = filled.LiveOrderIds
        assert of(await books.all(ask, args, "Executions", LiveOrderId=order_id)) == filled.ExecutionIds
        by_position = of(await books.all(ask, args, "Executions", PositionId=filled.PositionId))
        assert by_position == of(everything, PositionId=filled.PositionId)
    for account, number in ((ACCOUNT, 12), (SECOND, 4)):
        shown = of(await books.all(ask, args, "Executions", BrokerAccountId=account))
        assert shown == of(everything, BrokerAccountId=account)
        assert len(shown) == number


async def test_orders_by_plan_account_and_state(books: Books) -> None:
    ask, args = books.kit.control.list_orders, models.ListOrdersArgs
    everything = await books.all(ask, args, "Orders")
    assert len(everything) == 4
    for filled in books.filled:
        assert of(await books.all(ask, args, "Orders", ExecPlanId=filled.ExecPlanId)) == filled.LiveOrderIds
    for account, number in ((ACCOUNT, 3), (SECOND, 1)):
        shown = of(await books.all(ask, args, "Orders", BrokerAccountId=account))
        assert shown == of(everything, BrokerAccountId=account)
        assert len(shown) == number
    assert of(await books.all(ask, args, "Orders", State=models.OrderState.Filled)) == of(everything)
    assert await books.all(ask, args, "Orders", State=models.OrderState.Cancelled) == []


async def test_orders_newest_first_page_backwards_through_all_and_their_tokens_fit_no_other_direction(
    books: Books,
) -> None:
    ask, args = books.kit.control.list_orders, models.ListOrdersArgs
    oldest_first = of(await books.all(ask, args, "Orders"))
    assert oldest_first == sorted(oldest_first)
    seen: list[int] = []
    token: str | None = None
    for _ in oldest_first:
        page = await ask(args(NewestFirst=True, Limit=1, ContinuationToken=token))
        seen += of(page.Orders)
        token = page.ContinuationToken
        if token is not None:
            with pytest.raises(MesoLiveApiException, match="ContinuationToken"):
                await ask(args(Limit=1, ContinuationToken=token))
    assert token is None
    assert seen == oldest_first[::-1]
    (first, *_) = books.filled
    of_plan = await books.all(ask, args, "Orders", ExecPlanId=first.ExecPlanId, NewestFirst=True)
    assert of(of_plan) == first.LiveOrderIds[::-1]


async def test_strategies_by_the_accounts_that_they_are_active_on(books: Books) -> None:
    ask, args = books.kit.control.list_strategies, models.ListStrategiesArgs
    first, second = books.strategies
    for accounts, expected in (
        ([ACCOUNT], [first]),
        ([SECOND], [second]),
        ([SECOND, ACCOUNT], [first, second]),
        (["ML3000"], []),
        ([], []),
        (None, [first, second]),
    ):
        assert of(await books.all(ask, args, "Strategies", ActiveOnAccounts=accounts)) == expected
