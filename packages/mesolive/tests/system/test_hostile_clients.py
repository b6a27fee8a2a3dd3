"""What a client with a key, but with bad intent or bad luck, gets from the hubs."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import pytest

from mesolive_sdk import MesoLiveApiException, MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.wire import hub_protocol
from mesolive_testkit.server import ACCOUNT, SPX, Kit, definition, fills_args
from signalr_asyncio import HubError
from signalr_asyncio.client import HubConnection

Status = models.StatusCode
UNPRINTABLE = ["\n", "\0", "\x1b[31m", "\x1e", "\u202e", "\u2028"]


async def status_of(call: Any) -> tuple[models.StatusCode, set[str]]:
    """Return how a call was refused, and the fields that were wrong."""
    with pytest.raises(MesoLiveApiException) as refused:
        await call
    error = refused.value.error
    return refused.value.status, set((error.ValidationErrors or {}) if error is not None else {})


@pytest.mark.parametrize("hub", ["control", "data", "event"])
async def test_only_methods_of_the_contract_can_be_called(kit: Kit, hub: str) -> None:
    async with HubConnection(f"{kit.url}/hubs/{hub}/v1", token=kit.token, protocol=hub_protocol()) as connection:
        for method in ("answer", "_answer", "user", "on_connected", "on_disconnected", "context", "__init__"):
            with pytest.raises(HubError, match=f"Unknown hub method '{method}'"):
                await connection.invoke(method, "GetAccount", {}, {}, {})


async def test_a_made_up_name_is_not_sent_back_by_the_megabyte(kit: Kit) -> None:
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_account(models.GetAccountArgs(BrokerAccountId="x" * 1_000_000))
    assert refused.value.status is Status.NotFound
    assert len(refused.value.message or "") < 300


async def test_names_that_a_screen_cannot_show_are_refused(kit: Kit) -> None:
    strategy = await kit.strategy()
    for character in UNPRINTABLE:
        name = f"a{character}b"
        create = models.CreateStrategyArgs(StrategyDefinition=definition(), Name=name, ActiveOnAccounts=[])
        assert await status_of(kit.control.create_strategy(create)) == (Status.ValidationError, {"Name"})
        rename = models.RenameStrategyArgs(StrategyId=strategy.Id, Name=name)
        assert await status_of(kit.control.rename_strategy(rename)) == (Status.ValidationError, {"Name"})
        assert await status_of(kit.prepare_entry(strategy.Id, name=name)) == (Status.ValidationError, {"PositionName"})


@pytest.mark.parametrize("field", ["Symbol", "Description"])
async def test_texts_that_not_every_database_keeps_are_refused(kit: Kit, field: str) -> None:
    create = kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(**{field: "SPX\0"}), ActiveOnAccounts=[])
    )
    status, fields = await status_of(create)
    assert status is Status.ValidationError
    assert all(name.startswith(f"StrategyDefinition.{field}") for name in fields)


async def test_names_in_any_script_are_welcome(kit: Kit) -> None:
    strategy = await kit.strategy()
    for name in ("Żółć 45 DTE", "鉄のコンドル", "🦅 condor", "[bold]x[/]", "<b>'\"; --"):
        renamed = await kit.control.rename_strategy(models.RenameStrategyArgs(StrategyId=strategy.Id, Name=name))
        assert renamed.Name == name


async def test_one_key_used_by_many_connections_at_once_trades_once(kit: Kit) -> None:
    strategy = await kit.strategy()
    plan = (await kit.prepare_entry(strategy.Id)).Result
    assert plan is not None
    args = fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(MesoLiveControlHubClient(kit.url, kit.token)) for _ in range(5)]

        async def one(client: MesoLiveControlHubClient) -> models.StatusCode:
            try:
                await client.apply_paper_fills(args)
            except MesoLiveApiException as refused:
                return refused.status
            return Status.Success

        answers = Counter(await asyncio.gather(*(one(client) for client in clients for _ in range(10))))
    assert answers.pop(Status.Success) == 1
    assert set(answers) <= {Status.Conflict, Status.DuplicateRequest}
    cash = (await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))).Cash
    paid = sum(
        (fill.Price * plan.SelectedLegs[name].Qty * 100 + fill.Commission for name, fill in args.PaperLegFills.items()),
        Decimal(0),
    )
    assert cash == 100_000 - paid
    assert len((await kit.control.list_executions()).Executions) == 4


async def test_one_plan_filled_under_many_keys_at_once_trades_once(kit: Kit) -> None:
    strategy = await kit.strategy()
    plan = (await kit.prepare_entry(strategy.Id)).Result
    assert plan is not None

    async def one() -> models.StatusCode:
        try:
            await kit.control.apply_paper_fills(fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices))
        except MesoLiveApiException as refused:
            return refused.status
        return Status.Success

    assert Counter(await asyncio.gather(*(one() for _ in range(12)))) == {Status.Success: 1, Status.Conflict: 11}
    assert len((await kit.control.list_positions()).Positions) == 1


async def test_cancelling_a_preparation_as_it_runs_leaves_one_truth(kit: Kit) -> None:
    strategy = await kit.strategy()
    events = await kit.events()
    for turns in range(12):
        job = await kit.control.start_prepare_position_entry(
            models.PreparePositionEntryArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionName="p",
                StrategyId=strategy.Id,
                BrokerAccountId=ACCOUNT,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                Underlying=SPX,
            )
        )
        for _ in range(turns * 3):
            await asyncio.sleep(0)
        cancelled = await asyncio.gather(
            *(
                kit.control.cancel_prepare_position_entry(
                    models.CancelPreparePositionEntryArgs(IdempotencyKey=new_idempotency_key(), JobId=job.JobId)
                )
                for _ in range(2)
            )
        )
        status = await kit.control.get_prepare_position_entry_status(
            models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        )
        assert {answer.Status for answer in cancelled} == {status.Status}
        assert (status.Result is not None) == (status.Status is models.PreparationStatus.Completed)
        logged = (await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))).Events
        completed = [
            event for event in logged if isinstance(event.Event, models.PositionEntryPreparationCompletedEvent)
        ]
        assert any(event.Event.JobId == job.JobId for event in completed if event.Event is not None) == (
            status.Result is not None
        )
