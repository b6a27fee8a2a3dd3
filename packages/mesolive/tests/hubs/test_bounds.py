"""What one user may have at most: one more is refused with a reason, others are not disturbed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
)
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_sdk.models import StatusCode
from mesolive_testkit.server import ACCOUNT, SPX, definition, live_server


async def test_one_strategy_too_many_is_refused_until_another_is_deleted(tmp_path: Path) -> None:
    async with live_server(tmp_path, max_strategies=2) as kit:
        first, _ = await kit.strategy(), await kit.strategy()
        with pytest.raises(MesoLiveApiException, match="you have 2 strategies, and may have 2") as refused:
            await kit.strategy()
        assert refused.value.status is StatusCode.RateLimited
        other = await kit.other_user()
        await other.create_strategy(models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[]))
        await kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=first.Id))
        await kit.strategy()


async def test_one_plan_too_many_that_is_never_executed_is_refused(tmp_path: Path) -> None:
    async with live_server(tmp_path, max_plans=2) as kit:
        strategy = await kit.strategy()
        await kit.enter(strategy.Id)
        for _ in range(2):
            assert (await kit.prepare_entry(strategy.Id)).Status is models.PreparationStatus.Completed
        with pytest.raises(MesoLiveApiException, match="2 plans were prepared and never executed") as refused:
            await kit.prepare_entry(strategy.Id)
        assert refused.value.status is StatusCode.RateLimited


async def test_one_preparation_too_many_is_refused(tmp_path: Path) -> None:
    async with live_server(tmp_path, max_preparations=1) as kit:
        strategy = await kit.strategy()

        def args() -> models.PreparePositionEntryArgs:
            return models.PreparePositionEntryArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionName="a position",
                StrategyId=strategy.Id,
                BrokerAccountId=ACCOUNT,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                Underlying=SPX,
            )

        calls = [kit.control.start_prepare_position_entry(args()) for _ in range(10)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, MesoLiveApiException)]
        assert refused
        assert {error.status for error in refused} == {StatusCode.RateLimited}
        assert len(refused) < len(answers)


async def test_one_connection_too_many_is_refused_on_each_hub_by_itself(tmp_path: Path) -> None:
    async with live_server(tmp_path, max_connections=1) as kit:
        with pytest.raises(MesoLiveSignalRError, match="no more connections of this user") as refused:
            await kit.client(MesoLiveControlHubClient)
        assert refused.value.status is StatusCode.RateLimited
        await kit.client(MesoLiveEventHubClient)
        await (await kit.other_user()).list_accounts()
        await kit.control.stop()
        again = await kit.client(MesoLiveControlHubClient)
        assert (await again.list_accounts()).Accounts


async def test_a_stream_beyond_the_limit_is_refused_and_other_users_have_theirs(tmp_path: Path) -> None:
    async with live_server(tmp_path, max_streams=3) as kit:
        args = models.StreamUnderlyingDataArgs(Provider=models.DataProviderType.Simulated, Underlying=SPX)
        clients = [await kit.client(MesoLiveDataHubClient) for _ in range(2)]
        open_streams = [clients[number % 2].stream_underlying_data(args) for number in range(3)]
        for stream in open_streams:
            await anext(stream)
        with pytest.raises(MesoLiveSignalRError, match="you have 3 streams open"):
            await anext(clients[0].stream_underlying_data(args))
        await open_streams[0].aclose()
        async with asyncio.timeout(60):
            while True:  # the end of a stream takes its way to the server
                try:
                    await anext(clients[1].stream_underlying_data(args))
                    break
                except MesoLiveSignalRError:
                    continue


async def test_a_cancel_is_answered_while_the_users_other_calls_wait_for_their_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live_server(tmp_path, max_calls=2) as kit:
        go, begun = asyncio.Event(), [0]
        list_accounts = kit.application.accounts.list

        async def slowly(*arguments: Any) -> Any:
            begun[0] += 1
            await go.wait()
            return await list_accounts(*arguments)

        monkeypatch.setattr(kit.application.accounts, "list", slowly)
        flood = [asyncio.create_task(kit.control.list_accounts()) for _ in range(10)]
        other = await kit.client(MesoLiveControlHubClient)
        with pytest.raises(MesoLiveApiException) as unknown:  # a lane of its own
            await other.cancel_order(models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=4711))
        assert unknown.value.status is StatusCode.NotFound
        somebody = await kit.other_user()
        assert (await somebody.list_positions(models.ListPositionsArgs())).Positions == []
        assert begun[0] <= 2
        go.set()
        await asyncio.gather(*flood)
        assert begun[0] == 10
