"""Control Hub methods of backtests: start, progress, results, comparison."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class BacktestMethods(ControlMethods):
    """Methods of backtests."""

    @hub_method(name="ListBacktestMarkets")
    async def list_backtest_markets(self, args: Payload | None = None) -> Answer:
        """List the recordings that backtests may replay."""
        return await self._answer(
            "ListBacktestMarkets", models.ListBacktestMarketsArgs, args, self._services.backtests.markets
        )

    @hub_method(name="StartBacktest")
    async def start_backtest(self, args: Payload | None = None) -> Answer:
        """Replay a strategy over days of market in a process of its own."""
        return await self._answer("StartBacktest", models.StartBacktestArgs, args, self._services.backtests.start)

    @hub_method(name="GetBacktest")
    async def get_backtest(self, args: Payload | None = None) -> Answer:
        """Return how far a backtest has come."""
        return await self._answer("GetBacktest", models.BacktestArgs, args, self._services.backtests.get)

    @hub_method(name="ListBacktests")
    async def list_backtests(self, args: Payload | None = None) -> Answer:
        """List the caller's backtests, the newest first."""
        return await self._answer("ListBacktests", models.ListBacktestsArgs, args, self._services.backtests.list)

    @hub_method(name="CancelBacktest")
    async def cancel_backtest(self, args: Payload | None = None) -> Answer:
        """End a backtest that runs."""
        return await self._answer("CancelBacktest", models.BacktestArgs, args, self._services.backtests.cancel)

    @hub_method(name="DeleteBacktest")
    async def delete_backtest(self, args: Payload | None = None) -> Answer:
        """Delete a backtest with its files, and return those that are left."""
        return await self._answer("DeleteBacktest", models.BacktestArgs, args, self._services.backtests.delete)

    @hub_method(name="GetBacktestResult")
    async def get_backtest_result(self, args: Payload | None = None) -> Answer:
        """Return the results and the equity of a backtest."""
        return await self._answer("GetBacktestResult", models.BacktestArgs, args, self._services.backtests.result)

    @hub_method(name="GetBacktestTrades")
    async def get_backtest_trades(self, args: Payload | None = None) -> Answer:
        """Return fills and settlements of a backtest."""
        return await self._answer(
            "GetBacktestTrades", models.GetBacktestTradesArgs, args, self._services.backtests.trades
        )

    @hub_method(name="GetBacktestDecisions")
    async def get_backtest_decisions(self, args: Payload | None = None) -> Answer:
        """Return the decision log of a backtest: why it entered, left and adjusted."""
        return await self._answer(
            "GetBacktestDecisions", models.GetBacktestDecisionsArgs, args, self._services.backtests.decisions
        )

    @hub_method(name="CompareBacktests")
    async def compare_backtests(self, args: Payload | None = None) -> Answer:
        """Compare the results, the definitions and the terms of two backtests."""
        return await self._answer(
            "CompareBacktests", models.CompareBacktestsArgs, args, self._services.backtests.compare
        )
