"""Actions on a running double of TWS: events that happen once, by name, for its control port and for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mesolive.doubles.actions import Action, Arguments, Result, number_of, optional_number, run_action
from mesolive.doubles.tws.double import TwsDouble


def act(double: TwsDouble, name: str, arguments: Mapping[str, str]) -> Result:
    """Make something happen at a double; see `run_action`."""
    result = run_action(ACTIONS, double, name, arguments)
    double.gateway.commit()
    return result


def _restart(double: TwsDouble, given: Arguments) -> None:
    double.connectivity.restart(float(given["seconds"]), remember=given["remember"] != "no")


def _by_hand(double: TwsDouble, given: Arguments) -> int:
    order = double.orders.by_hand(
        given["account"], int(given["con_id"]), number_of(given["quantity"]), optional_number(given["price"])
    )
    return order.perm_id


def _execution(double: TwsDouble, given: Arguments) -> str:
    return double.execute_outside(
        given["account"], int(given["con_id"]), number_of(given["quantity"]), optional_number(given["price"])
    )


def _assign(double: TwsDouble, given: Arguments) -> None:
    con_id = int(given["con_id"])
    instrument = double.gateway.instrument(con_id)
    if instrument is None:
        raise ValueError(f"there is no contract {con_id}")
    double.expirations.assign(double.gateway.account(given["account"]), instrument, number_of(given["quantity"]))


def _action(
    name: str, summary: str, run: Callable[[TwsDouble, Arguments], Result], arguments: Mapping[str, str | None]
) -> Action[TwsDouble]:
    return Action(name, summary, run, arguments)


_TRADE: Final[Mapping[str, str | None]] = {"account": None, "con_id": None, "quantity": None, "price": ""}

ACTIONS: Final[Mapping[str, Action[TwsDouble]]] = {
    action.name: action
    for action in (
        _action(
            "lose_link",
            "the connection to IB's servers is lost: 1100, or 2110",
            lambda double, given: double.connectivity.lose_link(int(given["code"])),
            {"code": "1100"},
        ),
        _action(
            "restore_link",
            "it is restored: 1102, or 1101 when subscriptions are lost",
            lambda double, given: double.connectivity.restore_link(int(given["code"])),
            {"code": "1102"},
        ),
        _action(
            "break_farm",
            "a data farm is broken",
            lambda double, given: double.connectivity.break_farm(given["farm"]),
            {"farm": "usopt"},
        ),
        _action(
            "mend_farm",
            "a data farm is restored",
            lambda double, given: double.connectivity.mend_farm(given["farm"]),
            {"farm": "usopt"},
        ),
        _action(
            "flap_farm",
            "a data farm is broken for some seconds",
            lambda double, given: double.connectivity.flap_farm(given["farm"], float(given["seconds"])),
            {"farm": "usopt", "seconds": "3"},
        ),
        _action(
            "restart",
            "TWS restarts; with remember=no it forgets its order ids",
            _restart,
            {"seconds": "60", "remember": "yes"},
        ),
        _action("log_out", "the weekly login ends", lambda double, _: double.connectivity.log_out(), {}),
        _action("log_in", "a user logs in by hand", lambda double, _: double.connectivity.log_in(), {}),
        _action(
            "reset_port",
            "1300: the port is changed, sockets are closed",
            lambda double, given: double.connectivity.reset_port(int(given["port"])),
            {"port": "7499"},
        ),
        _action(
            "cut",
            "the socket of a client is reset",
            lambda double, given: double.cut(int(given["client"])),
            {"client": None},
        ),
        _action(
            "release_dialogs",
            "dialogs that hold orders are confirmed",
            lambda double, _: double.orders.release_dialogs(),
            {},
        ),
        _action("order_by_hand", "an order is entered in TWS' window", _by_hand, _TRADE),
        _action("execution_by_hand", "an execution of no order, as of a trade by telephone", _execution, _TRADE),
        _action(
            "liquidate",
            "IB closes a position for margin",
            lambda double, given: double.liquidate(given["account"], int(given["con_id"])),
            {"account": None, "con_id": None},
        ),
        _action(
            "correct",
            "the price of an execution is corrected",
            lambda double, given: double.correct(given["exec_id"], number_of(given["price"])),
            {"exec_id": None, "price": None},
        ),
        _action(
            "assign",
            "options are exercised early; the quantity is signed as the position",
            _assign,
            {"account": None, "con_id": None, "quantity": None},
        ),
        _action(
            "burst",
            "so many price ticks are sent at once, over all subscriptions",
            lambda double, given: double.data.burst(int(given["ticks"])),
            {"ticks": "20000"},
        ),
        _action(
            "gap",
            "the market jumps by a fraction",
            lambda double, given: double.gateway.markets.gap(float(given["fraction"])),
            {"fraction": None},
        ),
    )
}
"""Every action by name."""
