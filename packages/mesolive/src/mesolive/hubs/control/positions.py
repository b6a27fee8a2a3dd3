"""Control Hub methods of positions and legs: queries, risk graph, history, corrections by hand."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class PositionMethods(ControlMethods):
    """Methods of positions and legs."""

    @hub_method(name="ListPositions")
    async def list_positions(self, args: Payload | None = None) -> Answer:
        """List positions."""
        return await self._answer("ListPositions", models.ListPositionsArgs, args, self._services.details.list)

    @hub_method(name="GetPosition")
    async def get_position(self, args: Payload | None = None) -> Answer:
        """Return one position with its live values."""
        return await self._answer("GetPosition", models.GetPositionArgs, args, self._services.details.get)

    @hub_method(name="ListLegs")
    async def list_legs(self, args: Payload | None = None) -> Answer:
        """List legs."""
        return await self._answer("ListLegs", models.ListLegsArgs, args, self._services.positions.list_legs)

    @hub_method(name="GetLeg")
    async def get_leg(self, args: Payload | None = None) -> Answer:
        """Return one leg."""
        return await self._answer("GetLeg", models.GetLegArgs, args, self._services.positions.get_leg)

    @hub_method(name="GetLegs")
    async def get_legs(self, args: Payload | None = None) -> Answer:
        """Return several legs."""
        return await self._answer("GetLegs", models.GetLegsArgs, args, self._services.positions.get_legs)

    @hub_method(name="GetRiskGraph")
    async def get_risk_graph(self, args: Payload | None = None) -> Answer:
        """Project the PnL and the greeks of positions over prices and days."""
        return await self._answer("GetRiskGraph", models.GetRiskGraphArgs, args, self._services.risk_graphs.get)

    @hub_method(name="GetPositionHistory")
    async def get_position_history(self, args: Payload | None = None) -> Answer:
        """Return the PnL and the greeks of a position over time."""
        return await self._answer(
            "GetPositionHistory", models.GetPositionHistoryArgs, args, self._services.history.position
        )

    @hub_method(name="AdoptPosition")
    async def adopt_position(self, args: Payload | None = None) -> Answer:
        """Take contracts that an account holds into a position of a strategy."""
        return await self._answer("AdoptPosition", models.AdoptPositionArgs, args, self._services.adoption.adopt)

    @hub_method(name="SetPositionClosed")
    async def set_position_closed(self, args: Payload | None = None) -> Answer:
        """Mark a position as closed that was closed outside of the server."""
        service = self._services.actions.set_closed
        return await self._answer("SetPositionClosed", models.SetPositionClosedArgs, args, service)

    @hub_method(name="AdjustLegPnL")
    async def adjust_leg_pnl(self, args: Payload | None = None) -> Answer:
        """Set the realised PnL of a leg."""
        return await self._answer("AdjustLegPnL", models.AdjustLegPnLArgs, args, self._services.actions.adjust_pnl)

    @hub_method(name="LiquidatePosition")
    async def liquidate_position(self, args: Payload | None = None) -> Answer:
        """Send market orders that close all of a position."""
        service = self._services.liquidation.liquidate
        return await self._answer("LiquidatePosition", models.LiquidatePositionArgs, args, service)
