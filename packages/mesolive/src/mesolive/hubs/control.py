"""The Control Hub, `/hubs/control/v1`: agents, accounts, strategies, positions, preparation, orders, executions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
from mesolive.trading.preparation.risk_graphs import RiskGraphs
from mesolive.trading.preparation.service import Preparations
from mesolive.trading.strategies import Strategies
from mesolive.trading.valuation.chain_windows import ChainWindows
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method

Answer = models.MesoLiveApiResponse[Any]


@dataclass(frozen=True, slots=True)
class ControlServices:
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
    session: SessionInfo
    acknowledgements: ErrorAcknowledgements
    chains: ChainWindows
    history: History
    backtests: Backtests


class ControlHub(EnvelopeHub):
    """The methods of the Control Hub; one object per connection."""

    def __init__(self, services: ControlServices) -> None:
        self._services = services

    @hub_method(name="ListAgents")
    async def list_agents(self, args: Payload | None = None) -> Answer:
        """List the agents: the connections to market data and brokers."""
        return await self._answer("ListAgents", models.ListAgentsArgs, args, self._services.agents.list)

    @hub_method(name="ListAccounts")
    async def list_accounts(self, args: Payload | None = None) -> Answer:
        """List the caller's accounts."""
        return await self._answer("ListAccounts", models.ListAccountsArgs, args, self._services.accounts.list)

    @hub_method(name="GetAccount")
    async def get_account(self, args: Payload | None = None) -> Answer:
        """Return one account."""
        return await self._answer("GetAccount", models.GetAccountArgs, args, self._services.accounts.get)

    @hub_method(name="CreateStrategy")
    async def create_strategy(self, args: Payload | None = None) -> Answer:
        """Import a strategy."""
        return await self._answer("CreateStrategy", models.CreateStrategyArgs, args, self._services.strategies.create)

    @hub_method(name="UpdateStrategy")
    async def update_strategy(self, args: Payload | None = None) -> Answer:
        """Change a strategy's definition or the accounts it is active on."""
        return await self._answer("UpdateStrategy", models.UpdateStrategyArgs, args, self._services.strategies.update)

    @hub_method(name="RenameStrategy")
    async def rename_strategy(self, args: Payload | None = None) -> Answer:
        """Rename a strategy."""
        return await self._answer("RenameStrategy", models.RenameStrategyArgs, args, self._services.strategies.rename)

    @hub_method(name="DeleteStrategy")
    async def delete_strategy(self, args: Payload | None = None) -> Answer:
        """Delete a strategy."""
        return await self._answer("DeleteStrategy", models.DeleteStrategyArgs, args, self._services.strategies.delete)

    @hub_method(name="ListStrategies")
    async def list_strategies(self, args: Payload | None = None) -> Answer:
        """List the caller's strategies."""
        return await self._answer("ListStrategies", models.ListStrategiesArgs, args, self._services.strategies.list)

    @hub_method(name="GetStrategy")
    async def get_strategy(self, args: Payload | None = None) -> Answer:
        """Return one strategy with its definition."""
        return await self._answer("GetStrategy", models.GetStrategyArgs, args, self._services.strategies.get)

    @hub_method(name="ListPositions")
    async def list_positions(self, args: Payload | None = None) -> Answer:
        """List positions."""
        return await self._answer("ListPositions", models.ListPositionsArgs, args, self._services.positions.list)

    @hub_method(name="GetPosition")
    async def get_position(self, args: Payload | None = None) -> Answer:
        """Return one position with its live values."""
        return await self._answer("GetPosition", models.GetPositionArgs, args, self._services.details.get)

    @hub_method(name="ListLegs")
    async def list_legs(self, args: Payload | None = None) -> Answer:
        """List legs."""
        return await self._answer("ListLegs", models.ListLegsArgs, args, self._services.positions.list_legs)

    @hub_method(name="GetLeg")
    async def get_leg(self, args: Payload | None = None) -> Answer:
        """Return one leg."""
        return await self._answer("GetLeg", models.GetLegArgs, args, self._services.positions.get_leg)

    @hub_method(name="GetLegs")
    async def get_legs(self, args: Payload | None = None) -> Answer:
        """Return several legs."""
        return await self._answer("GetLegs", models.GetLegsArgs, args, self._services.positions.get_legs)

    @hub_method(name="StartPreparePositionEntry")
    async def start_prepare_position_entry(self, args: Payload | None = None) -> Answer:
        """Begin to prepare an entry."""
        return await self._answer(
            "StartPreparePositionEntry", models.PreparePositionEntryArgs, args, self._services.preparations.start_entry
        )

    @hub_method(name="GetPreparePositionEntryStatus")
    async def get_prepare_position_entry_status(self, args: Payload | None = None) -> Answer:
        """Return the status of the preparation of an entry."""
        return await self._answer(
            "GetPreparePositionEntryStatus",
            models.GetPreparePositionEntryStatusArgs,
            args,
            self._services.preparations.entry_status,
        )

    @hub_method(name="CancelPreparePositionEntry")
    async def cancel_prepare_position_entry(self, args: Payload | None = None) -> Answer:
        """Cancel the preparation of an entry."""
        return await self._answer(
            "CancelPreparePositionEntry",
            models.CancelPreparePositionEntryArgs,
            args,
            self._services.preparations.cancel_entry,
        )

    @hub_method(name="StartPreparePositionExit")
    async def start_prepare_position_exit(self, args: Payload | None = None) -> Answer:
        """Begin to prepare an exit."""
        return await self._answer(
            "StartPreparePositionExit", models.PreparePositionExitArgs, args, self._services.preparations.start_exit
        )

    @hub_method(name="GetPreparePositionExitStatus")
    async def get_prepare_position_exit_status(self, args: Payload | None = None) -> Answer:
        """Return the status of the preparation of an exit."""
        return await self._answer(
            "GetPreparePositionExitStatus",
            models.GetPreparePositionExitStatusArgs,
            args,
            self._services.preparations.exit_status,
        )

    @hub_method(name="CancelPreparePositionExit")
    async def cancel_prepare_position_exit(self, args: Payload | None = None) -> Answer:
        """Cancel the preparation of an exit."""
        return await self._answer(
            "CancelPreparePositionExit",
            models.CancelPreparePositionExitArgs,
            args,
            self._services.preparations.cancel_exit,
        )

    @hub_method(name="StartPreparePositionAdjustment")
    async def start_prepare_position_adjustment(self, args: Payload | None = None) -> Answer:
        """Begin to prepare an adjustment."""
        return await self._answer(
            "StartPreparePositionAdjustment",
            models.PreparePositionAdjustmentArgs,
            args,
            self._services.preparations.start_adjustment,
        )

    @hub_method(name="GetPreparePositionAdjustmentStatus")
    async def get_prepare_position_adjustment_status(self, args: Payload | None = None) -> Answer:
        """Return the status of the preparation of an adjustment."""
        return await self._answer(
            "GetPreparePositionAdjustmentStatus",
            models.GetPreparePositionAdjustmentStatusArgs,
            args,
            self._services.preparations.adjustment_status,
        )

    @hub_method(name="CancelPreparePositionAdjustment")
    async def cancel_prepare_position_adjustment(self, args: Payload | None = None) -> Answer:
        """Cancel the preparation of an adjustment."""
        return await self._answer(
            "CancelPreparePositionAdjustment",
            models.CancelPreparePositionAdjustmentArgs,
            args,
            self._services.preparations.cancel_adjustment,
        )

    @hub_method(name="ApplyPaperFills")
    async def apply_paper_fills(self, args: Payload | None = None) -> Answer:
        """Book the fills of a plan on a paper account."""
        return await self._answer("ApplyPaperFills", models.ApplyPaperFillsArgs, args, self._services.paper.apply)

    @hub_method(name="SendOrder")
    async def send_order(self, args: Payload | None = None) -> Answer:
        """Send a leg group to the venue."""
        return await self._answer("SendOrder", models.SendOrderArgs, args, self._services.sending.send)

    @hub_method(name="CancelOrder")
    async def cancel_order(self, args: Payload | None = None) -> Answer:
        """Cancel an order."""
        return await self._answer("CancelOrder", models.CancelOrderArgs, args, self._services.sending.cancel)

    @hub_method(name="SetPositionClosed")
    async def set_position_closed(self, args: Payload | None = None) -> Answer:
        """Mark a position as closed that was closed outside of the server."""
        service = self._services.actions.set_closed
        return await self._answer("SetPositionClosed", models.SetPositionClosedArgs, args, service)

    @hub_method(name="AdjustLegPnL")
    async def adjust_leg_pnl(self, args: Payload | None = None) -> Answer:
        """Set the realised PnL of a leg."""
        return await self._answer("AdjustLegPnL", models.AdjustLegPnLArgs, args, self._services.actions.adjust_pnl)

    @hub_method(name="LiquidatePosition")
    async def liquidate_position(self, args: Payload | None = None) -> Answer:
        """Send market orders that close all of a position."""
        service = self._services.liquidation.liquidate
        return await self._answer("LiquidatePosition", models.LiquidatePositionArgs, args, service)

    @hub_method(name="AdoptPosition")
    async def adopt_position(self, args: Payload | None = None) -> Answer:
        """Take contracts that an account holds into a position of a strategy."""
        return await self._answer("AdoptPosition", models.AdoptPositionArgs, args, self._services.adoption.adopt)

    @hub_method(name="GetReconciliation")
    async def get_reconciliation(self, args: Payload | None = None) -> Answer:
        """Compare what a broker holds with the books."""
        service = self._services.reconciliations.get
        return await self._answer("GetReconciliation", models.GetReconciliationArgs, args, service)

    @hub_method(name="GetRiskGraph")
    async def get_risk_graph(self, args: Payload | None = None) -> Answer:
        """Project the PnL and the greeks of positions over prices and days."""
        return await self._answer("GetRiskGraph", models.GetRiskGraphArgs, args, self._services.risk_graphs.get)

    @hub_method(name="ListHalts")
    async def list_halts(self, args: Payload | None = None) -> Answer:
        """List the halts that concern the caller."""
        return await self._answer("ListHalts", models.ListHaltsArgs, args, self._services.halts.list)

    @hub_method(name="GetOrder")
    async def get_order(self, args: Payload | None = None) -> Answer:
        """Return one order."""
        return await self._answer("GetOrder", models.GetOrderArgs, args, self._services.orders.get)

    @hub_method(name="ListOrders")
    async def list_orders(self, args: Payload | None = None) -> Answer:
        """List orders."""
        return await self._answer("ListOrders", models.ListOrdersArgs, args, self._services.orders.list)

    @hub_method(name="ListExecutions")
    async def list_executions(self, args: Payload | None = None) -> Answer:
        """List executions."""
        return await self._answer(
            "ListExecutions", models.ListExecutionsArgs, args, self._services.orders.list_executions
        )

    @hub_method(name="GetExecution")
    async def get_execution(self, args: Payload | None = None) -> Answer:
        """Return one execution."""
        return await self._answer("GetExecution", models.GetExecutionArgs, args, self._services.orders.get_execution)

    @hub_method(name="GetExecutions")
    async def get_executions(self, args: Payload | None = None) -> Answer:
        """Return several executions."""
        return await self._answer("GetExecutions", models.GetExecutionsArgs, args, self._services.orders.get_executions)

    @hub_method(name="GetIdempotencyRecord")
    async def get_idempotency_record(self, args: Payload | None = None) -> Answer:
        """Return the request and the outcome of an idempotency key."""
        return await self._answer(
            "GetIdempotencyRecord", models.GetIdempotencyRecordArgs, args, self._services.idempotency.get
        )

    @hub_method(name="ListConnectorKinds")
    async def list_connector_kinds(self, args: Payload | None = None) -> Answer:
        """List the kinds of connectors."""
        return await self._answer(
            "ListConnectorKinds", models.ListConnectorKindsArgs, args, self._services.connections.list_kinds
        )

    @hub_method(name="ListConnectors")
    async def list_connectors(self, args: Payload | None = None) -> Answer:
        """List the caller's connections."""
        return await self._answer("ListConnectors", models.ListConnectorsArgs, args, self._services.connections.list)

    @hub_method(name="AddConnector")
    async def add_connector(self, args: Payload | None = None) -> Answer:
        """Store a connection, disabled."""
        return await self._answer("AddConnector", models.AddConnectorArgs, args, self._services.connections.add)

    @hub_method(name="UpdateConnector")
    async def update_connector(self, args: Payload | None = None) -> Answer:
        """Change settings of a connection."""
        return await self._answer(
            "UpdateConnector", models.UpdateConnectorArgs, args, self._services.connections.update
        )

    @hub_method(name="TestConnector")
    async def test_connector(self, args: Payload | None = None) -> Answer:
        """Connect, and tell what was found."""
        return await self._answer("TestConnector", models.ConnectorArgs, args, self._services.connections.test)

    @hub_method(name="EnableConnector")
    async def enable_connector(self, args: Payload | None = None) -> Answer:
        """Connect a connection, now and at every start."""
        return await self._answer("EnableConnector", models.ConnectorArgs, args, self._services.connections.enable)

    @hub_method(name="DisableConnector")
    async def disable_connector(self, args: Payload | None = None) -> Answer:
        """Disconnect a connection."""
        return await self._answer("DisableConnector", models.ConnectorArgs, args, self._services.connections.disable)

    @hub_method(name="RemoveConnector")
    async def remove_connector(self, args: Payload | None = None) -> Answer:
        """Forget a connection and its secrets."""
        return await self._answer("RemoveConnector", models.ConnectorArgs, args, self._services.connections.remove)

    @hub_method(name="GetConnectorLog")
    async def get_connector_log(self, args: Payload | None = None) -> Answer:
        """Return the newest changes of a connection."""
        return await self._answer("GetConnectorLog", models.GetConnectorLogArgs, args, self._services.connections.log)

    @hub_method(name="EnableBrokerAccount")
    async def enable_broker_account(self, args: Payload | None = None) -> Answer:
        """Make a discovered account one of the caller's."""
        return await self._answer(
            "EnableBrokerAccount", models.EnableBrokerAccountArgs, args, self._services.connections.enable_account
        )

    @hub_method(name="DisableBrokerAccount")
    async def disable_broker_account(self, args: Payload | None = None) -> Answer:
        """Use an enabled account no more; refused while it holds positions or has open orders."""
        return await self._answer(
            "DisableBrokerAccount", models.DisableBrokerAccountArgs, args, self._services.connections.disable_account
        )

    @hub_method(name="SetAccountMarketData")
    async def set_account_market_data(self, args: Payload | None = None) -> Answer:
        """Choose whose quotes value an account."""
        return await self._answer(
            "SetAccountMarketData", models.SetAccountMarketDataArgs, args, self._services.connections.set_market_data
        )

    @hub_method(name="HaltTrading")
    async def halt_trading(self, args: Payload | None = None) -> Answer:
        """Stop sending orders, or entries alone, and cancel what works of them; idempotent."""
        return await self._answer("HaltTrading", models.HaltTradingArgs, args, self._services.halts.halt)

    @hub_method(name="ResumeTrading")
    async def resume_trading(self, args: Payload | None = None) -> Answer:
        """Let orders be sent again; idempotent."""
        return await self._answer("ResumeTrading", models.ResumeTradingArgs, args, self._services.halts.resume)

    @hub_method(name="CreateAccount")
    async def create_account(self, args: Payload | None = None) -> Answer:
        """Create a paper account, or one at the simulated venue."""
        return await self._answer(
            "CreateAccount", models.CreateAccountArgs, args, self._services.account_settings.create
        )

    @hub_method(name="GetAccountLimits")
    async def get_account_limits(self, args: Payload | None = None) -> Answer:
        """Return what an account may send."""
        return await self._answer(
            "GetAccountLimits", models.GetAccountLimitsArgs, args, self._services.account_settings.limits
        )

    @hub_method(name="SetAccountLimits")
    async def set_account_limits(self, args: Payload | None = None) -> Answer:
        """Change what an account may send."""
        return await self._answer(
            "SetAccountLimits", models.SetAccountLimitsArgs, args, self._services.account_settings.set_limits
        )

    @hub_method(name="ListApiKeys")
    async def list_api_keys(self, args: Payload | None = None) -> Answer:
        """List the caller's API keys, without their tokens."""
        return await self._answer("ListApiKeys", models.ListApiKeysArgs, args, self._services.credentials.list_keys)

    @hub_method(name="CreateApiKey")
    async def create_api_key(self, args: Payload | None = None) -> Answer:
        """Make an API key; its token is shown this once."""
        return await self._answer("CreateApiKey", models.CreateApiKeyArgs, args, self._services.credentials.create_key)

    @hub_method(name="RevokeApiKey")
    async def revoke_api_key(self, args: Payload | None = None) -> Answer:
        """Let a key work no more, and end its connections."""
        return await self._answer("RevokeApiKey", models.RevokeApiKeyArgs, args, self._services.credentials.revoke_key)

    @hub_method(name="ListSessions")
    async def list_sessions(self, args: Payload | None = None) -> Answer:
        """List the browsers that are signed in."""
        return await self._answer(
            "ListSessions", models.ListSessionsArgs, args, self._services.credentials.list_sessions
        )

    @hub_method(name="EndSession")
    async def end_session(self, args: Payload | None = None) -> Answer:
        """Sign a browser out, and return those that are left."""
        return await self._answer("EndSession", models.EndSessionArgs, args, self._services.credentials.end_session)

    @hub_method(name="ListConnections")
    async def list_connections(self, args: Payload | None = None) -> Answer:
        """List the caller's open connections by key and session."""
        return await self._answer(
            "ListConnections", models.ListConnectionsArgs, args, self._services.hub_connections.list
        )

    @hub_method(name="GetOrderHistory")
    async def get_order_history(self, args: Payload | None = None) -> Answer:
        """Return what was asked of an order, what the venue reported, and what followed."""
        return await self._answer("GetOrderHistory", models.GetOrderHistoryArgs, args, self._services.orders.history)

    @hub_method(name="GetEvaluations")
    async def get_evaluations(self, args: Payload | None = None) -> Answer:
        """Return the last evaluations of strategies and positions, also those that were false."""
        return await self._answer("GetEvaluations", models.GetEvaluationsArgs, args, self._services.evaluations.get)

    @hub_method(name="GetOutlook")
    async def get_outlook(self, args: Payload | None = None) -> Answer:
        """Return what the server will do next: sessions, scheduled times, expirations."""
        return await self._answer("GetOutlook", models.GetOutlookArgs, args, self._services.outlook.get)

    @hub_method(name="CheckStrategyDefinition")
    async def check_strategy_definition(self, args: Payload | None = None) -> Answer:
        """Check a definition without storing it: every problem with its path."""
        return await self._answer(
            "CheckStrategyDefinition", models.CheckStrategyDefinitionArgs, args, self._services.definitions.check
        )

    @hub_method(name="GetStrategySchema")
    async def get_strategy_schema(self, args: Payload | None = None) -> Answer:
        """Return the JSON Schema of strategy definitions."""
        return await self._answer(
            "GetStrategySchema", models.GetStrategySchemaArgs, args, self._services.definitions.schema
        )

    @hub_method(name="ListNotificationRules")
    async def list_notification_rules(self, args: Payload | None = None) -> Answer:
        """List the caller's notification rules, and the services that they may use."""
        return await self._answer(
            "ListNotificationRules", models.ListNotificationRulesArgs, args, self._services.notifications.list
        )

    @hub_method(name="AddNotificationRule")
    async def add_notification_rule(self, args: Payload | None = None) -> Answer:
        """Make a rule that tells of events while no page is open."""
        return await self._answer(
            "AddNotificationRule", models.AddNotificationRuleArgs, args, self._services.notifications.add
        )

    @hub_method(name="UpdateNotificationRule")
    async def update_notification_rule(self, args: Payload | None = None) -> Answer:
        """Change a notification rule, or switch it on or off."""
        return await self._answer(
            "UpdateNotificationRule", models.UpdateNotificationRuleArgs, args, self._services.notifications.update
        )

    @hub_method(name="RemoveNotificationRule")
    async def remove_notification_rule(self, args: Payload | None = None) -> Answer:
        """Forget a notification rule and its address, and return those that are left."""
        return await self._answer(
            "RemoveNotificationRule", models.NotificationRuleArgs, args, self._services.notifications.remove
        )

    @hub_method(name="TestNotificationRule")
    async def test_notification_rule(self, args: Payload | None = None) -> Answer:
        """Send a message to where a notification rule sends."""
        return await self._answer(
            "TestNotificationRule", models.NotificationRuleArgs, args, self._services.notifications.test
        )

    @hub_method(name="CheckOrder")
    async def check_order(self, args: Payload | None = None) -> Answer:
        """Return what `SendOrder` would answer, with margin and worst case, and send nothing."""
        return await self._answer("CheckOrder", models.CheckOrderArgs, args, self._services.order_checks.check)

    @hub_method(name="GetExecPlan")
    async def get_exec_plan(self, args: Payload | None = None) -> Answer:
        """Return an exec plan with what its preparation found and its orders have done."""
        return await self._answer("GetExecPlan", models.GetExecPlanArgs, args, self._services.exec_plans.get)

    @hub_method(name="ListExecPlans")
    async def list_exec_plans(self, args: Payload | None = None) -> Answer:
        """List exec plans, the newest first."""
        return await self._answer("ListExecPlans", models.ListExecPlansArgs, args, self._services.exec_plans.list)

    @hub_method(name="GetSession")
    async def get_session(self, args: Payload | None = None) -> Answer:
        """Return who the caller is, and what the server and its market are."""
        return await self._answer("GetSession", models.GetSessionArgs, args, self._services.session.get)

    @hub_method(name="AcknowledgeError")
    async def acknowledge_error(self, args: Payload | None = None) -> Answer:
        """Note that a person has seen an error; it stays active."""
        return await self._answer(
            "AcknowledgeError", models.AcknowledgeErrorArgs, args, self._services.acknowledgements.acknowledge
        )

    @hub_method(name="ListErrorAcknowledgements")
    async def list_error_acknowledgements(self, args: Payload | None = None) -> Answer:
        """List which active errors were acknowledged."""
        return await self._answer(
            "ListErrorAcknowledgements",
            models.ListErrorAcknowledgementsArgs,
            args,
            self._services.acknowledgements.list,
        )

    @hub_method(name="ListVariables")
    async def list_variables(self, args: Payload | None = None) -> Answer:
        """List the names that statements of a definition may read."""
        return await self._answer("ListVariables", models.ListVariablesArgs, args, self._services.definitions.variables)

    @hub_method(name="ListUnderlyings")
    async def list_underlyings(self, args: Payload | None = None) -> Answer:
        """List the underlyings that there are quotes of."""
        return await self._answer(
            "ListUnderlyings", models.ListUnderlyingsArgs, args, self._services.chains.underlyings
        )

    @hub_method(name="GetExpirations")
    async def get_expirations(self, args: Payload | None = None) -> Answer:
        """Return the expirations of an underlying."""
        return await self._answer("GetExpirations", models.GetExpirationsArgs, args, self._services.chains.expirations)

    @hub_method(name="GetChain")
    async def get_chain(self, args: Payload | None = None) -> Answer:
        """Return the strikes of an expiration around the money, with quotes and greeks."""
        return await self._answer("GetChain", models.GetChainArgs, args, self._services.chains.window)

    @hub_method(name="GetEquityHistory")
    async def get_equity_history(self, args: Payload | None = None) -> Answer:
        """Return the value, the cash and the margin of an account over time."""
        return await self._answer("GetEquityHistory", models.GetEquityHistoryArgs, args, self._services.history.equity)

    @hub_method(name="GetPositionHistory")
    async def get_position_history(self, args: Payload | None = None) -> Answer:
        """Return the PnL and the greeks of a position over time."""
        return await self._answer(
            "GetPositionHistory", models.GetPositionHistoryArgs, args, self._services.history.position
        )

    @hub_method(name="ListBacktestMarkets")
    async def list_backtest_markets(self, args: Payload | None = None) -> Answer:
        """List the recordings that backtests may replay."""
        return await self._answer(
            "ListBacktestMarkets", models.ListBacktestMarketsArgs, args, self._services.backtests.markets
        )

    @hub_method(name="StartBacktest")
    async def start_backtest(self, args: Payload | None = None) -> Answer:
        """Replay a strategy over days of market in a process of its own."""
        return await self._answer("StartBacktest", models.StartBacktestArgs, args, self._services.backtests.start)

    @hub_method(name="GetBacktest")
    async def get_backtest(self, args: Payload | None = None) -> Answer:
        """Return how far a backtest has come."""
        return await self._answer("GetBacktest", models.BacktestArgs, args, self._services.backtests.get)

    @hub_method(name="ListBacktests")
    async def list_backtests(self, args: Payload | None = None) -> Answer:
        """List the caller's backtests, the newest first."""
        return await self._answer("ListBacktests", models.ListBacktestsArgs, args, self._services.backtests.list)

    @hub_method(name="CancelBacktest")
    async def cancel_backtest(self, args: Payload | None = None) -> Answer:
        """End a backtest that runs."""
        return await self._answer("CancelBacktest", models.BacktestArgs, args, self._services.backtests.cancel)

    @hub_method(name="DeleteBacktest")
    async def delete_backtest(self, args: Payload | None = None) -> Answer:
        """Delete a backtest with its files, and return those that are left."""
        return await self._answer("DeleteBacktest", models.BacktestArgs, args, self._services.backtests.delete)

    @hub_method(name="GetBacktestResult")
    async def get_backtest_result(self, args: Payload | None = None) -> Answer:
        """Return the results and the equity of a backtest."""
        return await self._answer("GetBacktestResult", models.BacktestArgs, args, self._services.backtests.result)

    @hub_method(name="GetBacktestTrades")
    async def get_backtest_trades(self, args: Payload | None = None) -> Answer:
        """Return fills and settlements of a backtest."""
        return await self._answer(
            "GetBacktestTrades", models.GetBacktestTradesArgs, args, self._services.backtests.trades
        )

    @hub_method(name="GetBacktestDecisions")
    async def get_backtest_decisions(self, args: Payload | None = None) -> Answer:
        """Return the decision log of a backtest: why it entered, left and adjusted."""
        return await self._answer(
            "GetBacktestDecisions", models.GetBacktestDecisionsArgs, args, self._services.backtests.decisions
        )

    @hub_method(name="CompareBacktests")
    async def compare_backtests(self, args: Payload | None = None) -> Answer:
        """Compare the results, the definitions and the terms of two backtests."""
        return await self._answer(
            "CompareBacktests", models.CompareBacktestsArgs, args, self._services.backtests.compare
        )
