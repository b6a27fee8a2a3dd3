"""Orders of clients: placing, modifying, cancelling, and previews of margin."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final

from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.order_checks import Checked, Refusal, check_margin, check_order, differs, margins
from mesolive.doubles.tws.order_life import OrderLife
from mesolive.doubles.tws.order_messages import MARGIN_NAMES, WhatIf, order_status
from mesolive.doubles.tws.order_reports import OrderReports
from mesolive.doubles.tws.place_order import PlaceOrder
from mesolive.doubles.tws.records import ZERO, Leg, Order, OrderStatus

READ_ONLY: Final = "The API interface is currently in Read-Only mode."


class OrderService:
    """Answers what clients ask of orders.

    Parameters
    ----------
    cut
        Resets the socket of a client.
    """

    def __init__(
        self,
        gateway: Gateway,
        life: OrderLife,
        reports: OrderReports,
        cut: Callable[[Client], None],
    ) -> None:
        self._gateway = gateway
        self._life = life
        self._reports = reports
        self._cut = cut
        self._dialog: list[tuple[Client, PlaceOrder]] = []
        self._in_outage: list[Callable[[], None]] = []

    # requests of clients

    def place(self, client: Client, request: PlaceOrder) -> None:
        """Take a new order, a modification of one, or a question for its margin."""
        gateway, client_id = self._gateway, client.client_id
        strike = partial(gateway.faults.strike, client=client_id)
        gateway.truth.note(
            "order_received",
            client_id=client_id,
            order_id=request.order_id,
            order_ref=request.order_ref,
            what_if=request.what_if,
        )
        if strike("read_only") is not None:
            client.error(request.order_id, 321, request="placeOrder", cause=READ_ONLY)
            return
        if request.what_if:
            self._preview(client, request)
            return
        known = self.find(client_id, request.order_id)
        if known is not None and not known.status.ended and known.ended_at is None:
            self._modify(client, known, request)
            return
        if strike("order_lost_in_socket") is not None:
            gateway.truth.note("order_swallowed", client_id=client_id, order_ref=request.order_ref)
            self._cut(client)
            return
        if strike("order_swallowed") is not None:
            gateway.truth.note("order_swallowed", client_id=client_id, order_ref=request.order_ref)
            return
        if known is not None and known.status is OrderStatus.FILLED and known.order_ref == request.order_ref:
            client.error(request.order_id, 104)
            return
        if request.order_id < self.next_order_id(client_id):
            client.error(request.order_id, 103)
            return
        if strike("order_held_by_dialog") is not None:
            self._dialog.append((client, request))
            return
        self._new(client, request)

    def cancel(self, client: Client, order_id: int) -> None:
        """Cancel an order of the same client."""
        gateway = self._gateway
        strike = partial(gateway.faults.strike, client=client.client_id)
        if strike("cancel_unanswered") is not None:
            return
        if strike("read_only") is not None:
            client.error(order_id, 321, request="cancelOrder", cause=READ_ONLY)
            return
        order = self.find(client.client_id, order_id)
        if order is None:
            client.error(order_id, 10147, order_id=order_id)
            return
        if order.status.ended or order.ended_at is not None:
            client.error(order_id, 10148, order_id=order_id, state=order.status.value)
            return
        refused = strike("cancel_refused")
        if refused is not None:
            client.error(order_id, int(refused["code"]), order_id=order_id, perm_id=order.perm_id)
            return
        if order.submitted_in_outage:
            # It has not reached IB's servers: TWS cancels it by itself.
            order.submitted_in_outage = False
            self._life.end(order, OrderStatus.API_CANCELLED, "Cancelled by Trader")
            client.send(order_status(order, order.client_id, order.order_id))
            return
        if not gateway.link:
            self._in_outage.append(partial(self._life.cancel, order))
            return
        if strike("cancel_lost_to_fill") is not None and self._life.fill_whole(order, client):
            return
        self._life.cancel(order)

    def cancel_all(self, client: Client) -> None:
        """Cancel every open order, whoever placed it."""
        if self._gateway.faults.strike("read_only", client=client.client_id) is not None:
            client.error(-1, 321, request="reqGlobalCancel", cause=READ_ONLY)
            return
        for order in self._life.open_orders():
            self._life.cancel(order)

    # what there is

    def find(self, client_id: int, order_id: int) -> Order | None:
        """Return the latest order of a client under an id."""
        for order in reversed(self._gateway.state.orders):
            if order.client_id == client_id and order.order_id == order_id and order_id:
                return order
            if client_id == 0 and order_id < 0 and self._reports.bound.get(order.perm_id) == order_id:
                return order
        return None

    def next_order_id(self, client_id: int) -> int:
        """Return the lowest order id that a client may use."""
        state = self._gateway.state
        return state.next_order_ids.get(client_id, self._gateway.settings.first_order_id)

    def raise_floor(self, client_id: int) -> None:
        """Let the next order id of a client be above all ids that it has seen."""
        highest = max((order.order_id for order in self._gateway.state.orders), default=0)
        self._gateway.state.next_order_ids[client_id] = max(self.next_order_id(client_id), highest + 1)

    # what happens to orders

    def release_dialogs(self) -> int:
        """Confirm the dialogs that hold orders; return how many there were."""
        waiting, self._dialog = self._dialog, []
        for client, request in waiting:
            self._new(client, request)
        return len(waiting)

    def restored(self) -> None:
        """Do what clients have asked for during an outage."""
        waiting, self._in_outage = self._in_outage, []
        for action in waiting:
            action()

    def forget_waiting(self) -> None:
        """Drop what waits in TWS' own memory: it has been restarted."""
        self._in_outage.clear()
        self._dialog.clear()
        for order in self._gateway.state.orders:
            if order.status.ended or order.ended_at is not None:
                continue
            if order.perm_id == 0:
                order.status, order.ended_at = OrderStatus.API_CANCELLED, self._gateway.now()
            elif order.status is OrderStatus.INACTIVE:
                order.status, order.live = OrderStatus.PRE_SUBMITTED, order.transmit

    def by_hand(
        self, account: str, con_id: int, quantity: Decimal, limit_price: Decimal | None, client_id: int = 0
    ) -> Order:
        """Enter an order by hand in TWS' window; the quantity is signed.

        Raises
        ------
        ValueError
            When there is no such account or contract.
        """
        gateway = self._gateway
        instrument = gateway.instrument(con_id)
        if instrument is None or account not in gateway.state.accounts:
            raise ValueError(f"there is no contract {con_id} or no account {account!r}")
        order = Order(
            client_id=client_id,
            order_id=0,
            perm_id=self._life.new_perm_id(),
            con_id=con_id,
            symbol=instrument.symbol,
            sec_type=instrument.sec_type,
            exchange=instrument.exchange,
            action="BUY" if quantity > 0 else "SELL",
            quantity=abs(quantity),
            order_type="MKT" if limit_price is None else "LMT",
            account=account,
            limit_price=limit_price,
            placed_at=gateway.now(),
        )
        gateway.state.orders.append(order)
        gateway.truth.note("order_by_hand", perm_id=order.perm_id, account=account)
        self._life.accept(order)
        return order

    def _new(self, client: Client, request: PlaceOrder) -> None:
        gateway, client_id = self._gateway, client.client_id
        checked = check_order(gateway, request)
        rejected = gateway.faults.strike("order_rejected", client=client_id)
        if rejected is not None:
            code = int(rejected["code"])
            checked = Refusal(code, {"reason": "YOUR ORDER IS NOT ACCEPTED.", "request": "placeOrder"}, code == 201)
        elif isinstance(checked, Checked):
            is_combo, route = request.contract.sec_type == "BAG", request.contract.exchange
            stop = is_combo and request.order_type.startswith("STP")
            if is_combo and gateway.faults.strike("route_refused", client=client_id, exchange=route) is not None:
                checked = Refusal(201, {"reason": f"Invalid destination exchange {route}"})
            elif stop and gateway.faults.strike("combo_stop_refused", client=client_id) is not None:
                checked = Refusal(387)
            else:
                checked = check_margin(gateway, request, checked) or checked
        gateway.state.next_order_ids[client_id] = request.order_id + 1
        if isinstance(checked, Refusal):
            self._refuse(client, request, checked)
            return
        order = self._record(client_id, request, checked)
        gateway.state.orders.append(order)
        if not gateway.link:
            order.submitted_in_outage = True
            gateway.truth.note("order_in_outage", client_id=client_id, order_ref=order.order_ref)
            self._in_outage.append(partial(self._accept_late, order))
            return
        if gateway.faults.strike("order_then_cut", client=client_id) is not None:
            self._cut(client)
            self._life.accept(order, acknowledged=False)
            return
        self._life.accept(order)

    def _record(self, client_id: int, request: PlaceOrder, checked: Checked) -> Order:
        contract = request.contract
        cut = self._gateway.faults.strike("reference_cut", client=client_id)
        first = checked.legs[0][0]
        is_combo = contract.sec_type == "BAG"
        return Order(
            client_id=client_id,
            order_id=request.order_id,
            perm_id=0,
            con_id=checked.con_id,
            symbol=contract.symbol if is_combo else first.symbol,
            sec_type="BAG" if is_combo else first.sec_type,
            exchange=contract.exchange or first.exchange,
            action=request.action,
            quantity=request.quantity,
            order_type=request.order_type,
            account=checked.account,
            limit_price=request.limit_price,
            aux_price=request.aux_price,
            tif=request.tif or "DAY",
            order_ref=request.order_ref if cut is None else request.order_ref[: int(cut["characters"])],
            parent_id=request.parent_id,
            outside_rth=request.outside_rth,
            good_till_date=request.good_till_date,
            oca_group=request.oca_group,
            all_or_none=request.all_or_none,
            transmit=request.transmit,
            legs=[
                Leg(
                    leg.con_id,
                    leg.ratio,
                    leg.action,
                    leg.exchange,
                    leg.open_close,
                    leg.short_sale_slot,
                    leg.designated_location,
                    leg.exempt_code,
                )
                for leg in request.legs
            ],
            leg_prices=list(request.leg_prices),
            routing=list(request.routing),
            echoed=dict(request.echoed),
            placed_at=self._gateway.now(),
        )

    def _refuse(self, client: Client, request: PlaceOrder, refusal: Refusal) -> None:
        gateway = self._gateway
        gateway.truth.note(
            "order_refused",
            client_id=client.client_id,
            order_id=request.order_id,
            order_ref=request.order_ref,
            code=refusal.code,
        )
        client.error(request.order_id, refusal.code, **refusal.details)
        if not refusal.by_server:
            return
        checked = check_order(gateway, request)
        if isinstance(checked, Checked):
            order = self._record(client.client_id, request, checked)
            order.perm_id = self._life.new_perm_id()
            order.status, order.ended_at = OrderStatus.INACTIVE, gateway.now()
            order.end_reason = "Rejected by System"
            gateway.state.orders.append(order)
            self._reports.show(client, order)

    def _modify(self, client: Client, order: Order, request: PlaceOrder) -> None:
        """Change price, quantity, time in force or transmission of an order; or answer why not: it lives on."""
        gateway = self._gateway
        order_id = request.order_id
        strike = partial(gateway.faults.strike, client=client.client_id)
        if order.perm_id == 0:
            client.error(order_id, 103)
            return
        rejected = strike("modification_rejected")
        if rejected is not None:
            client.error(order_id, int(rejected["code"]), request="placeOrder", cause="", reason="")
            return
        checked = check_order(gateway, request)
        if isinstance(checked, Refusal):
            client.error(order_id, checked.code, **checked.details)
            return
        different = differs(order, request, checked.con_id)
        if different is not None:
            client.error(order_id, different)
            return
        if request.quantity < order.filled or order.status is OrderStatus.PENDING_CANCEL:
            client.error(order_id, 201, reason="Cannot modify: the order is filled beyond that, or is being cancelled.")
            return
        if not gateway.link:
            if strike("modify_in_outage_duplicates") is not None:
                again = self._record(client.client_id, request, checked)
                again.quantity -= order.filled
                gateway.state.orders.append(again)
                again.submitted_in_outage = True
                self._in_outage.append(partial(self._accept_late, again))
                return
            self._in_outage.append(partial(self._change, order, request))
            return
        self._change(order, request)

    def _accept_late(self, order: Order) -> None:
        """Let an order of an outage reach IB's servers, unless it was cancelled before."""
        if order.submitted_in_outage:
            self._life.accept(order)

    def _change(self, order: Order, request: PlaceOrder) -> None:
        gateway = self._gateway
        if order.status.ended:
            self._reports.error(order, 104)
            return
        order.limit_price, order.aux_price = request.limit_price, request.aux_price
        order.quantity, order.tif = request.quantity, request.tif or order.tif
        order.good_till_date = request.good_till_date
        if gateway.faults.strike("reference_changes", client=order.client_id) is not None:
            order.order_ref = request.order_ref
        order.echoed = dict(request.echoed)
        if request.transmit and not order.transmit:
            order.transmit = order.live = True
        gateway.truth.note(
            "order_modified", perm_id=order.perm_id, limit_price=order.limit_price, quantity=order.quantity
        )
        if order.remaining == 0:
            self._life.end(order, OrderStatus.FILLED, "")
        self._reports.order(order)
        self._life.match(order)

    def _preview(self, client: Client, request: PlaceOrder) -> None:
        """Answer what margin an order would need; it costs an order id, and has no permId."""
        gateway = self._gateway
        gateway.state.next_order_ids[client.client_id] = max(self.next_order_id(client.client_id), request.order_id + 1)
        if gateway.faults.strike("what_if_unanswered", client=client.client_id) is not None:
            return
        checked = check_order(gateway, request)
        if isinstance(checked, Refusal):
            client.error(request.order_id, checked.code, **checked.details)
            return
        order = self._record(client.client_id, request, checked)
        order.status = OrderStatus.PRE_SUBMITTED
        before, after = margins(gateway, request, checked)
        pairs = (
            (before.initial, after.initial),
            (before.maintenance, after.maintenance),
            (before.equity_with_loan, after.equity_with_loan),
        )
        names = iter(MARGIN_NAMES)
        figures = {next(names): old for old, _ in pairs}
        figures |= {next(names): new - old for old, new in pairs}
        figures |= {next(names): new for _, new in pairs}
        contracts = sum((Decimal(abs(ratio)) for _, ratio in checked.legs), ZERO) * request.quantity
        cost = max(contracts * gateway.settings.commission, gateway.settings.min_commission * len(checked.legs))
        if gateway.faults.strike("what_if_empty_first", client=client.client_id) is not None:
            self._reports.preview(client, order, WhatIf({}))
        self._reports.preview(
            client, order, WhatIf(figures, min_commission=cost, max_commission=(cost * Decimal("1.4")))
        )
