"""The Control Hub, `/hubs/control/v1`: one module per subject, one class of them all.

A new method goes into the module of its subject.
"""

from __future__ import annotations

from mesolive.hubs.control.access import AccessMethods
from mesolive.hubs.control.accounts import AccountMethods
from mesolive.hubs.control.backtests import BacktestMethods
from mesolive.hubs.control.connectors import ConnectorMethods
from mesolive.hubs.control.market import MarketMethods
from mesolive.hubs.control.notifications import NotificationMethods
from mesolive.hubs.control.orders import OrderMethods
from mesolive.hubs.control.positions import PositionMethods
from mesolive.hubs.control.preparation import PreparationMethods
from mesolive.hubs.control.services import ControlServices
from mesolive.hubs.control.strategies import StrategyMethods

__all__ = ["ControlHub", "ControlServices"]


class ControlHub(
    AccountMethods,
    StrategyMethods,
    PositionMethods,
    PreparationMethods,
    OrderMethods,
    MarketMethods,
    ConnectorMethods,
    AccessMethods,
    NotificationMethods,
    BacktestMethods,
):
    """The methods of the Control Hub; one object per connection."""
