"""REST operations of the double of tastytrade for the login, accounts, positions, margin and transactions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from mesolive.doubles.tastytrade.customer import CUSTOMER
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.ledger import Ledger
from mesolive.doubles.tastytrade.margins import balances_view, price_of, values_of
from mesolive.doubles.tastytrade.oauth import Tokens
from mesolive.doubles.tastytrade.order_request import OrderBody, Refusal
from mesolive.doubles.tastytrade.order_service import OrderService, eastern_start
from mesolive.doubles.tastytrade.records import Account
from mesolive.doubles.tastytrade.rest import Answer, Operation, Request, page
from mesolive.doubles.tastytrade.settings import Environment
from mesolive.doubles.tastytrade.transactions import Transactions, total_fees
from mesolive.doubles.tastytrade.values import JsonObject, amount, moment, signed

MAX_TRANSACTIONS: Final = 2000
PAGE_OF_TRANSACTIONS: Final = 250


class AccountOperations:
    """The operations on accounts.

    Parameters
    ----------
    url
        Returns the address of the market data socket.
    """

    def __init__(
        self, desk: Desk, ledger: Ledger, orders: OrderService, transactions: Transactions, tokens: Tokens, url: str
    ) -> None:
        self._desk = desk
        self._ledger = ledger
        self._orders = orders
        self._transactions = transactions
        self._tokens = tokens
        self._url = url

    def all(self) -> Sequence[Operation]:
        """Return them."""
        base = "/accounts/{account}"
        return (
            Operation("customer", "GET", "/customers/{customer}", self._customer, 1),
            Operation("accounts", "GET", "/customers/{customer}/accounts", self._accounts, 1),
            Operation("account", "GET", "/customers/{customer}/accounts/{account}", self._account, 1),
            Operation("quote_token", "GET", "/api-quote-tokens", self._quote_token, 5),
            Operation("balances", "GET", f"{base}/balances", self._balances, 1),
            Operation("balances_of", "GET", f"{base}/balances/{{currency}}", self._balances, 1),
            Operation("balance_snapshots", "GET", f"{base}/balance-snapshots", self._snapshots, 1),
            Operation("net_liq_history", "GET", f"{base}/net-liq/history", self._net_liq_history, 1),
            Operation("positions", "GET", f"{base}/positions", self._positions, 1),
            Operation("trading_status", "GET", f"{base}/trading-status", self._trading_status, 1),
            Operation("position_limit", "GET", f"{base}/position-limit", self._position_limit, 1),
            Operation("transactions", "GET", f"{base}/transactions", self._list, 5),
            Operation("transaction", "GET", f"{base}/transactions/{{id:int}}", self._transaction, 5),
            Operation("total_fees", "GET", f"{base}/transactions/total-fees", self._fees, 5),
            Operation("requirements", "GET", "/margin/accounts/{account}/requirements", self._requirements, 1),
            Operation("margin_dry_run", "POST", "/margin/accounts/{account}/dry-run", self._margin_dry_run, 5),
            Operation(
                "effective_requirement",
                "GET",
                f"{base}/margin-requirements/{{symbol}}/effective",
                self._effective,
                5,
            ),
            Operation("margin_settings", "GET", "/margin-requirements-public-configuration", self._margin_settings, 5),
        )

    def _customer(self, request: Request) -> Answer:
        del request
        return Answer(CUSTOMER)

    def _accounts(self, request: Request) -> Answer:
        del request
        return Answer(
            [
                {"account": self._account_view(account, listed=True), "authority-level": "owner"}
                for account in self._desk.accounts.values()
            ]
        )

    def _account(self, request: Request) -> Answer:
        return Answer(self._account_view(self._desk.account(request.account), listed=False))

    def _account_view(self, account: Account, *, listed: bool) -> JsonObject:
        opened = moment(account.opened_at)
        view: JsonObject = {
            "account-number": account.number,
            "external-id": f"A{account.number}",
            "opened-at": opened,
            "nickname": "Individual",
            "account-type-name": "Individual",
            "day-trader-status": False,
            "is-closed": False,
            "is-firm-error": False,
            "is-firm-proprietary": False,
            "is-futures-approved": True,
            "is-test-drive": False,
            "margin-or-cash": "Margin",
            "is-foreign": False,
            "funding-date": opened[:10],
            "investment-objective": "SPECULATION",
            "suitable-options-level": "No Restrictions",
            "created-at": opened,
        }
        if not listed or self._desk.settings.environment is Environment.SANDBOX:
            for name in ("external-id", "funding-date"):
                del view[name]
        return view

    def _quote_token(self, request: Request) -> Answer:
        del request
        level = "demo" if self._desk.settings.environment is Environment.SANDBOX else "api"
        return Answer({"token": self._tokens.quote_token(), "dxlink-url": self._url, "level": level})

    def _balances(self, request: Request) -> Answer:
        view = balances_view(self._desk, self._desk.account(request.account))
        if self._desk.faults.strike("balances_as_list", account=request.account) is not None:
            return Answer([view])
        return Answer(view)

    def _snapshots(self, request: Request) -> Answer:
        return Answer([balances_view(self._desk, self._desk.account(request.account))])

    def _net_liq_history(self, request: Request) -> Answer:
        now = amount(values_of(self._desk, self._desk.account(request.account)).net_liquidation)
        ends = ("open", "high", "low", "close")
        row: JsonObject = dict.fromkeys(ends, now)
        row |= {f"pending-cash-{end}": "0.0" for end in ends} | {f"total-{end}": now for end in ends}
        row["time"] = f"{self._desk.now():%Y-%m-%d %H:%M:%S}+00"
        return Answer(bare={"data": {"items": [row]}})

    def _positions(self, request: Request) -> Answer:
        symbols, underlyings = request.many("symbol"), request.many("underlying-symbol")
        kind, marks = request.parameter("instrument-type"), request.parameter("include-marks") == "true"
        views: list[object] = []
        closed = request.parameter("include-closed-positions") == "true"
        for instrument, view in self._ledger.positions_shown(self._desk.account(request.account), closed=closed):
            if symbols and instrument.symbol not in symbols:
                continue
            if underlyings and instrument.underlying not in underlyings:
                continue
            if kind not in {None, instrument.kind}:
                continue
            if marks:
                mark = amount(price_of(self._desk, instrument))
                view = view | {"mark": mark, "mark-price": mark}  # noqa: PLW2901 - the same row with its mark
            views.append(view)
        return Answer(views)

    def _trading_status(self, request: Request) -> Answer:
        names = (
            "has-intraday-equities-margin is-aggregated-at-clearing is-closed is-closing-only"
            " is-cryptocurrency-closing-only is-cryptocurrency-enabled is-frozen is-full-equity-margin-required"
            " is-futures-closing-only is-futures-intra-day-enabled is-futures-enabled"
            " is-in-day-trade-equity-maintenance-call is-in-margin-call is-pattern-day-trader"
            " is-portfolio-margin-enabled is-risk-reducing-only is-small-notional-futures-intra-day-enabled"
            " is-roll-the-day-forward-enabled are-far-otm-net-options-restricted short-calls-enabled"
            " is-equity-offering-enabled is-equity-offering-closing-only"
        )
        flags = self._desk.restrictions.get(request.account, frozenset())
        enabled = flags | {"is-futures-enabled", "is-roll-the-day-forward-enabled", "short-calls-enabled"}
        opened = moment(self._desk.account(request.account).opened_at)
        return Answer(
            {
                "account-number": request.account,
                "day-trade-count": 0,
                "equities-margin-calculation-type": "Reg T",
                "fee-schedule-name": "default",
                "futures-margin-rate-multiplier": "1.0",
                "id": 447_096,
                **{name: name in enabled for name in names.split()},
                "options-level": "No Restrictions",
                "small-notional-futures-margin-rate-multiplier": "1.0",
                "enhanced-fraud-safeguards-enabled-at": opened,
                "updated-at": opened,
            }
        )

    def _position_limit(self, request: Request) -> Answer:
        sizes = {"equity": (50_000, 500_000), "equity-option": (10_000, 20_000)}
        sizes |= {"future": (2_500, 5_000), "future-option": (2_500, 5_000)}
        view: JsonObject = {"account-number": request.account, "underlying-opening-order-limit": 500}
        for name, (order, position) in sizes.items():
            view |= {f"{name}-order-size": order, f"{name}-position-size": position}
        return Answer(view)

    # transactions

    def _list(self, request: Request) -> Answer:
        first, last = request.day("start-date"), request.day("end-date")
        start, end = request.moment("start-at"), request.moment("end-at")
        if first is not None:
            start = eastern_start(first)
        if last is not None:
            end = eastern_start(last + timedelta(days=1))
        types = request.many("types") | request.many("type")
        wanted = {name: request.many(name) for name in ("symbol", "underlying-symbol", "instrument-type", "action")}
        wanted |= {"transaction-type": types, "transaction-sub-type": request.many("sub-type")}
        rows = [
            row
            for row in self._transactions.listed(request.account)
            if (start is None or row.at >= start)
            and (end is None or row.at < end)
            and all(not values or str(row.fields.get(name)) in values for name, values in wanted.items())
        ]
        if (request.parameter("sort") or "Desc").lower() == "asc":
            rows.reverse()
        views = [self._transactions.view(row) for row in rows]
        return page(request, views, size=PAGE_OF_TRANSACTIONS, maximum=MAX_TRANSACTIONS)

    def _transaction(self, request: Request) -> Answer:
        for row in self._transactions.listed(request.account):
            if row.id == request.number:
                return Answer(self._transactions.view(row))
        raise Refusal(404, "record_not_found", f"Couldn't find Transaction with 'id'={request.number}")

    def _fees(self, request: Request) -> Answer:
        day = request.day("date") or self._desk.today()
        return Answer(signed("total-fees", -total_fees(self._transactions.listed(request.account), day)))

    # margin

    def _requirements(self, request: Request) -> Answer:
        account = self._desk.account(request.account)
        values = values_of(self._desk, account)
        groups = [_group(product, required, account, self._desk) for product, required in values.requirements]
        view: JsonObject = {
            "account-number": account.number,
            "description": "Total",
            "margin-calculation-type": "Reg T",
            "option-level": "No Restrictions",
            **signed("margin-requirement", -values.required),
            **signed("initial-requirement", -values.required),
            **signed("maintenance-requirement", -values.required),
            **signed("margin-equity", values.net_liquidation),
            **signed("option-buying-power", values.buying_power),
            **signed("reg-t-margin-requirement", -values.required),
            **signed("reg-t-option-buying-power", values.buying_power),
            **signed("maintenance-excess", values.buying_power),
            "groups": groups,
            "last-state-timestamp": round(self._desk.now().timestamp() * 1000),
        }
        return Answer(bare={"data": view})  # without a context

    def _margin_dry_run(self, request: Request) -> Answer:
        return Answer(self._orders.check(request.account, request.read(OrderBody)).effect.as_json())

    def _effective(self, request: Request) -> Answer:
        return Answer(
            {
                "underlying-symbol": request.path["symbol"],
                "long-equity-initial": "0.5",
                "short-equity-initial": "0.5",
                "long-equity-maintenance": "0.25",
                "short-equity-maintenance": "0.3",
                "naked-option-standard": "0.2",
                "naked-option-minimum": "0.1",
                "naked-option-floor": "250.0",
            }
        )

    def _margin_settings(self, request: Request) -> Answer:
        del request
        return Answer({"risk-free-rate": "0.045"})


def _group(product: str, required: Decimal, account: Account, desk: Desk) -> JsonObject:
    """Return the margin of one underlying with its positions."""
    entries: list[JsonObject] = []
    for symbol, position in account.positions.items():
        instrument = desk.instrument(symbol)
        if instrument.product == product and position.quantity:
            entry: JsonObject = {
                "instrument-symbol": symbol,
                "instrument-type": instrument.kind,
                "quantity": amount(Decimal(position.quantity)),
                "average-open-price": "NaN",
                "close-price": amount(price_of(desk, instrument)),
                "fixing-price": "NaN",
            }
            if instrument.option is not None:
                entry |= {
                    "strike-price": amount(instrument.option.strike),
                    "option-type": instrument.option.right.value,
                    "deliverable-quantity": amount(abs(position.quantity) * instrument.factor),
                    "expiration-date": instrument.option.day.isoformat(),
                }
            entries.append(entry)
    margins = {
        **signed("margin-requirement", -required),
        **signed("initial-requirement", -required),
        **signed("maintenance-requirement", -required),
        **signed("buying-power", -required),
    }
    return {
        "description": product,
        "code": product,
        "underlying-symbol": product,
        "underlying-type": "Equity",
        "expected-price-range-up-percent": "0.1",
        "expected-price-range-down-percent": "0.1",
        "point-of-no-return-percent": "1.01",
        "margin-calculation-type": "Reg T",
        **margins,
        "groups": [{"description": "OPTIONS", **margins, "includes-working-order": False, "position-entries": entries}],
        "price-increase-percent": "1.0",
        "price-decrease-percent": "-1.0",
    }
