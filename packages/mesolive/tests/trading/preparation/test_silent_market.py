"""A market that has fallen silent decides nothing, over the socket; when it speaks again all goes on."""

from __future__ import annotations

from pathlib import Path

from mesolive.clock import ManualClock
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive_sdk import models
from mesolive_testkit.server import START, live_server


async def test_preparing_fails_while_the_provider_is_silent_and_works_when_it_is_back(tmp_path: Path) -> None:
    clock = ManualClock(START)
    provider = SimulatedProvider.generated(clock, seed=7)
    async with live_server(tmp_path, (Market([provider]), clock)) as kit:
        strategy = await kit.strategy()
        assert (await kit.prepare_entry(strategy.Id)).Status is models.PreparationStatus.Completed

        provider.disconnect()
        await kit.advance(75)
        status = await kit.prepare_entry(strategy.Id)
        assert status.Status is models.PreparationStatus.Failed
        assert status.Result is None
        assert "quotes of SPX" in (status.Error or "")

        provider.reconnect()
        await kit.advance(2)
        status = await kit.prepare_entry(strategy.Id)
        assert status.Status is models.PreparationStatus.Completed, status.Error
