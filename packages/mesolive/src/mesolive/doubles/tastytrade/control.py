"""Control port of the double of tastytrade; the lines are those of `mesolive.doubles.control_port`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mesolive.clock import Clock
from mesolive.doubles.actions import Result
from mesolive.doubles.control_port import ControlPort
from mesolive.doubles.fault_switches import FaultSwitches
from mesolive.doubles.tastytrade.actions import ACTIONS, act
from mesolive.doubles.tastytrade.double import TastytradeDouble


class _Controlled:
    """A double of tastytrade as its control port sees it; implements `Controlled`."""

    def __init__(self, double: TastytradeDouble) -> None:
        self._double = double

    @property
    def faults(self) -> FaultSwitches:
        return self._double.faults

    @property
    def clock(self) -> Clock:
        return self._double.desk.clock

    def act(self, name: str, arguments: Mapping[str, str]) -> Result:
        return act(self._double, name, arguments)

    def actions(self) -> Mapping[str, str]:
        return {name: action.summary for name, action in ACTIONS.items()}

    def truth(self) -> object:
        return self._double.truth.entries

    def state(self) -> object:
        desk = self._double.desk
        return {
            "accounts": desk.accounts,
            "orders": desk.orders,
            "complex_orders": desk.complex_orders,
            "transactions": desk.transactions,
        }


def control_port(double: TastytradeDouble, stop: Callable[[], None]) -> ControlPort:
    """Return the control port of a double; `stop` is called when the double is to end."""
    return ControlPort(_Controlled(double), stop)
