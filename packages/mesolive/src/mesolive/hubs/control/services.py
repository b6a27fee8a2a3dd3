"""Services of the Control Hub, and the base of the classes that hold its methods."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from mesolive.access.credentials import Credentials
from mesolive.backtests.service import Backtests
from mesolive.connectors.service import Connections
from mesolive.history.service import History
from mesolive.hubs.connections import HubConnections
from mesolive.hubs.envelope import EnvelopeHub
from mesolive.journal.acknowledgements import ErrorAcknowledgements
from mesolive.notifications.service import Notifications
from mesolive.signals.latest import LatestEvaluations
from mesolive.signals.outlook import Outlook
from mesolive.signals.session_info import SessionInfo
from mesolive.trading.account_actions import AccountActions
from mesolive.trading.adoption import PositionAdoption
from mesolive.trading.agents import Agents
from mesolive.trading.evaluation.definition_checks import DefinitionChecks
from mesolive.trading.execution.account_settings import AccountSettings
from mesolive.trading.execution.flattening import Flattening
from mesolive.trading.execution.liquidation import Liquidation
from mesolive.trading.execution.order_checks import OrderChecks
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.reconciliations import Reconciliations
from mesolive.trading.execution.user_halts import Halts
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.orders.queries import Orders
from mesolive.trading.paper.service import PaperExecution
from mesolive.trading.portfolio.accounts import Accounts
from mesolive.trading.portfolio.positions import Positions
from mesolive.trading.preparation.exec_plans import ExecPlans
from mesolive.trading.preparation.position_details import PositionDetails
from mesolive.trading.preparation.regrouping import Regrouping
from mesolive.trading.preparation.risk_graphs import RiskGraphs
from mesolive.trading.preparation.service import Preparations
from mesolive.trading.strategies import Strategies
from mesolive.trading.valuation.chain_windows import ChainWindows
from mesolive_sdk import models

Answer = models.MesoLiveApiResponse[Any]
"""What a method of the hub returns: the envelope."""


class ControlServices(Struct, frozen=True):
    """The services that the Control Hub calls."""

    agents: Agents
    connections: Connections
    accounts: Accounts
    strategies: Strategies
    positions: Positions
    details: PositionDetails
    preparations: Preparations
    paper: PaperExecution
    orders: Orders
    sending: OrderService
    actions: AccountActions
    adoption: PositionAdoption
    reconciliations: Reconciliations
    liquidation: Liquidation
    flattening: Flattening
    halts: Halts
    account_settings: AccountSettings
    credentials: Credentials
    hub_connections: HubConnections
    risk_graphs: RiskGraphs
    evaluations: LatestEvaluations
    outlook: Outlook
    definitions: DefinitionChecks
    idempotency: Idempotency
    notifications: Notifications
    order_checks: OrderChecks
    exec_plans: ExecPlans
    regrouping: Regrouping
    session: SessionInfo
    acknowledgements: ErrorAcknowledgements
    chains: ChainWindows
    history: History
    backtests: Backtests


class ControlMethods(EnvelopeHub):
    """Base of the classes that hold the Control Hub's methods, one class per subject.

    Parameters
    ----------
    services
        The services that the methods call.
    """

    def __init__(self, services: ControlServices) -> None:
        self._services = services
