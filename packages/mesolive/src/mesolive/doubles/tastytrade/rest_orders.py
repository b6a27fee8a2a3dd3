"""REST operations of the double of tastytrade for orders and complex orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from mesolive.doubles.tastytrade.complex_orders import ComplexOrders
from mesolive.doubles.tastytrade.order_request import ComplexBody, OrderBody, PriceBody, Reason, Refusal, invalid
from mesolive.doubles.tastytrade.order_service import OrderService, Query, eastern_start
from mesolive.doubles.tastytrade.rest import Answer, Operation, Request, page
from mesolive.doubles.tastytrade.settings import NEWEST_VERSION


class OrderOperations:
    """The operations on orders."""

    def __init__(self, orders: OrderService, complex_orders: ComplexOrders) -> None:
        self._orders = orders
        self._complex = complex_orders

    def all(self) -> Sequence[Operation]:
        """Return them; paths without parts come first."""
        base, complex_base = "/accounts/{account}/orders", "/accounts/{account}/complex-orders"
        order_path = f"{base}/{{id:int}}"
        return (
            Operation("submit", "POST", base, self._submit, 20, trades=True),
            Operation("dry_run", "POST", f"{base}/dry-run", self._dry_run, 20),
            Operation("search", "GET", base, self._search, 20),
            Operation("live", "GET", f"{base}/live", self._live, 20),
            Operation("customer_orders", "GET", "/customers/{customer}/orders", self._search_all, 20),
            Operation("customer_live", "GET", "/customers/{customer}/orders/live", self._live_all, 20),
            Operation("order", "GET", order_path, self._read, 20),
            Operation("replace", "PUT", order_path, self._replace, 20, trades=True),
            Operation("edit", "PATCH", order_path, self._edit, 20, trades=True),
            Operation("cancel", "DELETE", order_path, self._cancel, 20, trades=True),
            Operation("dry_run_replace", "POST", f"{order_path}/dry-run", self._dry_run_replace, 20),
            Operation("reconfirm", "POST", f"{order_path}/reconfirm", self._reconfirm, 20, trades=True),
            Operation("complex_submit", "POST", complex_base, self._complex_submit, 20, trades=True),
            Operation("complex_dry_run", "POST", f"{complex_base}/dry-run", self._complex_dry_run, 20),
            Operation("complex_orders", "GET", complex_base, self._complex_list, 20),
            Operation("complex_live", "GET", f"{complex_base}/live", self._complex_live, 20),
            Operation("complex_order", "GET", f"{complex_base}/{{id:int}}", self._complex_read, 20),
            Operation("complex_cancel", "DELETE", f"{complex_base}/{{id:int}}", self._complex_cancel, 20, trades=True),
        )

    def _submit(self, request: Request) -> Answer:
        return Answer(self._orders.submit(request.account, request.read(OrderBody)), 201)

    def _dry_run(self, request: Request) -> Answer:
        return Answer(self._orders.dry_run(request.account, request.read(OrderBody)), 201)

    def _search(self, request: Request) -> Answer:
        return page(request, self._orders.search(request.account, _query(request)))

    def _live(self, request: Request) -> Answer:
        return page(request, self._orders.live(request.account, _filters(request)), size=100)

    def _search_all(self, request: Request) -> Answer:
        query = _query(request)
        views = [view for number in _numbers(request) for view in self._orders.search(number, query)]
        return page(request, views)

    def _live_all(self, request: Request) -> Answer:
        query = _filters(request)
        views = [view for number in _numbers(request) for view in self._orders.live(number, query)]
        if request.version < NEWEST_VERSION:
            return Answer(views)
        return page(request, views, size=100, maximum=200)

    def _read(self, request: Request) -> Answer:
        return Answer(self._orders.read(request.account, request.number))

    def _replace(self, request: Request) -> Answer:
        old = self._orders.find(request.account, request.number)
        view = self._orders.replace(old, request.read(OrderBody))
        if request.desk.faults.strike("replace_answer_bare", account=old.account) is not None:
            return Answer(bare=view)
        return Answer(view)

    def _edit(self, request: Request) -> Answer:
        old = self._orders.find(request.account, request.number)
        return Answer(self._orders.edit(old, request.read(PriceBody)))

    def _cancel(self, request: Request) -> Answer:
        return Answer(self._orders.cancel(self._orders.find(request.account, request.number)))

    def _dry_run_replace(self, request: Request) -> Answer:
        old = self._orders.find(request.account, request.number)
        return Answer(self._orders.dry_run_replace(old, request.read(OrderBody)), 201)

    def _reconfirm(self, request: Request) -> Answer:
        self._orders.find(request.account, request.number)
        raise Refusal(422, "cannot_reconfirm_order", "The order could not be reconfirmed.")

    def _complex_submit(self, request: Request) -> Answer:
        return Answer(self._complex.submit(request.account, request.read(ComplexBody)), 201)

    def _complex_dry_run(self, request: Request) -> Answer:
        return Answer(self._complex.dry_run(request.account, request.read(ComplexBody)), 201)

    def _complex_list(self, request: Request) -> Answer:
        return page(request, self._complex.listed(request.account, live=False))

    def _complex_live(self, request: Request) -> Answer:
        return page(request, self._complex.listed(request.account, live=True))

    def _complex_read(self, request: Request) -> Answer:
        return Answer(self._complex.view(self._complex.find(request.account, request.number)))

    def _complex_cancel(self, request: Request) -> Answer:
        return Answer(self._complex.cancel(self._complex.find(request.account, request.number)))


def _query(request: Request) -> Query:
    """Return what a search asks for.

    Raises
    ------
    Refusal
        When it names no first day, from the version on that needs one.
    """
    first, last = request.day("start-date"), request.day("end-date")
    start, end = request.moment("start-at"), request.moment("end-at")
    if first is None and start is None and request.version >= NEWEST_VERSION:
        raise invalid("start-date", "is missing")
    start = start if first is None else eastern_start(first)
    end = end if last is None else eastern_start(last + timedelta(days=1))
    filters = _filters(request)
    return Query(
        start, end, filters.statuses, filters.underlying, (request.parameter("sort") or "Desc").lower() == "asc"
    )


def _filters(request: Request) -> Query:
    underlying = request.parameter("underlying-symbol") or request.parameter("futures-symbol")
    return Query(statuses=request.many("status"), underlying=underlying)


def _numbers(request: Request) -> Sequence[str]:
    numbers = sorted(request.many("account-numbers"))
    if not numbers:
        raise Refusal(
            400,
            "validation_error",
            "Request validation failed",
            [Reason(domain="account-numbers", reason="is missing")],
        )
    if set(numbers) - set(request.desk.accounts):
        raise Refusal(403, "not_permitted", "User not permitted access")
    return numbers
