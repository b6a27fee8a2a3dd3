"""Lists served to clients: open orders, completed orders and executions of today."""

from __future__ import annotations

from datetime import timedelta

from mesolive.doubles.tws.executions import NO_ORDER_ID
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.messages import end_of
from mesolive.doubles.tws.order_life import OrderLife
from mesolive.doubles.tws.order_messages import completed_order, local_text, utc_text
from mesolive.doubles.tws.order_reports import MANUAL_CLIENT, OrderReports
from mesolive.doubles.tws.order_service import READ_ONLY, OrderService
from mesolive.doubles.tws.records import Execution, Order
from mesolive.doubles.tws.requests import (
    ReqAllOpenOrders,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqExecutions,
    ReqOpenOrders,
)

ListRequest = ReqOpenOrders | ReqAllOpenOrders | ReqAutoOpenOrders | ReqCompletedOrders | ReqExecutions


class OrderLists:
    """Answers requests for lists of orders and executions."""

    def __init__(self, gateway: Gateway, orders: OrderService, life: OrderLife, reports: OrderReports) -> None:
        self._gateway = gateway
        self._orders = orders
        self._life = life
        self._reports = reports

    def serve(self, client: Client, request: ListRequest) -> None:
        """Answer a request for a list."""
        match request:
            case ReqExecutions():
                self._executions(client, request)
            case ReqAutoOpenOrders():
                self._auto(client, request)
            case _ if self._gateway.faults.strike("read_only", client=client.client_id) is not None:
                client.error(-1, 321, request="reqOpenOrders", cause=READ_ONLY)
            case ReqOpenOrders():
                self._own(client)
            case ReqAllOpenOrders():
                self._all(client)
            case ReqCompletedOrders():
                self._completed(client, api_only=request.api_only)

    def _own(self, client: Client) -> None:
        """Send the open orders of a client; client 0 also gets those by hand, bound to ids of its own."""
        for order in self._life.open_orders():
            if order.client_id != client.client_id:
                continue
            if order.client_id == MANUAL_CLIENT and order.order_id == 0:
                self._reports.bind(client, order)
            self._reports.show(client, order)
        client.send(end_of(53))

    def _all(self, client: Client) -> None:
        """Send the open orders of all clients; the next order id of the client is then above all of them."""
        for order in self._life.open_orders():
            self._reports.show(client, order)
        self._orders.raise_floor(client.client_id)
        client.send(end_of(53))

    def _auto(self, client: Client, request: ReqAutoOpenOrders) -> None:
        if client.client_id != MANUAL_CLIENT:
            cause = "reqAutoOpenOrders is only valid for clients with a client id of 0"
            client.error(-1, 321, request="reqAutoOpenOrders", cause=cause)
            return
        self._reports.binds = request.bind
        for order in self._life.open_orders():
            if request.bind and order.client_id == MANUAL_CLIENT and order.order_id == 0:
                self._reports.bind(client, order)
                self._reports.show(client, order)

    def _completed(self, client: Client, *, api_only: bool) -> None:
        """Send the orders that have ended today."""
        writing = self._gateway.writing(client)
        for order in self._gateway.state.orders:
            if self._ended_today(order) and not (api_only and order.order_id == 0):
                client.send(completed_order(order, self._reports.contract(order), writing))
        client.send(end_of(102))

    def _ended_today(self, order: Order) -> bool:
        gateway = self._gateway
        if order.ended_at is None or not order.perm_id:
            return False
        return order.ended_at.astimezone(gateway.zone.zone).date() == gateway.today()

    def _executions(self, client: Client, request: ReqExecutions) -> None:
        """Send the executions that pass a filter, each with its commission.

        A client sees its own, those of no order, and as the master those of all clients.
        """
        gateway = self._gateway
        first = gateway.today() - timedelta(days=gateway.settings.execution_days - 1)
        is_master = client.client_id == gateway.settings.master_client
        executions = list(gateway.state.executions)
        if gateway.faults.strike("executions_shuffled", client=client.client_id) is not None:
            gateway.faults.shuffle("executions_shuffled", executions)
        for execution in executions:
            if execution.at.astimezone(gateway.zone.zone).date() < first:
                continue
            by_hand = execution.client_id == MANUAL_CLIENT and execution.order_id in {0, NO_ORDER_ID}
            own = is_master or execution.client_id == client.client_id or by_hand
            if own and self._passes(execution, request):
                self._reports.execution(client, request.req_id, execution)
                self._reports.commission(client, execution.exec_id)
        client.send(end_of(55, request.req_id))

    def _passes(self, execution: Execution, request: ReqExecutions) -> bool:
        time = request.time
        recorded = utc_text(execution) if "-" in time else local_text(execution, self._gateway.zone)
        side = {"BUY": "BOT", "SELL": "SLD"}.get(request.side, request.side)
        return all(
            (
                request.client_id in {0, execution.client_id},
                request.account in {"", execution.account},
                not time or recorded >= time[: len(recorded)],
                request.symbol in {"", execution.symbol},
                request.sec_type in {"", execution.sec_type},
                request.exchange in {"", execution.exchange},
                side in {"", execution.side},
            )
        )
