"""Reports of orders to clients: receivers and order of messages, and messages delayed by an outage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from mesolive.doubles.tws.executions import NO_ORDER_ID, Fill
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.messages import order_bound
from mesolive.doubles.tws.order_messages import WhatIf, commission_report, exec_details, open_order, order_status
from mesolive.doubles.tws.records import Execution, Order

MANUAL_CLIENT = 0
"""The client of orders that are entered by hand."""


class OrderReports:
    """Tells clients of orders and executions.

    Attributes
    ----------
    bound
        Order ids, negative, under which client 0 may touch orders that were entered by hand, by permId.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._delayed: list[Callable[[], None]] = []
        self.bound: dict[int, int] = {}
        self.binds = False

    def audience(self, client_id: int) -> Iterator[Client]:
        """Return the clients notified of an order at once: its own client, and the master client."""
        gateway = self._gateway
        wanted = {client_id, gateway.settings.master_client}
        return iter([client for client in gateway.all_clients() if client.client_id in wanted])

    def id_for(self, order: Order, client: Client) -> int:
        """Return the order id by which a client knows an order: one by hand has 0, or what it is bound to."""
        if order.client_id == MANUAL_CLIENT and order.order_id == 0:
            return self.bound.get(order.perm_id, 0) if client.client_id == MANUAL_CLIENT else 0
        return order.order_id

    def bind(self, client: Client, order: Order) -> None:
        """Give an order by hand an id under which client 0 may touch it."""
        if order.perm_id not in self.bound:
            self.bound[order.perm_id] = -1 - len(self.bound)
            client.send(order_bound(order.perm_id, MANUAL_CLIENT, self.bound[order.perm_id]))

    def order(self, order: Order) -> None:
        """Send openOrder and orderStatus of an order to its audience."""
        self.when_linked(partial(self._order, order))

    def status(self, order: Order) -> None:
        """Send orderStatus of an order alone to its audience."""
        self.when_linked(partial(self._status, order))

    def error(self, order: Order, code: int, **details: object) -> None:
        """Send an error on an order to its own client."""
        self.when_linked(partial(self._error, order, code, details))

    def show(self, client: Client, order: Order) -> None:
        """Send openOrder and orderStatus of an order to one client."""
        client.send(open_order(order, self.contract(order), self.id_for(order, client), self._gateway.writing(client)))
        client.send(order_status(order, order.client_id, self.id_for(order, client)))

    def preview(self, client: Client, order: Order, what_if: WhatIf) -> None:
        """Send the margin preview of an order that is not placed."""
        writing = self._gateway.writing(client)
        client.send(open_order(order, self.contract(order), order.order_id, writing, what_if))

    def contract(self, order: Order) -> Instrument | None:
        """Return the contract of an order; `None` for a combo."""
        return None if order.is_combo else self._gateway.instrument(order.con_id)

    def fill(self, order: Order, fill: Fill) -> None:
        """Tell of a fill: executions, commissions, openOrder and orderStatus, as the faults have it."""
        gateway = self._gateway
        if not gateway.link and gateway.faults.strike("outage_fills_untold", client=order.client_id) is not None:
            return
        self.when_linked(partial(self._fill, order, fill))

    def execution(self, client: Client, req_id: int, execution: Execution) -> None:
        """Send one execution to one client."""
        gateway = self._gateway
        instrument = None if execution.of_bag else gateway.instrument(execution.con_id)
        order_id = execution.order_id
        if execution.client_id == MANUAL_CLIENT and order_id == 0:
            order_id = self.bound.get(execution.perm_id, NO_ORDER_ID)
        client.send(exec_details(req_id, execution, instrument, order_id, gateway.writing(client)))

    def commission(self, client: Client, exec_id: str) -> None:
        """Send the commission of an execution to one client, unless a fault keeps it."""
        gateway = self._gateway
        report = gateway.state.commissions.get(exec_id)
        if report is None or gateway.faults.strike("commission_never", client=client.client_id) is not None:
            return
        if gateway.faults.strike("commission_unset", client=client.client_id) is not None:
            client.send(commission_report(report, unset=True))
        client.send(commission_report(report))

    def release(self) -> None:
        """Send what has happened during an outage."""
        delayed, self._delayed = self._delayed, []
        for action in delayed:
            action()

    def forget(self) -> None:
        """Drop what waits: TWS has been restarted in the outage."""
        self._delayed.clear()

    def when_linked(self, action: Callable[[], None]) -> None:
        """Run an action that notifies clients: at once, or when an outage ends."""
        if self._gateway.link:
            action()
        else:
            self._delayed.append(action)

    def _order(self, order: Order) -> None:
        for client in self.audience(order.client_id):
            self.show(client, order)

    def _status(self, order: Order) -> None:
        for client in self.audience(order.client_id):
            client.send(order_status(order, order.client_id, self.id_for(order, client)))

    def _error(self, order: Order, code: int, details: dict[str, object]) -> None:
        client = self._gateway.clients.get(order.client_id)
        if client is not None:
            client.error(self.id_for(order, client), code, **details)

    def _fill(self, order: Order, fill: Fill) -> None:
        faults = self._gateway.faults
        strike = partial(faults.strike, client=order.client_id)
        early = strike("commission_first") is not None
        late = strike("legs_late") if order.is_combo else None
        without_bag = order.is_combo and strike("bag_missing") is not None
        silent = strike("status_missing") is not None
        for client in self.audience(order.client_id):
            shown = [execution for execution in fill.executions if not (execution.of_bag and without_bag)]
            now = [execution for execution in shown if late is None or execution.of_bag]
            if early:
                for report in fill.commissions:
                    self.commission(client, report.exec_id)
            self._executions(client, now, with_commissions=not early)
            if late is not None:
                rest = [execution for execution in shown if not execution.of_bag]
                later = partial(self._executions, client, rest, with_commissions=not early)
                self._gateway.timeline.after(float(late["seconds"]), later)
            if not silent:
                self.show(client, order)

    def _executions(self, client: Client, executions: list[Execution], *, with_commissions: bool) -> None:
        for execution in executions:
            self.execution(client, -1, execution)
        if with_commissions:
            for execution in executions:
                self.commission(client, execution.exec_id)
