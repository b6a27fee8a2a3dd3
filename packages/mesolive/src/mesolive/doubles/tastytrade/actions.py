"""Actions on a running double of tastytrade: events that happen once, by name, for its control port and for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from mesolive.doubles.actions import Action, Arguments, Result, number_of, optional_number, run_action
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.order_request import LegBody, OrderBody, Refusal
from mesolive.doubles.tastytrade.records import Order


def act(double: TastytradeDouble, name: str, arguments: Mapping[str, str]) -> Result:
    """Make something happen at a double; see `run_action`."""
    result = run_action(ACTIONS, double, name, arguments)
    double.desk.commit()
    return result


def _order(double: TastytradeDouble, given: Arguments) -> Order:
    order = double.desk.orders.get(int(given["order"]))
    if order is None:
        raise ValueError(f"there is no order {given['order']}")
    return order


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _fill(double: TastytradeDouble, given: Arguments) -> None:
    double.life.force_fill(_order(double, given), _whole(given["combos"]))


def _reject(double: TastytradeDouble, given: Arguments) -> None:
    double.life.reject(_order(double, given), given["reason"])


def _end(double: TastytradeDouble, given: Arguments) -> None:
    double.life.end(_order(double, given), given["status"])


def _cancel(double: TastytradeDouble, given: Arguments) -> None:
    try:
        double.orders.cancel(_order(double, given))
    except Refusal as refusal:
        raise ValueError(str(refusal)) from None


def _body(given: Arguments, price: Decimal | None, **fields: str) -> OrderBody:
    """Return an order of a user: at a limit, or at the market."""
    effect = None if price is None else "Credit" if price < 0 else "Debit"
    kind = "Market" if price is None else "Limit"
    legs = [LegBody(given["type"], given["symbol"], fields["action"], Decimal(fields["quantity"]))] if fields else None
    return OrderBody(order_type=kind, legs=legs, price=None if price is None else abs(price), price_effect=effect)


def _by_hand(double: TastytradeDouble, given: Arguments) -> int:
    body = _body(given, optional_number(given["price"]), action=given["action"], quantity=given["quantity"])
    try:
        double.orders.submit(given["account"], body)
    except Refusal as refusal:
        raise ValueError(str(refusal)) from None
    return max(double.desk.orders)


def _replace_by_hand(double: TastytradeDouble, given: Arguments) -> int:
    try:
        view = double.orders.replace(_order(double, given), _body(given, number_of(given["price"])))
    except Refusal as refusal:
        raise ValueError(str(refusal)) from None
    return int(str(view["id"]))


def _assign(double: TastytradeDouble, given: Arguments) -> None:
    account = double.desk.account(given["account"])
    double.expirations.assign(account, double.desk.instrument(given["symbol"]), int(given["quantity"]))


def _money(double: TastytradeDouble, given: Arguments) -> int:
    cash = number_of(given["cash"])
    double.desk.account(given["account"]).cash += cash
    return double.transactions.money(given["account"], given["kind"], given["kind"], cash).id


def _reverse(double: TastytradeDouble, given: Arguments) -> int:
    for row in double.desk.transactions:
        if row.id == int(given["transaction"]):
            return double.transactions.reverse(row).id
    raise ValueError(f"there is no transaction {given['transaction']}")


def _revoke(double: TastytradeDouble, given: Arguments) -> None:
    match given["kind"]:
        case "access":
            double.tokens.revoke_access()
        case "quotes":
            double.tokens.revoke_quotes()
        case "grant":
            double.tokens.revoked = True
            double.tokens.revoke_access()
        case other:
            raise ValueError(f"tokens are of the kinds access, quotes and grant, not {other!r}")


def _restrict(double: TastytradeDouble, given: Arguments) -> None:
    account, flags = double.desk.account(given["account"]).number, RESTRICTIONS
    if given["flag"] not in flags:
        raise ValueError(f"flags are {', '.join(sorted(flags))}, not {given['flag']!r}")
    before = double.desk.restrictions.get(account, frozenset())
    changed = {given["flag"]}
    double.desk.restrictions[account] = before | changed if given["on"] == "yes" else before - changed


def _notify(double: TastytradeDouble, given: Arguments) -> None:
    double.desk.publish(given["account"], given["type"], {"account-number": given["account"]})


def _cut(double: TastytradeDouble, given: Arguments) -> None:
    if given["socket"] in {"account", "all"}:
        double.stream.cut_all()
    if given["socket"] in {"market", "all"}:
        double.market_data.cut_all()


def _action(
    name: str,
    summary: str,
    run: Callable[[TastytradeDouble, Arguments], Result],
    arguments: Mapping[str, str | None] | None = None,
) -> Action[TastytradeDouble]:
    return Action(name, summary, run, arguments or {})


RESTRICTIONS: Final = frozenset({"is-frozen", "is-closing-only"})

_BY_HAND: Final[Mapping[str, str | None]] = {
    "account": None,
    "symbol": None,
    "action": None,
    "quantity": "1",
    "price": "",
    "type": "Equity Option",
}

ACTIONS: Final[Mapping[str, Action[TastytradeDouble]]] = {
    action.name: action
    for action in (
        _action(
            "fill",
            "an order is filled at its limit, whatever the market is",
            _fill,
            {"order": None, "combos": ""},
        ),
        _action("reject", "an order is rejected", _reject, {"order": None, "reason": "Rejected by exchange"}),
        _action("end", "an order ends in a status, such as Removed", _end, {"order": None, "status": "Removed"}),
        _action("cancel_by_hand", "an order is cancelled in the broker's application", _cancel, {"order": None}),
        _action("order_by_hand", "an order of one leg is entered in the broker's application", _by_hand, _BY_HAND),
        _action(
            "replace_by_hand",
            "the price of an order is changed in the broker's application; less than zero is a credit",
            _replace_by_hand,
            {"order": None, "price": None},
        ),
        _action(
            "assign",
            "options are exercised early; the quantity is signed as the position",
            _assign,
            {"account": None, "symbol": None, "quantity": None},
        ),
        _action(
            "move_money",
            "cash comes or goes with a transaction",
            _money,
            {"account": None, "cash": None, "kind": "Deposit"},
        ),
        _action("reverse", "a transaction is undone by another one", _reverse, {"transaction": None}),
        _action(
            "revoke_tokens",
            "tokens die: access, quotes, or the grant with all access tokens",
            _revoke,
            {"kind": "access"},
        ),
        _action(
            "restrict",
            "a flag of the trading status is set, or not any more: is-frozen, is-closing-only",
            _restrict,
            {"account": None, "flag": "is-closing-only", "on": "yes"},
        ),
        _action(
            "notify",
            "a notification of any type comes on the account stream",
            _notify,
            {"account": None, "type": "OrderChain"},
        ),
        _action("cut", "sockets are reset: account, market, or all", _cut, {"socket": "all"}),
        _action(
            "close_stream",
            "the account stream is closed with 1000 Bye",
            lambda double, _: double.stream.close_all(),
        ),
        _action(
            "close_channels",
            "CHANNEL_CLOSED comes unasked for all channels",
            lambda double, _: double.market_data.close_channels(),
        ),
        _action(
            "send_error",
            "an ERROR comes on the market data socket; TIMEOUT and UNAUTHORIZED close it",
            lambda double, given: double.market_data.send_error(given["error"], given["text"]),
            {"error": "UNKNOWN", "text": "Something went wrong"},
        ),
        _action(
            "burst",
            "so many events are sent at once to every feed",
            lambda double, given: double.market_data.burst(int(given["events"])),
            {"events": "20000"},
        ),
        _action(
            "gap",
            "the market jumps by a fraction",
            lambda double, given: double.desk.markets.gap(float(given["fraction"])),
            {"fraction": None},
        ),
    )
}
"""Every action by name."""
