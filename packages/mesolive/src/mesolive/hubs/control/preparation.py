"""Control Hub methods of preparation: entries, exits and adjustments, and the exec plans made of them."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class PreparationMethods(ControlMethods):
    """Methods of preparation."""

    @hub_method(name="StartPreparePositionEntry")
    async def start_prepare_position_entry(self, args: Payload | None = None) -> Answer:
        """Begin to prepare an entry."""
        return await self._answer(
            "StartPreparePositionEntry", models.PreparePositionEntryArgs, args, self._services.preparations.start_entry
        )

    @hub_method(name="GetPreparePositionEntryStatus")
    async def get_prepare_position_entry_status(self, args: Payload | None = None) -> Answer:
        """Return the status of the preparation of an entry."""
        return await self._answer(
            "GetPreparePositionEntryStatus",
            models.GetPreparePositionEntryStatusArgs,
            args,
            self._services.preparations.entry_status,
        )

    @hub_method(name="CancelPreparePositionEntry")
    async def cancel_prepare_position_entry(self, args: Payload | None = None) -> Answer:
        """Cancel the preparation of an entry."""
        return await self._answer(
            "CancelPreparePositionEntry",
            models.CancelPreparePositionEntryArgs,
            args,
            self._services.preparations.cancel_entry,
        )

    @hub_method(name="StartPreparePositionExit")
    async def start_prepare_position_exit(self, args: Payload | None = None) -> Answer:
        """Begin to prepare an exit."""
        return await self._answer(
            "StartPreparePositionExit", models.PreparePositionExitArgs, args, self._services.preparations.start_exit
        )

    @hub_method(name="GetPreparePositionExitStatus")
    async def get_prepare_position_exit_status(self, args: Payload | None = None) -> Answer:
        """Return the status of the preparation of an exit."""
        return await self._answer(
            "GetPreparePositionExitStatus",
            models.GetPreparePositionExitStatusArgs,
            args,
            self._services.preparations.exit_status,
        )

    @hub_method(name="CancelPreparePositionExit")
    async def cancel_prepare_position_exit(self, args: Payload | None = None) -> Answer:
        """Cancel the preparation of an exit."""
        return await self._answer(
            "CancelPreparePositionExit",
            models.CancelPreparePositionExitArgs,
            args,
            self._services.preparations.cancel_exit,
        )

    @hub_method(name="StartPreparePositionAdjustment")
    async def start_prepare_position_adjustment(self, args: Payload | None = None) -> Answer:
        """Begin to prepare an adjustment."""
        return await self._answer(
            "StartPreparePositionAdjustment",
            models.PreparePositionAdjustmentArgs,
            args,
            self._services.preparations.start_adjustment,
        )

    @hub_method(name="GetPreparePositionAdjustmentStatus")
    async def get_prepare_position_adjustment_status(self, args: Payload | None = None) -> Answer:
        """Return the status of the preparation of an adjustment."""
        return await self._answer(
            "GetPreparePositionAdjustmentStatus",
            models.GetPreparePositionAdjustmentStatusArgs,
            args,
            self._services.preparations.adjustment_status,
        )

    @hub_method(name="CancelPreparePositionAdjustment")
    async def cancel_prepare_position_adjustment(self, args: Payload | None = None) -> Answer:
        """Cancel the preparation of an adjustment."""
        return await self._answer(
            "CancelPreparePositionAdjustment",
            models.CancelPreparePositionAdjustmentArgs,
            args,
            self._services.preparations.cancel_adjustment,
        )

    @hub_method(name="GetExecPlan")
    async def get_exec_plan(self, args: Payload | None = None) -> Answer:
        """Return an exec plan with what its preparation found and its orders have done."""
        return await self._answer("GetExecPlan", models.GetExecPlanArgs, args, self._services.exec_plans.get)

    @hub_method(name="RegroupExecPlan")
    async def regroup_exec_plan(self, args: Payload | None = None) -> Answer:
        """Choose which legs of a plan are ordered together, as one combo, and which apart."""
        return await self._answer(
            "RegroupExecPlan", models.RegroupExecPlanArgs, args, self._services.regrouping.regroup
        )

    @hub_method(name="ListExecPlans")
    async def list_exec_plans(self, args: Payload | None = None) -> Answer:
        """List exec plans, the newest first."""
        return await self._answer("ListExecPlans", models.ListExecPlansArgs, args, self._services.exec_plans.list)
