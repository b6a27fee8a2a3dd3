"""Control Hub methods of orders: send, check, cancel, paper fills, executions, idempotency records."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class OrderMethods(ControlMethods):
    """Methods of orders."""

    @hub_method(name="ApplyPaperFills")
    async def apply_paper_fills(self, args: Payload | None = None) -> Answer:
        """Book the fills of a plan on a paper account."""
        return await self._answer("ApplyPaperFills", models.ApplyPaperFillsArgs, args, self._services.paper.apply)

    @hub_method(name="SendOrder")
    async def send_order(self, args: Payload | None = None) -> Answer:
        """Send a leg group to the venue."""
        return await self._answer("SendOrder", models.SendOrderArgs, args, self._services.sending.send)

    @hub_method(name="CheckOrder")
    async def check_order(self, args: Payload | None = None) -> Answer:
        """Return what `SendOrder` would answer, with margin and worst case, and send nothing."""
        return await self._answer("CheckOrder", models.CheckOrderArgs, args, self._services.order_checks.check)

    @hub_method(name="CancelOrder")
    async def cancel_order(self, args: Payload | None = None) -> Answer:
        """Cancel an order."""
        return await self._answer("CancelOrder", models.CancelOrderArgs, args, self._services.sending.cancel)

    @hub_method(name="GetOrder")
    async def get_order(self, args: Payload | None = None) -> Answer:
        """Return one order."""
        return await self._answer("GetOrder", models.GetOrderArgs, args, self._services.orders.get)

    @hub_method(name="ListOrders")
    async def list_orders(self, args: Payload | None = None) -> Answer:
        """List orders."""
        return await self._answer("ListOrders", models.ListOrdersArgs, args, self._services.orders.list)

    @hub_method(name="GetOrderHistory")
    async def get_order_history(self, args: Payload | None = None) -> Answer:
        """Return what was asked of an order, what the venue reported, and what followed."""
        return await self._answer("GetOrderHistory", models.GetOrderHistoryArgs, args, self._services.orders.history)

    @hub_method(name="ListExecutions")
    async def list_executions(self, args: Payload | None = None) -> Answer:
        """List executions."""
        return await self._answer(
            "ListExecutions", models.ListExecutionsArgs, args, self._services.orders.list_executions
        )

    @hub_method(name="GetExecution")
    async def get_execution(self, args: Payload | None = None) -> Answer:
        """Return one execution."""
        return await self._answer("GetExecution", models.GetExecutionArgs, args, self._services.orders.get_execution)

    @hub_method(name="GetExecutions")
    async def get_executions(self, args: Payload | None = None) -> Answer:
        """Return several executions."""
        return await self._answer("GetExecutions", models.GetExecutionsArgs, args, self._services.orders.get_executions)

    @hub_method(name="GetIdempotencyRecord")
    async def get_idempotency_record(self, args: Payload | None = None) -> Answer:
        """Return the request and the outcome of an idempotency key."""
        return await self._answer(
            "GetIdempotencyRecord", models.GetIdempotencyRecordArgs, args, self._services.idempotency.get
        )
