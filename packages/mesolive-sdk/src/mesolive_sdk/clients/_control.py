"""Control Hub client: agents, accounts, strategies, positions, preparation, orders and executions."""

from __future__ import annotations

from typing import ClassVar

from mesolive_sdk import models
from mesolive_sdk.clients._base import HubClient


class MesoLiveControlHubClient(HubClient):
    """Agents, accounts, strategies, positions, legs, preparation, orders and executions.

    Each method takes one args model and returns the payload of the answer. Constructor arguments are those of
    `HubClient`.

    Raises
    ------
    MesoLiveApiException
        From each method, when the server answers with another status than `Success`.
    MesoLiveTimeoutError
        From each method, when no answer comes within the client's `timeout`.
    MesoLiveSignalRError
        From each method, when the connection fails.
    signalr_asyncio.protocol.codec.EncodeError
        From each method, when an argument has no form on the wire; nothing was sent.
    """

    path: ClassVar[str] = "/hubs/control/v1"

    async def get_idempotency_record(self, args: models.GetIdempotencyRecordArgs) -> models.IdempotencyRecord:
        """Return the outcome of the operation behind an idempotency key."""
        return await self._call("GetIdempotencyRecord", args, models.IdempotencyRecord)

    async def list_agents(self, args: models.ListAgentsArgs | None = None) -> models.ListAgentsResult:
        """List the agents: connections to brokers and data providers."""
        return await self._call("ListAgents", args or models.ListAgentsArgs(), models.ListAgentsResult)

    async def list_accounts(self, args: models.ListAccountsArgs | None = None) -> models.ListAccountsResult:
        """List accounts, page by page."""
        return await self._call("ListAccounts", args or models.ListAccountsArgs(), models.ListAccountsResult)

    async def get_account(self, args: models.GetAccountArgs) -> models.LiveAccount:
        """Return one account."""
        return await self._call("GetAccount", args, models.LiveAccount)

    async def create_strategy(self, args: models.CreateStrategyArgs) -> models.LiveStrategy:
        """Import a strategy definition."""
        return await self._call("CreateStrategy", args, models.LiveStrategy)

    async def update_strategy(self, args: models.UpdateStrategyArgs) -> models.LiveStrategy:
        """Change a strategy's definition or the accounts on which it is active."""
        return await self._call("UpdateStrategy", args, models.LiveStrategy)

    async def rename_strategy(self, args: models.RenameStrategyArgs) -> models.LiveStrategy:
        """Give a strategy another name."""
        return await self._call("RenameStrategy", args, models.LiveStrategy)

    async def delete_strategy(self, args: models.DeleteStrategyArgs) -> models.DeleteStrategyResult:
        """Delete a strategy; with open positions only by `Force`."""
        return await self._call("DeleteStrategy", args, models.DeleteStrategyResult)

    async def list_strategies(self, args: models.ListStrategiesArgs | None = None) -> models.ListStrategiesResult:
        """List strategies, page by page."""
        return await self._call("ListStrategies", args or models.ListStrategiesArgs(), models.ListStrategiesResult)

    async def get_strategy(self, args: models.GetStrategyArgs) -> models.LiveStrategyDetail:
        """Return one strategy with its definition."""
        return await self._call("GetStrategy", args, models.LiveStrategyDetail)

    async def get_strategy_versions(self, args: models.GetStrategyVersionsArgs) -> models.GetStrategyVersionsResult:
        """List the definitions that a strategy has had; an extension."""
        return await self._call("GetStrategyVersions", args, models.GetStrategyVersionsResult)

    async def get_strategy_version(self, args: models.GetStrategyVersionArgs) -> models.GetStrategyVersionResult:
        """Return one of the definitions that a strategy has had; an extension."""
        return await self._call("GetStrategyVersion", args, models.GetStrategyVersionResult)

    async def list_positions(self, args: models.ListPositionsArgs | None = None) -> models.ListPositionsResult:
        """List positions, page by page."""
        return await self._call("ListPositions", args or models.ListPositionsArgs(), models.ListPositionsResult)

    async def get_position(self, args: models.GetPositionArgs) -> models.LivePositionDetail:
        """Return one position with its legs and what they are worth now."""
        return await self._call("GetPosition", args, models.LivePositionDetail)

    async def list_legs(self, args: models.ListLegsArgs | None = None) -> models.ListLegsResult:
        """List legs, page by page."""
        return await self._call("ListLegs", args or models.ListLegsArgs(), models.ListLegsResult)

    async def get_leg(self, args: models.GetLegArgs) -> models.LiveLeg:
        """Return one leg."""
        return await self._call("GetLeg", args, models.LiveLeg)

    async def get_legs(self, args: models.GetLegsArgs) -> models.GetLegsResult:
        """Return several legs, and which of them do not exist."""
        return await self._call("GetLegs", args, models.GetLegsResult)

    async def start_prepare_position_entry(
        self, args: models.PreparePositionEntryArgs
    ) -> models.StartPreparationResult:
        """Start preparing an entry; idempotent."""
        return await self._call("StartPreparePositionEntry", args, models.StartPreparationResult)

    async def get_prepare_position_entry_status(
        self, args: models.GetPreparePositionEntryStatusArgs
    ) -> models.GetPreparePositionEntryStatusResult:
        """Return how far preparing an entry has come, and its result."""
        return await self._call("GetPreparePositionEntryStatus", args, models.GetPreparePositionEntryStatusResult)

    async def cancel_prepare_position_entry(
        self, args: models.CancelPreparePositionEntryArgs
    ) -> models.CancelPreparationResult:
        """Stop preparing an entry; idempotent."""
        return await self._call("CancelPreparePositionEntry", args, models.CancelPreparationResult)

    async def start_prepare_position_exit(self, args: models.PreparePositionExitArgs) -> models.StartPreparationResult:
        """Start preparing an exit; idempotent."""
        return await self._call("StartPreparePositionExit", args, models.StartPreparationResult)

    async def get_prepare_position_exit_status(
        self, args: models.GetPreparePositionExitStatusArgs
    ) -> models.GetPreparePositionExitStatusResult:
        """Return how far preparing an exit has come, and its result."""
        return await self._call("GetPreparePositionExitStatus", args, models.GetPreparePositionExitStatusResult)

    async def cancel_prepare_position_exit(
        self, args: models.CancelPreparePositionExitArgs
    ) -> models.CancelPreparationResult:
        """Stop preparing an exit; idempotent."""
        return await self._call("CancelPreparePositionExit", args, models.CancelPreparationResult)

    async def start_prepare_position_adjustment(
        self, args: models.PreparePositionAdjustmentArgs
    ) -> models.StartPreparationResult:
        """Start preparing an adjustment; idempotent."""
        return await self._call("StartPreparePositionAdjustment", args, models.StartPreparationResult)

    async def get_prepare_position_adjustment_status(
        self, args: models.GetPreparePositionAdjustmentStatusArgs
    ) -> models.GetPreparePositionAdjustmentStatusResult:
        """Return how far preparing an adjustment has come, and its result."""
        return await self._call(
            "GetPreparePositionAdjustmentStatus", args, models.GetPreparePositionAdjustmentStatusResult
        )

    async def cancel_prepare_position_adjustment(
        self, args: models.CancelPreparePositionAdjustmentArgs
    ) -> models.CancelPreparationResult:
        """Stop preparing an adjustment; idempotent."""
        return await self._call("CancelPreparePositionAdjustment", args, models.CancelPreparationResult)

    async def apply_paper_fills(self, args: models.ApplyPaperFillsArgs) -> models.ApplyPaperFillsResult:
        """Execute a plan on a paper account at the given prices; idempotent."""
        return await self._call("ApplyPaperFills", args, models.ApplyPaperFillsResult)

    async def send_order(self, args: models.SendOrderArgs) -> models.SendOrderResult:
        """Send an order for a leg group of a plan to the venue; idempotent."""
        return await self._call("SendOrder", args, models.SendOrderResult)

    async def cancel_order(self, args: models.CancelOrderArgs) -> models.CancelOrderResult:
        """Cancel an order; idempotent."""
        return await self._call("CancelOrder", args, models.CancelOrderResult)

    async def get_order(self, args: models.GetOrderArgs) -> models.Order:
        """Return one order."""
        return await self._call("GetOrder", args, models.Order)

    async def list_orders(self, args: models.ListOrdersArgs | None = None) -> models.ListOrdersResult:
        """List orders, page by page."""
        return await self._call("ListOrders", args or models.ListOrdersArgs(), models.ListOrdersResult)

    async def list_executions(self, args: models.ListExecutionsArgs | None = None) -> models.ListExecutionsResult:
        """List executions, page by page."""
        return await self._call("ListExecutions", args or models.ListExecutionsArgs(), models.ListExecutionsResult)

    async def get_execution(self, args: models.GetExecutionArgs) -> models.LiveExecution:
        """Return one execution."""
        return await self._call("GetExecution", args, models.LiveExecution)

    async def get_executions(self, args: models.GetExecutionsArgs) -> models.GetExecutionsResult:
        """Return several executions, and which of them do not exist."""
        return await self._call("GetExecutions", args, models.GetExecutionsResult)

    async def set_position_closed(self, args: models.SetPositionClosedArgs) -> models.LivePosition:
        """Close a position in the books that was closed elsewhere, without a trade; idempotent."""
        return await self._call("SetPositionClosed", args, models.LivePosition)

    async def adjust_leg_pnl(self, args: models.AdjustLegPnLArgs) -> models.LiveLeg:
        """Say what a leg has realised, in place of what was tracked; idempotent."""
        return await self._call("AdjustLegPnL", args, models.LiveLeg)

    async def liquidate_position(self, args: models.LiquidatePositionArgs) -> models.LiquidatePositionResult:
        """Send market orders that close all of a position; idempotent."""
        return await self._call("LiquidatePosition", args, models.LiquidatePositionResult)

    async def adopt_position(self, args: models.AdoptPositionArgs) -> models.LivePosition:
        """Take contracts that an account holds into a position of a strategy, without an order; idempotent."""
        return await self._call("AdoptPosition", args, models.LivePosition)

    async def get_reconciliation(self, args: models.GetReconciliationArgs) -> models.GetReconciliationResult:
        """Compare what the broker holds with the books, per contract; list the trades that are not the server's."""
        return await self._call("GetReconciliation", args, models.GetReconciliationResult)

    async def list_halts(self, args: models.ListHaltsArgs | None = None) -> models.ListHaltsResult:
        """List the halts in force for the caller's accounts."""
        return await self._call("ListHalts", args or models.ListHaltsArgs(), models.ListHaltsResult)

    async def get_risk_graph(self, args: models.GetRiskGraphArgs) -> models.GetRiskGraphResult:
        """Project the PnL and the greeks of positions over prices of the underlying and days."""
        return await self._call("GetRiskGraph", args, models.GetRiskGraphResult)

    async def list_connector_kinds(
        self, args: models.ListConnectorKindsArgs | None = None
    ) -> models.ListConnectorKindsResult:
        """List the kinds of connectors that the server has, with their settings."""
        return await self._call(
            "ListConnectorKinds", args or models.ListConnectorKindsArgs(), models.ListConnectorKindsResult
        )

    async def list_connectors(self, args: models.ListConnectorsArgs | None = None) -> models.ListConnectorsResult:
        """List the caller's connections with their states and discovered accounts."""
        return await self._call("ListConnectors", args or models.ListConnectorsArgs(), models.ListConnectorsResult)

    async def add_connector(self, args: models.AddConnectorArgs) -> models.ConnectorInfo:
        """Store a connection, disabled; its secrets are encrypted and never shown again."""
        return await self._call("AddConnector", args, models.ConnectorInfo)

    async def update_connector(self, args: models.UpdateConnectorArgs) -> models.ConnectorInfo:
        """Change settings of a connection; one that is enabled connects anew."""
        return await self._call("UpdateConnector", args, models.ConnectorInfo)

    async def test_connector(self, args: models.ConnectorArgs) -> models.TestConnectorResult:
        """Connect, and tell accounts, data quality, permissions, clock difference and what is missing."""
        return await self._call("TestConnector", args, models.TestConnectorResult)

    async def enable_connector(self, args: models.ConnectorArgs) -> models.ConnectorInfo:
        """Connect, now and at every start of the server; an enabled one connects anew."""
        return await self._call("EnableConnector", args, models.ConnectorInfo)

    async def disable_connector(self, args: models.ConnectorArgs) -> models.ConnectorInfo:
        """Disconnect; orders that work stay at the broker."""
        return await self._call("DisableConnector", args, models.ConnectorInfo)

    async def remove_connector(self, args: models.ConnectorArgs) -> models.RemoveConnectorResult:
        """Forget a connection and its secrets; refused while its accounts hold positions or have open orders."""
        return await self._call("RemoveConnector", args, models.RemoveConnectorResult)

    async def get_connector_log(self, args: models.GetConnectorLogArgs) -> models.GetConnectorLogResult:
        """Return the newest changes of a connection."""
        return await self._call("GetConnectorLog", args, models.GetConnectorLogResult)

    async def enable_broker_account(self, args: models.EnableBrokerAccountArgs) -> models.LiveAccount:
        """Make a discovered account one of the caller's accounts."""
        return await self._call("EnableBrokerAccount", args, models.LiveAccount)

    async def disable_broker_account(self, args: models.DisableBrokerAccountArgs) -> models.LiveAccount:
        """Use an account no more; refused while it holds positions or has open orders (extension)."""
        return await self._call("DisableBrokerAccount", args, models.LiveAccount)

    async def set_account_market_data(self, args: models.SetAccountMarketDataArgs) -> models.LiveAccount:
        """Choose whose quotes value an account, and whether delayed ones will do."""
        return await self._call("SetAccountMarketData", args, models.LiveAccount)

    async def halt_trading(self, args: models.HaltTradingArgs) -> models.ListHaltsResult:
        """Stop sending orders, or entries alone, and cancel what works of them; idempotent."""
        return await self._call("HaltTrading", args, models.ListHaltsResult)

    async def resume_trading(self, args: models.ResumeTradingArgs) -> models.ResumeTradingResult:
        """Let orders be sent again; idempotent."""
        return await self._call("ResumeTrading", args, models.ResumeTradingResult)

    async def halt_and_flatten(self, args: models.HaltAndFlattenArgs) -> models.HaltAndFlattenResult:
        """Halt entries, cancel what works and close every position at the market; idempotent, an extension."""
        return await self._call("HaltAndFlatten", args, models.HaltAndFlattenResult)

    async def create_account(self, args: models.CreateAccountArgs) -> models.LiveAccount:
        """Create a paper account, or one at the simulated venue."""
        return await self._call("CreateAccount", args, models.LiveAccount)

    async def get_account_limits(self, args: models.GetAccountLimitsArgs) -> models.AccountLimits:
        """Return what an account may send."""
        return await self._call("GetAccountLimits", args, models.AccountLimits)

    async def set_account_limits(self, args: models.SetAccountLimitsArgs) -> models.AccountLimits:
        """Change what an account may send."""
        return await self._call("SetAccountLimits", args, models.AccountLimits)

    async def list_api_keys(self, args: models.ListApiKeysArgs | None = None) -> models.ListApiKeysResult:
        """List the caller's API keys, without their tokens."""
        return await self._call("ListApiKeys", args or models.ListApiKeysArgs(), models.ListApiKeysResult)

    async def create_api_key(self, args: models.CreateApiKeyArgs) -> models.CreateApiKeyResult:
        """Make an API key; its token is shown this once."""
        return await self._call("CreateApiKey", args, models.CreateApiKeyResult)

    async def revoke_api_key(self, args: models.RevokeApiKeyArgs) -> models.ApiKeyInfo:
        """Let a key work no more, and end its connections."""
        return await self._call("RevokeApiKey", args, models.ApiKeyInfo)

    async def list_sessions(self, args: models.ListSessionsArgs | None = None) -> models.ListSessionsResult:
        """List the browsers that are signed in."""
        return await self._call("ListSessions", args or models.ListSessionsArgs(), models.ListSessionsResult)

    async def end_session(self, args: models.EndSessionArgs) -> models.ListSessionsResult:
        """Sign a browser out, and return those that are left."""
        return await self._call("EndSession", args, models.ListSessionsResult)

    async def list_connections(self, args: models.ListConnectionsArgs | None = None) -> models.ListConnectionsResult:
        """List the caller's open connections by key and session."""
        return await self._call("ListConnections", args or models.ListConnectionsArgs(), models.ListConnectionsResult)

    async def get_order_history(self, args: models.GetOrderHistoryArgs) -> models.GetOrderHistoryResult:
        """Return what was asked of an order, what the venue reported, and what followed."""
        return await self._call("GetOrderHistory", args, models.GetOrderHistoryResult)

    async def get_evaluations(self, args: models.GetEvaluationsArgs | None = None) -> models.GetEvaluationsResult:
        """Return the last evaluations of strategies and positions, also those that were false."""
        return await self._call("GetEvaluations", args or models.GetEvaluationsArgs(), models.GetEvaluationsResult)

    async def get_outlook(self, args: models.GetOutlookArgs | None = None) -> models.GetOutlookResult:
        """Return what the server will do next: sessions, scheduled times, expirations."""
        return await self._call("GetOutlook", args or models.GetOutlookArgs(), models.GetOutlookResult)

    async def check_strategy_definition(
        self, args: models.CheckStrategyDefinitionArgs
    ) -> models.CheckStrategyDefinitionResult:
        """Check a definition without storing it: every problem with its path."""
        return await self._call("CheckStrategyDefinition", args, models.CheckStrategyDefinitionResult)

    async def get_strategy_schema(
        self, args: models.GetStrategySchemaArgs | None = None
    ) -> models.GetStrategySchemaResult:
        """Return the JSON Schema of strategy definitions."""
        return await self._call(
            "GetStrategySchema", args or models.GetStrategySchemaArgs(), models.GetStrategySchemaResult
        )

    async def list_notification_rules(
        self, args: models.ListNotificationRulesArgs | None = None
    ) -> models.ListNotificationRulesResult:
        """List the caller's notification rules, and the services that they may use."""
        return await self._call(
            "ListNotificationRules", args or models.ListNotificationRulesArgs(), models.ListNotificationRulesResult
        )

    async def add_notification_rule(self, args: models.AddNotificationRuleArgs) -> models.NotificationRule:
        """Make a rule that tells of events while no page is open."""
        return await self._call("AddNotificationRule", args, models.NotificationRule)

    async def update_notification_rule(self, args: models.UpdateNotificationRuleArgs) -> models.NotificationRule:
        """Change a notification rule, or switch it on or off."""
        return await self._call("UpdateNotificationRule", args, models.NotificationRule)

    async def remove_notification_rule(self, args: models.NotificationRuleArgs) -> models.ListNotificationRulesResult:
        """Forget a notification rule and its address, and return those that are left."""
        return await self._call("RemoveNotificationRule", args, models.ListNotificationRulesResult)

    async def test_notification_rule(self, args: models.NotificationRuleArgs) -> models.TestNotificationRuleResult:
        """Send a message to where a notification rule sends."""
        return await self._call("TestNotificationRule", args, models.TestNotificationRuleResult)

    async def check_order(self, args: models.CheckOrderArgs) -> models.CheckOrderResult:
        """Return what `SendOrder` would answer, with margin and worst case, and send nothing."""
        return await self._call("CheckOrder", args, models.CheckOrderResult)

    async def get_exec_plan(self, args: models.GetExecPlanArgs) -> models.GetExecPlanResult:
        """Return an exec plan with what its preparation found and its orders have done."""
        return await self._call("GetExecPlan", args, models.GetExecPlanResult)

    async def regroup_exec_plan(self, args: models.RegroupExecPlanArgs) -> models.RegroupExecPlanResult:
        """Choose which legs of a plan are ordered together and which apart; a new plan takes the old one's place."""
        return await self._call("RegroupExecPlan", args, models.RegroupExecPlanResult)

    async def list_exec_plans(self, args: models.ListExecPlansArgs | None = None) -> models.ListExecPlansResult:
        """List exec plans, the newest first."""
        return await self._call("ListExecPlans", args or models.ListExecPlansArgs(), models.ListExecPlansResult)

    async def get_session(self, args: models.GetSessionArgs | None = None) -> models.GetSessionResult:
        """Return who the caller is, and what the server and its market are."""
        return await self._call("GetSession", args or models.GetSessionArgs(), models.GetSessionResult)

    async def acknowledge_error(self, args: models.AcknowledgeErrorArgs) -> models.ErrorAcknowledgement:
        """Note that a person has seen an error; it stays active."""
        return await self._call("AcknowledgeError", args, models.ErrorAcknowledgement)

    async def list_error_acknowledgements(
        self, args: models.ListErrorAcknowledgementsArgs | None = None
    ) -> models.ListErrorAcknowledgementsResult:
        """List which active errors were acknowledged."""
        return await self._call(
            "ListErrorAcknowledgements",
            args or models.ListErrorAcknowledgementsArgs(),
            models.ListErrorAcknowledgementsResult,
        )

    async def list_variables(self, args: models.ListVariablesArgs | None = None) -> models.ListVariablesResult:
        """List the names that statements of a definition may read."""
        return await self._call("ListVariables", args or models.ListVariablesArgs(), models.ListVariablesResult)

    async def list_underlyings(self, args: models.ListUnderlyingsArgs | None = None) -> models.ListUnderlyingsResult:
        """List the underlyings that there are quotes of."""
        return await self._call("ListUnderlyings", args or models.ListUnderlyingsArgs(), models.ListUnderlyingsResult)

    async def get_expirations(self, args: models.GetExpirationsArgs) -> models.GetExpirationsResult:
        """Return the expirations of an underlying."""
        return await self._call("GetExpirations", args, models.GetExpirationsResult)

    async def get_chain(self, args: models.GetChainArgs) -> models.GetChainResult:
        """Return the strikes of an expiration around the money, with quotes and greeks."""
        return await self._call("GetChain", args, models.GetChainResult)

    async def get_equity_history(self, args: models.GetEquityHistoryArgs) -> models.GetEquityHistoryResult:
        """Return the value, the cash and the margin of an account over time."""
        return await self._call("GetEquityHistory", args, models.GetEquityHistoryResult)

    async def get_position_history(self, args: models.GetPositionHistoryArgs) -> models.GetPositionHistoryResult:
        """Return the PnL and the greeks of a position over time."""
        return await self._call("GetPositionHistory", args, models.GetPositionHistoryResult)

    async def list_backtest_markets(
        self, args: models.ListBacktestMarketsArgs | None = None
    ) -> models.ListBacktestMarketsResult:
        """List the recordings that backtests may replay."""
        return await self._call(
            "ListBacktestMarkets", args or models.ListBacktestMarketsArgs(), models.ListBacktestMarketsResult
        )

    async def start_backtest(self, args: models.StartBacktestArgs) -> models.BacktestInfo:
        """Replay a strategy over days of market in a process of its own."""
        return await self._call("StartBacktest", args, models.BacktestInfo)

    async def get_backtest(self, args: models.BacktestArgs) -> models.BacktestInfo:
        """Return how far a backtest has come."""
        return await self._call("GetBacktest", args, models.BacktestInfo)

    async def list_backtests(self, args: models.ListBacktestsArgs | None = None) -> models.ListBacktestsResult:
        """List the caller's backtests, the newest first."""
        return await self._call("ListBacktests", args or models.ListBacktestsArgs(), models.ListBacktestsResult)

    async def cancel_backtest(self, args: models.BacktestArgs) -> models.BacktestInfo:
        """End a backtest that runs."""
        return await self._call("CancelBacktest", args, models.BacktestInfo)

    async def delete_backtest(self, args: models.BacktestArgs) -> models.ListBacktestsResult:
        """Delete a backtest with its files, and return those that are left."""
        return await self._call("DeleteBacktest", args, models.ListBacktestsResult)

    async def get_backtest_result(self, args: models.BacktestArgs) -> models.GetBacktestResultResult:
        """Return the results and the equity of a backtest."""
        return await self._call("GetBacktestResult", args, models.GetBacktestResultResult)

    async def get_backtest_trades(self, args: models.GetBacktestTradesArgs) -> models.GetBacktestTradesResult:
        """Return fills and settlements of a backtest."""
        return await self._call("GetBacktestTrades", args, models.GetBacktestTradesResult)

    async def get_backtest_decisions(self, args: models.GetBacktestDecisionsArgs) -> models.GetBacktestDecisionsResult:
        """Return the decision log of a backtest: why it entered, left and adjusted."""
        return await self._call("GetBacktestDecisions", args, models.GetBacktestDecisionsResult)

    async def compare_backtests(self, args: models.CompareBacktestsArgs) -> models.CompareBacktestsResult:
        """Compare the results, the definitions and the terms of two backtests."""
        return await self._call("CompareBacktests", args, models.CompareBacktestsResult)
