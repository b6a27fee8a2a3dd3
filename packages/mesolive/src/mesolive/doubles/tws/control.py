"""Control port of the double of TWS; the lines are those of `mesolive.doubles.control_port`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mesolive.clock import Clock
from mesolive.doubles.actions import Result
from mesolive.doubles.control_port import ControlPort
from mesolive.doubles.fault_switches import FaultSwitches
from mesolive.doubles.tws.actions import ACTIONS, act
from mesolive.doubles.tws.double import TwsDouble


class _Controlled:
    """A double of TWS as its control port sees it; implements `Controlled`."""

    def __init__(self, double: TwsDouble) -> None:
        self._double = double

    @property
    def faults(self) -> FaultSwitches:
        return self._double.faults

    @property
    def clock(self) -> Clock:
        return self._double.gateway.clock

    def act(self, name: str, arguments: Mapping[str, str]) -> Result:
        return act(self._double, name, arguments)

    def actions(self) -> Mapping[str, str]:
        return {name: action.summary for name, action in ACTIONS.items()}

    def truth(self) -> object:
        return self._double.truth.entries

    def state(self) -> object:
        return self._double.state


def control_port(double: TwsDouble, stop: Callable[[], None]) -> ControlPort:
    """Return the control port of a double; `stop` is called when the double is to end."""
    return ControlPort(_Controlled(double), stop)
